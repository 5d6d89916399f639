package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/cs231n-go/assignment3/cs231n/cmd/cli"
	"github.com/cs231n-go/assignment3/cs231n/device"
	"github.com/cs231n-go/assignment3/cs231n/digits"
	"github.com/cs231n-go/assignment3/cs231n/display"
	"github.com/cs231n-go/assignment3/cs231n/mnist"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// scored is the result of `cs231n eval` for a model that draws.
type scored struct {
	Model  string        `json:"model"`
	Images int           `json:"images"` // that were drawn
	Scores digits.Scores `json:"scores"`

	real int // test images that they were compared with
}

func (s scored) String() string {
	return fmt.Sprintf("%s: %d pictures beside %d test images\n%v", s.Model, s.Images, s.real, s.Scores)
}

func evalPictures() []*cobra.Command {
	return pictureCommands("Score the pictures of the model that train %[1]s saved",
		`Draw digits with a trained model and compare them with MNIST's test images, on features of
the classifier that train digits saved: Fréchet distance, inception score, precision and
recall. Scores that others publish are on features of another network.`,
		"  cs231n eval %[1]s\n  cs231n eval %[1]s --images 2000 --json", 10_000, evalGenerator)
}

// evalGenerator is `cs231n eval` for one model.
func evalGenerator(c *cobra.Command, g *generator) {
	j := judging{generator: g}
	f := c.Flags()
	f.StringVar(&j.classifier, "classifier", filepath.Join("out", "digits"), "load the classifier from the folder `DIR`, where train digits saved it")
	f.StringVar(&j.data, "data", "", "read MNIST's four files from the folder `DIR` (default a built-in copy)")
	asJSON := f.Bool("json", false, "print one JSON object")
	perform(c, asJSON, func(_ context.Context, s *display.Screen, _ []string) (any, error) {
		if g.count < digits.MinPictures {
			return nil, cli.Usagef("--images %d: scores need at least %d pictures, since there are %d features", g.count, digits.MinPictures, digits.MinPictures-1)
		}
		return j.judge(c, s)
	})
}

// judging is a generator with the paths of the data and the classifier that judge it.
type judging struct {
	*generator
	classifier, data string
}

// judge draws pictures, all ten digits in turn, and scores them.
func (j *judging) judge(c *cobra.Command, s *display.Screen) (any, error) {
	s.Phase("loading MNIST, the classifier and "+j.checkpoint, "")
	_, test, err := mnist.Load(j.data)
	var net *nn.Network
	if err == nil {
		net, _, err = digits.Load(training.Folder(j.classifier))
	}
	if err == nil {
		err = j.load(s)
	}
	if err != nil {
		return nil, err
	}
	backend, err := device.Open(device.Warn(c.ErrOrStderr()))
	if err != nil {
		return nil, err
	}
	defer backend.Finalize()
	s.Phase("classifying the test images", "")
	judge, err := digits.NewJudge(backend, net, test)
	if err != nil {
		return nil, err
	}
	s.Phase("drawing the first digits", "digits")
	asked := inTurn(j.count)
	pictures, err := j.draw(backend, asked)
	if err = errors.Join(err, s.Done()); err != nil {
		return nil, err
	}
	for i, v := range pictures {
		pictures[i] = (v + 1) / 2
	}
	var wanted []uint8
	if j.kind == "diffusion" {
		for _, digit := range asked {
			wanted = append(wanted, uint8(digit))
		}
	}
	s.Phase("comparing with the test images", "")
	scores, err := judge.Score(pictures, wanted)
	if err != nil {
		return nil, err
	}
	return scored{j.kind, j.count, scores, test.N}, nil
}
