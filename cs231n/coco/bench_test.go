package coco_test

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/coco"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// fullSize is a data set with COCO's dimensions and random content.
func fullSize() *coco.Data {
	const length, dim, words = 17, 512, 1004
	d := &coco.Data{Vocab: coco.Vocab{Words: []string{coco.Null, coco.Start, coco.End, coco.Unknown}, IDs: map[string]int{}}}
	for i := len(d.Vocab.Words); i < words; i++ {
		d.Vocab.Words = append(d.Vocab.Words, fmt.Sprintf("word%d", i))
	}
	for i, w := range d.Vocab.Words {
		d.Vocab.IDs[w] = i
	}
	stream := rng.NewTorch(1)
	for s, size := range map[*coco.Split]struct{ images, captions int }{&d.Train: {82783, 400135}, &d.Val: {40504, 195954}} {
		*s = coco.Split{Length: length, Dim: dim, Features: make([]float32, size.images*dim)}
		stream.Uniform(s.Features, -1, 1)
		for i := range size.images {
			s.URLs = append(s.URLs, fmt.Sprintf("http://images.example/%012d_%d.jpg", i, size.images))
		}
		for i := range size.captions {
			s.ImageIdxs = append(s.ImageIdxs, int32(i%size.images))
			for t := range length {
				s.Captions = append(s.Captions, int32((i*31+t*7)%words))
			}
		}
	}
	return d
}

// BenchmarkLoad loads a data set of COCO's full size, from the folder CS231N_BENCH_DATA, where it is made first if
// necessary, or else from a temporary folder. testdata/bench_h5py.py times h5py on the same folder.
func BenchmarkLoad(b *testing.B) {
	dir := os.Getenv("CS231N_BENCH_DATA")
	if dir == "" {
		dir = b.TempDir()
	}
	if !coco.Present(dir) {
		require.NoError(b, coco.Write(dir, fullSize()))
	}
	runtime.GC()
	var times []float64
	var bytes int
	for b.Loop() {
		begin := time.Now()
		d, err := coco.Load(dir, coco.Options{})
		times = append(times, time.Since(begin).Seconds()*1e3)
		require.NoError(b, err)
		bytes = 0
		for _, s := range []*coco.Split{&d.Train, &d.Val} {
			bytes += 4 * (len(s.Features) + len(s.Captions) + len(s.ImageIdxs))
		}
	}
	slices.Sort(times)
	b.ReportMetric(times[len(times)/2], "median-ms")
	b.ReportMetric(times[0], "min-ms")
	b.ReportMetric(float64(bytes>>20), "array-MiB")
}
