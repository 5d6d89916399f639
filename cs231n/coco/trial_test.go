//go:build unix

package coco

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/lock"
)

// Variables are initialized before the init function that reads the files of a trial. So the test program can end in its
// place, as CS231N_TEST_TRIAL says.
var _ = endTrial()

func endTrial() bool {
	how, paths := os.Getenv("CS231N_TEST_TRIAL"), os.Getenv(trialFiles)
	if how == "" || paths == "" {
		return false
	}
	tryAll(paths, func(string) {
		switch number, _ := strconv.Atoi(how); {
		case number > 0:
			_ = syscall.Kill(os.Getpid(), syscall.Signal(number))
			time.Sleep(time.Minute)
		case how == "memory":
			fmt.Fprintln(os.Stderr, "fatal error: runtime: out of memory")
			os.Exit(2)
		case how == "status":
			os.Exit(3)
		default:
			time.Sleep(time.Minute)
		}
	})
	return true
}

// TestTrial ends the process that reads files first, and expects the true cause. It changes the environment, so it is not
// parallel.
func TestTrial(t *testing.T) {
	const path = "/data/some.h5"
	signal := func(s syscall.Signal) string { return strconv.Itoa(int(s)) }
	for _, c := range []struct {
		how     string
		says    string
		damaged bool
	}{
		{signal(syscall.SIGSEGV), "is damaged, the HDF5 library crashes when it reads it; get it again", true},
		{signal(syscall.SIGABRT), "is damaged, the HDF5 library crashes", true},
		{signal(syscall.SIGBUS), "is damaged, the HDF5 library crashes", true},
		{signal(syscall.SIGFPE), "is damaged, the HDF5 library crashes", true},
		{signal(syscall.SIGILL), "is damaged, the HDF5 library crashes", true},
		{signal(syscall.SIGKILL), "was killed (signal: killed), probably for want of memory; the file may be sound", false},
		{signal(syscall.SIGTERM), "was killed (signal: terminated)", false},
		{"memory", "was killed (exit status 2), probably for want of memory; the file may be sound", false},
		{"status", "failed (exit status 3); the file may be sound", false},
	} {
		t.Setenv("CS231N_TEST_TRIAL", c.how)
		err := trial(time.Minute, path, "/data/other.h5")
		require.ErrorContains(t, err, path, c.how)
		require.ErrorContains(t, err, c.says)
		require.NotContains(t, err.Error(), "\n")
		_, unclear := err.(unclear)
		require.Equal(t, c.damaged, !unclear)
	}
	t.Setenv("CS231N_TEST_TRIAL", "wait")
	err := trial(time.Second, path)
	require.ErrorContains(t, err, path+" took too long and was stopped; the disk or the network is slow, or the file is damaged")
}

// TestLocked reads files that another program has locked, as HDF5 itself does on other machines of a network.
func TestLocked(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS("testdata/tiny")))
	paths, err := filepath.Glob(filepath.Join(dir, "*.h5"))
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, path := range paths {
		file, err := os.OpenFile(path, os.O_RDWR, 0)
		require.NoError(t, err)
		defer file.Close()
		require.NoError(t, lock.File(file))
	}
	_, err = Load(dir, Options{})
	require.NoError(t, err)
}

// TestUnreadable opens a folder and a socket in place of a file: neither is called damaged.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	socket := filepath.Join(dir, "socket")
	listener, err := net.Listen("unix", socket)
	require.NoError(t, err)
	defer listener.Close()
	for _, path := range []string{dir, socket} {
		err := openHDF5(path, nil)
		require.ErrorContains(t, err, path+": ")
		require.ErrorContains(t, err, "; check that it is a file that you may read")
	}
}
