package captions_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/coco"
	"github.com/cs231n-go/assignment3/cs231n/notebook/captions"
)

const small = "../../captioning/testdata/small"

// TestDir looks for the data in the order that its documentation gives.
func TestDir(t *testing.T) {
	root := t.TempDir()
	t.Setenv("CS231N_ROOT", root)
	t.Setenv("CS231N_QUICK", "1")
	t.Setenv("CS231N_DATA", small)
	require.Equal(t, small, captions.Dir(), "what the environment names")
	require.Equal(t, 200, captions.Load(coco.Options{}).Train.Len())

	t.Setenv("CS231N_DATA", "")
	scenes := filepath.Join(root, "datasets", "scenes-quick")
	require.Equal(t, scenes, captions.Dir(), "scenes, made now")
	made, err := os.Stat(filepath.Join(scenes, "coco2014_captions.h5"))
	require.NoError(t, err)
	require.Equal(t, scenes, captions.Dir(), "scenes, made before")
	again, err := os.Stat(filepath.Join(scenes, "coco2014_captions.h5"))
	require.NoError(t, err)
	require.Equal(t, made.ModTime(), again.ModTime())
	data := captions.Load(coco.Options{})
	require.Equal(t, 400, data.Train.Images())
	require.NotNil(t, captions.Image(data.Train.URLs[7]))
	require.Nil(t, captions.Image("images/train/none.png"), "a picture that is gone is no reason to stop")

	coco := filepath.Join(root, "datasets", "coco_captioning")
	require.NoError(t, os.CopyFS(coco, os.DirFS(small)))
	require.Equal(t, coco, captions.Dir(), "COCO, where it is there")
}
