package gradcheck

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// Eval runs a graph function and returns the values of its result in row-major order.
func Eval(backend compute.Backend, f func(inputs []*Node) *Node, inputs ...*tensors.Tensor) ([]float64, error) {
	out, err := CallOnce(backend, func(inputs []*Node) *Node {
		return ConvertDType(f(inputs), dtypes.Float64)
	}, anys(inputs)...)
	if err != nil {
		return nil, fmt.Errorf("gradcheck: %w", err)
	}
	return tensors.CopyFlatData[float64](out)
}

func anys(inputs []*tensors.Tensor) []any {
	list := make([]any, len(inputs))
	for i, t := range inputs {
		list[i] = t
	}
	return list
}
