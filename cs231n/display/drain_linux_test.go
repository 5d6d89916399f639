package display

import (
	"io"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAwaitDrainedWaitsForASlowReader(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer r.Close()
	defer w.Close()
	_, err = w.WriteString("printed before the picture")
	require.NoError(t, err)
	var read atomic.Bool
	go func() {
		time.Sleep(50 * time.Millisecond)
		read.Store(true)
		r.Read(make([]byte, 100))
	}()
	awaitDrained(w)
	assert.True(t, read.Load())
}

func TestAwaitDrainedLeavesFilesAlone(t *testing.T) {
	t.Parallel()
	file, err := os.CreateTemp(t.TempDir(), "")
	require.NoError(t, err)
	defer file.Close()
	_, err = file.WriteString("a log")
	require.NoError(t, err)
	_, err = file.Seek(0, io.SeekStart) // back to the unread data
	require.NoError(t, err)
	start := time.Now()
	awaitDrained(file)
	assert.Less(t, time.Since(start), time.Second, "must not wait as for an unread pipe")
}
