package note

import (
	"fmt"
	"strings"
	"testing"

	"digestd/digest"
)

// written is a text with its marks as characters.
func written(t digest.Text) string {
	var b strings.Builder
	for _, s := range t {
		mark := ""
		if s.Strong {
			mark += "*"
		}
		if s.Em {
			mark += "_"
		}
		fmt.Fprint(&b, mark, s.S, mark)
		if s.Href != "" {
			fmt.Fprintf(&b, "<%s>", s.Href)
		}
	}
	return b.String()
}

func TestRead(t *testing.T) {
	for _, c := range []struct{ markdown, want string }{
		{"Good morning.", "Good morning."},
		{"Two\nlines.\n\nAnd **strong _both_** words.", "Two lines. | And *strong **_both*_ words."},
		{"# Today\n\nwords", "*Today* | words"},
		{"See [the page](https://example.org/a \"t\") or <https://example.org>.", "See the page<https://example.org/a> or https://example.org<https://example.org>."},
		{"<ana@example.org>", "ana@example.org<mailto:ana@example.org>"},
		{"- one\n- two\n  more\n\n3. three\n4. four", "• one | • two more | 3. three | 4. four"},
		{"> quoted\n\n---\n\n`code` and ![a lamp](https://example.org/l.png)", "quoted | code and a lamp"},
		{"    indented\n    code", "indented code"},
		{"<script>alert(1)</script>\n\nA <b>tag</b> &amp; more", "<script>alert(1)</script> | A <b>tag</b> & more"},
		{"line  \nbreak", "line break"},
		{"5 \\* 3 &#10; `&amp; \\*`", "5 * 3   &amp; \\*"},
		{"[x](javascript:alert(1))", "x<javascript:alert(1)>"}, // which rendering takes away, from notes as from feeds
	} {
		got, err := Read(c.markdown)
		if err != nil {
			t.Errorf("%q: %v", c.markdown, err)
			continue
		}
		var all []string
		for _, p := range got {
			all = append(all, written(p))
		}
		if s := strings.Join(all, " | "); s != c.want {
			t.Errorf("%q is\n%s\nwant\n%s", c.markdown, s, c.want)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	for _, c := range []struct{ markdown, want string }{
		{" \n", "empty"},
		{"---", "no words"},
		{strings.Repeat("a", MostBytes+1), "may have"},
		{"a\xff", "UTF-8"},
		{strings.Repeat("a\n\n", mostParagraphs+1), "paragraphs"},
	} {
		if got, err := Read(c.markdown); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.20q: %v, %v", c.markdown, got, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{"a *b* [c](d)", "> - 1. `x`", "<b\n>", "![a](b)\n\n\tcode", strings.Repeat(">", 200) + "a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, markdown string) {
		paragraphs, err := Read(markdown)
		if err != nil {
			return
		}
		for _, p := range paragraphs {
			if strings.TrimSpace(p.Plain()) == "" {
				t.Errorf("a paragraph without words in %q", markdown)
			}
			for _, s := range p {
				if strings.ContainsAny(s.S, "\n\r\t") || s.S == "" {
					t.Errorf("a run %q in %q", s.S, markdown)
				}
			}
		}
	})
}
