package main

import (
	"bytes"
	"context"
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
		{[]string{"stpe"}, `unknown command "stpe"`},
		{[]string{"-models", "gan,wgan"}, `unknown model "wgan"; there are [gan `},
		{[]string{"-only", "steps,speed"}, `-only "speed": there are [steps growth cells]`},
		{[]string{"-rounds", "0"}, "-rounds 0"},
		{[]string{"-iters", "-1"}, "-iters -1"},
		{[]string{"step"}, "step needs a model"},
		{[]string{"step", "wgan"}, `unknown model "wgan"`},
	} {
		var stdout, stderr bytes.Buffer
		require.ErrorContains(t, run(context.Background(), c.args, &stdout, &stderr), c.says, "%q", c.args)
		require.Empty(t, stdout.String())
	}
}
