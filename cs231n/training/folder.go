// Package training is what every training run has in common, whatever the model: a folder that keeps it, and
// a loop that can be stopped at any moment and taken up again without a trace in the numbers.
package training

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/gomlx/gomlx/ml/model"
	"github.com/google/renameio/v2"

	"github.com/cs231n-go/assignment3/cs231n/checkpoint"
)

const (
	checkpointFile = "checkpoint.safetensors"
	historyFile    = "history.json"
	previousDir    = "previous"
)

// Folder is the path of the folder where one run is kept: its checkpoint, its history (history.json), and
// the pictures that it draws, samples-*.png. Below the empty path nothing is kept.
type Folder string

// Checkpoint is the path of the run's checkpoint.
func (f Folder) Checkpoint() string { return filepath.Join(string(f), checkpointFile) }

// Save keeps a run: the checkpoint first, then the history that can be made from it. Each file is replaced as
// a whole or not at all.
func (f Folder) Save(store *model.Store, state, history any) error {
	if f == "" {
		return nil
	}
	if err := checkpoint.Save(f.Checkpoint(), store, state); err != nil {
		return err
	}
	return f.SaveHistory(history)
}

// SaveHistory writes history.json alone: a run that was killed between the two files of a save has an older
// one.
func (f Folder) SaveHistory(history any) error {
	data, err := json.Marshal(history)
	if err != nil {
		return err
	}
	path := filepath.Join(string(f), historyFile)
	if err := renameio.WriteFile(path, append(data, '\n'), 0o644, renameio.WithTempDir(string(f))); err != nil {
		return fmt.Errorf("training: %s is not written: %w; the checkpoint beside it is, resume to try again", path, err)
	}
	return nil
}

// Load reads the run's checkpoint: the variables, and its state into the value that state points to. A folder
// that keeps no run is an error that matches [fs.ErrNotExist].
func (f Folder) Load(state any) (*model.Store, error) {
	store, err := checkpoint.Load(f.Checkpoint(), state)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("training: no run is kept in %s: train first, or name the folder that training wrote to (%w)", f, err)
	}
	return store, err
}

// Progress is how far a run is. Every run's state embeds it.
type Progress struct {
	Iteration int `json:"iteration"` // iterations done
	Total     int `json:"total"`     // iterations planned
}

// Interrupted reports whether the folder holds a run that stopped before its end.
func (f Folder) Interrupted() bool {
	var p Progress
	_, err := checkpoint.Load(f.Checkpoint(), &p)
	return err == nil && p.Iteration < p.Total
}

// SetAside moves a run that is there already to the folder previous below, where it replaces an older one, and
// tells where to; the answer is empty where there was none. It touches a run's own files only.
func (f Folder) SetAside() (previous string, err error) {
	if f == "" {
		return "", nil
	}
	if _, err := os.Stat(f.Checkpoint()); errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	previous = filepath.Join(string(f), previousDir)
	err = os.MkdirAll(previous, 0o755)
	if err == nil {
		err = each(previous, slices.Concat(runFiles(), unfinished()), os.Remove)
	}
	if err == nil {
		err = each(string(f), runFiles(), func(path string) error { return os.Rename(path, filepath.Join(previous, filepath.Base(path))) })
	}
	if err != nil {
		return "", fmt.Errorf("training: the run in %s cannot be set aside: %w", f, err)
	}
	return previous, nil
}

// runFiles are the names of what a run writes to its folder, the checkpoint first and then its pictures.
func runFiles() []string { return []string{checkpointFile, historyFile, "samples-[0-9]*.png"} }

// unfinished are the names of what a kill leaves of a file that was being written.
func unfinished() []string {
	return []string{"." + checkpointFile + "[0-9]*", "." + historyFile + "[0-9]*", ".samples-[0-9]*.png[0-9]*"}
}

// each visits the files in a folder whose names match one of the patterns, in the order of these.
func each(dir string, patterns []string, visit func(path string) error) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, pattern := range patterns {
		for _, entry := range entries {
			if ok, _ := path.Match(pattern, entry.Name()); ok && entry.Type().IsRegular() {
				err = errors.Join(err, visit(filepath.Join(dir, entry.Name())))
			}
		}
	}
	return err
}
