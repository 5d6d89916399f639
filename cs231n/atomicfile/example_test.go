package atomicfile_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/cs231n-go/assignment3/cs231n/atomicfile"
)

func ExampleWriteBytes() {
	dir, err := os.MkdirTemp("", "atomicfile")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "history.json")
	if err := atomicfile.WriteBytes(path, []byte("[1, 2]")); err != nil {
		fmt.Println(err)
		return
	}
	data, err := os.ReadFile(path)
	fmt.Println(string(data), err)
	// Output: [1, 2] <nil>
}
