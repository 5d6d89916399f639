package display

import (
	"bytes"
	"flag"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/image/draw"
)

// Review the golden images before you commit them. To rewrite them, run go test ./cs231n/display -update.
var update = flag.Bool("update", false, "rewrite the golden images instead of comparing with them")

// samples returns images that resemble digits: a noisy bright ring on black, with a different radius in each.
func samples(n, side int) [][]float32 {
	r := rand.New(rand.NewPCG(1, 2))
	images := make([][]float32, n)
	for i := range images {
		images[i] = make([]float32, side*side)
		middle, radius := float64(side-1)/2, float64(side)*(0.15+0.25*float64(i%16)/15)
		for p := range images[i] {
			d := math.Hypot(float64(p%side)-middle, float64(p/side)-middle) - radius
			images[i][p] = float32(2*math.Exp(-d*d/3) - 1 + 0.1*r.Float64())
		}
	}
	return images
}

func losses(n int) (d, g []float64) {
	r := rand.New(rand.NewPCG(3, 4))
	for i := range n {
		t := float64(i) / float64(n)
		d = append(d, 1.35-0.3*t+0.15*r.NormFloat64())
		g = append(g, 0.7+0.9*t*(1-t)+0.25*r.NormFloat64())
	}
	return d, g
}

func TestGoldenPictures(t *testing.T) {
	t.Parallel()
	d, g := losses(600)
	grid := func(images [][]float32) func() (image.Image, error) {
		return func() (image.Image, error) { return Grid(images) }
	}
	tests := []struct {
		name string
		draw func() (image.Image, error)
	}{
		{"grid16", grid(samples(16, 28))},
		{"grid11", grid(samples(11, 7))},
		{"bars", Bars{
			Title: "Time of a step", YLabel: "ms", Groups: []string{"rnn", "lstm", "transformer"},
			Series: []Series{{Name: "ours", Y: []float64{17, 41, 53}}, {Name: "theirs", Y: []float64{31, 84, math.NaN()}}},
		}.Image},
		{"logarithmic", Curve{
			Title: "Growth", XLabel: "work", YLabel: "time", Log: true,
			Series: []Series{{Name: "batch", X: []float64{1, 2, 4, 16}, Y: []float64{1, 1.7, 3.3, 14}}, {Name: "linear", X: []float64{1, 16}, Y: []float64{1, 16}}},
		}.Image},
		{"curve", Curve{
			Title: "GAN losses", XLabel: "iteration", YLabel: "loss", Smooth: 25,
			Series: []Series{{Name: "discriminator", Y: d}, {Name: "generator", Y: g}},
		}.Image},
		{"curve_plain", Curve{
			XLabel: "epoch", YLabel: "BLEU", Width: 400, Height: 260,
			Series: []Series{{X: []float64{1, 2, 5, 10}, Y: []float64{0.1, math.NaN(), 0.24, 0.31}}},
		}.Image},
		{"caption", func() (image.Image, error) {
			photo := image.NewRGBA(image.Rect(0, 0, 64, 48))
			for i := range 64 * 48 {
				photo.Set(i%64, i/64, color.RGBA{uint8(i % 64 * 4), uint8(i / 64 * 5), 0x80, 0xff})
			}
			return Caption(photo, 416, "found: a red circle left of a blue square that is much larger than it and stands on a table",
				"GT: a circle and a square"), nil
		}},
		{"caption_reduced", func() (image.Image, error) {
			photo := image.NewRGBA(image.Rect(0, 0, 640, 480))
			for i := range 640 * 480 {
				photo.Set(i%640, i/640, color.RGBA{uint8(i % 640 * 2 / 5), uint8(i / 640 / 2), 0x80, 0xff})
			}
			return Caption(photo, 280, "GT: <START> a wide photograph in a row of three <END>"), nil
		}},
		{"heatmap", Heatmap{
			Title: "layer 1, head 2", Rows: []string{"<START>", "a", "red", "ball"}, Columns: []string{"<START>", "a", "red", "ball"},
			Values: [][]float64{{1, 0, 0, 0}, {0.4, 0.6, 0, 0}, {0.2, 0.3, 0.5, 0}, {0.1, 0.1, 0.2, 0.6}},
		}.Image},
		{"trajectory", Trajectory{
			Title: "Alternating steps on f(x, y) = xy", XLabel: "x", YLabel: "y",
			X: []float64{1, -1, -2, -1, 1, 2, 1}, Y: []float64{1, 2, 1, -1, -2, -1, 1},
		}.Image},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			img, err := test.draw()
			require.NoError(t, err)
			golden := filepath.Join("testdata", test.name+".png")
			if *update {
				require.NoError(t, SavePNG(golden, img))
			}
			want, err := Open(golden)
			require.NoError(t, err, "run the test with -update, then look at the image")
			require.Equal(t, want.Bounds(), img.Bounds())
			assert.Less(t, difference(want, img), 0.002, "%s has changed; run the test with -update and look at it", golden)
		})
	}
}

