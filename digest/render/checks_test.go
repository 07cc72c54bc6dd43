package render

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"digestd/internal/lint"
)

// allowed are the elements of the HTML part: those that no client strips.
var allowed = strings.Fields("html head meta title style body div table tbody tr td h1 h2 h3 p a b strong em span img")

// light and dark are the two palettes by class.
var (
	light = map[string]string{"g": "#FFFFFF", "w": "#F3F3F1", "i": "#1A1A1A", "b": "#333333", "m": "#595959", "a": "#9C1F1F", "k": "#1A1A1A", "h": "#D4D4D4"}
	dark  = map[string]string{"g": "#17181A", "w": "#232427", "i": "#F3F1EC", "b": "#D8D5CF", "m": "#A9A69F", "a": "#F2938A", "k": "#F3F1EC", "h": "#3D3E41"}
)

// TestEveryEditionPassesTheChecks runs what check and preview run, and then what only the built-in
// template promises.
func TestEveryEditionPassesTheChecks(t *testing.T) {
	t.Parallel()
	s := builtin(t, "{{.Lead.Title}}")
	for _, e := range editions(t) {
		t.Run(e.name, func(t *testing.T) {
			r := mustRender(t, s, e.page, e.frame)
			checkAsClients(t, s, e, r)
			if n := len([]rune(r.Subject)); n > subjectLength {
				t.Errorf("subject of %d characters", n)
			}
			checkComments(t, r.HTML)
			root, err := html.Parse(strings.NewReader(r.HTML))
			if err != nil {
				t.Fatal(err)
			}
			checkElements(t, root)
			checkReading(t, root)
			checkLines(t, r.Text)
		})
	}
}

// checkAsClients runs the checks that own templates get as well. The built-in ones pass them all.
func checkAsClients(t *testing.T, s *Set, e edition, r Rendered) {
	t.Helper()
	trace, err := s.Trace(e.page, e.frame)
	if err != nil {
		t.Fatal(err)
	}
	m := lint.Mail{Subject: r.Subject, HTML: r.HTML, Text: r.Text, Unsubscribe: e.frame.UnsubscribeURL}
	for _, story := range trace.Stories {
		m.Stories = append(m.Stories, lint.Story{Title: story.Title, URL: story.URL})
	}
	for _, f := range lint.Check(m) {
		if f.Level > lint.Note {
			t.Error(f)
		}
	}
}

// checkComments holds that the only comments are ours.
func checkComments(t *testing.T, text string) {
	t.Helper()
	for _, c := range []string{wordSettings, wordTableEnd} {
		text = strings.Replace(text, c, "", 1)
	}
	for _, dir := range []string{"ltr", "rtl"} {
		text = strings.Replace(text, wordTableHead+dir+wordTableTail, "", 1)
	}
	if i := strings.Index(text, "<!--"); i >= 0 {
		t.Errorf("a comment that is not ours: %.80q", text[i:])
	}
}

func elements(n *html.Node, visit func(*html.Node)) {
	if n.Type == html.ElementNode {
		visit(n)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		elements(c, visit)
	}
}

func attr(n *html.Node, key string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val, true
		}
	}
	return "", false
}

func textOf(n *html.Node) string {
	if n.Type == html.TextNode {
		return n.Data
	}
	var b strings.Builder
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		b.WriteString(textOf(c))
	}
	return b.String()
}

func checkElements(t *testing.T, root *html.Node) {
	t.Helper()
	elements(root, func(n *html.Node) {
		if !slices.Contains(allowed, n.Data) {
			t.Errorf("<%s> is stripped by some client, or ours not at all: %.80q", n.Data, textOf(n))
		}
		if _, ok := attr(n, "bgcolor"); ok {
			t.Errorf("<%s> has a ground that stays when styles are dropped", n.Data)
		}
		switch n.Data {
		case "html":
			needs(t, n, "lang", "dir")
		case "div":
			if role, _ := attr(n, "role"); role == "article" {
				needs(t, n, "lang", "dir", "aria-label")
			}
		case "table":
			needs(t, n, "dir", "cellpadding", "cellspacing", "border")
		case "h1", "h2", "h3":
			if styleOf(n)["margin"] == "" {
				t.Errorf("<%s> leaves its margin to the client", n.Data)
			}
		case "img":
			checkImage(t, n)
		}
	})
}

