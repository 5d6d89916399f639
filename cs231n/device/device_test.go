package device

import (
	"bytes"
	"cmp"
	"debug/elf"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// realPlugin returns the CPU plugin of the checkout.
func realPlugin(t testing.TB) string {
	t.Helper()
	for _, p := range thisMachine().plugins() {
		if p.platform == "cpu" && p.path != "" {
			return p.path
		}
	}
	t.Fatal("no CPU plugin in this checkout; run `make setup`")
	return ""
}

// fake returns a machine in a temporary folder that has nothing but the given environment.
func fake(t testing.TB, env map[string]string) machine {
	t.Helper()
	dir := t.TempDir()
	m := thisMachine()
	m.dir, m.binary, m.home, m.system, m.driver = filepath.Join(dir, "work"), "", filepath.Join(dir, "home"), "", ""
	m.lookup = func(name string) (string, bool) {
		value, set := env[name]
		return value, set
	}
	m.fetch = func(string) error { return errors.New("no route to host") }
	require.NoError(t, os.MkdirAll(m.dir, 0o755))
	return m
}

// put makes file and its folders. The file is a link to target, or junk if target is empty.
func put(t testing.TB, target string, file ...string) string {
	t.Helper()
	path := filepath.Join(file...)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	if target == "" {
		require.NoError(t, os.WriteFile(path, []byte("not a plugin"), 0o644))
	} else {
		require.NoError(t, os.Symlink(target, path))
	}
	return path
}

// checkout makes dir a checkout of this module whose plugin is a link to target, or junk if target is empty.
func checkout(t testing.TB, target, dir string) {
	t.Helper()
	put(t, target, dir, venvCPU)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module "+modulePath+"\n\ngo 1.26\n"), 0o644))
}

const (
	venvCPU  = ".venv/lib/python3.11/site-packages/lammps_jax_pjrt_cpu/pjrt_c_api_cpu_plugin.so"
	venvCUDA = ".venv/lib/python3.11/site-packages/jax_plugins/xla_cuda12/xla_cuda_plugin.so"
)

func TestChoice(t *testing.T) {
	real := realPlugin(t)
	tests := []struct {
		name    string
		env     map[string]string
		prepare func(m *machine)
		chosen  string // the candidate's name
		backend string
		warning string
	}{
		{name: "nothing", chosen: "GoMLX in pure Go", backend: "Go Backend", warning: "no route to host"},
		{
			name: "nothing and no downloads", env: map[string]string{noInstall: "1"},
			chosen: "GoMLX in pure Go", backend: "Go Backend", warning: "times slower",
		},
		{
			name: "checkout above the working directory",
			prepare: func(m *machine) {
				checkout(t, real, m.dir)
				m.dir = filepath.Join(m.dir, "notebooks", "deep")
			},
			chosen: "CPU plugin in .venv", backend: "xla",
		},
		{
			name: "checkout above the program",
			prepare: func(m *machine) {
				m.binary = filepath.Join(m.home, "checkout", "bin")
				checkout(t, real, filepath.Join(m.home, "checkout"))
			},
			chosen: "CPU plugin in .venv", backend: "xla",
		},
		{
			name: "checkout whose path holds the word cuda",
			prepare: func(m *machine) {
				m.dir = filepath.Join(m.dir, "cuda-course")
				checkout(t, real, m.dir)
			},
			chosen: "CPU plugin in .venv", backend: "xla",
		},
		{
			name: "checkout whose path holds a bracket",
			prepare: func(m *machine) {
				m.dir = filepath.Join(m.dir, "course [draft")
				checkout(t, real, m.dir)
			},
			chosen: "CPU plugin in .venv", backend: "xla",
		},
		{
			name: "CUDA plugin without a driver",
			prepare: func(m *machine) {
				put(t, "", m.dir, venvCUDA)
				checkout(t, real, m.dir)
			},
			chosen: "CPU plugin in .venv", backend: "xla",
		},
		{
			name: "driver whose plugin does not load",
			prepare: func(m *machine) {
				m.driver = "/dev/nvidia0"
				put(t, "", m.dir, venvCUDA)
				checkout(t, real, m.dir)
			},
			chosen: "CPU plugin in .venv", backend: "xla", warning: "CUDA 12 plugin in .venv: ",
		},
		{
			name:    "installed by go-xla",
			prepare: func(m *machine) { put(t, real, m.installDir(), "pjrt_c_api_cpu_v0.114.0_plugin.so") },
			chosen:  "go-xla's plugin", backend: "xla",
		},
		{
			name: "named with a platform", env: map[string]string{"GOMLX_BACKEND": "xla:cpu"},
			prepare: func(m *machine) { checkout(t, real, m.dir) },
			chosen:  "CPU plugin in .venv", backend: "xla",
		},
		{
			name: "downloaded",
			prepare: func(m *machine) {
				m.fetch = func(dir string) error {
					put(t, real, dir, "pjrt_c_api_cpu_v9.9.9_plugin.so")
					return nil
				}
			},
			chosen: "go-xla's installer", backend: "xla", warning: "downloading",
		},
		{
			name: "named by its file", env: map[string]string{"GOMLX_BACKEND": "xla:" + real},
			chosen: "GOMLX_BACKEND", backend: "xla",
		},
		{
			name: "named by a relative path", env: map[string]string{"GOMLX_BACKEND": "xla:sub/pjrt_c_api_cpu_plugin.so"},
			prepare: func(m *machine) { put(t, real, m.dir, "sub", "pjrt_c_api_cpu_plugin.so") },
			chosen:  "GOMLX_BACKEND", backend: "xla",
		},
		{
			name: "pure Go by name", env: map[string]string{"GOMLX_BACKEND": "go"},
			prepare: func(m *machine) { checkout(t, real, m.dir) },
			chosen:  "GOMLX_BACKEND", backend: "Go Backend",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := fake(t, test.env)
			if test.prepare != nil {
				test.prepare(&m)
			}
			var warnings bytes.Buffer
			backend, candidates, err := m.choose(options{warnings: &warnings, install: true})
			require.NoError(t, err)
			defer backend.Finalize()
			assert.Equal(t, test.backend, backend.Name())
			var chosen []string
			for _, c := range candidates {
				assert.NotEmpty(t, c.Why, c.Name)
				if c.Chosen {
					chosen = append(chosen, c.Name)
				}
			}
			assert.Equal(t, []string{test.chosen}, chosen)
			if test.warning == "" {
				assert.Empty(t, warnings.String())
			}
			assert.Contains(t, warnings.String(), test.warning)
			if test.backend == "xla" {
				shared, ok := backend.(interface{ HasSharedBuffers() bool })
				require.True(t, ok)
				assert.True(t, shared.HasSharedBuffers(), "a CPU plugin shares its buffers")
			}
		})
	}
}

