package scenes

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/cs231n-go/assignment3/cs231n/coco"
)

// Dir returns the folder of the captioning data. It is CS231N_DATA if that environment variable is set. Otherwise it is in the
// folder datasets of the checkout, which is CS231N_ROOT or else root: coco_captioning if that holds COCO, else scenes. Dir makes
// the scenes at the first use, says so in a line to log, and calls progress as [Options] do.
//
// If CS231N_QUICK is 1 the scenes are few, in the folder scenes-quick.
func Dir(ctx context.Context, root string, log io.Writer, progress func(done, total int)) (string, error) {
	if dir := os.Getenv("CS231N_DATA"); dir != "" {
		return dir, nil
	}
	datasets := filepath.Join(cmp.Or(os.Getenv("CS231N_ROOT"), root), "datasets")
	if dir := filepath.Join(datasets, "coco_captioning"); coco.Present(dir) {
		return dir, nil
	}
	dir, options := filepath.Join(datasets, "scenes"), Options{Progress: progress}
	if os.Getenv("CS231N_QUICK") == "1" {
		dir, options.Train, options.Val = dir+"-quick", 400, 100
	}
	if Ready(dir, options) {
		return dir, nil
	}
	fmt.Fprintf(log, "COCO is not in %s: making the scenes data set in %s, once.\n",
		filepath.Join("datasets", "coco_captioning"), filepath.Join("datasets", filepath.Base(dir)))
	return dir, Make(ctx, dir, options)
}
