package diffusion

import "github.com/cs231n-go/assignment3/cs231n/rng"

// Draw draws training times of an objective.
func Draw(o Objective, stream *rng.Torch, n int) []float32 { return o.draw(stream, n) }