func TestOrderThatCannotBeCarriedOut(t *testing.T) {
	dir := t.TempDir()
	junk := put(t, "", dir, "junk.so")
	executable, err := os.Executable()
	require.NoError(t, err)
	cut := filepath.Join(dir, "cut.so")
	header, err := os.ReadFile(executable)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(cut, header[:100], 0o644))

	tests := []struct{ name, order, want string }{
		{"missing file", "xla:/no/such/plugin.so", "stat /no/such/plugin.so: no such file"},
		{"directory", "xla:" + dir, "is a directory"},
		{"not a library", "xla:" + junk, "is not a shared library"},
		{"half a library", "xla:" + cut, "is not a shared library"},
		{"another library", "xla:" + executable, "it has no function GetPjrtApi"},
		{"unknown backend", "torch", `unknown backend "torch"`},
		{"unknown plugin", "xla:tpu", `unknown plugin "tpu": name one of cpu, cuda, or a file (xla:/path/plugin.so)`},
		{"unknown option", "xla:" + realPlugin(t) + ",speed=9", "speed"},
		{"unknown option of pure Go", "go:speed", "speed"},
		{"GPU without a driver", "xla:cuda", "no NVIDIA driver"},
		{"nothing installed", "xla", "run `make setup`"},
		{"undefined symbol", "xla:" + build(t, dir, "undefined", "extern int nowhere; int *p = &nowhere; void *GetPjrtApi(void) { return p; }"), "nowhere"},
		{"no PJRT table", "xla:" + build(t, dir, "empty", "void *GetPjrtApi(void) { return 0; }"), "does not load"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := fake(t, map[string]string{"GOMLX_BACKEND": test.order})
			var warnings bytes.Buffer
			backend, candidates, err := m.choose(options{warnings: &warnings, install: false})
			require.Error(t, err)
			assert.Nil(t, backend)
			assert.True(t, strings.HasPrefix(err.Error(), "device: GOMLX_BACKEND="+test.order+": "), err)
			assert.Contains(t, err.Error(), test.want)
			assert.NotContains(t, err.Error(), "\n")
			assert.Empty(t, warnings.String())
			for _, c := range candidates {
				assert.False(t, c.Chosen, c.Name)
			}
		})
	}
	_, _, err = fake(t, map[string]string{"GOMLX_BACKEND": tests[0].order}).choose(options{})
	assert.ErrorIs(t, err, fs.ErrNotExist)
}

// build compiles a shared library and returns its path.
func build(t *testing.T, dir, name, source string) string {
	t.Helper()
	library := filepath.Join(dir, name+".so")
	cc := exec.Command("cc", "-shared", "-fPIC", "-x", "c", "-o", library, "-")
	cc.Stdin = strings.NewReader(source)
	out, err := cc.CombinedOutput()
	require.NoError(t, err, "the C compiler that cgo needs: %s", out)
	return library
}

