package sandbox

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// process is a line of /proc/PID/stat.
type process struct {
	pid, parent, threads int
	cpu                  time.Duration // its own, and that of children that it has waited for
	resident             int64         // bytes of memory
}

// processes lists what /proc shows.
func processes() []process {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1) // an incomplete list is better than none
	var all []process
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		line, err := os.ReadFile(filepath.Join("/proc", name, "stat"))
		if p, ok := parseStat(line); err == nil && ok {
			p.pid = pid
			all = append(all, p)
		}
	}
	return all
}

// parseStat reads a line of /proc/PID/stat, see proc_pid_stat(5). The name in parentheses can contain anything.
func parseStat(line []byte) (process, bool) {
	_, after, found := bytes.Cut(line[max(0, bytes.LastIndexByte(line, ')')):], []byte(" "))
	fields := strings.Fields(string(after)) // the first is field 3
	if !found || len(fields) < 22 {
		return process{}, false
	}
	number := func(field int) int64 {
		n, _ := strconv.ParseInt(fields[field-3], 10, 64)
		return n
	}
	const tick = 10 * time.Millisecond // USER_HZ is 100 on all of Go's Linux machines
	return process{
		parent: int(number(4)), threads: int(number(20)),
		cpu:      time.Duration(number(14)+number(15)+number(16)+number(17)) * tick,
		resident: number(24) * int64(os.Getpagesize()),
	}, true
}

// descendants selects the children of a process, their children, and so on.
func descendants(all []process, of int) []process {
	children := make(map[int][]process)
	for _, p := range all {
		children[p.parent] = append(children[p.parent], p)
	}
	found := children[of]
	for i := 0; i < len(found); i++ {
		found = append(found, children[found[i].pid]...)
	}
	return found
}

// proportional sums the memory of processes so that a page that n of them share counts 1/n for each.
func proportional(all []process) int64 {
	var sum int64
	for _, p := range all {
		size, ok := pss(p.pid)
		if !ok {
			size = p.resident
		}
		sum += size
	}
	return sum
}

// pss reads the proportional set size of one process.
func pss(pid int) (int64, bool) {
	f, err := os.Open(filepath.Join("/proc", strconv.Itoa(pid), "smaps_rollup"))
	if err != nil {
		return 0, false
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "Pss:"); ok {
			n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return n << 10, err == nil
		}
	}
	return 0, false
}
