// Package check holds the checks of the notebooks' cells. Each prints an error in the format of the Python assignment. The
// cell fails if the error is not below its threshold.
package check

import (
	"fmt"
	"math"
	"os"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"

	"github.com/cs231n-go/assignment3/cs231n/gradcheck"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	nb "github.com/cs231n-go/assignment3/cs231n/notebook"
)

// Arrays are the arguments of a graph function; see [gradcheck.Arrays].
type Arrays = gradcheck.Arrays

// Values calls a graph function and compares its first results with the expected values, one list for each name. The names
// are separated by spaces. The arguments of f are nodes, or structs of nodes such as rnn.Weights.
func Values(names string, f any, in Arrays, threshold float64, want ...[]float64) {
	list := strings.Fields(names)
	if len(list) != len(want) {
		nb.Check(fmt.Errorf("check.Values: %d names for %d lists of expected values", len(list), len(want)))
	}
	for i, got := range nb.Must(gradcheck.Outputs(nb.Backend(), len(want), f, in)) {
		Close(list[i], got, want[i], threshold)
	}
}

// Close compares an array with the expected values in row-major order.
func Close(name string, got *tensors.Tensor, want []float64, threshold float64) {
	e, err := gradcheck.Compare(name, got, want, threshold)
	fmt.Println(name, "error: ", e)
	nb.Check(err)
}

// MaximumError compares a scalar that a graph function returns with the expected one. It prints six digits of the error.
func MaximumError(name string, f any, in Arrays, threshold, want float64) {
	got := nb.Must(gradcheck.Outputs(nb.Backend(), 1, f, in))[0]
	e, err := gradcheck.Compare(name, got, []float64{want}, threshold)
	fmt.Printf("Maximum error in %s: %.6g\n", name, e)
	nb.Check(err)
}

// Gradient compares hand-written gradients with finite differences and with GoMLX's automatic differentiation. Its
// fields are those of [gradcheck.Functions].
type Gradient gradcheck.Functions

// Below prints the errors of all gradients and requires each to be below the threshold. The gradients named in zero must
// be zero up to rounding instead.
func (g Gradient) Below(threshold float64, zero ...string) {
	report := nb.Must(gradcheck.Functions(g).Check(nb.Backend()))
	nb.Check(report.Print(os.Stdout))
	nb.Check(report.Below(threshold, zero...))
}

// Loss compares a loss with the expected one. The threshold is for the absolute difference.
func Loss(loss, want, threshold float64) {
	difference := math.Abs(loss - want)
	fmt.Println("loss: ", loss)
	fmt.Println("expected loss: ", want)
	fmt.Println("difference: ", difference)
	if !(difference < threshold) {
		nb.Check(fmt.Errorf("the loss is wrong: it differs from the expected one by %.3g, not by less than %g", difference, threshold))
	}
}

// Between prints a scalar that a graph function returns and requires it to be from low to high.
func Between(name string, f any, in Arrays, low, high float64) {
	x := tensors.ToScalar[float64](nb.Must(gradcheck.Outputs(nb.Backend(), 1, f, in))[0])
	fmt.Println(x)
	if !(low <= x && x <= high) {
		nb.Check(fmt.Errorf("%s is %g, which is not between %g and %g", name, x, low, high))
	}
}

// CountParams requires a network to have the given number of parameters.
func CountParams(name string, network interface{ Params() []*nn.Param }, want int) {
	if count := nn.CountParams(network); count != want {
		nb.Check(fmt.Errorf("the %s has %d parameters instead of %d; compare the sizes and biases of its layers with the list above", name, count, want))
	}
	fmt.Printf("Correct number of parameters in %s.\n", name)
}

// Fill sets parameters to equally spaced values, each from the first to the last, for a check with fixed weights.
func Fill(params []*nn.Param, from, to float64) {
	for _, p := range params {
		nb.Check(p.SetValue(nb.Linspace(from, to, p.Shape().Dimensions...)))
	}
}

// Cycle returns n captions of t words that cycle through a vocabulary of v words: np.arange(n*t).reshape(n, t) % v.
func Cycle(v, n, t int) [][]int32 {
	captions := make([][]int32, n)
	for i := range n * t {
		captions[i/t] = append(captions[i/t], int32(i%v))
	}
	return captions
}
