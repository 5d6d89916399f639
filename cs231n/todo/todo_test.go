package todo_test

import (
	"errors"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/todo"
)

const says = "exercise rnn-forward is not done yet: write your code in cs231n/rnn/sequence.go in place of the line with todo.Exercise, save the file, and run the cell again"

// TestMain plays the program of a cell if the test starts it again.
func TestMain(m *testing.M) {
	if os.Getenv("TODO_CELL") != "" {
		panic(todo.Exercise("rnn-forward", "cs231n/rnn/sequence.go"))
	}
	os.Exit(m.Run())
}

func TestExercise(t *testing.T) {
	t.Setenv("GONB_PIPE", "")
	t.Setenv("GONB_TMP_DIR", "")
	err := todo.Exercise("rnn-forward", "cs231n/rnn/sequence.go")
	require.EqualError(t, err, says)
	gap, ok := errors.AsType[*todo.Gap](err)
	require.True(t, ok)
	require.Equal(t, "rnn-forward", gap.Exercise)
}

// TestCell has a gap in a cell: one line, and the cell fails.
func TestCell(t *testing.T) {
	t.Parallel()
	for _, variable := range []string{"GONB_PIPE", "GONB_TMP_DIR"} {
		self, err := os.Executable()
		require.NoError(t, err)
		cmd := exec.CommandContext(t.Context(), self)
		cmd.Env = []string{"TODO_CELL=1", variable + "=x"}
		out, err := cmd.CombinedOutput()
		exit, ok := errors.AsType[*exec.ExitError](err)
		require.True(t, ok)
		require.Equal(t, 1, exit.ExitCode())
		require.Equal(t, "error: "+says+"\n", string(out))
	}
}
