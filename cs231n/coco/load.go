package coco

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gonum.org/v1/gonum/blas/blas32"

	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// Options say what to load.
type Options struct {
	MaxTrain     int        // if above 0, this many training captions, drawn at random with repeats
	Stream       *rng.NumPy // draws them
	FullFeatures bool       // the 4096 features of fc7 instead of the 512 that PCA left
}

// Load reads the course's files from a folder, as the original's load_coco_data does, and checks that they fit
// together: every word id is in the vocabulary, every caption has an image, every feature is a number. Errors
// name the file and the part of it.
//
// HDF5's own library can crash on compressed data that was damaged in some ways. Another process therefore reads the
// files first, the program itself, started again, which ends before its main begins; a file that it does not survive
// is refused. [Fetcher] holds the files to the checksums that their archive has for them.
func Load(dir string, o Options) (*Data, error) {
	if o.MaxTrain < 0 || o.MaxTrain > math.MaxInt32 || o.MaxTrain > 0 && o.Stream == nil {
		return nil, fmt.Errorf("coco: %d training captions need a Stream that draws them, and cannot be fewer than 0 or more than %d", o.MaxTrain, math.MaxInt32)
	}
	d := &Data{}
	path := filepath.Join(dir, captionsFile)
	err := trial(filepath.Join(dir, featuresFile("train", o.FullFeatures)), filepath.Join(dir, featuresFile("val", o.FullFeatures)), path)
	if err != nil {
		return nil, err
	}
	if d.Vocab, err = loadVocab(filepath.Join(dir, vocabFile)); err != nil {
		return nil, err
	}
	for name, s := range d.Splits() {
		if s.URLs, err = loadURLs(filepath.Join(dir, urlsFile(name))); err != nil {
			return nil, err
		}
		if err := s.loadFeatures(filepath.Join(dir, featuresFile(name, o.FullFeatures))); err != nil {
			return nil, err
		}
	}
	if d.Train.Dim != d.Val.Dim {
		return nil, fmt.Errorf("coco: in %s training images have %d features and validation images %d; get both files from one place", dir, d.Train.Dim, d.Val.Dim)
	}
	err = openHDF5(path, func(r *reader) error {
		for name, s := range d.Splits() {
			if err := s.loadCaptions(r, name, len(d.Vocab.Words)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if o.MaxTrain > 0 {
		d.Train.sample(o.MaxTrain, o.Stream)
		if err := o.Stream.Err(); err != nil {
			return nil, fmt.Errorf("coco: draw %d training captions: %w", o.MaxTrain, err)
		}
	}
	return d, nil
}

// loadFeatures reads the features of a split whose URLs are known.
func (s *Split) loadFeatures(path string) error {
	const name = "features"
	return openHDF5(path, func(r *reader) error {
		values, dims, err := r.floats(name, len(s.URLs))
		if err != nil {
			return err
		}
		if i := notFinite(values); i >= 0 {
			return r.errorf(name, "holds %v in row %d, which is no feature; get the file again", values[i], i/dims[1])
		}
		s.Features, s.Dim = values, dims[1]
		return nil
	})
}

// notFinite is the place of the first value that is infinite or not a number, -1 if there is none.
//
// One look at each of 60 million values takes longer than reading them. BLAS's dot product takes many at once,
// and a sum of squares is finite unless one of them is not (or is so large that its square is not).
func notFinite(values []float32) int {
	x := blas32.Vector{N: len(values), Inc: 1, Data: values}
	if squares := blas32.Dot(x, x); squares-squares == 0 {
		return -1
	}
	return slices.IndexFunc(values, func(v float32) bool { return v-v != 0 })
}

// loadCaptions reads the captions of a split whose images are known.
func (s *Split) loadCaptions(r *reader, split string, words int) error {
	captions, dims, err := r.ids(split+"_captions", 2, words, "words of the vocabulary")
	if err != nil {
		return err
	}
	images, rows, err := r.ids(split+"_image_idxs", 1, s.Images(), "images of the features")
	if err != nil {
		return err
	}
	if rows[0] != dims[0] {
		return r.errorf(split+"_image_idxs", "has %d rows for %d captions", rows[0], dims[0])
	}
	if dims[1] < 2 || dims[0] > math.MaxInt32 {
		return r.errorf(split+"_captions", "has the shape %v; captions need two words at least", dims)
	}
	s.Captions, s.Length, s.ImageIdxs = captions, dims[1], images
	return nil
}

// loadURLs reads a list of addresses, one in each line.
func loadURLs(path string) ([]string, error) {
	file, err := os.Open(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, missing(err)
	case err != nil:
		return nil, fmt.Errorf("coco: %w", err)
	}
	defer file.Close()
	var urls []string
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		urls = append(urls, strings.TrimSpace(lines.Text()))
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("coco: %s: line %d: %w", path, len(urls)+1, err)
	}
	for len(urls) > 0 && urls[len(urls)-1] == "" {
		urls = urls[:len(urls)-1]
	}
	if i := slices.Index(urls, ""); i >= 0 {
		return nil, fmt.Errorf("coco: %s: line %d is empty, the addresses after it would belong to other images", path, i+1)
	}
	if i := slices.IndexFunc(urls, func(url string) bool { return !isLine(url) }); i >= 0 {
		return nil, fmt.Errorf("coco: %s: line %d is no address but %.100q; get the file again", path, i+1, urls[i])
	}
	if len(urls) == 0 {
		return nil, fmt.Errorf("coco: %s lists no images", path)
	}
	return urls, nil
}
