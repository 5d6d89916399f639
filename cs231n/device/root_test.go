package device

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRootFromEnvironment(t *testing.T) {
	m := fake(t, nil)
	elsewhere := t.TempDir()
	checkout(t, "", m.dir)
	m.lookup = func(name string) (string, bool) { return elsewhere, name == "CS231N_ROOT" }
	_, err := m.root()
	require.ErrorContains(t, err, "CS231N_ROOT="+elsewhere)

	put(t, "", elsewhere, venvCPU)
	root, err := m.root()
	require.NoError(t, err)
	assert.Equal(t, elsewhere, root)
}

func TestRoot(t *testing.T) {
	tests := []struct {
		name    string
		prepare func(m *machine) (root string)
		want    string // what the error contains; empty if a checkout is found
	}{
		{
			name: "beside the program before the working directory",
			prepare: func(m *machine) string {
				m.binary = filepath.Join(m.home, "bin")
				checkout(t, "", m.home)
				checkout(t, "", m.dir)
				return m.home
			},
		},
		{
			name: "not above the program",
			prepare: func(m *machine) string {
				m.binary = filepath.Join(m.home, "bin", "deep")
				checkout(t, "", m.home)
				return ""
			},
			want: "no checkout in ",
		},
		{
			name: "another module's .venv is passed over",
			prepare: func(m *machine) string {
				root := m.dir
				checkout(t, "", root)
				m.dir = filepath.Join(root, "inner")
				put(t, "", m.dir, venvCPU)
				require.NoError(t, os.WriteFile(filepath.Join(m.dir, "go.mod"), []byte("module example.org/other\n"), 0o644))
				return root
			},
		},
		{
			name: "a .venv without a module",
			prepare: func(m *machine) string {
				put(t, "", m.dir, venvCPU)
				return ""
			},
			want: "no checkout in ",
		},
		{
			name: "a checkout without .venv",
			prepare: func(m *machine) string {
				checkout(t, "", m.dir)
				require.NoError(t, os.RemoveAll(filepath.Join(m.dir, ".venv")))
				return ""
			},
			want: "has no .venv: run `make setup` there",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := fake(t, nil)
			want := test.prepare(&m)
			root, err := m.root()
			if test.want != "" {
				require.ErrorContains(t, err, test.want)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, want, root)
		})
	}
}

// TestPluginOfOthers checks that a plugin that other users can have put there is not opened, as in /tmp/.venv.
func TestPluginOfOthers(t *testing.T) {
	real := realPlugin(t)
	for _, folder := range []string{"", ".venv"} {
		m := fake(t, map[string]string{noInstall: "1"})
		checkout(t, real, m.dir)
		require.NoError(t, os.Chmod(filepath.Join(m.dir, folder), 0o777))
		m.dir = filepath.Join(m.dir, "work")
		require.NoError(t, os.Mkdir(m.dir, 0o755))
		var warnings bytes.Buffer
		backend, candidates, err := m.choose(options{warnings: &warnings})
		require.NoError(t, err)
		backend.Finalize()
		for _, c := range candidates {
			assert.NotEqual(t, "xla", c.Name)
			assert.Equal(t, c.Path == pureGoName, c.Chosen, c.Name)
		}
		assert.Contains(t, warnings.String(), "was not opened: every user can write to ")
		assert.Contains(t, warnings.String(), "CS231N_ROOT=")
	}
}
