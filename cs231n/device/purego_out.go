//go:build nopurego

package device

import (
	"errors"

	"github.com/gomlx/compute"
)

// pureGo returns an error. Linking the backend takes a tenth of a cell's link time, so cells are built without it if
// XLA's plugin is installed.
func pureGo(string) (compute.Backend, error) {
	return nil, errors.New("this program was built without it (build tag nopurego), like every cell if XLA's plugin is installed; " +
		"run `make setup` if the plugin is gone, or remove nopurego from GOFLAGS, which the kernel's kernel.json sets")
}
