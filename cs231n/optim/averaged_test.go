package optim_test

import (
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gomlx/compute/dtypes"
	graphshapes "github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/checkpoint"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/loop"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/optim"
)

// averages returns the averages of the golden parameters.
func (tr *trainer[T]) averages() map[string][]T {
	values := make(map[string][]T)
	for name := range shapes() {
		values[name] = tensors.MustCopyFlatData[T](tr.store.GetVariable("/average/net/" + name).MustValue())
	}
	return values
}

// TestScheduledGolden compares nine steps of Adam with schedules and averages with PyTorch, within four units in the last
// place of 1. The cosine of "both" ends before the last step.
func TestScheduledGolden(t *testing.T) {
	t.Parallel()
	g := readGolden(t)
	for name, schedule := range map[string]optim.Cosine{
		"cosine": {Steps: 9, Final: 0.1},
		"warmup": {Warmup: 4},
		"both":   {Warmup: 3, Steps: 6, Final: 0.25},
	} {
		rule := optim.Averaged{Rule: optim.Adam{Schedule: schedule}, Decay: 0.4}
		t.Run(name+" float64", func(t *testing.T) { t.Parallel(); followScheduled[float64](t, g, name, rule, 5e-16) })
		t.Run(name+" float32", func(t *testing.T) { t.Parallel(); followScheduled[float32](t, g, name, rule, 2.5e-7) })
	}
}

func followScheduled[T float32 | float64](t *testing.T, g *golden, name string, rule optim.Rule, bound float64) {
	tr := newTrainer[T](t, g, rule, model.NewStore())
	require.Len(t, g.Scheduled, 3)
	want := g.Scheduled[name][fmt.Sprintf("%T", T(0))]
	for number := range g.Gradients["bias"] {
		parameters, averages := tr.step(t, number), tr.averages()
		for param := range shapes() {
			require.InDeltaSlice(t, want.Parameters[param][number], parameters[param], bound, "%s after step %d", param, number+1)
			require.InDeltaSlice(t, want.Averages[param][number], averages[param], bound, "average of %s after step %d", param, number+1)
		}
	}
	rate, err := optim.LearningRate(tr.store, "adam")
	require.NoError(t, err)
	require.Equal(t, 1e-3, rate, "the learning rate in the store is the one before the schedule")
	require.Equal(t, 1, tr.built)
}

// TestSchedule compares the factors of many steps with the formula. SGD-like steps of Adam show them: with β₁ = β₂ = 0 and a
// gradient of 1 a step is the learning rate.
func TestSchedule(t *testing.T) {
	t.Parallel()
	for _, c := range []optim.Cosine{
		{}, {Warmup: 1}, {Warmup: 7}, {Steps: 1}, {Steps: 11, Final: 0.3}, {Steps: 5, Final: 1}, {Warmup: 10, Steps: 4}, {Warmup: 2, Steps: 17, Final: 0.01}, {Final: 0.5},
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			t.Parallel()
			store := model.NewStore()
			exec := adamExec(t, store, optim.Adam{LearningRate: 1, Betas: [2]float64{0, 1e-300}, Epsilon: 1e-300, Schedule: c})
			want := 0.0
			for step := range 20 {
				_, err := exec.Call([][]float64{{1, 1, 1}, {1, 1, 1}})
				require.NoError(t, err)
				factor := 1.0
				if c.Steps > 0 {
					factor = c.Final + (1-c.Final)*(1+math.Cos(math.Pi*min(1, float64(step)/float64(c.Steps))))/2
				}
				if c.Warmup > 0 {
					factor *= min(1, float64(step+1)/float64(c.Warmup))
				}
				want -= factor
				got := tensors.MustCopyFlatData[float64](store.GetVariable("/net/w").MustValue())
				require.InDelta(t, want, got[0], 1e-13, "step %d", step+1)
			}
		})
	}
}

