package grade

import (
	"fmt"
	"strings"
)

// forbidden lists attacks that break a rule, which needs no compiler.
func forbidden() []attack {
	return []attack{
		{exercise: "gan-noise", what: "network", imports: `"net"`, before: `_, _ = net.Dial("tcp", "192.0.2.1:80")`,
			says: "exercises cannot import net"},
		{exercise: "gan-discriminator", what: "end of the process", imports: `other "os"`, before: `other.Exit(0)`, says: "exercises cannot import os"},
		{exercise: "gan-generator", what: "a goroutine that outlives its caller", before: `go func() { for { } }()`,
			says: "cannot use goroutines or channels"},
		{exercise: "dc-classifier", what: "deadlock", before: `select {}`, says: "cannot use goroutines or channels"},
		{exercise: "dc-generator", what: "unsafe", imports: `"unsafe"`, before: `_ = unsafe.Pointer(nil)`, says: "exercises cannot import unsafe"},
		{exercise: "gan-loss-d", what: "a function of the runtime by go:linkname", before: `exit(0)`,
			more: "//go:linkname exit os.runtime_beforeExit\nfunc exit(code int)", says: "cannot have directives such as //go:linkname"},
		{exercise: "gan-loss-g", what: "Gradient in a variable", before: `g := Gradient; _ = g`, says: "uses Gradient"},
		{exercise: "lsgan-loss-d", what: "Gradient of a renamed package", imports: `other "github.com/gomlx/gomlx/core/graph"`,
			before: `_ = []any{other.Gradient}`, says: "uses Gradient"},
		{exercise: "lsgan-loss-g", what: "Gradient in a helper", before: `_ = derive`,
			more: "var _ = derive\nfunc derive(x *Node) *Node { return (Gradient)(x, x)[0] }", says: "uses Gradient"},
		{exercise: "gan-optimizer", what: "code before main", imports: `"strings"`, before: `_ = started`,
			more: `var started = strings.Repeat("x", 1<<40)`, says: "variables outside of functions can only be"},
		{exercise: "position-table", what: "another int", before: `_ = int("")`, more: `type int string`, says: "int is a name of Go itself"},
		{exercise: "position-encoding", what: "the grader's files", imports: `"github.com/gomlx/gomlx/core/tensors"`,
			before: `_, _ = tensors.Load("cases.json")`, says: "cannot read or write files"},
		{exercise: "attention-backward", what: "a change of GoMLX", before: `ConvGeneralDilated = nil`, says: "changes ConvGeneralDilated"},
		{exercise: "rnn-loss", what: "the results of the grader", before: `_ = scores.Save("results.json")`, says: "cannot read or write files",
			more: `var _ = 1`},
		{exercise: "rnn-sample", what: "calls that are counted", before: `counted++`, more: `var counted = 0`, says: "changes counted"},
		{exercise: "transformer-scores", what: "a package by another's name", imports: `nn "math"`, before: `_ = nn.Pi`,
			text: func(s string) string {
				return strings.Replace(s, "\t\"github.com/cs231n-go/assignment3/cs231n/nn\"\n", "", 1)
			}, says: "nn is another package in the released file"},
		{exercise: "lstm-backward", what: "a variable that a pointer changes", before: `p := &ReduceAndKeepMasked; *p = nil`, says: "changes ReduceAndKeepMasked"},
	}
}

