package rng_test

import (
	"fmt"
	"log"
	"math"
	"os"
	"path/filepath"

	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// The parameters of PyTorch's nn.Linear(4, 2): weight, then bias.
func ExampleTorch_Uniform() {
	s := rng.NewTorch(231)
	bound := 1 / math.Sqrt(4)
	weight, bias := make([]float32, 2*4), make([]float32, 2)
	s.Uniform(weight, -bound, bound)
	s.Uniform(bias, -bound, bound)
	fmt.Printf("%.4f\n%.4f\n", weight, bias)
	// Output:
	// [-0.4375 -0.4706 0.0575 0.3998 -0.2622 0.1893 0.2282 -0.4695]
	// [0.1834 -0.1341]
}

// The same seed gives different values on the CPU and on the GPU.
func ExampleCUDA_Uniform() {
	x := make([]float32, 4)
	rng.NewTorch(231).Uniform(x, 0, 1)
	fmt.Printf("%.4f\n", x)
	rng.NewCUDA(231).Uniform(x, 0, 1)
	fmt.Printf("%.4f\n", x)
	// Output:
	// [0.0625 0.0294 0.5575 0.8998]
	// [0.2087 0.9649 0.5933 0.8672]
}

// A dropout layer with a rate of 0.4 keeps each value with probability 0.6.
func ExampleTorch_Dropout() {
	s := rng.NewTorch(231)
	keep := make([]bool, 8)
	s.Dropout(keep, 0.6)
	fmt.Println(keep)
	// Output:
	// [true true true true false true false true]
}

func ExampleNumPy_Randn() {
	s := rng.NewNumPy(231)
	x := make([]float64, 3)
	s.Randn(x)
	fmt.Printf("%.8f\n", x)
	// Output:
	// [0.41794341 1.39710028 -1.78590431]
}

// A minibatch of 5 of 400135 captions.
func ExampleNumPy_Choice() {
	s := rng.NewNumPy(231)
	fmt.Println(s.Choice(400135, 5))
	// Output:
	// [319243 29382 159234 372052 311537]
}

// Two consecutive processes draw the values that a single one would.
func ExampleOpenNumPy() {
	dir, err := os.MkdirTemp("", "rng")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	for range 2 { // Each iteration opens the file as a new process would.
		s, err := rng.OpenNumPy(filepath.Join(dir, "numpy.rng"))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%.4f %.4f\n", s.Float64(), s.Float64())
		if err := s.Err(); err != nil {
			log.Fatal(err)
		}
	}

	s := rng.NewNumPy(rng.DefaultNumPySeed)
	fmt.Printf("%.4f %.4f %.4f %.4f\n", s.Float64(), s.Float64(), s.Float64(), s.Float64())
	// Output:
	// 0.7815 0.5842
	// 0.4267 0.3153
	// 0.7815 0.5842 0.4267 0.3153
}

// A checkpoint stores the state of the stream beside the weights.
func ExampleTorch_UnmarshalBinary() {
	s := rng.NewTorch(231)
	x := make([]float32, 3)
	s.Normal(x, 0, 1)
	state, err := s.MarshalBinary()
	if err != nil {
		log.Fatal(err)
	}

	s.Normal(x, 0, 1)
	fmt.Printf("%.4f\n", x)
	if err := s.UnmarshalBinary(state); err != nil {
		log.Fatal(err)
	}
	s.Normal(x, 0, 1)
	fmt.Printf("%.4f\n", x)
	// Output:
	// [-1.0778 -0.6964 0.1455]
	// [-1.0778 -0.6964 0.1455]
}
