package gan

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/google/renameio/v2"

	"github.com/cs231n-go/assignment3/cs231n/checkpoint"
)

const (
	checkpointFile = "checkpoint.safetensors"
	historyFile    = "history.json"
	previousDir    = "previous"
)

// state is what a checkpoint holds beside the variables.
type state struct {
	Model     string    `json:"model"`
	Seed      uint64    `json:"seed"`
	Batch     int       `json:"batch"`
	Images    int       `json:"images"`
	Iteration int       `json:"iteration"`
	Total     int       `json:"total"`
	Stream    []byte    `json:"stream"` // the random stream after Iteration
	D         []float64 `json:"d"`
	G         []float64 `json:"g"`
	Shown     []int     `json:"shown"` // iterations whose samples are kept as variables
}

// history is the content of history.json: both losses of every iteration.
type history struct {
	Model string    `json:"model"`
	Seed  uint64    `json:"seed"`
	D     []float64 `json:"d"`
	G     []float64 `json:"g"`
}

func samplesPath(iteration int) string { return fmt.Sprintf("/samples/%06d", iteration) }

// save keeps the run in c.Dir: the checkpoint first, then the history that can be made from it.
func (c *Config) save(r *Result, store *model.Store) error {
	if c.Dir == "" {
		return nil
	}
	stream, err := c.Stream.MarshalBinary()
	if err != nil {
		return err
	}
	s := state{
		Model: r.Model, Seed: r.Seed, Batch: c.BatchSize, Images: len(c.Images) / Pixels,
		Iteration: r.Iteration, Total: r.Total, Stream: stream, D: r.D, G: r.G,
	}
	for _, sample := range r.Samples {
		s.Shown = append(s.Shown, sample.Iteration)
		var pixels []float32
		for _, image := range sample.Images {
			pixels = append(pixels, image...)
		}
		t := tensors.FromFlatDataAndDimensions(pixels, len(sample.Images), Pixels)
		if _, err := store.CreateVariable(samplesPath(sample.Iteration), t); err != nil {
			return err
		}
	}
	if err := checkpoint.Save(filepath.Join(c.Dir, checkpointFile), store, s); err != nil {
		return err
	}
	return c.saveHistory(r)
}

// saveHistory writes history.json.
func (c *Config) saveHistory(r *Result) error {
	data, err := json.Marshal(history{r.Model, r.Seed, r.D, r.G})
	if err != nil {
		return err
	}
	path := filepath.Join(c.Dir, historyFile)
	if err := renameio.WriteFile(path, append(data, '\n'), 0o644, renameio.WithTempDir(c.Dir)); err != nil {
		return fmt.Errorf("gan: %s is not written: %w; the checkpoint beside it is, resume to try again", path, err)
	}
	return nil
}

