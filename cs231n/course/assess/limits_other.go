//go:build !linux

package assess

// limit does nothing: only Linux can limit a process that has started. Teachers grade on Linux.
func limit(int, uint64, uint64, uint64) error { return nil }
