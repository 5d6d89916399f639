package coco_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/coco"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// byH5py is a data set in COCO's format, written by Python's h5py.
const byH5py = "../captioning/testdata/small"

// tiny is a small data set: 7 and 3 captions of 5 words, 3 and 2 images of 2 features, 6 words.
func tiny() *coco.Data {
	words := []string{coco.Null, coco.Start, coco.End, coco.Unknown, "cat", "naps"}
	d := &coco.Data{Vocab: coco.Vocab{Words: words, IDs: map[string]int{}}}
	for i, w := range words {
		d.Vocab.IDs[w] = i
	}
	for i, s := range []*coco.Split{&d.Train, &d.Val} {
		images, captions := 3-i, 7-4*i
		*s = coco.Split{Length: 5, Dim: 2}
		for image := range images {
			s.URLs = append(s.URLs, fmt.Sprintf("http://images.example/%d/%d.jpg", i, image))
			s.Features = append(s.Features, float32(image), -0.5)
		}
		for c := range captions {
			s.Captions = append(s.Captions, 1, int32(3+c%3), 5, 2, 0)
			s.ImageIdxs = append(s.ImageIdxs, int32(c%images))
		}
	}
	return d
}

func TestWriteAndLoad(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new", "data")
	require.False(t, coco.Present(dir))
	require.NoError(t, coco.Write(dir, tiny()))
	require.True(t, coco.Present(dir))
	got, err := coco.Load(dir, coco.Options{})
	require.NoError(t, err)
	require.Equal(t, tiny(), got)
	require.NoError(t, coco.Write(dir, got), "over what is there")
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 6, "no temporary file stays")
	_, err = coco.Load(dir, coco.Options{FullFeatures: true})
	require.ErrorContains(t, err, "train2014_vgg16_fc7.h5")
}

// TestLoadByH5py reads files that Python wrote.
func TestLoadByH5py(t *testing.T) {
	t.Parallel()
	d, err := coco.Load(byH5py, coco.Options{})
	require.NoError(t, err)
	var summary strings.Builder
	require.NoError(t, d.WriteSummary(&summary))
	require.Equal(t, strings.Join([]string{
		"train_captions    int32    (200, 9)",
		"train_image_idxs  int32    (200)",
		"train_features    float32  (40, 24)",
		"train_urls        string   (40)",
		"val_captions      int32    (60, 9)",
		"val_image_idxs    int32    (60)",
		"val_features      float32  (12, 24)",
		"val_urls          string   (12)",
		"idx_to_word       string   (29)",
		"word_to_idx       map      29",
		"",
	}, "\n"), summary.String())
	for i := range d.Train.Len() {
		require.True(t, strings.HasPrefix(d.Vocab.Decode(d.Train.Caption(i)), coco.Start+" "))
	}
}

// TestMaxTrain keeps the rows that NumPy's randint draws, with replacement, and all images.
func TestMaxTrain(t *testing.T) {
	t.Parallel()
	all, err := coco.Load(byH5py, coco.Options{})
	require.NoError(t, err)
	few, err := coco.Load(byH5py, coco.Options{MaxTrain: 50, Stream: rng.NewNumPy(231)})
	require.NoError(t, err)
	require.Equal(t, 50, few.Train.Len())
	require.Equal(t, all.Train.Features, few.Train.Features)
	require.Equal(t, all.Val, few.Val)
	// np.random.seed(231); np.random.randint(200, size=50)[:8]
	for i, row := range []int{87, 176, 148, 11, 198, 2, 119, 84} {
		require.Equal(t, all.Train.Caption(row), few.Train.Caption(i))
		require.Equal(t, all.Train.ImageIdxs[row], few.Train.ImageIdxs[i])
	}
}

// golden is the content of testdata/tiny, which testdata/golden.py wrote.
type golden struct {
	Words           []string
	Train, Val      goldenSplit
	Mask, Minibatch []int
}

type goldenSplit struct {
	Captions       []int32
	ImageIdxs      []int32 `json:"image_idxs"`
	Features, Full []float32
	URLs           []string
}

