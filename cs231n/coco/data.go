// Package coco loads, samples, writes and downloads captioning data in the format of the assignment's COCO files: captions
// as rows of word ids, one feature vector and one address for each image, and a vocabulary.
//
// In shapes, M is the number of captions, T of words in a caption, I of images, D of features.
package coco

import (
	"fmt"
	"io"
	"iter"
	"strings"
	"text/tabwriter"

	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// Data is a captioning data set.
type Data struct {
	Train, Val Split
	Vocab      Vocab
}

// Splits yields the splits with their names, train and val.
func (d *Data) Splits() iter.Seq2[string, *Split] {
	return func(yield func(string, *Split) bool) {
		_ = yield("train", &d.Train) && yield("val", &d.Val)
	}
}

// Split is the training or the validation part of a data set.
type Split struct {
	Captions  []int32   // (M, T) word ids, row by row
	Length    int       // T: <START>, words, <END>, and <NULL> as padding
	ImageIdxs []int32   // (M) the image of each caption, a row of Features and URLs
	Features  []float32 // (I, D), row by row
	Dim       int       // D
	URLs      []string  // (I) addresses on the web, or paths relative to the folder of the data
}

// Len returns M, the number of captions.
func (s *Split) Len() int { return len(s.ImageIdxs) }

// Images returns I, the number of images.
func (s *Split) Images() int { return len(s.URLs) }

// Caption returns caption i. It shares memory with the split.
func (s *Split) Caption(i int) []int32 { return s.Captions[i*s.Length : (i+1)*s.Length] }

// Batch holds captions with the features and addresses of their images.
type Batch struct {
	Rows     []int     // (N) indices of the captions
	Captions []int32   // (N, T)
	Features []float32 // (N, D)
	URLs     []string  // (N)
}

// Minibatch draws captions at random with replacement, as sample_coco_minibatch of the original does.
func (s *Split) Minibatch(size int, stream *rng.NumPy) (Batch, error) {
	if size < 1 || s.Len() == 0 {
		return Batch{}, fmt.Errorf("coco: a minibatch of %d captions cannot be drawn from %d", size, s.Len())
	}
	if stream == nil {
		return Batch{}, fmt.Errorf("coco: a minibatch of %d captions needs a stream that draws it, got none", size)
	}
	rows := stream.Choice(s.Len(), size)
	if err := stream.Err(); err != nil {
		return Batch{}, fmt.Errorf("coco: minibatch: %w", err)
	}
	return s.Rows(rows)
}

// Rows collects the given captions with the features and addresses of their images.
func (s *Split) Rows(rows []int) (Batch, error) {
	b := Batch{
		Rows:     rows,
		Captions: make([]int32, 0, len(rows)*s.Length),
		Features: make([]float32, 0, len(rows)*s.Dim),
		URLs:     make([]string, 0, len(rows)),
	}
	for _, row := range rows {
		if row < 0 || row >= s.Len() {
			return Batch{}, fmt.Errorf("coco: rows: there is no caption %d, want 0 to %d", row, s.Len()-1)
		}
		image := int(s.ImageIdxs[row])
		b.Captions = append(b.Captions, s.Caption(row)...)
		b.Features = append(b.Features, s.Features[image*s.Dim:(image+1)*s.Dim]...)
		b.URLs = append(b.URLs, s.URLs[image])
	}
	return b, nil
}

// sample draws size captions at random with replacement, and drops the others. It keeps all images.
func (s *Split) sample(size int, stream *rng.NumPy) {
	rows := make([]int, size)
	stream.RandInts(rows, s.Len())
	captions, images := make([]int32, 0, size*s.Length), make([]int32, size)
	for i, row := range rows {
		captions = append(captions, s.Caption(row)...)
		images[i] = s.ImageIdxs[row]
	}
	s.Captions, s.ImageIdxs = captions, images
}

// The special words: padding, the start and the end of a caption, and the substitute for a rare word.
const (
	Null    = "<NULL>"
	Start   = "<START>"
	End     = "<END>"
	Unknown = "<UNK>"
)

// Decode returns the words of the ids. It omits <NULL> and stops after <END>. An id i outside the vocabulary becomes <i?>.
func (v *Vocab) Decode(caption []int32) string {
	var words []string
	for _, id := range caption {
		word := fmt.Sprintf("<%d?>", id)
		if id >= 0 && int(id) < len(v.Words) {
			word = v.Words[id]
		}
		if word != Null {
			words = append(words, word)
		}
		if word == End {
			break
		}
	}
	return strings.Join(words, " ")
}

// WriteSummary prints the name, type and shape of each array.
func (d *Data) WriteSummary(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for name, part := range d.Splits() {
		fmt.Fprintf(table, "%s_captions\tint32\t(%d, %d)\n", name, part.Len(), part.Length)
		fmt.Fprintf(table, "%s_image_idxs\tint32\t(%d)\n", name, part.Len())
		fmt.Fprintf(table, "%s_features\tfloat32\t(%d, %d)\n", name, part.Images(), part.Dim)
		fmt.Fprintf(table, "%s_urls\tstring\t(%d)\n", name, part.Images())
	}
	fmt.Fprintf(table, "idx_to_word\tstring\t(%d)\nword_to_idx\tmap\t%d\n", len(d.Vocab.Words), len(d.Vocab.IDs))
	return table.Flush()
}
