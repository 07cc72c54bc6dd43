package collect

import (
	"net/url"
	"path"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/net/html"

	"digestd/digest"
	"digestd/internal/lazyregexp"
)

// minPicture is the least width and height of a picture worth showing, in CSS px: what is smaller is
// a tracking pixel, a smiley or a button.
const minPicture = 50

// lazy are the attributes in which scripts that load pictures late keep their address.
var lazy = []string{"data-src", "data-lazy-src", "data-original", "data-lazy", "data-orig-src", "data-hi-res-src",
	"data-actualsrc", "data-echo"}

// picture takes an <img>; the first one that is worth showing stands for the text. What stands in its src may be
// a placeholder, so that comes last.
func (r *htmlParser) picture(t html.Token) {
	if r.image != nil || isHidden(t) {
		return
	}
	width, height := htmlAttr(t, "width"), htmlAttr(t, "height")
	for _, m := range styleSize.FindAllStringSubmatch(strings.ToLower(htmlAttr(t, "style")), 4) {
		switch {
		case m[2] == "em" || m[2] == "ex": // as high as the line
			return
		case m[1] == "width":
			width = m[3]
		case m[1] == "height":
			height = m[3]
		}
	}
	addresses := make([]string, 0, len(lazy)+4)
	for _, key := range lazy {
		addresses = append(addresses, htmlAttr(t, key))
	}
	addresses = append(addresses, fromSet(htmlAttr(t, "data-srcset")), fromSet(htmlAttr(t, "data-lazy-srcset")),
		htmlAttr(t, "src"), fromSet(htmlAttr(t, "srcset")), r.source)
	for _, address := range addresses {
		if r.image = newImage(r.base, address, width, height, htmlAttr(t, "alt")); r.image != nil {
			return
		}
	}
}

var styleSize = lazyregexp.New(`(?:^|;)\s*(?:max-)?(width|height)\s*:\s*(?:[\d.]+(em|ex)|(\d+)px)`)

// fromSet is the best picture of a srcset: the widest that is not wider than wanted, else the first.
func fromSet(set string) string {
	best, width := "", 0.0
	for set != "" {
		set = strings.TrimLeft(set, " \t\r\n\f,")
		end := strings.IndexAny(set+" ", " \t\r\n\f")
		address, rest := set[:end], set[end:]
		descriptor := ""
		if trimmed := strings.TrimRight(address, ","); trimmed != address {
			address = trimmed
		} else {
			descriptor, rest, _ = strings.Cut(rest, ",")
		}
		set = rest
		descriptor = strings.TrimSpace(descriptor)
		size := 1.0
		if n, err := strconv.ParseFloat(strings.TrimRight(descriptor, "wx"), 64); err == nil {
			size = n
		}
		if best == "" || size > width && size <= wantedWidth {
			best, width = address, size
		}
	}
	return best
}

// newImage makes a picture of what a feed declares, or nil when it is none that can be shown, or none of the story.
func newImage(base *url.URL, src, width, height, alt string) *digest.Image {
	u := resolve(base, src)
	if u == nil || isNoPicture(u) || !digest.PublicHost(u.Hostname()) {
		return nil
	}
	w, h := pixels(width), pixels(height)
	if w >= 0 && w < minPicture || h >= 0 && h < minPicture {
		return nil
	}
	if w < 0 && h < 0 {
		w, h = sizeInAddress(u)
	}
	u.Scheme = "https" // a mail shows no picture that came over plain http
	if u.Port() == "80" {
		u.Host = u.Hostname()
	}
	return &digest.Image{URL: u.String(), Width: max(0, w), Height: max(0, h), Alt: oneLine(alt, maxTitle)}
}

// Pictures that are no story's: a counter, a face, a badge, what keeps the place of a picture that a script loads.
// They are told by a whole part of the host's name or of the path, never by a part of a word.
var (
	noPictureHosts = wordSet("pixel pixels beacon track tracking tracker stats gravatar avatar avatars shields badge badges badgen emoji emojis " +
		"feedburner feedsportal doubleclick scorecardresearch statcounter")
	noPictureParts = wordSet("badge badges avatars emoji emojis emoticons smilies smiley smileys pixel beacon latex.php badge.svg open.php _/stat")
	noPictureNames = wordSet("b blank spacer pixel 1x1 transparent trans clear dot placeholder lazy lazyload lazy-load loading loader spinner grey gray " +
		"dummy empty tracker noimage no-image default-avatar mystery")
)

func wordSet(s string) map[string]bool {
	set := make(map[string]bool)
	for word := range strings.FieldsSeq(s) {
		set[word] = true
	}
	return set
}

// isNoPicture reports whether an address is that of no story's picture, or of one that mails don't show.
func isNoPicture(u *url.URL) bool {
	for label := range strings.SplitSeq(strings.ToLower(u.Hostname()), ".") {
		if noPictureHosts[label] {
			return true
		}
	}
	address := strings.ToLower(u.Path)
	if strings.Contains(address, "placeholder") {
		return true
	}
	for part := range strings.SplitSeq(address, "/") {
		if noPictureParts[part] {
			return true
		}
	}
	name, ext := path.Base(address), path.Ext(address)
	if ext == ".svg" || ext == ".svgz" {
		return true
	}
	return noPictureNames[strings.TrimSuffix(name, ext)] &&
		(ext == ".gif" || ext == ".png" || ext == ".webp" || ext == "")
}

// spoken is what a picture stands for that is a part of the line: a formula, an emoji. Other pictures are not.
func spoken(t html.Token) string {
	alt := strings.TrimSpace(htmlAttr(t, "alt"))
	if alt == "" {
		alt = strings.TrimSpace(htmlAttr(t, "title"))
	}
	if alt == "" || len(alt) > maxSpoken {
		return ""
	}
	src := htmlAttr(t, "src")
	if !isEmoji(alt) && !inlineClass.MatchString(htmlAttr(t, "class")) &&
		!inlineSource.MatchString(src[:min(len(src), maxURL)]) {
		return ""
	}
	alt = strings.Trim(alt, "$")
	if inner, found := strings.CutPrefix(alt, `{\displaystyle `); found {
		alt = strings.TrimSuffix(inner, "}")
	}
	return alt
}

// maxSpoken bounds the text of a formula, in bytes.
const maxSpoken = 500

var (
	inlineClass  = lazyregexp.New(`(?i)(?:^|[\s_-])(?:latex|tex|math|mathjax|mwe-math\S*|ql-img-inline-formula|ql-img-displayed-formula|emoji|emojione|twemoji|emoticon|wp-smiley|smiley)(?:\s|$)`)
	inlineSource = lazyregexp.New(`(?i)latex\.php|codecogs\.com|/math/render/|mathtex|/emojis?/|/smilies/|[?&]cht=tx`)
)

// isEmoji reports whether a text is pictographs and nothing else.
func isEmoji(s string) bool {
	pictures := 0
	for _, r := range s {
		switch {
		case r >= 0x2190 && unicode.In(r, unicode.So, unicode.Sk):
			pictures++
		case r == 0x200d || r >= 0xfe00 && r <= 0xfe0f || r == 0x20e3 || r >= 0xe0020 && r <= 0xe007f:
		default:
			return false
		}
	}
	return pictures > 0 && pictures <= 8
}

// maxPixels is the most that a width or a height can be.
const maxPixels = 100_000

// pixels reads a length in CSS px; -1 when there is none.
func pixels(s string) int {
	s = strings.TrimSuffix(strings.TrimSpace(strings.ToLower(s)), "px")
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || n < 0 || n > maxPixels {
		return -1
	}
	return int(n)
}
