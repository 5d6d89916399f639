package device

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomlx/compute"
)

// slowdown says how far the pure-Go backend is behind XLA's CPU plugin in a training step of a
// 784-256-256-1 perceptron with 128 images, as BenchmarkTrainingStep measures it.
const slowdown = 30

// pureGoName is how GOMLX_BACKEND names GoMLX's own backend.
const pureGoName = "go"

// A request is what GOMLX_BACKEND asks for. Its zero value asks for nothing in particular.
type request struct {
	pureGo   bool   // asks for GoMLX's own backend
	path     string // asks for the plugin in this file
	platform string // asks for a plugin of this platform, wherever it is; empty if any will do
	options  string // the backend's options, such as "tf32=true"
}

// parse reads GOMLX_BACKEND, which has the form backend[:plugin[,option...]].
func (m machine) parse(order string) (request, error) {
	backend, config, _ := strings.Cut(order, ":")
	if backend == pureGoName {
		return request{pureGo: true, options: config}, nil
	}
	if !slices.Contains([]string{"xla", "stablehlo", "shlo", "hlo"}, backend) {
		return request{}, fmt.Errorf("there is no backend %q: name xla, xla:cpu, xla:cuda, xla:/path/plugin.so or go", backend)
	}
	name, options, _ := strings.Cut(config, ",")
	switch {
	case name == "" || name == "cpu" || name == "cuda":
		return request{platform: name, options: options}, nil
	case strings.ContainsRune(name, filepath.Separator) || strings.HasSuffix(name, ".so"):
		if !filepath.IsAbs(name) {
			name = filepath.Join(m.dir, name)
		}
		return request{path: name, options: options}, nil
	}
	known := []string{"cpu", "cuda"}
	for _, p := range m.plugins() {
		if p.platform == name && p.path != "" {
			return request{path: p.path, options: options}, nil
		}
		if !slices.Contains(known, p.platform) {
			known = append(known, p.platform)
		}
	}
	return request{}, fmt.Errorf("there is no plugin %q: name one of %s, or a file (xla:/path/plugin.so)", name, strings.Join(known, ", "))
}

// choose walks the candidates, opens the first that works, and notes beside each what became of it.
func (m machine) choose(o options) (compute.Backend, []Candidate, error) {
	order, _ := m.lookup(compute.ConfigEnvVar)
	c := Candidate{Name: compute.ConfigEnvVar, Path: order, Found: order != "", Why: "not set: the search decides"}
	var asked request
	if order != "" {
		var err error
		if asked, err = m.parse(order); err == nil && asked.path == "" && !asked.pureGo {
			c.Why = "names no file: the search goes on among XLA's plugins"
		} else {
			return m.obey(order, asked, err)
		}
	}

	var err error
	backend, candidates := m.search(asked, o)
	candidates = append([]Candidate{c}, candidates...)
	last := Candidate{Name: "GoMLX in pure Go", Path: pureGoName, Found: true}
	switch {
	case backend != nil:
		last.Why = "not needed: it works everywhere, but slowly"
	case order != "":
		last.Why = "not allowed: " + compute.ConfigEnvVar + " asks for " + order
		err = fmt.Errorf("device: %s=%s: %s", compute.ConfigEnvVar, order, obstacle(candidates[1:]))
	default:
		if backend, err = pureGo(""); err != nil {
			last.Why = err.Error()
			err = fmt.Errorf("device: no XLA plugin works here, and GoMLX's pure-Go backend does not start: %w", flat(err))
			break
		}
		last.Chosen, last.Why = true, "the last resort: no XLA plugin works here"
		fmt.Fprintf(o.warnings, "device: no XLA plugin works here, so GoMLX's pure-Go backend computes, about %d times slower and without recurrent networks and captions; "+
			"run `make setup` to install a plugin\n", slowdown)
	}
	return backend, append(candidates, last), err
}

// obey opens the one backend that GOMLX_BACKEND names. An error from reading the variable is passed in.
func (m machine) obey(order string, asked request, err error) (compute.Backend, []Candidate, error) {
	c := Candidate{Name: compute.ConfigEnvVar, Path: order, Found: true, Why: "set to " + order + ": nothing else was looked at"}
	var backend compute.Backend
	switch {
	case err != nil:
	case asked.pureGo:
		backend, err = pureGo(asked.options)
		err = flat(err)
	default:
		c.Path = asked.path
		backend, err = m.load(asked.path, asked.options)
	}
	if err != nil {
		c.Why = err.Error()
		return nil, []Candidate{c}, fmt.Errorf("device: %s=%s: %w", compute.ConfigEnvVar, order, err)
	}
	c.Chosen = true
	return backend, []Candidate{c}, nil
}

// search tries XLA's plugins and then go-xla's installer. It returns no backend if none of them works.
func (m machine) search(asked request, o options) (backend compute.Backend, candidates []Candidate) {
	wanted := func(platform string) bool { return asked.platform == "" || asked.platform == platform }
	for _, p := range m.plugins() {
		c := Candidate{Name: p.name, Path: p.path, Found: p.path != "", Why: p.missing}
		switch {
		case !wanted(p.platform):
			c.Why = "not tried: " + compute.ConfigEnvVar + " asks for " + asked.platform
		case p.missing != "":
		case backend != nil:
			c.Why = "not needed: a better one works"
		default:
			b, err := m.load(p.path, asked.options)
			if err != nil {
				c.Why = err.Error()
				fmt.Fprintf(o.warnings, "device: %s: %v; looking further\n", p.name, err)
				break
			}
			backend, c.Chosen, c.Why = b, true, p.reason
		}
		candidates = append(candidates, c)
	}

	c := Candidate{Name: "go-xla's installer", Path: m.installDir()}
	switch {
	case backend != nil:
		c.Why = "not needed: a plugin works"
	case !wanted("cpu"):
		c.Why = "not tried: it installs a CPU plugin"
	case m.isSet(noInstall):
		c.Why = "not tried: " + noInstall + " is set"
	case !o.install:
		c.Why = "not tried here: it downloads a plugin"
	default:
		fmt.Fprintf(o.warnings, "device: no XLA plugin on this machine: downloading go-xla's CPU plugin to %s\n", c.Path)
		b, err := m.install(asked.options)
		if err != nil {
			c.Why = err.Error()
			fmt.Fprintf(o.warnings, "device: %v; looking further\n", err)
			break
		}
		backend, c.Found, c.Chosen, c.Why = b, true, true, "downloaded just now"
	}
	return backend, append(candidates, c)
}

// obstacle tells why none of the candidates that were wanted works.
func obstacle(candidates []Candidate) string {
	var why []string
	for _, c := range candidates {
		if !strings.HasPrefix(c.Why, "not ") && !slices.Contains(why, c.Why) {
			why = append(why, c.Why)
		}
	}
	return strings.Join(why, "; ")
}
