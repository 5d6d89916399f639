package display

import (
	"fmt"
	"html"
	"io"
	"os"
	"strings"
	"time"

	"github.com/janpfeifer/gonb/gonbui"
	"github.com/janpfeifer/gonb/gonbui/protocol"
)

const (
	liveInterval  = 250 * time.Millisecond // between updates in a notebook or terminal
	plainInterval = 10 * time.Second       // between lines of a log
)

// Progress is the progress line of a loop: iterations done, the latest values, the speed and the time left.
//
//	iteration 1234/3900  D 1.203  G 0.9512  41.2 it/s  1:05 left
//
// In a notebook the line is updated in place, with a progress bar. The saved notebook has only the last line. In a terminal
// the line is updated in place too. Elsewhere, such as in a log file, a new line is written every ten seconds.
//
// A Progress is not safe for concurrent use.
type Progress struct {
	// Unit is the unit of progress if not iterations, such as "pictures" or "MiB".
	Unit string
	// Title begins the line, if it is not empty: "downloading". It needs a Unit.
	Title string

	names    []string
	emit     func(line string, fraction float64, last bool) error
	now      func() time.Time
	interval time.Duration

	announced   bool
	began       time.Time // time of NewProgress
	first       time.Time // time of the first Step, which is delayed by compilation
	firstDone   int
	latest      time.Time // time of the latest Step
	shown       time.Time // time of the latest update
	done, total int
	values      []float64
}

// NewProgress returns a Progress that writes to w, with names for the values of [Progress.Step]. If w is nil it uses the
// running notebook cell, or standard output outside a notebook.
func NewProgress(w io.Writer, names ...string) *Progress {
	p := &Progress{names: names, now: time.Now, interval: liveInterval}
	switch {
	case w == nil && InNotebook():
		p.emit = notebookLine("progress-" + gonbui.UniqueId())
	case w == nil:
		return NewProgress(os.Stdout, names...)
	case isTerminal(w):
		p.emit = terminalLine(w)
	default:
		p.emit = plainLine(w)
		p.interval = plainInterval
	}
	p.began = p.now()
	return p
}

// Announce shows a message until the first Step, for instance during compilation. It is not written to logs.
func (p *Progress) Announce(message string) {
	if p.interval == liveInterval {
		p.announced = true
		_ = p.emit(message, 0, false) // the next Step replaces it
	}
}

// Step reports that done of total iterations are finished, and the latest values, one for each name. Call it after every
// iteration; most calls only read the clock. A total of 0 means unknown.
func (p *Progress) Step(done, total int, values ...float64) {
	now := p.now()
	if p.first.IsZero() {
		p.first, p.firstDone = now, done
	}
	p.latest, p.done, p.total = now, done, total
	p.values = append(p.values[:0], values...)
	if now.Sub(p.shown) < p.interval {
		return
	}
	if p.shown.IsZero() && p.interval == plainInterval {
		p.shown = now // no log line for the first iteration
		return
	}
	p.shown = now
	fraction := 0.0
	if total > 0 {
		fraction = float64(done) / float64(total)
	}
	// The next line replaces a lost one. Done reports persistent errors.
	_ = p.emit(p.line(), fraction, false)
}

// Done replaces the line by a final one with the total time and the mean speed. Without any Step it writes nothing, but
// clears an announcement. It returns an error if the line cannot be written.
func (p *Progress) Done() error {
	switch {
	case p.first.IsZero() && p.announced:
		return p.last("")
	case p.first.IsZero():
		return nil
	}
	unit := p.Unit
	if unit == "" {
		unit = "iterations"
	}
	parts := []string{fmt.Sprintf("%s in %s", p.count(unit), clock(p.now().Sub(p.began)))}
	parts = append(parts, p.named()...)
	if rate := p.rate(); rate > 0 {
		parts = append(parts, p.speed(rate))
	}
	return p.last(strings.Join(parts, "  "))
}

