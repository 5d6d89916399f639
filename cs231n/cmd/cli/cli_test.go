package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
)

// execute runs a command line of a small program, whose command "do" returns err.
func execute(ctx context.Context, err error, args ...string) (status int, stdout, stderr string) {
	do := &cobra.Command{Use: "do", Short: "Do it", Args: Args(), RunE: func(c *cobra.Command, _ []string) error {
		if c.Context().Err() != nil {
			return fmt.Errorf("stopped: %w", c.Context().Err())
		}
		return err
	}}
	count, few, rate, share, word, seed := 3, 1, 0.5, 0.0, "a", uint64(7)
	do.Flags().Var(AtLeast(2, &count), "count", "count to `N`")
	do.Flags().Var(Between(1, 9, &few), "few", "take `N`")
	do.Flags().Var(Positive(&rate), "rate", "go at `X`")
	do.Flags().Var(NotNegative(&share), "share", "give `X`")
	do.Flags().Var(Choice(&word, "a", "b"), "word", "say `WORD`")
	do.Flags().Var(Seed(9, &seed), "seed", "start from `N`")
	do.Flags().String("dir", "", "work in `DIR`")
	panics := &cobra.Command{Use: "panic", Short: "Panic", Run: func(*cobra.Command, []string) { panic("shapes [2 3] and [4]") }}
	root := Group(&cobra.Command{Use: "small"}, "command", do, panics, Group(&cobra.Command{Use: "more"}, "way", &cobra.Command{Use: "slow", Short: "Slow", RunE: do.RunE}))
	var out, errs bytes.Buffer
	status = Run(ctx, root, args, &out, &errs)
	return status, out.String(), errs.String()
}

func TestStatus(t *testing.T) {
	t.Parallel()
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	failure := errors.New("no luck\nnone at all")
	for _, c := range []struct {
		ctx    context.Context
		err    error
		args   string
		status int
		stderr string
	}{
		{t.Context(), nil, "do", 0, ""},
		{t.Context(), nil, "more slow", 0, ""},
		{t.Context(), failure, "do", 1, "small: no luck; none at all\n"},
		{t.Context(), Usagef("not %d", 5), "do", 2, "small: not 5 (see small do --help)\n"},
		{t.Context(), fmt.Errorf("wrapped: %w", Usagef("not %d", 5)), "more slow", 2, "small: wrapped: not 5 (see small more slow --help)\n"},
		{canceled, nil, "do", 130, "small: stopped: context canceled\n"},
		{canceled, nil, "do it", 2, "small: do does not take \"it\" (see small do --help)\n"},
		{t.Context(), failure, "do --count 2 --few 9 --rate 1e-3 --share 0 --word b --seed 9 --dir d", 1, "small: no luck; none at all\n"},
		{t.Context(), failure, "do --count 1", 2, "small: invalid argument \"1\" for \"--count\" flag: must be a whole number of at least 2 (see small do --help)\n"},
		{t.Context(), failure, "do --rate 0", 2, "small: invalid argument \"0\" for \"--rate\" flag: must be a finite number above 0 (see small do --help)\n"},
		{t.Context(), failure, "do --rate=+Inf", 2, "small: invalid argument \"+Inf\" for \"--rate\" flag: must be a finite number above 0 (see small do --help)\n"},
		{t.Context(), failure, "do --few 10", 2, "small: invalid argument \"10\" for \"--few\" flag: must be a whole number from 1 to 9 (see small do --help)\n"},
		{t.Context(), failure, "do --few 0", 2, "small: invalid argument \"0\" for \"--few\" flag: must be a whole number from 1 to 9 (see small do --help)\n"},
		{t.Context(), failure, "do --share -1", 2, "small: invalid argument \"-1\" for \"--share\" flag: must be a finite number of at least 0 (see small do --help)\n"},
		{t.Context(), failure, "do --share NaN", 2, "small: invalid argument \"NaN\" for \"--share\" flag: must be a finite number of at least 0 (see small do --help)\n"},
		{t.Context(), failure, "do --share Inf", 2, "small: invalid argument \"Inf\" for \"--share\" flag: must be a finite number of at least 0 (see small do --help)\n"},
		{t.Context(), failure, "do --word c", 2, "small: invalid argument \"c\" for \"--word\" flag: must be a or b (see small do --help)\n"},
		{t.Context(), failure, "do --seed 10", 2, "small: invalid argument \"10\" for \"--seed\" flag: must be a whole number from 0 to 9 (see small do --help)\n"},
		{t.Context(), failure, "do --dir=", 2, "small: --dir needs a value (see small do --help)\n"},
		{t.Context(), failure, "more", 2, "small: more needs a way: slow (see small more --help)\n"},
		{t.Context(), failure, "help done", 2, "small: there is no command \"done\" (see small help --help)\n"},
		{t.Context(), failure, "help more fast", 2, "small: there is no command \"more fast\" (see small help --help)\n"},
		{t.Context(), failure, "completion nu", 2, "small: completion has no shell \"nu\"; choose bash, fish, powershell or zsh (see small completion --help)\n"},
	} {
		status, stdout, stderr := execute(c.ctx, c.err, strings.Split(c.args, " ")...)
		require.Equal(t, c.status, status, c.args)
		require.Equal(t, c.stderr, stderr, c.args)
		require.Empty(t, stdout)
	}
}

