package config

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"digestd/internal/spelling"
	"digestd/subscribers"
)

// key is one key of a table: what reads it into its place, what docs/configuration.md says of it, and what
// the shipped config.toml is held against. The default is TOML, and is read the way a value of the file
// is; so the three can't differ. A default of "" (two quotes) is a value too: not set.
type key struct {
	name    string
	def     string // TOML; empty: there is none, and nothing is read when the key is absent
	needed  bool   // absence is an error
	typ     string // as the reference calls it
	meaning string
	read    func(r *reader, v *value)
}

// reader reads the tables of one file. Its methods report and go on.
type reader struct {
	file     string // as the user named it
	dir      string // of the file, absolute
	state    string // what ledger and maildir paths are relative to, absolute
	cut      bool   // a syntax error hides the rest of the file
	env      Env
	what     string              // whose keys are read: `[delivery]`, `digest "daily"`
	literals map[string]*value   // defaults by their TOML
	known    map[string][]string // topics of the digests whose topics are all right
	problems Problems
	warnings Problems
}

func (r *reader) report(at place, format string, args ...any) {
	r.problems = append(r.problems, r.problem(at, format, args...))
}

func (r *reader) warn(at place, format string, args ...any) {
	r.warnings = append(r.warnings, r.problem(at, format, args...))
}

func (r *reader) problem(at place, format string, args ...any) Problem {
	return Problem{Place: subscribers.Place{File: r.file, Line: at.line, Col: at.col}, Text: fmt.Sprintf(format, args...)}
}

// readTable reads the keys of a table: the defaults, then what the file says, then what it
// should not say. A table that is absent (nil) has the defaults.
func readTable(r *reader, what string, t *table, keys []key) {
	outer := r.what
	r.what = what
	defer func() { r.what = outer }()
	for _, k := range keys {
		if k.def != "" {
			k.read(r, r.literal(k.def))
		}
		if t == nil {
			continue
		}
		if v := t.values[k.name]; v != nil {
			k.read(r, v)
		} else if k.needed && !r.cut {
			r.report(t.place, "%s needs the key %s", what, k.name)
		}
	}
	if t != nil {
		r.unknown(t, names(keys))
	}
}

func names(keys []key) []string {
	all := make([]string, len(keys))
	for i, k := range keys {
		all[i] = k.name
	}
	return all
}

// unknown reports the keys of a table that nobody reads.
func (r *reader) unknown(t *table, known []string) {
	for _, name := range t.names {
		if slices.Contains(known, name) {
			continue
		}
		hint := spelling.Hint(name, known)
		if file := name + "_file"; slices.Contains(known, file) {
			hint = fmt.Sprintf("; it stands in a file of its own, which %s names, or in a systemd credential", file)
		}
		if homes := homesOf(name); hint == "" && len(homes) > 0 {
			hint = "; it belongs in " + strings.Join(homes, " or ")
		}
		where := ""
		if r.what != "" {
			where = " in " + r.what
		}
		r.report(t.keys[name], "unknown key %q%s%s", name, where, hint)
	}
}

// literal reads a default, once for all tables that have it. Those of this package are tested to be
// TOML.
func (r *reader) literal(toml string) *value {
	if v := r.literals[toml]; v != nil {
		return v
	}
	root, _ := parse([]byte("v = "+toml), func(_ place, format string, args ...any) {
		panic("default " + toml + ": " + fmt.Sprintf(format, args...))
	})
	if r.literals == nil {
		r.literals = map[string]*value{}
	}
	r.literals[toml] = root.values["v"]
	return r.literals[toml]
}

// is reports whether a value has a type, and complains when it doesn't.
func (r *reader) is(v *value, name string, want kind, example string) bool {
	if v.kind == want {
		return true
	}
	if example != "" {
		example = " such as " + example
	}
	got := v.kind.String()
	switch v.kind {
	case textKind:
		got = "text " + strconv.Quote(shorten(v.text))
	case wholeKind, fractionKind, boolKind, dateKind, timeKind:
		got = v.text
	}
	r.report(v.place, "%s must be %s%s, not %s", r.of(name), want, example, got)
	return false
}

