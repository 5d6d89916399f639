package gan

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// Sampler draws images with a trained generator.
type Sampler struct {
	G        *nn.Network
	NoiseDim int                   // input width of G
	Progress func(done, total int) // called after every batch of images; nil means none
}

// Sample draws n images. The noise comes from stream, in batches of 128 images as in training: a G with batch normalization
// needs full batches, since an image depends on the statistics of its batch. If 128 does not divide n, the last batch draws
// more noise and images than are returned.
//
// Shapes: -> (n·784), values in (−1, 1).
func (s Sampler) Sample(backend compute.Backend, n int, stream *rng.Torch) ([]float32, error) {
	if s.G == nil || s.NoiseDim < 1 || n < 1 {
		return nil, fmt.Errorf("gan: cannot draw %d images from %d noise values each; Sampler needs G, NoiseDim and at least one image", n, s.NoiseDim)
	}
	params := s.G.Params()
	exec, err := NewExec(backend, func(in []*Node) *Node { return nn.Bind(params, in[1:]).Apply(s.G, in[0]) })
	if err != nil {
		return nil, fmt.Errorf("gan: %w", err)
	}
	defer exec.Finalize()
	images := make([]float32, n*Pixels)
	for first := 0; first < n; first += BatchSize {
		noise := tensors.FromFlatDataAndDimensions(SampleNoise(BatchSize, s.NoiseDim, stream), BatchSize, s.NoiseDim)
		out, err := exec.Call(nn.WithValues([]any{noise}, params)...)
		if err != nil {
			return nil, fmt.Errorf("gan: %w", err)
		}
		copy(images[first*Pixels:], tensors.MustCopyFlatData[float32](out[0]))
		if err := errors.Join(out[0].FinalizeAll(), noise.FinalizeAll()); err != nil {
			return nil, fmt.Errorf("gan: %w", err)
		}
		if s.Progress != nil {
			s.Progress(min(first+BatchSize, n), n)
		}
	}
	return images, stream.Err()
}

// LoadSampler reads the generator of a run of one of [Preset]'s models, and the record of the run, from its folder.
func LoadSampler(folder training.Folder, model string) (*Sampler, *training.Result, error) {
	s := &Sampler{NoiseDim: NoiseDim}
	switch model {
	case "gan", "lsgan":
		s.G = Generator(NoiseDim, nil)
	case "dcgan":
		s.G = BuildDCGenerator(NoiseDim, nil)
	default:
		return nil, nil, unknownModel(model)
	}
	file, r, err := folder.Open([]string{"D", "G"}, model)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("%w; train one: cs231n train %s", err, model)
	}
	if err != nil {
		return nil, nil, err
	}
	return s, r, file.Set(map[string][]*nn.Param{"G": s.G.Params()})
}

func unknownModel(model string) error {
	return fmt.Errorf("gan: unknown model %q; choose gan, lsgan or dcgan", model)
}
