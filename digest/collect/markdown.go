package collect

import (
	"strings"

	"digestd/internal/lazyregexp"
)

// Some systems put a text's Markdown into their feed, where its HTML should stand. What a teaser has of it is read by
// expressions, whose time grows with the text alone; a parser of all of it (goldmark) takes 200 ms for 16 KB of brackets
// that are never closed.

const (
	markdownLink = `\[((?:[^\[\]\n]|\[[^\[\]\n]*\])*)\]\(<?((?:https?://|\.{0,2}/|#|mailto:)(?:[^\s()<>]|\([^\s()<>]*\))*)>?(?:\s+"[^"\n]*")?\)`
	markdownBold = `(^|[^\pL\d*])\*\*([^\s*](?:[^*\n]*[^\s*])?)\*\*($|[^\pL\d*])`
)

var (
	// markdownMark is what no other text has: a link or a picture, a heading, words between pairs of stars.
	markdownMark = lazyregexp.New(markdownLink + `|` + markdownBold + `|(?m:^[ \t]*#{1,6} +["“]?[\pL\d[])`)
	lineTag      = lazyregexp.New(`(?i)<br\s*/?>`)
	// tagOfText are elements of a text that is HTML already.
	tagOfText = lazyregexp.New(`(?i)</?(?:a|p|div|span|b|i|em|strong|u|ul|ol|li|h[1-6]|table|code|pre|blockquote|figure|section)[\s/>]`)

	// markdownForms are the forms that are read, in this order.
	markdownForms = []struct {
		form *lazyregexp.Regexp
		html string
	}{
		{lazyregexp.New("(?m)^[ \t>]*(?:```|~~~)[^`\n]*\n(?s:.*?)(?:^[ \t>]*(?:```|~~~)[ \t]*$|\\z)"), "<pre></pre>"},
		{lazyregexp.New(`(?m)^[ \t]*\[[^\[\]\n]+\]:[ \t]+\S+.*$`), ""}, // where links of that name lead
		{lazyregexp.New(`(?m)^[ \t]*(?:(?:\* ?){3,}|(?:- ?){3,}|={3,})[ \t]*$`), "<hr>"},
		{lazyregexp.New(`(?m)^[ \t]*(?:>[ \t]?)+`), ""},
		{lazyregexp.New(`(?m)^[ \t]*#{1,6}[ \t]+(.*?)[ \t#]*$`), "<h3>$1</h3>"},
		{lazyregexp.New(`(?m)^[ \t]*(?:[*+-]|\d{1,3}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?(.*)$`), "<li>$1</li>"},
		{lazyregexp.New("``?([^`\n]+)``?"), "<code>$1</code>"},
		{lazyregexp.New(`!` + markdownLink), `<img alt="$1" src="$2">`},
		{lazyregexp.New(markdownLink), `<a href="$2">$1</a>`},
		{lazyregexp.New(`<(https?://[^\s<>]+)>`), `<a href="$1">$1</a>`},
		{lazyregexp.New(markdownBold), "$1<b>$2</b>$3"},
		{lazyregexp.New(`(^|[^\pL\d*_\\])[*_]([^\s*_](?:[^*_\n]*[^\s*_\\])?)[*_]($|[^\pL\d*_])`), "$1<em>$2</em>$3"},
		{lazyregexp.New(`~~[^~\n]+~~`), ""},
		{lazyregexp.New(`\\([!-/:-@\[-` + "`" + `{-~])`), "$1"},
		{lazyregexp.New(`\n[ \t]*\n`), "<p>"},
	}
)

// fromMarkdown is the HTML of a text in Markdown, and any other text as it is.
func fromMarkdown(source string) string {
	marked := strings.Contains(source, "](") || strings.Contains(source, "**") || strings.Contains(source, "# ")
	if !marked || tagOfText.MatchString(source) || !markdownMark.MatchString(source) {
		return source
	}
	source = lineTag.ReplaceAllString(source, "\n")
	for _, f := range markdownForms {
		for range 2 { // neighbours share the character between them
			source = f.form.ReplaceAllString(source, f.html)
		}
	}
	return source
}
