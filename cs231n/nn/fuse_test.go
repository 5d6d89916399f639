package nn

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestFuse checks which layers are fused. A network computes the same either way.
func TestFuse(t *testing.T) {
	t.Parallel()
	conv, pool := Conv2d(1, 2, 3, nil), MaxPool2d()
	for name, c := range map[string]struct {
		layers []Layer
		want   []string
	}{
		"nothing":          {nil, nil},
		"the three":        {[]Layer{conv, ReLU(), pool}, []string{"nn.convPool"}},
		"a leaky one":      {[]Layer{conv, LeakyReLU(0.5), pool}, []string{"nn.convPool"}},
		"a falling one":    {[]Layer{conv, LeakyReLU(-0.5), pool}, []string{"nn.conv2d", "nn.rectifier", "nn.maxPool2d"}},
		"no pool":          {[]Layer{conv, ReLU()}, []string{"nn.conv2d", "nn.rectifier"}},
		"no rectifier":     {[]Layer{conv, pool}, []string{"nn.conv2d", "nn.maxPool2d"}},
		"another function": {[]Layer{conv, TanH(), pool}, []string{"nn.conv2d", "nn.tanh", "nn.maxPool2d"}},
		"another end":      {[]Layer{conv, ReLU(), conv}, []string{"nn.conv2d", "nn.rectifier", "nn.conv2d"}},
		"another start":    {[]Layer{pool, ReLU(), pool}, []string{"nn.maxPool2d", "nn.rectifier", "nn.maxPool2d"}},
		"a padded one":     {[]Layer{Conv2d(1, 2, 3, nil, Padding(1)), ReLU(), pool}, []string{"nn.conv2d", "nn.rectifier", "nn.maxPool2d"}},
		"a strided one":    {[]Layer{Conv2d(1, 2, 4, nil, Stride(2)), ReLU(), pool}, []string{"nn.conv2d", "nn.rectifier", "nn.maxPool2d"}},
		"explicit options": {[]Layer{Conv2d(1, 2, 3, nil, Stride(1), Padding(0)), ReLU(), pool}, []string{"nn.convPool"}},
		"two among others": {[]Layer{TanH(), conv, ReLU(), pool, conv, LeakyReLU(1), pool, conv, Flatten()},
			[]string{"nn.tanh", "nn.convPool", "nn.convPool", "nn.conv2d", "nn.flatten"}},
	} {
		var got []string
		for _, layer := range fuse(c.layers) {
			got = append(got, fmt.Sprintf("%T", layer))
		}
		require.Equal(t, c.want, got, name)
	}
}
