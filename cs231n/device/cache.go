package device

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/cs231n-go/assignment3/cs231n/device/compiled"
)

const (
	// cacheVariable names the folder of compiled programs.
	cacheVariable = "CS231N_XLA_CACHE"
	cacheOff      = "off"
)

// errNotCPU is the error of a backend whose programs are never kept.
var errNotCPU = errors.New("only XLA's plugin for CPUs keeps them")

// keep makes the open CPU plugin in a file keep its compiled programs in the folder that cacheDir returns. It returns the folder, or
// the reason why the programs are not kept.
func (m machine) keep(plugin string) (dir string, err error) {
	compiled.Keep(plugin, nil)
	if runtime.GOOS != "linux" {
		return "", fmt.Errorf("not on %s", runtime.GOOS)
	}
	if platform(filepath.Base(plugin)) != "cpu" {
		return "", errNotCPU
	}
	if dir, err = m.cacheDir(); err != nil {
		return "", err
	}
	processor, err := processor("/proc/cpuinfo")
	if err != nil {
		return "", err
	}
	info, err := os.Stat(plugin)
	if err != nil {
		return "", flat(err)
	}
	// The plugin's options are in the environment, except for the number of devices.
	settings := []string{processor, fmt.Sprint(info.Size(), info.ModTime().UnixNano()), fmt.Sprint(m.cpuDevices())}
	for _, name := range []string{threadsVariable, "XLA_FLAGS"} {
		value, _ := os.LookupEnv(name)
		settings = append(settings, value)
	}
	if !compiled.Keep(plugin, compiled.New(dir, settings...)) {
		return "", fmt.Errorf("the plugin %s cannot write programs", plugin)
	}
	return dir, nil
}

// cacheDir makes the folder of compiled programs if there is none: $CS231N_XLA_CACHE, or one in the user's cache folder. The
// programs run in the user's processes, so nobody else may be able to write to it.
func (m machine) cacheDir() (string, error) {
	dir, _ := m.lookup(cacheVariable)
	switch {
	case dir == cacheOff:
		return "", errors.New("switched off")
	case dir == "":
		caches, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("%w; set %s to a folder", err, cacheVariable)
		}
		dir = filepath.Join(caches, "cs231n", "xla")
	case !filepath.IsAbs(dir):
		dir = filepath.Join(m.dir, dir)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("%w; set %s to a folder that you can write to", flat(err), cacheVariable)
	}
	if err := private(dir); err != nil {
		return "", fmt.Errorf("%w; take that right away with chmod, or set %s to another folder", err, cacheVariable)
	}
	return dir, nil
}

// processor identifies the kind of processor by a file in the format of Linux's /proc/cpuinfo. XLA compiles for the instructions
// of the processor on which it runs.
func processor(path string) (string, error) {
	facts, err := cpuInfo(path)
	if err != nil {
		return "", flat(err)
	}
	sum := sha256.New()
	for _, fact := range facts {
		switch fact[0] {
		case "vendor_id", "cpu family", "model", "model name", "stepping", "flags", // x86
			"CPU implementer", "CPU architecture", "CPU variant", "CPU part", "Features": // ARM
			fmt.Fprintln(sum, fact)
		}
	}
	return fmt.Sprintf("%s %x", runtime.GOARCH, sum.Sum(nil)), nil
}

// cacheFact describes the folder of compiled programs.
func cacheFact(dir string, err error) string {
	if err != nil {
		return "none: " + err.Error()
	}
	programs, bytes, err := compiled.Size(dir)
	if err != nil {
		return "none: " + flat(err).Error()
	}
	return fmt.Sprintf("%d (%d MiB of at most %d) in %s", programs, bytes>>20, compiled.MaxBytes>>20, dir)
}
