package scenes

import (
	"math/rand/v2"
	"slices"
	"strings"
)

// Each picture has perImage captions. Each is short enough to leave room for START and END.
const (
	perImage      = 5
	captionLength = 17
	leastWords    = 4
	mostWords     = captionLength - 2
)

// captions returns perImage different captions of the scene.
func (s scene) captions(r *rand.Rand) []string {
	var told []string
	patterns := s.patterns()
	for len(told) < perImage {
		// Each round uses a pattern once. One round is enough unless many sentences are too long.
		for _, i := range r.Perm(len(patterns)) {
			caption := s.tell(r, patterns[i])
			n := len(strings.Fields(caption))
			if n >= leastWords && n <= mostWords && !slices.Contains(told, caption) {
				told = append(told, caption)
				if len(told) == perImage {
					break
				}
			}
		}
	}
	return told
}

// patterns returns the sentences that are true of the scene, with placeholders in braces for tell to fill in.
func (s scene) patterns() []string {
	list := []string{
		"{picture} of {main} {where}",
		"{scene} with {main}",
		"{where} {there} {main}",
		"{main} {doing} {where}",
	}
	if s.ground() != "" {
		list = append(list, "{main} {doing} {ground}", "{there} {main} {ground}", "{main} {is} {doing} {ground}",
			"{see} {main} {ground}")
	}
	if s.mood() != "" {
		list = append(list, "{main} {mood}", "{there} {main} {mood}")
		if s.ground() != "" && s.Sky != window {
			list = append(list, "{main} {doing} {ground} {mood}")
		}
	}
	switch s.Sky {
	case sun:
		list = append(list, "the sun shines on {main} {where}", "the sun is shining over {scene} with {main}")
	case moon:
		list = append(list, "the moon shines on {main} {where}", "the moon is shining over {main}")
	case clouds:
		list = append(list, "white clouds in the sky above {main}", "there are clouds over {scene} with {main}")
	case window:
		list = append(list, "a room with a window and {main}")
	}
	if s.Place == snow {
		list = append(list, "snow is falling on {main}", "{main} {doing} in the falling snow")
	}
	if s.Relation == alone {
		list = append(list, "{there} {main} {where}", "{see} {main} {where}", "{picture} of {scene} with {main}")
		if _, ok := s.Main.third(); ok {
			list = append(list, "{main} {third} of the picture", "{there} {main} {third}")
		}
		return list
	}
	list = append(list, "{main} {relation} {other}", "{main} {is} {relation} {other}", "{there} {main} {relation} {other}",
		"{main} {doing} {relation} {other}", "{main} {relation} {other} {where}", "{main} {is} {doing} {relation} {other}",
		"{picture} of {main} {relation} {other}", "{see} {main} {relation} {other}",
		"{main} and {other} {where}", "{picture} of {main} and {other}", "{scene} with {main} and {other}")
	switch s.Relation {
	case on:
		list = append(list, "{other} with {main} on it", "{other} with {main} on top")
	case under:
		list = append(list, "{other} with {main} under it", "{other} over {main}")
	case above:
		list = append(list, "{other} with {main} above it", "{other} {oDoing} under {main}", "{other} below {main}")
	default:
		list = append(list, "{other} {inverse} {main}",
			"{oThere} {other} {inverse} {main}", "{other} {oDoing} {inverse} {main}")
	}
	return list
}

// tell fills in a pattern.
func (s scene) tell(r *rand.Rand, pattern string) string {
	main := s.Main.phrase(r)
	named, where := s.Place.views()
	slots := []string{
		"{main}", main.text, "{is}", main.is(), "{there}", "there " + main.is(),
		"{doing}", s.doing(r, s.Main),
		"{scene}", choose(r, named), "{where}", choose(r, where),
		"{ground}", choose(r, s.ground()), "{mood}", choose(r, s.mood()),
		"{picture}", choose(r, "a picture|a picture|a photo||an image|an illustration"),
		"{see}", choose(r, "we see|we can see|you can see||one notices|behold"),
		"{relation}", s.Relation.phrase(r), "{inverse}", s.Relation.inverse().phrase(r),
	}
	if where, ok := s.Main.third(); ok {
		slots = append(slots, "{third}", choose(r, []string{"on the left|on the left side", "in the middle|in the center",
			"on the right|on the right side"}[where+1]))
	}
	if s.Relation != alone {
		other := s.Other.phrase(r)
		slots = append(slots, "{other}", other.text, "{oThere}", "there "+other.is(), "{oDoing}", s.doing(r, s.Other))
	}
	return strings.NewReplacer(slots...).Replace(pattern)
}

// phrase is the noun phrase for a group.
type phrase struct {
	text   string
	plural bool
}

func (p phrase) is() string {
	if p.plural {
		return "are"
	}
	return "is"
}

// phrase names a group, sometimes with its size, its colour, both or neither.
func (g group) phrase(r *rand.Rand) phrase {
	var words []string
	detail := r.IntN(20)
	if detail < 9 || detail == 19 {
		words = append(words, g.sizeWord(r))
	}
	if detail < 17 && g.Kind != snowman {
		words = append(words, g.Hue.word(r))
	}
	one, many := g.Kind.nouns()
	if g.count() == 1 {
		words = append(words, choose(r, one))
	} else {
		words = append(words, choose(r, many))
	}
	if g.Kind == snowman && detail < 17 {
		words = append(words, choose(r, "in|with"), "a", g.Hue.word(r), "scarf")
		words[len(words)-3] = article(words[len(words)-2])
	}
	text := strings.Join(words, " ")
	switch g.count() {
	case 1:
		return phrase{article(text) + " " + text, false}
	case 2:
		if r.IntN(6) == 0 {
			return phrase{"a pair of " + text, false}
		}
		return phrase{choose(r, "two||twin") + " " + text, true}
	default:
		return phrase{choose(r, "three|three|three|some||several") + " " + text, true}
	}
}

// article returns the indefinite article of a word. In this vocabulary, the first letter tells how a word is pronounced.
func article(word string) string {
	if strings.IndexByte("aeiou", word[0]) >= 0 {
		return "an"
	}
	return "a"
}

func (x relation) inverse() relation {
	switch x {
	case leftOf:
		return rightOf
	case rightOf:
		return leftOf
	default:
		return x
	}
}

func (x relation) phrase(r *rand.Rand) string {
	switch x {
	case leftOf:
		return choose(r, "to the left of|on the left of|left of|next to|beside|near||alongside")
	case rightOf:
		return choose(r, "to the right of|on the right of|right of|next to|beside|near||alongside")
	case on:
		return choose(r, "on|on|on top of||atop")
	case under:
		return choose(r, "under|under|below||beneath|underneath")
	case above:
		return choose(r, "above|above|over||high above")
	default:
		return ""
	}
}
