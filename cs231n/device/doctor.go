package device

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"text/tabwriter"

	"github.com/gomlx/compute"
	"github.com/gomlx/go-xla/compute/xla"
	"github.com/gomlx/go-xla/pjrt"
)

// Report is the result of [Doctor]. String formats it as text.
type Report struct {
	Machine  Facts       `json:"machine"`
	Backends []Candidate `json:"backends"` // best first
	Chosen   Facts       `json:"chosen"`   // nil if no backend could be opened
}

// Facts lists names and values.
type Facts [][2]string

// MarshalJSON writes an object.
func (f Facts) MarshalJSON() ([]byte, error) {
	if f == nil {
		return []byte("null"), nil
	}
	object := map[string]string{}
	for _, fact := range f {
		object[fact[0]] = fact[1]
	}
	return json.Marshal(object)
}

// Doctor reports the machine, every candidate of [Open] with the reason why it was chosen or not, and the chosen backend.
// Nothing is downloaded.
//
// If GOMLX_BACKEND cannot be carried out, Doctor still lists the candidates and returns Open's error.
func Doctor() (Report, error) {
	m := thisMachine()
	backend, candidates, err := m.choose(options{warnings: io.Discard})
	r := Report{Machine: machineFacts(), Backends: candidates}
	if backend != nil {
		defer backend.Finalize()
		path := chosen(candidates).Path
		r.Chosen = append(backendFacts(backend, path), [2]string{"compiled programs", cacheFact(m.keep(path))})
	}
	return r, err
}

func (r Report) String() string {
	var out strings.Builder
	out.WriteString("Machine\n")
	table(&out, r.Machine)
	out.WriteString("\nBackends, best first\n")
	var rows Facts
	for _, c := range r.Backends {
		mark := "- "
		switch {
		case c.Chosen:
			mark = "> "
		case c.Found:
			mark = "+ "
		}
		rows = append(rows, [2]string{mark + c.Name, c.Why})
		if c.Path != "" {
			rows = append(rows, [2]string{"", c.Path})
		}
	}
	table(&out, rows)
	out.WriteString("  > chosen   + found   - not found or not tried\n")
	if r.Chosen != nil {
		out.WriteString("\nChosen\n")
		table(&out, r.Chosen)
	}
	return out.String()
}

func machineFacts() Facts {
	tunables := os.Getenv("GLIBC_TUNABLES")
	if tunables == "" {
		tunables = "not set; with the value that the Makefile sets, XLA's CPU steps are some 7% faster"
	}
	return Facts{
		{"platform", runtime.GOOS + "/" + runtime.GOARCH},
		{"CPU", fmt.Sprintf("%s, %d logical cores, %d threads to compute with", cpuModel("/proc/cpuinfo"), runtime.NumCPU(), runtime.GOMAXPROCS(0))},
		{"Go", runtime.Version()},
		{"GLIBC_TUNABLES", tunables},
	}
}

// backendFacts describes an open backend. If it is XLA's, path is its plugin file.
func backendFacts(backend compute.Backend, path string) Facts {
	facts := Facts{{"backend", backend.Description()}}
	if x, ok := backend.(*xla.Backend); ok {
		// The plugin is already open: this only looks it up.
		if p, err := pjrt.GetPlugin(x.PluginName()); err == nil {
			major, minor := p.Version()
			sum, err := fileSHA256(path)
			if err != nil {
				sum = err.Error()
			}
			facts = Facts{
				{"backend", backend.Name()},
				{"plugin", path},
				{"SHA-256", sum},
				{"PJRT API", fmt.Sprintf("%d.%d", major, minor)},
				{"shared buffers", fmt.Sprint(x.HasSharedBuffers())},
				{"TF32 products", fmt.Sprint(x.DotGeneralUseTF32)},
			}
		}
	}
	facts = append(facts, [2]string{"devices", fmt.Sprint(backend.NumDevices())})
	for i := range backend.NumDevices() {
		facts = append(facts, [2]string{fmt.Sprintf("device %d", i), backend.DeviceDescription(compute.DeviceNum(i))})
	}
	return facts
}

// table writes rows as two aligned columns.
func table(w io.Writer, rows Facts) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		fmt.Fprintf(t, "  %s\t%s\n", r[0], r[1])
	}
	t.Flush()
}

// cpuModel reads the processor's name from a file in the format of Linux's /proc/cpuinfo.
func cpuModel(path string) string {
	facts, _ := cpuInfo(path)
	for _, fact := range facts {
		if fact[0] == "model name" {
			return fact[1]
		}
	}
	return "unknown model"
}

// cpuInfo reads the facts about the first core from a file in the format of Linux's /proc/cpuinfo.
func cpuInfo(path string) (facts Facts, err error) {
	data, err := os.ReadFile(path)
	for line := range strings.Lines(string(data)) {
		key, value, found := strings.Cut(line, ":")
		if !found {
			break
		}
		facts = append(facts, [2]string{strings.TrimSpace(key), strings.TrimSpace(value)})
	}
	return facts, err
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
