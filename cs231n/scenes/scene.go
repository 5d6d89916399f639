package scenes

import (
	"math"
	"math/rand/v2"
	"slices"
)

// scene is a description from which both the picture and its captions are made.
type scene struct {
	Place    place
	Sky      sky
	SkyX     float64 // the centre of the sun, the moon or the window
	Relation relation
	Main     group
	Other    group  // its count is 0 if the relation is alone
	Detail   uint64 // the seed of the grass, the stars and the waves
}

// group is one object or several of the same kind, colour and size.
type group struct {
	Kind  kind
	Hue   hue
	Big   bool
	Spots []spot // one for each object
}

// spot is the position of an object: the middle of its foot, in pixels from the upper left corner.
type spot struct{ X, Y float64 }

// relation is the position of the main group relative to the other one.
type relation string

const (
	alone   relation = "alone"
	leftOf  relation = "left of"
	rightOf relation = "right of"
	on      relation = "on"
	under   relation = "under"
	above   relation = "above"
)

func (g group) count() int { return len(g.Spots) }

func (g group) height() float64 {
	if g.Big {
		return g.Kind.shape().big
	}
	return g.Kind.shape().small
}

func (g group) width() float64 { return g.height() * g.Kind.shape().aspect }

// span returns the left and the right end of the group.
func (g group) span() (from, to float64) {
	from, to = side, 0
	for _, s := range g.Spots {
		from, to = min(from, s.X-g.width()/2), max(to, s.X+g.width()/2)
	}
	return from, to
}

// top returns the height of the group's upper end.
func (g group) top() float64 {
	y := float64(side)
	for _, s := range g.Spots {
		y = min(y, s.Y-g.height())
	}
	return y
}

// margin is the free space at the edges of a picture, gap the one between two groups.
const margin, gap = 3.0, 4.0

