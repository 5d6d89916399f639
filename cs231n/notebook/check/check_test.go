package check_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/notebook/check"
)

const cellEnv = "CS231N_TEST_CELL"

// double is a layer with two outputs.
func double(x *Node) (twice, square *Node) { return MulScalar(x, 2), Square(x) }

// gradient checks a layer whose gradient is wrong by a factor.
func gradient(factor float64) check.Gradient {
	return check.Gradient{
		Names: "dx", In: check.Arrays{[]float64{1, 2}}, DOut: check.Arrays{[]float64{1, -1}},
		Forward:  func(x *Node) (y, saved *Node) { return Square(x), x },
		Backward: func(dy, x *Node) *Node { return MulScalar(Mul(dy, x), 2*factor) },
	}
}

// sum is a loss.
func sum(x *Node) *Node { return ReduceAllSum(x) }

// cells are cells of a notebook. Each runs in a separate process.
func cells() map[string]func() {
	in := check.Arrays{[]float64{1, 3}}
	return map[string]func(){
		"values":           func() { check.Values("a b", double, in, 1e-7, []float64{2, 6}, []float64{1, 9}) },
		"wrong values":     func() { check.Values("a b", double, in, 1e-7, []float64{2, 6}, []float64{1, 8}) },
		"wrong names":      func() { check.Values("a", double, in, 1e-7, []float64{2, 6}, []float64{1, 8}) },
		"close":            func() { check.Close("a", tensors.FromValue([]float32{1}), []float64{1.5}, 0.21) },
		"maximum":          func() { check.MaximumError("d_loss", sum, in, 1e-3, 4.001) },
		"wrong maximum":    func() { check.MaximumError("d_loss", sum, in, 1e-4, 4.001) },
		"gradient":         func() { gradient(1).Below(1e-8) },
		"wrong gradient":   func() { gradient(2).Below(1e-8) },
		"not zero":         func() { gradient(1).Below(1e-8, "dx") },
		"loss":             func() { check.Loss(9.5, 9.25, 0.3) },
		"wrong loss":       func() { check.Loss(9.5, 9.25, 0.25) },
		"between":          func() { check.Between("the loss", sum, in, 4, 4) },
		"too low":          func() { check.Between("the loss", sum, in, 4.1, 5) },
		"too high":         func() { check.Between("the loss", sum, in, 3, 3.9) },
		"parameters":       func() { check.CountParams("generator", nn.Linear(3, 2, nil), 8) },
		"wrong parameters": func() { check.CountParams("generator", nn.Linear(3, 2, nil), 9) },
	}
}

// TestMain is the main of a cell if the test asks for one.
func TestMain(m *testing.M) {
	if cell := os.Getenv(cellEnv); cell != "" {
		cells()[cell]()
		return
	}
	os.Exit(m.Run())
}

// TestCells compares the output of each check, and expects a failed check to make its cell fail.
func TestCells(t *testing.T) {
	t.Parallel()
	for cell, c := range map[string]struct {
		stdout, stderr string // stdout is a regular expression
	}{
		"values":           {`^a error:  0\nb error:  0\n$`, ""},
		"wrong values":     {`^a error:  0\nb error:  0.0588\d+\n$`, "error: b is wrong: its error 0.059 is not below 1e-07; at [1] it is 9 instead of 8\n"},
		"wrong names":      {`^$`, "error: check.Values: 1 names for 2 lists of expected values\n"},
		"close":            {`^a error:  0.2\n$`, ""},
		"maximum":          {`^Maximum error in d_loss: 0.000124984\n$`, ""},
		"wrong maximum":    {`^Maximum error in d_loss: 0.000124984\n$`, "error: d_loss is wrong: its error 0.00012 is not below 0.0001; at [] it is 4 instead of 4.001\n"},
		"gradient":         {`^dx error: \d\.\d{6}e-\d\d \(GoMLX's autodiff 0.0e\+00\)\n$`, ""},
		"wrong gradient":   {`^dx error: 3.333333e-01 \(GoMLX's autodiff 3.3e-01\)\n$`, "error: the gradient dx is wrong: its error 0.33 is not below 1e-08; at ["},
		"not zero":         {`^dx error: `, "error: the gradient dx must be zero, but it reaches 4\n"},
		"loss":             {`^loss:  9.5\nexpected loss:  9.25\ndifference:  0.25\n$`, ""},
		"wrong loss":       {`^loss:  9.5\nexpected loss:  9.25\ndifference:  0.25\n$`, "error: the loss is wrong: it differs from the expected one by 0.25, not by less than 0.25\n"},
		"between":          {`^4\n$`, ""},
		"too low":          {`^4\n$`, "error: the loss is 4, which is not between 4.1 and 5\n"},
		"too high":         {`^4\n$`, "error: the loss is 4, which is not between 3 and 3.9\n"},
		"parameters":       {`^Correct number of parameters in generator.\n$`, ""},
		"wrong parameters": {`^$`, "error: the generator has 8 parameters instead of 9; "},
	} {
		t.Run(cell, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), cellEnv+"="+cell)
			var stdout, stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			if err := cmd.Run(); c.stderr != "" {
				exit, ok := errors.AsType[*exec.ExitError](err)
				require.True(t, ok && exit.ExitCode() == 1, "%v", err)
				require.Contains(t, stderr.String(), c.stderr)
			} else {
				require.NoError(t, err, "%s", &stderr)
				require.Empty(t, stderr.String())
			}
			require.Regexp(t, c.stdout, stdout.String())
		})
	}
}

func TestInputs(t *testing.T) {
	t.Parallel()
	require.Equal(t, [][]int32{{0, 1, 2, 0}, {1, 2, 0, 1}}, check.Cycle(3, 2, 4))
	p := nn.NewParam("p", []float64{0, 0, 0, 0}, 2, 2)
	check.Fill([]*nn.Param{p}, -1, 2)
	require.Equal(t, [][]float64{{-1, 0}, {1, 2}}, p.Value.Value())
}
