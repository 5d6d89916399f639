package grade

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"html/template"
)

//go:embed report.html
var reportHTML string

// html writes the report as a page for the student.
func (r Report) html() ([]byte, error) {
	page, err := template.New("report").Parse(reportHTML)
	if err != nil {
		return nil, err
	}
	code, bonus, questions := MaxPoints()
	var b bytes.Buffer
	err = page.Execute(&b, map[string]any{"Report": r, "Code": code, "Bonus": bonus, "Questions": questions})
	return b.Bytes(), err
}

func encode(value any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(value)
	return b.Bytes(), err
}
