package assess

import "golang.org/x/sys/unix"

// limit bounds a process and all those that it starts, each of them: its CPU time, its memory and its files.
func limit(pid int, cpuSeconds, memory, file uint64) error {
	for resource, most := range map[int]uint64{
		unix.RLIMIT_CPU: cpuSeconds, unix.RLIMIT_DATA: memory, unix.RLIMIT_FSIZE: file, unix.RLIMIT_CORE: 0,
	} {
		if err := unix.Prlimit(pid, resource, &unix.Rlimit{Cur: most, Max: most}, nil); err != nil {
			return err
		}
	}
	return nil
}