// strange lists files that are not what they should be.
func strange() []attack {
	return []attack{
		{exercise: "position-encoding", what: "parentheses that overflow the parser", before: "_ = " + strings.Repeat("(", 100_000) + "1" + strings.Repeat(")", 100_000),
			says: "exceeded max nesting depth"},
		{exercise: "position-table", what: "the same file", before: "", text: func(s string) string { return s + "\n" }, says: "exceeded max nesting depth"},
		{exercise: "rnn-loss", what: "deep nesting", before: "_ = " + strings.Repeat("[]any{", 1000) + strings.Repeat("}", 1000), says: "nested too deeply"},
		{exercise: "rnn-sample", what: "a million lines", text: func(s string) string { return s + strings.Repeat("\n", 1_000_000) }, says: "the limit is"},
		{exercise: "transformer-scores", what: "another encoding", text: func(s string) string { return s + "// \xff\xfe\n" }, says: "is not a text file in UTF-8"},
		{exercise: "attention-backward", what: "NUL bytes", text: func(s string) string { return s + "// \x00\n" }, says: "illegal character NUL"},
		{exercise: "lstm-step-forward", what: "a function init", more: `func init() { panic("init") }`, says: "cannot have a function init"},
		{exercise: "lstm-step-backward", what: "the same file", text: func(s string) string { return s + "\n" }, says: "cannot have a function init"},
		{exercise: "gan-loss-d", what: "C", imports: `"C"`, says: "cannot import C"},
		{exercise: "gan-loss-g", what: "a build constraint", text: func(s string) string { return "//go:build ignore\n\n" + s }, says: "directives such as //go:build"},
		{exercise: "lsgan-loss-d", what: "other lines", text: func(s string) string { return s + "\n/*line ../rnn/step.go:1*/\n" }, says: "directives such as /*line"},
		{exercise: "lsgan-loss-g", what: "the same file", text: func(s string) string { return s + "\n" }, says: "cannot import C"},
		{exercise: "gan-optimizer", what: "the same file", text: func(s string) string { return s + "\n" }, says: "cannot import C"},
		{exercise: "embedding-forward", what: "another package clause", text: func(s string) string { return strings.Replace(s, "package temporal", "package evil", 1) }, harmless: true},
		{exercise: "gan-noise", what: "a given function that panics", more: `func check() { panic("check") }`, harmless: true},
		{exercise: "rnn-step-forward", what: "a given check that panics", text: func(s string) string {
			return strings.Replace(s, "if x.Rank() != rank", "if true || x.Rank() != rank", 1)
		}, harmless: true},
		{exercise: "gan-generator", what: "ten thousand functions", more: functions(6000), harmless: true},
	}
}

// misleading lists functions that return something strange.
func misleading() []attack {
	return []attack{
		{exercise: "gan-loss-d", what: "nil", before: `if true { return nil }`, says: "is nil: return a node"},
		{exercise: "gan-loss-g", what: "a node of another graph", says: "it waits without end",
			before: `if true { return Const(NewGraph(logitsFake.Graph().Backend(), "other"), 1.0) }`},
		{exercise: "lsgan-loss-d", what: "complex numbers", imports: `"github.com/gomlx/compute/dtypes"`,
			before: `if true { return ConvertDType(scoresReal, dtypes.Complex64) }`},
		{exercise: "lsgan-loss-g", what: "no elements", imports: `"github.com/gomlx/compute/shapes"`,
			before: `if true { return Zeros(scoresFake.Graph(), shapes.Make(scoresFake.DType(), 0, 3)) }`},
		{exercise: "gan-optimizer", what: "an error that panics", before: `panic(bad{})`, more: "type bad struct{}\nfunc (bad) Error() string { panic(\"\\x1b[31mred\") }", says: "red"},
		{exercise: "position-table", what: "control characters", imports: `"strings"`,
			before: `panic("\x1b]0;title\x07<script>alert(1)</script>\u202e" + strings.Repeat("x", 100000))`, says: "<script>alert(1)</script>"},
		{exercise: "rnn-loss", what: "a panic that is recovered", before: `defer func() { _ = recover() }()
			panic("x")`, says: "LossGraph returns 0 gradients"},
		{exercise: "attention-backward", what: "right for the first call only", before: "if again(counted) {\n\tdout = Neg(dout)\n}",
			more: "var counted = []int{0}\nfunc again(c []int) bool {\n\tc[0]++\n\treturn c[0] > 1\n}", says: "is"},
		{exercise: "dc-classifier", what: "lines like the grader's results", imports: `"fmt"`,
			before: "for range 100000 {\n\tfmt.Println(`{\"case\":0,\"arrays\":[]}`)\n}", harmless: true},
		{exercise: "transformer-scores", what: "parameters without values", before: "for _, q := range m.Params() {\n\tq.Value = nil\n}", harmless: true},
		{exercise: "embedding-backward", what: "an embedded type in the cache", text: func(s string) string {
			return strings.Replace(s, "type EmbeddingCache struct {", "type EmbeddingCache struct {\n\t*Graph", 1)
		}, harmless: true},
		{exercise: "rnn-step-backward", what: "a further field in the cache", text: func(s string) string {
			return strings.NewReplacer("affine           temporal.AffineCache", "affine temporal.AffineCache\n\tmore *Node",
				"affine: affine}", "affine: affine, more: nextH}", "stepBack(dNextH, cache.nextH)", "stepBack(dNextH, cache.more)").Replace(s)
		}, harmless: true},
	}
}

