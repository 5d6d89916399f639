package captioning

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/ml/model"

	"github.com/cs231n-go/assignment3/cs231n/coco"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// state is what a checkpoint holds beside the variables.
type state struct {
	Model      string `json:"model"`
	Seed       uint64 `json:"seed"`
	Batch      int    `json:"batch"`
	Captions   int    `json:"captions"`   // in the training set
	Vocabulary string `json:"vocabulary"` // digest of the words
	Rule       string `json:"rule"`
	Heads      int    `json:"heads,omitempty"`      // of a Transformer
	MaxLength  int    `json:"max_length,omitempty"` // of a Transformer's captions
	training.Progress
	Stream []byte    `json:"stream"`          // the random stream after Iteration
	Noise  []byte    `json:"noise,omitempty"` // that of the model's noise, where it has one
	Loss   []float64 `json:"loss"`
}

// history is the content of history.json.
type history struct {
	Model string    `json:"model"`
	Seed  uint64    `json:"seed"`
	Loss  []float64 `json:"loss"`
}

func (r *Result) history() history { return history{r.Model, r.Seed, r.Loss} }

// vocabularyDigest tells one vocabulary from another.
func vocabularyDigest(v *coco.Vocab) string {
	sum := sha256.Sum256([]byte(strings.Join(v.Words, "\n")))
	return hex.EncodeToString(sum[:8])
}

// settings are the parts of a state that a run cannot change on its way.
func (s *Solver) settings() state {
	now := state{
		Model: s.Model.Kind(), Seed: s.Seed, Batch: s.BatchSize, Captions: s.Data.Train.Len(),
		Vocabulary: vocabularyDigest(&s.Data.Vocab), Rule: s.UpdateRule,
	}
	if m, ok := s.Model.(*Transformer); ok {
		now.Heads, now.MaxLength = m.config.Heads, m.config.MaxLength
	}
	return now
}

func (s *Solver) save(r *Result) error {
	if s.Folder == "" {
		return nil
	}
	stream, err := s.Stream.MarshalBinary()
	if err != nil {
		return err
	}
	kept := s.settings()
	kept.Progress, kept.Stream, kept.Loss = r.Progress, stream, r.Loss
	if noise, _ := s.Model.noise(); noise != nil {
		if kept.Noise, err = noise.MarshalBinary(); err != nil {
			return err
		}
	}
	return s.Folder.Save(s.Model.variables(), kept, r.history())
}

