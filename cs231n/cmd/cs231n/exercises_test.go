//go:build !plain

package main

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/course"
)

// TestExercises checks the JSON that kernels/make_course.py reads.
func TestExercises(t *testing.T) {
	c := exercisesCommand()
	var out bytes.Buffer
	c.SetOut(&out)
	c.SetArgs([]string{"--json"})
	require.NoError(t, c.Execute())
	var list map[string][]map[string]any
	require.NoError(t, json.Unmarshal(out.Bytes(), &list))
	require.Len(t, list["exercises"], len(course.Exercises()))
	require.Len(t, list["questions"], len(course.Questions()))
	first := course.Exercises()[0]
	require.Equal(t, map[string]any{
		"id": first.ID, "title": first.Title, "file": first.File, "func": first.Func, "points": float64(first.Points), "bonus": first.Bonus,
	}, list["exercises"][0])
}
