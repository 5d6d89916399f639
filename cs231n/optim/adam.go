// Package optim holds optimisers whose numbers agree with the assignment's originals to float32
// rounding. They fit GoMLX's optimizer.Interface and can stand wherever GoMLX's own can.
package optim

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/model/initializer"
	"github.com/gomlx/gomlx/ml/train/optimizer"
)

// Adam is PyTorch's torch.optim.Adam (Kingma and Ba 2014, https://arxiv.org/abs/1412.6980):
//
//	m ← m + (1 − β₁)·(g − m)        v ← β₂·v + (1 − β₂)·g²
//	θ ← θ − lr/(1 − β₁ᵗ) · m / (√v/√(1 − β₂ᵗ) + ε)
//
// GoMLX's Adam computes the same formula, but takes 1 − β₂ᵗ from a float32 power. In the first steps
// that leaves five of seven digits (1 − 0.999² is 0.002 with an error of 3e-8), which is enough to send a
// GAN onto another path within ten iterations. Here both corrections are float64 scalars, as in PyTorch.
type Adam struct {
	Name         string // scope of the moments and the step count; two optimisers of one model need two names
	LearningRate float64
	Beta1, Beta2 float64
	Epsilon      float64
}

var _ optimizer.Interface = Adam{}

// UpdateGraph adds one step that lowers loss, for all trainable variables below scope.
//
// Shapes: loss: scalar.
func (a Adam) UpdateGraph(scope *model.Scope, g *Graph, loss *Node) {
	a.UpdateGraphWithGradients(scope, scope.BuildTrainableVariablesGradientsGraph(loss), loss.DType())
}

// UpdateGraphWithGradients adds one step along gradients that are there already, in the order in which
// scope lists its trainable variables.
func (a Adam) UpdateGraphWithGradients(scope *model.Scope, grads []*Node, _ dtypes.DType) {
	g := grads[0].Graph()
	own := scope.Store().Scope("/" + a.Name).WithInitializer(initializer.Zero)
	counter := own.VariableWithShape("step", shapes.Make(dtypes.Float64)).SetTrainable(false)
	step := AddScalar(counter.NodeValue(g), 1)
	counter.SetNodeValue(step)
	correction := func(beta float64) *Node { return OneMinus(Pow(Scalar(g, dtypes.Float64, beta), step)) }
	stepSize := Div(Scalar(g, dtypes.Float64, a.LearningRate), correction(a.Beta1))
	perRoot := Reciprocal(Sqrt(correction(a.Beta2)))

	for v := range scope.IterVariables() {
		if !v.Trainable || !v.InUseByGraph(g) {
			continue
		}
		grad := grads[0]
		grads = grads[1:]
		moment := func(name string) *model.Variable {
			path := model.JoinPath(own.Scope(), v.Path(), name)
			return own.Store().VariableWithShape(path, v.Shape(), initializer.Zero).SetTrainable(false)
		}
		mVar, vVar := moment("exp_avg"), moment("exp_avg_sq")
		m := mVar.NodeValue(g)
		m = Add(m, MulScalar(Sub(grad, m), 1-a.Beta1))
		square := Add(MulScalar(vVar.NodeValue(g), a.Beta2), MulScalar(Square(grad), 1-a.Beta2))
		mVar.SetNodeValue(m)
		vVar.SetNodeValue(square)
		dtype := v.DType()
		denominator := AddScalar(Mul(Sqrt(square), ConvertDType(perRoot, dtype)), a.Epsilon)
		v.SetNodeValue(Sub(v.NodeValue(g), Mul(ConvertDType(stepSize, dtype), Div(m, denominator))))
	}
}

// Clear deletes the moments and the step count.
func (a Adam) Clear(scope *model.Scope) error {
	return scope.Store().DeleteVariablesInScope("/" + a.Name)
}
