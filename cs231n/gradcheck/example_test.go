package gradcheck_test

import (
	"fmt"
	"io"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/cs231n-go/assignment3/cs231n/arrays"
	"github.com/cs231n-go/assignment3/cs231n/device"
	"github.com/cs231n-go/assignment3/cs231n/gradcheck"
)

// The derivative of x³ is 3x².
func ExampleLayer_Check() {
	backend, err := device.Open(device.Warn(io.Discard), device.InstalledOnly())
	if err != nil {
		panic(err)
	}
	defer backend.Finalize()
	report, err := gradcheck.Layer{
		Names:   []string{"dx"},
		Inputs:  []*tensors.Tensor{arrays.Linspace(1, 2, 5)},
		DOut:    arrays.Linspace(1, 1, 5),
		Forward: func(in []*Node) *Node { return Mul(in[0], Square(in[0])) },
		Backward: func(in []*Node, dout *Node) []*Node {
			return []*Node{Mul(dout, MulScalar(Square(in[0]), 3))}
		},
	}.Check(backend)
	if err != nil {
		panic(err)
	}
	fmt.Println(report[0].Name, report[0].Numeric < 1e-9, report[0].Autodiff < 1e-14)
	// Output: dx true true
}
