package lint

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"

	"digestd/internal/lazyregexp"
)

// supportJSON is what internal/lint/gen has written.
//
//go:embed support.json
var supportJSON []byte

// supportData says which mail programs support what.
type supportData struct {
	Clients  []string // the mail programs
	Features []feature
	byKey    map[string]*feature
}

// feature is something that clients may or may not support, as caniemail.com has tested it.
type feature struct {
	Slug    string
	Name    string
	Support string   // a letter for each client: y supported, a partly, n not, u unknown, - not tested
	Keys    []string // what stands in a mail that uses it: "property:max-width", "element:bdi"
}

var supported = sync.OnceValue(func() (d supportData) {
	if err := json.Unmarshal(supportJSON, &d); err != nil {
		panic(err) // a test reads it
	}
	d.byKey = make(map[string]*feature)
	for i, f := range d.Features {
		for _, key := range f.Keys {
			d.byKey[key] = &d.Features[i]
		}
	}
	return d
})

// fallbacks are features that some client lacks and that the built-in templates use on purpose, with what
// those clients show in their place.
var fallbacks = map[string]string{
	"css-at-media":                      "where no media query is understood, the light palette stays, which forced dark modes turn well",
	"css-at-media-prefers-color-scheme": "where it is not understood, the light palette stays, which forced dark modes turn well",
	"css-display-none":                  "what is hidden, the preheader, is real news and reads as a summary where it is shown",
	"css-float":                         "the align attribute beside it says the same to Word",
	"css-height":                        "auto is what a picture without a height attribute has anyway",
	"css-max-height":                    "Word hides by mso-hide; elsewhere a folio line of two rows is no harm",
	"css-max-width":                     "Word gets a table of fixed width in a conditional comment",
	"css-object-fit":                    "the picture is squeezed into its box, by a third at most",
	"css-overflow-wrap":                 "word-break beside it says the same to the others",
	"css-overflow":                      "Word hides by mso-hide; elsewhere a folio line of two rows is no harm",
	"css-selector-class":                "the classes carry the dark palette alone",
	"css-white-space":                   "a line may then break at a less pretty place",
	"css-word-break":                    "only words longer than a phone is wide stand out over the edge",
	"html-anchor-links":                 "the outlet beside it in five things is a link to the story itself",
	"html-aria-label":                   "the masthead and the date say the same in words",
	"html-body":                         "the outer table carries the ground again",
	"html-dir":                          "declared on the wrapper and on every table, with align beside it",
	"html-doctype":                      "those clients bring their own, and sizes are set on every element",
	"html-lang":                         "declared on a wrapper within the body too",
	"html-meta-color-scheme":            "clients without it choose dark or light by themselves, and both palettes can be read",
	"html-role":                         "where it is dropped, a screen reader announces tables, and reads them in order",
	"html-style":                        "the design stands in style attributes; what is embedded is only the dark palette",
}

// Fallbacks are the stated fallbacks by the name that caniemail.com gives the feature.
func Fallbacks() map[string]string { return maps.Clone(fallbacks) }

// support reports what a mail uses and some client does not support. Conditional comments are for the
// Word engine alone and are not looked into.
func (r *report) support(doc *document) {
	s := styles(doc)
	s.rules = slices.DeleteFunc(s.rules, func(one rule) bool { return one.media == "print" }) // which no client shows by itself
	u := usage{report: r, darkOnly: !slices.ContainsFunc(s.rules, func(one rule) bool { return !strings.Contains(one.media, "prefers-color-scheme") })}
	if doc.doctype != nil {
		u.uses("doctype", doc.doctype)
	}
	for _, c := range doc.comments {
		u.uses("comment", c)
	}
	for _, n := range doc.elements {
		u.element(n)
	}
	u.sheet(s)
}

// usage notes what is used where.
type usage struct {
	report   *report
	darkOnly bool // all that is embedded is a dark palette
}

// fallback is the one that is stated for a feature, where it is used in the way that the fallback is for.
func (u usage) fallback(f *feature, n *node) (string, bool) {
	switch f.Slug {
	case "html-style", "css-at-media", "css-selector-class":
		if !u.darkOnly {
			return "", false
		}
	case "css-display-none":
		if n.tag == "img" || n.tag == "style" && u.darkOnly {
			return "the logo for dark grounds then stands beside the other", true
		}
		if n.parent == nil || n.parent.tag != "body" {
			return "", false
		}
	}
	why, stated := fallbacks[f.Slug]
	return why, stated
}

func (u usage) uses(key string, n *node) {
	data := supported()
	f := data.byKey[key]
	if f == nil {
		return
	}
	var not, partly []string
	for i, letter := range f.Support {
		switch letter {
		case 'n':
			not = append(not, data.Clients[i])
		case 'a':
			partly = append(partly, data.Clients[i])
		}
	}
	if not == nil && partly == nil {
		return
	}
	level, text, clients := Warning, f.Name+" is not supported by "+listed(not), not
	if not == nil {
		level, text, clients = Note, f.Name+" is partly supported by "+listed(partly), partly
	}
	if why, stated := u.fallback(f, n); stated {
		level, text = Note, text+": "+why
	}
	found := u.report.finding(n, Support, level, text)
	found.Clients, found.More = clients, "https://www.caniemail.com/features/"+f.Slug+"/"
	u.report.add(found)
}

