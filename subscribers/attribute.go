package subscribers

import (
	"slices"
	"time"

	"digestd/internal/spelling"
)

// Attribute is one thing that a row may say of its reader. Whatever deals with rows follows the list of them: the
// keys of [[subscribers]] and their reference, the columns of CSV files in and out, what a profile is told apart by,
// and `subscribers list`. So a new one stands in Attributes and, what it comes to, in Profile.
type Attribute struct {
	Name    string
	Kind    Kind
	Type    string // as the reference calls it
	Meaning string
	Needed  bool
	Unsaid  string // how a list of readers shows one whose row does not name it, where that needs a word
	// read turns the cells of a row into the profile's field. Those without it are the reader's own, and shared by
	// nobody.
	read func(v *validator, row *Row, cells []Cell, p *Profile)
	// cells are what a row would say to have its reader as they are.
	cells func(s Subscriber) []string
}

// Kind is how a file writes an attribute.
type Kind int

// The kinds. In CSV, the names of a list stand in one cell.
const (
	Word Kind = iota
	Names
	Date // 2026-12-24, in TOML without quotes
)

// Where the attributes stand that others depend on.
const emailAt, nameAt, digestsAt = 0, 1, 2

// Attributes are all of them, in the order in which files are written.
func Attributes() []Attribute {
	return []Attribute{
		emailAt: {Name: "email", Type: "address", Needed: true,
			Meaning: "Where the mail goes. Each address may stand only once, in all files.",
			cells:   func(s Subscriber) []string { return []string{s.Email} }},
		nameAt: {Name: "name", Type: "text", Meaning: "For the To line.",
			cells: func(s Subscriber) []string { return []string{s.Name} }},
		digestsAt: {Name: "digests", Kind: Names, Type: "list of names", Meaning: "Which digests. Without it, all.",
			Unsaid: "all digests",
			read:   readDigests,
			cells:  func(s Subscriber) []string { return s.Digests }},
		{Name: "topics", Kind: Names, Type: "list of names", Meaning: "Which topics. Without it, all of each digest.",
			Unsaid: "all topics",
			read:   readTopics,
			cells:  func(s Subscriber) []string { return s.Topics }},
		{Name: "timezone", Type: "time zone", Meaning: "Without it, that of [newsletter].",
			read:  readZone,
			cells: func(s Subscriber) []string { return []string{s.Zone} }},
		{Name: "language", Type: "language tag", Meaning: "Without it, that of [newsletter].",
			read:  readLanguage,
			cells: func(s Subscriber) []string { return []string{s.Language} }},
		{Name: "format", Type: `"html" | "text"`,
			Meaning: `"html" comes with a text part, "text" is that part alone. Without it, "html".`,
			read:    readFormat,
			cells:   func(s Subscriber) []string { return []string{s.Format} }},
		{Name: "paused_until", Kind: Date, Type: "date",
			Meaning: "No mail before this day, which begins in the subscriber's zone.",
			read:    readPause,
			cells: func(s Subscriber) []string {
				if s.PausedUntil.IsZero() {
					return nil
				}
				return []string{s.PausedUntil.Format(time.DateOnly)}
			}},
	}
}

// Of is what the attribute says of a reader, as a row would; empty where that needs no word.
func (a Attribute) Of(s Subscriber) []string {
	if s.Profile == nil && a.read != nil {
		return nil
	}
	return a.cells(s)
}

// Columns are the names of a row's cells, in CSV files and in [[subscribers]].
func Columns() []string {
	var names []string
	for _, a := range Attributes() {
		names = append(names, a.Name)
	}
	return names
}

func readDigests(v *validator, row *Row, cells []Cell, p *Profile) {
	p.Digests = v.names(cells, v.digests, func(c Cell) {
		v.reject(row, c, "digest %q of subscriber %s is not defined%s", c.Text, row.who(),
			spelling.Hint(c.Text, v.digests))
	})
}

func readTopics(v *validator, row *Row, cells []Cell, p *Profile) {
	p.Topics = v.names(cells, v.rules.Topics, func(c Cell) {
		v.reject(row, c, "topic %q of subscriber %s is not defined%s", c.Text, row.who(),
			spelling.Hint(c.Text, v.rules.Topics))
	})
	v.reachable(row, cells, p)
}

func readZone(v *validator, row *Row, cells []Cell, p *Profile) {
	if _, err := LoadZone(cells[0].Text); err != nil {
		v.reject(row, cells[0], "timezone of subscriber %s %v", row.who(), err)
		return
	}
	p.Zone = cells[0].Text
}

func readLanguage(v *validator, row *Row, cells []Cell, p *Profile) {
	tag, err := ParseLanguage(cells[0].Text)
	if err != nil {
		v.reject(row, cells[0], "language of subscriber %s %v", row.who(), err)
	}
	p.Language = tag
}

func readFormat(v *validator, row *Row, cells []Cell, p *Profile) {
	p.Format = cells[0].Text
	if !slices.Contains(Formats, p.Format) {
		v.reject(row, cells[0], `format of subscriber %s must be "html" or "text", not %q%s`, row.who(), p.Format,
			spelling.Hint(p.Format, Formats))
	}
}

// readPause comes after readZone: the day begins in the reader's zone.
func readPause(v *validator, row *Row, cells []Cell, p *Profile) {
	zone, err := LoadZone(p.Zone)
	if err != nil {
		zone = time.UTC // of rules that are reported where they stand
	}
	if p.PausedUntil, err = time.ParseInLocation(time.DateOnly, cells[0].Text, zone); err != nil {
		v.reject(row, cells[0], "paused_until of subscriber %s must be a date such as 2026-12-24, not %q", row.who(),
			cells[0].Text)
	}
}

// names are the known ones of the cells, in the order of the configuration, so that two readers who
// name the same in another order are of one variant; nil when there are no cells.
func (v *validator) names(cells []Cell, known []string, unknown func(Cell)) []string {
	var names []string
	for _, c := range cells {
		switch {
		case !slices.Contains(known, c.Text):
			unknown(c)
		case !slices.Contains(names, c.Text):
			names = append(names, c.Text)
		}
	}
	slices.SortFunc(names, func(a, b string) int { return slices.Index(known, a) - slices.Index(known, b) })
	return names
}

// reachable reports the topics that none of the row's digests has.
func (v *validator) reachable(row *Row, topics []Cell, p *Profile) {
	if len(row.Cells[digestsAt]) > 0 && len(p.Digests) == 0 {
		return // the unknown digest is the problem, not the topics
	}
	for _, c := range topics {
		if !slices.Contains(v.rules.Topics, c.Text) {
			continue
		}
		if !slices.ContainsFunc(v.rules.Digests, func(d DigestRule) bool {
			return p.Wants(d.ID) && (d.Topics == nil || slices.Contains(d.Topics, c.Text))
		}) {
			v.reject(row, c, "topic %q of subscriber %s is in none of that subscriber's digests", c.Text, row.who())
		}
	}
}
