package mnist_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/internal/faults"
	"github.com/cs231n-go/assignment3/cs231n/mnist"
)

// TestCorruptIDX damages files at random: each is read or refused in one line, and none takes much memory. Not
// parallel, since it measures the memory of the whole process.
func TestCorruptIDX(t *testing.T) {
	random := faults.Random()
	for _, c := range []struct {
		what string
		good []byte
	}{{"IDX files", idx(7, 28, 28)}, {"IDX files, compressed", zipped(idx(7, 28, 28))}} {
		n, refused := faults.Count(200, 1000), 0
		for range n {
			bad := faults.Damage(random, c.good)
			faults.RequireLittleMemory(t, 4<<20, func() {
				got, err := mnist.ReadIDX(bytes.NewReader(bad), "some.idx")
				if err != nil {
					refused++
					require.Regexp(t, `\Amnist: some.idx: [^\n]+\z`, err)
					return
				}
				size := 1
				for _, d := range got.Dims {
					size *= d
				}
				require.Len(t, got.Data, size)
			})
		}
		faults.ReportDamaged(t, c.what, n, refused)
	}
}
