package diffusion

import (
	"fmt"
	"math"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// Objective is a way to mix an image with noise and the part of the mixture that the network predicts. At a level (α, σ) the
// mixture is
//
//	x = α·image + σ·noise
//
// It is [Noise] or [Flow].
type Objective interface {
	// Name is the name in checkpoints and on the command line.
	Name() string
	// Levels returns the levels that a sampler with the given number of steps visits, from pure noise to the clean image:
	// one more than steps.
	Levels(steps int) ([]Level, error)

	// draw draws a training time for each of n images.
	draw(stream *rng.Torch, n int) []float32
	// mixture returns the network's time, α and σ of training times.
	//
	// Shapes: drawn: (N) -> (N) each.
	mixture(drawn *Node) (time, alpha, sigma *Node)
	// target is what the network should predict.
	//
	// Shapes: (N, 784) each.
	target(image, noise *Node) *Node
	// image is the image that a prediction implies.
	//
	// Shapes: x, predicted: (N, 784), alpha, sigma: scalars -> (N, 784).
	image(x, predicted, alpha, sigma *Node) *Node
}

// Level is a point on the way from noise to an image.
type Level struct {
	Time         float64 // for the network, 1000 for noise and 0 for an image
	Alpha, Sigma float64 // share of the image and of the noise
}

const (
	// MaxSteps is the largest number of steps of a sampler, for the objectives of [ObjectiveByName].
	MaxSteps = 1000

	maxTime = 1000 // the network's time at which there is only noise
)

// ObjectiveByName returns the objective "flow" or "noise", the latter with the cosine schedule of 1000 steps.
func ObjectiveByName(name string) (Objective, error) {
	switch name {
	case Flow{}.Name():
		return Flow{}, nil
	case Noise{}.Name():
		return Noise{Cosine(MaxSteps)}, nil
	}
	return nil, fmt.Errorf("diffusion: unknown objective %q; choose flow or noise", name)
}

// Noise is the classic objective: the network predicts the noise. The levels are those of a schedule with α = √ᾱ and
// σ = √(1 − ᾱ), so the variance of the mixture stays 1 if that of the images is 1. Training times are uniform.
//
// Source: Ho et al. 2020, https://arxiv.org/abs/2006.11239, equation (14).
type Noise struct{ Schedule Schedule }

// Name returns "noise".
func (Noise) Name() string { return "noise" }

// Levels implements [Objective]. The levels are those of equally spaced steps of the schedule, the first and the last
// included, and then the clean image.
func (o Noise) Levels(steps int) ([]Level, error) {
	t := len(o.Schedule)
	if steps < 1 || steps > t {
		return nil, fmt.Errorf("diffusion: %d steps; the schedule has %d, so choose 1 to %d", steps, t, t)
	}
	levels := make([]Level, 0, steps+1)
	for i := range steps {
		at := t - 1
		if steps > 1 {
			at = int(math.RoundToEven(float64(t-1) * (1 - float64(i)/float64(steps-1))))
		}
		levels = append(levels, o.level(at))
	}
	return append(levels, Level{Alpha: 1}), nil
}

// level is the level of a step of the schedule.
func (o Noise) level(t int) Level {
	bar := o.Schedule[t]
	return Level{Time: o.scale() * float64(t), Alpha: math.Sqrt(bar), Sigma: math.Sqrt(1 - bar)}
}

// scale converts a step of the schedule to the network's time.
func (o Noise) scale() float64 { return maxTime / float64(len(o.Schedule)) }

func (o Noise) draw(stream *rng.Torch, n int) []float32 {
	steps := make([]int32, n)
	stream.RandInts(steps, len(o.Schedule))
	drawn := make([]float32, n)
	for i, t := range steps {
		drawn[i] = float32(t)
	}
	return drawn
}

func (o Noise) mixture(drawn *Node) (time, alpha, sigma *Node) {
	alphas, sigmas := make([]float32, len(o.Schedule)), make([]float32, len(o.Schedule))
	for t := range o.Schedule {
		level := o.level(t)
		alphas[t], sigmas[t] = float32(level.Alpha), float32(level.Sigma)
	}
	steps := ExpandAxes(ConvertDType(drawn, dtypes.Int32), -1)
	look := func(table []float32) *Node { return Gather(Const(drawn.Graph(), table), steps) }
	return MulScalar(drawn, o.scale()), look(alphas), look(sigmas)
}

func (Noise) target(_, noise *Node) *Node { return noise }

func (Noise) image(x, predicted, alpha, sigma *Node) *Node {
	return Div(Sub(x, Mul(sigma, predicted)), alpha)
}

// Flow is rectified flow: the path from noise to an image is a straight line, α = 1 − u and σ = u, and the network predicts
// its direction, noise − image. Straight paths need few steps. Training times are u = sigmoid(n) with a standard normal n,
// which prefers the middle of the path.
//
// Sources: Liu et al. 2022, https://arxiv.org/abs/2209.03003; Esser et al. 2024, https://arxiv.org/abs/2403.03206, section 3.1.
type Flow struct{}

// Name returns "flow".
func (Flow) Name() string { return "flow" }

// Levels implements [Objective]. The levels are equally spaced.
func (Flow) Levels(steps int) ([]Level, error) {
	if steps < 1 || steps > MaxSteps {
		return nil, fmt.Errorf("diffusion: %d steps; choose 1 to %d", steps, MaxSteps)
	}
	levels := make([]Level, steps+1)
	for i := range levels {
		u := 1 - float64(i)/float64(steps)
		levels[i] = Level{Time: maxTime * u, Alpha: 1 - u, Sigma: u}
	}
	return levels, nil
}

func (Flow) draw(stream *rng.Torch, n int) []float32 {
	drawn := make([]float32, n)
	stream.Normal(drawn, 0, 1)
	return drawn
}

func (Flow) mixture(drawn *Node) (time, alpha, sigma *Node) {
	u := Sigmoid(drawn)
	return MulScalar(u, maxTime), OneMinus(u), u
}

func (Flow) target(image, noise *Node) *Node { return Sub(noise, image) }

func (Flow) image(x, predicted, _, sigma *Node) *Node { return Sub(x, Mul(sigma, predicted)) }
