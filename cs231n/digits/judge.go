package digits

import (
	"fmt"
	"math"

	"github.com/gomlx/compute"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"github.com/cs231n-go/assignment3/cs231n/metrics"
	"github.com/cs231n-go/assignment3/cs231n/mnist"
	"github.com/cs231n-go/assignment3/cs231n/nn"
)

// MinPictures is the smallest number of pictures that can be scored. With fewer than one more than the 128 features their
// covariance is singular.
const MinPictures = 129

// neighbours is k of [metrics.PrecisionRecall], the paper's choice.
const neighbours = 3

// Judge scores generated digits beside real ones. It keeps the features of the real images, so that it scores many
// generators against the same ones, and the classifier in the form of one compiled program.
type Judge struct {
	// Accuracy is the fraction of the real images that the classifier reads correctly.
	Accuracy float64

	backend compute.Backend
	program *program   // computes features; compiled once
	real    *mat.Dense // features (R, 128)
}

// NewJudge computes the features of the real images with a trained classifier. Use images that neither the classifier nor
// the generators were trained on: the test images.
//
// It is an error if there are 128 images or fewer, or if the classifier reads fewer than half of them correctly.
func NewJudge(backend compute.Backend, net *nn.Network, real mnist.Set) (*Judge, error) {
	if real.Rows*real.Cols != pixels {
		return nil, fmt.Errorf("digits: cannot compare with images of %d×%d; give images of 28×28", real.Rows, real.Cols)
	}
	images := make([]float32, real.N*pixels)
	real.Floats(0, real.N, images)
	p, err := featuresProgram(backend, net)
	if err != nil {
		return nil, err
	}
	features, probabilities, err := p.features(images)
	if err != nil {
		return nil, err
	}
	if rows, width := features.Dims(); rows <= width {
		return nil, fmt.Errorf("digits: %d real images for %d features, so that the covariance would be singular; give at least %d", rows, width, width+1)
	}
	j := &Judge{readAs(probabilities, real.Labels), backend, p, features}
	if j.Accuracy < 0.5 {
		return nil, fmt.Errorf("digits: the classifier reads only %.0f%% of the real images correctly; load a trained one, or train one: cs231n train digits", 100*j.Accuracy)
	}
	return j, nil
}

// readAs returns the fraction of rows whose largest probability is that of the label.
func readAs(probabilities *mat.Dense, labels []uint8) float64 {
	right := 0
	for i, label := range labels {
		if floats.MaxIdx(probabilities.RawRowView(i)) == int(label) {
			right++
		}
	}
	return float64(right) / float64(len(labels))
}

// Score scores pictures. asked lists the digits that a conditional generator was asked for. For other generators it is nil.
// The scores depend on the number of pictures, so compare equal numbers.
//
// It is an error if there are 128 pictures or fewer, if a pixel is outside [0, 1], if asked does not have one digit
// for each picture, or if a digit is above 9.
//
// Shapes: pictures (M, 784), values in [0, 1], asked (M).
func (j *Judge) Score(pictures []float32, asked []uint8) (Scores, error) {
	if m := len(pictures) / pixels; asked != nil && len(asked) != m {
		return Scores{}, fmt.Errorf("digits: %d digits asked for of %d pictures; give one for each picture, or nil", len(asked), m)
	}
	for i, digit := range asked {
		if digit > 9 {
			return Scores{}, fmt.Errorf("digits: picture %d was asked to be %d; ask for digits from 0 to 9", i, digit)
		}
	}
	features, probabilities, err := j.program.features(pictures)
	if err != nil {
		return Scores{}, err
	}
	s := Scores{Asked: math.NaN()}
	if asked != nil {
		s.Asked = readAs(probabilities, asked)
	}
	if s.Frechet, err = j.frechet(features); err != nil {
		return Scores{}, err
	}
	if s.Inception, err = metrics.Inception(probabilities); err != nil {
		return Scores{}, err
	}
	classes, err := metrics.Histogram(probabilities)
	if err != nil {
		return Scores{}, err
	}
	copy(s.Classes[:], classes)
	if s.Precision, s.Recall, err = metrics.PrecisionRecall(j.backend, j.real, features, neighbours); err != nil {
		return Scores{}, err
	}
	return s, nil
}

// Distance is the Fréchet distance alone, the cheapest score, for a curve over the training. Its errors are those of Score.
//
// Shapes: pictures (M, 784), values in [0, 1].
func (j *Judge) Distance(pictures []float32) (float64, error) {
	features, _, err := j.program.features(pictures)
	if err != nil {
		return 0, err
	}
	return j.frechet(features)
}

func (j *Judge) frechet(features *mat.Dense) (float64, error) {
	if rows, width := features.Dims(); rows <= width {
		return 0, fmt.Errorf("digits: %d pictures for %d features, so that the covariance would be singular; give at least %d", rows, width, width+1)
	}
	return metrics.Frechet(j.real, features)
}
