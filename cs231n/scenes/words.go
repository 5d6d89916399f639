package scenes

import (
	"math/rand/v2"
	"strings"
)

// One word in rarity is a rare one. Captions that people write have many rare words. Most of them occur fewer than five
// times and therefore become the unknown word.
const rarity = 400

// choose draws one of the words or phrases separated by "|" at random. Those after "||" are rare.
func choose(r *rand.Rand, words string) string {
	usual, rare, found := strings.Cut(words, "||")
	if found && r.IntN(rarity) == 0 {
		usual = rare
	}
	return pick(r, strings.Split(usual, "|"))
}

// nouns returns the singular and plural names of a kind.
func (k kind) nouns() (one, many string) {
	switch k {
	case ball:
		return "ball|ball|ball||sphere|globe", "balls||spheres|globes"
	case balloon:
		return "balloon||airballoon", "balloons||airballoons"
	case boat:
		return "boat|boat|sailboat||dinghy|yacht", "boats|boats|sailboats||dinghies|yachts"
	case box:
		return "box|box|present|gift||parcel|package", "boxes|boxes|presents|gifts||parcels|packages"
	case car:
		return "car||automobile|vehicle", "cars||automobiles|vehicles"
	case cat:
		return "cat|cat|cat|kitten||kitty|feline", "cats|cats|cats|kittens||kitties|felines"
	case duck:
		return "duck||bird|waterfowl", "ducks||birds|waterfowl"
	case flower:
		return "flower||blossom|bloom", "flowers||blossoms|blooms"
	case house:
		return "house|house|house|cottage||cabin|bungalow", "houses|houses|houses|cottages||cabins|bungalows"
	case mug:
		return "mug|mug|cup||teacup|beaker", "mugs|mugs|cups||teacups|beakers"
	case snowman:
		return "snowman", "snowmen"
	case table:
		return "table||desk", "tables||desks"
	case tree:
		return "tree||leafy tree", "trees||leafy trees"
	default: // umbrella
		return "umbrella|umbrella|parasol||sunshade", "umbrellas|umbrellas|parasols||sunshades"
	}
}

// word returns the name of a colour.
func (h hue) word(r *rand.Rand) string {
	switch h {
	case red:
		return choose(r, "red||crimson|scarlet")
	case orange:
		return choose(r, "orange||tangerine")
	case yellow:
		return choose(r, "yellow||golden")
	case green:
		return choose(r, "green||emerald")
	case blue:
		return choose(r, "blue||navy|azure")
	case purple:
		return choose(r, "purple||violet")
	case pink:
		return choose(r, "pink||rosy")
	case brown:
		return choose(r, "brown||chestnut")
	case gray:
		return choose(r, "gray|gray|gray|grey||silver")
	default:
		return string(h)
	}
}

func (g group) sizeWord(r *rand.Rand) string {
	if g.Big {
		return choose(r, "big|big|large|large|huge||enormous|gigantic|giant")
	}
	return choose(r, "small|small|small|little|little|tiny||miniature|petite")
}

// doing returns a participle for what objects of the kind do in a place.
func (s scene) doing(r *rand.Rand, g group) string {
	switch g.Kind {
	case ball:
		return choose(r, "lying|lying|resting")
	case balloon:
		return choose(r, "floating|flying||hovering|drifting")
	case boat:
		return choose(r, "sailing|floating||cruising")
	case car:
		return choose(r, "parked|standing||stationed")
	case cat:
		return choose(r, "sitting||seated|posing")
	case duck:
		if s.Place == sea {
			return choose(r, "swimming|floating||paddling")
		}
		return choose(r, "resting|sitting||seated")
	case flower:
		return choose(r, "growing|blooming||flowering")
	case tree:
		return choose(r, "growing|standing||rooted")
	default:
		return choose(r, "standing||placed")
	}
}

// views returns the noun phrases for a place, and the adverbial phrases for an object in it.
func (p place) views() (named, where string) {
	switch p {
	case meadow:
		return "a meadow|a green meadow|a green field|a grassy field||a pasture",
			"in a meadow|in a green meadow|in a field|in a green field||in the countryside"
	case beach:
		return "a beach|a sandy beach|a beach by the sea||a seashore",
			"on a beach|at the beach|on a sandy beach|by the sea||at the seashore"
	case sea:
		return "the sea|the blue sea|the ocean|the blue ocean||the waves",
			"at sea|on the sea|on the ocean|on the blue sea||amid waves"
	case snow:
		return "a snowy field|a winter landscape|a snowy landscape||a snowscape",
			"on a snowy day|in a snowy field|on a winter day|in a winter landscape||in the frost"
	case night:
		return "a hill at night|a dark hill|a starry night||a nighttime scene",
			"at night|in the dark|under the stars|on a starry night||after dusk"
	case room:
		return "a room|a cozy room|a living room||a parlor",
			"in a room|in a cozy room|in a living room|inside a house||indoors"
	default: // street
		return "a street|a city street|a quiet street||an avenue",
			"in a street|in a city street|in the city|in a quiet street||downtown"
	}
}

// ground returns a phrase for the ground below the main group, or for the air around it; "" if another object carries it.
func (s scene) ground() string {
	switch {
	case s.Relation == on:
		return ""
	case s.Main.Kind.shape().flies && s.Place == room:
		return "in the air|in the air|in front of the wall||indoors"
	case s.Main.Kind.shape().flies:
		return "in the sky|in the air||aloft"
	case s.Place == meadow:
		return "on the grass|in the grass|on the green grass||on the lawn"
	case s.Place == beach:
		return "on the sand|in the sand|on the yellow sand||on the shore"
	case s.Place == sea:
		return "on the water|in the water|on the blue water||amid waves"
	case s.Place == snow:
		return "in the snow|on the snow|in the white snow||on the frost"
	case s.Place == night:
		return "on a hill|on a dark hill||on a slope"
	case s.Place == room:
		return "on the floor|on a wooden floor|on the brown floor||on the parquet"
	case s.Main.Spots[0].Y < 72:
		return "next to the road|behind the road|by the road||along the avenue"
	default:
		return "on the road|on a gray road|on the street||on the asphalt"
	}
}

// mood returns an adverbial phrase for a place with its sky; "" if the sky is plain.
func (s scene) mood() string {
	switch s.Sky {
	case sun:
		return "on a sunny day|under the sun|in the sunshine||amid sunlight"
	case clouds:
		return "on a cloudy day|under a cloudy sky|under white clouds||beneath clouds"
	case moon:
		return "in the moonlight|under the moon|under a full moon||beneath the moon"
	case window:
		return "in a room with a window|in a room that has a window||in a parlor with a window"
	default:
		return ""
	}
}
