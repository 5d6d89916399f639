package device

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/device/compiled"
)

// programs returns the files in a cache.
func programs(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.xla"))
	require.NoError(t, err)
	return files
}

// openWith opens the CPU plugin with a cache.
func openWith(t *testing.T, dir string, options ...Option) compute.Backend {
	t.Helper()
	t.Setenv(compute.ConfigEnvVar, "xla:cpu")
	t.Setenv(cacheVariable, dir)
	backend, err := Open(append(options, InstalledOnly())...)
	require.NoError(t, err)
	t.Cleanup(backend.Finalize)
	return backend
}

func run(t *testing.T, backend compute.Backend, f func(x *Node) *Node) float32 {
	t.Helper()
	y, err := CallOnce(backend, f, float32(7))
	require.NoError(t, err)
	return y.Value().(float32)
}

// TestCache shows that XLA reads compiled programs back: with the files of two programs exchanged, each does the other's work.
func TestCache(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("compiled programs are kept on Linux only")
	}
	square, double := func(x *Node) *Node { return Mul(x, x) }, func(x *Node) *Node { return Add(x, x) }
	dir := filepath.Join(t.TempDir(), "new", "cache")
	backend := openWith(t, dir)
	require.Equal(t, float32(49), run(t, backend, square))
	first := programs(t, dir)
	require.Len(t, first, 1)
	require.Equal(t, float32(14), run(t, backend, double))
	require.Equal(t, float32(49), run(t, backend, square))
	files := programs(t, dir)
	require.Len(t, files, 2)
	info, err := os.Stat(dir)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm())

	exchanged := filepath.Join(dir, "exchanged")
	require.NoError(t, os.Rename(files[0], exchanged))
	require.NoError(t, os.Rename(files[1], files[0]))
	require.NoError(t, os.Rename(exchanged, files[1]))
	backend = openWith(t, dir)
	require.Equal(t, float32(14), run(t, backend, square))
	require.Equal(t, float32(49), run(t, backend, double))

	// XLA compiles a program whose file is damaged, or is not of XLA.
	data, err := os.ReadFile(first[0])
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(first[0], data[:len(data)/2], 0o600))
	require.Equal(t, float32(49), run(t, backend, square))
	repaired, err := os.ReadFile(first[0])
	require.NoError(t, err)
	require.Greater(t, len(repaired), len(data)/2, "and writes it again")
	require.Equal(t, float32(49), run(t, backend, square))

	// One device is the default. Other settings need other programs.
	require.Equal(t, float32(49), run(t, openWith(t, dir, CPUDevices(1)), square))
	require.Len(t, programs(t, dir), 2)
	two := openWith(t, dir, CPUDevices(2))
	require.Equal(t, float32(49), run(t, two, square))
	require.Len(t, programs(t, dir), 3)
	t.Setenv("XLA_FLAGS", "--xla_cpu_enable_fast_math=false")
	require.Equal(t, float32(49), run(t, openWith(t, dir), square))
	require.Len(t, programs(t, dir), 4)

	backend = openWith(t, "off")
	require.Equal(t, float32(343), run(t, backend, func(x *Node) *Node { return Mul(Mul(x, x), x) }))
	require.Len(t, programs(t, dir), 4)
}

