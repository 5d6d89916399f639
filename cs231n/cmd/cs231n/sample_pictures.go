package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"os"
	"path/filepath"

	"github.com/gomlx/compute"
	"github.com/spf13/cobra"

	"github.com/cs231n-go/assignment3/cs231n/cmd/cli"
	"github.com/cs231n-go/assignment3/cs231n/device"
	"github.com/cs231n-go/assignment3/cs231n/diffusion"
	"github.com/cs231n-go/assignment3/cs231n/display"
	"github.com/cs231n-go/assignment3/cs231n/gan"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// generator is a trained model that draws digits.
type generator struct {
	kind, checkpoint string
	count            int
	seed             uint64
	steps            int // of the diffusion model
	guidance         float64

	// draw draws a picture for each digit, which a GAN ignores. load sets it.
	//
	// Shapes: asked: (N) -> (N·784), values in [−1, 1].
	draw func(backend compute.Backend, asked []int32) ([]float32, error)
}

// mostPictures bounds the memory of sample and eval: 240 MB of pixels.
const mostPictures = 80_000

// pictureCommands are the subcommands for models that draw digits, with the flags that sample and eval share. declare adds
// other flags and the work. In short and example, the name of the model replaces %[1]s.
func pictureCommands(short, long, example string, count int, declare func(c *cobra.Command, g *generator)) (commands []*cobra.Command) {
	for _, kind := range []string{"gan", "lsgan", "dcgan", "diffusion"} {
		c := &cobra.Command{
			Use: kind, Short: fmt.Sprintf(short, kind), GroupID: "mnist", Args: cli.Args(), Long: long, Example: fmt.Sprintf(example, kind),
		}
		g, f := &generator{kind: kind, count: count, steps: diffusion.DefaultSamplerSteps, guidance: diffusion.DefaultGuidance}, c.Flags()
		f.StringVar(&g.checkpoint, "checkpoint", filepath.Join("out", kind), "load the model from the folder `DIR`, where train saved it")
		f.VarP(cli.Between(1, mostPictures, &g.count), "images", "n", "draw `N` pictures")
		f.Var(cli.Seed(math.MaxUint64, &g.seed), "seed", "seed the noise with `N` (default 0)")
		if kind == "diffusion" {
			f.Var(cli.Between(1, diffusion.MaxSteps, &g.steps), "steps", "go from noise to a picture in `N` steps")
			f.Var(cli.NotNegative(&g.guidance), "guidance", "guide towards the digit with strength `X`; 1 is no guidance")
		}
		declare(c, g)
		commands = append(commands, c)
	}
	return commands
}

// load reads the model.
func (g *generator) load(s *display.Screen) error {
	folder, stream := training.Folder(g.checkpoint), rng.NewTorch(g.seed)
	progress := func(done, total int) { s.Step(done, total) }
	if g.kind == "diffusion" {
		sampler, _, err := diffusion.Load(folder)
		if err != nil {
			return err
		}
		sampler.Steps, sampler.Guidance, sampler.Progress = g.steps, g.guidance, progress
		g.draw = func(backend compute.Backend, asked []int32) ([]float32, error) {
			defer sampler.Close()
			return sampler.Sample(backend, asked, stream)
		}
		return nil
	}
	sampler, _, err := gan.LoadSampler(folder, g.kind)
	if err != nil {
		return err
	}
	sampler.Progress = progress
	g.draw = func(backend compute.Backend, asked []int32) ([]float32, error) {
		return sampler.Sample(backend, len(asked), stream)
	}
	return nil
}

// inTurn returns the ten digits, again and again.
func inTurn(count int) []int32 {
	asked := make([]int32, count)
	for i := range asked {
		asked[i] = int32(i % 10)
	}
	return asked
}

// saved is the result of `cs231n sample` for a model that draws.
type saved struct {
	model, dir string
	count      int
}

func (s saved) String() string {
	last := ""
	if s.count > 1 {
		last = " … " + s.name(s.count-1)
	}
	return fmt.Sprintf("%s: %d digits drawn, saved in %s: grid.png and %s%s", s.model, s.count, s.dir, s.name(0), last)
}

func (saved) name(i int) string { return fmt.Sprintf("digits-%03d.png", i) }

func samplePictures() []*cobra.Command {
	return pictureCommands("Draw digits with the model that train %[1]s saved",
		"Draw digits with a trained model. The files are digits-000.png and so on, in the size of\nMNIST's images, and grid.png, which shows all of them.",
		"  cs231n sample %[1]s\n  cs231n sample %[1]s --images 100 --seed 7 --out out/try", 16, sampleGenerator)
}

// sampleGenerator is `cs231n sample` for one model.
func sampleGenerator(c *cobra.Command, g *generator) {
	out, digit := "", 0
	f := c.Flags()
	f.StringVar(&out, "out", filepath.Join("out", "samples"), "save the pictures in the folder `DIR`")
	if g.kind == "diffusion" {
		f.Var(cli.Between(0, 9, &digit), "digit", "draw the digit `N` (default all ten in turn)")
		c.Example += "\n  cs231n sample diffusion --digit 7 --steps 50 --guidance 2"
	}
	perform(c, new(bool), func(_ context.Context, s *display.Screen, _ []string) (any, error) {
		if err := g.load(s); err != nil {
			return nil, err
		}
		if err := os.MkdirAll(out, 0o755); err != nil {
			return nil, fmt.Errorf("cannot save pictures in %s: %w; choose another folder with --out", out, err)
		}
		backend, err := device.Open(device.Warn(c.ErrOrStderr()))
		if err != nil {
			return nil, err
		}
		defer backend.Finalize()
		asked := inTurn(g.count)
		if f.Changed("digit") {
			for i := range asked {
				asked[i] = int32(digit)
			}
		}
		s.Phase("drawing the first digits", "digits")
		pictures, err := g.draw(backend, asked)
		if err = errors.Join(err, s.Done()); err != nil {
			return nil, err
		}
		r := saved{g.kind, out, g.count}
		return r, r.save(pictures)
	})
}

// save writes the pictures.
//
// Shapes: pictures: (N·784), values in [−1, 1].
func (s saved) save(pictures []float32) error {
	rows, err := display.Split(pictures, gan.Pixels)
	if err != nil {
		return err
	}
	for i, row := range rows {
		picture := image.NewGray(image.Rect(0, 0, gan.Side, gan.Side))
		for j, v := range row {
			picture.Pix[j] = uint8(math.Round((float64(v) + 1) / 2 * 255))
		}
		if err := display.SavePNG(filepath.Join(s.dir, s.name(i)), picture); err != nil {
			return err
		}
	}
	grid, err := display.Grid(rows)
	if err != nil {
		return err
	}
	return display.SavePNG(filepath.Join(s.dir, "grid.png"), grid)
}
