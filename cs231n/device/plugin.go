package device

import (
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/go-xla/compute/xla"
	"github.com/gomlx/go-xla/pjrt"
	"k8s.io/klog/v2"
)

// load opens the plugin file with go-xla's options, for example "tf32=true,preallocate".
func (m machine) load(path, options string) (backend compute.Backend, err error) {
	if err := m.check(path); err != nil {
		return nil, err
	}
	config, clean, err := alias(path)
	if err != nil {
		return nil, err
	}
	defer clean()
	if options != "" {
		config += "," + options
	}
	if !strings.Contains(options, "tf32") {
		config += ",tf32=false"
	}
	var client pjrt.NamedValuesMap
	switch name := filepath.Base(path); {
	case platform(name) == "cpu":
		client = m.setUpCPU()
	case pjrt.IsCUDAName(name):
		if !strings.Contains(options, "shared_buffers") {
			config += ",shared_buffers=false"
		}
		defer setUpCUDA(path)()
	}
	// go-xla also logs the errors that it returns; the user would read everything twice.
	logging := klog.CaptureState()
	klog.SetLogger(klog.Logger{})
	defer logging.Restore()
	// go-xla follows a nil pointer if a library returns no PJRT table.
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the plugin %s does not load: %v; run `make setup` for one that does", path, r)
		}
	}()
	backend, err = xla.NewWithOptions(config, client)
	if err != nil {
		return nil, fmt.Errorf("the plugin %s does not load: %w", path, flat(err))
	}
	return backend, nil
}

// alias returns a path from which go-xla loads the plugin correctly. go-xla takes every plugin whose path contains the
// word cuda or nvidia for a GPU's, so a CPU plugin in a checkout such as ~/cuda-course is loaded through a symbolic
// link. clean removes the link.
func alias(path string) (link string, clean func(), err error) {
	name := filepath.Base(path)
	if pjrt.IsCUDAName(name) || !pjrt.IsCUDAName(path) {
		return path, func() {}, nil
	}
	dir, err := os.MkdirTemp("", "pjrt-")
	if err != nil {
		return "", nil, fmt.Errorf("could not make a temporary directory for a link to %s: %w; set TMPDIR to a directory that you can write to", path, err)
	}
	link = filepath.Join(dir, name)
	if err := os.Symlink(path, link); err != nil {
		os.RemoveAll(dir)
		return "", nil, fmt.Errorf("could not make a link to the plugin: %w; move the checkout to a path without \"cuda\" or \"nvidia\"", err)
	}
	return link, func() { os.RemoveAll(dir) }, nil
}

// check examines a plugin file before it is opened, because the dynamic loader's own messages name neither the
// machine's architecture nor a remedy.
func (m machine) check(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("could not read the plugin: %w; give the path of a pjrt_c_api_*_plugin.so, or run `make setup`", err)
	}
	if info.IsDir() {
		return fmt.Errorf("%s is a directory; give the path of the pjrt_c_api_*_plugin.so in it", path)
	}
	if runtime.GOOS != "linux" {
		return nil // libraries of other systems are not ELF files: leave them to the loader
	}
	file, err := elf.Open(path)
	if err != nil {
		return fmt.Errorf("%s is not a shared library: %w; a download may be incomplete: run `make setup`", path, flat(err))
	}
	defer file.Close()
	if file.Machine != m.arch {
		return fmt.Errorf("%s is for %s, this machine is %s; install the plugin's build for %s",
			path, archName(file.Machine), archName(m.arch), archName(m.arch))
	}
	symbols, err := file.DynamicSymbols()
	if err != nil && !errors.Is(err, elf.ErrNoSymbols) {
		return fmt.Errorf("%s is damaged: %w; run `make setup`", path, flat(err))
	}
	for _, s := range symbols {
		if s.Name == pjrt.GetPJRTApiFunctionName {
			return nil
		}
	}
	return fmt.Errorf("%s is not a PJRT plugin: it has no function %s; give the path of a pjrt_c_api_*_plugin.so",
		path, pjrt.GetPJRTApiFunctionName)
}

// archName writes an architecture as the system does: x86_64, aarch64.
func archName(machine elf.Machine) string {
	return strings.ToLower(strings.TrimPrefix(machine.String(), "EM_"))
}

// threadsVariable is the environment variable from which XLA's client for CPUs reads its number of threads.
const threadsVariable = "PJRT_NPROC"

// setUpCPU returns the options of XLA's client for CPUs and sets threadsVariable. By default the client starts one thread for
// each core of the machine, even in a container that may use only a few, and at least one for each device, of which there
// are four by default.
func (m machine) setUpCPU() pjrt.NamedValuesMap {
	if !m.isSet(threadsVariable) {
		os.Setenv(threadsVariable, strconv.Itoa(runtime.GOMAXPROCS(0)))
	}
	return pjrt.NamedValuesMap{"cpu_device_count": int64(m.cpuDevices())}
}

// cpuDevices returns the number of devices that the CPU plugin offers.
func (m machine) cpuDevices() int { return min(max(m.devices, 1), maxCPUDevices) }

// setUpCUDA sets the environment variable from which XLA reads the location of CUDA's tools (ptxas, libdevice), for a
// plugin from a Python package. It also turns off go-xla's own check, which expects another layout. undo turns it on
// again.
func setUpCUDA(path string) (undo func()) {
	const checks, flags, dataDir = "GOPJRT_CUDA_CHECKS", "XLA_FLAGS", "--xla_gpu_cuda_data_dir="
	packages := filepath.Dir(filepath.Dir(filepath.Dir(path)))
	for _, tools := range []string{"nvidia/cu13", "nvidia/cuda_nvcc"} {
		dir := filepath.Join(packages, tools)
		major := strings.Contains(tools, "13") == strings.Contains(path, "cuda13")
		if set := os.Getenv(flags); major && isDir(dir) && !strings.Contains(set, dataDir) {
			os.Setenv(flags, strings.TrimSpace(set+" "+dataDir+dir))
		}
	}
	if _, set := os.LookupEnv(checks); set || !isDir(filepath.Join(packages, "nvidia")) {
		return func() {}
	}
	os.Setenv(checks, "no")
	return func() { os.Unsetenv(checks) }
}

// oneLine is an error whose message has no line breaks. PJRT's messages may have many lines.
type oneLine struct{ error }

func (e oneLine) Error() string { return strings.Join(strings.Fields(e.error.Error()), " ") }
func (e oneLine) Unwrap() error { return e.error }

// flat puts err on one line. It returns nil for nil.
func flat(err error) error {
	if err == nil {
		return nil
	}
	return oneLine{err}
}
