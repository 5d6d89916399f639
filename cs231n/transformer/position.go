package transformer

import (
	"fmt"
	"math"

	. "github.com/gomlx/gomlx/core/graph"
)

// PositionTable is the positional encoding of the first n places, sines in the even and cosines in the odd
// columns:
//
//	P[i, j] = sin(i·10000^(−j/E)) for even j, cos(i·10000^(−(j−1)/E)) for odd j
//
// Shapes: -> (n, E), E even.
func PositionTable(n, e int) [][]float32 {
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
}

// PositionalEncoding adds to every vector where it stands in the sequence, which attention alone does not
// know, and applies dropout.
//
// Shapes: x: (N, T, E), table: (at least T, E), as [PositionTable] makes it -> (N, T, E).
func PositionalEncoding(x, table *Node, drop Dropout) *Node {
	t := x.Shape().Dim(1)
	if table.Shape().Dim(0) < t {
		panic(fmt.Errorf("transformer: a sequence of %d is longer than the %d places that have an encoding", t, table.Shape().Dim(0)))
	}
	places := ConvertDType(SliceAxis(table, 0, AxisRange(0, t)), x.DType())
	return drop.apply(Add(x, BroadcastToShape(ExpandAxes(places, 0), x.Shape())))
}
