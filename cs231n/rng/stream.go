package rng

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// stream is what both kinds of stream are made of. Its exported methods are part
// of [Torch] and [NumPy].
type stream struct {
	kind   kind
	mt     mt19937
	spare  float64 // second value of the last pair of normals
	spared bool    // whether spare is still to be handed out
	path   string  // file the stream is bound to, or empty
	err    error   // first error
}

// Err returns the first error since the stream was made: an argument that makes
// no sense or, for a stream bound to a file, a state that could not be written.
func (s *stream) Err() error { return s.err }

// Save writes the state to a file of its own, which [OpenTorch] or [OpenNumPy]
// can take up later. The stream does not become bound to that file.
//
// The file appears whole or not at all, as a new one is renamed over the old.
// It is not flushed to the disk, so a power cut may undo the last draws.
func (s *stream) Save(path string) error {
	state, err := s.MarshalBinary()
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.tmp")
	if err != nil {
		return fmt.Errorf("rng: save stream %s: %w", path, err)
	}
	_, err = f.Write(state)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
		return fmt.Errorf("rng: save stream %s: %w", path, err)
	}
	return nil
}

// open takes up the state in a file, if there is one, and binds the stream to it.
// The state is written back at once: a folder that cannot be written to is then
// an error here, and not a surprise after the first draw.
func (s *stream) open(path string) error {
	// An absolute path stays valid when the program changes its folder.
	path, err := filepath.Abs(path)
	if err != nil {
		return fmt.Errorf("rng: open stream %s: %w", path, err)
	}
	switch state, err := os.ReadFile(path); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return fmt.Errorf("rng: open stream: %w", err)
	default:
		if err := s.unmarshal(state); err != nil {
			return fmt.Errorf("rng: open stream %s: %w; delete the file to start from the default seed", path, err)
		}
	}
	if err := s.Save(path); err != nil {
		return err
	}
	s.path = path
	return nil
}

// seed starts a new sequence and forgets the spare normal of the old one.
func (s *stream) seed(k kind, seed uint32) {
	s.kind = k
	s.mt.seed(seed)
	s.spare, s.spared = 0, false
	s.sync()
}

// sync brings the bound file, if there is one, up to date. Each exported method
// that changes the state ends with it.
func (s *stream) sync() {
	if s.path != "" {
		s.fail(s.Save(s.path))
	}
}

// fail keeps the first error.
func (s *stream) fail(err error) {
	if s.err == nil {
		s.err = err
	}
}
