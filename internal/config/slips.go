package config

import (
	"fmt"
	"strings"
	"unicode"

	"digestd/internal/lazyregexp"
)

// How lines look that are nearly TOML.
var (
	keyLine    = lazyregexp.New(`^\s*([A-Za-z0-9_.-]+)\s*=\s*(.*?)\s*$`)
	colonLine  = lazyregexp.New(`^\s*([A-Za-z0-9_-]+)\s*:(?:\s+(.*?))?\s*$`)
	bareKey    = lazyregexp.New(`^\s*([A-Za-z0-9_-]+)\s*(?:#.*)?$`)
	spacedKey  = lazyregexp.New(`^\s*[A-Za-z0-9_-]+( [A-Za-z0-9_-]+)+\s*=`)
	headerLine = lazyregexp.New(`^\s*(\[\[?)([^\]#]*)(\]?)`)
	nearBool   = lazyregexp.New(`(?i)^(true|false|yes|no|on|off)$`)
	notPlain   = lazyregexp.New(`[^A-Za-z0-9_-]+`)
)

// slip says in words of ours what is wrong with a line that is no TOML, where it is one of the commonest slips; else it
// is what the parser says. column is where that stopped, from 0.
func slip(line string, column int, parser error) string {
	return strings.Map(func(r rune) rune { // what stands in the file is shown, and may be anything
		if unicode.IsControl(r) {
			return unicode.ReplacementChar
		}
		return r
	}, slipIn(line, column, parser))
}

func slipIn(line string, column int, parser error) string {
	at := strings.ToValidUTF8(line[min(column, len(line)):], "")
	switch trimmed, said := strings.TrimSpace(line), parser.Error(); {
	case strings.Contains(said, "straight one"): // in words of ours already
	case strings.Contains(said, "after inline table"):
		return `between two keys in { } stands a ","`
	case strings.HasPrefix(trimmed, ";"), strings.HasPrefix(trimmed, "//"):
		return `a comment begins with "#"`
	case strings.Contains(said, "after array value") && strings.HasPrefix(trimmed, "["):
		return `the list before this line has no "]" at its end`
	case strings.Contains(said, "after array value") && at != "" && strings.ContainsAny(at[:1], "\"'{"):
		return `between two entries of a list stands a ","`
	case strings.Contains(said, "start of value") && !keyLine.MatchString(line): // in a list of several lines
		return inQuotes(at)
	case strings.Contains(said, "escape"):
		return `a backslash in "…" begins a special character: write two of them, or put the text into '…'`
	case strings.Contains(said, "new lines"):
		return "the text has no quotation mark at its end"
	default:
		if words := lineSlip(line, at); words != "" {
			return words
		}
	}
	return fmt.Sprintf("is not TOML: %v", parser)
}

// inQuotes is about an entry of a list.
func inQuotes(at string) string {
	word, _, _ := strings.Cut(strings.TrimRight(at, "], "), ",")
	return fmt.Sprintf("a text stands in quotation marks: \"%s\"", strings.TrimSpace(word))
}

// lineSlip is about a line as a whole. at is what stands where the parser stopped.
func lineSlip(line, at string) string {
	if m := keyLine.FindStringSubmatch(line); m != nil {
		return valueSlip(m[1], m[2], at)
	}
	if m := headerLine.FindStringSubmatch(line); m != nil {
		return headerSlip(m[1], strings.TrimSpace(m[2]), m[3] != "")
	}
	if m := colonLine.FindStringSubmatch(line); m != nil {
		return fmt.Sprintf("between a key and its value stands \"=\": %s = %s", m[1], m[2])
	}
	if m := bareKey.FindStringSubmatch(line); m != nil {
		return fmt.Sprintf("%s needs a value: %[1]s = …", m[1])
	}
	if spacedKey.MatchString(line) {
		return "a key is one word"
	}
	return ""
}

// valueSlip is about the value of a key. at is what stands where the parser stopped.
func valueSlip(key, value, at string) string {
	value, _, _ = strings.Cut(value, " #")
	value = strings.TrimSpace(value)
	switch {
	case value == "" || strings.HasPrefix(value, "#"):
		return key + " has no value after its \"=\""
	case nearBool.MatchString(value):
		as := "false"
		if l := strings.ToLower(value); l == "true" || l == "yes" || l == "on" {
			as = "true"
		}
		return fmt.Sprintf("%s is written as %s = %s", value, key, as)
	case strings.HasPrefix(value, "["):
		if at != "" && !strings.ContainsAny(at[:1], "[]{},=") {
			return inQuotes(at)
		}
	case !strings.ContainsAny(value[:1], `"'{`):
		return fmt.Sprintf("a text stands in quotation marks: %s = \"%s\"", key, strings.Trim(value, `"'`))
	}
	return ""
}

// headerSlip is about the line with the name of a table.
func headerSlip(open, name string, closed bool) string {
	if !closed {
		return fmt.Sprintf("the name of a table ends with \"]\": %s%s%s", open, name, strings.Repeat("]", len(open)))
	}
	first, rest, dotted := strings.Cut(name, ".")
	if !dotted || !notPlain.MatchString(rest) {
		return ""
	}
	plain := strings.Trim(notPlain.ReplaceAllString(strings.ToLower(rest), "-"), "-_")
	if plain == "" {
		plain = "news"
	}
	return fmt.Sprintf("the name of a table is letters, digits, \"-\" and \"_\": [%s.%s], and title says what readers see", first, plain)
}
