package scenes

import "image/color"

// kind is the name of an object.
type kind string

const (
	ball     kind = "ball"
	balloon  kind = "balloon"
	boat     kind = "boat"
	box      kind = "box"
	car      kind = "car"
	cat      kind = "cat"
	duck     kind = "duck"
	flower   kind = "flower"
	house    kind = "house"
	mug      kind = "mug"
	snowman  kind = "snowman"
	table    kind = "table"
	tree     kind = "tree"
	umbrella kind = "umbrella"
)

// hue is the name of an object's colour.
type hue string

const (
	red    hue = "red"
	orange hue = "orange"
	yellow hue = "yellow"
	green  hue = "green"
	blue   hue = "blue"
	purple hue = "purple"
	pink   hue = "pink"
	brown  hue = "brown"
	black  hue = "black"
	white  hue = "white"
	gray   hue = "gray"
)

func (h hue) rgb() color.RGBA {
	switch h {
	case red:
		return rgb(0xdc2a2a)
	case orange:
		return rgb(0xf58a1f)
	case yellow:
		return rgb(0xf9d624)
	case green:
		return rgb(0x2f9e3f)
	case blue:
		return rgb(0x2455d6)
	case purple:
		return rgb(0x7d35b8)
	case pink:
		return rgb(0xf77fb6)
	case brown:
		return rgb(0x7a4a24)
	case black:
		return rgb(0x26262e)
	case white:
		return rgb(0xf8f8f6)
	default:
		return rgb(0x8d9096)
	}
}

// shape describes the size and the abilities of a kind.
type shape struct {
	small, big float64 // heights
	aspect     float64 // width over height
	hues       []hue
	most       int     // how many of them a group may have
	flies      bool    // it is in the air
	carries    float64 // the height of the surface that can carry an object, relative to its own height; 0 for none
	shelters   bool    // an object fits under it
	light      bool    // it can be on or under another object
	draw       func(pen, hue)
}

func (k kind) shape() shape {
	switch k {
	case ball:
		return shape{small: 20, big: 32, aspect: 1, most: 3, light: true, draw: drawBall,
			hues: []hue{red, yellow, green, blue, pink, purple}}
	case balloon:
		return shape{small: 30, big: 44, aspect: 0.55, most: 3, flies: true, draw: drawBalloon,
			hues: []hue{red, yellow, green, pink, purple}}
	case boat:
		return shape{small: 32, big: 52, aspect: 0.96, most: 3, draw: drawBoat,
			hues: []hue{red, yellow, green, brown}}
	case box:
		return shape{small: 20, big: 32, aspect: 1.05, most: 3, carries: 0.92, light: true, draw: drawBox,
			hues: []hue{red, yellow, green, blue, purple}}
	case car:
		return shape{small: 18, big: 28, aspect: 1.9, most: 2, carries: 0.95, draw: drawCar,
			hues: []hue{red, yellow, green, blue, white}}
	case cat:
		return shape{small: 26, big: 42, aspect: 0.85, most: 3, light: true, draw: drawCat,
			hues: []hue{black, white, orange, gray}}
	case duck:
		return shape{small: 22, big: 36, aspect: 1.1, most: 3, light: true, draw: drawDuck,
			hues: []hue{yellow, white, brown}}
	case flower:
		return shape{small: 26, big: 42, aspect: 0.6, most: 3, draw: drawFlower,
			hues: []hue{red, yellow, pink, white}}
	case house:
		return shape{small: 34, big: 54, aspect: 0.9, most: 2, draw: drawHouse,
			hues: []hue{red, yellow, blue, white}}
	case mug:
		return shape{small: 19, big: 31, aspect: 1.15, most: 3, light: true, draw: drawMug,
			hues: []hue{red, yellow, green, blue}}
	case snowman:
		return shape{small: 34, big: 54, aspect: 0.62, most: 1, draw: drawSnowman,
			hues: []hue{red, green, blue}}
	case table:
		return shape{small: 24, big: 37, aspect: 1.6, most: 1, carries: 1, shelters: true, draw: drawTable,
			hues: []hue{brown, white}}
	case tree:
		return shape{small: 38, big: 62, aspect: 0.75, most: 3, shelters: true, draw: drawTree,
			hues: []hue{green, orange, pink}}
	default: // umbrella
		return shape{small: 34, big: 54, aspect: 1.05, most: 2, shelters: true, draw: drawUmbrella,
			hues: []hue{red, yellow, blue, purple}}
	}
}

// place is the setting of a scene.
type place string

const (
	meadow place = "meadow"
	beach  place = "beach"
	sea    place = "sea"
	snow   place = "snow"
	night  place = "night"
	room   place = "room"
	street place = "street"
)

func places() []place { return []place{meadow, beach, sea, snow, night, room, street} }

// setting lists the kinds and skies of a place. A kind that is listed twice is drawn more often. The colours to avoid are
// those of the ground, on which an object would be invisible.
type setting struct {
	kinds  []kind
	avoids []hue
	skies  []sky
}

func (p place) setting() setting {
	switch p {
	case meadow:
		return setting{kinds: []kind{ball, balloon, box, cat, flower, flower, house, tree, umbrella},
			avoids: []hue{green}, skies: []sky{plain, sun, clouds}}
	case beach:
		return setting{kinds: []kind{ball, balloon, box, cat, duck, umbrella, umbrella},
			avoids: []hue{yellow, white}, skies: []sky{plain, sun, clouds}}
	case sea:
		return setting{kinds: []kind{boat, boat, duck, balloon},
			avoids: []hue{blue}, skies: []sky{plain, sun, clouds}}
	case snow:
		return setting{kinds: []kind{ball, box, cat, house, house, snowman, snowman, tree},
			avoids: []hue{white}, skies: []sky{plain}}
	case night:
		return setting{kinds: []kind{car, cat, house, tree},
			avoids: []hue{black, blue, gray}, skies: []sky{plain, moon}}
	case room:
		return setting{kinds: []kind{ball, balloon, box, cat, mug, mug, table, table},
			avoids: []hue{orange}, skies: []sky{plain, window}}
	default: // street
		return setting{kinds: []kind{ball, box, car, car, cat, house, tree},
			avoids: []hue{gray, black}, skies: []sky{plain, sun, clouds}}
	}
}

// sky is the background of the objects.
type sky string

const (
	plain  sky = "plain"
	sun    sky = "sun"
	clouds sky = "clouds"
	moon   sky = "moon"
	window sky = "window"
)
