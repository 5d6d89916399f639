package training

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// steps counts calls of a stepper's functions. Its clock advances only when a call moves it.
type steps struct {
	stepper
	clock time.Duration
	calls []int // iterations of each call
	saves []int // iterations done at each save
	p     Progress
}

// newSteps prepares iterations with the losses 1 and 2, ten per epoch, saved after every four.
func newSteps(begin, total int) *steps {
	s := &steps{p: Progress{Iteration: begin, Total: total}}
	s.stepper = stepper{
		folder: "runs", saveEvery: 4, perCall: 1, perEpoch: 1000,
		call: func(_, n int) (losses [][]float64, err error) {
			s.calls = append(s.calls, n)
			for range n {
				losses = append(losses, []float64{1, 2})
			}
			return losses, nil
		},
		done: func(int, []float64) error { return nil },
		save: func() error { s.saves = append(s.saves, s.p.Iteration); return nil },
		now:  func() time.Time { return time.Unix(0, 0).Add(s.clock) },
	}
	return s
}

// TestLoop runs ten iterations and checks the saves, the records and the final error.
func TestLoop(t *testing.T) {
	t.Parallel()
	failure := errors.New("out of luck")
	for _, c := range []struct {
		name      string
		begin     int
		stopAt    int // canceled after this iteration; 0 means never
		divergeAt int
		failAt    int // the call of this iteration fails
		recordAt  int // recording this iteration fails
		saves     []int
		done      int
		wantErr   string
		is        error
	}{
		{name: "to the end", saves: []int{4, 8, 10}, done: 10},
		{name: "resumed", begin: 5, saves: []int{8, 10}, done: 10},
		{name: "nothing left", begin: 10, done: 10},
		{name: "stopped", stopAt: 5, saves: []int{4, 5}, done: 5, wantErr: "after iteration 5 of 10; iterations up to 5 are saved in runs; resume", is: context.Canceled},
		{name: "stopped at a save", stopAt: 4, saves: []int{4}, done: 4, wantErr: "up to 4", is: context.Canceled},
		{name: "stopped at the end", stopAt: 10, saves: []int{4, 8, 10}, done: 10},
		{name: "diverged", divergeAt: 7, saves: []int{4}, done: 6, wantErr: "diverged, the losses at iteration 6 are [1 NaN]; iterations up to 4"},
		{name: "diverged before the first save", divergeAt: 3, done: 2, wantErr: "iteration 2 are [1 NaN]; nothing is saved in runs yet"},
		{name: "failed", failAt: 6, saves: []int{4}, done: 5, is: failure, wantErr: "out of luck; iterations up to 4 are saved"},
		{name: "failed at once", failAt: 1, is: failure, wantErr: "out of luck; nothing is saved in runs yet"},
		{name: "resumed and failed at once", begin: 5, failAt: 6, done: 5, is: failure, wantErr: "iterations up to 5 are saved"},
		{name: "not shown", recordAt: 6, saves: []int{4, 6}, done: 6, is: failure, wantErr: "out of luck; iterations up to 6 are saved in runs"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			s := newSteps(c.begin, 10)
			recorded, call := c.begin, s.call
			s.call = func(i, n int) ([][]float64, error) {
				require.Equal(t, s.p.Iteration, i)
				switch i + 1 {
				case c.failAt:
					return nil, failure
				case c.divergeAt:
					return [][]float64{{1, math.NaN()}}, nil
				}
				return call(i, n)
			}
			s.done = func(i int, losses []float64) error {
				require.Equal(t, recorded, i)
				require.Equal(t, []float64{1, 2}, losses)
				if recorded++; recorded == c.stopAt {
					cancel()
				}
				if recorded == c.recordAt {
					return failure
				}
				return nil
			}
			err := s.run(ctx, &s.p)
			require.Equal(t, c.saves, s.saves)
			require.Equal(t, c.done, s.p.Iteration)
			require.Equal(t, c.done, recorded)
			if c.wantErr == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.wantErr)
			if c.is != nil {
				require.ErrorIs(t, err, c.is)
			}
		})
	}
}

// TestSaveFails ends the loop, since the result of further training could not be saved.
func TestSaveFails(t *testing.T) {
	t.Parallel()
	full, unseen := errors.New("disk full"), errors.New("not shown")
	s := newSteps(0, 10)
	s.save = func() error { return full }
	require.ErrorIs(t, s.run(context.Background(), &s.p), full)
	require.Equal(t, 4, s.p.Iteration)

	s = newSteps(0, 10)
	s.save, s.done = func() error { return full }, func(int, []float64) error { return unseen }
	err := s.run(context.Background(), &s.p)
	require.ErrorIs(t, err, full)
	require.ErrorIs(t, err, unseen)
}

// TestStepsPerCall expects the iterations per call to double while calls are fast. No call crosses a save or the end of an
// epoch.
func TestStepsPerCall(t *testing.T) {
	t.Parallel()
	s := newSteps(0, 43)
	s.saveEvery, s.perCall, s.perEpoch = 20, 8, 10
	require.NoError(t, s.run(context.Background(), &s.p))
	require.Equal(t, []int{1, 2, 4, 3, 8, 2, 8, 2, 8, 2, 3}, s.calls)
	require.Equal(t, []int{20, 40, 43}, s.saves)
	require.Equal(t, 43, s.p.Iteration)
}

// TestSlowSteps expects no more iterations in a call than fit into a quarter of a second. The first call is slow, since it
// compiles.
func TestSlowSteps(t *testing.T) {
	t.Parallel()
	s := newSteps(0, 20)
	s.saveEvery, s.perCall = 100, 64
	call := s.call
	s.call = func(i, n int) ([][]float64, error) {
		s.clock += time.Duration(n) * 50 * time.Millisecond
		if i == 0 {
			s.clock += time.Second
		}
		return call(i, n)
	}
	require.NoError(t, s.run(context.Background(), &s.p))
	require.Equal(t, []int{1, 1, 2, 4, 4, 4, 4}, s.calls)
}

// TestMaxCallTime doubles the iterations only after a call that takes less than half of maxCallTime.
func TestMaxCallTime(t *testing.T) {
	t.Parallel()
	for took, calls := range map[time.Duration][]int{maxCallTime/2 - 1: {1, 2, 4, 3}, maxCallTime / 2: {1, 1, 1, 1, 1, 1, 1, 1, 1, 1}} {
		s := newSteps(0, 10)
		s.saveEvery, s.perCall = 100, 64
		call := s.call
		s.call = func(i, n int) ([][]float64, error) {
			s.clock += took
			return call(i, n)
		}
		require.NoError(t, s.run(context.Background(), &s.p))
		require.Equal(t, calls, s.calls)
	}
}

func TestSavedUntil(t *testing.T) {
	t.Parallel()
	require.Equal(t, "nothing was saved, since no folder was given", Folder("").savedUntil(5))
	require.Equal(t, "nothing is saved in out yet", Folder("out").savedUntil(0))
	require.Equal(t, "iterations up to 5 are saved in out; resume to continue", Folder("out").savedUntil(5))
}
