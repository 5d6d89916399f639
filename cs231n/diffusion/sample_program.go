package diffusion

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/gomlx/compute"
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
func (s *Sampler) plan(r request) (p plan, err error) {
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

// table returns the plan for the device: time, α, σ, α', σ', the share of the predicted noise, and s. It has maxTime rows, so
// that one program serves any number of steps; those after the last step are zero.
func (p plan) table() *tensors.Tensor {
	const columns = 7
	flat := make([]float32, 0, maxTime*columns)
	for i, s := range p.fresh {
		from, to := p.levels[i], p.levels[i+1]
		for _, v := range []float64{from.Time, from.Alpha, from.Sigma, to.Alpha, to.Sigma, math.Sqrt(max(to.Sigma*to.Sigma-s*s, 0)), s} {
			flat = append(flat, float32(v))
		}
	}
	return tensors.FromFlatDataAndDimensions(flat[:cap(flat)], maxTime, columns)
}

// run draws the images of a request, in batches of equal size. A compiled program goes through all steps.
func (s *Sampler) run(backend compute.Backend, r request, stream *rng.Torch) (images []float32, err error) {
	if err := s.check(r); err != nil {
		return nil, err
	}
	p, err := s.plan(r)
	if err != nil {
		return nil, err
	}
	k := s.kind(r, p)
	exec, err := s.programs.Get(backend, k, graph{net: s.Net, objective: s.Objective, kind: k}.build)
	if err != nil {
		return nil, fmt.Errorf("diffusion: %w", err)
	}
	n := len(r.labels)
	batch := min(n, cmp.Or(s.Batch, maxBatch))
	for first := 0; first < n; first += batch {
		last := min(first+batch, n)
		out, err := exec.Call(nn.WithValues(s.inputs(r, p, batch, first, last, stream), s.Net.Params())...)
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
func (s *Sampler) inputs(r request, p plan, batch, first, last int, stream *rng.Torch) []any {
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
		tensors.FromFlatDataAndDimensions(start, batch, Pixels), tensors.FromScalar(int32(p.steps())),
		tensors.FromFlatDataAndDimensions(labels, batch), p.table(), tensors.FromScalar(float32(s.Guidance)),
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

// graph is the graph of a program.
type graph struct {
	kind
	net       *UNet
	objective Objective
}

// build builds the graph. Its outputs are the images and, for a path, x at all levels.
//
// Shapes: in: start (N, 784), steps: scalar, labels (N), plan (1000, 7), guidance: scalar, then fresh noise (steps, N, 784) if
// fresh, then images and their noise (N, 784) and the known pixels (784) if inpaint, then the parameters.
func (g graph) build(in []*Node) []*Node {
	params := g.net.Params()
	k := len(in) - len(params)
	state := []*Node{in[0]}
	if g.path > 0 {
		state = append(state, loop.Buffer(in[0], 0, g.path))
	}
	out := loop.Times(in[1], in[2:], state, func(t *Node, fixed, state []*Node) []*Node {
		x := g.step(nn.Bind(params, fixed[k-2:]), t, fixed[:k-2], state[0])
		if g.path == 0 {
			return []*Node{x}
		}
		return []*Node{x, loop.Put(state[1], 0, loop.Next(t), x)}
	})
	out[0] = clip(out[0])
	return out
}

// clip limits pixels to [−1, 1]. It makes its own constants, since the body of a loop cannot share those outside.
func clip(x *Node) *Node { return Clip(x, Const(x.Graph(), float32(-1)), Const(x.Graph(), float32(1))) }

// step goes to the next level. fixed are the inputs of build from the labels on, without the parameters.
func (g graph) step(p nn.Values, t *Node, fixed []*Node, x *Node) *Node {
	labels, guidance, more := fixed[0], fixed[2], fixed[3:]
	row := loop.At(fixed[1], 0, t)
	column := func(i int) *Node { return Reshape(Slice(row, AxisElem(i))) }
	alpha, sigma := column(1), column(2)
	image := clip(g.objective.image(x, g.predict(p, x, column(0), labels, guidance), alpha, sigma))
	noise := Div(Sub(x, Mul(alpha, image)), sigma)
	x = Add(Mul(column(3), image), Mul(column(5), noise))
	if g.fresh {
		x, more = Add(x, Mul(column(6), loop.At(more[0], 0, t))), more[1:]
	}
	if g.inpaint {
		there := Add(Mul(column(3), more[0]), Mul(column(4), more[1]))
		x = Where(BroadcastToDims(ExpandAxes(more[2], 0), x.Shape().Dimensions...), there, x)
	}
	return x
}

// predict is the network's prediction with guidance.
//
// Shapes: x: (N, 784), time, guidance: scalar, label: (N) -> (N, 784).
func (g graph) predict(p nn.Values, x, time, label, guidance *Node) *Node {
	n := x.Shape().Dim(0)
	if !g.guided {
		y, _ := g.net.Forward(p, x, BroadcastToDims(time, n), label)
		return y
	}
	none := BroadcastToDims(Const(x.Graph(), int32(NoLabel)), n)
	both, _ := g.net.Forward(p, Concatenate([]*Node{x, x}, 0), BroadcastToDims(time, 2*n), Concatenate([]*Node{label, none}, 0))
	with, without := SliceAxis(both, 0, AxisRange(0, n)), SliceAxis(both, 0, AxisRange(n))
	return Add(without, Mul(guidance, Sub(with, without)))
}
