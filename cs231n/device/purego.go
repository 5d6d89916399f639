//go:build !nopurego

package device

import (
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/gobackend"
)

// pureGo opens GoMLX's own backend.
func pureGo(options string) (compute.Backend, error) { return gobackend.New(options) }
