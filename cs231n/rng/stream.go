package rng

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// stream is a generator and the file that it is bound to, if any. [Torch], [NumPy] and
// [CUDA] embed it.
type stream[G generator] struct {
	kind kind // 0 until the stream is seeded or restored
	gen  G
	path string // file the stream is bound to, or empty
	held int    // calls of Hold that are not released yet
	err  error  // first error
}

// generator is the state of a generator. encoding/binary stores it, so its fields are
// exported and of fixed size.
type generator interface {
	check() error // returns an error for an invalid state
}

// Err returns the first error since the stream was created: an invalid argument, or a
// failure to write the bound file.
func (s *stream[G]) Err() error { return s.err }

// Save writes the state to a file for [OpenTorch], [OpenNumPy] or [OpenCUDA]. It does
// not bind the stream to that file.
//
// Save replaces the file atomically, by renaming a temporary one. It does not flush the
// file to disk: after a power failure the file may hold an earlier state.
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

// open restores the state in a file, if there is one, and binds the stream to it. It
// writes the state back, so a read-only folder is an error before the first draw.
func (s *stream[G]) open(path string) error {
	// An absolute path stays valid if the program changes its working directory.
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

// seeded is the last step of Seed for a stream of kind k.
func (s *stream[G]) seeded(k kind) {
	s.kind = k
	s.sync()
}

// Hold suspends the updates of the bound file, for a loop that draws often. The
// release function writes the state, resumes the updates and returns the error of the
// write. If the process ends before, the file keeps the state from before Hold.
//
// Calls may be nested: only the outermost release writes. A release function has an
// effect once. For a stream without a file, Hold and release do nothing.
func (s *stream[G]) Hold() (release func() error) {
	s.held++
	return sync.OnceValue(func() error {
		s.held--
		return s.update()
	})
}

// sync updates the bound file and records an error for Err. Each method that draws ends
// with it.
func (s *stream[G]) sync() { s.fail(s.update()) }

// update writes the state to the bound file, if there is one and it is not held.
func (s *stream[G]) update() error {
	if s.path == "" || s.held > 0 {
		return nil
	}
	return s.Save(s.path)
}

// fail records the first error.
func (s *stream[G]) fail(err error) {
	if s.err == nil {
		s.err = err
	}
}
