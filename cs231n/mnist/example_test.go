package mnist_test

import (
	"fmt"
	"log"

	"github.com/cs231n-go/assignment3/cs231n/mnist"
)

func ExampleLoad() {
	train, test, err := mnist.Load("")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(train.N, test.N, train.Labels[:10])

	// A minibatch of 128 images, as a network takes them.
	batch := make([]float32, 128*train.Rows*train.Cols)
	train.Floats(0, 128, batch)

	// The first digit, two rows and two columns to a character.
	for row := 4; row < 26; row += 2 {
		for col := 4; col < 26; col += 2 {
			fmt.Print(string(" .+#"[train.Images[row*train.Cols+col]/64]))
		}
		fmt.Println("|")
	}
	// Output:
	// 60000 10000 [5 0 4 1 9 2 1 3 1 4]
	//            |
	//    .+##### |
	//   #####    |
	//     #      |
	//     +.     |
	//      ##    |
	//       .#   |
	//       +#   |
	//     ###.   |
	//   ###.     |
	// +##+       |
}