// takeUp restores the run in c.Dir: variables, history and the place in the random stream. It returns
// nil where there is nothing to resume.
func (c *Config) takeUp() (*Result, *model.Store, error) {
	path := filepath.Join(c.Dir, checkpointFile)
	var s state
	store, err := checkpoint.Load(path, &s)
	if errors.Is(err, fs.ErrNotExist) {
		c.logf("Nothing to resume in %s, starting at iteration 0.\n", c.Dir)
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	if s.Model != c.Model {
		return nil, nil, fmt.Errorf("gan: %s is a checkpoint of model %q, not of %q; choose another folder", path, s.Model, c.Model)
	}
	if images := len(c.Images) / Pixels; s.Seed != c.Seed || s.Batch != c.BatchSize || s.Images != images {
		return nil, nil, fmt.Errorf("gan: %s was trained with seed %d, batches of %d and %d images, not with seed %d, %d and %d; choose another folder or the same settings",
			path, s.Seed, s.Batch, s.Images, c.Seed, c.BatchSize, images)
	}
	r, err := s.result(path, store)
	if err != nil {
		return nil, nil, err
	}
	if err := errors.Join(c.D.load(store.Scope("/D")), c.G.load(store.Scope("/G"))); err != nil {
		return nil, nil, fmt.Errorf("gan: %s does not fit the networks: %w", path, err)
	}
	if err := c.Stream.UnmarshalBinary(s.Stream); err != nil {
		return nil, nil, fmt.Errorf("gan: %s: %w", path, err)
	}
	// A run that was killed between the two files of a save has an older history.
	if err := c.saveHistory(r); err != nil {
		return nil, nil, err
	}
	r.Total = c.total()
	if r.Iteration < r.Total {
		c.logf("Resuming %s at iteration %d of %d.\n", path, r.Iteration, r.Total)
	}
	return r, store, nil
}

// Interrupted reports whether dir holds a run that stopped before its end, which [Train] can resume.
func Interrupted(dir string) bool {
	var s state
	_, err := checkpoint.Load(filepath.Join(dir, checkpointFile), &s)
	return err == nil && s.Iteration < s.Total
}

// claimDir makes c.Dir and sees that files can be written there, before hours of training show it.
func (c *Config) claimDir() error {
	err := os.MkdirAll(c.Dir, 0o755)
	if err == nil {
		var probe *renameio.PendingFile
		if probe, err = renameio.NewPendingFile(filepath.Join(c.Dir, historyFile), renameio.WithTempDir(c.Dir)); err == nil {
			err = probe.Cleanup()
		}
	}
	if err != nil {
		return fmt.Errorf("gan: the folder %s for checkpoints cannot be written: %w; choose another one", c.Dir, err)
	}
	return nil
}

// setAside moves a run that is there already to c.Dir/previous, where it replaces an older one. It
// touches a run's own files only.
func (c *Config) setAside() error {
	if _, err := os.Stat(filepath.Join(c.Dir, checkpointFile)); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	previous := filepath.Join(c.Dir, previousDir)
	c.logf("The run in %s is moved to %s.\n", c.Dir, previous)
	err := os.MkdirAll(previous, 0o755)
	if err == nil {
		err = eachRunFile(previous, os.Remove)
	}
	if err == nil {
		err = eachRunFile(c.Dir, func(path string) error { return os.Rename(path, filepath.Join(previous, filepath.Base(path))) })
	}
	if err != nil {
		return fmt.Errorf("gan: the run in %s cannot be set aside: %w", c.Dir, err)
	}
	return nil
}

// eachRunFile visits the files that a run writes to its folder, the checkpoint first and then its
// pictures, and what a kill left of a file that was being written.
func eachRunFile(dir string, visit func(path string) error) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, pattern := range []string{checkpointFile, historyFile, "samples-[0-9]*.png", ".history.json[0-9]*", ".samples-[0-9]*.png[0-9]*"} {
		for _, entry := range entries {
			if ok, _ := path.Match(pattern, entry.Name()); ok && entry.Type().IsRegular() {
				err = errors.Join(err, visit(filepath.Join(dir, entry.Name())))
			}
		}
	}
	return err
}

// result turns a checkpoint's state back into a run.
func (s *state) result(path string, store *model.Store) (*Result, error) {
	if len(s.D) != s.Iteration || len(s.G) != s.Iteration {
		return nil, fmt.Errorf("gan: %s holds %d and %d losses for %d iterations", path, len(s.D), len(s.G), s.Iteration)
	}
	r := &Result{Model: s.Model, Seed: s.Seed, D: s.D, G: s.G, Iteration: s.Iteration, Total: s.Total}
	for _, iteration := range s.Shown {
		v := store.GetVariable(samplesPath(iteration))
		if v == nil {
			return nil, fmt.Errorf("gan: %s lacks the samples of iteration %d", path, iteration)
		}
		value, err := v.Value()
		if err != nil {
			return nil, err
		}
		pixels, err := tensors.CopyFlatData[float32](value)
		if err != nil {
			return nil, err
		}
		r.Samples = append(r.Samples, Samples{iteration, rows(pixels)})
	}
	return r, nil
}

// Load reads a run that [Train] kept in dir and copies its parameters into D and G, which are built as
// for training. Either may be nil.
func Load(dir string, D, G *Network) (*Result, error) {
	path := filepath.Join(dir, checkpointFile)
	var s state
	store, err := checkpoint.Load(path, &s)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("gan: no run is kept in %s: train first, or name the folder that training wrote to", dir)
	}
	if err != nil {
		return nil, err
	}
	for scope, n := range map[string]*Network{"/D": D, "/G": G} {
		if n == nil {
			continue
		}
		if err := n.load(store.Scope(scope)); err != nil {
			return nil, fmt.Errorf("gan: %s: %w", path, err)
		}
	}
	return s.result(path, store)
}
