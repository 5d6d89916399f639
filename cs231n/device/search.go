package device

import (
	"debug/elf"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/gomlx/go-xla/pjrt"
)

// A machine describes the computer to the search. Tests make up their own.
type machine struct {
	lookup  func(name string) (string, bool) // environment variables
	dir     string                           // working directory
	binary  string                           // directory of the program, empty if unknown
	home    string                           // the user's home directory, empty if unknown
	system  string                           // directory of plugins that all users share
	driver  string                           // a file that the NVIDIA driver made, empty where there is none
	arch    elf.Machine
	devices int                    // number of devices that the CPU plugin offers; 0 means 1
	fetch   func(dir string) error // downloads go-xla's CPU plugin to dir
}

// thisMachine describes the computer that the program runs on.
func thisMachine() machine {
	m := machine{
		lookup: os.LookupEnv,
		system: "/usr/local/lib/go-xla",
		arch:   map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}[runtime.GOARCH],
		fetch:  download,
	}
	m.dir, _ = os.Getwd()
	if program, err := os.Executable(); err == nil {
		m.binary = filepath.Dir(program)
	}
	m.home, _ = os.UserHomeDir()
	// A container may have any one of the machine's GPUs, so the device's number need not be 0.
	for _, pattern := range []string{"/dev/nvidia[0-9]*", "/proc/driver/nvidia/version"} {
		if found, _ := filepath.Glob(pattern); len(found) > 0 {
			m.driver = found[0]
			break
		}
	}
	return m
}

func (m machine) isSet(name string) bool {
	_, set := m.lookup(name)
	return set
}

// A plugin is a PJRT plugin, present or not.
type plugin struct {
	name     string // for people
	path     string // empty where there is no file
	platform string // cuda, cpu or another name by go-xla's naming rule
	missing  string // why it cannot be tried; empty if it can
	reason   string // why it is chosen if it works
}

// plugins lists the plugins of the machine, present or not, in the order of preference.
func (m machine) plugins() []plugin {
	root, noRoot := m.root()
	venv := func(name, platform, file, pack, reason string) plugin {
		p := plugin{name: name, platform: platform, reason: reason}
		if noRoot != nil {
			p.missing = noRoot.Error()
		} else {
			// The folder's name contains Python's version, which may be any.
			p.path = first(filepath.Join(root, ".venv", "lib"), "python3*/site-packages/"+file)
			if p.path == "" {
				p.missing = fmt.Sprintf("the Python package %s is not in %s: run `make setup`", pack, filepath.Join(root, ".venv"))
			}
		}
		return p
	}
	var cuda, cpu, other []plugin
	for _, v := range []string{"13", "12"} {
		p := venv("CUDA "+v+" plugin in .venv", "cuda", "jax_plugins/xla_cuda"+v+"/xla_cuda_plugin.so",
			"jax-cuda"+v+"-pjrt", "the NVIDIA GPU answers")
		if p.path == "" && noRoot == nil {
			p.missing = fmt.Sprintf("the Python package jax-cuda%s-plugin[with-cuda] is not in %s", v, filepath.Join(root, ".venv"))
		}
		cuda = append(cuda, p)
	}
	cpu = append(cpu, venv("CPU plugin in .venv", "cpu", "lammps_jax_pjrt_cpu/pjrt_c_api_cpu_plugin.so",
		"lammps-jax-pjrt-cpu", "no GPU answers, and this is the plugin that `make setup` installs"))
	for _, dir := range m.pluginDirs() {
		files := matches(dir, "pjrt_c_api_*_plugin.so")
		// go-xla pins the version that it was tested with: of several, that one comes first.
		slices.SortStableFunc(files, func(a, b string) int {
			return pinned(b) - pinned(a)
		})
		for _, file := range files {
			p := plugin{name: "go-xla's plugin", path: file, platform: platform(file)}
			switch {
			case strings.HasPrefix(p.platform, "cuda"):
				p.platform, p.reason = "cuda", "the NVIDIA GPU answers"
				cuda = append(cuda, p)
			case p.platform == "cpu":
				p.reason = "no GPU answers, and no plugin is in .venv"
				cpu = append(cpu, p)
			default:
				p.missing = "used only if GOMLX_BACKEND names it"
				other = append(other, p)
			}
		}
	}
	if m.driver == "" {
		for i := range cuda {
			cuda[i].missing = "no NVIDIA driver: neither /dev/nvidia0 nor /proc/driver/nvidia/version exists"
		}
	}
	if len(cpu) == 1 {
		cpu = append(cpu, plugin{name: "go-xla's CPU plugin", platform: "cpu",
			missing: "no pjrt_c_api_cpu_*_plugin.so in " + strings.Join(m.pluginDirs(), ":")})
	}
	return slices.Concat(cuda, cpu, other)
}

// pluginDirs returns the directories where go-xla keeps plugins.
func (m machine) pluginDirs() []string {
	if paths, set := m.lookup("PJRT_PLUGIN_LIBRARY_PATH"); set {
		return slices.DeleteFunc(filepath.SplitList(paths), func(p string) bool { return p == "" })
	}
	var dirs []string
	for _, dir := range []string{m.installDir(), m.system} {
		if dir != "" {
			dirs = append(dirs, dir, filepath.Join(dir, "nvidia"))
		}
	}
	return dirs
}

// installDir is the directory where go-xla installs plugins for one user, or empty if there is no home directory.
func (m machine) installDir() string {
	if m.home == "" {
		return ""
	}
	return filepath.Join(m.home, ".local", "lib", "go-xla")
}

// platform returns the platform in a file name pjrt_c_api_<platform>[_<version>]_plugin.so.
func platform(file string) string {
	name := strings.TrimPrefix(filepath.Base(file), "pjrt_c_api_")
	name = strings.TrimSuffix(name, "_plugin.so")
	name, _, _ = strings.Cut(name, "_v")
	return name
}

func pinned(file string) int {
	return strings.Count(filepath.Base(file), "_"+pjrt.DefaultCPUVersion+"_")
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// first returns the first file in alphabetical order that matches the pattern below dir, or an empty string.
func first(dir, pattern string) string {
	for _, file := range matches(dir, pattern) {
		return file
	}
	return ""
}

// matches returns the files below dir that match the pattern. Only the pattern has wildcards: dir is taken literally.
func matches(dir, pattern string) []string {
	found, _ := fs.Glob(os.DirFS(dir), pattern) // the only error is that of a bad pattern
	for i, name := range found {
		found[i] = filepath.Join(dir, name)
	}
	return found
}
