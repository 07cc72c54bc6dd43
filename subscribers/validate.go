package subscribers

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
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
	v := validator{rules: rules, attributes: Attributes(), list: newList(), known: map[string]uint32{},
		interned: map[string]uint32{}}
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
	rules      Rules
	attributes []Attribute
	digests    []string
	list       *List
	known      map[string]uint32 // index of a profile by its cells as written
	interned   map[string]uint32 // the same by what they mean
	key        []byte
	problems   []Problem
	more       int
	first      Place // of the first problem that is only counted
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
	cell := row.Email()
	if cell.Text == "" {
		if cell.Line == 0 {
			cell = Cell{Line: row.Line, Col: row.Col}
		}
		v.reject(row, cell, "a subscriber needs an email")
		v.profile(row)
		return
	}
	email, err := ParseAddress(cell.Text)
	if err != nil {
		v.reject(row, cell, "email %q %v", cell.Text, err)
	}
	name := row.first(nameAt)
	if err := checkName(name.Text); err != nil {
		v.reject(row, name, "name of subscriber %s %v", row.who(), err)
		name.Text = ""
	}
	profile := v.profile(row)
	if err != nil {
		return
	}
	key := Key(email)
	if i, ok := v.list.find(key); ok {
		other := v.list.At(i)
		v.reject(row, cell, "email %q stands already at %s; each person may be named once",
			cell.Text, Place{File: other.File, Line: other.Line})
		return
	}
	v.list.add(key, email, name.Text, profile, row.File, cell.Line)
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
	k := v.key[:0]
	for i := range v.attributes { // without a copy of each: there may be a million rows
		if v.attributes[i].read == nil {
			continue
		}
		k = binary.AppendUvarint(k, uint64(len(row.Cells[i])))
		for _, c := range row.Cells[i] {
			k = append(binary.AppendUvarint(k, uint64(len(c.Text))), c.Text...)
		}
	}
	v.key = k
	if i, ok := v.known[string(k)]; ok {
		return i
	}
	before := len(v.problems) + v.more
	p := &Profile{Zone: v.rules.Zone, Language: v.rules.Language, Format: Formats[0]}
	for i, a := range v.attributes {
		if a.read != nil && len(row.Cells[i]) > 0 {
			a.read(v, row, row.Cells[i], p)
		}
	}
	meaning := p.Meaning()
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

// ParseLanguage checks a BCP 47 language tag and returns it in its usual writing: "pt-BR".
func ParseLanguage(s string) (string, error) {
	tag, err := language.Parse(s)
	if err != nil || tag == language.Und {
		return "", fmt.Errorf(`must be a language tag such as "en" or "pt-BR", not %q`, s)
	}
	return tag.String(), nil
}
