package optim_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/checkpoint"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/optim"
)

// golden is the content of testdata/golden.json, which golden.py there writes. Parameters are flat.
type golden struct {
	Period    int                                                                         // number of steps between changes of the learning rate
	Factor    float64                                                                     // factor of a change
	Start     map[string][]float64                                                        // initial parameters bias and weight
	Gradients map[string][][]float64                                                      // by parameter and step
	Steps     map[string]map[string]map[string][][]float64                                // by rule, type, parameter and step
	Scheduled map[string]map[string]struct{ Parameters, Averages map[string][][]float64 } // by schedule and type
}

func readGolden(t *testing.T) *golden {
	data, err := os.ReadFile(filepath.Join("testdata", "golden.json"))
	require.NoError(t, err)
	var g golden
	require.NoError(t, json.Unmarshal(data, &g))
	return &g
}

// shapes returns the shapes of the parameters.
func shapes() map[string][]int { return map[string][]int{"weight": {2, 3, 5}, "bias": {7}} }

// tensor returns a parameter or its gradient.
func tensor[T float32 | float64](name string, values []float64) *tensors.Tensor {
	cast := make([]T, len(values))
	for i, x := range values {
		cast[i] = T(x)
	}
	return tensors.FromFlatDataAndDimensions(cast, shapes()[name]...)
}

// trainer takes steps of a rule on the golden parameters.
type trainer[T float32 | float64] struct {
	exec   *model.Exec
	store  *model.Store
	golden *golden
	built  int // number of graphs built
}

func newTrainer[T float32 | float64](t *testing.T, g *golden, rule optim.Rule, store *model.Store) *trainer[T] {
	tr := &trainer[T]{store: store, golden: g}
	names := []string{"weight", "bias"} // not in the order of the scope
	for _, name := range names {
		_, err := store.CreateVariable("/net/"+name, tensor[T](name, g.Start[name]))
		require.NoError(t, err)
	}
	var err error
	tr.exec, err = model.NewExec(testbackend.Get(t), store, func(scope *model.Scope, grads []*Node) *Node {
		tr.built++
		vars := make([]*model.Variable, len(names))
		for i, name := range names {
			vars[i] = store.GetVariable("/net/" + name)
			vars[i].NodeValue(grads[0])
		}
		optim.Update(rule, scope.In("net"), vars, grads)
		return ReduceAllSum(grads[0])
	})
	require.NoError(t, err)
	return tr
}

// step takes a golden step and returns the parameters after it.
func (tr *trainer[T]) step(t *testing.T, number int) map[string][]T {
	var grads []any
	for _, name := range []string{"weight", "bias"} {
		grads = append(grads, tensor[T](name, tr.golden.Gradients[name][number]))
	}
	_, err := tr.exec.Call(grads...)
	require.NoError(t, err)
	values := make(map[string][]T)
	for name := range shapes() {
		values[name] = tensors.MustCopyFlatData[T](tr.store.GetVariable("/net/" + name).MustValue())
	}
	return values
}

func goldenRules() map[string]optim.Rule {
	return map[string]optim.Rule{
		"sgd": optim.SGD{}, "sgd_momentum": optim.Momentum{}, "rmsprop": optim.RMSProp{},
		"adam": optim.Adam{EpsilonHat: true}, "torch_adam": optim.Adam{},
	}
}

// defaultName returns the scope of a rule without a Name.
func defaultName(rule string) string {
	if rule == "torch_adam" {
		return "adam"
	}
	return rule
}

// TestGolden compares nine steps with NumPy and PyTorch. The bounds are four units in the last place of 1, the
// largest parameter.
func TestGolden(t *testing.T) {
	t.Parallel()
	g := readGolden(t)
	for name, rule := range goldenRules() {
		t.Run(name+" float64", func(t *testing.T) { t.Parallel(); follow[float64](t, g, name, rule, 5e-16) })
		t.Run(name+" float32", func(t *testing.T) { t.Parallel(); follow[float32](t, g, name, rule, 2.5e-7) })
	}
}

