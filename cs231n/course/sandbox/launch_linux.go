package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// headroom is how many threads more than the limit the kernel allows. The guard, which looks every few milliseconds, then
// sees a program that exceeds the limit, and can name the cause.
const headroom = 1000

// launch gives up rights and becomes the program. On failure it writes a report.
func launch(in, failures *os.File) int {
	// The caller of Run may have inherited open files that nobody has marked. The program must not get them.
	err := unix.CloseRange(3, math.MaxInt32, unix.CLOSE_RANGE_CLOEXEC)
	var j job
	if err == nil {
		err = json.NewDecoder(in).Decode(&j)
	}
	if err == nil {
		err = j.restrict()
	}
	var r report
	switch {
	case err != nil:
		r.Setup = err.Error()
	case j.Path == "":
		r.Start = tried
	default:
		r.Start = j.become()
	}
	_ = json.NewEncoder(failures).Encode(r)
	return 1
}

// tried is the answer to a job without a program.
const tried = "the isolation works"

// restrict sets the limits and filters of this thread, which becomes the program.
func (j job) restrict() error {
	// The kernel then kills the program first if the machine has no memory left. Neither matters if it fails.
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte("1000"), 0)
	_ = unix.Setpriority(unix.PRIO_PROCESS, 0, 5)
	seconds := uint64(j.Limits.CPU.Seconds()) + 1
	for resource, limit := range map[int]uint64{
		unix.RLIMIT_CORE:     0,
		unix.RLIMIT_CPU:      seconds,
		unix.RLIMIT_FSIZE:    uint64(j.Limits.FileSize),
		unix.RLIMIT_NOFILE:   uint64(j.Limits.OpenFiles),
		unix.RLIMIT_NPROC:    uint64(j.Threads + j.Limits.Processes + headroom),
		unix.RLIMIT_MSGQUEUE: 0,
	} {
		if err := unix.Prlimit(0, resource, &unix.Rlimit{Cur: limit, Max: limit}, nil); err != nil {
			return fmt.Errorf("set limit %d: %w", resource, err)
		}
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("no_new_privs: %w", err)
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	if err := unix.Capset(&header, &make([]unix.CapUserData, 2)[0]); err != nil {
		return fmt.Errorf("drop all capabilities: %w", err)
	}
	if j.Isolation.Files && !j.Isolation.Namespaces {
		if err := j.landlock(); err != nil {
			return err
		}
	}
	if j.Isolation.Network {
		return j.filter()
	}
	return nil
}

// become runs the program in place of this process. It returns only if that fails, and says why.
func (j job) become() string {
	err := os.Chdir(j.Scratch)
	if err == nil {
		err = syscall.Exec(j.Path, append([]string{j.Path}, j.Args...), j.environment())
	}
	if errors.Is(err, fs.ErrPermission) && os.Geteuid() == nobody {
		return err.Error() + ": since root must not run it, the user nobody does, and must be able to read and execute it"
	}
	return err.Error()
}
