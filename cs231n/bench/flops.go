package bench

import "github.com/cs231n-go/assignment3/cs231n/gan"

// The assignment's Transformer.
const (
	transformerHeads  = 2
	transformerLayers = 2
	feedForward       = 2048
)

// FLOPs counts the floating-point operations of the matrix products and convolutions that a step needs: 2·m·n·k for
// a product of (m, k) and (k, n). What is done value by value is left out, and so is what no result depends on, such as
// the gradient of the images or the weights of an attention to a single vector.
func (t Task) FLOPs() float64 {
	multiplyAdds := 0
	switch t.Model {
	case "gan", "lsgan":
		multiplyAdds = ganStep(
			[]int{gan.Pixels * 256, 256 * 256, 256},
			[]int{gan.NoiseDim * 1024, 1024 * 1024, 1024 * gan.Pixels})
	case "dcgan":
		multiplyAdds = ganStep(
			[]int{24 * 24 * 5 * 5 * 32, 8 * 8 * 5 * 5 * 32 * 64, 1024 * 1024, 1024},
			[]int{gan.NoiseDim * 1024, 1024 * 7 * 7 * 128, 7 * 7 * 4 * 4 * 128 * 64, 14 * 14 * 4 * 4 * 64})
	case "rnn":
		multiplyAdds = t.recurrentStep(1)
	case "lstm":
		multiplyAdds = t.recurrentStep(4)
	case "transformer":
		multiplyAdds = t.transformerStep()
	case Sample:
		multiplyAdds = t.sampling()
	}
	return 2 * float64(multiplyAdds)
}

// ganStep counts the multiply-adds of an iteration. d and g hold those of one image's way through each layer; the
// gradient of a layer's weights and that of its input take as many each.
func ganStep(d, g []int) int {
	sum := func(layers []int) (all int) {
		for _, l := range layers {
			all += l
		}
		return all
	}
	allD, allG := sum(d), sum(g)
	// D's turn: a fake is made of noise, then real and fake images pass through D and back, but for the first
	// layer's input.
	turnD := allG + 2*(3*allD-d[0])
	// G's turn: forward through both, back through D to the image alone, then through G to its weights.
	turnG := allG + allD + allD + (2*allG - g[0])
	return gan.BatchSize * (turnD + turnG)
}

// recurrentStep counts the multiply-adds of a network with so many gates: forward, gradient of the weights and of the
// input. The features have no gradient.
func (s Sizes) recurrentStep(gates int) int {
	projection := s.Batch * s.D * s.H
	words := s.Batch * s.T * (s.W*gates*s.H + s.H*gates*s.H + s.H*s.V)
	return 2*projection + 3*words
}

// transformerStep counts the multiply-adds of a Transformer's step. The image is the only vector of the memory, so of
// the attention to it only value and projection matter, once for each caption.
func (s Sizes) transformerStep() int {
	projection := s.Batch * s.D * s.W
	linear := 4*s.W*s.W + 2*s.W*feedForward
	mixing := 2 * s.T * s.W // the scores of all words before, and the sum that they weigh
	words := s.Batch * s.T * (transformerLayers*(linear+mixing) + s.W*s.V)
	memory := s.Batch * transformerLayers * 2 * s.W * s.W
	return 2*projection + 3*(words+memory)
}

// sampling counts the multiply-adds of T words for each image, where keys and values of earlier words are kept.
func (s Sizes) sampling() int {
	memory := s.D*s.W + transformerLayers*2*s.W*s.W
	word := transformerLayers*(4*s.W*s.W+2*s.W*feedForward) + s.W*s.V
	mixing := transformerLayers * 2 * s.W * s.T * (s.T + 1) / 2
	return s.Batch * (memory + s.T*word + mixing)
}
