package nn

import (
	"sync"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
)

// Programs keeps the programs with which a model computes, so that each is built and compiled once for all calls. A key is
// everything on which the graph depends, apart from the backend and the shapes of the inputs. The zero value is empty.
// Several goroutines may use it.
type Programs[K comparable] struct {
	mu   sync.Mutex
	kept map[programKey[K]]*Exec
}

type programKey[K comparable] struct {
	backend compute.Backend
	key     K
}

// Get returns the program for a key. If there is none yet, it is one that runs graph.
func (p *Programs[K]) Get(backend compute.Backend, key K, graph func(inputs []*Node) []*Node) (*Exec, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := programKey[K]{backend, key}
	if exec, found := p.kept[k]; found {
		return exec, nil
	}
	exec, err := NewExec(backend, graph)
	if err != nil {
		return nil, err
	}
	if p.kept == nil {
		p.kept = map[programKey[K]]*Exec{}
	}
	p.kept[k] = exec
	return exec, nil
}

// Len returns the number of programs.
func (p *Programs[K]) Len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.kept)
}

// Close frees the programs. Later calls of Get make new ones.
func (p *Programs[K]) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, exec := range p.kept {
		exec.Finalize()
	}
	p.kept = nil
}
