//go:build !plain

package nn

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/cs231n-go/assignment3/cs231n/loop"
)

// Next computes the self-attention of position t to positions 0 … t, with cached keys and values. It is for the body of a
// compiled loop and has no dropout.
//
// Shapes: x: (N, E), keys, values: (N, H, L, E/H), t: scalar int32 -> (N, E) and the new keys and values.
func (a *Attention) Next(p Values, x, keys, values, t *Node) (out, newKeys, newValues *Node) {
	n, heads, l, d := keys.Shape().Dim(0), keys.Shape().Dim(1), keys.Shape().Dim(2), keys.Shape().Dim(3)
	split := func(x *Node) *Node { return Reshape(x, n, heads, d) }
	keys = loop.Put(keys, 2, t, split(p.Apply(a.Key, x)))
	values = loop.Put(values, 2, t, split(p.Apply(a.Value, x)))
	positions := shapes.Make(dtypes.Int32, 1, l)
	mask := LessOrEqual(Iota(x.Graph(), positions, 1), BroadcastToShape(t, positions))
	products := Einsum("nhtd,nhd->nht", keys, split(p.Apply(a.Query, x)))
	weights := Squeeze(normalize(ExpandAxes(products, 2), d, mask), 2)
	mixed := Einsum("nht,nhtd->nhd", weights, values)
	return p.Apply(a.Proj, Reshape(mixed, n, heads*d)), keys, values
}
