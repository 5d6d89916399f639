package coco_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"fmt"
	"hash/crc32"
	"io/fs"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFetchRefusesArchives(t *testing.T) {
	t.Parallel()
	add := func(h zip.FileHeader, data string) func(*zip.Writer) {
		return func(z *zip.Writer) { put(t, z, &h, []byte(data)) }
	}
	link := zip.FileHeader{Name: "coco2014_vocab.json"}
	link.SetMode(fs.ModeSymlink | 0o777)
	const vocab = "coco2014_vocab.json"
	for _, test := range []struct {
		name  string
		files func(files map[string][]byte) // changes what is packed
		edit  func(z *zip.Writer)           // adds to it
		bytes func(archive []byte) []byte   // changes the archive
		want  string
	}{
		{"parent", nil, add(zip.FileHeader{Name: "../" + vocab}, "{}"), nil, `its entry "../coco2014_vocab.json" would be outside the folder`},
		{"hidden parent", nil, add(zip.FileHeader{Name: "a/../../" + vocab}, "{}"), nil, "outside the folder"},
		{"root", nil, add(zip.FileHeader{Name: "/tmp/" + vocab}, "{}"), nil, "outside the folder"},
		{"backslash", nil, add(zip.FileHeader{Name: `..\` + vocab}, "{}"), nil, "outside the folder"},
		{"link", func(f map[string][]byte) { delete(f, vocab) }, add(link, "/etc/passwd"), nil, "is a link or a device"},
		{"twice", nil, add(zip.FileHeader{Name: "b/" + vocab}, "{}"), nil, "it has coco2014_vocab.json twice"},
		{"lacks one", func(f map[string][]byte) { delete(f, vocab) }, nil, nil, "it lacks coco2014_vocab.json"},
		{"entries", nil, func(z *zip.Writer) {
			for i := range 1001 {
				put(t, z, &zip.FileHeader{Name: fmt.Sprint(i)}, nil)
			}
		}, nil, "entries, more than 1000"},
		{"bomb", func(f map[string][]byte) { delete(f, vocab) }, func(z *zip.Writer) { bomb(t, z, vocab, 1<<40) }, nil, "its files take more than 17179869184 bytes; this is not the course"},
		{"bomb that lies", func(f map[string][]byte) { delete(f, vocab) }, func(z *zip.Writer) { bomb(t, z, vocab, 100) }, nil, "unpack coco2014_vocab.json: zip: not a valid zip file; the archive is damaged"},
		{"cut", nil, nil, func(b []byte) []byte { return b[:len(b)-40] }, "not a complete zip archive"},
		{"damaged", nil, nil, func(b []byte) []byte { return bytes.Replace(b, []byte("idx_to_word"), []byte("idx_to_ward"), 1) }, "zip: checksum error; the archive is damaged"},
		{"no HDF5", func(f map[string][]byte) { f["coco2014_captions.h5"] = []byte("text") }, nil, nil, "not an HDF5 file"},
		{"other vocabulary", func(f map[string][]byte) { f[vocab] = []byte("{}") }, nil, nil, "lacks <NULL>"},
		{"other addresses", func(f map[string][]byte) { f["val2014_urls.txt"] = []byte("a\nb\n") }, nil, nil, "data set features has 7 images, but the list of addresses beside it 2"},
		{"other captions", func(f map[string][]byte) { f["coco2014_captions.h5"] = f["train2014_vgg16_fc7_pca.h5"] }, nil, nil, "data set train_captions is missing"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			files := courseFiles(t)
			if test.files != nil {
				test.files(files)
			}
			packed := archive(t, files, test.edit)
			if test.bytes != nil {
				packed = test.bytes(packed)
			}
			s := serve(t, &server{archive: packed, etag: `"1"`})
			parent := t.TempDir()
			dir := filepath.Join(parent, "coco")
			f := fetcher(s.URL)
			err := failing(t, f, dir)
			require.ErrorContains(t, err, test.want)
			require.ErrorContains(t, err, "the archive was removed")
			assert.Empty(t, list(t, dir))
			assert.Equal(t, []string{"coco"}, list(t, parent), "a file is outside the folder")
		})
	}
}

// bomb adds an entry of 4 MiB that claims another size.
func bomb(t *testing.T, z *zip.Writer, name string, claimed uint64) {
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestCompression)
	require.NoError(t, err)
	_, err = w.Write(make([]byte, 4<<20))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	raw, err := z.CreateRaw(&zip.FileHeader{
		Name: name, Method: zip.Deflate, CRC32: crc32.ChecksumIEEE(make([]byte, 100)),
		CompressedSize64: uint64(packed.Len()), UncompressedSize64: claimed,
	})
	require.NoError(t, err)
	_, err = raw.Write(packed.Bytes())
	require.NoError(t, err)
}
