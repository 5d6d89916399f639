package optim_test

import (
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
)

// BenchmarkStep takes a step of five million parameters, about as many as a captioning LSTM has.
func BenchmarkStep(b *testing.B) {
	for name, rule := range goldenRules() {
		b.Run(name, func(b *testing.B) {
			const rows, cols = 2500, 2000
			exec, err := model.NewExec(testbackend.Get(b), model.NewStore(), func(scope *model.Scope, x *Node) *Node {
				w := scope.In("net").VariableWithValue("w", make([]float32, rows*cols)).NodeValue(x)
				loss := ReduceAllSum(Mul(w, x))
				rule.UpdateGraph(scope.Shared("net"), x.Graph(), loss)
				return loss
			})
			require.NoError(b, err)
			_, err = exec.Call(float32(0.5))
			require.NoError(b, err)
			b.SetBytes(4 * rows * cols)
			for b.Loop() {
				exec.MustCall(float32(0.5))
			}
		})
	}
}