// TestLoadKinds reads data sets in all forms that h5py writes: with 32 and 64 bits, contiguous and in compressed chunks. Training captions and a batch are drawn from one stream, as NumPy draws them.
func TestLoadKinds(t *testing.T) {
	t.Parallel()
	const dir = "testdata/tiny"
	var want golden
	data, err := os.ReadFile("testdata/golden.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &want))
	for _, full := range []bool{false, true} {
		d, err := coco.Load(dir, coco.Options{FullFeatures: full})
		require.NoError(t, err)
		require.Equal(t, want.Words, d.Vocab.Words)
		for _, s := range []struct {
			got  coco.Split
			want goldenSplit
		}{{d.Train, want.Train}, {d.Val, want.Val}} {
			features, dim := s.want.Features, 3
			if full {
				features, dim = s.want.Full, 8
			}
			require.Equal(t, coco.Split{
				Captions: s.want.Captions, Length: 6, ImageIdxs: s.want.ImageIdxs, Features: features, Dim: dim, URLs: s.want.URLs,
			}, s.got)
		}
	}
	stream := rng.NewNumPy(231)
	d, err := coco.Load(dir, coco.Options{MaxTrain: len(want.Mask), Stream: stream})
	require.NoError(t, err)
	for i, row := range want.Mask {
		require.Equal(t, want.Train.ImageIdxs[row], d.Train.ImageIdxs[i])
	}
	b, err := d.Train.Minibatch(len(want.Minibatch), stream)
	require.NoError(t, err)
	require.Equal(t, want.Minibatch, b.Rows)
}

// TestMinibatch draws rows as NumPy's choice does, with the features and addresses of their images.
func TestMinibatch(t *testing.T) {
	t.Parallel()
	d := tiny()
	b, err := d.Train.Minibatch(20, rng.NewNumPy(231))
	require.NoError(t, err)
	require.Equal(t, rng.NewNumPy(231).Choice(7, 20), b.Rows)
	for i, row := range b.Rows {
		image := int(d.Train.ImageIdxs[row])
		require.Equal(t, d.Train.Caption(row), b.Captions[i*5:(i+1)*5])
		require.Equal(t, []float32{float32(image), -0.5}, b.Features[i*2:(i+1)*2])
		require.Equal(t, d.Train.URLs[image], b.URLs[i])
	}
	_, err = d.Train.Minibatch(0, rng.NewNumPy(1))
	require.ErrorContains(t, err, "0 captions")
	_, err = d.Train.Minibatch(2, nil)
	require.ErrorContains(t, err, "needs a stream")
	_, err = d.Train.Rows([]int{0, 7})
	require.ErrorContains(t, err, "no caption 7")
}

func TestDecode(t *testing.T) {
	t.Parallel()
	v := tiny().Vocab
	for want, ids := range map[string][]int32{
		"<START> cat naps <END>": {1, 4, 5, 2, 0, 0},
		"cat <END>":              {0, 4, 0, 2, 5, 5},
		"naps cat":               {5, 4, 0},
		"":                       {0, 0},
		"<6?> <-1?> cat":         {6, -1, 4},
	} {
		require.Equal(t, want, v.Decode(ids))
	}
}

// TestLoadRefuses damages one thing at a time: the error is one line that names the file and the part of it.
func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	const captions, features, vocab, urls = "coco2014_captions.h5", "train2014_vgg16_fc7_pca.h5", "coco2014_vocab.json", "val2014_urls.txt"
	cut := func(name string, keep float64) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			data, err := os.ReadFile(filepath.Join(dir, name))
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), data[:int(keep*float64(len(data)))], 0o644))
		}
	}
	replace := func(name, content string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644))
		}
	}
	for _, c := range []struct {
		name   string
		damage func(t *testing.T, dir string)
		says   []string
	}{
		{"no captions", func(t *testing.T, dir string) { require.NoError(t, os.Remove(filepath.Join(dir, captions))) }, []string{captions, "data fetch", "data make"}},
		{"no vocabulary", func(t *testing.T, dir string) { require.NoError(t, os.Remove(filepath.Join(dir, vocab))) }, []string{vocab, "data make"}},
		{"no addresses", func(t *testing.T, dir string) { require.NoError(t, os.Remove(filepath.Join(dir, urls))) }, []string{urls, "data make"}},
		{"captions cut in the middle", cut(captions, 0.6), []string{captions, "damaged or incomplete"}},
		{"captions cut at the start", cut(captions, 0.001), []string{captions, "cannot be opened"}},
		{"nothing left of the captions", cut(captions, 0), []string{captions, "not an HDF5 file"}},
		{"features cut by a byte", cut(features, 0.9999), []string{features, "damaged or incomplete"}},
		{"another kind of file", replace(features, "<html>Not Found</html>"), []string{features, "not an HDF5 file"}},
		{"the captions' file instead of the features'", func(t *testing.T, dir string) {
			data, err := os.ReadFile(filepath.Join(dir, captions))
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(dir, features), data, 0o644))
		}, []string{features, "data set features is missing"}},
		{"vocabulary is no JSON", replace(vocab, "cat"), []string{vocab, "not a vocabulary"}},
		{"vocabulary of another shape", replace(vocab, `{"idx_to_word": 7}`), []string{vocab, "not a vocabulary"}},
		{"vocabulary without padding", replace(vocab, `{"idx_to_word": ["<START>"], "word_to_idx": {"<START>": 0}}`), []string{vocab, "lacks <NULL>"}},
		{"vocabulary without an end", replace(vocab, `{"idx_to_word": ["<NULL>", "<START>"], "word_to_idx": {"<NULL>": 0, "<START>": 1}}`), []string{vocab, "lacks <END>"}},
		{"vocabulary of one direction", replace(vocab, `{"idx_to_word": ["<NULL>"], "word_to_idx": {}}`), []string{vocab, "1 words", "0"}},
		{"a word twice", replace(vocab, `{"idx_to_word": ["a", "a"], "word_to_idx": {"a": 1, "b": 0}}`), []string{vocab, `"a"`}},
		{"a smaller vocabulary", replace(vocab, `{"idx_to_word": ["<NULL>", "<START>", "<END>"], "word_to_idx": {"<NULL>": 0, "<START>": 1, "<END>": 2}}`), []string{captions, "caption 0 of the train split holds the id", "outside the vocabulary of 3 words"}},
		{"fewer addresses than images", replace(urls, "http://images.example/1.jpg\n"), []string{"val2014_vgg16_fc7_pca.h5", "12 images", "1"}},
		{"no address at all", replace(urls, "\n\n"), []string{urls, "line 1 is empty"}},
		{"a line in a line", replace(urls, "a\rb\n"), []string{urls, `line 1 is not an address but "a\rb"`}},
		{"an empty line", replace(urls, "a\n\nb\n"), []string{urls, "line 2 is empty"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			require.NoError(t, os.CopyFS(dir, os.DirFS(byH5py)))
			c.damage(t, dir)
			_, err := coco.Load(dir, coco.Options{})
			requireLine(t, err, c.says...)
		})
	}
	_, err := coco.Load(byH5py, coco.Options{MaxTrain: 5})
	requireLine(t, err, "need a Stream")
	_, err = coco.Load(byH5py, coco.Options{MaxTrain: -5, Stream: rng.NewNumPy(1)})
	requireLine(t, err, "-5")
	_, err = coco.Load(byH5py, coco.Options{MaxTrain: math.MaxInt, Stream: rng.NewNumPy(1)})
	requireLine(t, err, "more than 2147483647")
}

