package lint

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// images holds what a picture needs where it is not shown.
func (r *report) images(doc *document) {
	for _, n := range doc.elements {
		if n.tag != "img" {
			continue
		}
		if _, ok := n.attr("alt"); !ok {
			r.at(n, Images, Error, `a picture has no alt: where it is blocked, its address is read out; alt="" is for ornaments`)
		}
		switch src, _ := n.attr("src"); {
		case strings.HasPrefix(src, "https://"), strings.HasPrefix(src, "cid:"):
		case strings.HasPrefix(src, "data:"):
			r.at(n, Images, Warning, "a picture stands in the mail as data: Gmail does not show it, and it counts against the clip limit")
		default:
			r.at(n, Images, Warning, "a picture does not come over https: clients don't fetch it")
		}
		if width, _ := n.attr("width"); width == "" {
			r.at(n, Images, Warning, "a picture has no width attribute: Word shows it in its full size")
		} else if height, _ := n.attr("height"); width == "1" || height == "1" {
			r.at(n, Images, Warning, "a picture of one pixel: a spacer or a tracker")
		}
		if cell := n.inside("td"); cell != nil {
			style, _ := cell.attr("style")
			for _, d := range declarations(style) {
				if d.property == "mso-line-height-rule" && d.value == "exactly" {
					r.at(n, Images, Warning, "a picture stands in a cell with mso-line-height-rule:exactly: Word cuts it to one line")
				}
			}
		}
	}
}

// level is that of a heading, or 0.
func (n *node) level() int {
	if len(n.tag) == 2 && n.tag[0] == 'h' && n.tag[1] >= '1' && n.tag[1] <= '6' {
		return int(n.tag[1] - '0')
	}
	return 0
}

// headings holds their order, by which a screen reader jumps from story to story.
func (r *report) headings(doc *document) {
	before := 0
	for _, n := range doc.elements {
		level := n.level()
		if level == 0 {
			continue
		}
		switch {
		case before == 0 && level != 1:
			r.at(n, Headings, Warning, "the first heading is of level %d, not 1", level)
		case before > 0 && level == 1:
			r.at(n, Headings, Warning, "a second heading of level 1")
		case before > 0 && level > before+1:
			r.at(n, Headings, Warning, "a heading of level %d follows one of level %d", level, before)
		}
		if n.name() == "" {
			r.at(n, Headings, Warning, "an empty heading")
		}
		before = level
	}
	if before == 0 {
		r.add(Finding{Check: Headings, Level: Warning, Part: HTML, Text: "has no headings: who listens to it can't jump from story to story"})
	}
}

// links holds that each leads somewhere and can be named, and that one unsubscribes.
func (r *report) links(doc *document) {
	unsubscribe := false
	for _, n := range doc.elements {
		href, ok := n.attr("href")
		if n.tag != "a" || !ok {
			continue
		}
		u, err := url.Parse(strings.TrimSpace(href))
		switch {
		case href == "" || href == "#":
			r.at(n, Links, Error, "a link leads nowhere")
		case strings.HasPrefix(href, "#"): // ids looks for its end
		case err != nil:
			r.at(n, Links, Error, "a link's address can't be read")
		case u.Scheme == "mailto" || u.Scheme == "tel":
		case u.Scheme != "https" && u.Scheme != "http":
			r.at(n, Links, Error, "a link is neither https nor mailto: clients take it away")
		case u.Hostname() == "":
			r.at(n, Links, Error, "a link has no host")
		}
		if n.inside("a") != nil {
			r.at(n, Links, Error, "a link stands within a link")
		}
		if n.name() == "" {
			r.at(n, Links, Warning, "a link has no name: a screen reader reads its address out")
		}
		if _, ok := n.attr("dir"); ok {
			r.at(n, Links, Warning, "dir stands on a link, where Word ignores it: set it on the cell")
		}
		unsubscribe = unsubscribe || href == r.mail.Unsubscribe
	}
	if r.mail.Unsubscribe != "" && !unsubscribe {
		r.add(Finding{Check: Links, Level: Error, Part: HTML, Text: "has no link that unsubscribes"})
	}
}

