package assess

import (
	"regexp"
	"strings"
	"unicode"
)

// address matches an address in memory, which differs each time.
var address = regexp.MustCompile(`0x[0-9a-f]{6,}`)

// Line makes one short line of printable characters from a text that a student may control, since it is shown in a
// terminal.
func Line(text string) string {
	const most = 400
	text = address.ReplaceAllString(text[:min(len(text), 10*most)], "0x…")
	runes := []rune(strings.Map(func(c rune) rune {
		if unicode.IsPrint(c) {
			return c
		}
		return ' '
	}, strings.ToValidUTF8(text, "�")))
	if len(runes) > most {
		runes = append(runes[:most], '…')
	}
	return strings.TrimSpace(string(runes))
}
