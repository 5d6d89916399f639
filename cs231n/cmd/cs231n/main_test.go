package main

import (
	"bytes"
	"context"
	"errors"
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
		{"no command", nil, "no command given; there are train, sample, eval, data and doctor"},
		{"unknown command", []string{"trian"}, `unknown command "trian"`},
		{"no model", []string{"train"}, "gan, lsgan, dcgan, digits, rnn, lstm and transformer"},
		{"unknown model", []string{"train", "wgan"}, `unknown model "wgan"; there are gan, lsgan, dcgan, digits, rnn, lstm and transformer`},
		{"model after the flags", []string{"train", "-iters", "3", "gan"}, "a model before its flags"},
		{"no iterations", []string{"train", "gan", "-iters", "0"}, "-iters 0: at least one"},
		{"negative iterations", []string{"train", "gan", "-iters", "-5"}, "-iters -5: at least one"},
		{"no epochs", []string{"train", "gan", "-epochs", "0"}, "-epochs 0: at least one"},
		{"negative epochs", []string{"train", "gan", "-epochs=-1"}, "-epochs -1: at least one"},
		{"iterations and epochs", []string{"train", "gan", "-iters", "3", "-epochs", "1"}, "-iters and -epochs exclude each other"},
		{"never saving", []string{"train", "gan", "-save-every", "0"}, "-save-every 0: it is a number of iterations"},
		{"no devices", []string{"train", "gan", "-devices", "0"}, "-devices 0: it is a number of devices, at least one"},
		{"captions: negative devices", []string{"train", "rnn", "-data", "d", "-devices", "-1"}, "-devices -1: it must be at least 1"},
		{"trailing argument", []string{"train", "gan", "-iters", "3", "more"}, `does not take "more"`},
		{"not a number", []string{"train", "gan", "-iters", "many"}, `"many" for flag -iters`},
		{"fraction", []string{"train", "gan", "-epochs", "1.5"}, `"1.5" for flag -epochs`},
		{"negative seed", []string{"train", "gan", "-seed", "-1"}, `"-1" for flag -seed`},
		{"flag without value", []string{"train", "gan", "-iters"}, "-iters"},
		{"unknown flag", []string{"train", "gan", "-lr", "1"}, "-lr"},
		{"unknown flag in two lines", []string{"train", "gan", "-l\nr"}, "-l; r"},
		{"empty folder", []string{"train", "gan", "-out", ""}, "-out needs a folder"},
		{"captions of nothing", []string{"train", "rnn"}, "needs -data DIR: data make DIR"},
		{"captions: no epochs", []string{"train", "lstm", "-data", "d", "-epochs", "0"}, "-epochs 0: it must be at least 1"},
		{"captions: negative iterations", []string{"train", "lstm", "-data", "d", "-iters", "-1"}, "-iters -1"},
		{"captions: no rate", []string{"train", "rnn", "-data", "d", "-lr", "0"}, "-lr 0"},
		{"captions: no rate at all", []string{"train", "rnn", "-data", "d", "-lr", "NaN"}, "-lr NaN"},
		{"captions: endless decay", []string{"train", "rnn", "-data", "d", "-lr-decay", "Inf"}, "-lr-decay +Inf: both must be above 0 and finite"},
		{"captions: iterations and epochs", []string{"train", "rnn", "-data", "d", "-iters", "3", "-epochs", "1"}, "-iters and -epochs exclude each other"},
		{"captions: negative number", []string{"train", "rnn", "-data", "d", "-max-train", "-5"}, "-max-train -5"},
		{"captions: seed past NumPy's", []string{"train", "rnn", "-data", "d", "-seed", "4294967296"}, "end at 4294967295"},
		{"captions: trailing argument", []string{"train", "rnn", "-data", "d", "e"}, `train rnn does not take "e"`},
		{"captions: empty folder", []string{"train", "rnn", "-data", "d", "-out", ""}, "-out needs a folder"},
		{"captions: flag of a GAN's", []string{"sample", "rnn", "-iters", "3"}, "-iters"},
		{"sample what", []string{"sample"}, "rnn, lstm or transformer"},
		{"sample a GAN", []string{"sample", "gan"}, "rnn, lstm or transformer"},
		{"sample another split", []string{"sample", "rnn", "-data", "d", "-split", "test"}, `-split "test": there are train and val`},
		{"sample nothing", []string{"sample", "rnn", "-data", "d", "-n", "0"}, "-n 0: at least one"},
		{"sample more than there is", []string{"sample", "rnn", "-data", smallCaptions, "-n", "1000000000000"}, "val has only "},
		{"sample without beams", []string{"sample", "transformer", "-data", "d", "-beam", "0"}, "-beam 0: at least one beam"},
		{"beams and dropout", []string{"sample", "transformer", "-data", "d", "-beam", "2", "-dropout"}, "-beam and -dropout exclude each other"},
		{"beams of an RNN", []string{"eval", "rnn", "-data", "d", "-beam", "2"}, "-beam"},
		{"eval with dropout", []string{"eval", "transformer", "-data", "d", "-dropout"}, "-dropout"},
		{"no heads", []string{"train", "transformer", "-data", "d", "-heads", "0"}, "-heads 0"},
		{"eval what", []string{"eval", "-data", "d"}, "rnn, lstm or transformer"},
		{"data of what", []string{"data"}, "make DIR or fetch [-replace] DIR"},
		{"data of something else", []string{"data", "cifar", "dir"}, `"cifar"; there are make and fetch`},
		{"flag of another download", []string{"data", "make", "-replace", "dir"}, "make DIR"},
		{"replace what", []string{"data", "fetch", "-replace"}, "fetch [-replace] DIR"},
		{"flag for a folder", []string{"data", "make", "-force"}, "make DIR"},
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
		{"-h"}, {"--help"}, {"help"}, {"train", "-h"}, {"train", "dcgan", "-h"}, {"train", "gan", "-iters", "3", "-help"}, {"train", "rnn", "-data", "d", "-h"}, {"sample", "lstm", "-h"}, {"eval", "-h"}, {"data", "-h"}, {"data", "fetch", "-h"}, {"doctor", "--help"},
	} {
		require.Equal(t, outcome{0, usage, ""}, inProcess(args...), "%q", args)
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	f, err := parseTrain([]string{"lsgan"})
	require.NoError(t, err)
	require.Equal(t, trainFlags{model: "lsgan", seed: 231, saveEvery: 250, devices: 1, out: filepath.Join("out", "lsgan")}, f)
}

// TestMistake has a panic where a command is at work.
func TestMistake(t *testing.T) {
	err := recovered(func() error { panic("shapes [2 3] and [4]") })
	require.EqualError(t, err, "this is a mistake in cs231n and not yours: shapes [2 3] and [4]; what was saved is whole; please report it with the trace that CS231N_TRACE=1 shows")
	failure := errors.New("out of luck")
	require.Equal(t, failure, recovered(func() error { return failure }))
	t.Setenv(traceEnv, "1")
	require.Panics(t, func() { _ = recovered(func() error { panic("seen") }) })
}
