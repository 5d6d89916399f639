package notebook_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/arrays"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	nb "github.com/cs231n-go/assignment3/cs231n/notebook"
	"github.com/cs231n-go/assignment3/cs231n/optim"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

const cellEnv = "CS231N_TEST_CELL"

// cells are the cells that the tests run. Each runs in a separate process, as in a notebook.
func cells() map[string]func() {
	return map[string]func(){
		"seed": func() { nb.Seed(231) },
		"draw": func() {
			fmt.Println(draw(nb.Torch()), draw(nb.CUDA()))
		},
		"fail":      func() { nb.Check(errors.Join(errors.New("first"), errors.New("second"))) },
		"interrupt": func() { nb.Must(0, fmt.Errorf("stopped: %w", context.Canceled)) },
		"stop": func() {
			nb.Check(fmt.Errorf("gan: %w", &training.Stopped{Progress: training.Progress{Iteration: 40, Total: 100}, Folder: "out/gan"}))
			fmt.Println("the rest of the cell")
		},
		"no error": func() { nb.Check(nil); fmt.Println(nb.Must(7, nil)) },
		"setting":  func() { fmt.Println(nb.Setting("N", 1, 2)) },
		"arrays": func() {
			nb.NumPy().Seed(231)
			fmt.Println(nb.Linspace(0, 1, 3).Value(), nb.Randn(2).Value(), nb.RandInt(9, 3).Value(), nb.TorchRandn(2).Value())
		},
		"train 3": func() { fmt.Println(nb.TrainOnce("once", countdown(), training.Options{Iters: 3}).Iteration) },
		"train 4": func() { fmt.Println(nb.TrainOnce("once", countdown(), training.Options{Iters: 4}).Iteration) },
	}
}

// countdown is a task that subtracts its only parameter from itself.
func countdown() training.Task {
	p := nn.NewParam("x", []float32{1}, 1)
	return training.Task{
		Model: "countdown", Modules: []training.Module{{Name: "net", Params: []*nn.Param{p}, Optimizer: optim.Momentum{Name: "sgd", LearningRate: 0.1}}},
		Losses: []string{"loss"}, Examples: 1,
		Draw: func(int, int) ([]*tensors.Tensor, error) {
			return []*tensors.Tensor{tensors.FromValue([]float32{1})}, nil
		},
		Step: func(s *training.Step) ([]*graph.Node, *graph.Node) {
			x := s.Params("net")[p]
			s.Update("net", []*graph.Node{x})
			return []*graph.Node{graph.ReduceAllSum(graph.Mul(x, s.Batch[0]))}, nil
		},
		Line: func(i, total int, _ []float64) string { return fmt.Sprintf("%d of %d", i, total) },
	}
}

func draw(stream interface {
	Uniform(dst []float32, from, to float64)
}) []float32 {
	values := make([]float32, 3)
	stream.Uniform(values, 0, 1)
	return values
}

// TestMain is the main of a cell if the test asks for one.
func TestMain(m *testing.M) {
	if cell := os.Getenv(cellEnv); cell != "" {
		cells()[cell]()
		return
	}
	os.Exit(m.Run())
}

// run executes a cell with an environment that holds env and a home (go-xla complains without one).
func run(t *testing.T, cell string, env ...string) (status int, stdout, stderr string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Dir = t.TempDir()
	cmd.Env = append(env, cellEnv+"="+cell, "HOME="+t.TempDir())
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	files, err := os.ReadDir(cmd.Dir)
	require.NoError(t, err)
	require.Empty(t, files, "a cell leaves nothing in its folder")
	return cmd.ProcessState.ExitCode(), out.String(), errOut.String()
}

// TestStreamsGoOn expects two cells to draw the numbers that one program draws, and again after a new seed.
func TestStreamsGoOn(t *testing.T) {
	t.Parallel()
	kernel := "GONB_TMP_DIR=" + t.TempDir()
	for range 2 {
		status, _, stderr := run(t, "seed", kernel)
		require.Zero(t, status, stderr)
		torch, cuda := rng.NewTorch(231), rng.NewCUDA(231)
		for range 2 {
			status, stdout, stderr := run(t, "draw", kernel)
			require.Zero(t, status, stderr)
			require.Equal(t, fmt.Sprintln(draw(torch), draw(cuda)), stdout)
		}
	}
}