// TestOneDash writes flags as Go's flag package reads them. Pflag reads letters: those of -hcount=2 begin with its -h.
func TestOneDash(t *testing.T) {
	t.Parallel()
	for args, says := range map[string]string{
		"do -count 2":        "small: write --count instead of -count (see small do --help)\n",
		"do -count=2":        "small: write --count instead of -count (see small do --help)\n",
		"do --dir d -help":   "small: write --help instead of -help (see small do --help)\n",
		"do --dir t -dir d":  "small: write --dir instead of -dir (see small do --help)\n",
		"do -hcount=2":       "small: do has no flag --hcount; did you mean --count? (see small do --help)\n",
		"more slow -count 2": "small: more slow has no flag --count; it belongs to do (see small more slow --help)\n",
		"do -x":              "small: do has no flag --x (see small do --help)\n",
		"do --cuont 2":       "small: do has no flag --cuont; did you mean --count? (see small do --help)\n",
		"do --ord a":         "small: do has no flag --ord; did you mean --word? (see small do --help)\n",
		"do --xyz":           "small: do has no flag --xyz (see small do --help)\n",
	} {
		status, _, stderr := execute(t.Context(), nil, strings.Split(args, " ")...)
		require.Equal(t, 2, status, args)
		require.Equal(t, says, stderr, args)
	}
}

// TestCrash has a panic in a command, with and without a cache folder for its trace.
func TestCrash(t *testing.T) {
	for _, variable := range []string{"XDG_CACHE_HOME", "TMPDIR"} {
		dir := t.TempDir()
		t.Setenv("HOME", "")
		t.Setenv("XDG_CACHE_HOME", "")
		t.Setenv(variable, dir)
		status, stdout, stderr := execute(t.Context(), nil, "panic")
		require.Equal(t, 1, status)
		require.Empty(t, stdout)
		if variable == "XDG_CACHE_HOME" {
			dir = filepath.Join(dir, "cs231n")
		}
		files, err := filepath.Glob(filepath.Join(dir, "crash-*.txt"))
		require.NoError(t, err)
		require.Len(t, files, 1)
		require.Equal(t, "small: internal error: shapes [2 3] and [4]; the trace is in "+files[0]+"; please report it\n", stderr)
		info, err := os.Stat(files[0])
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode())
		trace, err := os.ReadFile(files[0])
		require.NoError(t, err)
		for _, text := range []string{"panic: shapes [2 3] and [4]\n", version(debug.ReadBuildInfo()), "\npanic\n", "cli_test.go"} {
			require.Contains(t, string(trace), text)
		}
	}
	t.Setenv("TMPDIR", "/no/such/folder")
	t.Setenv("XDG_CACHE_HOME", "")
	_, _, stderr := execute(t.Context(), nil, "panic")
	require.Contains(t, stderr, "internal error: shapes [2 3] and [4]; please report it; the trace cannot be saved: open /no/such/folder/crash-")
}

func TestVersion(t *testing.T) {
	t.Parallel()
	status, stdout, _ := execute(t.Context(), nil, "--version")
	require.Zero(t, status)
	require.Equal(t, "small version "+version(debug.ReadBuildInfo())+"\n", stdout)

	info := &debug.BuildInfo{GoVersion: "go1.26.5", Main: debug.Module{Version: "(devel)"}}
	require.Equal(t, "built without version control information, which make build adds in a git checkout, go1.26.5", version(info, true))
	info.Main.Version = "v0.0.0-20261128152830-550ee67a1b2c" // as the go command makes it of a commit without a tag
	require.Equal(t, "v0.0.0-20261128152830-550ee67a1b2c, go1.26.5", version(info, true))
}

func TestList(t *testing.T) {
	t.Parallel()
	for want, words := range map[string][]string{"": nil, "a": {"a"}, "a or b": {"a", "b"}, "a, b or c": {"a", "b", "c"}} {
		require.Equal(t, want, list(words, "or"))
	}
}
