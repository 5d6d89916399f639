//go:build nopurego

package device

import (
	"errors"

	"github.com/gomlx/compute"
)

// pureGo refuses: the backend is a tenth of what a notebook's cell waits for its linker, so cells are built without
// it where XLA's plugin is installed.
func pureGo(string) (compute.Backend, error) {
	return nil, errors.New("this program is built without it (build tag nopurego), as cells are where XLA's plugin is installed; " +
		"run `make setup` if the plugin is gone, or take nopurego out of GOFLAGS, which the kernel's kernel.json sets")
}
