package training

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/cs231n-go/assignment3/cs231n/checkpoint"
	"github.com/cs231n-go/assignment3/cs231n/nn"
)

// Progress counts the iterations of a run.
type Progress struct {
	Iteration int `json:"iteration"` // iterations done
	Total     int `json:"total"`     // iterations planned
}

// Result is the record of a run.
type Result struct {
	Model   string
	Seed    uint64
	Names   []string    // of the losses
	Losses  [][]float64 // for each name the losses of all iterations
	Samples []Samples   // the samples of every LogEvery-th iteration
	Progress
}

// Samples are the pictures of one iteration.
type Samples struct {
	Iteration int
	Images    [][]float32 // one row of pixels each
}

func samplesPath(iteration int) string { return fmt.Sprintf("/samples/%06d", iteration) }

// variables lists a module's variables in a store, nil for missing ones.
func (m Module) variables(store *model.Store) []*model.Variable {
	vars := make([]*model.Variable, len(m.Params))
	for i, p := range m.Params {
		vars[i] = store.GetVariable(nn.Path(m.Name, p))
	}
	return vars
}

// save writes the checkpoint, then the history, which can be rebuilt from it. The state in the checkpoint is a JSON object
// with a key for each setting, stream and loss.
func (r *run) save() error {
	if r.Folder == "" {
		return nil
	}
	state := r.history()
	state["iteration"], state["total"] = r.result.Iteration, r.result.Total
	for _, s := range r.settings() {
		if s.Value != nil {
			state[s.Key] = s.Value
		}
	}
	for _, s := range r.task.Streams {
		bytes, err := s.MarshalBinary()
		if err != nil {
			return err
		}
		state[s.Key] = bytes
	}
	var shown []int
	for _, s := range r.result.Samples {
		shown = append(shown, s.Iteration)
	}
	state["shown"] = shown
	if err := checkpoint.Save(r.Folder.Checkpoint(), r.store, state); err != nil {
		return err
	}
	return r.Folder.saveHistory(r.history())
}

// history is the content of history.json: the losses by name.
func (r *run) history() map[string]any {
	history := map[string]any{"model": r.task.Model, "seed": r.Seed}
	for i, name := range r.task.Losses {
		history[strings.ToLower(name)] = r.result.Losses[i]
	}
	return history
}

// settings lists all settings that a resumed run must not change.
func (r *run) settings() []Setting {
	return append([]Setting{
		{Key: "seed", Label: "seed", Value: r.Seed}, {Key: "batch", Label: "batch size", Value: r.BatchSize},
	}, r.task.Settings...)
}

// Open reads the run in a folder: its checkpoint, and its record with the losses of the given names. It is an error if the
// run trained none of the models; without models any model is accepted. If the folder has no run, the error matches
// [fs.ErrNotExist].
func (f Folder) Open(losses []string, models ...string) (*checkpoint.File, *Result, error) {
	file, err := checkpoint.Open(f.Checkpoint())
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("training: no checkpoint in %s: train first, or choose the folder of an earlier run (%w)", f, err)
		}
		return nil, nil, err
	}
	r := &Result{Names: losses, Losses: make([][]float64, len(losses))}
	var shown []int
	for key, value := range map[string]any{"model": &r.Model, "seed": &r.Seed, "iteration": &r.Iteration, "total": &r.Total, "shown": &shown} {
		err = errors.Join(err, file.Decode(key, value))
	}
	if err == nil && len(models) > 0 && !slices.Contains(models, r.Model) {
		err = fmt.Errorf("training: %s is a checkpoint of model %q, not of \"%s\"; choose another folder", file.Path, r.Model, strings.Join(models, `" or "`))
	}
	for i, name := range losses {
		if err == nil {
			err = file.Decode(strings.ToLower(name), &r.Losses[i])
		}
		if n := len(r.Losses[i]); err == nil && n != r.Iteration {
			err = fmt.Errorf("training: %s has %d losses %q for %d iterations", file.Path, n, name, r.Iteration)
		}
	}
	for _, iteration := range shown {
		v := file.Store.GetVariable(samplesPath(iteration))
		if v == nil || v.Shape().Rank() != 2 || v.DType() != dtypes.Float32 || v.Shape().Size() == 0 {
			return nil, nil, errors.Join(err, fmt.Errorf("training: %s lacks the samples of iteration %d", file.Path, iteration))
		}
		r.Samples = append(r.Samples, Samples{iteration, rows(v.MustValue())})
	}
	return file, r, err
}

// rows returns the rows of a matrix.
func rows(x *tensors.Tensor) [][]float32 {
	return slices.Collect(slices.Chunk(tensors.MustCopyFlatData[float32](x), x.Shape().Dim(-1)))
}

// resume continues the run in the folder and reports whether there is one. On an error nothing is changed.
func (r *run) resume() (found bool, err error) {
	file, result, err := r.Folder.Open(r.task.Losses, r.task.Model)
	if errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintf(r.Log, "Nothing to resume in %s, starting at iteration 0.\n", r.Folder)
		return false, nil
	}
	if err == nil {
		err = r.match(file)
	}
	for _, m := range r.task.Modules {
		if err == nil {
			_, err = file.Fit(m.Name, m.Params)
		}
	}
	if err != nil {
		return true, err
	}
	planned := result.Total
	r.store, r.result = file.Store, result
	r.result.Total = r.total()
	for _, s := range r.task.Streams {
		before, stateErr := s.MarshalBinary()
		defer func() {
			if err != nil {
				err = errors.Join(err, stateErr, s.UnmarshalBinary(before))
			}
		}()
		if err = file.Restore(s.Key, s); err != nil {
			return true, err
		}
	}
	if r.result.Iteration < r.result.Total {
		fmt.Fprintf(r.Log, "Resuming %s at iteration %d of %d.\n", file.Path, r.result.Iteration, r.result.Total)
	}
	if r.result.Iteration >= r.result.Total && r.result.Iteration < planned {
		return true, r.save() // with the smaller total, the run is complete
	}
	return true, r.Folder.saveHistory(r.history()) // the history is older if a save was killed between its two writes
}

// match compares a checkpoint's settings and streams with those of the run.
func (r *run) match(file *checkpoint.File) error {
	var saved, current []string
	for _, s := range r.task.Streams {
		if file.Raw(s.Key) == nil {
			saved, current = append(saved, "no "+s.Label), append(current, s.Label)
		}
	}
	for _, s := range r.settings() {
		was := string(file.Raw(s.Key))
		is, err := json.Marshal(s.Value)
		if err != nil {
			return err
		}
		if was == "" || was == string(is) {
			continue
		}
		if s.Value == nil {
			saved, current = append(saved, s.Label), append(current, "no "+s.Label)
		} else {
			saved, current = append(saved, s.Label+" "+strings.Trim(was, `"`)), append(current, s.Label+" "+strings.Trim(string(is), `"`))
		}
	}
	if saved == nil {
		return nil
	}
	return fmt.Errorf("training: %s was trained with %s, not with %s; choose another folder, or the same settings and data", file.Path, strings.Join(saved, ", "), strings.Join(current, ", "))
}
