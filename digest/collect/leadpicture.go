package collect

import (
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/mmcdole/gofeed"
	ext "github.com/mmcdole/gofeed/extensions"

	"digestd/digest"
	"digestd/digest/collect/loosexml"
	"digestd/internal/lazyregexp"
)

// wantedWidth is enough for a picture across a mail on a sharp screen; wider ones only cost.
const wantedWidth = 1280

// itemImage is the best picture that an entry declares, else the first one of its text.
func itemImage(it *gofeed.Item, base *url.URL, inText *digest.Image) *digest.Image {
	var best *digest.Image
	consider := func(img *digest.Image) {
		if img != nil && (best == nil || betterImage(img, best)) {
			best = img
		}
	}
	for _, m := range mediaElements(it.Extensions["media"], 0) {
		if isPicture(m) {
			img := newImage(base, m.Attrs["url"], m.Attrs["width"], m.Attrs["height"], mediaValue(m.Children, "description", "title"))
			if img != nil {
				img.Credit = mediaValue(m.Children, "credit")
			}
			consider(img)
		}
	}
	for _, e := range it.Enclosures {
		if isPictureType(e.Type) || e.Type == "" && hasPictureName(e.URL) {
			consider(newImage(base, e.URL, "", "", ""))
		}
	}
	vector := func(e *gofeed.Enclosure) bool { return e.URL == it.Image.URL && !isPictureType(e.Type) }
	if best == nil && it.Image != nil && !slices.ContainsFunc(it.Enclosures, vector) {
		consider(newImage(base, it.Image.URL, "", "", it.Image.Title))
	}
	if best == nil {
		for _, e := range it.Extensions["itunes"]["image"] {
			consider(newImage(base, e.Attrs["href"], "", "", ""))
		}
	}
	if best == nil {
		return inText
	}
	if best.Credit == "" {
		best.Credit = mediaValue(it.Extensions["media"], "credit")
	}
	if best.Alt == "" && inText != nil && inText.URL == best.URL {
		best.Alt = inText.Alt
	}
	return best
}

// betterImage prefers the widest picture up to wantedWidth, then the narrowest above; a declared size
// to none.
func betterImage(a, b *digest.Image) bool {
	aFits, bFits := a.Width <= wantedWidth, b.Width <= wantedWidth
	switch {
	case aFits != bFits:
		return aFits && a.Width > 0 || !aFits && b.Width == 0
	case aFits:
		return a.Width > b.Width
	default:
		return a.Width < b.Width
	}
}

// mediaElements are the media:content and media:thumbnail of an entry, also those inside of groups.
func mediaElements(media map[string][]ext.Extension, depth int) []ext.Extension {
	var found []ext.Extension
	for _, name := range []string{"content", "thumbnail", "group"} {
		for _, e := range media[name] {
			if name != "group" {
				found = append(found, e)
			}
			if depth < 3 {
				found = append(found, mediaElements(e.Children, depth+1)...)
			}
		}
	}
	return found
}

func isPicture(m ext.Extension) bool {
	typ, medium := m.Attrs["type"], strings.ToLower(m.Attrs["medium"])
	if m.Name == "thumbnail" || medium == "image" {
		return typ == "" || isPictureType(typ)
	}
	return isPictureType(typ) || typ == "" && medium == "" && hasPictureName(m.Attrs["url"])
}

// isPictureType reports whether a media type is one of pictures that mails show.
func isPictureType(typ string) bool {
	typ = strings.ToLower(strings.TrimSpace(typ))
	return strings.HasPrefix(typ, "image") && !strings.Contains(typ, "svg")
}

func hasPictureName(address string) bool {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil {
		return false
	}
	switch strings.ToLower(path.Ext(u.Path)) {
	case ".jpg", ".jpeg", ".png", ".gif", ".webp", ".avif":
		return true
	}
	return false
}

// mediaValue is the first of some elements that says anything, as one line.
func mediaValue(elements map[string][]ext.Extension, names ...string) string {
	for _, name := range names {
		for _, e := range elements[name] {
			if text := plainTitle(e.Value); text != "" {
				return text
			}
		}
	}
	return ""
}

// sizes are how addresses give the size of a picture: "bridge-1500x1000.jpg", "/fit/1200/630x420/".
var sizes = lazyregexp.New(`(?:^|[^0-9a-zA-Z])([0-9]{2,4})x([0-9]{2,4})(?:[^0-9a-zA-Z]|$)`)

// sizeInAddress is the size that the end of a picture's address says, or 0 and 0. Shapes such as "16x9" are none.
func sizeInAddress(u *url.URL) (width, height int) {
	all := sizes.FindAllStringSubmatch(u.Path, -1)
	if len(all) == 0 {
		return 0, 0
	}
	last := all[len(all)-1]
	width, _ = strconv.Atoi(last[1])
	height, _ = strconv.Atoi(last[2])
	if width < minPicture || height < minPicture {
		return 0, 0
	}
	return width, height
}

// mediaText is the title or description that an entry has in its media elements alone, as videos do.
func mediaText(it *gofeed.Item, name string) string {
	media := it.Extensions["media"]
	for _, e := range media[name] {
		if e.Value != "" {
			return e.Value
		}
	}
	for _, group := range media["group"] {
		for _, e := range group.Children[name] {
			if e.Value != "" {
				return e.Value
			}
		}
	}
	return ""
}

// mediaLines is the description that an entry has in its media elements, as HTML. It is plain text, in lines.
func mediaLines(it *gofeed.Item) string {
	text := mediaText(it, "description")
	if anyTag.MatchString(text) {
		return text
	}
	return strings.ReplaceAll(loosexml.Escape(text), "\n", "<br>")
}