func TestCells(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "missing")
	for _, c := range []struct {
		name, cell     string
		env            []string
		status         int
		stdout, stderr string // stderr is a regular expression
	}{
		{name: "no error", cell: "no error", stdout: "7\n", stderr: `^$`},
		{name: "two errors in one line", cell: "fail", status: 1, stderr: `^error: first; second\n$`},
		{name: "interrupted", cell: "interrupt", status: 1, stderr: `^error: stopped: context canceled \(run this cell again to resume\)\n$`},
		{name: "training stopped", cell: "stop", stdout: "Training stopped after iteration 40 of 100 and is saved in out/gan. Run this cell again to resume.\n", stderr: `^$`},
		{name: "full setting", cell: "setting", stdout: "1\n", stderr: `^$`},
		{name: "quick setting", cell: "setting", env: []string{"CS231N_QUICK=1"}, stdout: "2\n", stderr: `^$`},
		{name: "own setting", cell: "setting", env: []string{"CS231N_QUICK=1", "CS231N_N=3"}, stdout: "3\n", stderr: `^$`},
		{name: "not a number", cell: "setting", env: []string{"CS231N_N=many"}, status: 1, stderr: `^error: notebook: .*CS231N_N is "many".*unset it\n$`},
		{name: "negative number", cell: "setting", env: []string{"CS231N_N=-3"}, status: 1, stderr: `^error: notebook: .*CS231N_N is "-3".*unset it\n$`},
		{name: "seed outside a notebook", cell: "seed", status: 1, stderr: `^error: notebook: torch.rng .*GONB_TMP_DIR is not set.*\n$`},
		{name: "draw outside a notebook", cell: "draw", status: 1, stderr: `^error: notebook: torch.rng .*GONB_TMP_DIR is not set.*\n$`},
		{name: "kernel's folder is gone", cell: "draw", env: []string{"GONB_TMP_DIR=" + missing}, status: 1, stderr: `^error: rng: [^\n]*missing[^\n]*\n$`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			status, stdout, stderr := run(t, c.cell, c.env...)
			require.Equal(t, c.status, status, stderr)
			require.Equal(t, c.stdout, stdout)
			require.Regexp(t, c.stderr, stderr)
		})
	}
}

// TestArrays compares the arrays of cells with those of the streams.
func TestArrays(t *testing.T) {
	t.Parallel()
	kernel := "GONB_TMP_DIR=" + t.TempDir()
	status, _, stderr := run(t, "seed", kernel)
	require.Zero(t, status, stderr)
	status, stdout, stderr := run(t, "arrays", kernel)
	require.Zero(t, status, stderr)
	numpy, normals := rng.NewNumPy(231), make([]float32, 2)
	rng.NewTorch(231).Normal(normals, 0, 1)
	require.Equal(t, fmt.Sprintln([]float64{0, 0.5, 1}, arrays.Randn(numpy, 2).Value(), arrays.RandInt(numpy, 9, 3).Value(), normals), stdout)
}

// TestTrainOnce trains a new model, reuses it, trains it again for another number of iterations, and refuses a damaged one.
func TestTrainOnce(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	out := t.TempDir()
	env := []string{"CS231N_ROOT=" + root, "CS231N_OUT=" + out}
	for _, c := range []struct{ cell, stdout string }{
		{"train 3", `^(?s:0 of 3\n1 of 3\n2 of 3\n.*)\n3\n$`},
		{"train 3", `^countdown: already trained for 3 iterations\n3\n$`},
		{"train 4", `(?s:\n3 of 4\n.*)\n4\n$`},
	} {
		status, stdout, stderr := run(t, c.cell, env...)
		require.Zero(t, status, stderr)
		require.Regexp(t, c.stdout, stdout, c.cell)
	}
	require.NoError(t, os.WriteFile(training.Folder(filepath.Join(out, "once")).Checkpoint(), []byte("damaged"), 0o644))
	status, _, stderr := run(t, "train 3", env...)
	require.Equal(t, 1, status)
	require.Regexp(t, `^error: [^\n]*checkpoint[^\n]*\n$`, stderr)
}

func TestOutDir(t *testing.T) {
	t.Setenv("CS231N_OUT", "")
	require.EqualValues(t, filepath.Join("out", "gan"), nb.OutDir("gan"))
	t.Setenv("CS231N_OUT", "elsewhere")
	require.EqualValues(t, filepath.Join("elsewhere", "gan"), nb.OutDir("gan"))
}
