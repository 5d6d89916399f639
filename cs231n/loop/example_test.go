package loop_test

import (
	"fmt"
	"io"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/cs231n-go/assignment3/cs231n/device"
	"github.com/cs231n-go/assignment3/cs231n/loop"
)

// A loop computes the Fibonacci numbers in one compiled program.
func ExampleFor() {
	backend, err := device.Open(device.Warn(io.Discard), device.InstalledOnly())
	if err != nil {
		panic(err)
	}
	defer backend.Finalize()
	f, err := CallOnce(backend, func(a, b *Node) *Node {
		return loop.For(8, nil, []*Node{a, b, loop.Buffer(a, 0, 8)}, func(t *Node, _, state []*Node) []*Node {
			a, b, all := state[0], state[1], state[2]
			return []*Node{b, Add(a, b), loop.Put(all, 0, t, b)}
		})[2]
	}, int32(0), int32(1))
	if err != nil {
		panic(err)
	}
	fmt.Println(f.Value())
	// Output: [1 1 2 3 5 8 13 21]
}
