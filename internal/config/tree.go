package config

import (
	"bytes"
	"errors"
	"fmt"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2/unstable"
)

// kind is the type of a value as TOML tells types apart.
type kind uint8

const (
	textKind kind = iota
	wholeKind
	fractionKind
	boolKind
	dateKind
	timeKind // of day, with or without a date: no key takes one
	listKind
	tableKind
)

func (k kind) String() string {
	return [...]string{"text", "a whole number", "a number", "true or false", "a date", "a time", "a list", "a table"}[k]
}

// place is a position in the file: line from 1, column in bytes from 1.
type place struct{ line, col int }

// value is one value of the file, with its place. go-toml's own decoding stops at the first error of
// some sorts and keeps no places; so the tree is built here, from its parser's events.
type value struct {
	place
	kind  kind
	text  string // of text: what it says; of other scalars: as written
	list  []*value
	table *table
	// tables says that a list is of [[headers]] and may grow.
	tables bool
}

// table is a table of the file, its keys in the order in which they stand there.
type table struct {
	place
	names  []string
	values map[string]*value
	keys   map[string]place
	how    origin
}

// origin is how a table came about, which decides what may add to it (TOML 1.0, "Table").
type origin uint8

const (
	implied origin = iota // by a longer header: [a] after [a.b] is fine once
	headed                // by a header of its own
	dotted                // by a dotted key
	inline                // by braces; closed
)

func newTable(at place, how origin) *table {
	return &table{place: at, values: map[string]*value{}, keys: map[string]place{}, how: how}
}

// at is the place of a key, or where it would stand.
func (t *table) at(name string) place {
	if v := t.values[name]; v != nil {
		return v.place
	}
	return t.place
}

func (t *table) put(name string, at place, v *value) {
	t.names = append(t.names, name)
	t.keys[name] = at
	t.values[name] = v
}

// parser builds the tree. It reports what makes the file no TOML, and goes on where that is possible.
type parser struct {
	toml   unstable.Parser
	lines  []int // offset of each line
	offset int   // of the text in the file: a byte order mark
	report func(at place, format string, args ...any)
}

// curly are quotation marks as word processors and web pages set them.
const curly = "“”„‟‘’‚‛«»′″"

// parse returns the tree of a file, and whether it is all of it: a syntax error ends the reading, and
// what stands after it is unknown.
func parse(text []byte, report func(at place, format string, args ...any)) (root *table, whole bool) {
	p := parser{report: report}
	if rest, ok := bytes.CutPrefix(text, []byte("\xef\xbb\xbf")); ok {
		text, p.offset = rest, 3
	}
	p.lines = []int{0}
	for i, c := range text {
		if c == '\n' {
			p.lines = append(p.lines, i+1)
		}
	}
	root = newTable(place{1, 1}, headed)
	if i := invalidUTF8(text); i >= 0 {
		report(p.at(i), "is not valid UTF-8; save the file as UTF-8")
		return root, false
	}
	p.toml.Reset(text)
	current := root
	for p.toml.NextExpression() {
		switch n := p.toml.Expression(); n.Kind {
		case unstable.Table, unstable.ArrayTable:
			if t := p.header(root, n); t != nil {
				current = t
			} else {
				current = newTable(place{1, 1}, headed) // its keys are read, and lead nowhere
			}
		case unstable.KeyValue:
			p.keyValue(current, n)
		}
	}
	if err := p.toml.Error(); err != nil {
		at := place{1, 1}
		var pe *unstable.ParserError
		if errors.As(err, &pe) && pe.Highlight != nil {
			offset := int(p.toml.Range(pe.Highlight).Offset)
			at = p.at(offset)
			if mark, _ := utf8.DecodeRune(text[offset:]); strings.ContainsRune(curly, mark) { // the parser shows a part of its bytes
				err = fmt.Errorf("the quotation mark %c must be a straight one", mark)
			}
		}
		line := text[p.lines[at.line-1]:]
		if end := bytes.IndexByte(line, '\n'); end >= 0 {
			line = line[:end]
		}
		column := at.col - 1
		if at.line == 1 {
			column -= p.offset
		}
		report(at, "%s", slip(strings.TrimSuffix(string(line), "\r"), column, err))
		return root, false
	}
	return root, true
}

