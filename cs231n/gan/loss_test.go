package gan_test

import (
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/gan"
	"github.com/cs231n-go/assignment3/cs231n/gradcheck"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
)

func TestLosses(t *testing.T) {
	t.Parallel()
	c, err := gan.Answers()
	require.NoError(t, err)
	type gradients struct {
		DReal []float32 `json:"d_dreal"`
		DFake []float32 `json:"d_dfake"`
		GFake []float32 `json:"g_dfake"`
	}
	grads := golden[map[string]gradients](t, "losses.json")
	out, err := CallOnceN(testbackend.Get(t), func(real, fake *Node) []*Node {
		d, g := gan.DiscriminatorLoss(real, fake), gan.GeneratorLoss(fake)
		dLeast, gLeast := gan.LSDiscriminatorLoss(real, fake), gan.LSGeneratorLoss(fake)
		nodes := []*Node{d, g, dLeast, gLeast}
		nodes = append(nodes, Gradient(d, real, fake)...)
		nodes = append(nodes, Gradient(g, fake)...)
		nodes = append(nodes, Gradient(dLeast, real, fake)...)
		return append(nodes, Gradient(gLeast, fake)...)
	}, c.LogitsReal, c.LogitsFake)
	require.NoError(t, err)

	for i, want := range []float64{c.DLoss, c.GLoss, c.DLossLSGAN, c.GLossLSGAN} {
		got := float64(tensors.ToScalar[float32](out[i]))
		require.Less(t, gradcheck.RelError([]float64{want}, []float64{got}), 1e-7, "loss %d", i)
	}
	for i, want := range [][]float32{
		grads["gan"].DReal, grads["gan"].DFake, grads["gan"].GFake,
		grads["lsgan"].DReal, grads["lsgan"].DFake, grads["lsgan"].GFake,
	} {
		require.Len(t, want, len(c.LogitsReal))
		require.InDeltaSlice(t, want, tensors.MustCopyFlatData[float32](out[4+i]), 1e-7, "gradient %d", i)
	}
}

// TestBCELossIsStable uses logits for which the naive formula overflows.
func TestBCELossIsStable(t *testing.T) {
	t.Parallel()
	logits := []float32{-200, 200, -200, 200}
	labels := []float32{0, 1, 1, 0}
	out, err := CallOnceN(testbackend.Get(t), func(s, y *Node) []*Node {
		l := gan.BCELoss(s, y)
		return []*Node{l, Gradient(l, s)[0]}
	}, logits, labels)
	require.NoError(t, err)
	require.Equal(t, float32(100), tensors.ToScalar[float32](out[0]))
	require.Equal(t, []float32{0, 0, -0.25, 0.25}, tensors.MustCopyFlatData[float32](out[1]))
}
