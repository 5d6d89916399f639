package sandbox

import (
	"fmt"
	"slices"
)

// capture keeps the beginning and the end of what a program writes, each at most half of limit bytes.
type capture struct {
	limit      int
	head, tail []byte
	left       int64 // bytes left out between them
}

// Write takes everything, so that the program never blocks.
func (c *capture) Write(b []byte) (int, error) {
	n := len(b)
	half := c.limit / 2
	if room := half - len(c.head); room > 0 {
		room = min(room, len(b))
		c.head = append(c.head, b[:room]...)
		b = b[room:]
	}
	c.tail = append(c.tail, b...)
	if over := len(c.tail) - (c.limit - half); over > 0 {
		c.tail = slices.Delete(c.tail, 0, over)
		c.left += int64(over)
	}
	return n, nil
}

func (c *capture) cut() bool { return c.left > 0 }

// bytes returns the output with a note in place of the part that is left out.
func (c *capture) bytes() []byte {
	if !c.cut() {
		return slices.Concat(c.head, c.tail)
	}
	return slices.Concat(c.head, fmt.Appendf(nil, "\n[... %d bytes of output are left out ...]\n", c.left), c.tail)
}
