package render

import (
	"fmt"
	"io"
	"math"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// allowed are the elements of the HTML part: those that no client strips.
var allowed = strings.Fields("html head meta title style body div table tbody tr td h1 h2 h3 p a b strong em span img")

var void = []string{"meta", "img"}

// light and dark are the two palettes by class.
var (
	light = map[string]string{"g": "#FFFFFF", "w": "#F3F3F1", "i": "#1A1A1A", "b": "#333333", "m": "#595959", "a": "#9C1F1F", "k": "#1A1A1A", "h": "#D4D4D4"}
	dark  = map[string]string{"g": "#17181A", "w": "#232427", "i": "#F3F1EC", "b": "#D8D5CF", "m": "#A9A69F", "a": "#F2938A", "k": "#F3F1EC", "h": "#3D3E41"}
)

func TestEveryEditionPassesTheChecks(t *testing.T) {
	s := builtin(t, "{{.Lead.Title}}")
	for _, e := range editions() {
		t.Run(e.name, func(t *testing.T) {
			r := mustRender(t, s, e.page, e.frame)
			checkCharacters(t, r)
			checkBalance(t, r.HTML)
			checkComments(t, r.HTML)
			root, err := html.Parse(strings.NewReader(r.HTML))
			if err != nil {
				t.Fatal(err)
			}
			checkElements(t, root)
			checkHeadings(t, root)
			checkReading(t, root)
			checkLines(t, r.Text)
			checkSameStories(t, root, r.Text)
		})
	}
}

func checkCharacters(t *testing.T, r Rendered) {
	t.Helper()
	for name, text := range map[string]string{"subject": r.Subject, "html": r.HTML, "text": r.Text} {
		if !utf8.ValidString(text) {
			t.Errorf("the %s is no valid UTF-8", name)
		}
		for _, c := range text {
			if c != '\n' && unwanted(c) || c == '\n' && name == "subject" {
				t.Errorf("the %s has the character %U", name, c)
			}
		}
	}
	if n := len([]rune(r.Subject)); n > subjectLength || n == 0 {
		t.Errorf("subject of %d characters", n)
	}
}

// checkBalance goes over tokens, since a parser would mend what is broken.
func checkBalance(t *testing.T, text string) {
	t.Helper()
	var open []string
	z := html.NewTokenizer(strings.NewReader(text))
	for {
		switch z.Next() {
		case html.ErrorToken:
			if z.Err() != io.EOF {
				t.Error(z.Err())
			}
			if len(open) > 0 {
				t.Errorf("never closed: %v", open)
			}
			return
		case html.StartTagToken:
			name, _ := z.TagName()
			if !slices.Contains(void, string(name)) {
				open = append(open, string(name))
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			if len(open) == 0 || open[len(open)-1] != string(name) {
				t.Fatalf("</%s> closes %v", name, open)
			}
			open = open[:len(open)-1]
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

func inside(n *html.Node, tag string) *html.Node {
	for p := n.Parent; p != nil; p = p.Parent {
		if p.Type == html.ElementNode && p.Data == tag {
			return p
		}
	}
	return nil
}

func checkElements(t *testing.T, root *html.Node) {
	t.Helper()
	ids := map[string]bool{}
	images := 0
	elements(root, func(n *html.Node) {
		if !slices.Contains(allowed, n.Data) {
			t.Errorf("<%s> is stripped by some client, or ours not at all: %.80q", n.Data, textOf(n))
		}
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") || a.Key == "bgcolor" || a.Key == "srcdoc" {
				t.Errorf("<%s> has %s", n.Data, a.Key)
			}
			if strings.Contains(a.Val, "ZgotmplZ") {
				t.Errorf("<%s %s> was refused by html/template", n.Data, a.Key)
			}
		}
		if id, ok := attr(n, "id"); ok {
			if ids[id] {
				t.Errorf("id %q stands twice", id)
			}
			ids[id] = true
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
			if role, _ := attr(n, "role"); role != "presentation" {
				t.Error("a table is not marked as presentation")
			}
		case "a":
			checkLink(t, n)
		case "img":
			images++
			checkImage(t, n)
		}
	})
	if images > 1 {
		t.Errorf("%d images in one edition", images)
	}
}

func needs(t *testing.T, n *html.Node, keys ...string) {
	t.Helper()
	for _, key := range keys {
		if v, ok := attr(n, key); !ok || v == "" {
			t.Errorf("<%s> has no %s", n.Data, key)
		}
	}
}

func checkLink(t *testing.T, n *html.Node) {
	t.Helper()
	href, _ := attr(n, "href")
	u, err := url.Parse(href)
	if err != nil || !slices.Contains([]string{"https", "http", "mailto"}, u.Scheme) || u.Scheme != "mailto" && u.Hostname() == "" {
		t.Errorf("link to %q (%v)", href, err)
	}
	if inside(n, "a") != nil {
		t.Errorf("a link inside a link: %q", href)
	}
	if _, ok := attr(n, "dir"); ok {
		t.Errorf("dir on a link: Word ignores it: %q", href)
	}
	name := strings.TrimSpace(textOf(n))
	elements(n, func(c *html.Node) {
		if alt, ok := attr(c, "alt"); ok && c.Data == "img" {
			name += alt
		}
	})
	if name == "" {
		t.Errorf("the link to %q has no name", href)
	}
}

func checkImage(t *testing.T, n *html.Node) {
	t.Helper()
	if src, _ := attr(n, "src"); !strings.HasPrefix(src, "https://") {
		t.Errorf("picture from %q", src)
	}
	if _, ok := attr(n, "alt"); !ok {
		t.Error("a picture without alt")
	}
	if width, _ := attr(n, "width"); width != "560" {
		t.Errorf("picture of width %q", width)
	}
	if _, ok := attr(n, "height"); ok {
		t.Error("a picture with a height leaves a hole where pictures are blocked")
	}
	if td := inside(n, "td"); td != nil && strings.Contains(styleOf(td)["mso-line-height-rule"], "exactly") {
		t.Error("Word cuts the picture to one line")
	}
}

func checkHeadings(t *testing.T, root *html.Node) {
	t.Helper()
	var levels []int
	elements(root, func(n *html.Node) {
		if len(n.Data) == 2 && n.Data[0] == 'h' && n.Data[1] >= '1' && n.Data[1] <= '6' {
			levels = append(levels, int(n.Data[1]-'0'))
			if strings.TrimSpace(textOf(n)) == "" {
				t.Errorf("an empty <%s>", n.Data)
			}
			if m := styleOf(n)["margin"]; m == "" {
				t.Errorf("<%s> leaves its margin to the client", n.Data)
			}
		}
	})
	if len(levels) == 0 || levels[0] != 1 {
		t.Fatalf("headings begin at %v", levels)
	}
	for i := 1; i < len(levels); i++ {
		if levels[i] == 1 || levels[i] > levels[i-1]+1 {
			t.Errorf("heading %d of level %d follows level %d", i+1, levels[i], levels[i-1])
		}
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

// checkReading goes over every visible word: that it has a face, a size and a line of its own, and
// stands out from its ground, in both palettes.
func checkReading(t *testing.T, root *html.Node) {
	t.Helper()
	seen := map[string]bool{}
	var walk func(n *html.Node, inherited map[string]string, ink, ground string)
	walk = func(n *html.Node, inherited map[string]string, ink, ground string) {
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
				for _, c := range set {
					if slices.Contains(classes, c) {
						if property == "color" {
							ink = c
						} else {
							ground = c
						}
						if v, ok := style[property]; ok && v != light[c] {
							t.Errorf("<%s class=%q> has the colour %s, not %s", n.Data, class, v, light[c])
						}
					}
				}
				if v, ok := style[property]; ok && !slices.ContainsFunc(classes, func(c string) bool { return slices.Contains(set, c) && light[c] == v }) {
					t.Errorf("<%s class=%q> has %s %s without the class that turns it in the dark", n.Data, class, property, v)
				}
			}
		}
		if n.Type == html.TextNode && strings.TrimSpace(n.Data) != "" {
			key := inherited["color"] + inherited["background-color"] + ink + ground
			if !seen[key] {
				seen[key] = true
				if c := contrast(inherited["color"], inherited["background-color"]); c < 4.5 {
					t.Errorf("contrast %.1f of %s on %s: %.40q", c, inherited["color"], inherited["background-color"], n.Data)
				}
				if c := contrast(dark[ink], dark[ground]); c < 4.5 {
					t.Errorf("contrast %.1f in the dark, %s on %s: %.40q", c, ink, ground, n.Data)
				}
			}
			if size, _ := strconv.Atoi(strings.TrimSuffix(inherited["font-size"], "px")); size < 14 {
				t.Errorf("text of %d px: %.40q", size, n.Data)
			}
			if inherited["font-family"] == "" || !strings.HasSuffix(inherited["line-height"], "px") {
				t.Errorf("text without face or line: %.40q", n.Data)
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c, inherited, ink, ground)
		}
	}
	walk(root, nil, "", "")
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

// contrast is WCAG's, of two colours written #RRGGBB.
func contrast(a, b string) float64 {
	luminance := func(c string) float64 {
		var sum float64
		for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
			v, err := strconv.ParseUint(c[1+2*i:3+2*i], 16, 8)
			if err != nil {
				panic(fmt.Sprintf("no colour: %q", c))
			}
			x := float64(v) / 255
			if x <= 0.04045 {
				x /= 12.92
			} else {
				x = math.Pow((x+0.055)/1.055, 2.4)
			}
			sum += weight * x
		}
		return sum
	}
	if len(a) != 7 || len(b) != 7 {
		return 0
	}
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func TestPalettesHaveTheContrastTheyPromise(t *testing.T) {
	for _, p := range []map[string]string{light, dark} {
		for _, ink := range []string{"i", "b", "m", "a"} {
			if c := contrast(p[ink], p["g"]); c < 7 {
				t.Errorf("%s on the ground: %.1f", ink, c)
			}
		}
		if c := contrast(p["m"], p["w"]); c < 6 {
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

// checkSameStories compares the headlines and links of the two parts, in their order.
func checkSameStories(t *testing.T, root *html.Node, text string) {
	t.Helper()
	rest := unspaced(text)
	find := func(s string) {
		i := strings.Index(rest, s)
		if i < 0 {
			t.Errorf("the text part lacks %.80q, or has it too early", s)
			return
		}
		rest = rest[i+len(s):]
	}
	elements(root, func(n *html.Node) {
		label := n.Data == "h2" && strings.Contains(styleOf(n)["font-family"], "Helvetica")
		if n.Data != "h2" && n.Data != "h3" || label {
			return
		}
		find(unspaced(textOf(n)))
		if a := n.FirstChild; a != nil && a.Data == "a" {
			href, _ := attr(a, "href")
			find(unspaced(href))
		}
	})
	var want int
	elements(root, func(n *html.Node) {
		if n.Data == "h2" || n.Data == "h3" {
			if a := n.FirstChild; a != nil && a.Data == "a" {
				want++
			}
		}
	})
	got := 0
	for _, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, "  https://") || strings.HasPrefix(line, "  http://") {
			got++
		}
	}
	if got != want {
		t.Errorf("the text part links %d stories, the HTML part %d", got, want)
	}
}

// unspaced is a text without white space, so that line breaks make no difference, and without the
// escapes of addresses, of which HTML needs more.
func unspaced(s string) string {
	s = escape.ReplaceAllStringFunc(s, func(e string) string {
		c, _ := strconv.ParseUint(e[1:], 16, 8)
		return string([]byte{byte(c)})
	})
	return strings.Join(strings.Fields(s), "")
}

var escape = regexp.MustCompile(`%[0-9a-fA-F]{2}`)
