package sandbox

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// TestMain is also the guard, and the hostile programs.
func TestMain(m *testing.M) {
	Init()
	if len(os.Args) > 1 {
		if program, ok := hostile()[os.Args[1]]; ok {
			os.Exit(program(os.Args[2:]))
		}
	}
	os.Exit(m.Run())
}

// fixture is a machine-wide isolation under test.
type fixture struct {
	isolation Isolation
	program   string
}

// eachIsolation runs a test with namespaces and with filters alone. It skips, with the reason, what the machine lacks.
func eachIsolation(t *testing.T, test func(t *testing.T, f fixture)) {
	t.Helper()
	program := executable(t)
	t.Run("namespaces", func(t *testing.T) {
		i, err := Check(t.Context())
		if !i.Namespaces {
			t.Skipf("this machine allows no namespaces: %v %v", i, err)
		}
		test(t, fixture{i, program})
	})
	t.Run("filters", func(t *testing.T) {
		i := withoutNamespaces("for the test")
		if !i.Safe() {
			t.Skipf("this machine lacks filters: %v", i)
		}
		test(t, fixture{i, program})
	})
}

// openDir makes a folder that every user can enter.
func openDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "sandbox-test-*")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	require.NoError(t, os.Chmod(dir, 0o755))
	return dir
}

// executable returns a copy of the test program that every user can run.
func executable(t *testing.T) string {
	t.Helper()
	own, err := os.ReadFile("/proc/self/exe")
	require.NoError(t, err)
	path := filepath.Join(openDir(t), "program")
	require.NoError(t, os.WriteFile(path, own, 0o755))
	return path
}

// run runs a hostile program with small limits.
func (f fixture) run(t *testing.T, change func(*Command), args ...string) (Result, string) {
	t.Helper()
	c := Command{Path: f.program, Args: args, Scratch: openDir(t), Limits: Limits{
		Wall: 20 * time.Second, CPU: 20 * time.Second, Memory: 512 << 20, Processes: 200, FileSize: 1 << 20, Scratch: 8 << 20,
		OpenFiles: 64, Output: 4096,
	}}
	if change != nil {
		change(&c)
	}
	start := time.Now()
	r, err := job{Command: c, Isolation: f.isolation}.start(t.Context())
	require.NoError(t, err)
	t.Logf("%.2fs %v; peak %d MiB, CPU %v; output %.300q", time.Since(start).Seconds(), r, r.PeakMemory>>20, r.CPU, r.Output)
	require.Less(t, time.Since(start), c.Limits.Wall+grace)
	require.Empty(t, survivors(f.program), "no process survives")
	return r, c.Scratch
}

// survivors lists the processes that still run a program.
func survivors(program string) (pids []int) {
	for _, p := range processes() {
		if path, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", p.pid)); err == nil && path == program {
			pids = append(pids, p.pid)
		}
	}
	return pids
}

