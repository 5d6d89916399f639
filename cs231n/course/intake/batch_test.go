package intake_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/course/intake"
)

func TestBatch(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{
		"Ada Lovelace_123_assignsubmission_file_a3.zip", "Ada Lovelace_456_assignsubmission_file_a3.zip",
		"Ada Lovelace_123_assignsubmission_onlinetext.zip",
		"lovelaceada_LATE_12345_678901_a3-1.tar.gz", "turingalan_1_2_my_file.zip", "Ünal Çelik.zip", "Turingalan.tgz", "turingalan-2.zip",
		"grades.csv", ".hidden.zip", "; rm -rf ~.zip", "-rf.zip", "..zip.zip", "-.zip",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o644))
	}
	for _, name := range []string{"submission_12345678", "Grace Hopper_9_assignsubmission_file_", "m.curie"} {
		require.NoError(t, os.Mkdir(filepath.Join(dir, name), 0o755))
	}
	require.NoError(t, os.Symlink("/etc", filepath.Join(dir, "link")))
	entries, err := intake.Batch(dir)
	require.NoError(t, err)
	var lines []string
	for _, e := range entries {
		base := ""
		if e.Path != "" {
			require.Equal(t, dir, filepath.Dir(e.Path))
			base = filepath.Base(e.Path)
		}
		lines = append(lines, strings.Join([]string{e.Name, base, e.Note}, "|"))
	}
	require.Equal(t, []string{
		"submission|-.zip|",
		"rf|-rf.zip|",
		"rm--rf|; rm -rf ~.zip|",
		"Ada-Lovelace|Ada Lovelace_123_assignsubmission_file_a3.zip|",
		"||Ada Lovelace_123_assignsubmission_onlinetext.zip is skipped: it is Moodle's online text",
		"Ada-Lovelace-2|Ada Lovelace_456_assignsubmission_file_a3.zip|Ada Lovelace_456_assignsubmission_file_a3.zip is another submission of the name Ada-Lovelace: here it is Ada-Lovelace-2",
		"Grace-Hopper|Grace Hopper_9_assignsubmission_file_|",
		"Turingalan|Turingalan.tgz|",
		"||grades.csv is skipped: it is neither a folder nor an archive",
		"||link is skipped: it is a link",
		"lovelaceada|lovelaceada_LATE_12345_678901_a3-1.tar.gz|",
		"m.curie|m.curie|",
		"submission_12345678|submission_12345678|",
		"turingalan-2|turingalan-2.zip|",
		"turingalan-3|turingalan_1_2_my_file.zip|turingalan_1_2_my_file.zip is another submission of the name turingalan: here it is turingalan-3",
		"Ünal-Çelik|Ünal Çelik.zip|",
	}, lines)
	_, err = intake.Batch(filepath.Join(dir, "nowhere"))
	require.ErrorIs(t, err, fs.ErrNotExist)
}
