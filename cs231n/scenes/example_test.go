package scenes_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/cs231n-go/assignment3/cs231n/coco"
	"github.com/cs231n-go/assignment3/cs231n/scenes"
)

func Example() {
	parent, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(parent)
	dir := filepath.Join(parent, "scenes")

	if err := scenes.Make(context.Background(), dir, scenes.Options{Train: 40, Val: 10}); err != nil {
		log.Fatal(err)
	}
	data, err := coco.Load(dir, coco.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(data.Train.Images(), "pictures with", data.Train.Len(), "captions, the first of", data.Train.URLs[0])
	fmt.Println(data.Val.Images(), "pictures for validation, each with", data.Val.Dim, "features")
	// Output:
	// 40 pictures with 200 captions, the first of images/train/00000.png
	// 10 pictures for validation, each with 512 features
}
