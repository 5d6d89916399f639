package rng

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestPhiloxKnownAnswers uses the known answers of Random123, in tests/kat_vectors of
// https://github.com/DEShawResearch/random123.
func TestPhiloxKnownAnswers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		counter [4]uint32
		key     uint64
		want    [4]uint32
	}{
		{
			[4]uint32{}, 0,
			[4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8},
		},
		{
			[4]uint32{math.MaxUint32, math.MaxUint32, math.MaxUint32, math.MaxUint32}, math.MaxUint64,
			[4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd},
		},
		{ // the digits of π
			[4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, 0x299f31d0a4093822,
			[4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1},
		},
	} {
		assert.Equal(t, c.want, philox4x32(c.counter, c.key), "counter %08x, key %016x", c.counter, c.key)
	}
	p := philox{Seed: 0x299f31d0a4093822}
	assert.Equal(t, uint32(0xd16cfe09), p.words(0x0370734413198a2e, 0x85a308d3243f6a88)[0], "halves of the counter")
}

// TestCUDAUniformEnds tests words near both ends, which are too rare to occur in the
// other tests.
func TestCUDAUniformEnds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		word      uint32
		low, high float32
		want      float32
	}{
		{"the smallest unit is not 0", 0, 0, 1, 0x1p-33},
		{"the smallest unit is lost in a sum", 0, -1, 1, -1},
		{"the largest word makes 1, which becomes the lower bound", math.MaxUint32, 0, 1, 0},
		{"in other bounds too", math.MaxUint32, -0.25, 3, -0.25},
		{"the largest word below", 1<<32 - 129, 0, 1, 1 - 0x1p-24},
		{"it is rounded up to the higher bound of a narrow range", 1<<32 - 129, 1, 1 + 0x1p-22, 1},
		{"the middle", 1 << 31, -2, 6, 2},
	} {
		assert.Equal(t, c.want, cudaUniform(c.word, c.low, c.high), c.name)
	}
}