// difference returns the fraction of pixels that differ visibly. A slightly different shade does not count, since processors
// round differently.
func difference(a, b image.Image) float64 {
	const shade = 0x1800 // of 0xffff
	bounds, differ := a.Bounds(), 0
	apart := func(v, w uint32) bool { return max(v, w)-min(v, w) > shade }
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			r, g, b1, _ := a.At(x, y).RGBA()
			r2, g2, b2, _ := b.At(x, y).RGBA()
			if apart(r, r2) || apart(g, g2) || apart(b1, b2) {
				differ++
			}
		}
	}
	return float64(differ) / float64(bounds.Dx()*bounds.Dy())
}

func TestGridSizes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		n, side       int
		width, height int
		bytes         int // upper bound of the PNG
	}{
		{16, 28, 458, 458, 12 << 10},
		{128, 28, 698, 640, 80 << 10},
		{1, 28, 480, 480, 3 << 10},
		{2, 300, 606, 304, 80 << 10},
	}
	for _, test := range tests {
		img, err := Grid(samples(test.n, test.side))
		require.NoError(t, err)
		assert.Equal(t, image.Pt(test.width, test.height), img.Bounds().Size(), "%+v", test)
		var buf bytes.Buffer
		require.NoError(t, encodePNG(&buf, img))
		assert.Less(t, buf.Len(), test.bytes, "%+v", test)
	}
	wide, err := Table(samples(6, 28), 3)
	require.NoError(t, err)
	assert.Equal(t, image.Pt(3*(28*5+2)+2, 2*(28*5+2)+2), wide.Bounds().Size())
	_, err = Table(samples(6, 28), 0)
	require.EqualError(t, err, "display: Grid: 6 images in 0 columns; pass at least one of each")
}

func TestGridScalesEachImageAlone(t *testing.T) {
	t.Parallel()
	nan := float32(math.NaN())
	img, err := Grid([][]float32{
		{0, 1, 2, 3},        // the full range
		{5, 5, 5, 5},        // no range: black
		{-3e38, 3e38, 0, 0}, // a range that overflows float32
		{nan, 10, 20, 30},   // not a number: blank
	})
	require.NoError(t, err)
	const scale = gridWidth / 4
	level := func(i, p int) uint8 {
		x := gridGap + i%2*(2*scale+gridGap) + p%2*scale + scale/2
		y := gridGap + i/2*(2*scale+gridGap) + p/2*scale + scale/2
		return img.(*image.Paletted).ColorIndexAt(x, y)
	}
	for i, want := range [][]uint8{{0, 10, 21, 31}, {0, 0, 0, 0}, {0, 31, 16, 16}, {31, 0, 16, 31}} {
		for p := range want {
			assert.Equal(t, want[p], level(i, p), "image %d, pixel %d", i, p)
		}
	}
}

func TestPictureErrors(t *testing.T) {
	t.Parallel()
	inf := math.Inf(1)
	grid := func(images ...[]float32) func() error {
		return func() error { _, err := Grid(images); return err }
	}
	curve := func(c Curve) func() error { return func() error { _, err := c.Image(); return err } }
	heat := func(h Heatmap) func() error { return func() error { _, err := h.Image(); return err } }
	walk := func(x, y []float64) func() error {
		return func() error { _, err := Trajectory{X: x, Y: y}.Image(); return err }
	}
	tests := []struct {
		name, want string
		run        func() error
	}{
		{"no images", "Grid: 0 images", grid()},
		{"empty image", "image 0 has 0 pixels", grid([]float32{})},
		{"not square", "image 0 has 3 pixels", grid([]float32{1, 2, 3})},
		{"mixed", "image 1 has 1 pixels", grid([]float32{1, 2, 3, 4}, []float32{1})},
		{"split", "5 values cannot be split into images of 2 pixels", func() error { _, err := Split(make([]float32, 5), 2); return err }},
		{"no series", "no finite value", curve(Curve{})},
		{"diverged", "no finite value", curve(Curve{Smooth: 3, Series: []Series{{Y: []float64{inf, math.NaN()}}}})},
		{"lengths", "1 X for 2 Y values", curve(Curve{Series: []Series{{X: []float64{1}, Y: []float64{1, 2}}}})},
		{"no matrix", "has no values", heat(Heatmap{})},
		{"ragged matrix", "row 1 has 1 values", heat(Heatmap{Values: [][]float64{{1, 2}, {3}}})},
		{"negative", "row 0 has the value -1", heat(Heatmap{Values: [][]float64{{1, -1}}})},
		{"no number", "row 0 has the value NaN", heat(Heatmap{Values: [][]float64{{math.NaN()}}})},
		{"labels", "2 labels for 1 rows", heat(Heatmap{Values: [][]float64{{1}}, Rows: []string{"a", "b"}})},
		{"no walk", "0 X and 0 Y values", walk(nil, nil)},
		{"uneven walk", "2 X and 1 Y values", walk([]float64{1, 2}, []float64{1})},
		{"walk away", "point 1", walk([]float64{1, inf}, []float64{1, 1})},
		{"no folder", "SavePNG: open no/such", func() error { return SavePNG("no/such/a.png", image.NewGray(image.Rect(0, 0, 1, 1))) }},
		{"no file", "open no/such", func() error { _, err := Open("no/such.png"); return err }},
		{"no picture", "only PNG and JPEG", func() error { _, err := Open("picture_test.go"); return err }},
	}
	for _, test := range tests {
		err := test.run()
		if assert.Error(t, err, test.name) {
			assert.Contains(t, err.Error(), test.want, test.name)
			assert.NotContains(t, err.Error(), "\n", test.name)
		}
	}
}

