package device

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomlx/compute"
)

// slowdown is how many times longer than XLA's CPU plugin the pure-Go backend takes for a training step of a
// 784-256-256-1 perceptron with 128 images. BenchmarkTrainingStep measures it.
const slowdown = 30

// pureGoName is the name of GoMLX's own backend in GOMLX_BACKEND.
const pureGoName = "go"

// A request is a parsed GOMLX_BACKEND. The zero value allows any backend.
type request struct {
	pureGo   bool   // asks for GoMLX's own backend
	path     string // asks for the plugin in this file
	platform string // asks for a plugin of this platform; empty if any will do
	options  string // the backend's options, such as "tf32=true"
}

// parse reads GOMLX_BACKEND, which has the form backend[:plugin[,option...]].
func (m machine) parse(order string) (request, error) {
	backend, config, _ := strings.Cut(order, ":")
	if backend == pureGoName {
		return request{pureGo: true, options: config}, nil
	}
	if !slices.Contains([]string{"xla", "stablehlo", "shlo", "hlo"}, backend) {
		return request{}, fmt.Errorf("unknown backend %q: name xla, xla:cpu, xla:cuda, xla:/path/plugin.so or go", backend)
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
	return request{}, fmt.Errorf("unknown plugin %q: name one of %s, or a file (xla:/path/plugin.so)", name, strings.Join(known, ", "))
}

// choose opens the first candidate that works. It returns all candidates with the reasons for the choice.
func (m machine) choose(o options) (compute.Backend, []Candidate, error) {
	order, _ := m.lookup(compute.ConfigEnvVar)
	c := Candidate{Name: compute.ConfigEnvVar, Path: order, Found: order != "", Why: "not set: the search decides"}
	var asked request
	if order != "" {
		var err error
		if asked, err = m.parse(order); err == nil && asked.path == "" && !asked.pureGo {
			c.Why = "names no file: searching among XLA's plugins"
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
		fmt.Fprintf(o.warnings, "device: no XLA plugin works here: using GoMLX's pure-Go backend, which is about %d times slower and cannot run recurrent networks or caption images; "+
			"run `make setup` to install a plugin\n", slowdown)
	}
	return backend, append(candidates, last), err
}

// obey opens the backend that GOMLX_BACKEND names. The error from parsing the variable, if any, is passed in.
func (m machine) obey(order string, asked request, err error) (compute.Backend, []Candidate, error) {
	c := Candidate{Name: compute.ConfigEnvVar, Path: order, Found: true, Why: "set to " + order + ": no other candidate was tried"}
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

// search tries XLA's plugins and then go-xla's installer. It returns a nil backend if none of them works.
func (m machine) search(asked request, o options) (backend compute.Backend, candidates []Candidate) {
	wanted := func(platform string) bool { return asked.platform == "" || asked.platform == platform }
	if _, err := m.root(); errors.Is(err, errUntrusted) {
		fmt.Fprintf(o.warnings, "device: %v; trying the next candidate\n", err)
	}
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
				fmt.Fprintf(o.warnings, "device: %s: %v; trying the next candidate\n", p.name, err)
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
			fmt.Fprintf(o.warnings, "device: %v; trying the next candidate\n", err)
			break
		}
		backend, c.Found, c.Chosen, c.Why = b, true, true, "downloaded just now"
	}
	return backend, append(candidates, c)
}

// obstacle joins the reasons why none of the wanted candidates works.
func obstacle(candidates []Candidate) string {
	var why []string
	for _, c := range candidates {
		if !strings.HasPrefix(c.Why, "not ") && !slices.Contains(why, c.Why) {
			why = append(why, c.Why)
		}
	}
	return strings.Join(why, "; ")
}
