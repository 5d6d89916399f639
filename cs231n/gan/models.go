// Package gan holds the assignment's generative adversarial networks: a vanilla GAN, a least-squares GAN and a deep
// convolutional GAN, all trained on MNIST.
//
// A GAN is a game between two networks (Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661). The discriminator D
// scores images, high for real ones. The generator G turns noise into images that should score high too. An iteration
// updates D and then G in one compiled XLA program.
//
// All random numbers come from an [rng.Torch] stream in PyTorch's order. A run that starts from torch.manual_seed(231)
// has the weights and the noise of the Python original, and its first losses agree to the printed digits.
//
// # Shapes
//
// N is the batch size (128), 784 = 28·28 the number of pixels of an image, with values in [−1, 1], and 96 the dimension of
// the noise. Package nn documents the layout of images between layers.
package gan

import (
	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

const (
	NoiseDim  = 96          // noise values per image
	BatchSize = 128         // images per training step
	Side      = 28          // height and width of an image
	Pixels    = Side * Side // pixels of an image
)

// SampleNoise draws batch·dim values uniformly from [−1, 1), as torch.rand(batch, dim)·2 − 1 does.
//
// Shapes: (batch, dim), row-major.
func SampleNoise(batch, dim int, stream *rng.Torch) []float32 {
	// BEGIN SOLUTION gan-noise
	noise := make([]float32, batch*dim)
	stream.Uniform(noise, 0, 1)
	for i, v := range noise {
		noise[i] = v*2 - 1
	}
	return noise
	// END SOLUTION
}

// Discriminator builds the fully connected discriminator, 784 – 256 – 256 – 1 with LeakyReLU(0.01):
// 267,009 parameters. Its output is a score (a logit), not a probability.
//
// Shapes: (N, 784) -> (N, 1).
func Discriminator(stream *rng.Torch) *nn.Network {
	// BEGIN SOLUTION gan-discriminator
	return nn.Sequential(
		nn.Linear(Pixels, 256, stream),
		nn.LeakyReLU(0.01),
		nn.Linear(256, 256, stream),
		nn.LeakyReLU(0.01),
		nn.Linear(256, 1, stream),
	)
	// END SOLUTION
}

// Generator builds the fully connected generator, noiseDim – 1024 – 1024 – 784 with ReLU and a final
// tanh: 1,858,320 parameters for a noiseDim of 4.
//
// Shapes: (N, noiseDim) -> (N, 784), values in (-1, 1).
func Generator(noiseDim int, stream *rng.Torch) *nn.Network {
	// BEGIN SOLUTION gan-generator
	return nn.Sequential(
		nn.Linear(noiseDim, 1024, stream),
		nn.ReLU(),
		nn.Linear(1024, 1024, stream),
		nn.ReLU(),
		nn.Linear(1024, Pixels, stream),
		nn.TanH(),
	)
	// END SOLUTION
}

// BuildDCClassifier builds the convolutional discriminator of the DCGAN part: two 5×5 convolutions
// with LeakyReLU and max pooling, then two fully connected layers; 1,102,721 parameters.
//
// Shapes: (N, 784) -> (N, 1).
func BuildDCClassifier(stream *rng.Torch) *nn.Network {
	// BEGIN SOLUTION dc-classifier
	return nn.Sequential(
		nn.Unflatten(1, Side, Side),
		nn.Conv2d(1, 32, 5, stream),
		nn.LeakyReLU(0.01),
		nn.MaxPool2d(),
		nn.Conv2d(32, 64, 5, stream),
		nn.LeakyReLU(0.01),
		nn.MaxPool2d(),
		nn.Flatten(),
		nn.Linear(4*4*64, 4*4*64, stream),
		nn.LeakyReLU(0.01),
		nn.Linear(4*4*64, 1, stream),
	)
	// END SOLUTION
}

// BuildDCGenerator builds the convolutional generator, after InfoGAN's for MNIST (Chen et al. 2016,
// https://arxiv.org/abs/1606.03657, appendix C.1): two fully connected layers, then two transposed
// convolutions from 7×7 to 28×28, with batch normalization; 6,580,801 parameters for a noiseDim of 4.
//
// Shapes: (N, noiseDim) -> (N, 784), values in (-1, 1).
func BuildDCGenerator(noiseDim int, stream *rng.Torch) *nn.Network {
	// BEGIN SOLUTION dc-generator
	return nn.Sequential(
		nn.Linear(noiseDim, 1024, stream),
		nn.ReLU(),
		nn.BatchNorm(1024),
		nn.Linear(1024, 7*7*128, stream),
		nn.ReLU(),
		nn.BatchNorm(7*7*128),
		nn.Unflatten(128, 7, 7),
		nn.ConvTranspose2d(128, 64, 4, stream),
		nn.ReLU(),
		nn.BatchNorm(64),
		nn.ConvTranspose2d(64, 1, 4, stream),
		nn.TanH(),
		nn.Flatten(),
	)
	// END SOLUTION
}

// InitializeWeights redraws the weights of the Linear and ConvTranspose2d layers with Xavier's uniform rule; see
// [nn.XavierUniform].
func InitializeWeights(n *nn.Network, stream nn.Uniform) { nn.XavierUniform(n, stream) }

// Preset returns the settings of one of the notebook's three GANs: "gan" or "lsgan" (10 epochs), or "dcgan" (5 epochs). It
// draws the weights of D and then those of G from stream. For the DCGAN it calls [InitializeWeights] after building each
// network. The caller sets Images.
func Preset(model string, stream *rng.Torch) (Config, error) {
	c := Config{
		Model: model, Stream: stream, Epochs: 10,
		DSolver: GetOptimizer("D"), GSolver: GetOptimizer("G"),
		DLoss: DiscriminatorLoss, GLoss: GeneratorLoss,
	}
	switch model {
	case "gan", "lsgan":
		c.D, c.G = Discriminator(stream), Generator(NoiseDim, stream)
	case "dcgan":
		c.Epochs = 5
		c.D = BuildDCClassifier(stream)
		InitializeWeights(c.D, stream)
		c.G = BuildDCGenerator(NoiseDim, stream)
		InitializeWeights(c.G, stream)
	default:
		return Config{}, unknownModel(model)
	}
	if model == "lsgan" {
		c.DLoss, c.GLoss = LSDiscriminatorLoss, LSGeneratorLoss
	}
	return c, nil
}