func shorten(s string) string {
	if len(s) > 60 {
		return strings.ToValidUTF8(s[:60], "") + "…"
	}
	return s
}

// of names a key for a message: "rate of [delivery]".
func (r *reader) of(name string) string {
	if r.what == "" {
		return name
	}
	return name + " of " + r.what
}

// bad reports a value that has the right type and is wrong all the same; err says "must be …" or "is …".
func (r *reader) bad(v *value, name string, err error) { r.report(v.place, "%s %v", r.of(name), err) }

// line is a value of text that is one line without control characters: nothing that goes into a header,
// a command or a log line may hold a line break.
func (r *reader) line(v *value, name, example string) (string, bool) {
	if !r.is(v, name, textKind, example) {
		return "", false
	}
	if strings.ContainsFunc(v.text, func(c rune) bool { return unicode.IsControl(c) || c == '\u2028' || c == '\u2029' }) {
		r.report(v.place, "%s contains a control character or a line break", r.of(name))
		return "", false
	}
	return v.text, true
}

// need marks a key without which the table makes no sense.
func need(k key) key {
	k.needed = true
	return k
}

// text is a key for a line of text. Each check returns what the value becomes, or what is wrong with it;
// no check sees "", which means not set, unless the default says otherwise.
func text(name string, into *string, def, typ, meaning string, checks ...func(r *reader, s string) (string, error)) key {
	return key{name: name, def: def, typ: typ, meaning: meaning, read: func(r *reader, v *value) {
		s, ok := r.line(v, name, "")
		if !ok {
			return
		}
		if s == "" {
			if def != `""` {
				r.report(v.place, "%s must not be empty", r.of(name))
				return
			}
			*into = ""
			return
		}
		for _, check := range checks {
			var err error
			if s, err = check(r, s); err != nil {
				r.bad(v, name, err)
				return
			}
		}
		*into = s
	}}
}

// choice is a key for one of a few words.
func choice(name string, into *string, def string, words []string, meaning string) key {
	return text(name, into, def, quoted(words, " | "), meaning, func(_ *reader, s string) (string, error) {
		return s, checkChoice(s, words)
	})
}

func checkChoice(s string, words []string) error {
	if slices.Contains(words, s) {
		return nil
	}
	allowed := quoted(words, ", ")
	if i := strings.LastIndex(allowed, ", "); i >= 0 {
		allowed = allowed[:i] + " or " + allowed[i+2:]
	}
	return fmt.Errorf("must be %s, not %q%s", allowed, shorten(s), spelling.Hint(s, words))
}

func quoted(words []string, between string) string {
	all := make([]string, len(words))
	for i, w := range words {
		all[i] = strconv.Quote(w)
	}
	return strings.Join(all, between)
}

// whole is a key for a whole number from lo to hi.
func whole(name string, into *int, def string, lo, hi int, meaning string) key {
	return key{name: name, def: def, typ: "number", meaning: meaning, read: func(r *reader, v *value) {
		if !r.is(v, name, wholeKind, "") {
			return
		}
		n, err := strconv.ParseInt(v.text, 0, 64)
		if err != nil || n < int64(lo) || n > int64(hi) {
			r.bad(v, name, fmt.Errorf("must be from %d to %d, not %s", lo, hi, v.text))
			return
		}
		*into = int(n)
	}}
}

func boolean(name string, into *bool, def, meaning string) key {
	return key{name: name, def: def, typ: "true | false", meaning: meaning, read: func(r *reader, v *value) {
		if r.is(v, name, boolKind, "") {
			*into = v.text == "true"
		}
	}}
}

// duration is a key for a duration from lo to hi.
func duration(name string, into *time.Duration, def string, lo, hi time.Duration, meaning string) key {
	return key{name: name, def: def, typ: "duration", meaning: meaning, read: func(r *reader, v *value) {
		if d, ok := r.duration(v, name, lo, hi); ok {
			*into = d
		}
	}}
}