// ids holds that they stand once, and that what refers to one finds it.
func (r *report) ids(doc *document) {
	known := map[string]bool{}
	for _, n := range doc.elements {
		if id, ok := n.attr("id"); ok {
			if known[id] {
				r.at(n, IDs, Error, "the id %q stands twice", id)
			}
			known[id] = true
		}
	}
	for _, n := range doc.elements {
		for _, a := range n.attrs {
			var wanted []string
			switch a.Key {
			case "aria-labelledby", "aria-describedby":
				wanted = strings.Fields(a.Val)
			case "href":
				if id, ok := strings.CutPrefix(a.Val, "#"); ok && id != "" {
					wanted = []string{id}
				}
			}
			for _, id := range wanted {
				if !known[id] {
					r.at(n, IDs, Warning, "%s refers to the id %q, which nothing has", a.Key, id)
				}
			}
		}
	}
}

// reading holds what a screen reader, and a client that turns the page, must be told.
func (r *report) reading(doc *document) {
	wrapped := false
	body := doc.root
	for _, n := range doc.elements {
		lang, _ := n.attr("lang")
		dir, _ := n.attr("dir")
		if n.tag == "html" && lang == "" {
			r.at(n, Reading, Warning, "<html> has no lang: a screen reader reads in the reader's own language")
		}
		if n.tag == "body" {
			body = n
		}
		if n.inside("body") != nil && lang != "" && dir != "" {
			wrapped = true
		}
		if role, _ := n.attr("role"); n.tag == "table" && role != "presentation" && role != "none" && !n.data() {
			r.at(n, Reading, Warning, `a table that only arranges has no role="presentation": it is read out cell by cell`)
		}
	}
	if !wrapped {
		r.at(body, Reading, Warning, "nothing within the body has lang and dir: webmails drop the html element, and both are lost")
	}
}

// data reports whether a table holds data: it then has cells that are headings, or a caption.
func (n *node) data() bool {
	found := false
	n.walk(func(c *node) bool {
		found = found || c.tag == "th" || c.tag == "caption"
		return c == n || c.tag != "table"
	})
	return found
}

// stories holds that the text part has those of the HTML part, in their order.
func (r *report) stories(doc *document) {
	words := squeezed(visible(doc))
	hrefs := map[string]bool{}
	for _, n := range doc.elements {
		if href, ok := n.attr("href"); ok {
			hrefs[squeezed(href)] = true
		}
	}
	rest := squeezed(r.mail.Text)
	for _, s := range r.mail.Stories {
		title, address := squeezed(s.Title), squeezed(s.URL)
		if title == "" || !strings.Contains(words, title) {
			if title != "" && strings.Contains(rest, title) {
				r.add(Finding{Check: Parts, Level: Warning, Part: HTML, Text: "lacks a story that the text part has", Near: s.Title})
			}
			continue
		}
		i := strings.Index(rest, title)
		if i < 0 {
			text := "lacks a story that the HTML part has"
			if strings.Contains(squeezed(r.mail.Text), title) {
				text = "has a story at another place than the HTML part"
			}
			r.add(Finding{Check: Parts, Level: Warning, Part: Text, Text: text, Near: s.Title})
			continue
		}
		rest = rest[i+len(title):]
		if address != "" && hrefs[address] && !strings.Contains(rest, address) {
			r.add(Finding{Check: Parts, Level: Warning, Part: Text, Text: "lacks the address of a story, or has it before its headline", Near: s.URL})
		}
	}
}

// visible is the text of what is not hidden. The title and what is in the head are none of it.
func visible(doc *document) string {
	var b strings.Builder
	doc.root.walk(func(n *node) bool {
		style, _ := n.attr("style")
		hidden := slices.ContainsFunc(declarations(style), func(d declaration) bool { return d.property == "display" && d.value == "none" })
		if hidden || n.tag == "head" || n.tag == "style" || n.tag == "script" {
			return false
		}
		if n.tag == "" {
			b.WriteString(n.text)
		}
		return true
	})
	return b.String()
}

// squeezed is a text without white space, so that line breaks make no difference, and without the
// escapes of addresses, of which HTML needs more.
func squeezed(s string) string {
	s = strings.Join(strings.Fields(s), "")
	if !strings.Contains(s, "%") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if c, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				b.WriteByte(byte(c))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
