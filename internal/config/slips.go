package config

import (
	"fmt"
	"regexp"
	"strings"
)

// How lines look that are nearly TOML.
var (
	keyLine    = regexp.MustCompile(`^\s*([A-Za-z0-9_.-]+)\s*=\s*(.*?)\s*$`)
	colonLine  = regexp.MustCompile(`^\s*([A-Za-z0-9_-]+)\s*:\s*(.*?)\s*$`)
	spacedKey  = regexp.MustCompile(`^\s*[A-Za-z0-9_-]+( [A-Za-z0-9_-]+)+\s*=`)
	headerLine = regexp.MustCompile(`^\s*(\[\[?)([^\]#]*)(\]?)`)
	nearBool   = regexp.MustCompile(`(?i)^(true|false|yes|no|on|off)$`)
	notPlain   = regexp.MustCompile(`[^A-Za-z0-9_-]+`)
)

// slip says in words of ours what is wrong with a line that is no TOML, where it is one of the commonest slips; else it
// is what the parser says. column is where that stopped, from 0.
func slip(line string, column int, parser error) string {
	at := strings.ToValidUTF8(line[min(column, len(line)):], "")
	switch trimmed := strings.TrimSpace(line); {
	case strings.HasPrefix(trimmed, ";"), strings.HasPrefix(trimmed, "//"):
		return `a comment begins with "#"`
	case strings.Contains(parser.Error(), "after array value") && strings.HasPrefix(trimmed, "["):
		return `the list before this line has no "]" at its end`
	case strings.Contains(parser.Error(), "escape"):
		return `a backslash in "…" begins a special character: write two of them, or put the text into '…'`
	case strings.Contains(parser.Error(), "new lines"):
		return "the text has no quotation mark at its end"
	}
	if m := keyLine.FindStringSubmatch(line); m != nil {
		if words := valueSlip(m[1], m[2], at); words != "" {
			return words
		}
	} else if words := lineSlip(line); words != "" {
		return words
	}
	return fmt.Sprintf("is not TOML: %v", parser)
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
	case strings.HasPrefix(value, "[") && (strings.HasPrefix(at, `"`) || strings.HasPrefix(at, "{") || strings.HasPrefix(at, "'")):
		return `between two entries of a list stands a ","`
	case strings.HasPrefix(value, "["):
		if word := strings.TrimRight(at, "], "); word != "" && !strings.ContainsAny(at[:1], "[]{},=") {
			word, _, _ = strings.Cut(word, ",")
			return fmt.Sprintf("a text stands in quotation marks: \"%s\"", strings.TrimSpace(word))
		}
	case !strings.ContainsAny(value[:1], `"'{`):
		return fmt.Sprintf("a text stands in quotation marks: %s = \"%s\"", key, strings.Trim(value, `"'`))
	}
	return ""
}

// lineSlip is about a line that gives no key a value.
func lineSlip(line string) string {
	if m := headerLine.FindStringSubmatch(line); m != nil {
		name := strings.TrimSpace(m[2])
		if m[3] == "" {
			return fmt.Sprintf("the name of a table ends with \"]\": %s%s%s", m[1], name, strings.Repeat("]", len(m[1])))
		}
		first, rest, dotted := strings.Cut(name, ".")
		if dotted && notPlain.MatchString(rest) {
			plain := strings.Trim(notPlain.ReplaceAllString(rest, "-"), "-")
			if plain == "" {
				plain = "news"
			}
			return fmt.Sprintf("the name of a table is letters, digits, \"-\" and \"_\": [%s.%s], and title says what readers see", first, strings.ToLower(plain))
		}
	}
	if m := colonLine.FindStringSubmatch(line); m != nil {
		return fmt.Sprintf("between a key and its value stands \"=\": %s = %s", m[1], m[2])
	}
	if spacedKey.MatchString(line) {
		return "a key is one word"
	}
	return ""
}
