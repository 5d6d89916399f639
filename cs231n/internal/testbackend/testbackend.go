// Package testbackend opens the one XLA backend that the tests of a package share.
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

// open runs once per test binary: a plugin takes a tenth of a second to load, and a package has many tests.
// The backend is never finalized, since no test knows whether it is the last; it ends with the process.
var open = sync.OnceValues(func() (compute.Backend, error) {
	return device.Open(device.Warn(io.Discard), device.InstalledOnly(), device.CPUDevices(4))
})

// Get returns the shared backend. It fails the test where no XLA plugin is installed, because a skipped test
// would look like a passed one; nothing is downloaded. GOMLX_BACKEND=go runs the tests in pure Go all the same.
func Get(t testing.TB) compute.Backend {
	t.Helper()
	backend, err := open()
	if err != nil {
		t.Fatalf("testbackend: %v", err)
	}
	if backend.Name() != "xla" && os.Getenv(compute.ConfigEnvVar) == "" {
		t.Fatal("testbackend: no XLA plugin in this checkout; run `make setup` to install one")
	}
	return backend
}

// Several returns the shared backend where it has that many devices, as the CPU has four here, and skips the test
// elsewhere.
func Several(t testing.TB, devices int) compute.Backend {
	t.Helper()
	backend := Get(t)
	if there := backend.NumDevices(); there < devices {
		t.Skipf("needs %d devices, the backend %s has %d", devices, backend.Name(), there)
	}
	return backend
}

// Exact reports whether the shared backend is XLA on a CPU, where a program always gives the same bits, those with which
// the expected values were made. A GPU sums in another order, which can change from run to run.
func Exact(t testing.TB) bool {
	t.Helper()
	backend := Get(t)
	return backend.Name() == "xla" && strings.Contains(strings.ToLower(backend.DeviceDescription(0)), "cpu")
}

// Tolerance is cpu where the shared backend is [Exact], and other elsewhere.
func Tolerance(t testing.TB, cpu, other float64) float64 {
	t.Helper()
	if Exact(t) {
		return cpu
	}
	return other
}