func TestBadSchedule(t *testing.T) {
	t.Parallel()
	for _, c := range []optim.Cosine{{Warmup: -1}, {Steps: -1}, {Final: -0.1}, {Final: 1.1}, {Final: math.NaN()}} {
		_, err := adamExec(t, model.NewStore(), optim.Adam{Schedule: c}).Call([][]float64{{1, 2, 3}, {4, 5, 6}})
		require.ErrorContains(t, err, fmt.Sprintf("optim: the schedule has Warmup %d, Steps %d and Final %g; give numbers of steps ≥ 0 and a factor in [0, 1]", c.Warmup, c.Steps, c.Final))
	}
}

// TestAveragedRules averages with each rule. The parameters are those of the rule alone, to the last bit, also if a run
// continues from a checkpoint.
func TestAveragedRules(t *testing.T) {
	t.Parallel()
	g := readGolden(t)
	rules := goldenRules()
	rules["scheduled"] = optim.Adam{Schedule: optim.Cosine{Warmup: 2, Steps: 5}}
	for name, rule := range rules {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			averaged := optim.Averaged{Rule: rule}
			plain := newTrainer[float32](t, g, rule, model.NewStore())
			whole := newTrainer[float32](t, g, averaged, model.NewStore())
			first := newTrainer[float32](t, g, averaged, model.NewStore())
			for number := range 3 {
				require.Equal(t, plain.step(t, number), whole.step(t, number))
				first.step(t, number)
			}
			path := filepath.Join(t.TempDir(), "run.safetensors")
			require.NoError(t, checkpoint.Save(path, first.store, nil))
			file, err := checkpoint.Open(path)
			require.NoError(t, err)
			requireAverages(t, file, first.averages())
			second := newTrainer[float32](t, g, averaged, file.Store)
			for number := 3; number < 6; number++ {
				require.Equal(t, plain.step(t, number), whole.step(t, number))
				second.step(t, number)
				require.Equal(t, whole.averages(), second.averages())
			}
			require.NoError(t, averaged.Clear(file.Store.RootScope()))
			require.Equal(t, len(shapes()), file.Store.NumVariables(), "Clear must leave the model's variables alone")
		})
	}
}

// requireAverages sets the parameters of a module to the averages in a checkpoint.
func requireAverages(t *testing.T, file *checkpoint.File, want map[string][]float32) {
	t.Helper()
	module := []*nn.Param{nn.NewParam("bias", make([]float32, 7), 7), nn.NewParam("weight", make([]float32, 30), 2, 3, 5)}
	require.NoError(t, file.Set(map[string][]*nn.Param{"average/net": module}))
	for _, p := range module {
		require.Equal(t, want[p.Name], tensors.MustCopyFlatData[float32](p.Value), p.Name)
	}
}

// TestAverages computes the averages of a parameter that moves by 1 each step. Without a Decay it is 0.999.
func TestAverages(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ given, want float64 }{{0, 0.999}, {0.5, 0.5}, {0.999, 0.999}, {1e-9, 1e-9}} {
		store := model.NewStore()
		exec := stepExec(t, store, optim.Averaged{Rule: optim.SGD{LearningRate: 1}, Decay: c.given})
		w, average := 7.0, 7.0
		for step := 1; step <= 30; step++ {
			_, err := exec.Call(-1.0)
			require.NoError(t, err)
			w++
			d := min(c.want, float64(step)/float64(9+step))
			average = d*average + (1-d)*w
			require.InEpsilon(t, average, store.GetVariable("/average/net/w").MustValue().Value(), 1e-14, "step %d, decay %g", step, c.given)
		}
		require.Equal(t, w, store.GetVariable("/net/w").MustValue().Value())
	}
}

// stepExec takes steps of a scalar parameter /net/w, initially 7, along the gradient that it is called with.
func stepExec(t *testing.T, store *model.Store, rule optim.Rule) *model.Exec {
	exec, err := model.NewExec(testbackend.Get(t), store, func(scope *model.Scope, grad *Node) *Node {
		w := scope.In("net").VariableWithValue("w", 7.0)
		rule.UpdateGraph(scope.Shared("net"), grad.Graph(), Mul(w.NodeValue(grad), grad))
		return grad
	})
	require.NoError(t, err)
	return exec
}

