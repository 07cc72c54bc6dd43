package render

import (
	"strings"

	"digestd/digest"
)

// What a picture must be. A mail can't crop: Word and Yahoo know no object-fit. So the lead's is taken in its own shape, and
// a thumbnail is cropped only as far as those who squeeze it instead do it no harm.
const (
	leadWidth                  = 560
	leadMinRatio, leadMaxRatio = 1.3, 2.0
	thumbWidth, thumbHeight    = 96, 72
	thumbCropMin, thumbCropMax = 1.0, 2.0
	thumbMinRatio              = 0.5
	thumbsPerSection           = 2
)

// candidate is a picture of a story that a mail may show, with the outlet that has it.
type candidate struct {
	digest.Image
	outlet string
}

// pictures are those of a story's items, the first item's first, without what the page shows already.
func (b *builder) pictures(e digest.Entry) []candidate {
	if b.frame.Images == "none" {
		return nil
	}
	var out []candidate
	for i, it := range e.Items {
		if it.Image == nil {
			continue
		}
		u, ok := pictureURL(it.Image.URL)
		if !ok || b.pictured[u] {
			continue
		}
		c := candidate{*it.Image, outletName(it)}
		if i == 0 && e.ImageFrom != "" {
			c.outlet = name(e.ImageFrom, nameLength)
		}
		c.URL = u
		out = append(out, c)
	}
	return out
}

// picture is the lead's: as wide as the page, and neither a strip nor a tower.
func (b *builder) picture(e digest.Entry, headline string) *Image {
	for _, c := range b.pictures(e) {
		if c.Width < leadWidth || c.Height <= 0 {
			continue
		}
		if ratio := float64(c.Width) / float64(c.Height); ratio < leadMinRatio || ratio > leadMaxRatio {
			continue
		}
		b.pictured[c.URL] = true
		out := &Image{URL: c.URL, Alt: name(c.Alt, titleLength), Credit: fill(b.lang.Photo, "credit", c.whose())}
		if out.Alt == "" {
			out.Alt = headline
		}
		return out
	}
	return nil
}

// thumbnails gives the first entries in full of a section that have a picture a small one.
func (b *builder) thumbnails(s Section, entries []digest.Entry) {
	if s.Kind == string(digest.SectionLatest) {
		return
	}
	n := 0
	for i := range s.Stories {
		if n == thumbsPerSection {
			return
		}
		if s.Stories[i].Image = b.thumbnail(entries[i], s.Stories[i].Source); s.Stories[i].Image != nil {
			n++
		}
	}
}

// thumbnail is a picture in a box of 96 × 72, or of its own shape within it where that differs much. What says no width may
// be anything; what says no height is taken for a landscape, as most are.
func (b *builder) thumbnail(e digest.Entry, source string) *Image {
	for _, c := range b.pictures(e) {
		if c.Width < thumbWidth || c.Height > 0 && c.Height < thumbHeight*3/4 {
			continue
		}
		out := &Image{URL: c.URL, Width: thumbWidth, Height: thumbHeight}
		if c.Height > 0 {
			ratio := float64(c.Width) / float64(c.Height)
			switch {
			case ratio < thumbMinRatio || ratio > thumbCropMax:
				continue
			case ratio < thumbCropMin:
				out.Width = int(thumbHeight * ratio)
			default:
				out.Crop = ratio != float64(thumbWidth)/thumbHeight
			}
		}
		if who := c.whose(); !sameOutlet(who, source) { // which stands beside it
			out.Credit = fill(b.lang.Photo, "credit", who)
		}
		b.pictured[c.URL] = true
		return out
	}
	return nil
}

// sameOutlet reports whether two names are of one outlet: its feeds are called "Tarn Gazette", its pictures are by "The
// Tarn Gazette".
func sameOutlet(a, b string) bool {
	bare := func(s string) string { return strings.TrimPrefix(strings.ToLower(s), "the ") }
	return bare(a) == bare(b)
}

// whose says whose a picture is. Feeds write "Photograph: Ana Lima", "Pool photo by Ana Lima" and the name alone.
func (c candidate) whose() string {
	who := name(c.Credit, nameLength)
	if _, after, ok := strings.Cut(who, "hoto by "); ok && visible(after) {
		who = clean(after)
	}
	if before, after, ok := strings.Cut(who, ":"); ok && !strings.Contains(before, " ") && visible(after) {
		who = clean(after)
	}
	if who == "" {
		who = c.outlet
	}
	return who
}
