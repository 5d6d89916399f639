package coco

import (
	"os"
	"syscall"
	"unsafe"
)

// hugePages asks the kernel to back values that were just made with pages of 2 MB. Touching new memory in pages
// of 4 kB takes longer than reading the full-size files into it. NumPy asks for its large arrays too.
func hugePages[T number](values []T) {
	const least = 4 << 20 // bytes; below, nothing is to be gained
	size := len(values) * int(unsafe.Sizeof(*new(T)))
	if size < least {
		return
	}
	b := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(values))), size)
	page := os.Getpagesize()
	if skip := -int(uintptr(unsafe.Pointer(&b[0]))) & (page - 1); skip > 0 {
		b = b[skip:]
	}
	_ = syscall.Madvise(b, syscall.MADV_HUGEPAGE) // only an advice: a kernel without such pages does as before
}