func needs(t *testing.T, n *html.Node, keys ...string) {
	t.Helper()
	for _, key := range keys {
		if v, ok := attr(n, key); !ok || v == "" {
			t.Errorf("<%s> has no %s", n.Data, key)
		}
	}
}

// checkImage holds that the lead's picture, blocked, leaves no hole, and that thumbnails move nothing when they come.
func checkImage(t *testing.T, n *html.Node) {
	t.Helper()
	width, _ := attr(n, "width")
	height, sized := attr(n, "height")
	switch {
	case width == "560" && sized:
		t.Error("a picture with a height leaves a hole where pictures are blocked")
	case width != "560" && (!sized || height > "72" || width > "96" || len(width) != 2 || len(height) != 2):
		t.Errorf("picture of %q × %q", width, height)
	}
}

func styleOf(n *html.Node) map[string]string {
	text, _ := attr(n, "style")
	out := map[string]string{}
	for _, d := range strings.Split(text, ";") {
		if key, value, ok := strings.Cut(d, ":"); ok {
			out[key] = strings.TrimSpace(value)
		}
	}
	return out
}

// checkReading goes over every visible word: that it has a face, a size and a line of its own, and that
// its colours are those of a class, which turns them in the dark.
func checkReading(t *testing.T, root *html.Node) {
	t.Helper()
	var walk func(n *html.Node, inherited map[string]string)
	walk = func(n *html.Node, inherited map[string]string) {
		if n.Type == html.ElementNode {
			if n.Data == "head" {
				return
			}
			style := styleOf(n)
			if style["display"] == "none" {
				return
			}
			inherited = merged(inherited, style)
			class, _ := attr(n, "class")
			classes := strings.Fields(class)
			for property, set := range map[string][]string{"color": {"i", "b", "m", "a"}, "background-color": {"g", "w"}} {
				v, ok := style[property]
				for _, c := range set {
					if ok && slices.Contains(classes, c) && v != light[c] {
						t.Errorf("<%s class=%q> has the colour %s, not %s", n.Data, class, v, light[c])
					}
				}
				if ok && !slices.ContainsFunc(classes, func(c string) bool { return slices.Contains(set, c) && light[c] == v }) {
					t.Errorf("<%s class=%q> has %s %s without the class that turns it in the dark", n.Data, class, property, v)
				}
			}
		}
		if n.Type == html.TextNode && strings.TrimSpace(n.Data) != "" {
			if size, _ := strconv.Atoi(strings.TrimSuffix(inherited["font-size"], "px")); size < 14 {
				t.Errorf("text of %d px: %.40q", size, n.Data)
			}
			if inherited["font-family"] == "" || !strings.HasSuffix(inherited["line-height"], "px") {
				t.Errorf("text without face or line: %.40q", n.Data)
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c, inherited)
		}
	}
	walk(root, nil)
}

func merged(a, b map[string]string) map[string]string {
	out := make(map[string]string, len(a)+len(b))
	for k, v := range a {
		out[k] = v
	}
	for k, v := range b {
		out[k] = v
	}
	return out
}

func TestPalettesHaveTheContrastTheyPromise(t *testing.T) {
	t.Parallel()
	for _, p := range []map[string]string{light, dark} {
		for _, ink := range []string{"i", "b", "m", "a"} {
			if c := lint.ContrastRatio(p[ink], p["g"]); c < 7 {
				t.Errorf("%s on the ground: %.1f", ink, c)
			}
		}
		if c := lint.ContrastRatio(p["m"], p["w"]); c < 6 {
			t.Errorf("alt text on the wash: %.1f", c)
		}
	}
}

// checkLines holds the width of the text part; an address, ours or a story's, may be longer.
func checkLines(t *testing.T, text string) {
	t.Helper()
	blank := 0
	for i, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, "> ") || strings.HasSuffix(line, " ") && line != "-- " {
			t.Errorf("line %d ends in a space: %q", i+1, line)
		}
		if line == "" {
			blank++
		} else {
			blank = 0
		}
		if blank > 2 {
			t.Errorf("line %d: three empty lines in a row", i+1)
		}
		if cells(line) > textWidth && !strings.Contains(line, "://") && !strings.Contains(line, "mailto:") {
			t.Errorf("line %d has %d cells: %q", i+1, cells(line), line)
		}
	}
}
