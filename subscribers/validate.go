package subscribers

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"

	"digestd/internal/spelling"
)

// Rules are what the rest of the configuration says that a row must agree with.
type Rules struct {
	Zone     string   // of rows that name none: an IANA name
	Language string   // of rows that name none
	Topics   []string // ids of all topics
	Digests  []DigestRule
}

// DigestRule is a digest as far as rows refer to it.
type DigestRule struct {
	ID     string
	Topics []string // ids; nil: not known, and no row is blamed for that
}

// maxProblems is how many problems are kept with their words; the rest is counted. Whoever reads a
// list of a million wrong rows needs to know the rule that they break, not each of them.
const maxProblems = 1000

// Validate checks all rows, of whatever source, and makes the list of them; with problems there is no
// list. It alone says what a valid row is.
func Validate(rows Rows, rules Rules) (*List, []Problem) {
	v := validator{rules: rules, list: newList(), known: map[string]uint32{}, interned: map[string]uint32{}}
	for _, d := range rules.Digests {
		v.digests = append(v.digests, d.ID)
	}
	for row, problem := range rows {
		if problem != nil {
			v.report(*problem)
			continue
		}
		v.row(row)
	}
	if v.more > 0 {
		v.problems = append(v.problems, Problem{Place{File: v.first.File, Line: v.first.Line},
			fmt.Sprintf("%d more problems from here on", v.more)})
	}
	if len(v.problems) > 0 {
		return nil, v.problems
	}
	return v.list, nil
}

type validator struct {
	rules    Rules
	digests  []string
	list     *List
	known    map[string]uint32 // index of a profile by its cells as written
	interned map[string]uint32 // the same by what they mean
	key      []byte
	problems []Problem
	more     int
	first    Place // of the first problem that is only counted
}

func (v *validator) report(p Problem) {
	if len(v.problems) < maxProblems {
		v.problems = append(v.problems, p)
		return
	}
	if v.more == 0 {
		v.first = p.Place
	}
	v.more++
}

func (v *validator) reject(row *Row, c Cell, format string, args ...any) {
	v.report(Problem{Place{row.File, c.Line, c.Col}, fmt.Sprintf(format, args...)})
}

func (v *validator) row(row *Row) {
	if row.Email.Text == "" {
		at := row.Email
		if at.Line == 0 {
			at = Cell{Line: row.Line, Col: row.Col}
		}
		v.reject(row, at, "a subscriber needs an email")
		v.profile(row)
		return
	}
	email, err := ParseAddress(row.Email.Text)
	if err != nil {
		v.reject(row, row.Email, "email %q %v", row.Email.Text, err)
	}
	name := row.Name.Text
	if err := checkName(name); err != nil {
		v.reject(row, row.Name, "name of subscriber %q %v", row.Email.Text, err)
		name = ""
	}
	profile := v.profile(row)
	if err != nil {
		return
	}
	key := Key(email)
	if i, ok := v.list.find(key); ok {
		other := v.list.At(i)
		v.reject(row, row.Email, "email %q stands already at %s; each person may be named once",
			row.Email.Text, Place{File: other.File, Line: other.Line})
		return
	}
	v.list.add(key, email, name, profile, row.File, row.Email.Line)
}

func checkName(name string) error {
	for i := 0; i < len(name); i++ {
		if c := name[i]; c < ' ' || c >= 0x7f {
			return checkUnusualName(name)
		}
	}
	if len(name) > maxText {
		return fmt.Errorf("is longer than %d bytes", maxText)
	}
	return nil
}

func checkUnusualName(name string) error {
	switch {
	case !utf8.ValidString(name):
		return errors.New("is not valid UTF-8; save the file as UTF-8")
	case strings.ContainsFunc(name, unicode.IsControl):
		return errors.New("contains a control character or a line break")
	case len(name) > maxText:
		return fmt.Errorf("is longer than %d bytes", maxText)
	}
	return nil
}

