package display

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// clocked returns a Progress whose clock advances only with wait.
func clocked(p *Progress) (*Progress, func(time.Duration)) {
	now := time.Unix(1000, 0)
	p.now = func() time.Time { return now }
	p.began = now
	return p, func(d time.Duration) { now = now.Add(d) }
}

func TestProgressInALog(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	p, wait := clocked(NewProgress(&log, "D", "G"))
	for i := 1; i <= 3900; i++ {
		wait(25 * time.Millisecond)
		p.Step(i, 3900, 1.25, 0.5+float64(i))
	}
	require.NoError(t, p.Done())
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	require.Len(t, lines, 10, "97.5 seconds, a line every ten and the last")
	assert.Equal(t, "iteration 401/3900  D 1.25  G 401.5  40.0 it/s  1:27 left", lines[0])
	assert.Equal(t, "3900/3900 iterations in 1:38  D 1.25  G 3900  40.0 it/s", lines[9])
}

func TestProgressInUnits(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	p, wait := clocked(NewProgress(&log))
	p.Unit = "MiB"
	for i := range 61 {
		p.Step(i*5, 300)
		wait(time.Second)
	}
	require.NoError(t, p.Done())
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	assert.Equal(t, "50/300 MiB  5.0/s  0:50 left", lines[0])
	assert.Equal(t, "300/300 MiB in 1:01  5.0/s", lines[len(lines)-1])
}

func TestProgressOnATerminal(t *testing.T) {
	t.Parallel()
	var screen bytes.Buffer
	p, wait := clocked(&Progress{names: []string{"loss"}, emit: terminalLine(&screen), interval: liveInterval})
	p.Step(1, 0, 2)
	wait(100 * time.Millisecond)
	p.Step(2, 0, 3) // too soon to be shown
	wait(200 * time.Millisecond)
	p.Step(3, 0, 4)
	require.NoError(t, p.Done())
	assert.Equal(t, "\riteration 1  loss 2\x1b[K\riteration 3  loss 4  6.7 it/s\x1b[K\r3 iterations in 0:00  loss 4  6.7 it/s\x1b[K\n", screen.String())
}

func TestProgressAnnounced(t *testing.T) {
	t.Parallel()
	var screen, log bytes.Buffer
	p, _ := clocked(&Progress{emit: terminalLine(&screen), interval: liveInterval})
	p.Announce("compiling")
	p.Step(1, 2)
	assert.Equal(t, "\rcompiling\x1b[K\riteration 1/2\x1b[K", screen.String(), "the first step replaces it")

	screen.Reset()
	p, _ = clocked(&Progress{emit: terminalLine(&screen), interval: liveInterval})
	p.Announce("compiling")
	require.NoError(t, p.Done())
	assert.Equal(t, "\rcompiling\x1b[K\r\x1b[K", screen.String(), "nothing came of it")

	NewProgress(&log).Announce("compiling")
	assert.Empty(t, log.String())
}

func TestProgressAfterACheckpoint(t *testing.T) {
	t.Parallel()
	var screen bytes.Buffer
	p, wait := clocked(&Progress{emit: terminalLine(&screen), interval: liveInterval})
	wait(time.Minute) // compiling
	p.Step(1001, 2001)
	wait(20 * time.Second)
	p.Step(1011, 2001)
	assert.Contains(t, screen.String(), "iteration 1011/2001  2.0 s/it  33:00 left", "only this run's iterations count")
}

func TestProgressReportsABlockedWay(t *testing.T) {
	t.Parallel()
	full := errors.New("disk full")
	p, _ := clocked(&Progress{emit: func(string, float64, bool) error { return full }})
	p.Step(1, 2)
	assert.ErrorIs(t, p.Done(), full)
}

func TestProgressIsCheap(t *testing.T) {
	p := NewProgress(&bytes.Buffer{}, "D", "G")
	p.Step(1, 10, 1, 2)
	assert.LessOrEqual(t, testing.AllocsPerRun(100, func() { p.Step(2, 10, 1, 2) }), 1.0)
}

func TestBar(t *testing.T) {
	t.Parallel()
	assert.Contains(t, bar("a < b & c", 0.25), "a &lt; b &amp; c")
	assert.NotContains(t, bar("<script>alert(1)</script>", 0.25), "<script")
	assert.Contains(t, bar("x", 0.25), "width:25.0%")
	assert.Contains(t, bar("x", 7), "width:100.0%")
}

func TestClock(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0: "0:00", 65 * time.Second: "1:05", 59*time.Minute + 59900*time.Millisecond: "1:00:00", 2*time.Hour + 3*time.Second: "2:00:03",
	} {
		assert.Equal(t, want, clock(d))
	}
}