func (r *reader) duration(v *value, name string, lo, hi time.Duration) (time.Duration, bool) {
	if v.kind != textKind {
		r.report(v.place, `%s must be a duration in quotes such as "30m", not %s`, r.of(name), v.shown())
		return 0, false
	}
	d, err := ParseDuration(v.text)
	if err == nil && (d < lo || d > hi) {
		err = fmt.Errorf("must be from %s to %s", FormatDuration(lo), FormatDuration(hi))
	}
	if err != nil {
		r.bad(v, name, fmt.Errorf("%w, not %q", err, shorten(v.text)))
		return 0, false
	}
	return d, true
}

// shown is a value for a message that complains of its type.
func (v *value) shown() string {
	if v.kind == listKind || v.kind == tableKind || v.kind == textKind {
		return v.kind.String()
	}
	return v.text
}

// size is a key for a number of bytes from lo to hi.
func size[N int | int64](name string, into *N, def string, lo, hi int64, meaning string) key {
	return key{name: name, def: def, typ: "size", meaning: meaning, read: func(r *reader, v *value) {
		if v.kind != textKind {
			r.report(v.place, `%s must be a size in quotes such as "95KB", not %s`, r.of(name), v.shown())
			return
		}
		n, err := ParseSize(v.text)
		if err == nil && (n < lo || n > hi) {
			err = fmt.Errorf("must be from %dKB to %dKB", lo>>10, hi>>10)
		}
		if err != nil {
			r.bad(v, name, fmt.Errorf("%w, not %q", err, shorten(v.text)))
			return
		}
		*into = N(n)
	}}
}

// rate is a key for a rate of messages.
func rate(name string, into *Rate, def, meaning string) key {
	return key{name: name, def: def, typ: "rate", meaning: meaning, read: func(r *reader, v *value) {
		if rate, ok := r.rate(v, name); ok {
			*into = rate
		}
	}}
}

func (r *reader) rate(v *value, name string) (Rate, bool) {
	if v.kind != textKind {
		r.report(v.place, `%s must be a rate in quotes such as "20/s", not %s`, r.of(name), v.shown())
		return 0, false
	}
	rate, err := ParseRate(v.text)
	if err != nil {
		r.bad(v, name, fmt.Errorf("%w, not %q", err, shorten(v.text)))
		return 0, false
	}
	return rate, true
}

// elements are those of a list; of what is none, it complains.
func (r *reader) elements(v *value, name string) []*value {
	if v.kind != listKind {
		r.report(v.place, "%s must be a list in brackets, not %s", r.of(name), v.shown())
		return nil
	}
	return v.list
}

// list is a key for a list; item reads one element, or reports what is wrong with it.
func list[E any](name string, into *[]E, def, typ, meaning string, item func(r *reader, v *value) (E, bool)) key {
	return key{name: name, def: def, typ: typ, meaning: meaning, read: func(r *reader, v *value) {
		if elements := r.elements(v, name); v.kind == listKind {
			*into = nil
			for _, e := range elements {
				if one, ok := item(r, e); ok {
					*into = append(*into, one)
				}
			}
		}
	}}
}

// patterns is a key for a list of regular expressions.
func patterns(name string, into *[]*regexp.Regexp, meaning string) key {
	return list(name, into, "[]", "list of regular expressions", meaning, func(r *reader, v *value) (*regexp.Regexp, bool) {
		if !r.is(v, name, textKind, "") {
			return nil, false
		}
		if i := strings.IndexFunc(v.text, unicode.IsControl); i >= 0 { // "\b" in double quotes, mostly
			r.report(v.place, "%s: there is a control character in %q, which no title has; write a regular expression in 'single quotes', "+
				"in which \\ stays as it is", r.of(name), v.text)
			return nil, false
		}
		re, err := regexp.Compile(v.text)
		if err != nil {
			r.report(v.place, "%s: %v", r.of(name), err)
		}
		return re, err == nil
	})
}

// input resolves the path of a file that is read: relative to the config file.
func input(r *reader, s string) (string, error) { return resolve(r.dir, s), nil }

// output resolves the path of a file that is written: relative to the state directory.
func output(r *reader, s string) (string, error) { return resolve(r.state, s), nil }

func resolve(dir, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}
