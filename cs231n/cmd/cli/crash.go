package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"
)

// RecordCrashes lets Go's runtime write the trace of a crash that a program cannot catch, such as a panic in another
// goroutine, to crash.txt in the user's cache folder as well as to standard error, if there is such a folder.
func RecordCrashes() {
	dir := crashFolder()
	if dir == "" {
		return
	}
	// One file serves all runs: it must be open before a crash, and each killed run would leave an empty file.
	if file, err := os.OpenFile(filepath.Join(dir, "crash.txt"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600); err == nil {
		_ = debug.SetCrashOutput(file, debug.CrashOptions{}) // copies the descriptor
		_ = file.Close()
	}
}

// crashFolder makes the folder for traces and returns its path, or "" without a cache folder.
func crashFolder() string {
	cache, err := os.UserCacheDir()
	dir := filepath.Join(cache, "cs231n")
	if err != nil || os.MkdirAll(dir, 0o700) != nil {
		return ""
	}
	return dir
}

// recovered turns a panic in do, a bug of the program, into an error that names a new file with the trace. Without a cache
// folder the file is in the folder for temporary files.
func recovered(args []string, do func() error) (err error) {
	defer func() {
		bug := recover()
		if bug == nil {
			return
		}
		file, saveErr := os.CreateTemp(crashFolder(), "crash-*.txt")
		if saveErr == nil {
			_, saveErr = fmt.Fprintf(file, "%s\n%s\n%s\npanic: %v\n\n%s", time.Now().Format(time.RFC3339), version(debug.ReadBuildInfo()), strings.Join(args, " "), bug, debug.Stack())
			saveErr = errors.Join(saveErr, file.Close())
		}
		if err = fmt.Errorf("internal error: %v; please report it; the trace cannot be saved: %w", bug, saveErr); saveErr == nil {
			err = fmt.Errorf("internal error: %v; the trace is in %s; please report it", bug, file.Name())
		}
	}()
	return do()
}

// version describes a program: the version of its module, which names the commit unless that has a tag, and Go's version.
func version(info *debug.BuildInfo, _ bool) string {
	v := info.Main.Version
	if v == "" || v == "(devel)" {
		v = "built without version control information, which make build adds in a git checkout"
	}
	return v + ", " + info.GoVersion
}
