//go:build !linux

package compiled

// Keep returns false: only Linux's plugins are supported.
func Keep(string, *Cache) bool { return false }
