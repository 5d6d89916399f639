package training

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/gomlx/gomlx/ml/model"

	"github.com/cs231n-go/assignment3/cs231n/checkpoint"
	"github.com/cs231n-go/assignment3/cs231n/nn"
)

// Kept are the parameters of a run after some iteration; see [Options.KeepEvery].
type Kept struct {
	Iteration int
	Path      string // of the file
}

// Set sets the parameters of modules, named by their scopes, to the kept values.
func (k Kept) Set(modules map[string][]*nn.Param) error {
	file, err := checkpoint.Open(k.Path)
	if err != nil {
		return err
	}
	return file.Set(modules)
}

// Kept lists the parameters that the run in the folder has kept, in the order of the iterations.
func (f Folder) Kept() (all []Kept, err error) {
	err = each(string(f), []string{"params-[0-9]*.safetensors"}, func(path string) error {
		k := Kept{Path: path}
		_, err := fmt.Sscanf(filepath.Base(path), "params-%d.safetensors", &k.Iteration)
		all = append(all, k)
		return err
	})
	return all, err
}

// keep saves the parameters that the task wants to keep after an iteration.
func (r *run) keep(iteration int) (err error) {
	if r.Folder == "" {
		return nil
	}
	kept := model.NewStore()
	defer kept.Finalize()
	for v := range r.store.IterVariables() {
		for _, scope := range r.task.Keep {
			if !strings.HasPrefix(v.Path(), "/"+scope+"/") {
				continue
			}
			value, valueErr := clone(v)
			if valueErr == nil {
				_, valueErr = kept.CreateVariable(v.Path(), value)
			}
			err = errors.Join(err, valueErr)
		}
	}
	if err != nil {
		return fmt.Errorf("training: the parameters of iteration %d: %w", iteration, err)
	}
	path := filepath.Join(string(r.Folder), fmt.Sprintf("params-%06d.safetensors", iteration))
	return checkpoint.Save(path, kept, map[string]any{"model": r.task.Model, "iteration": iteration})
}
