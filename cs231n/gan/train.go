package gan

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/cs231n-go/assignment3/cs231n/optim"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// Config says who plays, with what and for how long. Zero values mean what the notebook uses.
type Config struct {
	D, G             *Network
	DSolver, GSolver optim.Rule
	DLoss            func(scoresReal, scoresFake *Node) *Node
	GLoss            func(scoresFake *Node) *Node

	Images []byte     // (M, 784) pixels 0…255; taken in this order, an incomplete last batch is left out
	Stream *rng.Torch // source of the noise

	Epochs    int // passes over Images; 0 means 10
	Iters     int // if above 0, the number of iterations instead of Epochs
	BatchSize int // 0 means 128
	ShowEvery int // iterations between log lines and samples; 0 means 250
	SaveEvery int // iterations between checkpoints; 0 means 250
	Devices   int // how many of the backend's devices share each batch; 0 means 1

	Model string          // recorded in the checkpoint, for instance "gan"
	Seed  uint64          // recorded in the history; the stream is the caller's
	Dir   training.Folder // keeps checkpoint and history; empty means that nothing is kept
	// Resume goes on where the run in Dir stopped. Otherwise that run is moved to Dir/previous.
	Resume bool

	Log       io.Writer                                     // receives a line every ShowEvery iterations; nil means none
	OnStep    func(done, total int, values ...float64)      // after every iteration, with both losses
	OnSamples func(iteration int, images [][]float32) error // every ShowEvery iterations, 16 fakes
}

// Result is what a run made.
type Result struct {
	Model   string
	Seed    uint64
	D, G    []float64 // the losses of every iteration
	Samples []Samples // the fakes of every ShowEvery-th iteration
	training.Progress
}

// Samples are the fakes that G made at one iteration.
type Samples struct {
	Iteration int
	Images    [][]float32 // 16 rows of 784 values in (-1, 1)
}

// Train plays the game. Each iteration takes the next batch of images, updates D on it and on fakes,
// then updates G against the new D. When it returns without an error, c.D and c.G hold the trained parameters.
//
// A cancelled context ends training after the iterations at hand, with a checkpoint in c.Dir and an
// error that matches [context.Canceled]. A run that is resumed from it ends with the same losses as
// one that never stopped.
func Train(ctx context.Context, backend compute.Backend, c Config) (result *Result, err error) {
	if err := c.fillAndCheck(); err != nil {
		return nil, err
	}
	devices, err := training.Share(backend, c.Devices, c.BatchSize)
	if err != nil {
		return nil, fmt.Errorf("gan: %w", err)
	}
	release, err := c.Dir.Claim()
	if err != nil {
		return nil, err
	}
	defer release()
	r, store, err := c.begin()
	if err != nil {
		return nil, err
	}
	defer store.Finalize()
	// The caller's stream may write every draw to a file: draw from a copy, and hand its state back.
	stream := c.Stream
	if c.Stream, err = copyStream(stream); err != nil {
		return nil, err
	}
	defer func() {
		state, stateErr := c.Stream.MarshalBinary()
		err = errors.Join(err, stateErr, stream.UnmarshalBinary(state))
	}()
	steps, err := newSteps(devices, store, &c)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, steps.program.Close()) }()

	loop := training.Loop{
		Folder: c.Dir, SaveEvery: c.SaveEvery, OnStep: c.OnStep, Most: steps.most,
		Steps: func(i, n int) ([][]float64, error) {
			losses, fakes, err := steps.run(&c, i, n)
			if err != nil {
				return nil, err
			}
			for t, loss := range losses {
				r.D, r.G = append(r.D, loss[0]), append(r.G, loss[1])
				// What has diverged is not shown.
				if (i+t)%c.ShowEvery == 0 && training.Finite(loss...) {
					err = errors.Join(err, c.show(r, i+t, fakes, t))
				}
			}
			return losses, err
		},
		Save: func() error { return c.save(r, store) },
	}
	if err := loop.Run(ctx, &r.Progress); err != nil {
		return nil, fmt.Errorf("gan: %w", err)
	}
	return r, errors.Join(c.D.load(store.Scope("/D")), c.G.load(store.Scope("/G")))
}

