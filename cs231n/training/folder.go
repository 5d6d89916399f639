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

	"github.com/cs231n-go/assignment3/cs231n/atomicfile"
	"github.com/cs231n-go/assignment3/cs231n/checkpoint"
	"github.com/cs231n-go/assignment3/cs231n/lock"
)

const (
	checkpointFile = "checkpoint.safetensors"
	historyFile    = "history.json"
	previousDir    = "previous"
)

// Folder is the path of a folder that holds one run: its checkpoint, its history (history.json), its sample images
// (samples-*.png) and the parameters that it kept on its way (params-*.safetensors). With an empty path nothing is saved.
type Folder string

// Checkpoint returns the path of the run's checkpoint.
func (f Folder) Checkpoint() string { return filepath.Join(string(f), checkpointFile) }

// saveHistory writes history.json.
func (f Folder) saveHistory(history any) error {
	data, err := json.Marshal(history)
	if err != nil {
		return err
	}
	path := filepath.Join(string(f), historyFile)
	if err := atomicfile.WriteBytes(path, append(data, '\n')); err != nil {
		return fmt.Errorf("training: cannot write %s: %w; the checkpoint was saved, so resume to try again", path, err)
	}
	return nil
}

// Interrupted reports whether the folder holds a run that stopped before its end. It reads only the state, not the
// parameters. An unreadable checkpoint is an error; a missing one is not.
func (f Folder) Interrupted() (bool, error) {
	var p Progress
	err := checkpoint.ReadState(f.Checkpoint(), &p)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && p.Iteration < p.Total, err
}

// SetAside moves the run to the subfolder previous, replacing an older one. It returns the path of that folder, or the
// empty string if there was no run. It is an error if a damaged run would replace an older one. Other files are left alone.
func (f Folder) SetAside() (previous string, err error) {
	if f == "" {
		return "", nil
	}
	if _, err := os.Stat(f.Checkpoint()); errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	previous = filepath.Join(string(f), previousDir)
	if _, err := os.Stat(Folder(previous).Checkpoint()); err == nil {
		if _, err := checkpoint.Open(f.Checkpoint()); err != nil {
			return "", fmt.Errorf("training: the run in %s would replace the one in %s: %w", f, previous, err)
		}
	}
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

// runFiles lists the patterns of a run's files.
func runFiles() []string {
	return []string{checkpointFile, historyFile, "samples-[0-9]*.png", "params-[0-9]*.safetensors"}
}

// unfinished lists the patterns of the temporary files that a killed run leaves.
func unfinished() []string {
	return []string{"." + checkpointFile + "[0-9]*", "." + historyFile + "[0-9]*", ".samples-[0-9]*.png[0-9]*", ".params-[0-9]*.safetensors[0-9]*"}
}

// each visits the files in a folder whose names match one of the patterns, in the order of the patterns.
func each(dir string, patterns []string, visit func(path string) error) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, pattern := range patterns {
		for _, entry := range entries {
			if ok, _ := path.Match(pattern, entry.Name()); ok && !entry.IsDir() {
				err = errors.Join(err, visit(filepath.Join(dir, entry.Name())))
			}
		}
	}
	return err
}

// Claim creates the folder, checks that it is writable before hours of training, and removes the temporary files of killed
// runs. Until release is called or this program ends, no other program can train there.
func (f Folder) Claim() (release func(), err error) {
	if f == "" {
		return func() {}, nil
	}
	if err := os.MkdirAll(string(f), 0o755); err != nil {
		return nil, f.notWritable(err)
	}
	dir, err := os.Open(string(f))
	if err != nil {
		return nil, f.notWritable(err)
	}
	release = func() {
		lock.Unlock(dir)
		_ = dir.Close() // nothing was written to it
	}
	if err := lock.File(dir); errors.Is(err, lock.ErrHeld) {
		release()
		return nil, fmt.Errorf("training: another program is training in %s; wait for it or stop it, or choose another folder", f)
	} else if err != nil {
		release()
		return nil, fmt.Errorf("training: %s: %w", f, err)
	}
	probe, err := os.CreateTemp(string(f), "."+historyFile+"*")
	if err == nil {
		err = errors.Join(probe.Close(), each(string(f), unfinished(), os.Remove)) // the probe too
	}
	if err != nil {
		release()
		return nil, f.notWritable(err)
	}
	return release, nil
}

func (f Folder) notWritable(err error) error {
	return fmt.Errorf("training: the folder %s for checkpoints cannot be written: %w; choose another one", f, err)
}
