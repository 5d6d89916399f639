package bench

import (
	"github.com/cs231n-go/assignment3/cs231n/diffusion"
	"github.com/cs231n-go/assignment3/cs231n/gan"
)

// The assignment's Transformer.
const (
	transformerHeads  = 2
	transformerLayers = 2
	feedForward       = 2048
)

// FLOPs returns the floating-point operations of the matrix products and convolutions in a step: 2·m·n·k for a product of
// (m, k) and (k, n). It does not count elementwise operations and unused results, such as the gradient of the images or the
// weights of attention to a single vector.
func (t Task) FLOPs() float64 {
	multiplyAdds := 0
	switch t.Model {
	case "gan", "lsgan":
		multiplyAdds = t.ganStep(
			[]int{gan.Pixels * 256, 256 * 256, 256},
			[]int{gan.NoiseDim * 1024, 1024 * 1024, 1024 * gan.Pixels})
	case "dcgan":
		multiplyAdds = t.ganStep(
			[]int{24 * 24 * 5 * 5 * 32, 8 * 8 * 5 * 5 * 32 * 64, 1024 * 1024, 1024},
			[]int{gan.NoiseDim * 1024, 1024 * 7 * 7 * 128, 7 * 7 * 4 * 4 * 128 * 64, 14 * 14 * 4 * 4 * 64})
	case "rnn":
		multiplyAdds = t.recurrentStep(1)
	case "lstm":
		multiplyAdds = t.recurrentStep(4)
	case "transformer":
		multiplyAdds = t.transformerStep()
	case "diffusion":
		forward, unused := unet(diffusion.DefaultChannels)
		multiplyAdds = t.Batch * (3*forward - unused)
	case Sample:
		multiplyAdds = t.sampling()
	case Draw:
		forward, _ := unet(diffusion.DefaultChannels)
		multiplyAdds = t.Batch * diffusion.DefaultSamplerSteps * 2 * forward // with a label and without
	}
	return 2 * float64(multiplyAdds)
}

// ganStep returns the multiply-adds of an iteration. d and g are those of each layer's forward pass for one image. The
// gradient of a layer's weights takes as many, and so does that of its input.
func (s Sizes) ganStep(d, g []int) int {
	sum := func(layers []int) (all int) {
		for _, l := range layers {
			all += l
		}
		return all
	}
	allD, allG := sum(d), sum(g)
	// D's update: forward through G, then forward and backward through D for a real and a fake image, without the gradient
	// of the image.
	updateD := allG + 2*(3*allD-d[0])
	// G's update: forward through both, backward through D for the image alone, then through G without the gradient of the
	// noise.
	updateG := allG + allD + allD + (2*allG - g[0])
	return s.Batch * (updateD + updateG)
}

// unet returns the multiply-adds of the diffusion model's forward pass for one image, and those of the layers whose inputs
// need no gradient.
func unet(c int) (forward, inputs int) {
	const high, low, sinusoids = 14 * 14, 7 * 7, 64
	e := 4 * c
	block := func(positions, c int) int { return 2*positions*9*c*c + e*2*c }
	stem := high * 4 * 4 * c          // and the head as well
	shrink := low * 2 * 2 * c * 2 * c // grow as well
	inputs = sinusoids*e + stem
	return inputs + e*e + 2*block(high, c) + 2*block(low, 2*c) + 2*shrink + stem, inputs
}

// recurrentStep returns the multiply-adds of a step: forward pass, gradient of the weights and gradient of the input, except
// that of the features.
func (s Sizes) recurrentStep(gates int) int {
	projection := s.Batch * s.D * s.H
	words := s.Batch * s.T * (s.W*gates*s.H + s.H*gates*s.H + s.H*s.V)
	return 2*projection + 3*words
}

// transformerStep returns the multiply-adds of a Transformer's step. Since the image is the only vector of the memory,
// cross-attention is just a value and an output projection, once per caption.
func (s Sizes) transformerStep() int {
	projection := s.Batch * s.D * s.W
	linear := 4*s.W*s.W + 2*s.W*feedForward
	mixing := 2 * s.T * s.W // attention scores and weighted sum over all words
	words := s.Batch * s.T * (transformerLayers*(linear+mixing) + s.W*s.V)
	memory := s.Batch * transformerLayers * 2 * s.W * s.W
	return 2*projection + 3*(words+memory)
}

// sampling returns the multiply-adds of T words for each image, with cached keys and values.
func (s Sizes) sampling() int {
	memory := s.D*s.W + transformerLayers*2*s.W*s.W
	word := transformerLayers*(4*s.W*s.W+2*s.W*feedForward) + s.W*s.V
	mixing := transformerLayers * 2 * s.W * s.T * (s.T + 1) / 2
	return s.Batch * (memory + s.T*word + mixing)
}