// begin starts a run or takes up an unfinished one: its variables, its place in the stream, its
// history.
func (c *Config) begin() (*Result, *model.Store, error) {
	if c.Resume && c.Dir != "" {
		if r, store, err := c.takeUp(); r != nil || err != nil {
			return r, store, err
		}
	}
	previous, err := c.Dir.SetAside()
	if err != nil {
		return nil, nil, err
	}
	if previous != "" {
		c.logf("The run in %s is moved to %s.\n", c.Dir, previous)
	}
	store := model.NewStore()
	if err := errors.Join(c.D.store(store.Scope("/D")), c.G.store(store.Scope("/G"))); err != nil {
		return nil, nil, err
	}
	return &Result{Model: c.Model, Seed: c.Seed, Progress: training.Progress{Total: c.total()}}, store, nil
}

func copyStream(stream *rng.Torch) (*rng.Torch, error) {
	state, err := stream.MarshalBinary()
	if err != nil {
		return nil, err
	}
	c := rng.NewTorch(0)
	return c, c.UnmarshalBinary(state)
}

// show logs the losses of an iteration and hands out its fakes, the t-th of those that were made together.
func (c *Config) show(r *Result, iteration int, fakes *tensors.Tensor, t int) error {
	c.logf("Iter: %d, D: %s, G:%s\n", iteration, format4(r.D[iteration]), format4(r.G[iteration]))
	pixels, err := tensors.CopyFlatData[float32](fakes)
	if err != nil {
		return err
	}
	const size = sampleCount * Pixels
	s := Samples{iteration, rows(pixels[t*size : (t+1)*size])}
	r.Samples = append(r.Samples, s)
	if c.OnSamples != nil {
		return c.OnSamples(iteration, s.Images)
	}
	return nil
}

func (c *Config) logf(format string, args ...any) {
	if c.Log != nil {
		fmt.Fprintf(c.Log, format, args...)
	}
}

// format4 prints x as Python's '{:.4}' does: four significant digits, at least one of them after the
// point, and an exponent where that needs more digits.
func format4(x float64) string {
	s := strconv.FormatFloat(x, 'g', 4, 64)
	switch {
	case strings.ContainsAny(s, "e."):
		return s
	case len(strings.TrimPrefix(s, "-")) < 4:
		return s + ".0"
	}
	s = strconv.FormatFloat(x, 'e', 3, 64)
	digits, exponent, _ := strings.Cut(s, "e")
	return strings.TrimSuffix(strings.TrimRight(digits, "0"), ".") + "e" + exponent
}

// rows cuts flat pixels into images.
func rows(pixels []float32) [][]float32 {
	var images [][]float32
	for ; len(pixels) > 0; pixels = pixels[Pixels:] {
		images = append(images, pixels[:Pixels])
	}
	return images
}

// total is the number of iterations that the configuration asks for.
func (c *Config) total() int {
	if c.Iters > 0 {
		return c.Iters
	}
	return c.Epochs * (len(c.Images) / Pixels / c.BatchSize)
}

func (c *Config) noiseDim() int { return c.G.Params()[0].Dims[1] }

// fillAndCheck replaces zero values by their meaning and refuses what cannot be trained.
func (c *Config) fillAndCheck() error {
	for _, d := range []struct {
		field *int
		value int
	}{{&c.Epochs, 10}, {&c.BatchSize, BatchSize}, {&c.ShowEvery, 250}, {&c.SaveEvery, 250}} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	switch {
	case c.D == nil || c.G == nil || c.DSolver == nil || c.GSolver == nil || c.DLoss == nil || c.GLoss == nil || c.Stream == nil:
		return errors.New("gan: Config needs D, G, both solvers, both losses and a Stream")
	case c.Epochs < 0 || c.Iters < 0 || c.ShowEvery < 0 || c.SaveEvery < 0:
		return fmt.Errorf("gan: epochs (%d), iterations (%d) and intervals (%d, %d) cannot be negative", c.Epochs, c.Iters, c.ShowEvery, c.SaveEvery)
	case c.BatchSize < sampleCount:
		return fmt.Errorf("gan: a batch needs at least %d images, got %d", sampleCount, c.BatchSize)
	case len(c.Images)%Pixels != 0 || len(c.Images) < c.BatchSize*Pixels:
		return fmt.Errorf("gan: Images holds %d bytes; it needs whole images of %d and at least one batch of %d images", len(c.Images), Pixels, c.BatchSize)
	}
	return nil
}
