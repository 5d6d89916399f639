package scenes

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// eachCaption calls check with the captions of many scenes.
func eachCaption(t *testing.T, check func(s scene, caption string)) {
	t.Helper()
	for i := range uint64(2000) {
		r := rand.New(rand.NewPCG(5, i))
		s := newScene(r)
		for _, caption := range s.captions(r) {
			check(s, caption)
		}
		if t.Failed() {
			return
		}
	}
}

func TestCaptionsAreFiveAndFit(t *testing.T) {
	t.Parallel()
	for i := range uint64(1000) {
		r := rand.New(rand.NewPCG(7, i))
		captions := newScene(r).captions(r)
		require.Len(t, captions, 5)
		for j, c := range captions {
			n := len(strings.Fields(c))
			require.True(t, 4 <= n && n <= 15, "%d words: %s", n, c)
			require.NotContains(t, captions[:j], c)
			require.Equal(t, strings.Join(strings.Fields(strings.ToLower(c)), " "), c, "one space between words, no capitals")
		}
	}
}

func TestGrammar(t *testing.T) {
	t.Parallel()
	wrong := regexp.MustCompile(`\ban [^aeiou]|\ba [aeiou]|[{}]|\b(\w+) are .*\b(a|an) \w+ are\b`)
	one := regexp.MustCompile(`^(a|an) (?:\w+ ){0,3}\w+ are |there are an? `)
	many := regexp.MustCompile(`there is (two|three|some|several|twin)\b|\b(two|three|several) (\w+ ){0,2}\w+[^s] (is|are)\b`)
	eachCaption(t, func(_ scene, c string) {
		assert.NotRegexp(t, wrong, c)
		assert.NotRegexp(t, one, c)
		if !strings.Contains(c, "waterfowl") {
			assert.NotRegexp(t, many, c)
		}
		words := strings.Fields(c)
		for i, word := range words[1:] {
			assert.NotEqual(t, word, words[i], "the same word twice: %s", c)
		}
	})
}

// mention is a group as a caption names it. Fields that the caption does not mention are empty.
type mention struct {
	at    int
	count int
	size  string
	hue   hue
	kind  kind
}

// reader parses captions. It has its own list of words, so that a wrong word in package scenes is noticed.
type reader struct {
	pattern *regexp.Regexp
	kinds   map[string]kind
	sizes   map[string]bool
	hues    map[string]hue
}

func newReader() reader {
	x := reader{
		kinds: map[string]kind{"sphere": ball, "globe": ball, "airballoon": balloon, "sailboat": boat, "dinghy": boat, "dinghies": boat,
			"yacht": boat, "boxes": box, "present": box, "gift": box, "parcel": box, "package": box, "automobile": car, "vehicle": car,
			"kitten": cat, "kitty": cat, "kitties": cat, "feline": cat, "bird": duck, "waterfowl": duck, "blossom": flower, "bloom": flower,
			"cottage": house, "cabin": house, "bungalow": house, "cup": mug, "teacup": mug, "beaker": mug, "desk": table,
			"parasol": umbrella, "sunshade": umbrella, "snowman": snowman},
		sizes: map[string]bool{"big": true, "large": true, "huge": true, "enormous": true, "gigantic": true, "giant": true,
			"small": false, "little": false, "tiny": false, "miniature": false, "petite": false},
		hues: map[string]hue{"crimson": red, "scarlet": red, "tangerine": orange, "golden": yellow, "emerald": green, "navy": blue,
			"azure": blue, "violet": purple, "rosy": pink, "chestnut": brown, "grey": gray, "silver": gray},
	}
	for _, k := range []kind{ball, balloon, boat, box, car, cat, duck, flower, house, mug, table, tree, umbrella} {
		x.kinds[string(k)] = k
	}
	for _, h := range []hue{red, orange, yellow, green, blue, purple, pink, brown, black, white, gray} {
		x.hues[string(h)] = h
	}
	alternatives := func(words []string) string { return strings.Join(words, "|") }
	var nouns, sizes, hues []string
	for n := range x.kinds {
		nouns = append(nouns, n)
	}
	for s := range x.sizes {
		sizes = append(sizes, s)
	}
	for h := range x.hues {
		hues = append(hues, h)
	}
	x.pattern = regexp.MustCompile(`\b(an?|two|twin|three|some|several|a pair of) (?:(` + alternatives(sizes) + `) )?(?:(` + alternatives(hues) +
		`) )?(?:leafy )?(` + alternatives(nouns) + `)s?(?: (?:in|with) an? (\w+) scarf)?\b`)
	return x
}

func (x reader) read(caption string) []mention {
	var all []mention
	for _, m := range x.pattern.FindAllStringSubmatchIndex(caption, -1) {
		part := func(i int) string {
			if m[2*i] < 0 {
				return ""
			}
			return caption[m[2*i]:m[2*i+1]]
		}
		count := map[string]int{"a": 1, "an": 1, "two": 2, "twin": 2, "a pair of": 2, "three": 3, "some": 3, "several": 3}[part(1)]
		h := x.hues[part(3)]
		if part(5) != "" {
			h = x.hues[part(5)]
		}
		all = append(all, mention{m[0], count, part(2), h, x.kinds[part(4)]})
	}
	return all
}

