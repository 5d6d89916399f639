package captioning

import (
	"cmp"
	"errors"
	"fmt"
	"math"

	"github.com/gomlx/compute"

	"github.com/cs231n-go/assignment3/cs231n/coco"
)

// maxChoices is the maximum of Beams and TopK. The compiled program searches the vocabulary once for each.
const maxChoices = 100

// Sample generates captions.
//
// With a temperature, each word is the argmax of score/temperature − log(−log u), with a uniform u for each word of the
// vocabulary (the Gumbel-max trick).
//
// Shapes: features: (N, D) flat -> (N, Length) word ids, with <NULL> after <END> in a beam search.
func (m *Transformer) Sample(backend compute.Backend, features []float32, o SampleOptions) ([][]int32, error) {
	o.Length = cmp.Or(o.Length, m.config.MaxLength)
	if err := m.validate(o); err != nil {
		return nil, fmt.Errorf("captioning: %w", err)
	}
	switch {
	case o.Beams > 0:
		return m.generate(backend, features, o, m.beams(o.Beams))
	case o.Dropout:
		return m.rescore(backend, features, o)
	case o.Temperature > 0:
		return m.generate(backend, features, o, random(o))
	}
	return m.generate(backend, features, o, greedy())
}

// validate returns an error for options that the model cannot use.
func (m *Transformer) validate(o SampleOptions) error {
	limit := min(m.vocabulary, maxChoices)
	random := o.Temperature != 0 || o.TopK != 0
	switch {
	case m.start < 0:
		return fmt.Errorf("the vocabulary has no start token %s", coco.Start)
	case o.Length < 0 || o.Length > m.config.MaxLength:
		return fmt.Errorf("captions of %d words do not fit the model: its captions have 1 to %d words", o.Length, m.config.MaxLength)
	case o.Beams != 0 && (random || o.Dropout) || random && o.Dropout:
		return errors.New("beams, a temperature and dropout exclude each other")
	case o.Beams < 0 || o.Beams > limit:
		return fmt.Errorf("a beam search needs 1 to %d beams, not %d", limit, o.Beams)
	case o.Beams > 0 && m.end < 0:
		return fmt.Errorf("the vocabulary has no end token %s, which a beam search needs", coco.End)
	case random && (!(o.Temperature > 0) || math.IsInf(o.Temperature, 0)):
		return fmt.Errorf("the temperature must be above 0 and finite, not %g; leave it and top K out for greedy decoding", o.Temperature)
	case o.TopK < 0 || o.TopK > limit:
		return fmt.Errorf("top K can be 1 to %d words, not %d; 0 means all", limit, o.TopK)
	case (random || o.Dropout) && o.Stream == nil:
		return errors.New("a temperature and dropout need a Stream")
	}
	return nil
}
