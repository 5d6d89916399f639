package device

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/gomlx/compute"
	"github.com/gomlx/go-xla/compute/xla"
	"github.com/gomlx/go-xla/pjrt"
)

// Doctor writes a report to w: the machine, every candidate of [Open] with the reason why it was chosen or not, and
// the chosen backend. Nothing is downloaded.
//
// If GOMLX_BACKEND cannot be carried out, Doctor still lists the candidates and returns Open's error.
func Doctor(w io.Writer) error {
	out := bufio.NewWriter(w)
	backend, candidates, err := thisMachine().choose(options{warnings: io.Discard})
	if backend != nil {
		defer backend.Finalize()
	}

	fmt.Fprintln(out, "Machine")
	table(out, machineRows())
	fmt.Fprintln(out, "\nBackends, best first")
	rows := [][2]string{}
	for _, c := range candidates {
		mark := "  - "
		switch {
		case c.Chosen:
			mark = "  > "
		case c.Found:
			mark = "  + "
		}
		rows = append(rows, [2]string{mark + c.Name, c.Why})
		if c.Path != "" {
			rows = append(rows, [2]string{"", c.Path})
		}
	}
	table(out, rows)
	fmt.Fprintln(out, "  > chosen   + found   - not found or not tried")
	if backend != nil {
		fmt.Fprintln(out, "\nChosen")
		chosen := candidates[slices.IndexFunc(candidates, func(c Candidate) bool { return c.Chosen })]
		table(out, backendRows(backend, chosen.Path))
	}
	if flushErr := out.Flush(); err == nil && flushErr != nil {
		err = fmt.Errorf("device: could not write the report: %w", flushErr)
	}
	return err
}

func machineRows() [][2]string {
	tunables := os.Getenv("GLIBC_TUNABLES")
	if tunables == "" {
		tunables = "not set; with the value that the Makefile sets, XLA's CPU steps are some 7% faster"
	}
	return [][2]string{
		{"  platform", runtime.GOOS + "/" + runtime.GOARCH},
		{"  CPU", fmt.Sprintf("%s, %d logical cores, %d threads to compute with", cpuModel("/proc/cpuinfo"), runtime.NumCPU(), runtime.GOMAXPROCS(0))},
		{"  Go", runtime.Version()},
		{"  GLIBC_TUNABLES", tunables},
	}
}

// backendRows describes an open backend. If it is XLA's, path is its plugin file.
func backendRows(backend compute.Backend, path string) [][2]string {
	rows := [][2]string{{"  backend", backend.Description()}}
	if x, ok := backend.(*xla.Backend); ok {
		// The plugin is already open: this only looks it up.
		if p, err := pjrt.GetPlugin(x.PluginName()); err == nil {
			major, minor := p.Version()
			sum, err := fileSHA256(path)
			if err != nil {
				sum = err.Error()
			}
			rows = [][2]string{
				{"  backend", backend.Name()},
				{"  plugin", path},
				{"  SHA-256", sum},
				{"  PJRT API", fmt.Sprintf("%d.%d", major, minor)},
				{"  shared buffers", fmt.Sprint(x.HasSharedBuffers())},
				{"  TF32 products", fmt.Sprint(x.DotGeneralUseTF32)},
			}
		}
	}
	rows = append(rows, [2]string{"  devices", fmt.Sprint(backend.NumDevices())})
	for i := range backend.NumDevices() {
		rows = append(rows, [2]string{"", backend.DeviceDescription(compute.DeviceNum(i))})
	}
	return rows
}

// table writes rows as two aligned columns.
func table(w io.Writer, rows [][2]string) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		fmt.Fprintf(t, "%s\t%s\n", r[0], r[1])
	}
	t.Flush()
}

// cpuModel reads the processor's name from a file in the format of Linux's /proc/cpuinfo.
func cpuModel(path string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return "unknown model"
	}
	for line := range strings.Lines(string(data)) {
		if key, value, _ := strings.Cut(line, ":"); strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown model"
}

func fileSHA256(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return "", err
	}
	return fmt.Sprintf("%x", hash.Sum(nil)), nil
}
