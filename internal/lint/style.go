package lint

import (
	"slices"
	"strings"
)

// declaration is one property of a style.
type declaration struct {
	property  string // lower case
	value     string // as it stands, without !important
	important bool
}

// declarations parses what stands in a style attribute or between the braces of a rule. What has no
// colon is passed over.
func declarations(text string) []declaration {
	var all []declaration
	for _, part := range split(text, ';') {
		property, value, ok := strings.Cut(part, ":")
		if !ok {
			continue
		}
		d := declaration{property: strings.ToLower(strings.TrimSpace(property)), value: strings.TrimSpace(value)}
		if bare, found := strings.CutSuffix(strings.ToLower(d.value), "!important"); found {
			d.important, d.value = true, strings.TrimSpace(d.value[:len(bare)])
		}
		all = append(all, d)
	}
	return all
}

// split parts a text at a sign, but not within quotes or parentheses.
func split(text string, at byte) []string {
	var parts []string
	var quote byte
	depth, start := 0, 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '(':
			depth++
		case c == ')':
			depth = max(0, depth-1)
		case c == at && depth == 0:
			parts = append(parts, text[start:i])
			start = i + 1
		}
	}
	return append(parts, text[start:])
}

// rule is one of a style element: selectors with declarations, within at most one media query.
type rule struct {
	media        string // the query, lower case; empty: none
	selectors    []string
	declarations []declaration
	node         *node // the style element
}

// sheet is all that stands in the style elements of a mail.
type sheet struct {
	rules []rule
	at    []atRule
	nodes []*node // that have comments
}

// atRule is a name, "media" or "font-face", with what stands behind it.
type atRule struct {
	name, prelude string
	node          *node
}

func styles(doc *document) sheet {
	var s sheet
	for _, n := range doc.elements {
		if n.tag == "style" {
			text, had := withoutComments(n.words())
			if had {
				s.nodes = append(s.nodes, n)
			}
			s.parse(text, "", n)
		}
	}
	return s
}

func withoutComments(text string) (string, bool) {
	var b strings.Builder
	had := false
	for {
		before, behind, found := strings.Cut(text, "/*")
		b.WriteString(before)
		if !found {
			return b.String(), had
		}
		had = true
		_, text, _ = strings.Cut(behind, "*/")
	}
}

// parse reads rules until the text ends. Rules within at-rules other than media are not the business of
// any check.
func (s *sheet) parse(text, media string, n *node) {
	for text != "" {
		open := strings.IndexByte(text, '{')
		if semicolon := strings.IndexByte(text, ';'); semicolon >= 0 && (open < 0 || semicolon < open) { // @import, @charset
			s.atRule(text[:semicolon], n)
			text = text[semicolon+1:]
			continue
		}
		if open < 0 {
			return
		}
		prelude := strings.TrimSpace(text[:open])
		body, rest := block(text[open+1:])
		text = rest
		if !strings.HasPrefix(prelude, "@") {
			s.rules = append(s.rules, rule{media: media, selectors: trimmed(split(prelude, ',')), declarations: declarations(body), node: n})
			continue
		}
		if name, query := s.atRule(prelude, n); name == "media" {
			s.parse(body, strings.ToLower(strings.TrimSpace(media+" "+query)), n)
		}
	}
}

func (s *sheet) atRule(prelude string, n *node) (name, rest string) {
	prelude = strings.TrimSpace(prelude)
	if !strings.HasPrefix(prelude, "@") {
		return "", ""
	}
	end := strings.IndexFunc(prelude[1:], func(r rune) bool { return r != '-' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') })
	if end < 0 {
		end = len(prelude) - 1
	}
	name, rest = strings.ToLower(prelude[1:end+1]), strings.TrimSpace(prelude[end+1:])
	s.at = append(s.at, atRule{name: name, prelude: rest, node: n})
	return name, rest
}

// block is what stands up to the brace that closes it, and what follows.
func block(text string) (body, rest string) {
	depth := 1
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return text[:i], text[i+1:]
			}
		}
	}
	return text, ""
}

func trimmed(list []string) []string {
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	return list
}

// matches reports whether a selector of one step, "td", ".i", "td.i.k", "#top" or "*", is that of an
// element. Those of more steps match nothing: they are more than a mail should lean on.
func matches(selector string, n *node) bool {
	if selector == "" || strings.ContainsAny(selector, " >+~:[") {
		return false
	}
	class, _ := n.attr("class")
	id, _ := n.attr("id")
	rest := selector
	for first := true; rest != ""; first = false {
		end := strings.IndexAny(rest[1:], ".#") + 1
		if end == 0 {
			end = len(rest)
		}
		part := rest[:end]
		rest = rest[end:]
		switch {
		case part[0] == '.' && slices.Contains(strings.Fields(class), part[1:]):
		case part[0] == '#' && id == part[1:]:
		case first && (part == "*" || strings.EqualFold(part, n.tag)):
		default:
			return false
		}
	}
	return true
}

// specificity orders selectors of one step: ids, then classes, then types.
func specificity(selector string) int {
	weight := 100*strings.Count(selector, "#") + 10*strings.Count(selector, ".")
	if selector != "" && selector[0] != '.' && selector[0] != '#' && selector[0] != '*' {
		weight++
	}
	return weight
}
