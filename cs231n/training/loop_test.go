package training_test

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/training"
)

// TestLoop runs a loop of ten iterations and looks at when it saves, what it tells and how it ends.
func TestLoop(t *testing.T) {
	t.Parallel()
	failure := errors.New("out of luck")
	for _, c := range []struct {
		name      string
		begin     int
		stopAt    int // cancelled after this iteration; 0 means never
		divergeAt int
		failAt    int
		saves     []int // iterations done at each save
		done      int
		says      string
		is        error
	}{
		{name: "to the end", saves: []int{4, 8, 10}, done: 10},
		{name: "resumed", begin: 5, saves: []int{8, 10}, done: 10},
		{name: "nothing left", begin: 10, done: 10},
		{name: "stopped", stopAt: 5, saves: []int{4, 5}, done: 5, says: "after iteration 5 of 10; iterations up to 5 are kept in runs, resume", is: context.Canceled},
		{name: "stopped when it is saved anyway", stopAt: 4, saves: []int{4}, done: 4, says: "up to 4", is: context.Canceled},
		{name: "stopped at the end", stopAt: 10, saves: []int{4, 8, 10}, done: 10},
		{name: "diverged", divergeAt: 7, saves: []int{4}, done: 6, says: "diverged, the losses at iteration 6 are [1 NaN]; iterations up to 4"},
		{name: "failed", failAt: 6, saves: []int{4}, done: 5, is: failure, says: "out of luck"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			var saves []int
			p := training.Progress{Iteration: c.begin, Total: 10}
			heard := c.begin
			err := training.Loop{
				Folder: "runs", SaveEvery: 4,
				Steps: func(i, n int) ([][]float64, error) {
					require.Equal(t, p.Iteration, i)
					require.Equal(t, 1, n)
					switch i + 1 {
					case c.failAt:
						return nil, failure
					case c.divergeAt:
						return [][]float64{{1, math.NaN()}}, nil
					}
					return [][]float64{{1, 2}}, nil
				},
				Save: func() error { saves = append(saves, p.Iteration); return nil },
				OnStep: func(done, total int, losses ...float64) {
					heard++
					require.Equal(t, heard, done)
					require.Equal(t, 10, total)
					require.Equal(t, []float64{1, 2}, losses)
					if done == c.stopAt {
						cancel()
					}
				},
			}.Run(ctx, &p)
			require.Equal(t, c.saves, saves)
			require.Equal(t, c.done, p.Iteration)
			if c.says == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.says)
			if c.is != nil {
				require.ErrorIs(t, err, c.is)
			}
		})
	}
}

// TestSaveFails ends the loop: training on without a place to keep the result helps nobody.
func TestSaveFails(t *testing.T) {
	t.Parallel()
	full := errors.New("disk full")
	p := training.Progress{Total: 10}
	err := training.Loop{
		SaveEvery: 3,
		Steps:     func(int, int) ([][]float64, error) { return [][]float64{{1}}, nil },
		Save:      func() error { return full },
	}.Run(context.Background(), &p)
	require.ErrorIs(t, err, full)
	require.Equal(t, 3, p.Iteration)
}

// TestTogether has several iterations in a call: more and more of them, as long as calls are quick, but none beyond
// a save or an iteration that must be the last of its call.
func TestTogether(t *testing.T) {
	t.Parallel()
	var calls, saves, heard []int
	p := training.Progress{Total: 43}
	err := training.Loop{
		SaveEvery: 20, Most: 8,
		Last: func(i int) bool { return i == 9 },
		Steps: func(i, n int) (losses [][]float64, err error) {
			require.Equal(t, p.Iteration, i)
			calls = append(calls, n)
			for k := range n {
				losses = append(losses, []float64{float64(i + k)})
			}
			return losses, nil
		},
		Save: func() error { saves = append(saves, p.Iteration); return nil },
		OnStep: func(done, _ int, losses ...float64) {
			heard = append(heard, done)
			require.Equal(t, []float64{float64(done - 1)}, losses)
		},
	}.Run(context.Background(), &p)
	require.NoError(t, err)
	require.Equal(t, []int{1, 2, 4, 3, 8, 2, 8, 8, 4, 3}, calls)
	require.Equal(t, []int{20, 40, 43}, saves)
	require.Len(t, heard, 43)
}

// TestTogetherSlow takes no more iterations into a call than a quarter of a second holds.
func TestTogetherSlow(t *testing.T) {
	t.Parallel()
	longest := 0
	p := training.Progress{Total: 12}
	require.NoError(t, training.Loop{
		SaveEvery: 100, Most: 64,
		Steps: func(_, n int) ([][]float64, error) {
			longest = max(longest, n)
			time.Sleep(time.Duration(n) * 50 * time.Millisecond)
			return make([][]float64, n), nil
		},
		Save: func() error { return nil },
	}.Run(context.Background(), &p))
	require.LessOrEqual(t, longest, 4)
}
