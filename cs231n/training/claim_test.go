package training_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/training"
)

func TestClaimRefuses(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o644))
	_, err := training.Folder(file).Claim()
	require.ErrorContains(t, err, "cannot be written")
	_, err = training.Folder(filepath.Join(file, "below")).Claim()
	require.ErrorContains(t, err, "choose another one")
}

// TestClaimOnce claims a folder that is claimed, released and claimed again.
func TestClaimOnce(t *testing.T) {
	t.Parallel()
	f := training.Folder(t.TempDir())
	for range 2 {
		release, err := f.Claim()
		require.NoError(t, err)
		_, err = f.Claim()
		require.ErrorContains(t, err, "another program is training in "+string(f)+"; wait for it")
		release()
	}
	entries, err := os.ReadDir(string(f))
	require.NoError(t, err)
	require.Empty(t, entries, "a claim leaves nothing behind")
}

// TestClaimClosesFiles claims a folder many times. The number of open files must not grow.
func TestClaimClosesFiles(t *testing.T) {
	const many = 500
	f := training.Folder(t.TempDir())
	for range many {
		release, err := f.Claim()
		require.NoError(t, err)
		release()
	}
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("this system does not list open files: ", err)
	}
	require.Less(t, len(files), many/2)
}

// TestClaimTidiesUp checks that only the temporary files of a killed run are removed.
func TestClaimTidiesUp(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	keep := []string{".hidden", "history.json", "samples-000000.png"}
	for _, name := range append([]string{".checkpoint.safetensors123", ".history.json4", ".samples-000250.png5"}, keep...) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600))
	}
	release, err := training.Folder(dir).Claim()
	require.NoError(t, err)
	release()
	var left []string
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, entry := range entries {
		left = append(left, entry.Name())
	}
	require.ElementsMatch(t, keep, left)
}

// claimant is the environment variable that makes the test program claim a folder until it is killed.
const claimant = "CS231N_TEST_CLAIM"

func TestMain(m *testing.M) {
	if dir := os.Getenv(claimant); dir != "" {
		release, err := training.Folder(dir).Claim()
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("claimed")
		_, _ = io.Copy(io.Discard, os.Stdin) // until it is killed
		release()
	}
	os.Exit(m.Run())
}

// TestClaimEndsWithTheProcess kills a program that has claimed a folder. The folder can be claimed again at once.
func TestClaimEndsWithTheProcess(t *testing.T) {
	t.Parallel()
	f := training.Folder(t.TempDir())
	other := exec.CommandContext(t.Context(), os.Args[0])
	other.Env = append(os.Environ(), claimant+"="+string(f))
	_, err := other.StdinPipe()
	require.NoError(t, err)
	stdout, err := other.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, other.Start())
	var line string
	_, err = fmt.Fscanln(stdout, &line)
	require.NoError(t, err)
	require.Equal(t, "claimed", line)

	_, err = f.Claim()
	require.ErrorContains(t, err, "another program is training")
	require.NoError(t, other.Process.Kill())
	require.Error(t, other.Wait())
	release, err := f.Claim()
	require.NoError(t, err)
	release()
}
