package assess

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestDirect runs a script in the place of a probe. It finds the plugin where CS231N_ROOT says, and without results its
// last words tell why.
func TestDirect(t *testing.T) {
	folder := t.TempDir()
	p := Probe{Program: filepath.Join(folder, "probe"), Cases: "cases", Results: filepath.Join(folder, "results"), Root: "/copy"}
	direct := func(script string) (ended, results string) {
		require.NoError(t, os.WriteFile(p.Program, []byte("#!/bin/sh\n"+script), 0o755))
		ended, written, err := Direct(t.Context(), p)
		require.NoError(t, err)
		return ended, string(written)
	}
	for root, want := range map[string]string{"": "/copy\n", "/installed": "/installed\n"} {
		t.Setenv("CS231N_ROOT", root)
		ended, results := direct(`echo "$CS231N_ROOT" >"$2"; echo said; exit 1`)
		require.Equal(t, want, results)
		require.Equal(t, "its process ended: exit status 1", ended)
	}
	require.NoError(t, os.Remove(p.Results))
	ended, results := direct("echo first; echo no plugin; exit 1")
	require.Empty(t, results)
	require.Equal(t, "its process ended: exit status 1: no plugin", ended)
}
