package sandbox

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// giveAway makes nobody the owner of a folder and its files. A file with another name elsewhere keeps its owner, since
// the program could otherwise change what that other name stands for.
func giveAway(dir string) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if status, ok := info.Sys().(*syscall.Stat_t); ok && status.Nlink > 1 && !entry.IsDir() {
			return nil
		}
		return os.Lchown(path, nobody, nobody)
	})
}

// tidy undoes what would keep the caller from reading or removing the files in a folder, and takes set-user-ID bits from
// programs there.
func tidy(dir string) {
	_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return nil // it stays as it is
		}
		info, err := entry.Info()
		switch {
		case err != nil:
		case entry.IsDir():
			_ = os.Chmod(path, info.Mode().Perm()|0o700)
		case entry.Type().IsRegular():
			_ = os.Chmod(path, info.Mode().Perm()|0o600)
		}
		return nil
	})
}

// watchScratch closes the channel that it returns when the scratch folder is too full.
func (w *watcher) watchScratch(ended <-chan struct{}) <-chan struct{} {
	full := make(chan struct{})
	go func() {
		for {
			select {
			case <-ended:
				return
			case <-time.After(scratchPeriod):
			}
			if scratchFull(w.Scratch, w.Limits.Scratch) {
				close(full)
				return
			}
		}
	}()
	return full
}

// scratchFull reports whether a folder's files are more than maxFiles or take more bytes of disk than limit.
func scratchFull(dir string, limit int64) bool {
	files, size := 0, int64(0)
	err := filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if files++; files > maxFiles {
			return fs.SkipAll
		}
		if err != nil {
			return nil // gone meanwhile
		}
		if info, err := entry.Info(); err == nil {
			if status, ok := info.Sys().(*syscall.Stat_t); ok {
				size += status.Blocks * 512
			}
		}
		return nil
	})
	return err != nil && !os.IsNotExist(err) || files > maxFiles || size > limit
}
