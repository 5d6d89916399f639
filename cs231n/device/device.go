// Package device finds the machine's fastest way to run a GoMLX graph and opens it.
//
// GoMLX computes through a [compute.Backend]. The one this project is written for is XLA, which comes as a
// PJRT plugin: a shared library that is opened at run time. Where that library lies differs from machine to
// machine, so [Open] looks in this order and takes the first that works:
//
//  1. what the environment variable GOMLX_BACKEND names, for example xla:/path/plugin.so, xla:cpu or go;
//  2. a CUDA plugin, where an NVIDIA driver is present and the plugin can create a client on it;
//  3. the CPU plugin of the Python package lammps-jax-pjrt-cpu in the checkout's .venv;
//  4. a CPU plugin that go-xla installed, or installs now (a download, bounded in time, and never
//     when GOMLX_NO_AUTO_INSTALL is set);
//  5. GoMLX's own backend in pure Go, which needs nothing, is much slower and has no loops over time (package loop):
//     it trains GANs and Transformers, but no recurrent networks, and describes no images. A program built with the
//     tag nopurego is smaller and does without it.
//
// The checkout is $CS231N_ROOT, or the nearest folder from the working directory upwards that holds a .venv, or else the
// one in whose folder bin the program lies.
// A name in GOMLX_BACKEND is an order: if it cannot be carried out, that is an error and never another backend.
//
// The backend belongs to whoever opened it and is closed with its Finalize method. [Survey] and [Doctor] tell
// what the search saw and why it chose what it chose.
package device

import (
	"io"
	"os"

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

// Warn sends the one-line warnings about a worse choice than the machine could offer to w instead of
// standard error.
func Warn(w io.Writer) Option { return func(o *options) { o.warnings = w } }

// InstalledOnly keeps the search to what is on the machine already: nothing is downloaded.
func InstalledOnly() Option { return func(o *options) { o.install = false } }

// CPUDevices makes XLA's CPU plugin show n devices, 1 to 16, instead of one, for training that several share. It is for
// trying that out where there are no GPUs, and no faster: with more devices than cores XLA has more threads than
// cores, and a training step takes about a tenth longer. The number of GPUs is what it is.
func CPUDevices(n int) Option { return func(o *options) { o.cpuDevices = n } }

// Open returns the first backend of the package's search order that works on this machine.
//
// On a GPU, matrix products keep full float32 precision (go-xla's tf32 option, on by default there, is set to
// false) because this project compares its digits with other programs'; GOMLX_BACKEND=xla:cuda,tf32=true
// brings the faster products back.
//
// It fails only where GOMLX_BACKEND asks for something that cannot be had.
func Open(opts ...Option) (compute.Backend, error) {
	o := options{warnings: os.Stderr, install: true}
	for _, opt := range opts {
		opt(&o)
	}
	m := thisMachine()
	m.devices = o.cpuDevices
	backend, _, err := m.choose(o)
	return backend, err
}

// A Candidate is one place where the search looks for a backend.
type Candidate struct {
	Name   string `json:"name"`           // what it is, in words
	Path   string `json:"path,omitempty"` // the plugin file, or the configuration for GoMLX; empty where nothing was found
	Found  bool   `json:"found"`          // whether it is there to be tried
	Chosen bool   `json:"chosen"`         // whether the search ended here
	Why    string `json:"why"`            // the reason for either
}

// Survey repeats the search of [Open], downloads excepted, and returns every candidate in the order of
// preference. The backend that is chosen was really opened, then closed again.
//
// The error is the one that Open would return.
func Survey() ([]Candidate, error) {
	backend, candidates, err := thisMachine().choose(options{warnings: io.Discard})
	if backend != nil {
		backend.Finalize()
	}
	return candidates, err
}
