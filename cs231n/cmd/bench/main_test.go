package main

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestMisuse has command lines with a mistake, which is found before anything is measured.
func TestMisuse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"stpe"}, `bench: has no command "stpe"; did you mean step? (see bench --help)`},
		{[]string{"--models", "gan,wgan"}, `--models: bench: unknown model "wgan"; there are [gan `},
		{[]string{"--only", "steps,speed"}, `--only "speed": choose from [steps growth cells]`},
		{[]string{"-rounds", "1"}, "write --rounds instead of -rounds"},
		{[]string{"--rounds", "0"}, `"0" for "--rounds" flag`},
		{[]string{"--iters", "-1"}, `"-1" for "--iters" flag`},
		{[]string{"step"}, "step needs MODEL (see bench step --help)"},
		{[]string{"step", "wgan"}, `unknown model "wgan"`},
		{[]string{"step", "gan", "--rounds", "3"}, "step has no flag --rounds"},
		{[]string{"growth"}, "growth needs MODEL"},
		{[]string{"growth", "rnn"}, `there is no growth of "rnn"; choose from [gan dcgan lstm transformer sample scores]`},
		{[]string{"load"}, "load needs DIR"},
		{[]string{"epoch", "lstm"}, "epoch needs DIR"},
		{[]string{"epoch", "gan", "data"}, `"gan" is no captioning model; choose from [rnn lstm transformer]`},
		{[]string{"epoch", "lstm", "data", "--iters", "0"}, `"0" for "--iters" flag`},
		{[]string{"matmul", "3"}, `matmul does not take "3"`},
	} {
		var stdout, stderr bytes.Buffer
		require.Equal(t, 2, run(context.Background(), c.args, &stdout, &stderr), "%q", c.args)
		require.Contains(t, stderr.String(), c.says)
		require.Equal(t, 1, strings.Count(stderr.String(), "\n"))
		require.Empty(t, stdout.String())
	}
}

func TestKeepNeedsResults(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer
	require.Equal(t, 1, run(context.Background(), []string{"--keep", "--out", t.TempDir()}, &stdout, &stderr))
	require.Contains(t, stderr.String(), "--keep: bench: cannot read earlier results: open ")
	require.Equal(t, 1, strings.Count(stderr.String(), "\n"))
}

func TestHelp(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer
	require.Zero(t, run(context.Background(), []string{"--help"}, &stdout, &stderr))
	for _, text := range []string{"Usage:\n  bench [flags]\n  bench [command]\n", "--rounds N ", "--keep ", "(default 3)", "[gan,lsgan,dcgan,diffusion,rnn,lstm,transformer,sample,draw]", "[steps,growth,cells]", `"out/bench"`} {
		require.Contains(t, stdout.String(), text)
	}
	stdout.Reset()
	require.Zero(t, run(context.Background(), []string{"step", "-h"}, &stdout, &stderr))
	require.Contains(t, stdout.String(), "bench step MODEL [flags]")
}
