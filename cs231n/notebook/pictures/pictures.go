// Package pictures scores and shows generated digits in the notebooks.
package pictures

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"slices"

	"github.com/cs231n-go/assignment3/cs231n/atomicfile"
	"github.com/cs231n-go/assignment3/cs231n/digits"
	"github.com/cs231n-go/assignment3/cs231n/display"
	"github.com/cs231n-go/assignment3/cs231n/gan"
	"github.com/cs231n-go/assignment3/cs231n/metrics"
	"github.com/cs231n-go/assignment3/cs231n/mnist"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	nb "github.com/cs231n-go/assignment3/cs231n/notebook"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// sampleSeed seeds the noise of the pictures that are scored, so their scores are the same each time.
const sampleSeed = 231

// TrainClassifier trains the classifier of digits, or loads it if this notebook or another one has trained it before. Quick
// runs train it for a moment, and their scores mean nothing.
func TrainClassifier() *training.Result {
	train, _, err := mnist.Load("")
	nb.Check(err)
	o := training.Options{Seed: 231, LogEvery: 1000}
	if nb.Quick() {
		o.Iters = 100
	}
	net := digits.Classifier(rng.NewTorch(o.Seed))
	return nb.TrainOnce("digits", digits.Config{Net: net, Train: train, Stream: rng.NewNumPy(uint32(o.Seed))}, o)
}

// Judge returns a judge that compares with the test images. [TrainClassifier] must have run.
func Judge() *digits.Judge {
	net, _, err := digits.Load(nb.OutDir("digits"))
	nb.Check(err)
	_, test, err := mnist.Load("")
	nb.Check(err)
	return nb.Must(digits.NewJudge(nb.Backend(), net, test))
}

// Generator loads the generator of a GAN that the GAN notebook has trained: "gan", "lsgan" or "dcgan". It returns nil, and
// prints a line, if there is none.
func Generator(model string) *gan.Sampler {
	s, _, err := gan.LoadSampler(nb.OutDir(model), model)
	if errors.Is(err, fs.ErrNotExist) {
		fmt.Printf("%s is not trained yet; run the notebook Generative_Adversarial_Networks first\n", model)
		return nil
	}
	nb.Check(err)
	return s
}

// Draw draws n pictures with a generator, always the same ones.
//
// Shapes: (n·784), values in [−1, 1].
func Draw(g *gan.Sampler, n int) []float32 {
	return nb.Must(g.Sample(nb.Backend(), n, rng.NewTorch(sampleSeed)))
}

// Real returns the first n images of a set, as a generator would draw them.
//
// Shapes: (n·784), values in [−1, 1].
func Real(set mnist.Set, n int) []float32 {
	images := make([]float32, n*gan.Pixels)
	for i := range images {
		images[i] = float32(set.Images[i])/127.5 - 1
	}
	return images
}

// Save writes pictures to a file, one byte for each pixel, for other cells.
func Save(path string, images []float32) error {
	data := make([]byte, len(images))
	for i, v := range Unit(images) {
		data[i] = byte(math.Round(float64(v) * 255))
	}
	return atomicfile.WriteBytes(path, data)
}

// Load reads the pictures that [Save] has written.
func Load(path string) ([]float32, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("pictures: %w; run the cell that draws and saves them", err)
	}
	images := make([]float32, len(data))
	for i, v := range data {
		images[i] = float32(v)/127.5 - 1
	}
	return images, nil
}

// Unit maps pixels from [−1, 1] to [0, 1].
func Unit(pixels []float32) []float32 {
	unit := make([]float32, len(pixels))
	for i, v := range pixels {
		unit[i] = min(max((v+1)/2, 0), 1)
	}
	return unit
}

// Distances scores the parameters that a GAN's run has kept on its way: the Fréchet distance of n pictures after each of
// those iterations.
func Distances(judge *digits.Judge, model string, n int) display.Series {
	s := display.Series{Name: model}
	g := Generator(model)
	if g == nil {
		return s
	}
	for _, kept := range nb.Must(nb.OutDir(model).Kept()) {
		nb.Check(kept.Set(map[string][]*nn.Param{"G": g.G.Params()}))
		s.X = append(s.X, float64(kept.Iteration))
		s.Y = append(s.Y, nb.Must(judge.Distance(Unit(Draw(g, n)))))
	}
	return s
}

// Nearest returns, for each picture, the distance of its pixels in [0, 1] from those of the most similar training image.
//
// Shapes: images: (N·784), values in [−1, 1] -> (N).
func Nearest(images []float32, train mnist.Set) []float64 {
	_, distances := nearest(images, train)
	return distances
}

// ShowNearest draws pictures in a row and, below each, the most similar training image.
//
// Shapes: images: (N·784), values in [−1, 1].
func ShowNearest(images []float32, train mnist.Set) {
	similar, _ := nearest(images, train)
	ShowStrips(images, similar)
}

// nearest returns the most similar training images and their distances.
func nearest(images []float32, train mnist.Set) (similar []float32, distances []float64) {
	all := make([]float32, train.N*gan.Pixels)
	train.Floats(0, train.N, all)
	rows, distances, err := metrics.Nearest(nb.Backend(), Unit(images), all, gan.Pixels)
	nb.Check(err)
	for _, row := range rows {
		similar = append(similar, all[row*gan.Pixels:(row+1)*gan.Pixels]...)
	}
	return similar, distances
}

// ShowStrips draws strips of equally many pictures below each other.
//
// Shapes: strips: (N·784) each.
func ShowStrips(strips ...[]float32) {
	if len(strips) == 0 {
		return
	}
	images := nb.Must(display.Split(slices.Concat(strips...), gan.Pixels))
	nb.Check(display.ShowTable(images, len(strips[0])/gan.Pixels))
}
