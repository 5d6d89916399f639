package cases

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWhere finds the line of an exercise below the functions that it calls, in its own file or in others.
func TestWhere(t *testing.T) {
	t.Parallel()
	const module = "github.com/cs231n-go/assignment3/cs231n/"
	for name, c := range map[string]struct{ stack, want string }{
		"a given function of the file": {module + "gan.BCELoss(...)\n\t/home/ada/a3/cs231n/gan/loss.go:16\n" +
			module + "gan.GeneratorLoss(0xc000123)\n\t/home/ada/a3/cs231n/gan/loss.go:38 +0x1d\n", "cs231n/gan/loss.go:38"},
		"another package": {module + "nn.Product(0xc0001, 0xc0002)\n\t/opt/cs231n/cs231n/nn/linear.go:31 +0x45\n" +
			module + "rnn.StepForward(0xc0001, 0xc0002, {0x1, 0x2, 0x3})\n\t/opt/cs231n/cs231n/rnn/step.go:40 +0x67\n", "cs231n/rnn/step.go:40"},
		"a method":  {module + "captioning.(*RNN).LossGraph(0xc0001, 0xc0002)\n\t/a/cs231n/captioning/rnn_loss.go:27 +0x45\n", "cs231n/captioning/rnn_loss.go:27"},
		"a literal": {module + "gan.Discriminator.func1(0xc0001)\n\t/a/cs231n/gan/models.go:50 +0x45\n", "cs231n/gan/models.go:50"},
		"no exercise": {module + "rnn.check({0x1, 0x2})\n\t/a/cs231n/rnn/step.go:70 +0x45\n" +
			"github.com/gomlx/gomlx/core/graph.Add(0x1)\n\t/a/graph/ops.go:1 +0x1\n", ""},
	} {
		require.Equal(t, c.want, where(c.stack), name)
	}
}
