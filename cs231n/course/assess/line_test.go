package assess

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLine(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"x is 1 instead of −2: ½":          "x is 1 instead of −2: ½",
		"\x1b[31mred\a\r\n":                "[31mred",
		"a\x00b\u202ec\u200bd":             "a b c d",
		"\xff":                             "�",
		"pointer 0xc0001234 and 0x1":       "pointer 0x… and 0x1",
		strings.Repeat("é", 500) + "\x1b]": strings.Repeat("é", 400) + "…",
	} {
		require.Equal(t, want, Line(text))
	}
}

func TestSelected(t *testing.T) {
	t.Parallel()
	ids, err := selected([]string{"embedding", "gan-noise"})
	require.NoError(t, err)
	require.Equal(t, []string{"embedding-forward", "embedding-backward", "gan-noise"}, ids)
	for name, says := range map[string]string{
		"rnn_forward":   `there is no exercise "rnn_forward"; did you mean rnn-forward?; choose from rnn-step-forward, `,
		"rnn-fowrard":   "did you mean rnn-forward?",
		"noise":         "did you mean gan-noise?",
		"nonsense":      `there is no exercise "nonsense"; choose from`,
		"\x1b[31mred\n": `there is no exercise "[31mred"; choose from`,
	} {
		_, err := selected([]string{name})
		require.ErrorContains(t, err, says)
	}
}

// TestTail keeps the end of a long output.
func TestTail(t *testing.T) {
	t.Parallel()
	var out tail
	for range 100 {
		_, err := out.Write(make([]byte, 1<<16))
		require.NoError(t, err)
	}
	_, err := out.Write([]byte("panic: x\n"))
	require.NoError(t, err)
	require.Less(t, len(out), 3<<20)
	require.Equal(t, "it ended with panic: x", Ended(2, "\n"+strings.TrimLeft(string(out), "\x00"), ""))
}
