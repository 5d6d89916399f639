// Command images draws the pictures of the README from the training runs that `make run` or `make notebooks` left:
// gan_outputs.png and captions.png. `make images` runs it.
package main

import (
	"errors"
	"fmt"
	"os"
)

func main() {
	const runs = "out/notebooks/runs"
	if err := errors.Join(drawDigits(runs, "images/gan_outputs.png"), drawCaptions(runs, "images/captions.png")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
