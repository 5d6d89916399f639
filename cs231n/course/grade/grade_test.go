package grade

import (
	"os"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/course/assess"
	"github.com/cs231n-go/assignment3/cs231n/course/sandbox"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
)

func TestMain(m *testing.M) {
	sandbox.Init()
	os.Unsetenv("XLA_FLAGS") // submissions run without it
	os.Exit(m.Run())
}

const root = "../../.."

func grader(t *testing.T) *Grader {
	t.Helper()
	isolation, err := sandbox.Check(t.Context())
	if err != nil {
		t.Skip(err)
	}
	if !isolation.Namespaces && os.Geteuid() == 0 {
		t.Skipf("without namespaces the programs of root run as the user nobody, who cannot enter root's folders; %s", isolation)
	}
	shared.Do(func() {
		shared.grader, err = New(testbackend.Get(t), root, 0)
		require.NoError(t, err)
	})
	require.NotNil(t, shared.grader, "another test could not make it")
	return shared.grader
}

// shared is the grader of all tests, which computes the expected results of each case once.
var shared struct {
	sync.Once
	grader *Grader
}

// TestReference grades the reference solutions: all points but those for the questions.
func TestReference(t *testing.T) {
	g := grader(t)
	r, err := g.Files(t.Context(), g.layout.Reference())
	require.NoError(t, err)
	code, bonus, questions := MaxPoints()
	require.Equal(t, 100-questions, code)
	require.Equal(t, code+bonus, r.Score(), "%s", assess.Table(r.Results, true))
}

// TestBlank grades the released files: no points.
func TestBlank(t *testing.T) {
	g := grader(t)
	r, err := g.Files(t.Context(), g.layout.Blank())
	require.NoError(t, err)
	for _, result := range r.Results {
		require.Equal(t, assess.Blank, result.Status, result.Exercise.ID)
	}
	require.Zero(t, r.Score())
}
