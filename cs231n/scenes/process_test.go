package scenes_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/cs231n-go/assignment3/cs231n/coco"
	"github.com/cs231n-go/assignment3/cs231n/scenes"
)

// makeIn is the environment variable that makes the test program make a data set in a folder.
const makeIn = "CS231N_TEST_MAKE"

func TestMain(m *testing.M) {
	if dir := os.Getenv(makeIn); dir != "" {
		if err := scenes.Make(context.Background(), dir, small()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// TestTwoProcesses makes one data set with two programs at once, like two notebooks that start together.
func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	dir := filepath.Join(parent, "scenes")
	var both errgroup.Group
	for range 2 {
		both.Go(func() error {
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), makeIn+"="+dir)
			if out, err := cmd.CombinedOutput(); err != nil {
				return fmt.Errorf("%w: %s", err, out)
			}
			return nil
		})
	}
	require.NoError(t, both.Wait())
	require.True(t, scenes.Ready(dir, small()))
	data, err := coco.Load(dir, coco.Options{})
	require.NoError(t, err)
	require.Equal(t, small().Train, data.Train.Images())
	left, err := os.ReadDir(parent)
	require.NoError(t, err)
	require.Len(t, left, 1)
}