// listed names some clients, and counts the others.
func listed(clients []string) string {
	if len(clients) == len(supported().Clients) {
		return "any client"
	}
	if len(clients) > 4 {
		return fmt.Sprintf("%s and %d other clients", strings.Join(clients[:3], "; "), len(clients)-3)
	}
	return strings.Join(clients, "; ")
}

func (u usage) element(n *node) {
	u.uses("element:"+n.tag, n)
	for _, a := range n.attrs {
		switch {
		case a.Key == "style":
			for _, d := range declarations(a.Val) {
				u.declaration(d, n)
			}
		case a.Key == "href" && strings.HasPrefix(a.Val, "#"):
			u.uses("link:#", n)
		case a.Key == "href" && strings.HasPrefix(a.Val, "mailto:"):
			u.uses("link:mailto", n)
		case a.Key == "src" && n.tag == "img":
			u.image(a.Val, n)
		case a.Key == "type" && (n.tag == "input" || n.tag == "button"):
			u.uses(n.tag+":"+strings.ToLower(a.Val), n)
		case a.Key == "name" && n.tag == "meta":
			u.uses("meta:"+strings.ToLower(a.Val), n)
		}
		u.uses("attribute:"+a.Key, n)
	}
}

// image tells a picture's format by the end of its address.
func (u usage) image(address string, n *node) {
	address, _, _ = strings.Cut(address, "?")
	if strings.HasPrefix(strings.ToLower(address), "data:") {
		u.uses("image:data", n)
		return
	}
	u.uses("image:"+strings.ToLower(strings.TrimPrefix(path.Ext(address), ".")), n)
}

var (
	cssUnit     = lazyregexp.New(`[0-9.](%|[a-z]+)`)
	cssFunction = lazyregexp.New(`([a-z-]+)\(`)
	cssWord     = lazyregexp.New(`[a-z][a-z-]*`)
	pseudo      = lazyregexp.New(`::?([a-z-]+)`)
)

func (u usage) declaration(d declaration, n *node) {
	if strings.HasPrefix(d.property, "mso-") { // the Word engine's own
		return
	}
	value := strings.ToLower(d.value)
	u.uses("property:"+d.property, n)
	u.uses("value:"+d.property+":"+value, n)
	if d.important {
		u.uses("important", n)
	}
	if strings.HasPrefix(d.property, "--") {
		u.uses("function:var", n)
	}
	for _, m := range cssUnit.FindAllStringSubmatch(value, -1) {
		u.uses("unit:"+m[1], n)
	}
	for _, m := range cssFunction.FindAllStringSubmatch(value, -1) {
		u.uses("function:"+m[1], n)
	}
	for _, word := range cssWord.FindAllString(value, -1) {
		u.uses("keyword:"+word, n)
	}
}

func (u usage) sheet(s sheet) {
	for _, n := range s.nodes {
		u.uses("css-comment", n)
	}
	for _, at := range s.at {
		u.uses("at:"+at.name, at.node)
		if at.name == "media" {
			for _, word := range cssWord.FindAllString(strings.ToLower(at.prelude), -1) {
				u.uses("media:"+word, at.node)
				u.uses("media:-"+word, at.node)
			}
		}
	}
	for _, rule := range s.rules {
		if len(rule.selectors) > 1 {
			u.uses("selector:,", rule.node)
		}
		for _, selector := range rule.selectors {
			u.selector(selector, rule.node)
		}
		for _, d := range rule.declarations {
			u.declaration(d, rule.node)
		}
	}
}

// selector notes of what kind a selector is.
func (u usage) selector(s string, n *node) {
	for _, m := range pseudo.FindAllStringSubmatch(s, -1) {
		u.uses("pseudo:"+m[1], n)
	}
	steps := strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(" >+~", r) })
	for _, sign := range []string{">", "+", "~"} {
		if strings.Contains(s, sign) {
			u.uses("selector:"+sign, n)
		}
	}
	if len(steps) > 1 && !strings.ContainsAny(s, ">+~") {
		u.uses("selector: ", n)
	}
	for _, step := range steps {
		kinds := []struct {
			key  string
			used bool
		}{
			{"selector:.x", strings.Contains(step, ".")},
			{"selector:.x.y", strings.Count(step, ".") > 1},
			{"selector:#x", strings.Contains(step, "#")},
			{"selector:[]", strings.Contains(step, "[")},
			{"selector:*", strings.HasPrefix(step, "*")},
			{"selector:x", !slices.Contains([]byte(".#[*:"), step[0])},
		}
		for _, kind := range kinds {
			if kind.used {
				u.uses(kind.key, n)
			}
		}
	}
}
