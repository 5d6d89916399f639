package digits_test

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"sync"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"github.com/cs231n-go/assignment3/cs231n/digits"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/mnist"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// classifier trains once for all tests.
type classifier struct {
	once sync.Once
	net  *nn.Network
	err  error
}

var shared classifier

// trained returns a classifier after a brief training.
func trained(t testing.TB) *nn.Network {
	t.Helper()
	shared.once.Do(func() {
		c, o := small(t, "")
		_, shared.err = training.Run(context.Background(), testbackend.Get(t), c, o)
		shared.net = c.Net
	})
	require.NoError(t, shared.err)
	return shared.net
}

// part returns n images of a set from the first on.
func part(set mnist.Set, from, n int) mnist.Set {
	set.Images, set.Labels = set.Images[from*784:(from+n)*784], set.Labels[from:from+n]
	set.N = n
	return set
}

func floatsOf(set mnist.Set) []float32 {
	images := make([]float32, set.N*784)
	set.Floats(0, set.N, images)
	return images
}

// judge returns a judge with a few test images, and others.
func judge(t testing.TB) (*digits.Judge, mnist.Set) {
	t.Helper()
	sets, err := mnistSets()
	require.NoError(t, err)
	j, err := digits.NewJudge(testbackend.Get(t), trained(t), part(sets[1], 0, 400))
	require.NoError(t, err)
	return j, part(sets[1], 400, 300)
}

// TestFeatures computes the scores from the features with the last layer, and compares with the whole network's.
func TestFeatures(t *testing.T) {
	t.Parallel()
	backend, net := testbackend.Get(t), trained(t)
	_, test := sets(t)
	const m = 1003 // more than a batch
	images := floatsOf(first(test, m))
	features, probabilities, err := digits.Features(backend, net, images)
	require.NoError(t, err)
	rows, width := features.Dims()
	require.Equal(t, []int{m, 128}, []int{rows, width})
	require.GreaterOrEqual(t, mat.Min(features), 0.0, "after the ReLU")
	rows, classes := probabilities.Dims()
	require.Equal(t, []int{m, 10}, []int{rows, classes})

	scores, err := net.Call(backend, tensors.FromFlatDataAndDimensions(images, m, 784))
	require.NoError(t, err)
	want := slices.Collect(slices.Chunk(tensors.MustCopyFlatData[float32](scores), 10))
	params := net.Params()
	weight, bias := tensors.MustCopyFlatData[float32](params[6].Value), tensors.MustCopyFlatData[float32](params[7].Value)
	for i := range m {
		row := make([]float64, 10)
		for c := range row {
			row[c] = float64(bias[c])
			for f, v := range features.RawRowView(i) {
				row[c] += v * float64(weight[c*128+f])
			}
			require.InDelta(t, want[i][c], row[c], 1e-4)
		}
		sum := floats.LogSumExp(row)
		for c, p := range probabilities.RawRowView(i) {
			require.InDelta(t, math.Exp(row[c]-sum), p, 1e-4)
		}
	}
}

