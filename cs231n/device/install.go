package device

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/go-xla/installer"
)

const (
	// noInstall is go-xla's environment variable that forbids downloads.
	noInstall = "GOMLX_NO_AUTO_INSTALL"

	// reachTime limits the wait for a server's first answer, and installTime the download of some 100 MB. Without
	// a network every cell of a notebook would wait that long, since each is a separate program.
	reachTime   = 5 * time.Second
	installTime = 3 * time.Minute
)

// install downloads go-xla's CPU plugin and opens it.
func (m machine) install(options string) (compute.Backend, error) {
	dir := m.installDir()
	if dir == "" {
		return nil, errors.New("could not install go-xla's plugin: there is no home directory; set HOME or run `make setup`")
	}
	if err := m.fetch(dir); err != nil {
		return nil, fmt.Errorf("could not download go-xla's plugin: %w; run `make setup`, or set %s to skip this step",
			flat(err), noInstall)
	}
	path := first(dir, "pjrt_c_api_cpu*_plugin.so")
	if path == "" {
		return nil, fmt.Errorf("go-xla's installer left no plugin in %s; run `make setup`", dir)
	}
	return m.load(path, options)
}

// download runs go-xla's installer for the CPU plugin. The installer has no deadline: after installTime download
// returns, and the installer goes on in its goroutine.
func download(dir string) error {
	client := http.Client{Timeout: reachTime}
	response, err := client.Head("https://api.github.com")
	if err != nil {
		return err
	}
	response.Body.Close()
	done := make(chan error, 1)
	go func() { done <- installer.CPUAutoInstall(dir, true, installer.Quiet) }()
	select {
	case err := <-done:
		return err
	case <-time.After(installTime):
		return fmt.Errorf("not finished after %v", installTime)
	}
}
