package source

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/course"
)

// The released files of a package with two exercises.
const (
	releasedStep = `package rnn

import "math"

type StepCache struct{ x float64 }

func StepForward(x float64) StepCache { check(x); panic(todo.Exercise("rnn-step-forward", "")) }

func check(x float64) { _ = math.Sqrt(x) }
`
	releasedSequence = `package rnn

func Forward(x float64) {}
`
)

// collect returns the code of the exercise rnn-step-forward in changed files.
func collect(t *testing.T, step, sequence string) (Part, Files, Files) {
	t.Helper()
	parse := func(step, sequence string) Files {
		files := Files{}
		for path, text := range map[string]string{"cs231n/rnn/step.go": step, "cs231n/rnn/sequence.go": sequence} {
			f, err := Parse(path, []byte(text))
			require.NoError(t, err)
			files[path] = f
		}
		return files
	}
	files, released := parse(step, sequence), parse(releasedStep, releasedSequence)
	for _, e := range course.Exercises() {
		if e.ID == "rnn-step-forward" {
			return Collect(e, files, released), files, released
		}
	}
	t.Fatal("there is no such exercise")
	return Part{}, nil, nil
}

// TestAssemble takes the function of an exercise and the helpers that it reaches, of any file of the package, and
// nothing else.
func TestAssemble(t *testing.T) {
	t.Parallel()
	const step = `package evil

import m "math"

type StepCache struct { x float64; y int }

// StepForward has helpers.
func StepForward(x float64) StepCache { return StepCache{x: helper(x), y: text("")} }

func check(x float64) { panic("changed") }

func unused() { panic("unused") }

func init() { panic("init") }

const scale, other = 2, "\n//line a.go:1\n"
`
	const sequence = `package rnn

func Forward(x float64) { panic("another exercise") }

func helper(x float64) float64 { return scale * x }

type text string
`
	p, _, released := collect(t, step, sequence)
	got, err := Assemble("/root", released["cs231n/rnn/step.go"], []Part{p})
	require.NoError(t, err)
	require.Equal(t, strings.TrimPrefix(`
package rnn
import "math"

//line /root/cs231n/rnn/step.go:5
type StepCache struct { x float64; y int }

//line /root/cs231n/rnn/step.go:7
// StepForward has helpers.
func StepForward(x float64) StepCache { return StepCache{x: helper(x), y: text("")} }

//line /root/cs231n/rnn/step.go:9
func check(x float64) { _ = math.Sqrt(x) }

//line /root/cs231n/rnn/step.go:16
const scale, other = 2, "\n//line a.go:1\n"
`, "\n"), string(got))
	got, err = Assemble("/root", released["cs231n/rnn/sequence.go"], []Part{p})
	require.NoError(t, err)
	require.NotContains(t, string(got), "another exercise")
	require.Contains(t, string(got), "//line /root/cs231n/rnn/sequence.go:5\nfunc helper")
	require.Contains(t, string(got), "type text string")
	require.True(t, p.Reaches("cs231n/rnn/sequence.go", 5))
	require.False(t, p.Writes("cs231n/rnn/sequence.go", 5))
	require.True(t, p.Writes("cs231n/rnn/step.go", 8))
	require.False(t, p.Reaches("cs231n/rnn/step.go", 11))
}

// TestExtends accepts further fields of a structure, and no other change of a given type.
func TestExtends(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"struct{ x float64; y int }":        true,
		"struct{ x, y float64 }":            true,
		"struct{ x float64 }":               false,
		"struct{ y int; x float64 }":        true,
		"struct{ x int; y int }":            false,
		"struct{ x float64; fmt.Stringer }": false,
		"struct{ x float64; *Other }":       false,
		"map[string]float64":                false,
		"= struct{ x float64; y int }":      false,
	} {
		p, _, released := collect(t, strings.Replace(releasedStep, "struct{ x float64 }", text, 1), releasedSequence)
		got, err := Assemble("", released["cs231n/rnn/step.go"], []Part{p})
		require.NoError(t, err)
		require.Equal(t, want, strings.Contains(string(got), "type StepCache "+text) && text != "struct{ x float64 }", text)
	}
}

