package coco

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"gonum.org/v1/gonum/blas/blas32"

	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// Options selects the data to load.
type Options struct {
	MaxTrain     int        // if above 0, the number of training captions, drawn at random with replacement
	Stream       *rng.NumPy // draws them
	FullFeatures bool       // the 4096 features of fc7 instead of the 512 after PCA
}

// Load reads the course's files from a folder, as load_coco_data of the original does. It checks that they fit together:
// every word id is in the vocabulary, every caption has an image, every feature is a finite number. Errors name the file
// and the data set.
//
// The HDF5 library can crash on damaged files, most of them compressed. A child process, which runs this program again up
// to the start of main, therefore reads the files first. If it crashes, the file is rejected.
func Load(dir string, o Options) (*Data, error) {
	if o.MaxTrain < 0 || o.MaxTrain > math.MaxInt32 || o.MaxTrain > 0 && o.Stream == nil {
		return nil, fmt.Errorf("coco: %d training captions need a Stream that draws them, and cannot be fewer than 0 or more than %d", o.MaxTrain, math.MaxInt32)
	}
	d := &Data{}
	path := filepath.Join(dir, captionsFile)
	err := trial(patience, filepath.Join(dir, featuresFile("train", o.FullFeatures)), filepath.Join(dir, featuresFile("val", o.FullFeatures)), path)
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
		if err := s.loadFeatures(filepath.Join(dir, featuresFile(name, o.FullFeatures)), name); err != nil {
			return nil, err
		}
	}
	if err := d.checkDims(); err != nil {
		return nil, fmt.Errorf("coco: %s: %w; get both files from one place", dir, err)
	}
	err = openHDF5(path, func(r *reader) (err error) {
		for name, s := range d.Splits() {
			err = cmp.Or(err, s.loadCaptions(r, name, len(d.Vocab.Words)))
		}
		return err
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
func (s *Split) loadFeatures(path, name string) error {
	return openHDF5(path, func(r *reader) error {
		return r.open("features", 2, func(f set) (err error) {
			if !holds[float32](f) {
				return r.errorf(f.name, "does not hold float32, little-endian")
			}
			if f.dims[0] != s.Images() {
				return r.errorf(f.name, "has %d images, but the list of addresses beside it %d", f.dims[0], s.Images())
			}
			s.Dim = f.dims[1]
			s.Features, err = read[float32](f)
			return cmp.Or(err, r.damaged(s.checkFeatures(name)))
		})
	})
}

// loadCaptions reads the captions of a split whose images are known.
func (s *Split) loadCaptions(r *reader, name string, words int) error {
	captions, dims, err := r.ids(name+"_captions", 2)
	if err != nil {
		return err
	}
	s.Captions, s.Length = captions, dims[1]
	if s.ImageIdxs, _, err = r.ids(name+"_image_idxs", 1); err != nil {
		return err
	}
	return r.damaged(s.checkCaptions(name, words))
}

func (d *Data) checkDims() error {
	if d.Train.Dim != d.Val.Dim {
		return fmt.Errorf("training images have %d features and validation images %d", d.Train.Dim, d.Val.Dim)
	}
	return nil
}

func (s *Split) checkFeatures(name string) error {
	if s.Images() == 0 || s.Dim < 1 || len(s.Features) != s.Images()*s.Dim {
		return fmt.Errorf("the %s split has %d feature values for %d images of %d", name, len(s.Features), s.Images(), s.Dim)
	}
	if i := notFinite(s.Features); i >= 0 {
		return fmt.Errorf("image %d of the %s split has the feature %v", i/s.Dim, name, s.Features[i])
	}
	return nil
}

func (s *Split) checkCaptions(name string, words int) error {
	if s.Len() == 0 || s.Len() > math.MaxInt32 || s.Length < 2 || len(s.Captions) != s.Len()*s.Length {
		return fmt.Errorf("the %s split has %d words for %d captions of %d", name, len(s.Captions), s.Len(), s.Length)
	}
	for i, id := range s.Captions {
		if id < 0 || int(id) >= words {
			return fmt.Errorf("caption %d of the %s split holds the id %d, outside the vocabulary of %d words", i/s.Length, name, id, words)
		}
	}
	for i, image := range s.ImageIdxs {
		if image < 0 || int(image) >= s.Images() {
			return fmt.Errorf("caption %d of the %s split belongs to image %d of %d", i, name, image, s.Images())
		}
	}
	return nil
}

// notFinite returns the index of the first value that is infinite or not a number, -1 if there is none.
//
// To look at 60 million values one by one takes longer than to read them. BLAS's dot product takes many at once. A sum of
// squares is finite unless a value is not, or is so large that its square is not.
func notFinite(values []float32) int {
	x := blas32.Vector{N: len(values), Inc: 1, Data: values}
	if squares := blas32.Dot(x, x); squares-squares == 0 {
		return -1
	}
	return slices.IndexFunc(values, func(v float32) bool { return v-v != 0 })
}

// loadURLs reads a list of addresses, one per line.
func loadURLs(path string) ([]string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, unreadable(err)
	}
	urls := strings.Split(strings.TrimRightFunc(string(data), unicode.IsSpace), "\n")
	for i, url := range urls {
		if urls[i] = strings.TrimSpace(url); urls[i] == "" {
			return nil, fmt.Errorf("coco: %s: line %d is empty, so the addresses after it would belong to other images; get the file again", path, i+1)
		}
		if !isLine(urls[i]) {
			return nil, fmt.Errorf("coco: %s: line %d is not an address but %.100q; get the file again", path, i+1, urls[i])
		}
	}
	return urls, nil
}
