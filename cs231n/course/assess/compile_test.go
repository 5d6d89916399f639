package assess

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/course"
	"github.com/cs231n-go/assignment3/cs231n/course/source"
)

// TestAssignmentDoesNotCompile blames no exercise if the rest of the assignment does not compile.
func TestAssignmentDoesNotCompile(t *testing.T) {
	t.Parallel()
	layout, err := Open(root)
	require.NoError(t, err)
	layout.Root = t.TempDir() // without go.mod
	w := &work{Assessment: Assessment{Layout: layout}, scratch: t.TempDir(), all: course.Exercises(), results: map[string]*Result{}, parts: map[string]source.Part{}}
	w.exercises = w.all
	w.Files = layout.Reference()
	for _, e := range w.all {
		w.results[e.ID] = &Result{Exercise: e, Status: Passed}
	}
	w.read()
	_, err = w.build(t.Context())
	require.ErrorContains(t, err, "assess: the assignment does not compile: ")
	require.NotContains(t, err.Error(), "%!")
	for id, r := range w.results {
		require.Equal(t, Passed, r.Status, id)
	}
}

// TestWords says why the compiler gave up.
func TestWords(t *testing.T) {
	t.Parallel()
	for output, want := range map[failure]string{
		"# a/b\n/usr/local/go/pkg/tool/linux_amd64/compile: signal: killed\n": "the compiler needs more than 60 s for it",
		"# a/b\nfatal error: runtime: out of memory\n":                        "the compiler needs more than 3 GB for it",
		"# a/b\nruntime: goroutine stack exceeds 1000000000-byte limit\n":     "the compiler cannot compile it: it is too complicated",
		"# a/b\ncompile: writing output: write x.a: file too large\n":         "it makes the program larger than 512 MB",
		"# a/b\na.go:1: no\n": "a.go:1: no",
		"":                    "it does not compile",
	} {
		require.Equal(t, want, output.words())
	}
}
