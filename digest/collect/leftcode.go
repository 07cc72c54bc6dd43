package collect

import (
	"strings"

	"digestd/internal/lazyregexp"
)

// Systems that take the tags out of a text leave what stood between those of styles and scripts.

var (
	// styleRules are rules of CSS, and its comments, where a text or a line of it begins.
	styleRules = lazyregexp.New(`(^|[>\n])(?:\s*(?:/\*[^*]*\*/|@[a-z-]+[^{}<>;]*\{(?:[^{}<>]*\{[^{}<>]*\})*\s*\}|` +
		`(?:[a-z][\w-]*|[\w\s.#:>+~,*="'\[\]()%-]*(?:[.#:][\w-]|[>\[*])[\w\s.#:>+~,*="'\[\]()%-]*)\{\s*(?:[a-z-][\w-]*\s*:[^{}<>]*)?\}))+`)
	// scripts is how a text begins that is a program.
	scripts = lazyregexp.New(`^(?:if ?\(|\(? ?function\b|\(\(\) ?=>|!function|(?:var|let|const) \w+ ?=|window\.|document\.|jQuery|\$\(|` +
		`googletag\.|gtag\(|dataLayer|\(?adsbygoogle|//<!\[|try ?\{)`)
)

// dropStyles takes rules of CSS out of a text.
func dropStyles(source string) string {
	if !strings.Contains(source, "{") && !strings.Contains(source, "/*") || !strings.Contains(source, "}") && !strings.Contains(source, "*/") {
		return source
	}
	return styleRules.ReplaceAllString(source, "$1")
}

// isScript reports whether a piece of a text is a program: it begins as one, and has the signs of one.
func isScript(text string) bool {
	return scripts.MatchString(text) && (strings.ContainsAny(text, ";{}") || strings.Contains(text, "=>")) &&
		strings.ContainsAny(text, "()=")
}