func TestEndings(t *testing.T) {
	second := func(c *Command) { c.Limits.Wall = time.Second }
	for name, test := range map[string]struct {
		change   func(*Command)
		want     End
		sentence string
	}{
		"exit0":          {nil, Exited, "exited with status 0"},
		"exit7":          {nil, Exited, "exited with status 7"},
		"abort":          {nil, Signaled, "signal 6"},
		"kill-self":      {nil, Signaled, "signal 9 (killed)"},
		"loop":           {second, WallTime, "did not end within 1s"},
		"stop-self":      {second, WallTime, "did not end within 1s"},
		"ignore-term":    {second, WallTime, "did not end within 1s"},
		"cpu":            {func(c *Command) { c.Limits.CPU = time.Second }, CPUTime, "more than 1s of CPU time"},
		"cpu-children":   {func(c *Command) { c.Limits.CPU = time.Second }, CPUTime, "more than 1s of CPU time"},
		"memory-fast":    {nil, OutOfMemory, "needed more than 512 MiB of memory"},
		"memory-slow":    {nil, OutOfMemory, "needed more than 512 MiB of memory"},
		"memory-forks":   {nil, OutOfMemory, "needed more than 512 MiB of memory"},
		"memory-request": {nil, OutOfMemory, "needed more than 512 MiB of memory"},
		"fork-bomb":      {nil, TooManyProcesses, "needed more than 200 threads and processes"},
		"threads":        {nil, TooManyProcesses, "needed more than 200 threads and processes"},
		"goroutines":     {nil, Exited, "exited with status 0"},
		"some-threads":   {nil, Exited, "exited with status 0"},
		"big-file":       {nil, FileTooLarge, "a file of more than 1 MiB"},
		"sparse-file":    {nil, FileTooLarge, "a file of more than 1 MiB"},
		"many-files":     {nil, ScratchFull, "its files are too many or take more than 8 MiB"},
		"kill-parent":    {nil, Exited, "exited with status 0"},
		"kill-all":       {nil, Exited, "exited with status 0"},
		"daemon":         {nil, Exited, "exited with status 0"},
		"close-stdout":   {nil, Exited, "exited with status 0"},
		"open-files":     {nil, Exited, "exited with status 0"},
	} {
		t.Run(name, func(t *testing.T) {
			eachIsolation(t, func(t *testing.T, f fixture) {
				r, _ := f.run(t, test.change, name)
				require.Equal(t, test.want, r.End)
				require.Contains(t, r.String(), test.sentence)
			})
		})
	}
}

func TestOutput(t *testing.T) {
	eachIsolation(t, func(t *testing.T, f fixture) {
		r, _ := f.run(t, func(c *Command) { c.Limits.Wall = time.Second }, "output")
		require.Equal(t, WallTime, r.End)
		require.True(t, r.OutputCut)
		require.Contains(t, r.String(), "it printed more than 4096 bytes, so its output is cut")
		require.Less(t, len(r.Output), 4096+100)
		require.Contains(t, string(r.Output), "bytes of output are left out ...]\n")
		require.True(t, strings.HasPrefix(string(r.Output), "noise noise"))
	})
}

// TestNetwork connects to a listener of this machine: over TCP, a socket file, an abstract socket; and sends UDP.
func TestNetwork(t *testing.T) {
	eachIsolation(t, func(t *testing.T, f fixture) {
		dir := openDir(t)
		for network, address := range map[string]string{
			"tcp": "127.0.0.1:0", "unix": filepath.Join(dir, "socket"), "unix+": "@sandbox-test-" + t.Name(),
		} {
			l, err := net.Listen(strings.TrimSuffix(network, "+"), address)
			require.NoError(t, err)
			defer l.Close()
			own, err := net.Dial(l.Addr().Network(), l.Addr().String())
			require.NoError(t, err, "the listener works")
			require.NoError(t, own.Close())
			r, _ := f.run(t, func(c *Command) { c.Read = []string{dir} }, "connect", l.Addr().Network(), l.Addr().String())
			require.True(t, r.OK(), "%s", r.Output)
			require.Contains(t, string(r.Output), "cannot connect")
		}
	})
}

func TestFiles(t *testing.T) {
	eachIsolation(t, func(t *testing.T, f fixture) {
		home, allowed := openDir(t), openDir(t)
		for _, dir := range []string{home, allowed} {
			require.NoError(t, os.Chmod(dir, 0o777))
			require.NoError(t, os.WriteFile(filepath.Join(dir, "file"), []byte("secret"), 0o666))
		}
		r, scratch := f.run(t, func(c *Command) { c.Read = []string{allowed} }, "files", home, allowed, strconv.Itoa(os.Getpid()))
		require.True(t, r.OK(), "%s", r.Output)
		require.Contains(t, string(r.Output), "all refused")
		b, err := ReadFile(scratch, "result", 100)
		require.NoError(t, err)
		require.Equal(t, "written", string(b))
		for _, dir := range []string{home, allowed} {
			b, err := os.ReadFile(filepath.Join(dir, "file"))
			require.NoError(t, err)
			require.Equal(t, "secret", string(b))
		}
	})
}

