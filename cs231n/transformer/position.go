package transformer

import (
	"fmt"
	"math"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/cs231n-go/assignment3/cs231n/nn"
)

// PositionTable returns the positional encoding of the first n positions, with sines in the even and cosines in the odd
// columns:
//
//	P[i, j] = sin(i·10000^(−j/E)) for even j, cos(i·10000^(−(j−1)/E)) for odd j
//
// Shapes: -> (n, E), E even.
func PositionTable(n, e int) [][]float32 {
	// BEGIN SOLUTION position-table
	table := make([][]float32, n)
	for i := range table {
		table[i] = make([]float32, e)
		for j := range table[i] {
			angle := float64(i) * math.Pow(10000, -float64(j-j%2)/float64(e))
			if j%2 == 0 {
				table[i][j] = float32(math.Sin(angle))
			} else {
				table[i][j] = float32(math.Cos(angle))
			}
		}
	}
	return table
	// END SOLUTION
}

// PositionalEncoding adds the encoding of its position to every vector and applies dropout. Attention alone ignores the order
// of a sequence. The result has the type of x.
//
// Shapes: x: (N, T, E), table: (at least T, E), from [PositionTable] -> (N, T, E). A longer sequence panics.
func PositionalEncoding(x, table *Node, drop nn.Dropout) *Node {
	t := x.Shape().Dim(1)
	if table.Shape().Dim(0) < t {
		panic(fmt.Errorf("transformer: a sequence of length %d is longer than the table of %d positions", t, table.Shape().Dim(0)))
	}
	// BEGIN SOLUTION position-encoding
	positions := ConvertDType(SliceAxis(table, 0, AxisRange(0, t)), x.DType())
	return drop.Apply(Add(x, BroadcastToShape(ExpandAxes(positions, 0), x.Shape())))
	// END SOLUTION
}
