package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// variants returns variants named a, b, and so on, which take the given times, and the log of their names. A time of 0 fails.
func variants(times ...float64) (all []variant, log *[]string) {
	log = new([]string)
	for i, ms := range times {
		name := string(rune('a' + i))
		all = append(all, variant{name, func(context.Context) (t Timing, err error) {
			*log = append(*log, name)
			if ms == 0 {
				return t, errors.New(name + " is broken")
			}
			return Timing{Median: ms}, nil
		}})
	}
	return all, log
}

func TestVariants(t *testing.T) {
	t.Parallel()
	r := Runner{Log: &bytes.Buffer{}}
	all, log := variants(0, 20, 10, 30)
	v := Rival{Name: "x", variants: all}
	require.NoError(t, v.runOnce(t.Context(), r))
	assert.Equal(t, []string{"a", "b", "c", "d"}, *log, "a failure does not affect the others")
	require.NoError(t, v.runOnce(t.Context(), r))
	assert.Equal(t, []string{"a", "b", "c", "d", "c"}, *log, "later rounds run the fastest variant only")
	assert.Equal(t, []Timing{{Median: 10}, {Median: 10}}, v.Timings)
	assert.Equal(t, "c", v.Variant)
	assert.Empty(t, v.Failure)

	all, log = variants(0, 0)
	v = Rival{Name: "x", variants: all}
	for range 2 {
		require.NoError(t, v.runOnce(t.Context(), r))
	}
	assert.Equal(t, []string{"a", "b"}, *log, "a rival that failed is skipped")
	assert.Equal(t, "a is broken", v.Failure)
	assert.Empty(t, v.Timings)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	all, _ = variants(0)
	v = Rival{Name: "x", variants: all}
	require.ErrorIs(t, v.runOnce(ctx, r), context.Canceled)
	assert.Empty(t, v.Failure, "Ctrl-C is not a rival's failure")
}

func TestFastest(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "JAX", report().Comparisons[0].fastest().Name)
	none := Comparison{Rivals: []Rival{{Name: "PyTorch", Failure: "no PyTorch"}}}
	assert.Empty(t, none.fastest().Timings)
	none.Ours = []Timing{{Median: 3}}
	rows := Report{Comparisons: []Comparison{none}}.stepRows()
	assert.Equal(t, []string{"", "–", "3.00", "–", "–", "– to –"}, rows[0][:6])
}

// TestRivals checks that every model has its rivals, and that their programs exist. Scripts take the place of the interpreters:
// they print the variable and the arguments that they get.
func TestRivals(t *testing.T) {
	t.Parallel()
	checkout, err := filepath.Abs("../..")
	require.NoError(t, err)
	root := t.TempDir()
	require.NoError(t, os.Symlink(filepath.Join(checkout, "go.mod"), filepath.Join(root, "go.mod")))
	script := "#!/bin/sh\necho \"$0 $* in $TORCHINDUCTOR_CACHE_DIR\" >>" + root + "/calls\necho '{\"median_ms\": 5}'\n"
	for _, lib := range []library{torch(), jax()} {
		python := filepath.Join(root, lib.environment, "bin", "python")
		require.NoError(t, os.MkdirAll(filepath.Dir(python), 0o755))
		require.NoError(t, os.WriteFile(python, []byte(script), 0o755))
	}
	self := filepath.Join(root, "self")
	require.NoError(t, os.WriteFile(self, []byte(script), 0o755))
	r := Runner{Root: root, Self: self, Log: &bytes.Buffer{}, Iters: 7}
	found, err := r.Compare(t.Context(), Models(), 1)
	require.NoError(t, err)
	calls, err := os.ReadFile(filepath.Join(root, "calls"))
	require.NoError(t, err)
	require.Len(t, found, len(Models()))
	for _, c := range found {
		var names []string
		for _, v := range c.Rivals {
			names = append(names, v.Name)
			require.Empty(t, v.Failure)
		}
		want := []string{"PyTorch", "torch.compile", "JAX"}
		if c.Model == "rnn" || c.Model == "lstm" {
			want = append([]string{"NumPy", "NumPy, float64"}, want...)
		}
		assert.Equal(t, want, names, c.Model)
	}
	cache := ""
	for line := range strings.Lines(string(calls)) {
		before, after, _ := strings.Cut(strings.TrimSpace(line), " in ")
		require.NotEmpty(t, after, "torch.compile keeps its programs in a new folder")
		cache = after
		fields := strings.Fields(before)
		if fields[0] == self {
			continue
		}
		program, err := filepath.Rel(root, fields[1])
		require.NoError(t, err)
		require.FileExists(t, filepath.Join(checkout, program))
		assert.Equal(t, strings.HasSuffix(program, "jax.py"), strings.Contains(fields[0], ".venv-jax"), line)
		assert.Contains(t, line, "--iters 7")
		assert.Equal(t, !strings.Contains(program, "captioning"), strings.Contains(line, "--data "), line)
	}
	require.NoDirExists(t, cache)
	for _, part := range []string{
		"gan/testdata/bench_torch.py --model lsgan", "gan/testdata/bench_jax.py --model dcgan", "diffusion/testdata/bench_jax.py --model draw",
		"captioning/testdata/bench_jax.py --model sample", "captioning/testdata/bench_numpy.py --model lstm",
		"--threads 1", "--compile default", "--dtype float64",
	} {
		assert.Contains(t, string(calls), part)
	}
}

