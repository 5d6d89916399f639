package main

import (
	"bytes"
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// outcome is what one command line did.
type outcome struct {
	status         int
	stdout, stderr string
}

// inProcess executes a command line that ends before anything is trained.
func inProcess(args ...string) outcome {
	var stdout, stderr bytes.Buffer
	status := run(context.Background(), args, &stdout, &stderr)
	return outcome{status, stdout.String(), stderr.String()}
}

// requireFault checks the promise of every error: the status, and one line that names things.
func (o outcome) requireFault(t *testing.T, status int, names ...string) {
	t.Helper()
	require.Equal(t, status, o.status, "%+v", o)
	require.Regexp(t, `\Acs231n: [^\n]+\n\z`, o.stderr, "one line on standard error")
	for _, name := range names {
		require.Contains(t, o.stderr, name)
	}
}

func TestMisuse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		args []string
		says string
	}{
		{"no command", nil, "no command given; there are train, data and doctor"},
		{"unknown command", []string{"trian"}, `unknown command "trian"`},
		{"no model", []string{"train"}, "gan, lsgan or dcgan"},
		{"unknown model", []string{"train", "wgan"}, `unknown model "wgan"; there are gan, lsgan and dcgan`},
		{"model after the flags", []string{"train", "-iters", "3", "gan"}, "a model before its flags"},
		{"no iterations", []string{"train", "gan", "-iters", "0"}, "-iters 0: at least one"},
		{"negative iterations", []string{"train", "gan", "-iters", "-5"}, "-iters -5: at least one"},
		{"no epochs", []string{"train", "gan", "-epochs", "0"}, "-epochs 0: at least one"},
		{"negative epochs", []string{"train", "gan", "-epochs=-1"}, "-epochs -1: at least one"},
		{"iterations and epochs", []string{"train", "gan", "-iters", "3", "-epochs", "1"}, "-iters and -epochs exclude each other"},
		{"never saving", []string{"train", "gan", "-save-every", "0"}, "-save-every 0: it is a number of iterations"},
		{"trailing argument", []string{"train", "gan", "-iters", "3", "more"}, `does not take "more"`},
		{"not a number", []string{"train", "gan", "-iters", "many"}, `"many" for flag -iters`},
		{"fraction", []string{"train", "gan", "-epochs", "1.5"}, `"1.5" for flag -epochs`},
		{"negative seed", []string{"train", "gan", "-seed", "-1"}, `"-1" for flag -seed`},
		{"flag without value", []string{"train", "gan", "-iters"}, "-iters"},
		{"unknown flag", []string{"train", "gan", "-lr", "1"}, "-lr"},
		{"unknown flag in two lines", []string{"train", "gan", "-l\nr"}, "-l; r"},
		{"empty folder", []string{"train", "gan", "-out", ""}, "-out needs a folder"},
		{"data of what", []string{"data"}, "data mnist DIR"},
		{"data of something else", []string{"data", "cifar", "dir"}, "data mnist DIR"},
		{"flag for a folder", []string{"data", "mnist", "-force"}, "data mnist DIR"},
		{"doctor's argument", []string{"doctor", "me"}, `doctor does not take "me"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := inProcess(c.args...)
			o.requireFault(t, 2, c.says, "cs231n -h")
			require.Empty(t, o.stdout)
		})
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"-h"}, {"--help"}, {"help"}, {"train", "-h"}, {"train", "dcgan", "-h"}, {"train", "gan", "-iters", "3", "-help"}, {"data", "-h"}, {"doctor", "--help"},
	} {
		require.Equal(t, outcome{0, usage, ""}, inProcess(args...), "%q", args)
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	f, err := parseTrain([]string{"lsgan"})
	require.NoError(t, err)
	require.Equal(t, trainFlags{model: "lsgan", seed: 231, saveEvery: 250, out: filepath.Join("out", "lsgan")}, f)
}
