package digits_test

import (
	"fmt"

	"github.com/cs231n-go/assignment3/cs231n/digits"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

func ExampleClassifier() {
	net := digits.Classifier(rng.NewTorch(231))
	for _, p := range net.Params() {
		fmt.Println(p.Name, p.Shape().Dimensions)
	}
	fmt.Println(nn.CountParams(net), "numbers")
	// Output:
	// 1/weight [16 1 5 5]
	// 1/bias [16]
	// 4/weight [32 16 5 5]
	// 4/bias [32]
	// 8/weight [128 512]
	// 8/bias [128]
	// 10/weight [10 128]
	// 10/bias [10]
	// 80202 numbers
}