func invalidUTF8(text []byte) int {
	if utf8.Valid(text) {
		return -1
	}
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}

func (p *parser) at(offset int) place {
	line := sort.SearchInts(p.lines, offset+1) // the first line that begins after it, counted from 0
	col := offset - p.lines[line-1] + 1
	if line == 1 {
		col += p.offset
	}
	return place{line, col}
}

// header finds or makes the table of a [header] or [[header]]; nil when there can be none.
func (p *parser) header(root *table, n *unstable.Node) *table {
	t := root
	for it := n.Key(); it.Next(); {
		key := it.Node()
		name, at := string(key.Data), p.at(int(key.Raw.Offset))
		old := t.values[name]
		if !it.IsLast() {
			switch {
			case old == nil:
				next := newTable(at, implied)
				t.put(name, at, &value{place: at, kind: tableKind, table: next})
				t = next
			case old.kind == tableKind && old.table.how != inline:
				t = old.table
			case old.tables:
				t = old.list[len(old.list)-1].table
			default:
				p.twice(name, at, t)
				return nil
			}
			continue
		}
		fresh := newTable(at, headed)
		entry := &value{place: at, kind: tableKind, table: fresh}
		switch {
		case n.Kind == unstable.ArrayTable && old == nil:
			t.put(name, at, &value{place: at, kind: listKind, list: []*value{entry}, tables: true})
		case n.Kind == unstable.ArrayTable && old.tables:
			old.list = append(old.list, entry)
		case n.Kind == unstable.Table && old == nil:
			t.put(name, at, entry)
		case n.Kind == unstable.Table && old.kind == tableKind && old.table.how == implied:
			old.table.how, old.table.place = headed, at
			return old.table
		default:
			p.twice(name, at, t)
			return nil
		}
		return fresh
	}
	return nil
}

func (p *parser) twice(name string, at place, t *table) {
	p.report(at, "%q is already defined on line %d", name, t.keys[name].line)
}

// keyValue adds one key = value to a table.
func (p *parser) keyValue(t *table, n *unstable.Node) {
	var last *unstable.Node
	for it := n.Key(); it.Next(); {
		last = it.Node()
		if it.IsLast() {
			break
		}
		name, at := string(last.Data), p.at(int(last.Raw.Offset))
		old := t.values[name]
		switch {
		case old == nil:
			next := newTable(at, dotted)
			t.put(name, at, &value{place: at, kind: tableKind, table: next})
			t = next
		case old.kind == tableKind && old.table.how == dotted:
			t = old.table
		default:
			p.twice(name, at, t)
			return
		}
	}
	name, at := string(last.Data), p.at(int(last.Raw.Offset))
	v := p.value(n.Value(), p.behind(last))
	if t.values[name] != nil {
		p.twice(name, at, t)
		return
	}
	t.put(name, at, v)
}

// behind is where the value of a key begins; the parser keeps no place for lists.
func (p *parser) behind(key *unstable.Node) place {
	text, i := p.toml.Data(), int(key.Raw.Offset+key.Raw.Length)
	for i < len(text)-1 && (text[i] == ' ' || text[i] == '\t' || text[i] == '=') {
		i++
	}
	return p.at(i)
}

// value builds a value; at is where it stands when the parser keeps no place for it.
func (p *parser) value(n *unstable.Node, at place) *value {
	if n.Raw.Length > 0 {
		at = p.at(int(n.Raw.Offset))
	}
	v := &value{place: at, text: string(n.Data)}
	switch n.Kind {
	case unstable.String:
		v.kind = textKind
	case unstable.Integer:
		v.kind = wholeKind
	case unstable.Float:
		v.kind = fractionKind
	case unstable.Bool:
		v.kind = boolKind
	case unstable.LocalDate:
		v.kind = dateKind
	case unstable.LocalTime, unstable.LocalDateTime, unstable.DateTime:
		v.kind = timeKind
	case unstable.Array:
		v.kind = listKind
		for it := n.Children(); it.Next(); {
			v.list = append(v.list, p.value(it.Node(), at))
		}
	case unstable.InlineTable:
		v.kind, v.table = tableKind, newTable(at, inline)
		for it := n.Children(); it.Next(); {
			p.keyValue(v.table, it.Node())
		}
	}
	return v
}
