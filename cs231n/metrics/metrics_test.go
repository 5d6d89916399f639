package metrics_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/metrics"
)

func words(sentence string) metrics.Caption { return strings.Fields(sentence) }

// each splits sentences into words.
func each(sentences []string) []metrics.Caption {
	captions := make([]metrics.Caption, len(sentences))
	for i, s := range sentences {
		captions[i] = words(s)
	}
	return captions
}

// TestScore compares the scores with those of the metrics one by one.
func TestScore(t *testing.T) {
	t.Parallel()
	for _, c := range cocoCorpora(t) {
		candidates, references := c.captions()
		got, err := metrics.Score(candidates, references)
		require.NoError(t, err)
		require.InDelta(t, c.CIDErD, got.CIDErD, cocoBound)
		require.InDelta(t, c.ROUGEL, got.ROUGEL, cocoBound)
		bleu, err := metrics.BLEU(candidates, references)
		require.NoError(t, err)
		require.Equal(t, bleu, got.BLEUScores)
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	scores := metrics.Scores{BLEUScores: metrics.BLEUScores{BLEU: [4]float64{1, 0.75, 0.5, 0.25}}, CIDErD: 10, ROUGEL: 0.125}
	require.Equal(t, `BLEU-1  BLEU-2  BLEU-3  BLEU-4  CIDEr-D  ROUGE-L
1.0000  0.7500  0.5000  0.2500  10.0000   0.1250`, scores.String())

	require.Equal(t, strings.Join([]string{
		"       BLEU-1  BLEU-2  BLEU-3  BLEU-4  CIDEr-D  ROUGE-L",
		"größe  1.0000  0.7500  0.5000  0.2500  10.0000   0.1250",
		"rnn    0.0000  0.0000  0.0000  0.0000   0.0000   0.0000",
		"",
	}, "\n"), metrics.Table{{"größe", scores}, {"rnn", metrics.Scores{}}}.String())
	require.Equal(t, "  BLEU-1  BLEU-2  BLEU-3  BLEU-4  CIDEr-D  ROUGE-L\n", metrics.Table{}.String())
}

func TestErrors(t *testing.T) {
	t.Parallel()
	one := []metrics.Caption{words("a cat")}
	type metric func([]metrics.Caption, [][]metrics.Caption) (float64, []float64, error)
	bleu := func(c []metrics.Caption, r [][]metrics.Caption) (float64, []float64, error) {
		scores, err := metrics.BLEU(c, r)
		return scores.BLEU[0], nil, err
	}
	for name, metric := range map[string]metric{"BLEU": bleu, "CIDEr-D": metrics.CIDErD, "ROUGE-L": metrics.ROUGEL} {
		for _, test := range []struct {
			candidates []metrics.Caption
			references [][]metrics.Caption
			want       string
		}{
			{nil, nil, "metrics: %s of no candidates; give one caption at least"},
			{one, nil, "metrics: %s of 1 candidates with references for 0; give each its own"},
			{one, [][]metrics.Caption{one, one}, "metrics: %s of 1 candidates with references for 2; give each its own"},
			{append(one, words("a dog")), [][]metrics.Caption{one, {}}, `metrics: %s: candidate 1 ("a dog") has no references; give one at least, or leave it out`},
		} {
			mean, images, err := metric(test.candidates, test.references)
			require.EqualError(t, err, fmt.Sprintf(test.want, name))
			require.Zero(t, mean)
			require.Nil(t, images)
		}
	}
	_, err := metrics.Score(one, nil)
	require.EqualError(t, err, "metrics: BLEU of 1 candidates with references for 0; give each its own")
}

// large makes captions of 8 to 13 words for 40,000 images, each with five references. A word depends on the one before
// it, so that n-grams recur as in English: a quarter of all is distinct.
func large() (candidates []metrics.Caption, references [][]metrics.Caption) {
	r := rand.New(rand.NewPCG(231, 0))
	rank := rand.NewZipf(r, 2, 2, 9999)
	caption := func() metrics.Caption {
		c := make(metrics.Caption, 8+r.IntN(6))
		word := uint64(0)
		for i := range c {
			word = (word*7919 + rank.Uint64()) % 10_000
			c[i] = fmt.Sprint("word", word)
		}
		return c
	}
	for range 40_000 {
		candidates = append(candidates, caption())
		references = append(references, []metrics.Caption{caption(), caption(), caption(), caption(), caption()})
	}
	return candidates, references
}

func BenchmarkBLEU(b *testing.B) {
	candidates, references := large()
	for b.Loop() {
		_, err := metrics.BLEU(candidates, references)
		require.NoError(b, err)
	}
}

func BenchmarkCIDErD(b *testing.B) {
	candidates, references := large()
	for b.Loop() {
		_, _, err := metrics.CIDErD(candidates, references)
		require.NoError(b, err)
	}
}

func BenchmarkROUGEL(b *testing.B) {
	candidates, references := large()
	for b.Loop() {
		_, _, err := metrics.ROUGEL(candidates, references)
		require.NoError(b, err)
	}
}

func ExampleScore() {
	candidates := each([]string{"a man is riding a brown horse", "a dog is catching a frisbee"})
	references := [][]metrics.Caption{
		each([]string{"a man is riding a horse", "someone rides a brown horse"}),
		each([]string{"a dog is catching a red frisbee in the park"}),
	}
	scores, err := metrics.Score(candidates, references)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(scores)
	// Output:
	// BLEU-1  BLEU-2  BLEU-3  BLEU-4  CIDEr-D  ROUGE-L
	// 0.7939  0.7570  0.7073  0.6330   4.6627   0.8269
}

func ExampleTable() {
	references := [][]metrics.Caption{{strings.Fields("a red ball on the grass")}, {strings.Fields("two dogs in the snow")}}
	var table metrics.Table
	for _, model := range []struct {
		name     string
		captions []string
	}{
		{"rnn", []string{"a red dog on the grass", "a dog in the grass"}},
		{"lstm", []string{"a red ball on grass", "two dogs in the grass"}},
	} {
		scores, err := metrics.Score(each(model.captions), references)
		if err != nil {
			fmt.Println(err)
			return
		}
		table = append(table, metrics.Row{Name: model.name, Scores: scores})
	}
	fmt.Print(table)
	// Output:
	//       BLEU-1  BLEU-2  BLEU-3  BLEU-4  CIDEr-D  ROUGE-L
	// rnn   0.6364  0.5318  0.3431  0.0000   2.6875   0.6167
	// lstm  0.8144  0.7434  0.6934  0.6232   6.6081   0.8472
}
