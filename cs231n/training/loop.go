package training

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"
)

// Loop repeats training steps.
type Loop struct {
	Folder    Folder // where Save keeps the run, for errors to name
	SaveEvery int    // iterations between two calls of Save

	// Steps does iterations i … i+n−1 and returns the losses of each.
	Steps func(i, n int) (losses [][]float64, err error)
	Most  int              // iterations that Steps can do at once; 0 means 1
	Last  func(i int) bool // if there is one: whether Steps must return after iteration i
	// Save keeps the run as it is.
	Save func() error
	// OnStep, if there is one, hears of every iteration.
	OnStep func(done, total int, losses ...float64)
}

// patience is how long a call of Steps may take: progress shows, and a cancelled context is noticed, between two.
const patience = 250 * time.Millisecond

// Run does iterations p.Iteration … p.Total−1 and keeps p up to date. The run is saved every SaveEvery
// iterations and at its end. As many iterations go into a call of Steps as take a quarter of a second.
//
// A cancelled context ends it after the iterations at hand, saved, with an error [*Stopped]
// that matches [context.Canceled]. A loss that is no finite number ends it too, unsaved: from such weights nothing comes.
func (l Loop) Run(ctx context.Context, p *Progress) error {
	saved, together := p.Iteration, 1
	for p.Iteration < p.Total {
		n, begin := l.next(p, together), time.Now()
		steps, err := l.Steps(p.Iteration, n)
		if err != nil {
			return err
		}
		if n == together && 2*time.Since(begin) < patience { // a first call compiles, and so takes long
			together *= 2
		}
		for _, losses := range steps {
			if !Finite(losses...) {
				return fmt.Errorf("training has diverged, the losses at iteration %d are %g; %s", p.Iteration, losses, l.Folder.keptUntil(saved))
			}
			p.Iteration++
			if l.OnStep != nil {
				l.OnStep(p.Iteration, p.Total, losses...)
			}
		}
		stopped := ctx.Err() != nil && p.Iteration < p.Total
		if stopped || p.Iteration == p.Total || p.Iteration%l.SaveEvery == 0 {
			if err := l.Save(); err != nil {
				return err
			}
			saved = p.Iteration
		}
		if stopped {
			return &Stopped{*p, l.Folder, ctx.Err()}
		}
	}
	return nil
}

// next is the number of iterations for the next call of Steps: together at most, up to one after which the run is
// saved or Steps must return.
func (l Loop) next(p *Progress, together int) int {
	most := min(together, max(l.Most, 1), p.Total-p.Iteration, l.SaveEvery-p.Iteration%l.SaveEvery)
	for n := 1; n < most; n++ {
		if l.Last != nil && l.Last(p.Iteration+n-1) {
			return n
		}
	}
	return most
}

// keptUntil says in an error what is not lost.
func (f Folder) keptUntil(saved int) string {
	if f == "" {
		return "nothing was kept, since no folder was given"
	}
	return fmt.Sprintf("iterations up to %d are kept in %s, resume to go on from there", saved, f)
}

// Stopped is the error of a run that was told to stop. Nothing is wrong with that run: it can be resumed.
type Stopped struct {
	Progress        // how far the run is
	Folder   Folder // where it is kept; empty means that it is not
	cause    error
}

func (s *Stopped) Error() string {
	return fmt.Sprintf("training stopped (%v) after iteration %d of %d; %s", s.cause, s.Iteration, s.Total, s.Folder.keptUntil(s.Iteration))
}

// Unwrap returns why the context ended, such as [context.Canceled].
func (s *Stopped) Unwrap() error { return s.cause }

// Finite reports whether all values are finite numbers.
func Finite(values ...float64) bool {
	return !slices.ContainsFunc(values, func(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) })
}
