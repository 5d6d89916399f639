//go:build nopurego

package device

import (
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestWithoutPureGo checks the error of a program that is built like a cell, without the pure-Go backend.
func TestWithoutPureGo(t *testing.T) {
	for order, want := range map[string]string{
		"":   "no XLA plugin works here",
		"go": "GOMLX_BACKEND=go",
	} {
		env := map[string]string{noInstall: "1"}
		if order != "" {
			env["GOMLX_BACKEND"] = order
		}
		_, _, err := fake(t, env).choose(options{warnings: io.Discard})
		require.ErrorContains(t, err, want)
		assert.ErrorContains(t, err, "nopurego")
		assert.ErrorContains(t, err, "make setup")
	}
}
