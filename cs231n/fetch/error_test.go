package fetch_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/fetch"
)

func TestLocalErrors(t *testing.T) {
	t.Parallel()
	outside := filepath.Join(t.TempDir(), "a.png")
	require.NoError(t, os.WriteFile(outside, encoded(t, "png"), 0o600))
	dir := t.TempDir()
	require.NoError(t, os.Symlink(outside, filepath.Join(dir, "link.png")))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "page.png"), []byte("<html>"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "large.png"), make([]byte, 1001), 0o600))
	f := fetch.Images{Dir: dir, Requests: fetch.Requests{MaxBytes: 1000}}
	for _, test := range []struct {
		address, reason string
	}{
		{"none.png", "Not Found"},
		{"file://" + dir + "/none.png", "Not Found"},
		{outside, "is not in " + dir},
		{"file://" + outside, "is not in " + dir},
		{"../" + filepath.Base(dir) + "/page.png", "is not in " + dir},
		{"link.png", "cannot be read"},
		{".", "is not a file"},
		{"page.png", "is text/html, not an image"},
		{"large.png", "has more than 1000 bytes"},
		{"file://elsewhere/a.png", "is not a file of this machine"},
		{"file:a.png", "is not a file of this machine"},
		{"ftp://localhost/a.png", "ftp addresses are not supported"},
		{"data:image/png;base64,AAAA", "data addresses are not supported"},
		{"http://[half", "is not a URL"},
	} {
		t.Run(test.address, func(t *testing.T) {
			t.Parallel()
			_, err := f.Get(t.Context(), test.address)
			require.Equal(t, test.reason, requireError(t, err, test.address).Reason)
		})
	}
	_, err := f.Get(t.Context(), "none.png")
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = fetch.Images{Dir: filepath.Join(dir, "none")}.Get(t.Context(), "a.png")
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestAddressInErrors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ address, want string }{
		{"", `""`},
		{"a\nb.png", `"a\nb.png"`},
		{"ftp://me:secret@host/a.png", "ftp://me:xxxxx@host/a.png"},
		{"data:" + strings.Repeat("é", 400), "data:" + strings.Repeat("é", 147) + "…"},
	} {
		_, err := fetch.Images{Dir: t.TempDir()}.Get(t.Context(), test.address)
		requireError(t, err, test.want)
	}
}
