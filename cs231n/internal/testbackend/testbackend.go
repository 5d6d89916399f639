// Package testbackend opens the XLA backend that the tests of a package share.
package testbackend

import (
	"io"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/gomlx/compute"

	"github.com/cs231n-go/assignment3/cs231n/device"
)

// open runs once per test binary, since loading the plugin takes a tenth of a second. The backend is not finalized, since no
// test can tell whether it is the last.
var open = sync.OnceValues(func() (compute.Backend, error) {
	return device.Open(device.Warn(io.Discard), device.InstalledOnly(), device.CPUDevices(4))
})

// Get returns the shared backend. Without an installed XLA plugin it fails the test, since a skipped test would look like a
// passed one. It downloads nothing. With GOMLX_BACKEND=go the tests run on GoMLX's pure-Go backend.
func Get(t testing.TB) compute.Backend {
	t.Helper()
	backend, err := open()
	if err != nil {
		t.Fatalf("testbackend: %v", err)
	}
	if backend.Name() != "xla" && os.Getenv(compute.ConfigEnvVar) == "" {
		t.Fatal("testbackend: no XLA plugin in this checkout; run `make setup`")
	}
	return backend
}

// Several returns the shared backend. It skips the test if the backend has fewer devices. XLA's CPU backend has four here.
func Several(t testing.TB, devices int) compute.Backend {
	t.Helper()
	backend := Get(t)
	if n := backend.NumDevices(); n < devices {
		t.Skipf("needs %d devices, the backend %s has %d", devices, backend.Name(), n)
	}
	return backend
}

// Exact reports whether the shared backend is XLA on a CPU, where results are bit-for-bit reproducible and equal the golden
// values. A GPU sums in another order, which can change from run to run.
func Exact(t testing.TB) bool {
	t.Helper()
	backend := Get(t)
	return backend.Name() == "xla" && strings.Contains(strings.ToLower(backend.DeviceDescription(0)), "cpu")
}

// Tolerance returns cpu if the shared backend is [Exact], and other if not.
func Tolerance(t testing.TB, cpu, other float64) float64 {
	t.Helper()
	if Exact(t) {
		return cpu
	}
	return other
}