func TestCacheThatCannotBe(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("compiled programs are kept on Linux only")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	open := filepath.Join(dir, "open")
	require.NoError(t, os.Mkdir(open, 0o700))
	require.NoError(t, os.Chmod(open, 0o777))
	for folder, want := range map[string]string{
		filepath.Join(file, "below"): "not a directory; set CS231N_XLA_CACHE to a folder that you can write to",
		open:                         "every user can write to " + open + "; take that right away with chmod, or set CS231N_XLA_CACHE to another folder",
	} {
		var warnings bytes.Buffer
		backend := openWith(t, folder, Warn(&warnings))
		require.Equal(t, float32(49), run(t, backend, func(x *Node) *Node { return Mul(x, x) }))
		require.True(t, strings.HasPrefix(warnings.String(), "device: compiled programs are not kept in "+folder+": "), warnings.String())
		require.Contains(t, warnings.String(), want)
		require.Empty(t, programs(t, open))
	}
	var warnings bytes.Buffer
	openWith(t, "off", Warn(&warnings))
	require.Empty(t, warnings.String())
	t.Setenv(cacheVariable, dir)
	_, err := thisMachine().keep("/opt/pjrt_c_api_cuda_plugin.so")
	require.EqualError(t, err, "only XLA's plugin for CPUs keeps them")
	t.Setenv(compute.ConfigEnvVar, "go")
	pure, err := Open(Warn(&warnings))
	require.NoError(t, err)
	pure.Finalize()
	require.Empty(t, warnings.String(), "a folder for CPUs does not matter to another backend")
	_, err = thisMachine().keep(file + "/pjrt_c_api_cpu_plugin.so")
	require.ErrorContains(t, err, "not a directory")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "pjrt_c_api_cpu_plugin.so"), nil, 0o600))
	_, err = thisMachine().keep(filepath.Join(dir, "pjrt_c_api_cpu_plugin.so"))
	require.ErrorContains(t, err, "cannot write programs")
}

func TestCacheFolder(t *testing.T) {
	home := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", home)
	env := map[string]string{}
	m := fake(t, env)
	for asked, want := range map[string]string{"": filepath.Join(home, "cs231n", "xla"), "mine": filepath.Join(m.dir, "mine"), home: home} {
		env[cacheVariable] = asked
		dir, err := m.cacheDir()
		require.NoError(t, err)
		require.Equal(t, want, dir)
		require.DirExists(t, dir)
	}
	env[cacheVariable] = cacheOff
	_, err := m.cacheDir()
	require.EqualError(t, err, "switched off")
	t.Setenv("XDG_CACHE_HOME", "")
	t.Setenv("HOME", "")
	env[cacheVariable] = ""
	_, err = m.cacheDir()
	require.ErrorContains(t, err, "; set CS231N_XLA_CACHE to a folder")

	require.Equal(t, "none: switched off", cacheFact("", errors.New("switched off")))
	require.Equal(t, "0 (0 MiB of at most 512) in "+home, cacheFact(home, nil))
	require.NoError(t, os.WriteFile(filepath.Join(home, "a.xla"), make([]byte, 3<<20), 0o600))
	require.Equal(t, "1 (3 MiB of at most 512) in "+home, cacheFact(home, nil))
	require.Contains(t, cacheFact(filepath.Join(home, "none"), nil), "none: open ")
	require.Equal(t, 512<<20, compiled.MaxBytes)
}

func TestProcessor(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "cpuinfo")
	of := func(info string) string {
		require.NoError(t, os.WriteFile(path, []byte(info), 0o600))
		p, err := processor(path)
		require.NoError(t, err)
		return p
	}
	const info = "processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel name\t: AMD EPYC\ncpu MHz\t\t: 2600.0\nflags\t\t: fpu avx2 avx512f\n\nprocessor\t: 1\nflags : x\n"
	want := of(info)
	require.Regexp(t, "^"+runtime.GOARCH+" [0-9a-f]{64}$", want)
	require.Equal(t, want, of(strings.Replace(info, "2600", "3100", 1)), "the clock does not matter")
	require.Equal(t, want, of(strings.Replace(info, "flags : x", "flags : y", 1)), "one core stands for all")
	require.NotEqual(t, want, of(strings.Replace(info, " avx512f", "", 1)))
	require.NotEqual(t, want, of(strings.Replace(info, "AMD EPYC", "AMD Ryzen", 1)))
	arm := of("processor : 0\nFeatures : fp asimd sve\nCPU part : 0xd40\n")
	require.NotEqual(t, arm, of("processor : 0\nFeatures : fp asimd\nCPU part : 0xd40\n"))
	require.NotEqual(t, arm, of("processor : 0\nFeatures : fp asimd sve\nCPU part : 0xd41\n"))
	_, err := processor(path + "none")
	require.ErrorIs(t, err, os.ErrNotExist)
}
