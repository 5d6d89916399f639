package grade

import (
	"fmt"
	"maps"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/course"
	"github.com/cs231n-go/assignment3/cs231n/course/assess"
	"github.com/cs231n-go/assignment3/cs231n/course/sandbox"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
)

func TestMain(m *testing.M) {
	sandbox.Init()
	os.Exit(m.Run())
}

func grader(t *testing.T) *Grader {
	t.Helper()
	g, err := New(testbackend.Get(t), "../../..", 0)
	require.NoError(t, err)
	return g
}

// TestReference grades the reference solutions: all points.
func TestReference(t *testing.T) {
	g := grader(t)
	begun := time.Now()
	r, err := g.Files(t.Context(), g.layout.Reference())
	require.NoError(t, err)
	fmt.Println(assess.Table(r.Results), time.Since(begun))
	code, bonus, _ := MaxPoints()
	require.Equal(t, code+bonus, r.Score())
}

// TestBlank grades the released files: no points.
func TestBlank(t *testing.T) {
	g := grader(t)
	r, err := g.Files(t.Context(), g.layout.Blank())
	require.NoError(t, err)
	require.Zero(t, r.Score())
}

var _ = maps.Keys[map[int]int]
var _ = course.Needs
