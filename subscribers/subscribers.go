// Package subscribers knows who gets the newsletter: the rules of addresses and of the rows that name
// them, in config.toml and in CSV files alike, the list that comes out, and the tokens that stand for
// a reader in links. It reads the CSV files that it is told to read; of feeds, editions, the ledger and
// mail it knows nothing, and what readers chose or refused later stands in the ledger, not here.
package subscribers

import (
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"time"
)

// Place is where something stands in a file, as compilers print it.
type Place struct {
	File string `json:"file"`
	Line int    `json:"line,omitempty"` // from 1; 0: the file as a whole
	Col  int    `json:"col,omitempty"`  // in bytes from 1; 0: the whole line
}

// String is FILE:LINE:COL, as far as they are known.
func (p Place) String() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.Col == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col)
}

// Problem is something wrong in a file, with its place, in words that say what to do.
type Problem struct {
	Place
	Text string `json:"text"`
}

// Error is FILE:LINE:COL: TEXT.
func (p Problem) Error() string { return p.Place.String() + ": " + p.Text }

// Cell is one value of a row as it is written, with its place.
type Cell struct {
	Text      string
	Line, Col int
}

// Row is a subscriber as a file names them, before anything is checked. An empty cell and one that is
// not there mean the same: the default, and neither is among the cells.
type Row struct {
	File      string
	Line, Col int      // where the row begins
	Cells     [][]Cell // by attribute, as Attributes has them; more than one of a list of names only
}

// NewRow is a row that says nothing yet.
func NewRow(file string, line, col int) Row {
	return Row{File: file, Line: line, Col: col, Cells: make([][]Cell, len(Attributes()))}
}

// Email is the cell of the address.
func (r *Row) Email() Cell { return r.first(emailAt) }

func (r *Row) first(attribute int) Cell {
	if len(r.Cells[attribute]) == 0 {
		return Cell{}
	}
	return r.Cells[attribute][0]
}

// who names the reader for a message.
func (r *Row) who() string { return strconv.Quote(r.Email().Text) }

// Rows yields rows one after the other, so that a million of them never stand in memory at once; in the
// place of a row that can't be read it yields the problem. A row is valid until the next is asked for.
type Rows = iter.Seq2[*Row, *Problem]

// Concat yields the rows of one source after the other.
func Concat(sources ...Rows) Rows {
	return func(yield func(*Row, *Problem) bool) {
		for _, rows := range sources {
			for row, problem := range rows {
				if !yield(row, problem) {
					return
				}
			}
		}
	}
}

// Formats are the values of format.
var Formats = []string{"html", "text"}

// Lengths are how much there may be to read.
var Lengths = []string{"short", "usual", "long"}

// Weekdays are the days on which mail may come, in their order.
var Weekdays = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

// Weekday is how a day is written.
func Weekday(d time.Weekday) string { return Weekdays[(d+6)%7] }

// DayOf is the weekday that one of Weekdays names.
func DayOf(name string) time.Weekday { return time.Weekday((slices.Index(Weekdays, name) + 1) % 7) }

// ForGood is the day until which somebody is paused who is so until somebody ends it.
const ForGood = "9999-12-31"

// Profile is what a subscriber asked for. Subscribers who asked for the same share one Profile, which
// nobody changes: its pointer may serve as a key. All of its fields are exported, since Meaning tells profiles apart.
type Profile struct {
	Digests     []string  `json:"digests,omitzero"`      // ids; nil: all
	Topics      []string  `json:"topics,omitzero"`       // ids; nil: all of each digest
	Zone        string    `json:"timezone,omitzero"`     // IANA name; the newsletter's when the row names none
	Language    string    `json:"language,omitzero"`     // BCP 47 tag; the newsletter's when the row names none
	Format      string    `json:"format,omitzero"`       // "html" or "text"
	Length      string    `json:"length,omitzero"`       // "short", "usual", "long"; empty: the digest's
	Days        []string  `json:"days,omitzero"`         // of Weekdays; nil: all
	Watch       []string  `json:"watch,omitzero"`        // words or /expressions/; their stories have a section
	Mute        []string  `json:"mute,omitzero"`         // likewise; their stories are not shown
	PausedUntil time.Time `json:"paused_until,omitzero"` // the first instant of that day in Zone; zero: not paused
}

// Meaning is the same for two profiles if they are the same in everything, and only then. It is made of whatever
// fields there are: one that a list of fields forgot would give two readers one profile.
func (p *Profile) Meaning() string {
	b, err := json.Marshal(p)
	if err != nil {
		panic("subscribers: a profile that can't be written: " + err.Error()) // of text and days: it always can
	}
	return string(b)
}

// Subscriber is one reader.
type Subscriber struct {
	Email string // as written, its domain in lower case and ASCII
	Name  string // may be empty
	*Profile
	File string // where the row stands
	Line int
}

// Wants reports whether the profile asks for a digest.
func (p *Profile) Wants(digest string) bool {
	return p.Digests == nil || slices.Contains(p.Digests, digest)
}

// TopicsOf narrows a digest's topics to those that the profile asks for, in the digest's order: nil
// when it is all of them, empty but not nil when it is none, and nothing of the digest is to be sent.
func (p *Profile) TopicsOf(topics []string) []string {
	if p.Topics == nil {
		return nil
	}
	some := make([]string, 0, len(topics))
	for _, t := range topics {
		if slices.Contains(p.Topics, t) {
			some = append(some, t)
		}
	}
	if len(some) == len(topics) && len(topics) > 0 {
		return nil
	}
	return some
}

// ComesOn reports whether the reader wants mail on a day.
func (p *Profile) ComesOn(d time.Weekday) bool {
	return p.Days == nil || slices.Contains(p.Days, Weekday(d))
}

// Paused reports whether the reader wants no mail at that moment.
func (p *Profile) Paused(now time.Time) bool { return now.Before(p.PausedUntil) }
