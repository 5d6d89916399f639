package intake

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

// submission chooses one copy of the project and checks its files.
func (r *reader) submission() Submission {
	copies := make(map[string]map[string][]byte) // by the folder of the copy
	for name, content := range r.found {
		for _, w := range r.want {
			if prefix, ok := w.prefix(name); ok {
				if copies[prefix] == nil {
					copies[prefix] = make(map[string][]byte)
				}
				copies[prefix][strings.TrimPrefix(name, prefix)] = content
			}
		}
	}
	prefixes := slices.SortedFunc(maps.Keys(copies), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(copies[b]), len(copies[a])), cmp.Compare(strings.Count(a, "/"), strings.Count(b, "/")), cmp.Compare(a, b))
	})
	files := make(map[string][]byte)
	if len(prefixes) == 0 {
		r.nothing()
		return Submission{files, r.problems}
	}
	if len(prefixes) > 1 && len(copies[prefixes[1]]) > 1 {
		r.problem("%s has expected files in several places: those in %s count, those in %s do not", r.name, folder(prefixes[0]), folder(prefixes[1]))
	}
	chosen := copies[prefixes[0]]
	for _, name := range slices.Sorted(maps.Keys(chosen)) {
		if why := unusable(name, chosen[name]); why != "" {
			r.problem("%s is ignored: %s", shown(name), why)
			continue
		}
		files[name] = chosen[name]
	}
	for _, w := range r.want {
		if _, ok := chosen[w.dir+w.pattern]; !ok && w.required {
			r.missing(w)
		}
	}
	return Submission{files, r.problems}
}

func folder(prefix string) string {
	if prefix == "" {
		return "the top folder"
	}
	return shown(prefix)
}

// missing reports a required file.
func (r *reader) missing(w wanted) {
	r.problem("%s%s is missing%s", w.dir, w.pattern, r.elsewhere(w))
}

// elsewhere is a hint at a file of the same name in another folder, "" if there is none.
func (r *reader) elsewhere(w wanted) string {
	for _, name := range r.seen {
		if path.Base(name) == w.pattern {
			return fmt.Sprintf("; there is %s: keep the folders of the assignment", shown(name))
		}
	}
	return ""
}

// nothing reports a submission without any wanted file.
func (r *reader) nothing() {
	const most = 3
	switch {
	case len(r.seen) == 0 && len(r.problems) > 0:
	case len(r.seen) == 0:
		r.problem("%s is empty", r.name)
	default:
		names := make([]string, 0, most)
		for _, name := range r.seen[:min(most, len(r.seen))] {
			names = append(names, shown(name))
		}
		list := strings.Join(names, ", ")
		if len(r.seen) > most {
			list += ", ..."
		}
		r.problem("%s has none of the expected files: is it of another assignment? It has %s", r.name, list)
	}
	for _, w := range r.want {
		if w.required && r.elsewhere(w) != "" {
			r.missing(w)
		}
	}
}

// unusable says why a file cannot be graded, "" if it can.
func unusable(name string, content []byte) string {
	switch {
	case !utf8.Valid(content) && len(content) > 1 && (content[0] == 0xff && content[1] == 0xfe || content[0] == 0xfe && content[1] == 0xff):
		return "it is UTF-16: save it as UTF-8"
	case !utf8.Valid(content):
		return "it is not UTF-8 text"
	case path.Ext(name) == ".ipynb":
		return badNotebook(content)
	case path.Ext(name) == ".json" && !json.Valid(content):
		return "it is not JSON"
	}
	return ""
}

// badNotebook says why a notebook cannot be read, "" if it can.
func badNotebook(content []byte) string {
	var notebook struct {
		Format *int               `json:"nbformat"`
		Cells  *[]json.RawMessage `json:"cells"`
	}
	switch err := json.Unmarshal(content, &notebook); {
	case len(content) == 0:
		return "it is empty"
	case !json.Valid(content):
		return fmt.Sprintf("it is not JSON: %v", err)
	case err != nil || notebook.Format == nil:
		return "it is JSON, but not a notebook"
	case *notebook.Format != 4:
		return fmt.Sprintf("it is a notebook of nbformat %d: save it as nbformat 4", *notebook.Format)
	case notebook.Cells == nil:
		return "it is a notebook without cells"
	}
	return ""
}
