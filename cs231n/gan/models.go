package gan

import (
	"fmt"

	"github.com/cs231n-go/assignment3/cs231n/rng"
)

const (
	// NoiseDim is the number of noise values that the generator turns into an image.
	NoiseDim = 96

	// BatchSize is the number of images in one training step.
	BatchSize = 128

	// Side is the height and width of an image.
	Side = 28

	// Pixels is the length of an image as a row.
	Pixels = Side * Side
)

// SampleNoise draws batch·dim values uniform in [-1, 1), as torch.rand(batch, dim)·2 − 1 does.
//
// Shapes: (batch, dim), row-major.
func SampleNoise(batch, dim int, stream *rng.Torch) []float32 {
	noise := make([]float32, batch*dim)
	fillNoise(noise, stream)
	return noise
}

// fillNoise is SampleNoise into an array that the training loop reuses.
func fillNoise(noise []float32, stream *rng.Torch) {
	stream.Uniform(noise, 0, 1)
	for i, v := range noise {
		noise[i] = v*2 - 1
	}
}

// Discriminator builds the fully connected discriminator, 784 – 256 – 256 – 1 with LeakyReLU(0.01):
// 267,009 parameters. Its output is a score (a logit), not a probability.
//
// Shapes: (N, 784) -> (N, 1).
func Discriminator(stream *rng.Torch) *Network {
	return Sequential(
		Linear(Pixels, 256, stream),
		LeakyReLU(0.01),
		Linear(256, 256, stream),
		LeakyReLU(0.01),
		Linear(256, 1, stream),
	)
}

// Generator builds the fully connected generator, noiseDim – 1024 – 1024 – 784 with ReLU and a final
// tanh: 1,858,320 parameters for a noiseDim of 4.
//
// Shapes: (N, noiseDim) -> (N, 784), values in (-1, 1).
func Generator(noiseDim int, stream *rng.Torch) *Network {
	return Sequential(
		Linear(noiseDim, 1024, stream),
		ReLU(),
		Linear(1024, 1024, stream),
		ReLU(),
		Linear(1024, Pixels, stream),
		TanH(),
	)
}

// BuildDCClassifier builds the convolutional discriminator of the DCGAN part: two 5×5 convolutions
// with LeakyReLU and max pooling, then two fully connected layers; 1,102,721 parameters.
//
// Shapes: (N, 784) -> (N, 1).
func BuildDCClassifier(stream *rng.Torch) *Network {
	return Sequential(
		Unflatten(1, Side, Side),
		Conv2d(1, 32, 5, stream),
		LeakyReLU(0.01),
		MaxPool2d(),
		Conv2d(32, 64, 5, stream),
		LeakyReLU(0.01),
		MaxPool2d(),
		Flatten(),
		Linear(4*4*64, 4*4*64, stream),
		LeakyReLU(0.01),
		Linear(4*4*64, 1, stream),
	)
}

// BuildDCGenerator builds the convolutional generator, after InfoGAN's for MNIST (Chen et al. 2016,
// https://arxiv.org/abs/1606.03657, appendix C.1): two fully connected layers, then two transposed
// convolutions from 7×7 to 28×28, with batch normalisation; 6,580,801 parameters for a noiseDim of 4.
//
// Shapes: (N, noiseDim) -> (N, 784), values in (-1, 1).
func BuildDCGenerator(noiseDim int, stream *rng.Torch) *Network {
	return Sequential(
		Linear(noiseDim, 1024, stream),
		ReLU(),
		BatchNorm(1024),
		Linear(1024, 7*7*128, stream),
		ReLU(),
		BatchNorm(7*7*128),
		Unflatten(128, 7, 7),
		ConvTranspose2d(128, 64, stream),
		ReLU(),
		BatchNorm(64),
		ConvTranspose2d(64, 1, stream),
		TanH(),
		Flatten(),
	)
}

// Preset sets up one of the notebook's three GANs, with networks drawn from stream and its length of
// training: "gan" and "lsgan" (10 epochs) or "dcgan" (5). D is built first, then G; the DCGAN's are
// each followed by [InitializeWeights]. Images and the rest are the caller's to fill in.
func Preset(model string, stream *rng.Torch) (Config, error) {
	c := Config{
		Model: model, Stream: stream, Epochs: 10,
		DSolver: GetOptimizer("D"), GSolver: GetOptimizer("G"),
		DLoss: DiscriminatorLoss, GLoss: GeneratorLoss,
	}
	switch model {
	case "gan", "lsgan":
		c.D = Discriminator(stream)
		c.G = Generator(NoiseDim, stream)
	case "dcgan":
		c.Epochs = 5
		c.D = BuildDCClassifier(stream)
		InitializeWeights(c.D, stream)
		c.G = BuildDCGenerator(NoiseDim, stream)
		InitializeWeights(c.G, stream)
	default:
		return Config{}, fmt.Errorf("gan: unknown model %q; there are gan, lsgan and dcgan", model)
	}
	if model == "lsgan" {
		c.DLoss, c.GLoss = LSDiscriminatorLoss, LSGeneratorLoss
	}
	return c, nil
}
