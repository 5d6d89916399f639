package training

import (
	"context"
	"fmt"
	"math"
	"slices"
)

// Loop repeats training steps.
type Loop struct {
	Folder    Folder // where Save keeps the run, for errors to name
	SaveEvery int    // iterations between two calls of Save

	// Step does iteration i and returns its losses.
	Step func(i int) (losses []float64, err error)
	// Save keeps the run as it is.
	Save func() error
	// OnStep, if there is one, hears of every iteration.
	OnStep func(done, total int, losses ...float64)
}

// Run does iterations p.Iteration … p.Total−1 and keeps p up to date. The run is saved every SaveEvery
// iterations and at its end.
//
// A cancelled context ends it after the iteration at hand, saved, with an error that matches
// [context.Canceled]. A loss that is no finite number ends it too, unsaved: from such weights nothing comes.
func (l Loop) Run(ctx context.Context, p *Progress) error {
	saved := p.Iteration
	for p.Iteration < p.Total {
		i := p.Iteration
		losses, err := l.Step(i)
		if err != nil {
			return err
		}
		if !Finite(losses...) {
			return fmt.Errorf("training has diverged, the losses at iteration %d are %g; %s", i, losses, l.keptUntil(saved))
		}
		p.Iteration++
		if l.OnStep != nil {
			l.OnStep(p.Iteration, p.Total, losses...)
		}
		stopped := ctx.Err() != nil && p.Iteration < p.Total
		if stopped || p.Iteration == p.Total || p.Iteration%l.SaveEvery == 0 {
			if err := l.Save(); err != nil {
				return err
			}
			saved = p.Iteration
		}
		if stopped {
			return fmt.Errorf("training stopped (%w) after iteration %d of %d; %s", ctx.Err(), p.Iteration, p.Total, l.keptUntil(saved))
		}
	}
	return nil
}

// keptUntil says in an error what is not lost.
func (l Loop) keptUntil(saved int) string {
	if l.Folder == "" {
		return "nothing was kept, since no folder was given"
	}
	return fmt.Sprintf("iterations up to %d are kept in %s, resume to go on from there", saved, l.Folder)
}

// Finite reports whether all values are finite numbers.
func Finite(values ...float64) bool {
	return !slices.ContainsFunc(values, func(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) })
}
