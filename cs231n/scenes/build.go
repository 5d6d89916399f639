package scenes

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
	"gonum.org/v1/gonum/mat"

	"github.com/cs231n-go/assignment3/cs231n/coco"
)

// featureLength is the length of COCO's features after their principal component analysis.
const featureLength = 512

// Uses of random numbers. Each use, and each picture, has a separate stream, so that the result does not depend on the
// order in which the processors draw the pictures.
const (
	forTrain uint64 = iota << 32
	forVal
	forFilters
	forPCA
)

func (o Options) stream(use uint64, i int) *rand.Rand {
	return rand.New(rand.NewPCG(o.Seed, use+uint64(i)))
}

// In the progress, the principal components count as fitSteps steps of pictureSteps pictures each.
const (
	fitSteps     = rounds + 2
	pictureSteps = 200
)

func (o Options) steps() int { return o.Train + o.Val + fitSteps*pictureSteps }

// progress counts the finished steps.
type progress struct {
	mutex sync.Mutex
	done  int
	o     Options
}

func (p *progress) add(n int) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.done += n
	p.o.Progress(p.done, p.o.steps())
}

// build draws all pictures into dir, and returns the data set for package coco to write.
func build(ctx context.Context, dir string, o Options) (*coco.Data, error) {
	bar := &progress{o: o}
	f := newFilters(o.stream(forFilters, 0))
	train, err := o.draw(ctx, dir, "train", forTrain, o.Train, f, bar)
	if err != nil {
		return nil, err
	}
	val, err := o.draw(ctx, dir, "val", forVal, o.Val, f, bar)
	if err != nil {
		return nil, err
	}
	p, err := fit(train.raw, featureLength, o.stream(forPCA, 0), func() error {
		bar.add(pictureSteps)
		return context.Cause(ctx)
	})
	if err != nil {
		return nil, err
	}
	p.centre(val.raw)

	vocab := newVocab(train.captions)
	return &coco.Data{
		Vocab: vocab,
		Train: train.finish(vocab, p.apply(train.raw)),
		Val:   val.finish(vocab, p.apply(val.raw)),
	}, nil
}

// split is the training or the validation part of the data set, before its words have ids.
type split struct {
	raw      *mat.Dense // (N, rawLength), the output of the filters
	captions []string   // (N·perImage)
	files    []string   // (N), relative to the folder
}

// draw draws n pictures on all processors and writes them.
func (o Options) draw(
	ctx context.Context, dir, name string, use uint64, n int, f *filters, bar *progress,
) (*split, error) {
	if err := os.MkdirAll(filepath.Join(dir, imagesDir, name), 0o755); err != nil {
		return nil, err
	}
	s := &split{
		raw:      mat.NewDense(n, rawLength, nil),
		captions: make([]string, n*perImage),
		files:    make([]string, n),
	}
	var next atomic.Int64
	workers, ctx := errgroup.WithContext(ctx)
	for range min(runtime.GOMAXPROCS(0), n) {
		workers.Go(func() error {
			b := newBuffers()
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return nil
				}
				if ctx.Err() != nil {
					return context.Cause(ctx)
				}
				r := o.stream(use, i)
				scene := newScene(r)
				copy(s.captions[i*perImage:], scene.captions(r))
				picture := scene.picture()
				f.apply(picture, b, s.raw.RawRowView(i))
				s.files[i] = fmt.Sprintf("%s/%s/%05d.png", imagesDir, name, i)
				if err := writePNG(filepath.Join(dir, filepath.FromSlash(s.files[i])), picture); err != nil {
					return err
				}
				bar.add(1)
			}
		})
	}
	return s, workers.Wait()
}

func writePNG(path string, img image.Image) error {
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o644)
}

// finish encodes the captions.
func (s *split) finish(v coco.Vocab, features []float32) coco.Split {
	out := coco.Split{
		Captions:  make([]int32, 0, len(s.captions)*captionLength),
		Length:    captionLength,
		ImageIdxs: make([]int32, len(s.captions)),
		Features:  features,
		Dim:       featureLength,
		URLs:      s.files,
	}
	for i, caption := range s.captions {
		out.Captions = encode(out.Captions, v, caption)
		out.ImageIdxs[i] = int32(i / perImage)
	}
	return out
}
