package diffusion

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/cs231n-go/assignment3/cs231n/loop"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// plan holds a row of numbers for each step of a sampler.
type plan struct {
	levels []Level // one more than steps
	fresh  []float64
}

// plan returns the levels of a request and the standard deviation s of the fresh noise of each step.
func (s Sampler) plan(r request) (p plan, err error) {
	if p.levels, err = s.Objective.Levels(s.Steps); err != nil {
		return p, err
	}
	p.levels = p.levels[r.skip:]
	for i, to := range p.levels[1:] {
		from := p.levels[i]
		ratio := from.Alpha / to.Alpha
		p.fresh = append(p.fresh, s.Eta*to.Sigma/from.Sigma*math.Sqrt(max(1-ratio*ratio, 0)))
	}
	return p, nil
}

// steps returns the number of steps.
func (p plan) steps() int { return len(p.fresh) }

// columns returns the plan as a table for the device: time, α, σ, α', σ', the share of the predicted noise, and s.
func (p plan) columns() *tensors.Tensor {
	var flat []float32
	for i, s := range p.fresh {
		from, to := p.levels[i], p.levels[i+1]
		for _, v := range []float64{from.Time, from.Alpha, from.Sigma, to.Alpha, to.Sigma, math.Sqrt(max(to.Sigma*to.Sigma-s*s, 0)), s} {
			flat = append(flat, float32(v))
		}
	}
	return tensors.FromFlatDataAndDimensions(flat, p.steps(), len(flat)/p.steps())
}

// run draws the images of a request, in batches of equal size. A compiled program goes through all steps.
func (s Sampler) run(backend compute.Backend, r request, stream *rng.Torch) (images []float32, err error) {
	if err := s.check(r); err != nil {
		return nil, err
	}
	p, err := s.plan(r)
	if err != nil {
		return nil, err
	}
	exec, err := NewExec(backend, func(in []*Node) []*Node { return s.graph(r, p.steps(), in) })
	if err != nil {
		return nil, fmt.Errorf("diffusion: %w", err)
	}
	defer exec.Finalize()
	n := len(r.labels)
	for first := 0; first < n; first += maxBatch {
		last := min(first+maxBatch, n)
		out, err := exec.Call(nn.WithValues(s.inputs(r, p, first, last, stream), s.Net.Params())...)
		if err = errors.Join(err, stream.Err()); err != nil {
			return nil, fmt.Errorf("diffusion: %w", err)
		}
		images = append(images, tensors.MustCopyFlatData[float32](out[0])[:(last-first)*Pixels]...)
		if r.path != nil {
			*r.path = slices.Collect(slices.Chunk(tensors.MustCopyFlatData[float32](out[1]), n*Pixels))
		}
		for _, t := range out {
			err = errors.Join(err, t.FinalizeAll())
		}
		if err != nil {
			return nil, err
		}
		if s.Progress != nil {
			s.Progress(last, n)
		}
	}
	return images, nil
}

// inputs returns the inputs of the program for the images first … last−1. All batches of a request have the same size,
// so the last one may have zeros at its end.
func (s Sampler) inputs(r request, p plan, first, last int, stream *rng.Torch) []any {
	batch := min(len(r.labels), maxBatch)
	labels, used := make([]int32, batch), (last-first)*Pixels
	copy(labels, r.labels[first:last])
	noise := make([]float32, batch*Pixels)
	stream.Normal(noise[:used], 0, 1)
	start := noise
	images := make([]float32, batch*Pixels)
	if r.images != nil {
		copy(images, r.images[first*Pixels:last*Pixels])
	}
	if r.images != nil && r.known == nil {
		start = make([]float32, len(noise))
		for i, e := range noise {
			start[i] = float32(p.levels[0].Alpha)*images[i] + float32(p.levels[0].Sigma)*e
		}
	}
	in := []any{
		tensors.FromFlatDataAndDimensions(start, batch, Pixels), tensors.FromFlatDataAndDimensions(labels, batch), p.columns(),
	}
	if s.Eta > 0 {
		fresh := make([]float32, p.steps()*batch*Pixels)
		for i := range p.steps() {
			stream.Normal(fresh[i*batch*Pixels:][:used], 0, 1)
		}
		in = append(in, tensors.FromFlatDataAndDimensions(fresh, p.steps(), batch, Pixels))
	}
	if r.known != nil {
		in = append(in, tensors.FromFlatDataAndDimensions(images, batch, Pixels), tensors.FromFlatDataAndDimensions(noise, batch, Pixels),
			tensors.FromFlatDataAndDimensions(r.known, Pixels))
	}
	return in
}

// graph builds the program. Its outputs are the images and, for a path, x at all levels.
//
// Shapes: in: start (N, 784), labels (N), plan (steps, 7), then fresh noise (steps, N, 784) if Eta > 0, then images and their
// noise (N, 784) and the known pixels (784) for inpainting, then the parameters.
func (s Sampler) graph(r request, steps int, in []*Node) []*Node {
	params := s.Net.Params()
	k := len(in) - len(params)
	state := []*Node{in[0]}
	if r.path != nil {
		state = append(state, loop.Buffer(in[0], 0, steps+1))
	}
	out := loop.For(steps, in[1:], state, func(t *Node, fixed, state []*Node) []*Node {
		x := s.step(nn.Bind(params, fixed[k-1:]), r, t, fixed[:k-1], state[0])
		if r.path == nil {
			return []*Node{x}
		}
		return []*Node{x, loop.Put(state[1], 0, loop.Next(t), x)}
	})
	one := func(v float32) *Node { return Const(in[0].Graph(), v) }
	out[0] = Clip(out[0], one(-1), one(1))
	return out
}

// step goes to the next level. fixed are the inputs of graph without the first and without parameters.
func (s Sampler) step(p nn.Values, r request, t *Node, fixed []*Node, x *Node) *Node {
	row := loop.At(fixed[1], 0, t)
	column := func(i int) *Node { return Reshape(Slice(row, AxisElem(i))) }
	image, noise := s.Objective.split(x, s.predict(p, x, column(0), fixed[0]), column(1), column(2))
	x = Add(Mul(column(3), image), Mul(column(5), noise))
	more := fixed[2:]
	if s.Eta > 0 {
		x, more = Add(x, Mul(column(6), loop.At(more[0], 0, t))), more[1:]
	}
	if r.known != nil {
		there := Add(Mul(column(3), more[0]), Mul(column(4), more[1]))
		x = Where(BroadcastToDims(ExpandAxes(more[2], 0), x.Shape().Dimensions...), there, x)
	}
	return x
}

// predict is the network's prediction with guidance.
//
// Shapes: x: (N, 784), time: scalar, label: (N) -> (N, 784).
func (s Sampler) predict(p nn.Values, x, time, label *Node) *Node {
	n := x.Shape().Dim(0)
	if s.Guidance == 1 {
		y, _ := s.Net.Forward(p, x, BroadcastToDims(time, n), label)
		return y
	}
	none := BroadcastToDims(ConvertDType(Const(x.Graph(), int32(NoLabel)), dtypes.Int32), n)
	both, _ := s.Net.Forward(p, Concatenate([]*Node{x, x}, 0), BroadcastToDims(time, 2*n), Concatenate([]*Node{label, none}, 0))
	with, without := SliceAxis(both, 0, AxisRange(0, n)), SliceAxis(both, 0, AxisRange(n))
	return Add(without, Mul(Const(x.Graph(), float32(s.Guidance)), Sub(with, without)))
}