func follow[T float32 | float64](t *testing.T, g *golden, name string, rule optim.Rule, bound float64) {
	tr := newTrainer[T](t, g, rule, model.NewStore())
	worst, other := 0.0, 0.0 // largest error, and largest difference to the other Adam
	for number := range g.Gradients["bias"] {
		for param, got := range tr.step(t, number) {
			for i, x := range got {
				want := g.Steps[name][fmt.Sprintf("%T", x)][param][number][i]
				worst = max(worst, math.Abs(float64(x)-want))
				if name == "adam" {
					want = g.Steps["torch_adam"][fmt.Sprintf("%T", x)][param][number][i]
					other = max(other, math.Abs(float64(x)-want))
				}
			}
		}
		if (number+1)%g.Period == 0 {
			require.NoError(t, optim.ScaleLearningRate(tr.store, defaultName(name), g.Factor))
		}
	}
	assert.LessOrEqual(t, worst, bound)
	assert.Equal(t, 1, tr.built, "a new learning rate must not compile the step again")
	if name == "adam" {
		assert.Greater(t, other, 100*bound, "the golden gradients must distinguish the two forms of Adam")
	}
	t.Logf("largest difference %.2g", worst)
}

// TestCheckpoint compares a run that continues from a checkpoint with an uninterrupted one.
func TestCheckpoint(t *testing.T) {
	t.Parallel()
	g := readGolden(t)
	for name, rule := range goldenRules() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr := newTrainer[float32](t, g, rule, model.NewStore())
			for number := range 3 {
				tr.step(t, number)
			}
			require.NoError(t, optim.ScaleLearningRate(tr.store, defaultName(name), 0.5))
			before, err := optim.LearningRate(tr.store, defaultName(name))
			require.NoError(t, err)

			path := filepath.Join(t.TempDir(), "run.safetensors")
			require.NoError(t, checkpoint.Save(path, tr.store, nil))
			var state any
			store, err := checkpoint.Load(path, &state)
			require.NoError(t, err)
			after := newTrainer[float32](t, g, rule, store)
			for number := 3; number < 6; number++ {
				require.Equal(t, tr.step(t, number), after.step(t, number))
			}
			rate, err := optim.LearningRate(store, defaultName(name))
			require.NoError(t, err)
			require.Equal(t, before, rate)

			require.NoError(t, rule.Clear(store.RootScope()))
			require.Equal(t, len(shapes()), store.NumVariables(), "Clear must leave the model's variables alone")
		})
	}
}

func TestByName(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		rule, name string
		rate       float64
		want       optim.Rule
		err        string
	}{
		{"sgd", "s", 0.1, optim.SGD{Name: "s", LearningRate: 0.1}, ""},
		{"sgd_momentum", "s", 0, optim.Momentum{Name: "s"}, ""},
		{"rmsprop", "", 0.1, optim.RMSProp{LearningRate: 0.1}, ""},
		{"adam", "s", 0.1, optim.Adam{Name: "s", LearningRate: 0.1, EpsilonHat: true}, ""},
		{"Adam", "s", 0.1, nil, `optim: unknown update rule "Adam"; choose one of adam, rmsprop, sgd, sgd_momentum`},
		{"sgd", "s", -1, nil, "optim: the learning rate of sgd cannot be -1"},
		{"sgd", "s", math.NaN(), nil, "cannot be NaN"},
		{"sgd", "s", math.Inf(1), nil, "cannot be +Inf"},
	} {
		t.Run(fmt.Sprint(test.rule, test.rate), func(t *testing.T) {
			t.Parallel()
			got, err := optim.ByName(test.rule, test.name, test.rate)
			if test.err != "" {
				require.ErrorContains(t, err, test.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, test.want, got)
		})
	}
}

