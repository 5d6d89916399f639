package coco

import (
	"os"
	"syscall"
	"unsafe"
)

// hugePages asks the kernel to use pages of 2 MB for new values. The page faults of new memory in pages of 4 kB take longer
// than reading the full-size files into it. NumPy does the same for large arrays.
func hugePages[T number](values []T) {
	const least = 4 << 20 // bytes; for less, there is nothing to gain
	size := len(values) * int(unsafe.Sizeof(*new(T)))
	if size < least {
		return
	}
	b := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(values))), size)
	b = b[-int(uintptr(unsafe.Pointer(&b[0])))&(os.Getpagesize()-1):] // from the start of a page
	_ = syscall.Madvise(b, syscall.MADV_HUGEPAGE)                     // only a hint: a kernel may have no such pages
}
