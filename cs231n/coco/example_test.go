package coco_test

import (
	"fmt"

	"github.com/cs231n-go/assignment3/cs231n/coco"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

func ExampleLoad() {
	data, err := coco.Load("../captioning/testdata/small", coco.Options{MaxTrain: 50, Stream: rng.NewNumPy(231)})
	if err != nil {
		panic(err)
	}
	fmt.Println(data.Train.Len(), "captions of", data.Train.Images(), "images")
	fmt.Println(data.Vocab.Decode(data.Train.Caption(1)))
	// Output:
	// 50 captions of 40 images
	// <START> a red sled <END>
}
