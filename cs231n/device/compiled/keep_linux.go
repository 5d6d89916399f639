package compiled

/*
#include <stdlib.h>

#include "pjrt.h"
*/
import "C"

import (
	"sync/atomic"
	"unsafe"
)

// current is the cache of the watched plugin. It is a variable, since the plugin's table is shared by the process, and its
// functions get no other data than the table's caller passes.
var current atomic.Pointer[Cache]

// Keep keeps the programs that the open plugin in a file compiles from now on in the cache. Without a cache it stops doing
// that. It reports whether it could.
func Keep(plugin string, cache *Cache) bool {
	if cache != nil {
		path := C.CString(plugin)
		defer C.free(unsafe.Pointer(path))
		if C.pjrt_watch(path) == 0 {
			return false
		}
	}
	current.Store(cache)
	return true
}

//export compileProgram
func compileProgram(arguments unsafe.Pointer) *C.pjrt_error {
	a := (*C.pjrt_compile_arguments)(arguments)
	c := current.Load()
	if c == nil {
		return C.pjrt_compile(a)
	}
	program := a.program
	path := c.path(view(program.format, program.format_size), view(program.code, program.code_size), view(a.options, a.options_size))
	if data, err := read(path); err == nil {
		if loaded := C.pjrt_load(a.client, unsafe.Pointer(unsafe.SliceData(data)), C.size_t(len(data))); loaded != nil {
			a.executable = loaded
			return nil
		}
	}
	if err := C.pjrt_compile(a); err != nil {
		return err
	}
	var serialized C.pjrt_bytes
	if C.pjrt_serialize(a.executable, &serialized) != 0 {
		_ = c.write(path, view(serialized.data, serialized.size)) // a program that cannot be written is compiled again next time
		C.pjrt_release(&serialized)
	}
	return nil
}

// view returns C's bytes without copying them.
func view(data *C.char, size C.size_t) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(data)), int(size))
}
