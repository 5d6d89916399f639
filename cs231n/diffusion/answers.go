package diffusion

import (
	_ "embed"
	"encoding/json"
	"fmt"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/cs231n-go/assignment3/cs231n/nn"
)

//go:embed testdata/checks.json
var checksJSON []byte

// Checks holds results of PyTorch, with which the notebook compares.
type Checks struct {
	Cosine []float64          `json:"cosine"` // ᾱ of Cosine(1000) at the steps 0, 111, 222 … 999
	Linear []float64          `json:"linear"` // ᾱ of Linear(1000) there
	Block  []float64          `json:"block"`  // output (2, 4, 4, 16) of the notebook's block
	Losses map[string]float64 `json:"losses"` // first loss of each objective
}

// Answers returns the results that testdata/golden.py wrote.
func Answers() (c Checks, err error) { return c, json.Unmarshal(checksJSON, &c) }

// FirstLoss draws the first batch and returns its loss, before any step.
func (c Config) FirstLoss(backend compute.Backend) (float64, error) {
	batch, err := c.draw(0, BatchSize)
	if err != nil {
		return 0, err
	}
	pixels := tensors.FromFlatDataAndDimensions(c.Train.Images[:BatchSize*Pixels], BatchSize, Pixels)
	out, err := nn.Compute(backend, c.Net.Params(), []any{pixels, batch[0], batch[1], batch[2]}, func(p nn.Values, in []*Node) []*Node {
		loss, _ := c.Loss(p, preprocess(in[0]), in[2], in[1], in[3])
		return []*Node{loss}
	})
	if err != nil {
		return 0, fmt.Errorf("diffusion: %w", err)
	}
	return float64(tensors.ToScalar[float32](out[0])), nil
}
