// Package display shows pictures, curves and progress in a GoNB notebook, and writes them to files elsewhere.
//
// Everything that draws returns an [image.Image]: [Grid] for many small images, [Curve] for losses,
// [Trajectory] for a walk in the plane. [Show] puts one into the output of the running cell, [SavePNG] into
// a file. [Progress] is the line that moves while something trains.
//
// # Order of text and pictures
//
// A GoNB cell is a process of its own with two ways to the notebook: what it prints goes through its standard
// output, pictures go through a second pipe, and the kernel reads both at the same time. Left alone, a picture can
// overtake the text printed before it, and what is still in a pipe when the process ends is lost. Show therefore
// first waits until the kernel has taken everything out of standard output, and after sending waits until the
// kernel confirms that it has passed the picture on. Text printed before and after a picture then stays there;
// nothing is asked of the cell.
package display
