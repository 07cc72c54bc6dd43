package lint

import (
	"strconv"
	"strings"

	"digestd/digest"
)

// The least contrast of words on their ground (WCAG 2.2, success criterion 1.4.3), and from which size
// on words are large: 18 pt, or 14 pt in bold.
const (
	enough      = 4.5
	enoughLarge = 3
	large       = 24
	largeBold   = 18.66
)

// palette is a way in which a client takes the styles of a mail.
type palette struct {
	name  string
	media func(query string) bool // whether rules of a media query count; nil: the style element is dropped
}

var palettes = []palette{
	{"without the style element", nil},
	{"in the light", func(query string) bool { return query == "" || query == "screen" || query == "all" }},
	{"in the dark", func(query string) bool {
		return query == "" || query == "screen" || query == "all" || strings.Contains(strings.ReplaceAll(query, " ", ""), "prefers-color-scheme:dark")
	}},
}

// look is what a run of text inherits.
type look struct {
	ink, ground color
	size        float64 // px
	bold        bool
}

// contrast reckons the contrast of every run of words that can be seen, in each palette. Where a colour
// is written in a way that it does not know, it says nothing.
func (r *report) contrast(doc *document) {
	s := styles(doc)
	for _, p := range palettes {
		seen := map[look]bool{}
		var walk func(n *node, now look)
		walk = func(n *node, now look) {
			if n.tag == "" && n != doc.root {
				if strings.TrimSpace(n.text) != "" {
					r.stands(n, now, p, seen)
				}
				return
			}
			switch n.tag {
			case "head", "style", "script", "title":
				return
			case "a":
				now.ink = rgb(0, 0, 0xEE) // a link without a colour of its own
			case "h1", "h2", "h3", "h4", "h5", "h6", "b", "strong", "th":
				now.bold = true
			}
			if value, ok := n.attr("bgcolor"); ok {
				now.ground = parseColor(value)
			}
			own := s.of(n, p)
			if own["display"] == "none" {
				return
			}
			now = now.with(own)
			if alt, ok := n.attr("alt"); ok && n.tag == "img" && strings.TrimSpace(alt) != "" {
				r.stands(&node{text: alt, place: n.place, parent: n, number: -1}, now, p, seen)
			}
			for _, c := range n.children {
				walk(c, now)
			}
		}
		walk(doc.root, look{ink: color{known: true}, ground: rgb(0xFF, 0xFF, 0xFF), size: 16})
	}
}

// stands reports a run of words that does not stand out, once for each look.
func (r *report) stands(n *node, now look, p palette, seen map[look]bool) {
	if seen[now] || !now.ink.known || !now.ground.known {
		return
	}
	seen[now] = true
	least := enough
	if now.size >= large || now.bold && now.size >= largeBold {
		least = enoughLarge
	}
	if c := now.ink.Contrast(now.ground.Colour); c < least {
		r.at(n, Contrast, Warning, "%s on %s has a contrast of %.1f %s, and needs %.1f", now.ink, now.ground, c, p.name, least)
	}
}

// with adds an element's own styles to what it inherits.
func (l look) with(own map[string]string) look {
	if v, ok := own["color"]; ok && v != "inherit" {
		l.ink = parseColor(v)
	}
	for _, property := range []string{"background", "background-color"} {
		if v, ok := own[property]; ok && v != "transparent" && v != "none" {
			l.ground = parseColor(v)
		}
	}
	if v, ok := own["font-size"]; ok {
		if size, err := strconv.ParseFloat(strings.TrimSuffix(v, "px"), 64); err == nil {
			l.size = size
		}
	}
	if v, ok := own["font-weight"]; ok {
		weight, err := strconv.Atoi(v)
		l.bold = v == "bold" || v == "bolder" || err == nil && weight >= 700
	}
	return l
}

// of are an element's own properties in a palette: rules by their weight, then the style attribute, then
// what is marked as important.
func (s sheet) of(n *node, p palette) map[string]string {
	own := make(map[string]string)
	weight := make(map[string]int)
	put := func(d declaration, w int) {
		if d.important {
			w += 10_000
		}
		if w >= weight[d.property] {
			own[d.property], weight[d.property] = strings.ToLower(d.value), w
		}
	}
	if p.media != nil {
		for _, rule := range s.rules {
			if !p.media(rule.media) {
				continue
			}
			for _, selector := range rule.selectors {
				if matches(selector, n) {
					for _, d := range rule.declarations {
						put(d, specificity(selector))
					}
				}
			}
		}
	}
	style, _ := n.attr("style")
	for _, d := range declarations(style) {
		put(d, 1000)
	}
	return own
}

// color is one of sRGB; known is false where it can't be told.
type color struct {
	digest.Colour
	known bool
}

func rgb(r, g, b uint8) color { return color{digest.Colour{R: r, G: g, B: b}, true} }

// names are the sixteen colours that HTML began with.
var names = map[string]string{"black": "#000000", "silver": "#c0c0c0", "gray": "#808080", "grey": "#808080", "white": "#ffffff",
	"maroon": "#800000", "red": "#ff0000", "purple": "#800080", "fuchsia": "#ff00ff", "green": "#008000", "lime": "#00ff00",
	"olive": "#808000", "yellow": "#ffff00", "navy": "#000080", "blue": "#0000ff", "teal": "#008080", "aqua": "#00ffff"}

// parseColor reads #rgb, #rrggbb, rgb(r, g, b) and the sixteen names.
func parseColor(text string) color {
	text = strings.ToLower(strings.TrimSpace(text))
	if hex, ok := names[text]; ok {
		text = hex
	}
	if inner, ok := strings.CutPrefix(text, "rgb("); ok {
		parts := strings.FieldsFunc(strings.TrimSuffix(inner, ")"), func(r rune) bool { return r == ',' || r == ' ' })
		if len(parts) != 3 {
			return color{}
		}
		var c [3]uint8
		for i, part := range parts {
			n, err := strconv.ParseUint(part, 10, 8)
			if err != nil {
				return color{}
			}
			c[i] = uint8(n)
		}
		return rgb(c[0], c[1], c[2])
	}
	c, err := digest.ParseColour(text)
	return color{c, err == nil}
}

// ContrastRatio is WCAG's of two colours as they are written in a style: from 1 to 21, or 0 when one of
// them can't be read.
func ContrastRatio(a, b string) float64 {
	x, y := parseColor(a), parseColor(b)
	if !x.known || !y.known {
		return 0
	}
	return x.Contrast(y.Colour)
}
