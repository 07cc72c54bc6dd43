package curate

import (
	"net/url"
	"slices"
	"sort"
	"strings"

	"digestd/digest"
	"digestd/internal/lazyregexp"
)

// trackingParams are query parameters that mostly say where a reader came from, as those of digest.Tracks always do. A
// link that is followed keeps them, since some page may need them; two links that differ in nothing else are the same.
var trackingParams = map[string]bool{
	"cmp": true, "partner": true, "emc": true, "ref": true, "referrer": true, "referer": true, "source": true, "src": true,
	"rss": true, "output": true, "outputtype": true, "amp": true, "spm": true, "sh": true,
	"share": true, "shared": true, "mod": true, "campaign": true, "cid": true, "trk": true, "via": true, "syndication": true, "ssm": true,
}

// namingParams name the article in sites that serve all of them from one path, as in ?p=123 or
// story.php?id=5. They are kept on every path.
var namingParams = map[string]bool{
	"p": true, "id": true, "v": true, "q": true, "page": true, "page_id": true, "post": true, "postid": true, "post_id": true,
	"article": true, "articleid": true, "article_id": true, "aid": true, "story": true, "storyid": true, "story_id": true,
	"news": true, "newsid": true, "news_id": true, "nid": true, "item": true, "itemid": true, "item_id": true, "key": true,
	"number": true, "no": true, "doc": true, "docid": true, "doc_id": true, "issue": true, "ep": true, "episode": true, "t": true,
	"guid": true, "uuid": true, "artid": true, "art_id": true, "idxno": true, "sid": true, "pid": true, "content_id": true,
	"contentid": true, "code": true, "list": true, "video": true, "videoid": true, "video_id": true, "tid": true, "threadid": true, "thread": true,
}

// What a last path segment must have to be one article and nothing else: a slug of three words and
// more, a number of five digits and more, or an opaque id, in which letters and digits alternate.
// A script's own name, such as show_one_story.php, is neither slug nor id.
var (
	slug       = lazyregexp.New(`[^-_]+[-_][^-_]+[-_][^-_]+`)
	longNumber = lazyregexp.New(`[0-9]{5,}`)
	opaqueID   = lazyregexp.New(`^[0-9a-z]*(?:[a-z][0-9]|[0-9][a-z])[0-9a-z]*$`)
	scriptName = lazyregexp.New(`\.(?:php[0-9]?|aspx?|jspx?|cgi|cfm|pl|do|dll)$`)
)

// namesArticle reports whether a path's last segment, in lower case, names one article by itself.
func namesArticle(last string) bool {
	if longNumber.MatchString(last) {
		return true
	}
	return !scriptName.MatchString(last) && (slug.MatchString(last) || len(last) > 10 && opaqueID.MatchString(last))
}

// mobileHost matches the label by which a host serves the same page to phones or in AMP. The bare
// "m" and the like count only in front of a name that is itself a host (two labels at least).
var mobileHost = lazyregexp.New(`^(?:www[0-9]?|m|mobile|amp|touch|wap)\.(.+\..+)$`)