func TestRoundTicks(t *testing.T) {
	t.Parallel()
	tests := []struct {
		low, high float64
		want      []string
	}{
		{0, 600, []string{"0", "100", "200", "300", "400", "500", "600"}},
		{-2.5, 2.5, []string{"-2", "-1", "0", "1", "2"}},
		{0.1, 0.31, []string{"0.10", "0.15", "0.20", "0.25", "0.30"}},
		{0, 1e-3, []string{"0.0000", "0.0002", "0.0004", "0.0006", "0.0008", "0.0010"}},
		{0, 3900, []string{"0", "500", "1000", "1500", "2000", "2500", "3000", "3500"}},
		{3, 3, []string{"3"}},
	}
	for _, test := range tests {
		var got []string
		for _, tick := range (roundTicks{}).Ticks(test.low, test.high) {
			got = append(got, tick.Label)
		}
		assert.Equal(t, test.want, got, "%g to %g", test.low, test.high)
	}
}

func TestRunningMean(t *testing.T) {
	t.Parallel()
	got := runningMean([]float64{2, 4, 6, math.NaN(), 10}, 3)
	assert.Equal(t, []float64{2, 3, 4, 5, 8}, got)
}

func TestSplitSharesMemory(t *testing.T) {
	t.Parallel()
	flat := []float32{1, 2, 3, 4}
	images, err := Split(flat, 2)
	require.NoError(t, err)
	flat[2] = 9
	assert.Equal(t, [][]float32{{1, 2}, {9, 4}}, images)
}

func TestSavePNGReplacesWholeFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "grid.png")
	require.NoError(t, os.WriteFile(path, []byte("old"), 0o644))
	img, err := Grid(samples(4, 5))
	require.NoError(t, err)
	require.NoError(t, SavePNG(path, img))
	back, err := Open(path)
	require.NoError(t, err)
	assert.Equal(t, img.Bounds(), back.Bounds())
	assert.Zero(t, difference(img, back))

	require.Error(t, SavePNG(path, image.NewGray(image.Rect(0, 0, 0, 0))), "an image without pixels")
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, files, 1, "no temporary file is left")
	_, err = Open(path)
	assert.NoError(t, err, "the old picture is still there")
}

func TestShowOutsideANotebook(t *testing.T) {
	t.Setenv("GONB_PIPE", "")
	if InNotebook() {
		t.Fatal("tests do not run in a notebook")
	}
	img := image.NewGray(image.Rect(0, 0, 1, 1))
	for name, err := range map[string]error{
		"Show": Show(img), "ShowImages": ShowImages(samples(1, 2)), "ShowFile": ShowFile("testdata/grid16.png", 100),
		"Curve":      Curve{Series: []Series{{Y: []float64{1}}}}.Show(),
		"Trajectory": Trajectory{X: []float64{1}, Y: []float64{1}}.Show(),
	} {
		assert.ErrorIs(t, err, errNoNotebook, name)
		assert.ErrorContains(t, err, "SavePNG", name)
	}
}

// TestRowAndColumn checks the size of a row and of a column, and which picture is where.
func TestRowAndColumn(t *testing.T) {
	t.Parallel()
	filled := func(width, height int, c color.Color) image.Image {
		img := image.NewRGBA(image.Rect(3, 5, 3+width, 5+height))
		draw.Draw(img, img.Bounds(), image.NewUniform(c), image.Point{}, draw.Src)
		return img
	}
	black, white := color.Gray{0}, color.Gray{255}
	a, b := filled(4, 2, black), filled(3, 6, black)
	row, column := Row(a, b), Column(a, b)
	require.Equal(t, image.Rect(0, 0, 7, 6), row.Bounds())
	require.Equal(t, image.Rect(0, 0, 4, 8), column.Bounds())
	for _, c := range []struct {
		img  image.Image
		x, y int
		want color.Color
	}{{row, 3, 1, black}, {row, 3, 2, white}, {row, 6, 5, black}, {column, 3, 1, black}, {column, 2, 7, black}, {column, 3, 2, white}} {
		require.Equal(t, color.GrayModel.Convert(c.want), color.GrayModel.Convert(c.img.At(c.x, c.y)), "%d, %d", c.x, c.y)
	}
}