func TestScaleLearningRateErrors(t *testing.T) {
	t.Parallel()
	store := model.NewStore()
	require.ErrorContains(t, optim.ScaleLearningRate(store, "adam", 0.5), "no learning rate at /adam/learning_rate; take a step first")
	_, err := store.CreateVariable("/adam/learning_rate", tensors.FromScalar(float32(1)))
	require.NoError(t, err)
	require.ErrorContains(t, optim.ScaleLearningRate(store, "adam", 0.5), "no learning rate")
	require.ErrorContains(t, optim.ScaleLearningRate(store, "adam", math.NaN()), "multiplied by NaN")
	require.ErrorContains(t, optim.ScaleLearningRate(store, "adam", -1), "multiplied by -1")
}

// TestWrongGradients expects errors, into which Exec turns the panics of graph functions.
func TestWrongGradients(t *testing.T) {
	t.Parallel()
	type pair = [2][]string // variables and gradients
	for _, test := range []struct {
		name string
		give pair
		want string
	}{
		{"none", pair{{}, {}}, "optim: 0 gradients for 0 variables of scope /net"},
		{"too few", pair{{"a", "b"}, {"a"}}, "optim: 1 gradients for 2 variables"},
		{"one is left out", pair{{"a"}, {"a"}}, "optim: no gradient for the variable /net/b"},
		{"nil", pair{{"a", "b"}, {"a", "nil"}}, "optim: the gradient of the variable /net/b is nil; give one for each"},
		{"the first is nil", pair{{"b", "a"}, {"nil", "a"}}, "optim: the gradient of the variable /net/b is nil"},
		{"outside", pair{{"a", "b", "/else"}, {"a", "b", "/else"}}, "optim: gradients for 3 variables, but scope /net has 2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			store := model.NewStore()
			exec, err := model.NewExec(testbackend.Get(t), store, func(scope *model.Scope, x *Node) *Node {
				net := scope.In("net")
				all := map[string]*model.Variable{"a": net.VariableWithValue("a", float32(1)), "b": net.VariableWithValue("b", float32(2)), "/else": scope.VariableWithValue("else", float32(3))}
				for _, v := range all {
					v.NodeValue(x)
				}
				var vars []*model.Variable
				for _, name := range test.give[0] {
					vars = append(vars, all[name])
				}
				grads := []*Node{x, x, x}[:len(test.give[1])]
				for i, name := range test.give[1] {
					if name == "nil" {
						grads[i] = nil
					}
				}
				optim.Update(optim.SGD{}, net, vars, grads)
				return x
			})
			require.NoError(t, err)
			_, err = exec.Call(float32(1))
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestWrongGradientsOfRule(t *testing.T) {
	t.Parallel()
	for want, grads := range map[string]func(x *Node) []*Node{
		"optim: sgd_momentum gets 2 gradients for the 1 trainable variables of scope /net": func(x *Node) []*Node { return []*Node{x, x} },
		"optim: sgd_momentum gets a nil gradient":                                          func(*Node) []*Node { return []*Node{nil} },
	} {
		exec, err := model.NewExec(testbackend.Get(t), model.NewStore(), func(scope *model.Scope, x *Node) *Node {
			scope.In("net").VariableWithValue("a", float32(1)).NodeValue(x)
			optim.Momentum{}.UpdateGraphWithGradients(scope.Shared("net"), grads(x), dtypes.Float32)
			return x
		})
		require.NoError(t, err)
		_, err = exec.Call(float32(1))
		require.ErrorContains(t, err, want)
	}
}

// The names of the rules in commands.
func ExampleByName() {
	for _, name := range []string{"sgd", "sgd_momentum", "rmsprop", "adam", "adagrad"} {
		rule, err := optim.ByName(name, "solver", 1e-3)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Printf("%T\n", rule)
	}
	// Output:
	// optim.SGD
	// optim.Momentum
	// optim.RMSProp
	// optim.Adam
	// optim: unknown update rule "adagrad"; choose one of adam, rmsprop, sgd, sgd_momentum, torch_adam
}