// CanonicalLink is the address under which two links to the same page become equal. It is made for
// comparing, not for following. The rules, and why each:
//
//   - The scheme is dropped: feeds move from http to https in one night, and it is the same page.
//   - Host in lower case, without default port, trailing dot, www., m., mobile., amp. (also in a row):
//     outlets link to whichever they think the reader wants.
//   - User info and fragment are dropped: a fragment is a place on the page, and BBC's "#0", "#1"
//     count revisions. A fragment that begins with "!" or "/" is kept, as it names the page there.
//   - In the path, "." and ".." are resolved, doubled and trailing slashes, "index.html" and its
//     kin, and AMP's own segment at either end are dropped, percent-encoding is made uniform. Letter
//     case is kept, since short links are told apart by it.
//   - Tracking parameters (utm_*, at_*, fbclid and so on) are dropped everywhere.
//   - On a path that names one article by itself (a slug of three words, a long number) every other
//     parameter goes as well, unless it is one that names articles (id, p, v …): the same path with
//     another query is the same article. Elsewhere ("/", "/story.php") all but the tracking ones stay.
//   - Parameters are sorted, as servers do not mind their order.
//
// What is not an absolute http or https address has no canonical link and gives "".
func CanonicalLink(link string) string {
	u, err := url.Parse(strings.TrimSpace(link))
	if err != nil {
		return ""
	}
	scheme := strings.ToLower(u.Scheme)
	if scheme != "http" && scheme != "https" {
		return ""
	}
	host := strings.TrimRight(strings.ToLower(u.Hostname()), ".")
	for {
		m := mobileHost.FindStringSubmatch(host)
		if m == nil {
			break
		}
		host = m[1]
	}
	if host == "" {
		return ""
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if p := u.Port(); p != "" && p != "80" && p != "443" {
		host += ":" + p
	}
	path := canonicalPath(u)
	out := host + path
	if q := canonicalQuery(u.RawQuery, path); q != "" {
		out += "?" + q
	}
	if strings.HasPrefix(u.Fragment, "!") || strings.HasPrefix(u.Fragment, "/") {
		out += "#" + u.Fragment
	}
	return out
}

// canonicalPath is the path part of CanonicalLink: "" for the root, else "/a/b" without a slash at its end.
func canonicalPath(u *url.URL) string {
	var segments []string
	for seg := range strings.SplitSeq(u.EscapedPath(), "/") {
		if plain, err := url.PathUnescape(seg); err == nil {
			seg = url.PathEscape(plain)
		}
		switch seg {
		case "", ".":
		case "..":
			if len(segments) > 0 {
				segments = segments[:len(segments)-1]
			}
		default:
			segments = append(segments, seg)
		}
	}
	for {
		plain := withoutFormat(segments)
		if len(plain) == len(segments) && (len(plain) == 0 || plain[len(plain)-1] == segments[len(segments)-1]) {
			break
		}
		segments = plain
	}
	if len(segments) == 0 {
		return ""
	}
	return "/" + strings.Join(segments, "/")
}

// withoutFormat drops one of the parts of a path that say in which form a page is served.
func withoutFormat(segments []string) []string {
	n := len(segments)
	if n == 0 {
		return segments
	}
	last := strings.ToLower(segments[n-1])
	switch {
	case last == "index.html", last == "index.htm", last == "index.php", last == "index.shtml", last == "default.aspx",
		n > 1 && (last == "amp" || last == "amp.html"):
		return segments[:n-1]
	case n > 1 && segments[0] == "amp":
		return segments[1:]
	}
	for suffix, instead := range map[string]string{".amp.html": ".html", ".amp": ""} {
		if stem, ok := strings.CutSuffix(last, suffix); ok && stem != "" {
			return append(slices.Clone(segments[:n-1]), segments[n-1][:len(stem)]+instead)
		}
	}
	return segments
}

// canonicalQuery is what of the query tells pages apart, sorted.
func canonicalQuery(raw, path string) string {
	if raw == "" {
		return ""
	}
	specific := namesArticle(strings.ToLower(path[strings.LastIndexByte(path, '/')+1:]))
	var kept []string
	for pair := range strings.SplitSeq(strings.ReplaceAll(raw, "&amp;", "&"), "&") {
		rawName, rawValue, hasValue := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(rawName)
		if err != nil {
			name = rawName
		}
		value, err := url.QueryUnescape(rawValue)
		if err != nil {
			value = rawValue
		}
		low := strings.ToLower(name)
		if name == "" || isTracking(low) || (specific && !namingParams[low]) {
			continue
		}
		s := url.QueryEscape(name)
		if hasValue {
			s += "=" + url.QueryEscape(value)
		}
		kept = append(kept, s)
	}
	sort.Strings(kept)
	return strings.Join(kept, "&")
}

func isTracking(name string) bool { return trackingParams[name] || digest.Tracks(name) }

// linkHost is the host of a canonical link, without port.
func linkHost(canonical string) string {
	host, _, _ := strings.Cut(canonical, "/")
	host, _, _ = strings.Cut(host, "?")
	host, _, _ = strings.Cut(host, "#")
	return host
}

// isFrontPage reports whether a canonical link names no page of its own but a site's entrance. Some
// feeds link all their items there.
func isFrontPage(canonical string) bool { return canonical == linkHost(canonical) }

// namesOneArticle reports whether a canonical link names one article, and no page that may list many: by
// its last segment, by a number in its query, or by the date in its path.
func namesOneArticle(canonical string) bool {
	page, _, _ := strings.Cut(canonical, "#")
	path, query, _ := strings.Cut(page, "?")
	last := strings.ToLower(path[strings.LastIndexByte(path, '/')+1:])
	return namesArticle(last) || len(last) >= 5 && shortID.MatchString(last) ||
		strings.ContainsAny(query, "0123456789") || datedPath.MatchString(path)
}

// shortID matches what a link shortener makes of an address: letters after digits, in no word.
var shortID = lazyregexp.New(`^[0-9a-z]*[0-9][a-z][0-9a-z]*$`)

// datedPath matches a path that has a month in it, with something after it.
var datedPath = lazyregexp.New(`/(?:19|20)[0-9]{2}[/-]?[01][0-9](?:[/-]?[0-3][0-9])?/[^/]`)

// pathNumber matches the number by which a path names its article, "a-71234567" or "article-1000001", and the
// word in front of it that says so.
var pathNumber = lazyregexp.New(`(?:^|[/_.,-])(?:(a|b|n|p|s|id|art|article|artikel|articulo|item|news|node|post|story|t)[-_./]?)?([0-9]{6,12})(?:$|[/_.,-])`)

// dateNumber matches a number that is a date: 202611, 20261128 and their like with the time after them.
var dateNumber = lazyregexp.New(`^(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:[0-3][0-9](?:[0-2][0-9](?:[0-5][0-9])?)?)?$`)

// articleNumber is the number in a canonical link that stays the article's when its slug is edited: the last of
// its path that is no date, or those in the parameters that name articles. named reports that the link itself
// says that it is one.
func articleNumber(canonical string) (number string, named bool) {
	page, _, _ := strings.Cut(canonical, "#")
	path, query, _ := strings.Cut(page, "?")
	_, path, _ = strings.Cut(path, "/")
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if namingParams[strings.ToLower(name)] && value != "" && strings.Trim(value, "0123456789") == "" {
			number += "&" + pair
		}
	}
	if number != "" {
		return path[:strings.LastIndexByte(path, '/')+1] + number, true
	}
	low := strings.ToLower(path)
	for at := 0; ; {
		m := pathNumber.FindStringSubmatchIndex(low[at:])
		if m == nil {
			return number, named
		}
		if n := low[at+m[4] : at+m[5]]; !dateNumber.MatchString(n) {
			number, named = n, m[2] >= 0
		}
		at += m[5] // what stands after it may stand before the next
	}
}