// takeUp restores the run in the folder: variables, losses and the place in the random stream. It returns nil
// where there is nothing to resume.
func (s *Solver) takeUp() (*Result, error) {
	var kept state
	store, err := s.Folder.Load(&kept)
	if errors.Is(err, fs.ErrNotExist) {
		if s.Log != nil {
			fmt.Fprintf(s.Log, "Nothing to resume in %s, starting at iteration 0.\n", s.Folder)
		}
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	path, now := s.Folder.Checkpoint(), s.settings()
	switch {
	case kept.Model != now.Model:
		return nil, fmt.Errorf("captioning: %s is a checkpoint of model %q, not of %q; choose another folder", path, kept.Model, now.Model)
	case kept.Vocabulary != now.Vocabulary:
		return nil, fmt.Errorf("captioning: %s was trained with another vocabulary; name the data set that it was trained on, or choose another folder", path)
	case kept.Heads != now.Heads || kept.MaxLength != now.MaxLength:
		return nil, fmt.Errorf("captioning: %s is a model of %d heads for captions of %d words, not of %d for %d; choose another folder or the same settings", path, kept.Heads, kept.MaxLength, now.Heads, now.MaxLength)
	case kept.Seed != now.Seed || kept.Batch != now.Batch || kept.Captions != now.Captions || kept.Rule != now.Rule:
		return nil, fmt.Errorf("captioning: %s was trained with seed %d, batches of %d of %d captions and %s, not with seed %d, %d of %d and %s; choose another folder or the same settings",
			path, kept.Seed, kept.Batch, kept.Captions, kept.Rule, now.Seed, now.Batch, now.Captions, now.Rule)
	}
	r, err := kept.result(path)
	if err != nil {
		return nil, err
	}
	if err := s.Model.adopt(store); err != nil {
		return nil, fmt.Errorf("captioning: %s does not fit the model: %w", path, err)
	}
	err = s.Stream.UnmarshalBinary(kept.Stream)
	if noise, _ := s.Model.noise(); noise != nil && err == nil {
		err = noise.UnmarshalBinary(kept.Noise)
	}
	if err != nil {
		return nil, fmt.Errorf("captioning: %s: %w", path, err)
	}
	if err := s.Folder.SaveHistory(r.history()); err != nil {
		return nil, err
	}
	r.Total = s.total()
	if s.Log != nil && r.Iteration < r.Total {
		fmt.Fprintf(s.Log, "Resuming %s at iteration %d of %d.\n", path, r.Iteration, r.Total)
	}
	return r, nil
}

func (s *state) result(path string) (*Result, error) {
	if len(s.Loss) != s.Iteration {
		return nil, fmt.Errorf("captioning: %s holds %d losses for %d iterations", path, len(s.Loss), s.Iteration)
	}
	return &Result{Model: s.Model, Seed: s.Seed, Loss: s.Loss, Progress: s.Progress}, nil
}

// fits checks that a checkpoint has a model's parameters.
func fits(params []*model.Variable, store *model.Store) error {
	for _, p := range params {
		other := store.GetVariable(p.Path())
		if other == nil {
			return fmt.Errorf("it lacks the parameter %s", p.Path())
		}
		if !other.Shape().Equal(p.Shape()) {
			return fmt.Errorf("its parameter %s is %s, the model's is %s", p.Path(), other.Shape(), p.Shape())
		}
	}
	return nil
}

// adopt replaces a model's variables by those of a checkpoint, which must have the same shapes.
func adopt(params []*model.Variable, own **model.Store, other *model.Store) error {
	if err := fits(params, other); err != nil {
		return err
	}
	(*own).Finalize()
	*own = other
	return nil
}

// open reads a run that [Solver.Train] kept in a folder, and checks that it is of the vocabulary and of one of the
// kinds.
func open(folder training.Folder, vocab *coco.Vocab, kinds ...string) (*state, *model.Store, *Result, error) {
	var kept state
	store, err := folder.Load(&kept)
	if err != nil {
		return nil, nil, nil, err
	}
	path := folder.Checkpoint()
	if !slices.Contains(kinds, kept.Model) {
		return nil, nil, nil, fmt.Errorf("captioning: %s holds a model of kind %q, not %s", path, kept.Model, strings.Join(kinds, " or "))
	}
	if vocabularyDigest(vocab) != kept.Vocabulary {
		return nil, nil, nil, fmt.Errorf("captioning: %s was trained with another vocabulary than this data set's %d words; name the data set that it was trained on", path, len(vocab.Words))
	}
	r, err := kept.result(path)
	return &kept, store, r, err
}

// LoadRNN reads a run that [Solver.Train] kept in a folder: the RNN or LSTM with its parameters, and the losses.
// The vocabulary must be the one that it was trained with.
func LoadRNN(folder training.Folder, vocab *coco.Vocab) (*RNN, *Result, error) {
	kept, store, r, err := open(folder, vocab, "rnn", "lstm")
	if err != nil {
		return nil, nil, err
	}
	m, err := emptyRNN(kept.Model, vocab.IDs)
	if err != nil {
		return nil, nil, fmt.Errorf("captioning: %s: %w", folder.Checkpoint(), err)
	}
	m.store = store
	return m, r, complete(folder, m.Params())
}

// LoadTransformer is [LoadRNN] for a Transformer. It has no stream: to train it further, build one and resume.
func LoadTransformer(folder training.Folder, vocab *coco.Vocab) (*Transformer, *Result, error) {
	kept, store, r, err := open(folder, vocab, "transformer")
	if err != nil {
		return nil, nil, err
	}
	c := TransformerConfig{WordToIdx: vocab.IDs, Heads: kept.Heads, MaxLength: kept.MaxLength}
	if v := store.GetVariable(paramPath("visual_projection/weight")); v != nil && v.Shape().Rank() == 2 {
		c.WordvecDim, c.InputDim, c.DType = v.Shape().Dim(0), v.Shape().Dim(1), v.DType()
	}
	for store.GetVariable(paramPath(layerName(c.Layers)+"norm1/weight")) != nil {
		c.Layers++
	}
	m, err := emptyTransformer(c)
	if err != nil {
		return nil, nil, fmt.Errorf("captioning: %s: %w", folder.Checkpoint(), err)
	}
	m.store = store
	return m, r, complete(folder, m.Params())
}

// complete checks that a checkpoint had all of a model's parameters.
func complete(folder training.Folder, params []*model.Variable) error {
	if slices.Contains(params, nil) {
		return fmt.Errorf("captioning: %s lacks some of the model's parameters; train anew", folder.Checkpoint())
	}
	return nil
}