// greedy lists functions that use up the machine.
func greedy() []attack {
	return []attack{
		{exercise: "gan-noise", what: "a loop without end", before: `for n := 0; ; n++ { _ = n }`, says: "does not come to an end"},
		{exercise: "gan-discriminator", what: "a slice that grows", before: "for all := [][]byte{}; ; {\n\tb := make([]byte, 1<<28)\n\tfor i := range b {\n\t\tb[i] = 1\n\t}\n\tall = append(all, b)\n}",
			says: "more than 4096 MiB of memory"},
		{exercise: "gan-generator", what: "100 GB at once", before: `n := noiseDim << 33; panic(make([]byte, n)[n-1])`, says: "memory"},
		{exercise: "dc-classifier", what: "recursion without end", before: `deep(1)`, more: `func deep(n int) int { return deep(n+1) + 1 }`, says: "calls itself without end"},
		{exercise: "position-encoding", what: "8 TB in XLA", imports: `"github.com/gomlx/compute/shapes"`,
			before: `x = Add(x, ReduceAllSum(Sqrt(IotaFull(x.Graph(), shapes.Make(x.DType(), 1<<20, 1<<20)))))`, says: "XLA crashed"},
		{exercise: "rnn-sample", what: "a graph that grows", before: "for {\n\tword = Add(word, word)\n}", says: "nine images: "},
		{exercise: "rnn-loss", what: "output without end", imports: `"fmt"`, before: "for {\n\tfmt.Print(\"\\x1b[2J\")\n}", says: "does not come to an end"},
	}
}

// bombs lists code that makes the compiler slow or big, or that it refuses in strange places.
func bombs() []attack {
	double := "const c0 = \"0123456789abcdef\"\n"
	for i := range 34 {
		double += fmt.Sprintf("const c%d = c%d + c%d\n", i+1, i, i)
	}
	return []attack{
		{exercise: "gan-noise", what: "a huge shift", before: `_ = 1 << 1000000000`, says: "cs231n/gan/models.go:"},
		{exercise: "gan-loss-d", what: "a constant string that doubles", before: double + "println(len(c34), c34[:1])", says: "the compiler needs more than"},
		{exercise: "rnn-sample", what: "a generic type of itself", before: `_ = endless[int]{}`, more: `type endless[T any] struct{ next *endless[endless[T]] }`, says: "cs231n/captioning/rnn_next.go:"},
		{exercise: "transformer-scores", what: "a giant array", before: "var big [1 << 50]byte\n_ = big", says: "cs231n/captioning/transformer_scores.go:"},
		{exercise: "rnn-loss", what: "2 GB in the program", before: "big := [1 << 28]int{1<<28 - 1: 1}\nprintln(big[len(grads)])", says: "it makes the program larger than 512 MB"},
		{exercise: "lstm-backward", what: "a helper with a name of GoMLX", before: "_ = Tanh", more: "func Tanh(x *Node) *Node { return x }", says: "Tanh"},
		{exercise: "attention-backward", what: "a helper with the name of a given function", before: "_ = Product", more: "func Product(x, y *Node) *Node { return x }", says: "Product"},
		{exercise: "gan-generator", what: "a generic function", text: func(s string) string {
			return strings.Replace(s, "func Generator(", "func Generator[T any](", 1)
		}, says: "the signature of Generator was changed"},
		{exercise: "dc-classifier", what: "thousands of errors", before: strings.Repeat("nonsense()\n", 3000), says: "undefined: nonsense"},
	}
}

// functions returns many functions.
func functions(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "func f%d() int { return f%d() }\n", i, max(0, i-1))
	}
	return b.String()
}
