package rng

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// stream is what every kind of stream is made of: a generator, and the file that
// follows it if there is one. Its exported methods are part of [Torch], [NumPy] and
// [CUDA].
type stream[G generator] struct {
	kind kind // 0 until the stream is seeded or restored
	gen  G
	path string // file the stream is bound to, or empty
	held int    // calls of Hold that wait for their release
	err  error  // first error
}

// generator is the state of a generator. It is stored as encoding/binary writes it,
// so its fields are exported and of fixed size.
type generator interface {
	check() error // says what is wrong with a state that was read
}

// Err returns the first error since the stream was made: an argument that makes
// no sense or, for a stream bound to a file, a state that could not be written.
func (s *stream[G]) Err() error { return s.err }

// Save writes the state to a file of its own, which [OpenTorch], [OpenNumPy] or
// [OpenCUDA] can take up later. The stream does not become bound to that file.
//
// The file appears whole or not at all, as a new one is renamed over the old.
// It is not flushed to the disk, so a power cut may undo the last draws.
func (s *stream[G]) Save(path string) error {
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
func (s *stream[G]) open(path string) error {
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

// seeded ends the Seed of a stream of kind k.
func (s *stream[G]) seeded(k kind) {
	s.kind = k
	s.sync()
}

// Hold suspends the updates of the file that the stream is bound to, for a loop that
// draws often. The release function writes the state once, returns the error of
// that, and resumes the updates. If the process ends before, the file keeps the
// state that it had at the call of Hold.
//
// After several calls of Hold the last release writes. A second call of the same
// release function has no effect. Hold has none for a stream without a file.
func (s *stream[G]) Hold() (release func() error) {
	s.held++
	return sync.OnceValue(func() error {
		s.held--
		return s.update()
	})
}

// sync updates the bound file and keeps an error for Err. Each method that draws
// ends with it.
func (s *stream[G]) sync() { s.fail(s.update()) }

// update writes the state to the bound file, if there is one and it is not held.
func (s *stream[G]) update() error {
	if s.path == "" || s.held > 0 {
		return nil
	}
	return s.Save(s.path)
}

// fail keeps the first error.
func (s *stream[G]) fail(err error) {
	if s.err == nil {
		s.err = err
	}
}
