package device

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPackageIsMissing(t *testing.T) {
	m := fake(t, map[string]string{})
	m.driver = "/dev/nvidia0"
	checkout(t, "", m.dir)
	require.NoError(t, os.Remove(filepath.Join(m.dir, venvCPU)))
	var missing []string
	for _, p := range m.plugins() {
		missing = append(missing, p.missing)
	}
	venv := filepath.Join(m.dir, ".venv")
	require.Equal(t, []string{
		"the Python package jax-cuda13-plugin[with-cuda] is not in " + venv, "the Python package jax-cuda12-plugin[with-cuda] is not in " + venv,
		"the Python package lammps-jax-pjrt-cpu is not in " + venv + ": run `make setup`",
	}, missing[:3])
}

// TestCUDATools checks that XLA finds the tools of the plugin's own version of CUDA.
func TestCUDATools(t *testing.T) {
	packages := t.TempDir()
	plugin := filepath.Join(packages, "jax_plugins", "xla_cuda13", "xla_cuda_plugin.so")
	t.Setenv("XLA_FLAGS", "--xla_dump_to=x")
	t.Setenv("GOPJRT_CUDA_CHECKS", "")
	require.NoError(t, os.Unsetenv("GOPJRT_CUDA_CHECKS"))
	setUpCUDA(plugin)()
	require.Equal(t, "--xla_dump_to=x", os.Getenv("XLA_FLAGS"), "no tools")

	for _, tools := range []string{"cu13", "cuda_nvcc"} {
		require.NoError(t, os.MkdirAll(filepath.Join(packages, "nvidia", tools), 0o755))
	}
	undo := setUpCUDA(plugin)
	require.Equal(t, "--xla_dump_to=x --xla_gpu_cuda_data_dir="+filepath.Join(packages, "nvidia", "cu13"), os.Getenv("XLA_FLAGS"))
	require.Equal(t, "no", os.Getenv("GOPJRT_CUDA_CHECKS"))
	undo()
	_, set := os.LookupEnv("GOPJRT_CUDA_CHECKS")
	require.False(t, set)
	t.Setenv("XLA_FLAGS", "")
	t.Setenv("GOPJRT_CUDA_CHECKS", "yes")
	setUpCUDA(filepath.Join(packages, "jax_plugins", "xla_cuda12", "xla_cuda_plugin.so"))()
	require.Equal(t, "--xla_gpu_cuda_data_dir="+filepath.Join(packages, "nvidia", "cuda_nvcc"), os.Getenv("XLA_FLAGS"))
	require.Equal(t, "yes", os.Getenv("GOPJRT_CUDA_CHECKS"))
}