func TestKeep(t *testing.T) {
	t.Parallel()
	model := func(name string, ms float64) Comparison { return Comparison{Model: name, Ours: []Timing{{Median: ms}}} }
	dir := t.TempDir()
	_, err := Load(dir)
	require.ErrorContains(t, err, "bench.json")
	earlier := Report{
		Rounds: 9, Peaks: report().Peaks, Growth: report().Growth, COCO: report().COCO, Cells: report().Cells,
		Comparisons: []Comparison{model("gan", 1), model("lstm", 2), model(Draw, 3)},
	}
	require.NoError(t, earlier.Save(dir, ""))
	loaded, err := Load(dir)
	require.NoError(t, err)
	assert.Equal(t, earlier, loaded)

	now := Report{Rounds: 3, Comparisons: []Comparison{model("lstm", 20), model("rnn", 10)}, Peaks: []NamedPeak{{"XLA", Peak{GFLOPs: 7}}}}
	now.Keep(loaded)
	assert.Equal(t, []Comparison{model("gan", 1), model("rnn", 10), model("lstm", 20), model(Draw, 3)}, now.Comparisons)
	assert.Equal(t, 7.0, now.Peak(), "this run's peak")
	assert.Equal(t, earlier.Growth, now.Growth)
	assert.Equal(t, earlier.COCO, now.COCO)
	assert.Equal(t, earlier.Cells, now.Cells)
	assert.Equal(t, 3, now.Rounds)
}

// python runs a program that has imported timing.py.
func python(t *testing.T, program string, env []string, args ...string) (stdout, stderr string, err error) {
	interpreter, err := exec.LookPath("python3")
	require.NoError(t, err)
	var out, errors bytes.Buffer
	cmd := exec.Command(interpreter, append([]string{"-c", "import sys; sys.path.append('testdata'); import timing\n" + program}, args...)...)
	cmd.Stdout, cmd.Stderr, cmd.Env = &out, &errors, env
	err = cmd.Run()
	return out.String(), errors.String(), err
}

func TestTimingOfPrograms(t *testing.T) {
	t.Parallel()
	const program = `
import os, time
args = timing.parse("Doc.", ("gan", "lstm"), dtype=("float32", "float64"))
assert args.dtype == "float32" and os.environ["OPENBLAS_NUM_THREADS"] == "3"
pauses = iter([0.2, 0.1, 0.1, 0.1, 0.1, 0.002, 0.04, 0.002])  # the first five warm up
def call():
    time.sleep(next(pauses))
    return 1.5
timing.measure(args, "cpu", call)
assert next(pauses, None) is None`
	stdout, stderr, err := python(t, program, os.Environ(), "--model", "lstm", "--iters", "3", "--threads", "3")
	require.NoError(t, err, stderr)
	var got Timing
	require.NoError(t, json.Unmarshal([]byte(stdout), &got), stdout)
	assert.Less(t, got.Median, 40.0, "the median of 2, 40 and 2 ms")
	assert.GreaterOrEqual(t, got.Median, got.Min)
	assert.GreaterOrEqual(t, got.Min, 2.0)
	assert.GreaterOrEqual(t, got.First, 200.0)
	assert.Positive(t, got.PeakRSS)
	assert.Equal(t, []any{1.5, 3, 3}, []any{got.LastLoss, got.Iters, got.Threads})

	for _, args := range [][]string{{"--model", "vae"}, {"--model", "gan", "--iters", "0"}, {"--model", "gan", "--threads", "0"}, {}} {
		_, _, err := python(t, program, os.Environ(), args...)
		require.ErrorContains(t, err, "exit status 2", fmt.Sprint(args))
	}
}

func TestNoCompiler(t *testing.T) {
	t.Parallel()
	const program = `
assert timing.compiled(max, "none") is max
timing.compiled(max, "default")`
	_, stderr, err := python(t, program, []string{"PATH=" + t.TempDir()})
	require.Error(t, err)
	assert.Equal(t, "torch.compile needs a C++ compiler: install g++, or name one in the variable CXX\n", stderr)
}

// TestCompare runs the real programs: the GAN for a few steps, and those of the libraries that are installed.
func TestCompare(t *testing.T) {
	if testing.Short() {
		t.Skip("starts several processes")
	}
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	self := filepath.Join(t.TempDir(), "bench")
	out, err := exec.Command("go", "build", "-o", self, "../cmd/bench").CombinedOutput()
	require.NoError(t, err, string(out))

	var log bytes.Buffer
	r := Runner{Root: root, Self: self, Log: &log, Iters: 2}
	found, err := r.Compare(t.Context(), []string{"gan"}, 1)
	require.NoError(t, err, log.String())
	require.Len(t, found, 1)
	ours := found[0].Ours
	require.Len(t, ours, 1)
	assert.Equal(t, 2, ours[0].Iters)
	assert.Greater(t, ours[0].First, ours[0].Median, "the first step compiles")
	assert.Positive(t, ours[0].LastLoss)
	require.Len(t, found[0].Rivals, 3)
	for _, rival := range found[0].Rivals {
		if strings.Contains(rival.Failure, "in this checkout") || strings.Contains(rival.Failure, "C++ compiler") {
			t.Logf("not installed: %s", rival.Failure)
			continue
		}
		require.Empty(t, rival.Failure)
		assert.Equal(t, 2, rival.Timings[0].Iters)
		assert.Greater(t, rival.Timings[0].First, rival.Timings[0].Median, rival.Name)
		assert.Positive(t, rival.Timings[0].LastLoss, rival.Name)
	}
}
