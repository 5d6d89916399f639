//go:build !plain

package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cs231n-go/assignment3/cs231n/course"
	"github.com/cs231n-go/assignment3/cs231n/display"
)

// exerciseList is what `cs231n exercises` prints. kernels/make_course.py reads its JSON.
type exerciseList struct {
	Exercises []listedExercise `json:"exercises"`
	Questions []listedQuestion `json:"questions"`
}

type listedExercise struct {
	ID     string `json:"id"`
	Title  string `json:"title"`
	File   string `json:"file"`
	Func   string `json:"func"`
	Points int    `json:"points"`
	Bonus  bool   `json:"bonus"`
}

type listedQuestion struct {
	ID       string `json:"id"`
	Title    string `json:"title"`
	Notebook string `json:"notebook"`
	Points   int    `json:"points"`
	Bonus    bool   `json:"bonus"`
}

func (l exerciseList) String() string {
	var lines []string
	add := func(id string, points int, bonus bool, place, title string) {
		kind := ""
		if bonus {
			kind = "bonus"
		}
		lines = append(lines, fmt.Sprintf("%-19s %2d %-5s  %-41s %s", id, points, kind, place, title))
	}
	for _, e := range l.Exercises {
		add(e.ID, e.Points, e.Bonus, e.File, e.Title)
	}
	for _, q := range l.Questions {
		add(q.ID, q.Points, q.Bonus, "notebooks/"+q.Notebook+".ipynb", q.Title)
	}
	return strings.Join(lines, "\n")
}

func exercisesCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "exercises", Short: "List the exercises and questions with their points", GroupID: "course", Args: cobra.NoArgs,
		Long: "List the exercises and questions of the assignment with their points and files.",
	}
	asJSON := c.Flags().Bool("json", false, "print one JSON object")
	perform(c, asJSON, func(context.Context, *display.Screen, []string) (any, error) {
		var list exerciseList
		for _, e := range course.Exercises() {
			list.Exercises = append(list.Exercises, listedExercise{e.ID, e.Title, e.File, e.Func, e.Points, e.Bonus})
		}
		for _, q := range course.Questions() {
			list.Questions = append(list.Questions, listedQuestion(q))
		}
		return list, nil
	})
	return c
}
