package bench

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"path/filepath"
)

// Cells holds the run times of a notebook's cells in a kernel, without those that train. Times are in seconds.
type Cells struct {
	Notebook string  `json:"notebook"`
	Kernel   string  `json:"kernel"`
	Count    int     `json:"cells"`
	Median   float64 `json:"median_s"`
	P90      float64 `json:"p90_s"`   // 90th percentile
	Again    float64 `json:"again_s"` // median when the notebook runs again, with compiled programs of the first time; 0 if unknown
}

// Cells runs the notebooks, each in this project's kernel and in stock GoNB.
func (r Runner) Cells(ctx context.Context) (cells []Cells, err error) {
	fmt.Fprintln(r.Log, "notebook cells; this takes several minutes")
	err = r.run(ctx, &cells, "cells", filepath.Join(r.Root, ".venv", "bin", "python"), filepath.Join(r.Root, "kernels", "bench_cells.py"))
	return cells, err
}

func cellRows(cells []Cells) [][]string {
	var rows [][]string
	for _, c := range cells {
		again := cmp.Or(c.Again, math.NaN())
		rows = append(rows, []string{c.Notebook, c.Kernel, fmt.Sprint(c.Count), number(c.Median), number(c.P90), number(again)})
	}
	return rows
}
