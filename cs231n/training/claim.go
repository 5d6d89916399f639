package training

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/google/renameio/v2"
)

// Claim makes the folder, sees that files can be written there, before hours of training show it, and keeps other
// programs from training there until release is called or this program ends, in whatever way it does. What a kill
// left of files that were being written is removed.
func (f Folder) Claim() (release func(), err error) {
	if f == "" {
		return func() {}, nil
	}
	if err := os.MkdirAll(string(f), 0o755); err != nil {
		return nil, f.notWritable(err)
	}
	if release, err = f.lock(); err != nil {
		return nil, err
	}
	err = each(string(f), unfinished(), os.Remove)
	if err == nil {
		err = f.probe()
	}
	if err != nil {
		release()
		return nil, f.notWritable(err)
	}
	return release, nil
}

// probe writes a file and removes it.
func (f Folder) probe() error {
	file, err := renameio.NewPendingFile(filepath.Join(string(f), historyFile), renameio.WithTempDir(string(f)))
	if err != nil {
		return err
	}
	return file.Cleanup()
}

// lock locks the folder itself: there is no file that could be left behind, and the lock goes with the process.
func (f Folder) lock() (release func(), err error) {
	dir, err := os.Open(string(f))
	if err != nil {
		return nil, f.notWritable(err)
	}
	release = func() {
		// Unlocked first: a process that is being started holds a copy of all open files for a moment.
		_ = syscall.Flock(int(dir.Fd()), syscall.LOCK_UN)
		_ = dir.Close() // it was opened to be locked, nothing can be lost
	}
	// Some network file systems know no locks on folders: training there is better than none at all.
	if err := syscall.Flock(int(dir.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); errors.Is(err, syscall.EWOULDBLOCK) {
		release()
		return nil, fmt.Errorf("training: another program is training in %s; wait for it or stop it, or choose another folder", f)
	}
	return release, nil
}

func (f Folder) notWritable(err error) error {
	return fmt.Errorf("training: the folder %s for checkpoints cannot be written: %w; choose another one", f, err)
}
