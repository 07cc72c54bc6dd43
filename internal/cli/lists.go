package cli

import (
	"fmt"
	"io"
	"strings"

	"digestd/subscribers"
)

// listChange is what a reload made of the lists of subscribers.
type listChange struct {
	Reloaded bool         `json:"reloaded"`
	Before   int          `json:"before"`
	Now      int          `json:"subscribers"`
	Lists    []listLosses `json:"lists"` // those of which readers are gone
	newcomers
}

// listLosses is a file, and how many of those who stood in it are subscribers still.
type listLosses struct {
	File   string `json:"file"`
	Before int    `json:"before"`
	Now    int    `json:"still"`
}

// changeOf compares two lists by their addresses: who moved into another file is not gone.
func changeOf(before, now *subscribers.List) listChange {
	c := listChange{Reloaded: true, Before: before.Len(), Now: now.Len(), Lists: []listLosses{}}
	for _, s := range before.All() {
		if n := len(c.Lists); n == 0 || c.Lists[n-1].File != s.File {
			c.Lists = append(c.Lists, listLosses{File: s.File})
		}
		l := &c.Lists[len(c.Lists)-1]
		l.Before++
		if _, ok := now.Find(s.Email); ok {
			l.Now++
		}
	}
	kept := c.Lists[:0]
	for _, l := range c.Lists {
		if l.Now < l.Before {
			kept = append(kept, l)
		}
	}
	c.Lists = kept
	return c
}

func (l listLosses) String() string {
	return fmt.Sprintf("%s: %s before, %d of them now", l.File, plural(l.Before, "subscriber"), l.Now)
}

// refusal says why a change is more likely a file that was cut short, or written by a failed export, than what somebody
// meant; empty when it is not.
func (c listChange) refusal() string {
	var words []string
	for _, l := range c.Lists {
		if c.Now == 0 || l.Before > 1 && 2*l.Now < l.Before {
			words = append(words, l.String())
		}
	}
	if len(words) == 0 {
		return ""
	}
	return strings.Join(words, "\n") + "\nwhoever is gone would get nothing more; if that is meant, `digestd reload --force`"
}

func (c listChange) print(w io.Writer) {
	fmt.Fprintf(w, "the new configuration is in force: %s, %d before\n", plural(c.Now, "subscriber"), c.Before)
	for _, l := range c.Lists {
		fmt.Fprintln(w, l)
	}
	c.newcomers.print(w)
}
