package lint

import (
	"fmt"
	"strings"

	"github.com/rivo/uniseg"
)

// textWidth is the width in cells that lines of a text part may have without being broken again by a
// client: RFC 5322, section 2.1.1.
const textWidth = 78

// textPart holds what can be said of the text by itself.
func (r *report) textPart() {
	if strings.TrimSpace(r.mail.Text) == "" {
		r.add(Finding{Check: Parts, Level: Error, Part: Text, Text: "is empty"})
		return
	}
	if r.mail.Unsubscribe != "" && !strings.Contains(r.mail.Text, r.mail.Unsubscribe) {
		r.add(Finding{Check: Links, Level: Error, Part: Text, Text: "does not show the address that unsubscribes"})
	}
	empty := 0
	for i, line := range strings.Split(strings.TrimRight(r.mail.Text, "\n"), "\n") {
		add := func(text string) {
			r.add(Finding{Check: Parts, Level: Note, Part: Text, Place: Place{Line: i + 1, Column: 1}, Text: text, Near: line})
		}
		if line != "-- " && strings.TrimRight(line, " \t") != line {
			add("a line ends in a space, which says to some clients that it goes on")
		}
		if line == "" {
			empty++
		} else {
			empty = 0
		}
		if empty == 3 {
			add("three empty lines in a row")
		}
		if !strings.Contains(line, "://") && !strings.Contains(line, "mailto:") && uniseg.StringWidth(line) > textWidth {
			add(fmt.Sprintf("a line is wider than %d columns: clients break it again", textWidth))
		}
	}
}