// TestSurroundings checks the environment, standard input and the absence of privileges.
func TestSurroundings(t *testing.T) {
	t.Setenv("SANDBOX_SECRET", "1")
	open, err := unix.Dup(0) // a file that a careless caller of ours has left open
	require.NoError(t, err)
	defer unix.Close(open)
	eachIsolation(t, func(t *testing.T, f fixture) {
		r, scratch := f.run(t, func(c *Command) { c.Env = []string{"EXTRA=x y"} }, "surroundings")
		require.True(t, r.OK(), "%s", r.Output)
		require.Equal(t, fmt.Sprintf("[PATH=/usr/local/bin:/usr/bin:/bin HOME=%[1]s TMPDIR=%[1]s LANG=C.UTF-8 EXTRA=x y]\n"+
			"dir %[1]s\nstdin 0 EOF\nroot false\ncapabilities 0\nno_new_privs 1\nopen files 64\ncore 0\noom 1000\nfds [0 1 2]\n", scratch),
			string(r.Output))
	})
}

func TestCancel(t *testing.T) {
	eachIsolation(t, func(t *testing.T, f fixture) {
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		c := Command{Path: f.program, Args: []string{"daemon-loop"}, Scratch: openDir(t), Limits: DefaultLimits()}
		r, err := job{Command: c, Isolation: f.isolation}.start(ctx)
		require.NoError(t, err)
		require.Equal(t, Canceled, r.End)
		require.Empty(t, survivors(f.program))
	})
}

// TestParentDies kills the process that called Run.
func TestParentDies(t *testing.T) {
	eachIsolation(t, func(t *testing.T, f fixture) {
		mode := "filters"
		if f.isolation.Namespaces {
			mode = "namespaces"
		}
		p, err := os.StartProcess(f.program, []string{"parent", "run-loop", mode, f.program, openDir(t)},
			&os.ProcAttr{Files: []*os.File{nil, os.Stderr, os.Stderr}})
		require.NoError(t, err)
		require.Eventually(t, func() bool { return len(survivors(f.program)) >= 3 }, 10*time.Second, 10*time.Millisecond)
		require.NoError(t, p.Kill())
		_, err = p.Wait()
		require.NoError(t, err)
		require.Eventually(t, func() bool { return len(survivors(f.program)) == 0 }, 10*time.Second, 10*time.Millisecond)
	})
}

func TestRefusals(t *testing.T) {
	dir := openDir(t)
	plain := filepath.Join(dir, "plain")
	require.NoError(t, os.WriteFile(plain, []byte("text"), 0o644))
	for want, c := range map[string]Command{
		`"x" must be an absolute, clean path`:     {Path: "x", Scratch: dir},
		`"/" must be an absolute, clean path`:     {Path: plain, Scratch: "/"},
		"/nowhere is not a folder":                {Path: plain, Scratch: "/nowhere"},
		"lstat /nowhere: no such file":            {Path: "/nowhere", Scratch: dir},
		"plain does not start: permission denied": {Path: plain, Scratch: dir},
	} {
		_, err := Run(t.Context(), c)
		require.ErrorContains(t, err, want)
	}
}

// TestLeftovers checks that the caller can read and remove everything, and that no program keeps a set-user-ID bit.
func TestLeftovers(t *testing.T) {
	eachIsolation(t, func(t *testing.T, f fixture) {
		other := filepath.Join(openDir(t), "other")
		require.NoError(t, os.WriteFile(other, []byte("x"), 0o644))
		r, scratch := f.run(t, func(c *Command) { require.NoError(t, os.Link(other, filepath.Join(c.Scratch, "linked"))) }, "lock-up")
		require.True(t, r.OK(), "%s", r.Output)
		b, err := ReadFile(scratch, "locked/inner/file", 10)
		require.NoError(t, err)
		require.Equal(t, "x", string(b))
		info, err := os.Stat(filepath.Join(scratch, "program"))
		require.NoError(t, err)
		require.Zero(t, info.Mode()&os.ModeSetuid)
		info, err = os.Stat(other)
		require.NoError(t, err)
		require.EqualValues(t, os.Getuid(), info.Sys().(*syscall.Stat_t).Uid, "the file of another folder keeps its owner")
		require.NoError(t, os.RemoveAll(scratch))
	})
}
