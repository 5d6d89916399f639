package course_test

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/course"
)

// TestPoints checks that code is worth 86 points and answers 14, and that ids are unique.
func TestPoints(t *testing.T) {
	t.Parallel()
	code, bonus, answers := 0, 0, 0
	ids := map[string]bool{}
	add := func(id, title string, points int) {
		require.Regexp(t, regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`), id)
		require.False(t, ids[id], "two entries of the id %s", id)
		ids[id] = true
		require.NotEmpty(t, title, id)
		require.Positive(t, points, id)
	}
	for _, e := range course.Exercises() {
		add(e.ID, e.Title, e.Points)
		require.Regexp(t, regexp.MustCompile(`^cs231n/[a-z]+/[a-z_]+\.go$`), e.File, e.ID)
		require.NotEmpty(t, e.Func, e.ID)
		require.NotEmpty(t, e.Hint, e.ID)
		if e.Bonus {
			bonus += e.Points
		} else {
			code += e.Points
		}
	}
	for _, q := range course.Questions() {
		add(q.ID, q.Title, q.Points)
		require.FileExists(t, "../../notebooks/source/"+q.Notebook+".md", q.ID)
		if !q.Bonus {
			answers += q.Points
		}
	}
	require.Equal(t, 86, code)
	require.Equal(t, 26, bonus)
	require.Equal(t, 14, answers)
}

func TestPlainHint(t *testing.T) {
	t.Parallel()
	require.Equal(t, "nn.ProductT(x, w) is x wᵀ, and −∞ has no tanh.", course.Exercise{Hint: "`nn.ProductT(x, w)` is $x w^\\top$, and $-\\infty$ has no $\\tanh$."}.PlainHint())
	for _, e := range course.Exercises() {
		require.NotRegexp(t, "[`$\\\\]", e.PlainHint(), e.ID)
	}
}

// TestNotebooks lists each notebook once. The LSTM's has bonus questions only.
func TestNotebooks(t *testing.T) {
	t.Parallel()
	bonus := map[string]bool{}
	for _, n := range course.Notebooks() {
		require.NotContains(t, bonus, n.Name)
		require.Equal(t, "notebooks/"+n.Name+".ipynb", n.Path)
		bonus[n.Name] = n.Bonus
	}
	require.Equal(t, map[string]bool{
		"RNN_Captioning": false, "LSTM_Captioning": true, "Transformer_Captioning": false, "Generative_Adversarial_Networks": false,
	}, bonus)
}
