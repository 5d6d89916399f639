//go:build !linux

package coco

// hugePages does nothing where a program has no say in the size of its pages.
func hugePages[T number]([]T) {}
