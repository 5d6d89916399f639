package gan

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/cs231n-go/assignment3/cs231n/training"
)

// state is what a checkpoint holds beside the variables.
type state struct {
	Model  string `json:"model"`
	Seed   uint64 `json:"seed"`
	Batch  int    `json:"batch"`
	Images int    `json:"images"`
	training.Progress
	Stream []byte    `json:"stream"` // the random stream after Iteration
	D      []float64 `json:"d"`
	G      []float64 `json:"g"`
	Shown  []int     `json:"shown"` // iterations whose samples are kept as variables
}

// history is the content of history.json: both losses of every iteration.
type history struct {
	Model string    `json:"model"`
	Seed  uint64    `json:"seed"`
	D     []float64 `json:"d"`
	G     []float64 `json:"g"`
}

func (r *Result) history() history { return history{r.Model, r.Seed, r.D, r.G} }

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
		Progress: r.Progress, Stream: stream, D: r.D, G: r.G,
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
	return c.Dir.Save(store, s, r.history())
}

// takeUp restores the run in c.Dir: variables, history and the place in the random stream. It returns
// nil where there is nothing to resume.
func (c *Config) takeUp() (*Result, *model.Store, error) {
	path := c.Dir.Checkpoint()
	var s state
	store, err := c.Dir.Load(&s)
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
	if err := c.Dir.SaveHistory(r.history()); err != nil {
		return nil, nil, err
	}
	r.Total = c.total()
	if r.Iteration < r.Total {
		c.logf("Resuming %s at iteration %d of %d.\n", path, r.Iteration, r.Total)
	}
	return r, store, nil
}

// result turns a checkpoint's state back into a run.
func (s *state) result(path string, store *model.Store) (*Result, error) {
	if len(s.D) != s.Iteration || len(s.G) != s.Iteration {
		return nil, fmt.Errorf("gan: %s holds %d and %d losses for %d iterations", path, len(s.D), len(s.G), s.Iteration)
	}
	r := &Result{Model: s.Model, Seed: s.Seed, D: s.D, G: s.G, Progress: s.Progress}
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
func Load(dir training.Folder, D, G *Network) (*Result, error) {
	var s state
	store, err := dir.Load(&s)
	if err != nil {
		return nil, err
	}
	path := dir.Checkpoint()
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
