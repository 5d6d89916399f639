package assess

import "context"

// repair evaluates exercises again that failed together with some that they need, with the reference in place of those. It
// begins with exercises that need no other that failed, so that each is evaluated with as much of the student's code as
// possible.
func (w *work) repair(ctx context.Context) error {
	first, replaced := w.parts, map[string]bool{}
	defer func() { w.parts = first }()
	for {
		roots := w.roots(replaced)
		if len(roots) == 0 {
			return nil
		}
		for _, id := range roots {
			replaced[id] = true
		}
		w.parts = first
		w.parts = w.with(replaced)
		var again []string
		before := map[string]Result{}
		for _, e := range w.exercises {
			r := w.results[e.ID]
			if _, compiles := first[e.ID]; compiles && r.Status != Passed && !replaced[e.ID] && w.ready(e.ID, replaced) {
				again, before[e.ID] = append(again, e.ID), *r
				*r = Result{Exercise: e, Status: Passed, Repaired: true}
			}
		}
		if err := w.evaluate(ctx, again); err != nil {
			return err
		}
		for id, r := range before {
			if w.results[id].Status != Passed {
				*w.results[id] = r
			}
		}
	}
}

// roots lists the exercises that failed although all that they need are right or replaced.
func (w *work) roots(replaced map[string]bool) (ids []string) {
	for _, e := range w.exercises {
		if w.results[e.ID].Status != Passed && !replaced[e.ID] && w.ready(e.ID, replaced) {
			ids = append(ids, e.ID)
		}
	}
	return ids
}

// ready reports whether all exercises that an exercise needs are right or replaced.
func (w *work) ready(id string, replaced map[string]bool) bool {
	for _, need := range w.needs(id) {
		if r := w.results[need]; r != nil && r.Status != Passed && !replaced[need] {
			return false
		}
	}
	return true
}

// advise adds to exercises that may be right a line with the one to correct first.
func (w *work) advise() {
	for _, e := range w.exercises {
		r := w.results[e.ID]
		if _, compiles := w.parts[e.ID]; !compiles || r.Status == Passed {
			continue
		}
		for _, id := range w.needs(e.ID) {
			if need := w.results[id]; need != nil && (need.Status == Wrong || need.Status == Broken) {
				r.Lines = append(r.Lines, "it calls the function of "+id+": correct that first")
				break
			}
		}
	}
}
