package optim_test

import (
	"fmt"
	"io"
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

// adam64 is Adam in float64 for a single value.
type adam64 struct{ theta, m, v, t float64 }

func (s *adam64) step(rate, beta1, beta2, epsilon, g float64) {
	s.t++
	s.m = beta1*s.m + (1-beta1)*g
	s.v = beta2*s.v + (1-beta2)*g*g
	denominator := math.Sqrt(s.v)/math.Sqrt(1-math.Pow(beta2, s.t)) + epsilon
	s.theta -= rate / (1 - math.Pow(beta1, s.t)) * s.m / denominator
}

// TestAdam takes twenty steps with gradients that differ by nine orders of magnitude. The bound is between the largest error
// of this Adam, 1e-7, and the error of GoMLX's own at the second step, 1.6e-6.
func TestAdam(t *testing.T) {
	t.Parallel()
	a := optim.Adam{Name: "adam", LearningRate: 1e-3, Betas: [2]float64{0.5, 0.999}, Epsilon: 1e-8}
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
			want[i].step(1e-3, 0.5, 0.999, 1e-8, float64(push*scales[i]))
			require.InEpsilon(t, want[i].theta, float64(got[i]), 5e-7, "step %d, value %d", step, i)
		}
	}

	require.NoError(t, a.Clear(store.RootScope()))
	require.Nil(t, store.GetVariable("/adam/step"))
	require.NotNil(t, store.GetVariable("/net/w"))
}

// TestBetas compares eight steps of a matrix with adam64. Every other gradient is smaller by seven orders of magnitude. With
// β₁ = 0 the first moment must equal it, without a rounding error from the large gradient before it.
func TestBetas(t *testing.T) {
	t.Parallel()
	for betas, want := range map[[2]float64][2]float64{
		{}:           {0.9, 0.999},
		{0, 0.999}:   {0, 0.999},
		{0, 1e-30}:   {0, 1e-30}, // its denominator is small enough to show such an error
		{0.3, 0.99}:  {0.3, 0.99},
		{0.9, 0}:     {0.9, 0},
		{0.999, 0.5}: {0.999, 0.5},
	} {
		t.Run(fmt.Sprint(betas), func(t *testing.T) {
			t.Parallel()
			a := optim.Adam{LearningRate: 0.01, Betas: betas}
			store := model.NewStore()
			exec := adamExec(t, store, a)
			expected := make([]adam64, 6)
			for step := range 8 {
				grads := make([][]float64, 2)
				for i := range expected {
					g := math.Sin(float64(7*step+i)+0.3) * math.Pow(1e-7, float64(step%2))
					grads[i/3] = append(grads[i/3], g)
					expected[i].step(0.01, want[0], want[1], 1e-8, g)
				}
				_, err := exec.Call(grads)
				require.NoError(t, err)
				for i, got := range tensors.MustCopyFlatData[float64](store.GetVariable("/net/w").MustValue()) {
					require.InEpsilon(t, expected[i].theta, got, 1e-12, "step %d, value %d", step, i)
				}
			}
		})
	}
}

func TestBadBetas(t *testing.T) {
	t.Parallel()
	for _, betas := range [][2]float64{{1, 0.999}, {0.9, 1}, {-0.1, 0.999}, {0.9, -1}, {math.NaN(), 0.999}, {0.9, math.NaN()}, {0, math.Inf(1)}} {
		_, err := adamExec(t, model.NewStore(), optim.Adam{Betas: betas}).Call([][]float64{{1, 2, 3}, {4, 5, 6}})
		require.ErrorContains(t, err, fmt.Sprintf("optim: the Betas of Adam are %v; give two numbers in [0, 1)", betas))
	}
}

// adamExec takes steps of a (2, 3) parameter /net/w along the gradients that it is called with.
func adamExec(t *testing.T, store *model.Store, a optim.Adam) *model.Exec {
	exec, err := model.NewExec(testbackend.Get(t), store, func(scope *model.Scope, grad *Node) *Node {
		net := scope.In("net")
		w := net.VariableWithValue("w", [][]float64{{0, 0, 0}, {0, 0, 0}})
		w.NodeValue(grad)
		optim.Update(a, net, []*model.Variable{w}, []*Node{grad})
		return ReduceAllSum(grad)
	})
	require.NoError(t, err)
	return exec
}

// A step changes the variables of scope "D" alone.
func ExampleAdam() {
	adam := optim.Adam{Name: "adam_D", LearningRate: 1e-3, Betas: [2]float64{0.5, 0.999}, Epsilon: 1e-8}
	step := func(scope *model.Scope, x *Node) *Node {
		w := scope.In("D").VariableWithValue("w", float32(2))
		loss := Square(Sub(Mul(w.NodeValue(x), x), OnesLike(x)))
		adam.UpdateGraph(scope.Shared("D"), x.Graph(), loss)
		return loss
	}
	backend, err := device.Open(device.Warn(io.Discard), device.InstalledOnly())
	if err != nil {
		panic(err)
	}
	defer backend.Finalize()
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