// newScene draws a scene at random. It draws again if the groups do not fit, so that the picture shows everything that the
// description says.
func newScene(r *rand.Rand) scene {
	for {
		s := scene{Place: pick(r, places()), Detail: r.Uint64()}
		s.Relation = pick(r, []relation{alone, alone, alone, leftOf, leftOf, rightOf, rightOf, on, under, above})
		// Each try keeps the relation, so that relations that rarely fit are not rare. Some places do not allow each relation.
		for range 400 {
			if s.fill(r) {
				return s
			}
		}
	}
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// fill draws the groups and the sky at random, and reports whether they fit.
func (s *scene) fill(r *rand.Rand) bool {
	setting := s.Place.setting()
	s.Main, s.Other = newGroup(r, setting), group{}
	if s.Relation == alone {
		x := pick(r, []float64{side * 0.27, side * 0.5, side * 0.73})
		if !s.Main.stand(r, x, margin, side-margin, s.level(r, s.Main)) {
			return false
		}
	} else {
		s.Other = newGroup(r, setting)
		s.Other.Spots = s.Other.Spots[:1]
		if !s.arrange(r) {
			return false
		}
	}
	s.Sky = pick(r, setting.skies)
	return s.hangSky(r)
}

// newGroup draws kind, colour, size and number of a group at random, without positions.
func newGroup(r *rand.Rand, setting setting) group {
	g := group{Kind: pick(r, setting.kinds), Big: r.IntN(2) == 0}
	shape := g.Kind.shape()
	hues := slices.DeleteFunc(shape.hues, func(h hue) bool {
		// The scarf of a snowman and the crown of a tree are not in front of the ground, so they may have its colour.
		return slices.Contains(setting.avoids, h) && g.Kind != snowman && g.Kind != tree
	})
	g.Hue = pick(r, hues)
	count := pick(r, []int{1, 1, 1, 1, 2, 3})
	g.Spots = make([]spot, min(count, shape.most))
	return g
}

// level draws the vertical position of a group at random.
func (s *scene) level(r *rand.Rand, g group) float64 {
	switch {
	case g.Kind.shape().flies:
		return 52 + 14*r.Float64()
	case s.Place == street && (g.Kind == house || g.Kind == tree):
		return 70 // behind the road
	default:
		return 82 + 6*r.Float64()
	}
}

// stand puts the objects of a group side by side with the centre near x. It reports whether they fit between two edges.
func (g *group) stand(r *rand.Rand, x, from, to, level float64) bool {
	const between = 2
	width := float64(g.count())*(g.width()+between) - between
	if width > to-from {
		return false
	}
	x += 6*r.Float64() - 3
	x = min(max(x-width/2, from), to-width)
	for i := range g.Spots {
		// The view is slightly from above, so nearer objects are lower in the picture.
		jitter := 3 * r.Float64()
		g.Spots[i] = spot{x + g.width()/2, level - jitter}
		x += g.width() + between
	}
	return true
}

// arrange positions both groups as the relation requires.
func (s *scene) arrange(r *rand.Rand) bool {
	if s.Main.Kind == s.Other.Kind {
		return false
	}
	a, b := s.Main.Kind.shape(), s.Other.Kind.shape()
	if s.Relation == leftOf || s.Relation == rightOf {
		return s.arrangeBeside(r)
	}
	if s.Main.count() > 1 || b.flies || s.Place == sea && s.Relation != above {
		return false
	}
	x := margin + s.Other.width()/2 + r.Float64()*(side-2*margin-s.Other.width())
	floor := s.level(r, s.Other)
	s.Other.Spots[0] = spot{x, floor}
	wiggle := 2*r.Float64() - 1
	switch s.Relation {
	case on:
		room := (s.Other.width()*0.8 - s.Main.width()) / 2
		if s.Other.Kind == car {
			room = 0 // the roof is short
		}
		s.Main.Spots[0] = spot{x + wiggle*room, floor - b.carries*s.Other.height()}
		return a.light && !s.Main.Big && b.carries > 0 && s.Other.Big && room >= 0
	case under:
		offset := 0.28 * s.Other.width()
		if wiggle < 0 {
			offset = -offset
		}
		if s.Other.Kind == table {
			offset = wiggle * (s.Other.width()*0.8 - s.Main.width()) / 2
		}
		s.Main.Spots[0] = spot{x + offset, floor + 1}
		return a.light && !s.Main.Big && b.shelters && s.Other.Big
	default: // above
		s.Main.Spots[0] = spot{x + 3*wiggle, s.Other.top() - 3}
		from, to := s.Main.span()
		return a.flies && s.Main.top() >= margin && from >= margin && to <= side-margin
	}
}

func (s *scene) arrangeBeside(r *rand.Rand) bool {
	left, right := &s.Main, &s.Other
	if s.Relation == rightOf {
		left, right = right, left
	}
	cut := side / 2 * (0.9 + 0.2*r.Float64())
	if left.Big != right.Big {
		// The larger one may need more than half of the width.
		cut = side * (0.4 + 0.2*r.Float64())
	}
	return left.stand(r, cut/2, margin, cut-gap/2, s.level(r, *left)) &&
		right.stand(r, (cut+side)/2, cut+gap/2, side-margin, s.level(r, *right))
}

// hangSky chooses a corner for the sun, the moon or the window, and reports whether one is free of objects. Clouds may be
// partly covered.
func (s *scene) hangSky(r *rand.Rand) bool {
	s.SkyX = 0
	if s.Sky == plain || s.Sky == clouds {
		return true
	}
	const near, reach, low = 16, 14, 30
	corners := slices.DeleteFunc([]float64{near, side - near}, func(x float64) bool {
		return slices.ContainsFunc([]group{s.Main, s.Other}, func(g group) bool {
			from, to := g.span()
			return g.top() < low && from < x+reach && to > x-reach
		})
	})
	if len(corners) == 0 {
		return false
	}
	s.SkyX = pick(r, corners)
	return true
}

// third returns the third of the picture with the centre of a group: −1 for left, 0 for middle, 1 for right. Near a border
// between thirds, ok is false.
func (g group) third() (where int, ok bool) {
	from, to := g.span()
	offset := (from+to)/2 - side/2
	switch {
	case math.Abs(offset) < 6:
		return 0, true
	case offset < -14:
		return -1, true
	case offset > 14:
		return 1, true
	default:
		return 0, false
	}
}
