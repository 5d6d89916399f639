// Package device finds the machine's fastest way to run a GoMLX graph and opens it.
//
// GoMLX computes through a [compute.Backend]. This project is written for the XLA backend, which needs a PJRT plugin: a
// shared library that is opened at run time. Its location differs from machine to machine, so [Open] tries these
// candidates in order and takes the first that works:
//
//  1. the backend that the environment variable GOMLX_BACKEND names, for example xla:/path/plugin.so, xla:cpu or go;
//  2. a CUDA plugin, if an NVIDIA driver is present and the plugin can create a client on it;
//  3. the CPU plugin of the Python package lammps-jax-pjrt-cpu in the checkout's .venv;
//  4. a CPU plugin that go-xla installed, or installs now (a download with a time limit; GOMLX_NO_AUTO_INSTALL
//     forbids it);
//  5. GoMLX's own backend in pure Go. It needs nothing, but is much slower and has no loops over time (package loop):
//     it trains GANs and Transformers, but not recurrent networks, and it does not caption images. A program built with
//     the tag nopurego is smaller and lacks this backend.
//
// The checkout is $CS231N_ROOT, or else the checkout whose folder bin has the program, or else the nearest one from the
// working directory upwards. A checkout has this module's go.mod. Since its plugin is code that runs in this process, a
// checkout that is found without CS231N_ROOT counts only if no other user can write to it.
//
// A name in GOMLX_BACKEND is an order: if it cannot be carried out, [Open] returns an error and tries no other backend.
//
// XLA's CPU plugin keeps its compiled programs in the folder that CS231N_XLA_CACHE names, by default cs231n/xla in the user's
// cache folder. Nothing is kept if the variable is off.
//
// The caller owns the backend and closes it with its Finalize method. [Survey] and [Doctor] report every candidate
// and the reason why it was chosen or not.
package device

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/gomlx/compute"
)

// An Option changes how [Open] searches.
type Option func(*options)

type options struct {
	warnings   io.Writer
	install    bool
	cpuDevices int
}

// maxCPUDevices bounds [CPUDevices], since each device has a thread of its own.
const maxCPUDevices = 16

// Warn sends warnings to w instead of standard error. Each is one line about a candidate that should have worked.
func Warn(w io.Writer) Option { return func(o *options) { o.warnings = w } }

// InstalledOnly limits the search to plugins on the machine. Nothing is downloaded.
func InstalledOnly() Option { return func(o *options) { o.install = false } }

// CPUDevices makes XLA's CPU plugin offer n devices, 1 to 16, instead of one. It is for trying data-parallel training
// without GPUs and makes nothing faster: with more devices than cores XLA has more threads than cores, and a training
// step takes about a tenth longer. The number of GPUs does not change.
func CPUDevices(n int) Option { return func(o *options) { o.cpuDevices = n } }

// Open returns the first backend of the package's search order that works on this machine.
//
// On a GPU, matrix products keep full float32 precision (go-xla's tf32 option, on by default there, is set to
// false) because this project compares its results with other programs'. GOMLX_BACKEND=xla:cuda,tf32=true turns
// the faster products on again.
//
// Open fails if GOMLX_BACKEND names a backend that does not work, or if no candidate works.
func Open(opts ...Option) (compute.Backend, error) {
	o := options{warnings: os.Stderr, install: true}
	for _, opt := range opts {
		opt(&o)
	}
	m := thisMachine()
	m.devices = o.cpuDevices
	backend, candidates, err := m.choose(o)
	if err != nil {
		return nil, err
	}
	// Everything works without a cache, only more slowly. Those who asked for one need to know that there is none.
	asked, _ := m.lookup(cacheVariable)
	if _, err := m.keep(chosen(candidates).Path); err != nil && !errors.Is(err, errNotCPU) && asked != "" && asked != cacheOff {
		fmt.Fprintf(o.warnings, "device: compiled programs are not kept in %s: %v\n", asked, err)
	}
	return backend, nil
}

// A Candidate is a backend that the search considers.
type Candidate struct {
	Name   string `json:"name"`           // its name for people
	Path   string `json:"path,omitempty"` // the plugin file, or the configuration for GoMLX; empty if not found
	Found  bool   `json:"found"`          // whether it exists
	Chosen bool   `json:"chosen"`         // whether it is the one that Open returns
	Why    string `json:"why"`            // why it was chosen or not
}

// chosen returns the candidate that choose opened.
func chosen(candidates []Candidate) Candidate {
	return candidates[slices.IndexFunc(candidates, func(c Candidate) bool { return c.Chosen })]
}

// Survey repeats the search of [Open] without downloads and returns every candidate in the order of preference. It
// opens the chosen backend and closes it again.
//
// Survey returns the error that Open would return.
func Survey() ([]Candidate, error) {
	backend, candidates, err := thisMachine().choose(options{warnings: io.Discard})
	if backend != nil {
		backend.Finalize()
	}
	return candidates, err
}