// TestJudge scores real images, noise, a collapsed generator, and real images under other labels.
func TestJudge(t *testing.T) {
	t.Parallel()
	j, real := judge(t)
	_, test := sets(t)
	accuracy, err := digits.Accuracy(testbackend.Get(t), trained(t), first(test, 400))
	require.NoError(t, err)
	require.Equal(t, accuracy, j.Accuracy)
	accuracy, err = digits.Accuracy(testbackend.Get(t), trained(t), real)
	require.NoError(t, err)

	good, err := j.Score(floatsOf(real), real.Labels)
	require.NoError(t, err)
	require.Equal(t, accuracy, good.Asked)
	require.InDelta(t, 1, floats.Sum(good.Classes[:]), 1e-12)
	require.Greater(t, floats.Min(good.Classes[:]), 0.03)
	require.Greater(t, good.Inception, 4.0)
	require.Greater(t, good.Precision, 0.8)
	require.Greater(t, good.Recall, 0.8)
	again, err := j.Score(floatsOf(real), real.Labels)
	require.NoError(t, err)
	require.Equal(t, good, again)
	distance, err := j.Distance(floatsOf(real))
	require.NoError(t, err)
	require.Equal(t, good.Frechet, distance)

	shifted := slices.Clone(real.Labels)
	for i := range shifted {
		shifted[i] = (shifted[i] + 1) % 10
	}
	wrong, err := j.Score(floatsOf(real), shifted)
	require.NoError(t, err)
	require.Less(t, wrong.Asked, 0.1)

	noise := make([]float32, 300*784)
	rng.NewTorch(1).Uniform(noise, 0, 1)
	bad, err := j.Score(noise, nil)
	require.NoError(t, err)
	require.Greater(t, bad.Frechet, 10*good.Frechet)
	require.Less(t, bad.Inception, 1.5)
	require.Less(t, bad.Precision, good.Precision/2)
	require.True(t, math.IsNaN(bad.Asked))

	same := slices.Repeat(floatsOf(part(real, 0, 1)), 300)
	collapsed, err := j.Score(same, nil)
	require.NoError(t, err)
	require.InDelta(t, 1, collapsed.Inception, 1e-6)
	require.InDelta(t, 1, floats.Max(collapsed.Classes[:]), 1e-12)
	require.Zero(t, collapsed.Recall)
	require.Greater(t, collapsed.Frechet, 3*good.Frechet)
}

func TestJudgeRefuses(t *testing.T) {
	t.Parallel()
	backend := testbackend.Get(t)
	j, real := judge(t)
	images := floatsOf(real)
	for wantErr, c := range map[string]struct {
		pictures []float32
		asked    []uint8
	}{
		"digits: 5 pixels are no images; give 28×28 = 784 for each":                                          {images[:5], nil},
		"digits: 0 pixels are no images; give 28×28 = 784 for each":                                          {nil, nil},
		"digits: 128 pictures for 128 features, so that the covariance would be singular; give at least 129": {images[:128*784], nil},
		"digits: pixel 2 of image 1 is -0.5; give values in [0, 1], (x+1)/2 for x in [-1, 1]":                {changed(images, -0.5), nil},
		"digits: pixel 2 of image 1 is 1.25; give values in [0, 1], (x+1)/2 for x in [-1, 1]":                {changed(images, 1.25), nil},
		"digits: pixel 2 of image 1 is NaN; give values in [0, 1], (x+1)/2 for x in [-1, 1]":                 {changed(images, float32(math.NaN())), nil},
		"digits: 299 digits asked for of 300 pictures; give one for each picture, or nil":                    {images, real.Labels[:299]},
		"digits: picture 299 was asked to be 10; ask for digits from 0 to 9":                                 {images, append(slices.Clone(real.Labels[:299]), 10)},
	} {
		_, err := j.Score(c.pictures, c.asked)
		require.EqualError(t, err, wantErr)
		if c.asked == nil {
			_, err = j.Distance(c.pictures)
			require.EqualError(t, err, wantErr)
		}
	}
	_, err := j.Score(images[:129*784], nil)
	require.NoError(t, err)

	_, test := sets(t)
	for wantErr, c := range map[string]struct {
		net  *nn.Network
		real mnist.Set
	}{
		"digits: cannot compare with images of 14×28; give images of 28×28":                                     {trained(t), mnist.Set{N: 1, Rows: 14, Cols: 28}},
		"digits: 128 real images for 128 features, so that the covariance would be singular; give at least 129": {trained(t), first(test, 128)},
		"digits: the network has no layer before the last; give a Classifier":                                   {nn.Sequential(nn.Linear(784, 10, nil)), first(test, 200)},
	} {
		_, err := digits.NewJudge(backend, c.net, c.real)
		require.EqualError(t, err, wantErr)
	}
	_, err = digits.NewJudge(backend, digits.Classifier(rng.NewTorch(231)), first(test, 200))
	require.Regexp(t, `^digits: the classifier reads only \d+% of the real images correctly; load a trained one, or train one: cs231n train digits$`, err)
}