// differInToken reports whether two canonical links differ in nothing but the value of parameters that look
// like no word and no number, as a token does.
func differInToken(a, b string) bool {
	path, query, _ := strings.Cut(a, "?")
	otherPath, otherQuery, _ := strings.Cut(b, "?")
	pairs, others := strings.Split(query, "&"), strings.Split(otherQuery, "&")
	if path != otherPath || len(pairs) != len(others) {
		return false
	}
	for i, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		otherName, otherValue, _ := strings.Cut(others[i], "=")
		if name != otherName || value != otherValue && !(isToken(value) && isToken(otherValue)) {
			return false
		}
	}
	return a != b
}

// pathParts are the parts of the path of a link, in lower case; the last one is the page's own.
func pathParts(link string) []string {
	u, err := url.Parse(link)
	if err != nil {
		return nil
	}
	return strings.Split(strings.ToLower(strings.Trim(u.Path, "/")), "/")
}

// isUnder reports whether one of the parts of a link's path that are not the page's own is one of some.
func isUnder(link string, some map[string]bool) bool {
	parts := pathParts(link)
	return slices.ContainsFunc(parts[:max(0, len(parts)-1)], func(part string) bool { return some[part] })
}

// differInPlace reports whether two canonical links lead to one article in two places: their last part, which names
// it, is the same, and no number before it tells them apart, as the day does in /2026/11/28/daily-press-briefing.
func differInPlace(a, b string) bool {
	place, name := placeAndName(a)
	otherPlace, otherName := placeAndName(b)
	numbers, others := placeNumber.FindAllString(place, -1), placeNumber.FindAllString(otherPlace, -1)
	return a != b && name == otherName && namesArticle(name) &&
		(numbers == nil || others == nil || slices.Equal(numbers, others))
}

// differInNumbers reports whether two canonical links differ in numbers and in nothing else.
func differInNumbers(a, b string) bool {
	return a != b && placeNumber.ReplaceAllString(a, "0") == placeNumber.ReplaceAllString(b, "0")
}

// differInHost reports whether two canonical links are of two hosts.
func differInHost(a, b string) bool {
	host, _, _ := strings.Cut(a, "/")
	other, _, _ := strings.Cut(b, "/")
	return host != other
}

var (
	placeNumber = lazyregexp.New(`[0-9]+`)
	fileType    = lazyregexp.New(`\.(?:s?html?|php|aspx?|jsp)$`)
)

// placeAndName splits a canonical link into its path without the last part, and that part without its file type.
func placeAndName(canonical string) (place, name string) {
	page, _, _ := strings.Cut(canonical, "?")
	_, path, _ := strings.Cut(page, "/")
	at := strings.LastIndexByte(path, '/') + 1
	return path[:at], fileType.ReplaceAllString(strings.ToLower(path[at:]), "")
}

// isToken reports whether a value is long, and letters and digits take turns in it.
func isToken(value string) bool {
	return len(value) >= 8 && opaqueID.MatchString(strings.ToLower(strings.Trim(value, "-_.~%")))
}
