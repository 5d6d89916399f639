package rng_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// golden is the content of testdata/golden.json, which golden.py there writes.
type golden struct {
	Torch, NumPy, CUDA []struct {
		Name string
		Seed uint64
		Ops  []goldenOp
	}
}

type goldenOp struct {
	Op         string
	N          int
	A, B       float64
	Bits, Tail []uint64 // the whole result, or both ends of it
	SHA256     string   // of the whole result if it is long
}

func readGolden(t *testing.T) (g golden) {
	data, err := os.ReadFile("testdata/golden.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &g))
	require.NotEmpty(t, g.Torch)
	require.NotEmpty(t, g.NumPy)
	require.NotEmpty(t, g.CUDA)
	return g
}

func TestTorchGolden(t *testing.T) {
	t.Parallel()
	for _, c := range readGolden(t).Torch {
		t.Run(fmt.Sprint(c.Name, " seed ", c.Seed), func(t *testing.T) {
			s := rng.NewTorch(c.Seed)
			for i, op := range c.Ops {
				runTorch(t, s, op, fmt.Sprintf("operation %d, %s of %d", i, op.Op, op.N))
			}
			require.NoError(t, s.Err())
		})
	}
}

func runTorch(t *testing.T, s *rng.Torch, op goldenOp, what string) {
	switch op.Op {
	case "uniform":
		got := make([]float32, op.N)
		s.Uniform(got, op.A, op.B)
		compare(t, op, got, 0, what)
	case "linear":
		bound := 1 / math.Sqrt(op.A)
		got := make([]float32, op.N*int(op.A)+op.N)
		s.Uniform(got[:op.N*int(op.A)], -bound, bound)
		s.Uniform(got[op.N*int(op.A):], -bound, bound)
		compare(t, op, got, 0, what)
	case "normal":
		got := make([]float32, op.N)
		s.Normal(got, op.A, op.B)
		// PyTorch's vector library may differ by 3 units in the last place before
		// std and mean are applied.
		ulps := 0.0
		if op.N >= 16 {
			ulps = 3
		}
		compare(t, op, got, ulps, what)
	case "dropout":
		keep := make([]bool, op.N)
		s.Dropout(keep, op.A)
		compare(t, op, keep, 0, what)
	case "randints":
		got := make([]int32, op.N)
		s.RandInts(got, int(op.A))
		compare(t, op, got, 0, what)
	case "base_seed":
		compare(t, op, []int64{s.BaseSeed()}, 0, what)
	default:
		t.Fatalf("unknown operation %q", op.Op)
	}
}

func TestNumPyGolden(t *testing.T) {
	t.Parallel()
	for _, c := range readGolden(t).NumPy {
		t.Run(fmt.Sprint(c.Name, " seed ", c.Seed), func(t *testing.T) {
			s := rng.NewNumPy(uint32(c.Seed))
			for i, op := range c.Ops {
				runNumPy(t, s, op, fmt.Sprintf("operation %d, %s(%g) of %d", i, op.Op, op.A, op.N))
			}
			require.NoError(t, s.Err())
		})
	}
}

func runNumPy(t *testing.T, s *rng.NumPy, op goldenOp, what string) {
	n := int(op.A)
	floats, ints := make([]float64, op.N), make([]int, op.N)
	switch op.Op {
	case "float64":
		for i := range floats {
			floats[i] = s.Float64()
		}
		compare(t, op, floats, 0, what)
	case "rand":
		s.Rand(floats)
		compare(t, op, floats, 0, what)
	case "randn":
		s.Randn(floats)
		compare(t, op, floats, 2, what)
	case "randint":
		for i := range ints {
			ints[i] = s.RandInt(n)
		}
		compare(t, op, ints, 0, what)
	case "randints":
		s.RandInts(ints, n)
		compare(t, op, ints, 0, what)
	case "choice":
		compare(t, op, s.Choice(n, op.N), 0, what)
	default:
		t.Fatalf("unknown operation %q", op.Op)
	}
}

func TestCUDAGolden(t *testing.T) {
	t.Parallel()
	for _, c := range readGolden(t).CUDA {
		t.Run(fmt.Sprint(c.Name, " seed ", c.Seed), func(t *testing.T) {
			s := rng.NewCUDA(c.Seed)
			for i, op := range c.Ops {
				got := make([]float32, op.N)
				s.Uniform(got, op.A, op.B)
				compare(t, op, got, 0, fmt.Sprintf("operation %d, uniform of %d", i, op.N))
			}
			require.NoError(t, s.Err())
		})
	}
}

// compare checks a result against its golden bit patterns, up to a number of units in
// the last place.
func compare[T bool | int | int32 | int64 | float32 | float64](t *testing.T, op goldenOp, got []T, ulps float64, what string) {
	t.Helper()
	require.GreaterOrEqual(t, len(got), len(op.Bits)+len(op.Tail), what)
	for i, want := range op.Bits {
		near(t, op, want, got[i], ulps, fmt.Sprintf("%s, value %d", what, i))
	}
	start := len(got) - len(op.Tail)
	for i, want := range op.Tail {
		near(t, op, want, got[start+i], ulps, fmt.Sprintf("%s, value %d", what, start+i))
	}
	if op.SHA256 != "" && ulps == 0 {
		h := sha256.New()
		for _, x := range got {
			require.NoError(t, binary.Write(h, binary.LittleEndian, fixed(x)))
		}
		assert.Equal(t, op.SHA256, hex.EncodeToString(h.Sum(nil)), "%s, all values", what)
	}
}

// fixed converts an int to the size that it has in the golden file.
func fixed(x any) any {
	if n, ok := x.(int); ok {
		return int64(n)
	}
	return x
}

func near(t *testing.T, op goldenOp, want uint64, got any, ulps float64, what string) {
	t.Helper()
	switch got := got.(type) {
	case bool:
		assert.Equal(t, want == 1, got, what)
	case int:
		assert.Equal(t, want, uint64(got), what)
	case int32:
		assert.Equal(t, want, uint64(got), what)
	case int64:
		assert.Equal(t, want, uint64(got), what)
	case float32:
		w := math.Float32frombits(uint32(want))
		// Multiplying by B and adding A add rounding errors at their magnitudes.
		tol := ulps * float64(spacing(w))
		if ulps > 0 && op.A != 0 {
			tol += ulps*op.B*float64(spacing(4)) + float64(spacing(float32(op.A)))
		}
		assert.LessOrEqual(t, math.Abs(float64(got)-float64(w)), tol, "%s: got %v, want %v", what, got, w)
	case float64:
		w := math.Float64frombits(want)
		tol := ulps * (math.Nextafter(math.Abs(w), math.Inf(1)) - math.Abs(w))
		assert.LessOrEqual(t, math.Abs(got-w), tol, "%s: got %v, want %v", what, got, w)
	}
}

// spacing is the distance from |x| to the next float32.
func spacing(x float32) float32 {
	x = float32(math.Abs(float64(x)))
	return math.Nextafter32(x, float32(math.Inf(1))) - x
}

// TestDefaultInit compares with torch.nn.Linear(3, 2) of PyTorch 2.15 after torch.manual_seed(231).
func TestDefaultInit(t *testing.T) {
	t.Parallel()
	weight, bias := make([]float32, 6), make([]float32, 2)
	rng.NewTorch(231).DefaultInit(weight, bias, 3)
	require.Equal(t, []float32{-0.5052106976509094, -0.5434385538101196, 0.0664350688457489, 0.46165794134140015, -0.3027874529361725, 0.21852858364582062}, weight)
	require.Equal(t, []float32{0.2635501027107239, -0.5421491861343384}, bias)
}