// TestHalf judges with classifiers of two layers. One reads every picture as a 7, which is right for half of the labels.
func TestHalf(t *testing.T) {
	t.Parallel()
	_, test := sets(t)
	real := first(test, 200)
	real.Labels = slices.Repeat([]uint8{7, 0}, 100)
	net := nn.Sequential(nn.Linear(784, 5, rng.NewTorch(1)), nn.Linear(5, 10, nil))
	require.NoError(t, net.Params()[3].SetValue(tensors.FromValue([]float32{7: 1, 9: 0})))
	j, err := digits.NewJudge(testbackend.Get(t), net, real)
	require.NoError(t, err)
	require.Equal(t, 0.5, j.Accuracy)
	real.Labels[0] = 1
	_, err = digits.NewJudge(testbackend.Get(t), net, real)
	require.ErrorContains(t, err, "reads only 50% of the real images")
}

// changed returns a copy of images with another value at pixel 2 of image 1.
func changed(images []float32, v float32) []float32 {
	images = slices.Clone(images)
	images[784+2] = v
	return images
}

func TestScores(t *testing.T) {
	t.Parallel()
	s := digits.Scores{Frechet: 13.829, Inception: 9.51239, Precision: 0.812349, Recall: 1, Classes: [10]float64{0.25, 0.75}, Asked: 0.9971}
	require.Equal(t, `Fréchet  Inception  precision  recall  as asked
  13.83     9.5124     0.8123  1.0000    99.71%
read as  0: 25.0%  1: 75.0%  2: 0.0%  3: 0.0%  4: 0.0%  5: 0.0%  6: 0.0%  7: 0.0%  8: 0.0%  9: 0.0%`, s.String())
	data, err := json.Marshal(s)
	require.NoError(t, err)
	require.JSONEq(t, `{"frechet": 13.829, "inception": 9.51239, "precision": 0.812349, "recall": 1, "classes": [0.25, 0.75, 0, 0, 0, 0, 0, 0, 0, 0], "asked": 0.9971}`, string(data))

	none := digits.Scores{Frechet: 200, Asked: math.NaN()}
	data, err = json.Marshal(none)
	require.NoError(t, err)
	require.NotContains(t, string(data), "asked")
	require.Equal(t, `         Fréchet  Inception  precision  recall  as asked
vanille    13.83     9.5124     0.8123  1.0000    99.71%
größe     200.00     0.0000     0.0000  0.0000         –
`, digits.Table{{"vanille", s}, {"größe", none}}.String())
	data, err = json.Marshal(digits.Scores{})
	require.NoError(t, err)
	require.Contains(t, string(data), `"asked":0`)
}

// BenchmarkScore compares 10,000 training images with 10,000 test images.
func BenchmarkScore(b *testing.B) {
	sets, err := mnistSets()
	require.NoError(b, err)
	backend, net := testbackend.Get(b), trained(b)
	pictures := floatsOf(part(sets[0], 0, 10000))
	for b.Loop() {
		j, err := digits.NewJudge(backend, net, sets[1])
		require.NoError(b, err)
		_, err = j.Score(pictures, nil)
		require.NoError(b, err)
	}
}

// BenchmarkDistance is a point of a curve over the training.
func BenchmarkDistance(b *testing.B) {
	sets, err := mnistSets()
	require.NoError(b, err)
	j, err := digits.NewJudge(testbackend.Get(b), trained(b), sets[1])
	require.NoError(b, err)
	pictures := floatsOf(part(sets[0], 0, 2000))
	for b.Loop() {
		_, err = j.Distance(pictures)
		require.NoError(b, err)
	}
}
