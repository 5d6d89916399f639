package diffusion

import (
	"cmp"
	"errors"
	"fmt"
	"math"

	"github.com/gomlx/compute"

	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// Sampler draws images with a trained network. It goes from level to level, from noise to an image. At each level the
// network's prediction splits the current x into an image, clipped to [−1, 1], and noise. They are mixed again at the next
// level (α', σ'):
//
//	x ← α'·image + √(σ'² − s²)·noise + s·z    s = Eta·σ'/σ·√(1 − α²/α'²)
//
// z is fresh noise. With the objective [Noise] and Eta 0 this is DDIM, with Eta 1 and all steps of the schedule DDPM. With
// [Flow] and Eta 0 it is Euler's method, apart from the clipping.
//
// Sources: Song et al. 2020, https://arxiv.org/abs/2010.02502, equations (12) and (16); Ho and Salimans 2022,
// https://arxiv.org/abs/2207.12598, for guidance.
//
// A program that has been compiled for a number of images serves all later calls with that number, also after a change of Net,
// Steps or Guidance. [Sampler.Close] frees the programs.
type Sampler struct {
	Net       *UNet
	Objective Objective
	Steps     int
	// Guidance is the strength w of classifier-free guidance: the prediction is that without a label plus w times the
	// difference that the label makes. 1 means none and takes half the time.
	Guidance float64
	Eta      float64               // share of fresh noise, 0 to 1; only 0 with Flow
	Batch    int                   // largest number of images that are drawn at once; 0 means 250
	Progress func(done, total int) // called after every batch of images; nil means none

	programs nn.Programs[kind]
}

// The defaults of Load, the notebook and the commands. More guidance draws more digits as asked, at a greater Fréchet distance.
const (
	DefaultSamplerSteps = 25
	DefaultGuidance     = 1.5
)

// maxBatch is the default of Sampler.Batch.
const maxBatch = 250

// Sample draws an image for each label, 0 to 9 or NoLabel. The noise comes from stream, in the order of the images.
//
// Shapes: labels: (N) -> (N·784), values in [−1, 1].
func (s *Sampler) Sample(backend compute.Backend, labels []int32, stream *rng.Torch) ([]float32, error) {
	return s.run(backend, request{labels: labels}, stream)
}

// Edit redraws images: it mixes them with noise up to the level whose share of the way is strength, and draws from there. A
// strength near 0 changes little, and 1 ignores the images.
// Source: Meng et al. 2021, https://arxiv.org/abs/2108.01073.
//
// Shapes: images: (N·784) in [−1, 1], labels: (N) -> (N·784).
func (s *Sampler) Edit(backend compute.Backend, images []float32, strength float64, labels []int32, stream *rng.Torch) ([]float32, error) {
	if !(strength > 0 && strength <= 1) {
		return nil, fmt.Errorf("diffusion: an edit of strength %g; choose a number above 0 and up to 1", strength)
	}
	skip := s.Steps - max(int(math.Round(strength*float64(s.Steps))), 1)
	return s.run(backend, request{labels: labels, images: images, skip: skip}, stream)
}

// Inpaint fills in the pixels of images that are not known. After each step it replaces the known ones by the image, mixed
// with noise at the same level. Source: Lugmayr et al. 2022, https://arxiv.org/abs/2201.09865, without resampling.
//
// Shapes: images: (N·784) in [−1, 1], known: (784), labels: (N) -> (N·784).
func (s *Sampler) Inpaint(backend compute.Backend, images []float32, known []bool, labels []int32, stream *rng.Torch) ([]float32, error) {
	if len(known) != Pixels {
		return nil, fmt.Errorf("diffusion: %d known pixels; give one bool for each of the %d", len(known), Pixels)
	}
	return s.run(backend, request{labels: labels, images: images, known: known}, stream)
}

// Path draws images as Sample does and returns them at every level, the noise first.
//
// Shapes: labels: (N), at most Batch -> (Steps + 1, N·784).
func (s *Sampler) Path(backend compute.Backend, labels []int32, stream *rng.Torch) ([][]float32, error) {
	if most := cmp.Or(s.Batch, maxBatch); len(labels) > most {
		return nil, fmt.Errorf("diffusion: paths of %d images; choose at most %d", len(labels), most)
	}
	var path [][]float32
	_, err := s.run(backend, request{labels: labels, path: &path}, stream)
	return path, err
}

// request is the work of one call.
type request struct {
	labels []int32
	images []float32    // nil, or the images to change
	known  []bool       // pixels that stay, or nil
	skip   int          // number of steps that are left out
	path   *[][]float32 // if not nil, receives the images at every level
}

// kind distinguishes the programs of a sampler.
type kind struct {
	objective              string
	channels               int
	guided, fresh, inpaint bool
	path                   int // levels of a path, or 0
}

func (s *Sampler) kind(r request, p plan) kind {
	k := kind{objective: s.Objective.Name(), channels: s.Net.Channels, guided: s.Guidance != 1, fresh: s.Eta > 0, inpaint: r.known != nil}
	if r.path != nil {
		k.path = len(p.levels)
	}
	return k
}

// Close frees the compiled programs. The sampler remains usable and compiles again.
func (s *Sampler) Close() { s.programs.Close() }

// check validates the sampler and a request.
func (s *Sampler) check(r request) error {
	switch _, isFlow := s.Objective.(Flow); {
	case s.Net == nil || s.Objective == nil:
		return errors.New("diffusion: Sampler needs a Net and an Objective")
	case math.IsNaN(s.Guidance) || math.IsInf(s.Guidance, 0) || s.Guidance < 0:
		return fmt.Errorf("diffusion: a guidance of %g; choose a number of 0 or more, 1 for none", s.Guidance)
	case !(s.Eta >= 0 && s.Eta <= 1) || isFlow && s.Eta != 0:
		return fmt.Errorf("diffusion: Eta is %g; choose 0 to 1, and 0 for rectified flow", s.Eta)
	case s.Batch < 0:
		return fmt.Errorf("diffusion: batches of %d images; choose a positive number, or 0 for %d", s.Batch, maxBatch)
	case len(r.labels) == 0:
		return errors.New("diffusion: no labels; give one for each image")
	case r.images != nil && len(r.images) != len(r.labels)*Pixels:
		return fmt.Errorf("diffusion: %d pixels for %d labels; give %d for each", len(r.images), len(r.labels), Pixels)
	}
	for _, label := range r.labels {
		if label < 0 || label > NoLabel {
			return fmt.Errorf("diffusion: the digit %d does not exist; choose 0 to 9, or %d for any", label, NoLabel)
		}
	}
	return nil
}
