package source

import (
	"testing"

	"github.com/stretchr/testify/require"
)

const solved = `package rnn

import (
	"slices"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/cs231n-go/assignment3/cs231n/nn"
)

// StepForward is a step.
func StepForward(x *Node) (next *Node) {
	// BEGIN SOLUTION rnn-step-forward
	return nn.Product(x, helper(x))
	// END SOLUTION
}

// BEGIN SOLUTION

// helper helps.
func helper(x *Node) *Node { return slices.Max([]*Node{x}) }

// END SOLUTION

func given() {}
`

const blank = `package rnn

import (
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/todo"
)

// StepForward is a step.
func StepForward(x *Node) (next *Node) {
	// Exercise rnn-step-forward: RNN: forward pass of a step.
	panic(todo.Exercise("rnn-step-forward", "cs231n/rnn/step.go")) // write your code in place of this line
}

func given() {}

// Go refuses imports that are not used. These lines use those that your code may or may not need.
var (
	_ = nn.Product
	_ = todo.Exercise
)
`

func TestBlank(t *testing.T) {
	t.Parallel()
	got, err := Blank("cs231n/rnn/step.go", []byte(solved))
	require.NoError(t, err)
	require.Equal(t, blank, string(got))
	got, err = Blank("cs231n/rnn/step.go", []byte("package rnn\n"))
	require.NoError(t, err)
	require.Equal(t, "package rnn\n", string(got))
}

func TestMarks(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		"// END SOLUTION\n":                              "a.go:1: END SOLUTION without BEGIN SOLUTION",
		"\n// BEGIN SOLUTION\n":                          "a.go:2: BEGIN SOLUTION without END SOLUTION",
		"// BEGIN SOLUTION\n// BEGIN SOLUTION\n":         "a.go:2: BEGIN SOLUTION in a region that line 1 begins",
		"// BEGIN SOLUTION rnn\n// END SOLUTION":         `a.go:1: there is no exercise "rnn"`,
		"// BEGIN SOLUTION rnn-forward\n// END SOLUTION": "a.go:1: exercise rnn-forward is in a.go instead of cs231n/rnn/sequence.go",
	} {
		_, err := Blank("a.go", []byte(text))
		require.EqualError(t, err, says)
	}
}

func TestEdition(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"package a\n":                              "package a\n",
		"//go:build plain\n\npackage a\n":          "package a\n",
		"//go:build linux\n\npackage a\n":          "//go:build linux\n\npackage a\n",
		"//go:build plain && linux\n\npackage a\n": "package a\n",
	} {
		got, ok := Edition([]byte(text))
		require.True(t, ok, text)
		require.Equal(t, want, got)
	}
	_, ok := Edition([]byte("//go:build !plain\n\npackage a\n"))
	require.False(t, ok)
	require.Equal(t, "rnn/step.go", Name("rnn/step_plain.go"))
	require.Equal(t, "rnn/step.go", Name("rnn/step.go"))
	require.Equal(t, "rnn/step_plain.go", PlainName("rnn/step.go"))
}