func TestForeignArchitecture(t *testing.T) {
	m := fake(t, nil)
	m.arch = elf.EM_AARCH64
	if thisMachine().arch == elf.EM_AARCH64 {
		m.arch = elf.EM_X86_64
	}
	_, err := m.load(realPlugin(t), "")
	assert.ErrorContains(t, err, "is for "+archName(thisMachine().arch)+", this machine is "+archName(m.arch))
}

func TestTF32IsOffUnlessAskedFor(t *testing.T) {
	for options, want := range map[string]string{"": "false", "tf32=true": "true", "notf32": "false"} {
		backend, err := fake(t, nil).load(realPlugin(t), options)
		require.NoError(t, err, options)
		rows := backendFacts(backend, realPlugin(t))
		assert.Contains(t, rows, [2]string{"TF32 products", want}, options)
		backend.Finalize()
	}
}

// threads counts the threads that XLA's CPU client has for computing.
func threads(t *testing.T) (n int) {
	names, err := filepath.Glob("/proc/self/task/*/comm")
	require.NoError(t, err)
	for _, file := range names {
		if name, err := os.ReadFile(file); err == nil && strings.Contains(string(name), "XLAEigen") {
			n++
		}
	}
	return n
}

// TestThreads checks that XLA has as many threads as PJRT_NPROC says, which is what Go uses unless the user sets it.
// Threads name themselves and end a while after they are asked to, so the test waits for their number.
func TestThreads(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("threads are counted in Linux's /proc")
	}
	const variable = "PJRT_NPROC"
	m := thisMachine()
	for _, test := range []struct{ set, devices, want int }{
		{0, 1, runtime.GOMAXPROCS(0)},
		{5, 1, 5},
		{2, 3, 3},
	} {
		require.Eventually(t, func() bool { return threads(t) == 0 }, 30*time.Second, 10*time.Millisecond, "threads of earlier backends")
		t.Setenv(variable, strconv.Itoa(test.set))
		if test.set == 0 {
			require.NoError(t, os.Unsetenv(variable))
		}
		m.devices = test.devices
		backend, err := m.load(realPlugin(t), "")
		require.NoError(t, err)
		assert.Equal(t, strconv.Itoa(cmp.Or(test.set, runtime.GOMAXPROCS(0))), os.Getenv(variable))
		assert.Eventually(t, func() bool { return threads(t) == test.want }, 30*time.Second, 10*time.Millisecond, test)
		backend.Finalize()
	}
}

func TestDevices(t *testing.T) {
	t.Setenv("GOMLX_BACKEND", "xla:"+realPlugin(t))
	for asked, want := range map[int]int{-1: 1, 0: 1, 2: 2, 3: 3, 1000: maxCPUDevices} {
		backend, err := Open(CPUDevices(asked))
		require.NoError(t, err)
		assert.EqualValues(t, want, backend.NumDevices(), "%d devices asked for", asked)
		backend.Finalize()
	}
}

func TestDoctor(t *testing.T) {
	t.Setenv("GOMLX_BACKEND", "xla:"+realPlugin(t))
	report, err := Doctor()
	require.NoError(t, err)
	sum, err := fileSHA256(realPlugin(t))
	require.NoError(t, err)
	require.Regexp(t, "^[0-9a-f]{64}$", sum)
	for _, want := range []string{"platform", "logical cores", "GLIBC_TUNABLES", "> GOMLX_BACKEND", realPlugin(t), sum, "PJRT API", "\nChosen", "  device 0 "} {
		assert.Contains(t, report.String(), want)
	}
	data, err := json.Marshal(report)
	require.NoError(t, err)
	var object struct {
		Machine, Chosen map[string]string
		Backends        []struct {
			Name, Path, Why string
			Found, Chosen   bool
		}
	}
	require.NoError(t, json.Unmarshal(data, &object))
	assert.Equal(t, runtime.GOOS+"/"+runtime.GOARCH, object.Machine["platform"])
	assert.Equal(t, sum, object.Chosen["SHA-256"])
	assert.Equal(t, realPlugin(t), object.Backends[0].Path)
	assert.True(t, object.Backends[0].Chosen)

	t.Setenv("GOMLX_BACKEND", "xla:/no/such/plugin.so")
	report, err = Doctor()
	require.Error(t, err)
	assert.Contains(t, report.String(), "no such file")
	assert.NotContains(t, report.String(), "\nChosen")
	data, err = json.Marshal(report)
	require.NoError(t, err)
	assert.Contains(t, string(data), `"chosen":null`)
}

func TestSurvey(t *testing.T) {
	t.Setenv("GOMLX_BACKEND", "go")
	candidates, err := Survey()
	require.NoError(t, err)
	require.Len(t, candidates, 1)
	assert.True(t, candidates[0].Chosen)
}
