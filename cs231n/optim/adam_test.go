package optim_test

import (
	"fmt"
	"math"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/device"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/optim"
)

// adam64 is the formula of the doc comment in float64, one value at a time.
type adam64 struct{ theta, m, v, t float64 }

func (s *adam64) step(a optim.Adam, g float64) {
	s.t++
	s.m += (1 - a.Beta1) * (g - s.m)
	s.v = a.Beta2*s.v + (1-a.Beta2)*g*g
	denominator := math.Sqrt(s.v)/math.Sqrt(1-math.Pow(a.Beta2, s.t)) + a.Epsilon
	s.theta -= a.LearningRate / (1 - math.Pow(a.Beta1, s.t)) * s.m / denominator
}

// TestAdam follows twenty steps on a loss whose gradients differ in size by nine orders of magnitude.
// The bound tells this Adam, 1e-7 off at most, from GoMLX's own, which is 1.6e-6 off at the second step.
func TestAdam(t *testing.T) {
	t.Parallel()
	a := optim.Adam{Name: "adam", LearningRate: 1e-3, Beta1: 0.5, Beta2: 0.999, Epsilon: 1e-8}
	scales := []float32{1, 1e-3, 1e-6, 1e-9}
	store := model.NewStore()
	exec, err := model.NewExec(testbackend.Get(t), store, func(scope *model.Scope, push *Node) *Node {
		w := scope.In("net").VariableWithValue("w", []float32{0, 0, 0, 0})
		loss := ReduceAllSum(Mul(w.NodeValue(push), Mul(push, Const(push.Graph(), scales))))
		a.UpdateGraph(scope.Shared("net"), push.Graph(), loss)
		return loss
	})
	require.NoError(t, err)
	want := make([]adam64, len(scales))
	for step := range 20 {
		push := float32(math.Sin(float64(step)) + 0.3)
		_, err := exec.Call(push)
		require.NoError(t, err)
		got := tensors.MustCopyFlatData[float32](store.GetVariable("/net/w").MustValue())
		for i := range want {
			want[i].step(a, float64(push*scales[i]))
			require.InEpsilon(t, want[i].theta, float64(got[i]), 5e-7, "step %d, value %d", step, i)
		}
	}

	require.NoError(t, a.Clear(store.RootScope()))
	require.Nil(t, store.GetVariable("/adam/step"))
	require.NotNil(t, store.GetVariable("/net/w"))
}

// A step that lowers a loss: the variables of scope "D" move, everything else stays.
func ExampleAdam() {
	adam := optim.Adam{Name: "adam_D", LearningRate: 1e-3, Beta1: 0.5, Beta2: 0.999, Epsilon: 1e-8}
	step := func(scope *model.Scope, x *Node) *Node {
		w := scope.In("D").VariableWithValue("w", float32(2))
		loss := Square(Sub(Mul(w.NodeValue(x), x), OnesLike(x)))
		adam.UpdateGraph(scope.Shared("D"), x.Graph(), loss)
		return loss
	}
	backend, err := device.Open()
	if err != nil {
		fmt.Println(err)
		return
	}
	store := model.NewStore()
	exec := model.MustNewExec(backend, store, step)
	for range 3 {
		fmt.Println(exec.MustCall(float32(1))[0])
	}
	// Output:
	// float32(1)
	// float32(0.998)
	// float32(0.996)
}
