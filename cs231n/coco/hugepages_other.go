//go:build !linux

package coco

// hugePages does nothing on systems without such a hint.
func hugePages[T number]([]T) {}
