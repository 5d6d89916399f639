package bench

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/coco"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/metrics"
)

// small is a data set of 40 and 20 images.
func small(t *testing.T) (dir string) {
	dir = t.TempDir()
	s := Sizes{T: 16, D: 8, V: 50}
	require.NoError(t, coco.Write(dir, newLanguage(s.V).data(s, amount{40, 203}, amount{20, 100})))
	return dir
}

func TestLanguage(t *testing.T) {
	t.Parallel()
	const images, limit, words = 2000, 15, 1004
	candidates, references := newLanguage(words).corpus(images, limit)
	require.Len(t, candidates, images)
	total, bigrams, counts := 0, map[string]bool{}, map[string]int{}
	for i, all := range references {
		require.Len(t, all, 5)
		for _, r := range append([]metrics.Caption{candidates[i]}, all...) {
			require.GreaterOrEqual(t, len(r), shortest)
			require.LessOrEqual(t, len(r), limit)
			for j, word := range r {
				counts[word]++
				if j > 0 {
					total++
					bigrams[r[j-1]+" "+word] = true
				}
			}
		}
	}
	assert.Greater(t, counts["word4"], 10*counts["word104"], "the most frequent word")
	assert.Greater(t, len(counts), words*9/10)
	assert.NotContains(t, counts, coco.Unknown)
	assert.Less(t, len(bigrams), total/3, "most pairs of words occur again")
	scores, err := metrics.BLEU(candidates, references)
	require.NoError(t, err)
	assert.InDelta(t, 0.5, scores.BLEU[3], 0.25, "captions resemble their references, but differ")
	again, _ := newLanguage(words).corpus(images, limit)
	assert.Equal(t, candidates, again)
}

func TestLanguageData(t *testing.T) {
	t.Parallel()
	data, err := coco.Load(small(t), coco.Options{})
	require.NoError(t, err)
	assert.Equal(t, 203, data.Train.Len())
	assert.Equal(t, 40, data.Train.Images())
	assert.Equal(t, 100, data.Val.Len())
	assert.Equal(t, 17, data.Train.Length)
	assert.Len(t, data.Vocab.Words, 50)
	for i := range data.Train.Len() {
		words := strings.Fields(data.Vocab.Decode(data.Train.Caption(i)))
		assert.Equal(t, coco.Start, words[0])
		assert.Equal(t, coco.End, words[len(words)-1])
	}
	assert.NotEqual(t, data.Train.Features[:8], data.Val.Features[:8])
}

func TestGrowScores(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	all, err := growScores(t.Context(), &log, 20, 200)
	require.NoError(t, err)
	for i, name := range []string{"BLEU", "CIDEr-D", "ROUGE-L"} {
		assert.Equal(t, name, all[i].Model)
		require.Len(t, all[i].Points, 2)
		assert.Equal(t, 20, all[i].Points[0].Value)
		assert.Equal(t, 200.0, all[i].Points[1].Work)
		assert.Greater(t, all[i].Points[1].Ms, all[i].Points[0].Ms)
		assert.Contains(t, log.String(), name+", captions = 200: ")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = growScores(ctx, &log, 20)
	require.ErrorIs(t, err, context.Canceled)
}

// TestBatch checks that a GAN takes the batch of its task.
func TestBatch(t *testing.T) {
	t.Parallel()
	for model, batch := range map[string]int{"gan": 128, "dcgan": 128, "diffusion": 64, "lstm": 25, Sample: 25, Draw: 16} {
		task, err := NewTask(model)
		require.NoError(t, err)
		assert.Equal(t, batch, task.Batch, model)
	}
	_, err := Task{Model: "gan", Sizes: Sizes{Batch: 8}, Iters: 1}.Run(t.Context(), testbackend.Get(t))
	require.ErrorContains(t, err, "a batch cannot have 8 images")
	timing, err := Task{Model: "gan", Sizes: Sizes{Batch: 16}, Iters: 2}.Run(t.Context(), testbackend.Get(t))
	require.NoError(t, err)
	assert.Positive(t, timing.Mean)
}

func TestTimeLoading(t *testing.T) {
	t.Parallel()
	l, err := TimeLoading(t.Context(), small(t))
	require.NoError(t, err)
	assert.Equal(t, 203, l.Captions)
	assert.Positive(t, l.Ms)
	assert.InDelta(t, 4*(60*8+303*18)/float64(mib), l.Arrays, 1e-9, "features, and captions with the index of their image")
	_, err = TimeLoading(t.Context(), t.TempDir())
	require.ErrorContains(t, err, "no such file")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = TimeLoading(ctx, small(t))
	require.ErrorIs(t, err, context.Canceled)
}

func TestEpoch(t *testing.T) {
	t.Parallel()
	task, err := NewTask("rnn")
	require.NoError(t, err)
	task.Iters = 3
	dir := small(t)
	e, err := task.Epoch(t.Context(), testbackend.Get(t), dir)
	require.NoError(t, err)
	assert.Equal(t, "rnn", e.Model)
	assert.Equal(t, 8, e.Steps, "203 captions in batches of 25")
	assert.Equal(t, 3, e.Measured)
	task.T, task.D, task.V = 16, 8, 50
	assert.InEpsilon(t, task.FLOPs()/e.StepMs/1e6, e.GFLOPs, 1e-9, "with the sizes of the data set")
	assert.Equal(t, 20, e.Images)
	assert.Equal(t, 10, e.Sampled, "the second of two batches")
	assert.Positive(t, e.SampleMs)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = task.Epoch(ctx, testbackend.Get(t), dir)
	require.ErrorIs(t, err, context.Canceled)
	_, err = task.Epoch(t.Context(), testbackend.Get(t), t.TempDir())
	require.ErrorContains(t, err, "bench: rnn: coco: ")
}

// TestCOCOCanceled cancels loading, which would take a minute.
func TestCOCOCanceled(t *testing.T) {
	t.Parallel()
	self := filepath.Join(t.TempDir(), "bench")
	require.NoError(t, os.WriteFile(self, []byte("#!/bin/sh\necho loads >&2\nexec sleep 60\n"), 0o755))
	ctx, cancel := context.WithCancel(t.Context())
	log := &canceler{text: "loads", cancel: cancel}
	r := Runner{Root: t.TempDir(), Self: self, Log: log, size: dataSize{amount{16, 80}, amount{8, 40}}}
	begin := time.Now()
	got, err := r.COCO(ctx)
	require.ErrorIs(t, err, context.Canceled)
	assert.Less(t, time.Since(begin), 30*time.Second)
	assert.Empty(t, got.Loading)
	requireRemoved(t, log.String())
}

// canceler calls cancel when a text is written to it.
type canceler struct {
	bytes.Buffer
	text   string
	cancel func()
}

func (c *canceler) Write(p []byte) (int, error) {
	if strings.Contains(string(p), c.text) {
		c.cancel()
	}
	return c.Buffer.Write(p)
}

// requireRemoved checks that the folder of the synthetic data is gone.
func requireRemoved(t *testing.T, log string) {
	t.Helper()
	_, dir, _ := strings.Cut(log, " captions in ")
	dir, _, _ = strings.Cut(dir, "\n")
	require.True(t, filepath.IsAbs(dir), log)
	require.NoDirExists(t, dir)
}
