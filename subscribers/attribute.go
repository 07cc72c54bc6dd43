package subscribers

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

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
	Date    // 2026-12-24, in TOML without quotes
	Phrases // a list whose entries may have spaces; in one cell of CSV, semicolons part them
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
		{Name: "length", Type: `"short" | "usual" | "long"`,
			Meaning: "How much there is to read. Without it, what the digest says.",
			read:    readLength,
			cells:   func(s Subscriber) []string { return []string{s.Length} }},
		{Name: "days", Kind: Names, Type: "list of days",
			Meaning: `On which days mail comes: "mon" to "sun". Without it, whenever the digest goes out.`,
			read:    readDays,
			cells:   func(s Subscriber) []string { return s.Days }},
		{Name: "watch", Kind: Phrases, Type: "list of words or /regular expressions/",
			Meaning: "Stories with one of them in title or summary stand in a section of their own, beyond the topics' limits.",
			read: func(v *validator, row *Row, cells []Cell, p *Profile) {
				p.Watch = v.phrases(row, cells, "watch")
			},
			cells: func(s Subscriber) []string { return s.Watch }},
		{Name: "mute", Kind: Phrases, Type: "list of words or /regular expressions/",
			Meaning: "Stories with one of them in title or summary are not shown to this reader.",
			read: func(v *validator, row *Row, cells []Cell, p *Profile) {
				p.Mute = v.phrases(row, cells, "mute")
			},
			cells: func(s Subscriber) []string { return s.Mute }},
	}
}

// parting stands between the entries of a list in one cell.
func (k Kind) parting() string {
	if k == Phrases {
		return "; "
	}
	return " "
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

func readLength(v *validator, row *Row, cells []Cell, p *Profile) {
	p.Length = cells[0].Text
	if !slices.Contains(Lengths, p.Length) {
		v.reject(row, cells[0], `length of subscriber %s must be "short", "usual" or "long", not %q%s`, row.who(),
			p.Length, spelling.Hint(p.Length, Lengths))
	}
}

func readDays(v *validator, row *Row, cells []Cell, p *Profile) {
	p.Days = v.names(cells, Weekdays, func(c Cell) {
		v.reject(row, c, `days of subscriber %s must be some of "mon" to "sun", not %q%s`, row.who(), c.Text, spelling.Hint(c.Text, Weekdays))
	})
}

// phrases are a reader's own words, each once, in the order of the alphabet, so that two readers who name the same
// share a profile.
func (v *validator) phrases(row *Row, cells []Cell, what string) []string {
	var all []string
	for _, c := range cells {
		if err := CheckPhrase(c.Text); err != nil {
			v.reject(row, c, "%s of subscriber %s: %q %v", what, row.who(), c.Text, err)
		}
		all = append(all, strings.TrimSpace(c.Text))
	}
	if len(all) > MaxPhrases {
		v.reject(row, cells[MaxPhrases], "%s of subscriber %s has %d entries: %d are the most", what, row.who(), len(all), MaxPhrases)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// MaxPhrases is how many words a reader may watch, and how many mute.
const MaxPhrases = 50

// longestPhrase is in characters.
const longestPhrase = 100

// CheckPhrase reports what is wrong with a word, or a /regular expression/, that a reader watches or mutes.
func CheckPhrase(phrase string) error {
	phrase = strings.TrimSpace(phrase)
	expression, is := Expression(phrase)
	switch {
	case utf8.RuneCountInString(phrase) > longestPhrase:
		return fmt.Errorf("has more than %d characters", longestPhrase)
	case is:
		if _, err := regexp.Compile(expression); err != nil {
			return fmt.Errorf("is no regular expression: %w", err)
		}
		if steps(expression) > mostSteps {
			return errors.New("would take too long to look for; write fewer or smaller {repetitions}")
		}
	case strings.ContainsFunc(phrase, unicode.IsControl), !strings.ContainsFunc(phrase, letterOrDigit):
		return errors.New("has no word in it")
	}
	return nil
}

// mostSteps bounds how long an expression takes: matching costs as much for each character of a text. Anybody who reads
// the newsletter may write one, and a.{0,999} ten times over would hold an edition up for a minute.
const mostSteps = 200

// steps is how many instructions a regular expression makes.
func steps(expression string) int {
	parsed, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return 0
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return 0
	}
	return len(program.Inst)
}

func letterOrDigit(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// Expression is the regular expression of a phrase in slashes, which does not look at capitals.
func Expression(phrase string) (expression string, is bool) {
	if len(phrase) < 3 || phrase[0] != '/' || phrase[len(phrase)-1] != '/' {
		return "", false
	}
	return "(?i)" + phrase[1:len(phrase)-1], true
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
