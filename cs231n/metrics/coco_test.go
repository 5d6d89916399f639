package metrics_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/metrics"
)

// cocoBound is for scores up to 10.
const cocoBound = 1e-12

// cocoCorpus is a corpus of testdata/coco.json, with the scores of pycocoevalcap.
type cocoCorpus struct {
	Name         string
	Candidates   []string
	References   [][]string
	CIDErD       float64   `json:"cider_d"`
	CIDErDImages []float64 `json:"cider_d_images"`
	ROUGEL       float64   `json:"rouge_l"`
	ROUGELImages []float64 `json:"rouge_l_images"`
}

func (c cocoCorpus) captions() (candidates []metrics.Caption, references [][]metrics.Caption) {
	for _, r := range c.References {
		references = append(references, each(r))
	}
	return each(c.Candidates), references
}

func cocoCorpora(t *testing.T) []cocoCorpus {
	data, err := os.ReadFile("testdata/coco.json")
	require.NoError(t, err)
	var golden struct{ Corpora []cocoCorpus }
	require.NoError(t, json.Unmarshal(data, &golden))
	require.Len(t, golden.Corpora, 11)
	return golden.Corpora
}

func TestCOCO(t *testing.T) {
	t.Parallel()
	for _, c := range cocoCorpora(t) {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			candidates, references := c.captions()
			mean, images, err := metrics.CIDErD(candidates, references)
			require.NoError(t, err)
			require.InDelta(t, c.CIDErD, mean, cocoBound)
			require.InDeltaSlice(t, c.CIDErDImages, images, cocoBound)

			mean, images, err = metrics.ROUGEL(candidates, references)
			require.NoError(t, err)
			require.InDelta(t, c.ROUGEL, mean, cocoBound)
			require.InDeltaSlice(t, c.ROUGELImages, images, cocoBound)
		})
	}
}

// TestEmpty scores an empty candidate that has an empty reference, the one case in which pycocoevalcap differs.
func TestEmpty(t *testing.T) {
	t.Parallel()
	candidates, references := each([]string{"", "a dog"}), [][]metrics.Caption{each([]string{"", "a cat"}), each([]string{""})}
	for _, metric := range []func([]metrics.Caption, [][]metrics.Caption) (float64, []float64, error){metrics.CIDErD, metrics.ROUGEL} {
		mean, images, err := metric(candidates, references)
		require.NoError(t, err)
		require.Zero(t, mean)
		require.Equal(t, []float64{0, 0}, images)
	}
}

func ExampleCIDErD() {
	candidates := []metrics.Caption{strings.Fields("a red ball on the grass"), strings.Fields("two dogs in the grass")}
	references := [][]metrics.Caption{
		{strings.Fields("a red ball on the grass"), strings.Fields("a ball on the grass")},
		{strings.Fields("two dogs in the snow")},
	}
	mean, images, err := metrics.CIDErD(candidates, references)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.4f, the mean of %.4f\n", mean, images)
	// Output: 7.4056, the mean of [8.1446 6.6667]
}

func ExampleROUGEL() {
	candidates := []metrics.Caption{strings.Fields("a man is riding a brown horse")}
	references := [][]metrics.Caption{{strings.Fields("a man is riding a horse"), strings.Fields("a brown horse")}}
	mean, _, err := metrics.ROUGEL(candidates, references)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.4f\n", mean) // precision 6/7, recall 1
	// Output: 0.9361
}
