// Package display draws images, charts and progress lines. It shows them in a GoNB notebook or writes them to files.
//
// Functions that draw return an [image.Image]: [Grid] for many small images, [Curve] for losses, [Trajectory] for a path in
// the plane. [Show] displays an image in the output of the running cell. [SavePNG] writes it to a file. [Progress] is the
// progress line of a loop.
//
// # Order of text and images
//
// A GoNB cell runs as a separate process. Text goes to the kernel through standard output and images through a second pipe.
// The kernel reads both pipes concurrently, so an image could overtake the text printed before it, and data in a pipe is
// lost when the process ends. Show therefore waits until the kernel has read all of standard output, sends the image, and
// waits until the kernel confirms it.
package display
