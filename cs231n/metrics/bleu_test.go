package metrics_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/metrics"
)

// corpus is a case of testdata/golden.json.
type corpus struct {
	Name            string
	Candidates      []metrics.Caption
	References      [][]metrics.Caption
	BLEU            [4]float64
	Precision       [4]float64
	BrevityPenalty  float64 `json:"brevity_penalty"`
	Length          int
	ReferenceLength int `json:"reference_length"`
}

func corpora(t *testing.T) []corpus {
	data, err := os.ReadFile("testdata/golden.json")
	require.NoError(t, err)
	var all []corpus
	require.NoError(t, json.Unmarshal(data, &all))
	require.NotEmpty(t, all)
	return all
}

func TestGolden(t *testing.T) {
	t.Parallel()
	const bound = 1e-13
	for _, c := range corpora(t) {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			got, err := metrics.BLEU(c.Candidates, c.References)
			require.NoError(t, err)
			for i := range c.BLEU {
				require.InDelta(t, c.BLEU[i], got.BLEU[i], bound, "BLEU-%d", i+1)
				require.InDelta(t, c.Precision[i], got.Precision[i], bound, "p%d", i+1)
			}
			require.InDelta(t, c.BrevityPenalty, got.BrevityPenalty, bound)
			require.Equal(t, c.Length, got.Length)
			require.Equal(t, c.ReferenceLength, got.ReferenceLength)
		})
	}
}

func TestProperties(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(231, 0))
	for _, c := range corpora(t) {
		want, err := metrics.BLEU(c.Candidates, c.References)
		require.NoError(t, err)
		for n := range 4 {
			require.GreaterOrEqual(t, want.BLEU[n], 0.0)
			require.LessOrEqual(t, want.BLEU[n], 1.0)
		}

		// Neither the order of the references nor that of the captions matters.
		for _, references := range c.References {
			r.Shuffle(len(references), func(i, j int) { references[i], references[j] = references[j], references[i] })
		}
		r.Shuffle(len(c.Candidates), func(i, j int) {
			c.Candidates[i], c.Candidates[j] = c.Candidates[j], c.Candidates[i]
			c.References[i], c.References[j] = c.References[j], c.References[i]
		})
		got, err := metrics.BLEU(c.Candidates, c.References)
		require.NoError(t, err)
		require.Equal(t, want, got, c.Name)

		// A copy of a reference is perfect, up to the n-grams that it is long enough for.
		copies := make([]metrics.Caption, len(c.Candidates))
		longest := 0
		for i := range copies {
			copies[i] = c.References[i][0]
			longest = max(longest, len(copies[i]))
		}
		got, err = metrics.BLEU(copies, c.References)
		require.NoError(t, err)
		for n := range min(4, longest) {
			require.Equal(t, 1.0, got.BLEU[n], c.Name)
		}
	}
}

func TestEdges(t *testing.T) {
	t.Parallel()
	reference := [][]metrics.Caption{{words("a man on a horse")}}
	for _, test := range []struct {
		name      string
		candidate string
		want      [4]float64
	}{
		{"nothing said", "", [4]float64{}},
		{"no word right", "two dogs catch it", [4]float64{}},
		{"too short for 4-grams", "a man on", [4]float64{0.5134171190325922, 0.5134171190325922, 0.5134171190325922, 0}}, // exp(1 − 5/3)
		{"words right, order wrong", "horse a on man a", [4]float64{1, 0, 0, 0}},
		{"case matters", "A Man On A Horse", [4]float64{}},
		{"words are not glued", "aman on ahorse x", [4]float64{0.19470019576785122, 0, 0, 0}}, // exp(1 − 5/4)/4
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := metrics.BLEU([]metrics.Caption{words(test.candidate)}, reference)
			require.NoError(t, err)
			for n := range 4 {
				require.InDelta(t, test.want[n], got.BLEU[n], 1e-15)
			}
		})
	}
}

func ExampleBLEU() {
	candidates := []metrics.Caption{
		strings.Fields("a man is riding a brown horse"),
		strings.Fields("a dog is catching a frisbee"),
	}
	references := [][]metrics.Caption{
		{strings.Fields("a man is riding a horse"), strings.Fields("someone rides a brown horse")},
		{strings.Fields("a dog is catching a red frisbee in the park")},
	}
	scores, err := metrics.BLEU(candidates, references)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("BLEU-1 to BLEU-4: %.4f\n", scores.BLEU)
	fmt.Printf("%d words, %d in the references: penalty %.4f\n", scores.Length, scores.ReferenceLength, scores.BrevityPenalty)
	// Output:
	// BLEU-1 to BLEU-4: [0.7939 0.7570 0.7073 0.6330]
	// 13 words, 16 in the references: penalty 0.7939
}
