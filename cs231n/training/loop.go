package training

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// stepper repeats training steps.
type stepper struct {
	folder    Folder // where save writes the run, for error messages
	saveEvery int    // iterations between two saves
	keepEvery int    // a call does not cross a multiple of it; 0 means no limit
	perCall   int    // maximum number of iterations in a call
	perEpoch  int    // iterations in an epoch; a call does not cross its end

	// call runs iterations i … i+n−1 and returns the losses of each.
	call func(i, n int) (losses [][]float64, err error)
	// done records an iteration. If it fails, the stepper saves the run and stops.
	done func(i int, losses []float64) error
	save func() error
	now  func() time.Time
}

// maxCallTime limits the duration of a call. Progress and cancellation are handled only between calls.
const maxCallTime = 250 * time.Millisecond

// run runs iterations p.Iteration … p.Total−1 and updates p. It saves every saveEvery iterations and at the end. It doubles
// the iterations in a call while twice as many fit into maxCallTime.
//
// If the context is canceled, it finishes the current call, saves and returns a [*Stopped] that matches [context.Canceled].
// If a loss is not finite, it stops without saving, since the weights are useless.
func (l stepper) run(ctx context.Context, p *Progress) error {
	saved, stepsPerCall := p.Iteration, 1
	for p.Iteration < p.Total {
		i := p.Iteration
		n := min(stepsPerCall, l.perCall, p.Total-i, l.saveEvery-i%l.saveEvery, l.perEpoch-i%l.perEpoch)
		begin := l.now()
		if l.keepEvery > 0 {
			n = min(n, l.keepEvery-i%l.keepEvery)
		}
		steps, err := l.call(i, n)
		if err != nil {
			return fmt.Errorf("%w; %s", err, l.folder.savedUntil(saved))
		}
		if n == stepsPerCall && 2*l.now().Sub(begin) < maxCallTime { // the first call is slow, since it compiles
			stepsPerCall *= 2
		}
		var failed error
		for _, losses := range steps {
			if slices.ContainsFunc(losses, func(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) }) {
				diverged := fmt.Errorf("training has diverged, the losses at iteration %d are %g; %s", p.Iteration, losses, l.folder.savedUntil(saved))
				return errors.Join(failed, diverged)
			}
			failed = errors.Join(failed, l.done(p.Iteration, losses))
			p.Iteration++
		}
		stopped := ctx.Err() != nil && p.Iteration < p.Total
		if failed != nil || stopped || p.Iteration == p.Total || p.Iteration%l.saveEvery == 0 {
			if err := l.save(); err != nil {
				return errors.Join(failed, err)
			}
			saved = p.Iteration
		}
		switch {
		case failed != nil:
			return fmt.Errorf("%w; %s", failed, l.folder.savedUntil(saved))
		case stopped:
			return &Stopped{*p, l.folder, ctx.Err()}
		}
	}
	return nil
}

// savedUntil is the part of an error message that reports which iterations are saved.
func (f Folder) savedUntil(saved int) string {
	switch {
	case f == "":
		return "nothing was saved, since no folder was given"
	case saved == 0:
		return fmt.Sprintf("nothing is saved in %s yet", f)
	}
	return fmt.Sprintf("iterations up to %d are saved in %s; resume to continue", saved, f)
}

// Stopped is the error of a run whose context was canceled. The run can be resumed.
type Stopped struct {
	Progress        // iterations done and planned
	Folder   Folder // where it is saved; empty means nowhere
	cause    error
}

func (s *Stopped) Error() string {
	return fmt.Sprintf("training stopped (%v) after iteration %d of %d; %s", s.cause, s.Iteration, s.Total, s.Folder.savedUntil(s.Iteration))
}

// Unwrap returns why the context ended, such as [context.Canceled].
func (s *Stopped) Unwrap() error { return s.cause }