func (p *Progress) last(line string) error {
	if err := p.emit(line, 1, true); err != nil {
		return fmt.Errorf("display: Progress: cannot write the last line: %w", err)
	}
	return nil
}

func (p *Progress) line() string {
	count := "iteration " + p.count("")
	if p.Unit != "" {
		count = p.count(p.Unit)
	}
	parts := append([]string{count}, p.named()...)
	if rate := p.rate(); rate > 0 {
		parts = append(parts, p.speed(rate))
		if p.total > p.done {
			left := float64(p.total-p.done) / rate
			parts = append(parts, clock(time.Duration(left*float64(time.Second)))+" left")
		}
	}
	return strings.Join(parts, "  ")
}

// count formats the iterations done: 12/3900, or 12 if the total is unknown.
func (p *Progress) count(unit string) string {
	s := fmt.Sprint(p.done)
	if p.total > 0 {
		s += fmt.Sprintf("/%d", p.total)
	}
	return strings.TrimSpace(p.Title + " " + s + " " + unit)
}

func (p *Progress) named() []string {
	var parts []string
	for i, v := range p.values {
		name := ""
		if i < len(p.names) {
			name = p.names[i] + " "
		}
		parts = append(parts, fmt.Sprintf("%s%.4g", name, v))
	}
	return parts
}

// rate returns the iterations per second from the first Step to the latest, or 0 if unknown.
func (p *Progress) rate() float64 {
	elapsed := p.latest.Sub(p.first).Seconds()
	if p.first.IsZero() || p.done <= p.firstDone || elapsed <= 0 {
		return 0
	}
	return float64(p.done-p.firstDone) / elapsed
}

// speed formats a rate: 41.2 it/s, 5.3 s/it for slow loops, 41.2/s with a Unit.
func (p *Progress) speed(rate float64) string {
	per := " it"
	if p.Unit != "" {
		per = ""
	}
	switch {
	case rate < 1 && p.Unit == "":
		return fmt.Sprintf("%.1f s/it", 1/rate)
	case rate < 100:
		return fmt.Sprintf("%.1f%s/s", rate, per)
	}
	return fmt.Sprintf("%.0f%s/s", rate, per)
}

// clock formats a duration as minutes:seconds or hours:minutes:seconds.
func clock(d time.Duration) string {
	s := int(d.Round(time.Second).Seconds())
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

// notebookLine updates the notebook output with the given id. The last line is plain text, which every viewer of a saved
// notebook can show.
func notebookLine(id string) func(string, float64, bool) error {
	return func(line string, fraction float64, last bool) error {
		data := map[protocol.MIMEType]any{protocol.MIMETextPlain: line}
		if !last {
			data[protocol.MIMETextHTML] = bar(line, fraction)
		}
		message := &protocol.DisplayData{Data: data, DisplayID: id}
		if last {
			return send(message)
		}
		gonbui.SendData(message)
		return gonbui.Error()
	}
}

// bar is HTML with a thin progress bar above the line, in the text color of the notebook's theme.
func bar(line string, fraction float64) string {
	return fmt.Sprintf(`<div style="max-width:640px"><div style="height:3px;width:%.1f%%;background:currentColor;opacity:.6"></div>`+
		`<code style="background:none;white-space:pre">%s</code></div>`, 100*min(max(fraction, 0), 1), html.EscapeString(line))
}

func terminalLine(w io.Writer) func(string, float64, bool) error {
	const clearToEnd = "\x1b[K" // the previous line may have been longer
	return func(line string, _ float64, last bool) error {
		end := ""
		if last && line != "" {
			end = "\n"
		}
		_, err := fmt.Fprint(w, "\r", line, clearToEnd, end)
		return err
	}
}

func plainLine(w io.Writer) func(string, float64, bool) error {
	return func(line string, _ float64, _ bool) error {
		_, err := fmt.Fprintln(w, line)
		return err
	}
}