func TestCaptionsTellWhatIsThere(t *testing.T) {
	t.Parallel()
	x := newReader()
	pairs := 0
	eachCaption(t, func(s scene, caption string) {
		told := strings.ReplaceAll(caption, "inside a house", "inside")
		mentions := x.read(told)
		require.NotEmpty(t, mentions, caption)
		groups := make([]group, len(mentions))
		for i, m := range mentions {
			found := slices.IndexFunc([]group{s.Main, s.Other}, func(g group) bool {
				return g.count() == m.count && g.Kind == m.kind && (m.hue == "" || g.Hue == m.hue) &&
					(m.size == "" || g.Big == x.sizes[m.size])
			})
			require.GreaterOrEqual(t, found, 0, "%+v is not in %+v: %s", m, s, caption)
			groups[i] = []group{s.Main, s.Other}[found]
		}
		if len(groups) == 2 {
			pairs++
			checkRelation(t, told[mentions[0].at:mentions[1].at], told[mentions[1].at:], groups[0], groups[1], caption)
		}
	})
	require.Greater(t, pairs, 2000)
}

// checkRelation compares the words between two groups with the positions of their objects.
func checkRelation(t *testing.T, between, rest string, a, b group, caption string) {
	t.Helper()
	fromA, toA := a.span()
	fromB, toB := b.span()
	inside := func(from, to, in, out float64) bool { return from >= in-12 && to <= out+12 }
	bottom := func(g group) float64 { return g.Spots[0].Y }
	says := func(text string, words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(" "+text+" ", " "+w+" ") })
	}
	switch {
	case says(rest, "on it", "on top") && says(between, "with"):
		a, b = b, a
		fallthrough
	case says(between, "on top of", "atop") || strings.HasSuffix(between, " on "):
		surface := b.Spots[0].Y - b.Kind.shape().carries*b.height()
		require.InDelta(t, surface, bottom(a), 1, caption)
	case says(rest, "under it") && says(between, "with"):
		require.True(t, inside(fromB, toB, fromA, toA) && b.top() > a.top(), caption)
	case says(between, "under", "below", "beneath", "underneath"):
		require.True(t, a.top() > b.top() && toA > fromB && fromA < toB, caption)
	case says(rest, "above it") && says(between, "with"):
		require.Less(t, bottom(b), a.top(), caption)
	case says(between, "above"):
		require.Less(t, bottom(a), b.top(), caption)
	case says(between, "over"):
		require.True(t, a.top() < b.top() && toA > fromB && fromA < toB, caption)
	case says(between, "left of", "on the left of"):
		require.Less(t, toA, fromB, caption)
	case says(between, "right of", "on the right of"):
		require.Greater(t, fromA, toB, caption)
	}
}

func TestCaptionsTellWhereItIs(t *testing.T) {
	t.Parallel()
	signs := map[string]any{
		"meadow": meadow, "grass": meadow, "pasture": meadow, "grassy": meadow, "lawn": meadow,
		"beach": beach, "sand": beach, "shore": beach, "seashore": beach,
		"water": sea, "ocean": sea, "waves": sea, "swimming": sea, "paddling": sea, "sailing": sea,
		"snow": snow, "snowy": snow, "winter": snow, "frost": snow, "snowscape": snow,
		"night": night, "hill": night, "stars": night, "starry": night, "dark": night, "dusk": night, "slope": night,
		"floor": room, "room": room, "wall": room, "parquet": room, "parlor": room, "indoors": room,
		"road": street, "street": street, "city": street, "asphalt": street, "avenue": street, "downtown": street,
		"sun": sun, "sunny": sun, "sunshine": sun, "sunlight": sun,
		"clouds": clouds, "cloudy": clouds, "moon": moon, "moonlight": moon, "window": window,
	}
	seen := map[string]bool{}
	eachCaption(t, func(s scene, caption string) {
		for word := range strings.FieldsSeq(caption) {
			if sign, ok := signs[word]; ok {
				seen[word] = true
				require.True(t, sign == s.Place || sign == s.Sky, "%s: %s with %s", caption, s.Place, s.Sky)
			}
		}
		from, to := s.Main.span()
		middle := (from + to) / 2
		switch {
		case strings.HasSuffix(caption, "on the left") || strings.Contains(caption, "left side"):
			require.Less(t, middle, side*0.4, caption)
		case strings.HasSuffix(caption, "on the right") || strings.Contains(caption, "right side"):
			require.Greater(t, middle, side*0.6, caption)
		case strings.Contains(caption, "in the middle") || strings.Contains(caption, "in the center"):
			require.InDelta(t, side/2, middle, 6, caption)
		}
	})
	require.Greater(t, len(seen), len(signs)*3/4)
}