// profile is the index of what the row asks for. A long list has few different profiles: each is
// checked when it is first met, and then known by its cells.
func (v *validator) profile(row *Row) uint32 {
	k := binary.AppendUvarint(v.key[:0], uint64(len(row.Digests)))
	for _, cells := range [...][]Cell{row.Digests, row.Topics, {row.Timezone, row.Language, row.Format, row.PausedUntil}} {
		for _, c := range cells {
			k = append(binary.AppendUvarint(k, uint64(len(c.Text))), c.Text...)
		}
	}
	v.key = k
	if i, ok := v.known[string(k)]; ok {
		return i
	}
	before := len(v.problems) + v.more
	p := v.newProfile(row)
	meaning := fmt.Sprintf("%q %q %q %q %q %d", p.Digests, p.Topics, p.Zone, p.Language, p.Format, p.PausedUntil.Unix())
	i, ok := v.interned[meaning]
	if !ok {
		i = uint32(len(v.list.profiles))
		v.list.profiles = append(v.list.profiles, p)
		v.interned[meaning] = i
	}
	if len(v.problems)+v.more == before { // a wrong one is reported wherever it stands
		v.known[string(k)] = i
	}
	return i
}

func (v *validator) newProfile(row *Row) *Profile {
	who := strconv.Quote(row.Email.Text)
	p := &Profile{Zone: v.rules.Zone, Language: v.rules.Language, Format: Formats[0]}
	p.Digests = v.names(row.Digests, v.digests, func(c Cell) {
		v.reject(row, c, "digest %q of subscriber %s is not defined%s", c.Text, who, spelling.Hint(c.Text, v.digests))
	})
	p.Topics = v.names(row.Topics, v.rules.Topics, func(c Cell) {
		v.reject(row, c, "topic %q of subscriber %s is not defined%s", c.Text, who, spelling.Hint(c.Text, v.rules.Topics))
	})
	v.reachable(row, p, who)
	location := time.UTC
	zone := p.Zone
	if c := row.Timezone; c.Text != "" {
		zone = c.Text
	}
	if l, err := LoadZone(zone); err == nil {
		p.Zone, location = zone, l
	} else if row.Timezone.Text != "" {
		v.reject(row, row.Timezone, "timezone of subscriber %s %v", who, err)
	}
	if c := row.Language; c.Text != "" {
		tag, err := ParseLanguage(c.Text)
		if err != nil {
			v.reject(row, c, "language of subscriber %s %v", who, err)
		}
		p.Language = tag
	}
	if c := row.Format; c.Text != "" {
		p.Format = c.Text
		if !slices.Contains(Formats, c.Text) {
			v.reject(row, c, `format of subscriber %s must be "html" or "text", not %q%s`, who, c.Text, spelling.Hint(c.Text, Formats))
		}
	}
	if c := row.PausedUntil; c.Text != "" {
		day, err := time.ParseInLocation(time.DateOnly, c.Text, location)
		if err != nil {
			v.reject(row, c, "paused_until of subscriber %s must be a date such as 2026-12-24, not %q", who, c.Text)
		}
		p.PausedUntil = day
	}
	return p
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
func (v *validator) reachable(row *Row, p *Profile, who string) {
	if len(p.Digests) < len(row.Digests) && len(p.Digests) == 0 {
		return // the unknown digest is the problem, not the topics
	}
	for _, c := range row.Topics {
		if !slices.Contains(v.rules.Topics, c.Text) {
			continue
		}
		if !slices.ContainsFunc(v.rules.Digests, func(d DigestRule) bool {
			return p.Wants(d.ID) && (d.Topics == nil || slices.Contains(d.Topics, c.Text))
		}) {
			v.reject(row, c, "topic %q of subscriber %s is in none of that subscriber's digests", c.Text, who)
		}
	}
}

// ParseLanguage checks a BCP 47 language tag and returns it in its usual writing: "pt-BR".
func ParseLanguage(s string) (string, error) {
	tag, err := language.Parse(s)
	if err != nil || tag == language.Und {
		return "", fmt.Errorf(`must be a language tag such as "en" or "pt-BR", not %q`, s)
	}
	return tag.String(), nil
}