// TestRules breaks each rule in the function of an exercise.
func TestRules(t *testing.T) {
	t.Parallel()
	for body, says := range map[string]string{
		"go f()":                                  "exercises cannot use goroutines or channels",
		"select {}":                               "exercises cannot use goroutines or channels",
		"var c chan int":                          "exercises cannot use goroutines or channels",
		"c <- 1":                                  "exercises cannot use goroutines or channels",
		"Gradient(x)":                             "uses Gradient: write the backward pass yourself",
		"g := (graph.Gradient)":                   "uses Gradient: write the backward pass yourself",
		"math.Pi = 3":                             "changes math: exercises can change only local variables",
		"math.Table[1].x++":                       "changes math: exercises can change only local variables",
		"for count = range 3 {}":                  "changes count: exercises can change only local variables",
		"p := &(*count)":                          "changes count: exercises can change only local variables",
		"count++ }; var count int; func _() {":    "changes count: exercises can change only local variables",
		"x.Save(name)":                            "uses Save: exercises cannot read or write files",
		"os.Exit(0)":                              "exercises cannot import os",
		"len(1) }; func len(x int) {":             "len is a name of Go itself; choose another",
		"math(1) }; func math(x int) {":           "math is the name of a package that this package imports; choose another",
		"f() }; func f() int; func _() {":         "f has no body",
		"_ = v }; var v = f(); func _() {":        "variables outside of functions can only be numbers, strings and lists of them",
		"_ = v }; var v [1 << 40]int; func _() {": "variables outside of functions can only be",
		"_ = v }; var v = map[any]int{f: 1}; func _() {": "variables outside of functions can only be",
		"/*line a.go:1*/": "exercises cannot have directives such as /*line a.go:1*/",
		// These are fine.
		"y := x; y++; for i := range 3 { y += i }; v := T{}; v.a[1] = 2; p := &v; p.b, _ = 1, 2": "",
		"f := func() { x = 2 }; f()":                                   "",
		"_ = v }; var v, w = []float64{-1, 2 * 3.5}, \"\"; func _() {": "",
		"} ; func unused() { go f(); os.Exit(1)":                       "",
	} {
		text := strings.Replace(releasedStep, "check(x); panic", "\n"+body+"\n; panic", 1)
		text = strings.Replace(text, `import "math"`, "import (\n\"math\"\n\"os\"\n)", 1)
		p, files, released := collect(t, text, releasedSequence)
		require.Empty(t, files["cs231n/rnn/step.go"].Rules(released["cs231n/rnn/step.go"]), body)
		require.Contains(t, strings.Join(p.Rules(), "\n"), says, body)
		if says == "" {
			require.Empty(t, p.Rules(), body)
		}
	}
}

// TestParse reports the true position of an error, and code that is too large or too deep.
func TestParse(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("{", 600) + strings.Repeat("}", 600)
	for text, says := range map[string]string{
		"package a\n//line b.go:100\nfunc (\n":   "a.go:4:1: expected ')'",
		"package a\n\nvar x = `":                 "a.go:3:9: raw string literal not terminated",
		"package a\n\nfunc f() {\n" + deep + "}": "a.go:4: the code is nested too deeply",
		"package a\xff":                          "a.go is not a text file in UTF-8",
		strings.Repeat("\n", MaxSize+1):          "a.go has 262145 bytes; the limit is 262144",
	} {
		_, err := Parse("a.go", []byte(text))
		require.ErrorContains(t, err, says)
	}
}

// TestIsBlank does not take a comment for a gap.
func TestIsBlank(t *testing.T) {
	t.Parallel()
	e := course.Exercise{ID: "a", Func: "A"}
	for body, want := range map[string]bool{
		`panic(todo.Exercise("a", "a.go"))`:      true,
		"// panic(todo.Exercise(\"a\", \"\"))\n": false,
		`println("todo.Exercise(\"a\"")`:         false,
		``:                                       false,
	} {
		f, err := Parse("a.go", []byte("package a\nfunc A() {\n"+body+"\n}"))
		require.NoError(t, err)
		require.Equal(t, want, f.IsBlank(e), body)
	}
}