// requireLine checks that an error is one line with the given words.
func requireLine(t *testing.T, err error, says ...string) {
	t.Helper()
	require.Error(t, err)
	require.NotContains(t, err.Error(), "\n")
	require.True(t, strings.HasPrefix(err.Error(), "coco: "), err)
	for _, s := range says {
		require.ErrorContains(t, err, s)
	}
}

func TestWriteRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		damage func(d *coco.Data)
		says   string
	}{
		{"a word outside the vocabulary", func(d *coco.Data) { d.Val.Captions[7] = 6 }, "caption 1 of the val split holds the id 6"},
		{"an image outside", func(d *coco.Data) { d.Train.ImageIdxs[3] = 3 }, "caption 3 of the train split belongs to image 3 of 3"},
		{"an empty split", func(d *coco.Data) { d.Val = coco.Split{} }, "the val split has 0 feature values for 0 images of 0"},
		{"features of another length", func(d *coco.Data) { d.Train.Dim = 3 }, "6 feature values for 3 images of 3"},
		{"captions of another length", func(d *coco.Data) { d.Train.Length = 4 }, "35 words for 7 captions of 4"},
		{"no padding", func(d *coco.Data) { delete(d.Vocab.IDs, coco.Null) }, "6 words"},
		{"features that are no numbers", func(d *coco.Data) { d.Val.Features[3] = float32(math.NaN()) }, "image 1 of the val split has the feature NaN"},
		{"an address of two lines", func(d *coco.Data) { d.Val.URLs[0] = "a\nb" }, "not a line of text"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir, d := t.TempDir(), tiny()
			c.damage(d)
			requireLine(t, coco.Write(dir, d), c.says)
			entries, err := os.ReadDir(dir)
			require.NoError(t, err)
			require.Empty(t, entries)
		})
	}
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o644))
	requireLine(t, coco.Write(filepath.Join(file, "below"), tiny()), "not a directory")
}

func TestSplits(t *testing.T) {
	t.Parallel()
	d := &coco.Data{}
	var names []string
	for name, split := range d.Splits() {
		names = append(names, name)
		require.Same(t, map[string]*coco.Split{"train": &d.Train, "val": &d.Val}[name], split)
	}
	require.Equal(t, []string{"train", "val"}, names)
	for name := range d.Splits() {
		require.Equal(t, "train", name)
		break
	}
}