// TestAveragedVariables lists the state of a rule and of its averages, which start at the parameters. A compiled loop with
// this state takes the same steps as single calls.
func TestAveragedVariables(t *testing.T) {
	t.Parallel()
	rule := optim.Averaged{Rule: optim.Adam{Schedule: optim.Cosine{Steps: 4}}, Name: "ema"}
	store := model.NewStore()
	w := store.VariableWithValue("/net/w", 7.0)
	state := rule.Variables(store, []*model.Variable{w})
	values := map[string]any{}
	for _, v := range state {
		require.False(t, v.Trainable, v.Path())
		values[v.Path()] = v.MustValue().Value()
	}
	require.Equal(t, map[string]any{"/adam/learning_rate": 1e-3, "/adam/step": 0.0, "/adam/net/w/exp_avg": 0.0, "/adam/net/w/exp_avg_sq": 0.0, "/ema/net/w": 7.0, "/ema/step": 0.0}, values)
	require.Len(t, state, len(values))

	grads := []float64{0.5, -2, 1}
	exec, err := model.NewExec(testbackend.Get(t), store, func(scope *model.Scope, n, grads *Node) []*Node {
		steps := loop.Steps{Max: len(values), Vars: append(state, w), Outputs: []graphshapes.Shape{graphshapes.Make(dtypes.Float64)}}
		return steps.Run(n, nil, []*Node{grads}, func(_, each []*Node) []*Node {
			w.NodeValue(n)
			optim.Update(rule, store.Scope("/net"), []*model.Variable{w}, each)
			return each
		})
	})
	require.NoError(t, err)
	_, err = exec.Call(int32(len(grads)), append(slices.Clone(grads), 0, 0, 0))
	require.NoError(t, err)

	single := model.NewStore()
	one := stepExec(t, single, rule)
	for _, grad := range grads {
		_, err := one.Call(grad)
		require.NoError(t, err)
	}
	for _, path := range append(slices.Collect(maps.Keys(values)), "/net/w") {
		require.Equal(t, single.GetVariable(path).MustValue().Value(), store.GetVariable(path).MustValue().Value(), path)
	}
}

func TestBadAveraged(t *testing.T) {
	t.Parallel()
	for want, rule := range map[string]optim.Averaged{
		"optim: Averaged has the rule <nil> and Decay 0.5; give a rule and a number in (0, 1), such as 0.999": {Decay: 0.5},
		"and Decay 1; give a rule":   {Rule: optim.SGD{}, Decay: 1},
		"and Decay -1; give a rule":  {Rule: optim.SGD{}, Decay: -1},
		"and Decay NaN; give a rule": {Rule: optim.SGD{}, Decay: math.NaN()},
	} {
		_, err := stepExec(t, model.NewStore(), rule).Call(1.0)
		require.ErrorContains(t, err, want)
	}
	store := model.NewStore()
	w := store.VariableWithShape("/net/w", graphshapes.Make(dtypes.Float32), nil)
	defer func() {
		require.ErrorContains(t, recover().(error), "optim: the average of /net/w starts at its value: ")
	}()
	optim.Averaged{Rule: optim.SGD{}}.Variables(store, []*model.Variable{w})
}

// Two modules of one store have averages in different scopes.
func ExampleAveraged() {
	for _, name := range []string{"D", "G"} {
		rule := optim.Averaged{Rule: optim.Adam{Name: "adam_" + name}, Name: "average_" + name, Decay: 0.999}
		store := model.NewStore()
		w := store.VariableWithValue("/"+name+"/w", float32(2))
		for _, v := range rule.Variables(store, []*model.Variable{w}) {
			fmt.Println(v.Path())
		}
	}
	// Output:
	// /adam_D/learning_rate
	// /adam_D/step
	// /adam_D/D/w/exp_avg
	// /adam_D/D/w/exp_avg_sq
	// /average_D/D/w
	// /average_D/step
	// /adam_G/learning_rate
	// /adam_G/step
	// /adam_G/G/w/exp_avg
	// /adam_G/G/w/exp_avg_sq
	// /average_G/G/w
	// /average_G/step
}
