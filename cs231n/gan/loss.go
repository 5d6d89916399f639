package gan

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/train/loss"

	"github.com/cs231n-go/assignment3/cs231n/optim"
)

// BCELoss is the binary cross-entropy of logits s and labels y, averaged over the batch, in a form that does not overflow:
// max(s, 0) − s·y + log(1 + exp(−|s|)).
//
// Shapes: logits, labels (0 or 1): the same shape -> scalar.
func BCELoss(logits, labels *Node) *Node {
	return loss.BinaryCrossentropyLogits([]*Node{labels}, []*Node{logits})
}

// DiscriminatorLoss is the vanilla GAN's loss of D: D should classify real images as real and fakes as fake.
//
//	−E[log D(x)] − E[log(1 − D(G(z)))]
//
// Shapes: logits (N, 1) -> scalar.
func DiscriminatorLoss(logitsReal, logitsFake *Node) *Node {
	// BEGIN SOLUTION gan-loss-d
	return Add(BCELoss(logitsReal, OnesLike(logitsReal)), BCELoss(logitsFake, ZerosLike(logitsFake)))
	// END SOLUTION
}

// GeneratorLoss is the vanilla GAN's loss of G: D should classify the fakes as real, −E[log D(G(z))].
//
// Shapes: logits (N, 1) -> scalar.
func GeneratorLoss(logitsFake *Node) *Node {
	// BEGIN SOLUTION gan-loss-g
	return BCELoss(logitsFake, OnesLike(logitsFake))
	// END SOLUTION
}

// LSDiscriminatorLoss is the least-squares GAN's loss of D, equation (9) of Mao et al. 2016
// (https://arxiv.org/abs/1611.04076): ½E[(D(x) − 1)²] + ½E[D(G(z))²].
//
// Shapes: scores (N, 1) -> scalar.
func LSDiscriminatorLoss(scoresReal, scoresFake *Node) *Node {
	// BEGIN SOLUTION lsgan-loss-d
	real := ReduceAllMean(Square(AddScalar(scoresReal, -1)))
	fake := ReduceAllMean(Square(scoresFake))
	return Add(MulScalar(real, 0.5), MulScalar(fake, 0.5))
	// END SOLUTION
}

// LSGeneratorLoss is the least-squares GAN's loss of G: ½E[(D(G(z)) − 1)²].
//
// Shapes: scores (N, 1) -> scalar.
func LSGeneratorLoss(scoresFake *Node) *Node {
	// BEGIN SOLUTION lsgan-loss-g
	return MulScalar(ReduceAllMean(Square(AddScalar(scoresFake, -1))), 0.5)
	// END SOLUTION
}

// GetOptimizer returns the notebook's optimizer: Adam with learning rate 1e-3, β₁ = 0.5, β₂ = 0.999 and PyTorch's
// ε = 1e-8. Two optimizers of one store need different names.
func GetOptimizer(name string) optim.Rule {
	// BEGIN SOLUTION gan-optimizer
	return optim.Adam{Name: "Adam_" + name, LearningRate: 1e-3, Betas: [2]float64{0.5, 0.999}, Epsilon: 1e-8}
	// END SOLUTION
}
