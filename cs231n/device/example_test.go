package device_test

import (
	"fmt"

	"github.com/cs231n-go/assignment3/cs231n/device"
)

// The caller of Open closes the backend.
func Example() {
	backend, err := device.Open()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer backend.Finalize()
	fmt.Println(backend.NumDevices() > 0)
	// Output: true
}
