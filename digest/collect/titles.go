package collect

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"digestd/digest"
	"digestd/digest/collect/loosexml"
	"digestd/internal/lazyregexp"
)

// plainTitle is the one line that a title in HTML says. References are decoded as often as they were escaped. Of
// tags only those are markup that format a line, and close what they open: others are words.
func plainTitle(source string) string {
	source = strings.ToValidUTF8(source[:cutAt(source, 16*maxTitleBytes)], "\uFFFD")
	if strings.ContainsAny(source, "<&") {
		if cdataMark.MatchString(source) {
			source = strings.ReplaceAll(cdataMark.ReplaceAllString(source, ""), "]]>", "")
		}
		source = titleMarkup(source)
	}
	return shorten(withoutMark(readHTML(source, nil, 4*maxTitleBytes).text.Plain()), maxTitle, maxTitleBytes)
}

// withoutMark is a headline without the pictures in front of it, which outlets put there to be seen: "🔴 Port reopens".
func withoutMark(title string) string {
	rest := strings.TrimLeftFunc(title, func(r rune) bool {
		return r == ' ' || r >= 0x1f300 && r <= 0x1faff || r >= 0x2600 && r <= 0x27bf || r >= 0x2b00 && r <= 0x2bff || r == 0xfe0f || r == 0x200d
	})
	if cut := len(title) - len(rest); cut > 0 && rest != "" && title[cut-1] == ' ' {
		return rest
	}
	return title
}

var (
	titleTag = lazyregexp.New(`<!--.*?-->|<(/?)([a-zA-Z][a-zA-Z0-9]*)(\s[^<>]*)?/?>`)
	// formatting elements stand in titles, or around them.
	formatting = wordSet("a abbr acronym b bdi bdo big cite code del dfn div em font h1 h2 h3 h4 h5 h6 i ins kbd label mark math nobr p q rp rt ruby " +
		"s samp small span strike strong sub sup time tt u var mi mn mo mrow msup msub mfrac msqrt")
)

// titleWords is a piece of a title in which there is no markup, its references read.
func titleWords(s string) string {
	for range maxEscapes {
		decoded := loosexml.Unescape(s)
		if decoded == s {
			break
		}
		s = decoded
	}
	return loosexml.Escape(s)
}

// titleMarkup is a title with its words escaped, so that what remains is markup. Tags that were escaped are words.
func titleMarkup(title string) string {
	tags := titleTag.FindAllStringSubmatchIndex(title, -1)
	if len(tags) == 0 {
		return titleWords(title)
	}
	isMarkup := make([]bool, len(tags))
	open := make(map[string][]int) // starts that are not closed yet, by name
	for i, tag := range tags {
		name := tagName(title, tag)
		ends := tag[2] >= 0 && tag[2] < tag[3]
		attributed := tag[6] >= 0 && strings.Contains(title[tag[6]:tag[7]], "=")
		switch {
		case name == "", name == "br", name == "wbr": // "": a comment
			isMarkup[i] = true
		case name == "img":
			isMarkup[i] = attributed
		case !formatting[name] && !endless[name]:
		case !ends:
			isMarkup[i] = attributed && formatting[name]
			open[name] = append(open[name], i)
		case len(open[name]) > 0:
			last := len(open[name]) - 1
			isMarkup[i], isMarkup[open[name][last]] = true, true
			open[name] = open[name][:last]
		}
	}
	var b strings.Builder
	at := 0
	for i, tag := range tags {
		if !isMarkup[i] {
			continue
		}
		b.WriteString(titleWords(title[at:tag[0]]))
		b.WriteString(title[tag[0]:tag[1]])
		at = tag[1]
	}
	b.WriteString(titleWords(title[at:]))
	return b.String()
}

// tagName is the name of a tag that titleTag found, empty for a comment.
func tagName(title string, tag []int) string {
	if tag[4] < 0 {
		return ""
	}
	return strings.ToLower(title[tag[4]:tag[5]])
}

// noTitles are what programs write where somebody wrote no title.
var noTitles = phraseSet(
	`no subject|no title|untitled|untitled post|untitled document|untitled article|new post|null|undefined|none|nil|nan|n a|object object|false|
	photo|photos|image|picture|video|audio|link|quote|text|
	kein betreff|ohne betreff|ohne titel|kein titel|unbenannt|sans titre|sans objet|aucun titre|aucun objet|sin título|sin titulo|sin asunto|senza titolo|nessun titolo|nessun oggetto|senza oggetto|
	sem título|sem titulo|sem assunto|無題|タイトルなし|件名なし|无标题|無標題|无题|无主题|無主題|بدون عنوان|بلا عنوان|بدون موضوع|بلا موضوع|ללא כותרת|ללא נושא|אין כותרת|
	शीर्षक रहित|शीर्षकहीन|बिना शीर्षक|कोई विषय नहीं|bez tytułu|без названия|без темы|zonder titel|geen onderwerp`)

// isNoTitle reports whether a title is none: a placeholder, signs, a bare date.
func isNoTitle(title string) bool {
	key := plainKey(title)
	if noTitles[key] {
		return true
	}
	if key == "" { // a title may be a pictograph
		return !strings.ContainsFunc(title, func(r rune) bool { return unicode.Is(unicode.So, r) })
	}
	return isBareDate(title)
}

// isBareDate reports whether a title is a date and nothing else.
func isBareDate(title string) bool {
	for word := range strings.FieldsSeq(plainKey(title)) {
		if _, isMonth := monthNames[word]; len(word) > 2 && !isMonth && !weekdays[word] && word[0] != '#' {
			return false
		}
	}
	_, isDate := parseDate(title)
	return isDate && !isVersion(title)
}

// bareEpisode matches what some podcasts have for titles, beside the real ones in itunes:title.
var bareEpisode = lazyregexp.New(`(?i)^(?:(?:episode|ep|folge|épisode|episodio|episódio|aflevering|avsnitt|выпуск|第)\.?\s*#?\s*\d+\s*[話回集期]?|#\s*\d+|s\d+\s*[ex:]+\s*\d+)\s*[.:–-]?$`)

var weekdays = wordSet("mon tue tues wed thu thur thurs fri sat sun monday tuesday wednesday thursday friday saturday sunday utc gmt " +
	"montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag lundi mardi mercredi jeudi vendredi samedi dimanche " +
	"lunes martes miércoles jueves viernes sábado domingo lunedì martedì mercoledì giovedì venerdì sabato domenica " +
	"segunda terça quarta quinta sexta feira the")

var (
	bareVersion = lazyregexp.New(`(?i)^(?:(?:release|version|ver\.?)\s*)?(?:v\.?\s?\d+(?:\.\d+)*|\d{1,4}(?:\.\d{1,5}){1,4})(?:[-+._~]?(?:alpha|beta|rc|pre|preview|dev|post|patch|hotfix|final|snapshot|build|[a-z])?[-.]?\d*)*(?:\s*\([^)]{1,40}\)|\s+/\s+[\d-]{8,10})?$`)
	// 28.11.2026, which is a day
	dottedDay = lazyregexp.New(`^\d{1,2}\.\d{1,2}\.(?:19|20)\d\d$`)
	// How code hosts and registries name their feeds.
	releasesOf = lazyregexp.New(`(?i)^(?:recent\s+)?(?:release notes|releases|tags|commits|(?:pypi\s+)?recent updates|updates|changelog|latest releases)\s+(?:from|for|of|to|in)\s+(.+)$|^(.+?)[\s:·|/–-]+(?:releases?|tags?|changelog|change log|release notes|release history|updates|versions?)$`)
)

func isVersion(title string) bool {
	return bareVersion.MatchString(title) && !dottedDay.MatchString(title)
}

// releaseTitle is the title of a release that is called by its version alone, with the project before it.
func releaseTitle(version, feedTitle, address string) string {
	project := feedTitle
	if m := releasesOf.FindStringSubmatch(feedTitle); m != nil {
		project = m[1] + m[2]
	}
	if project == "" { // host/owner/project/releases/tag/v1
		if u, err := url.Parse(address); err == nil {
			if parts := strings.Split(strings.Trim(u.Path, "/"), "/"); len(parts) > 2 {
				project = parts[1]
			}
		}
	}
	if project = project[strings.LastIndexByte(project, '/')+1:]; project == "" {
		return version
	}
	return oneLine(project+" "+version, maxTitle)
}

// titleFromText makes a title of the beginning of a text: its first sentence, if that is short.
func titleFromText(text string) string {
	const most = 100
	for i, c := range text {
		if (c == '.' || c == '!' || c == '?' || c == '。') && i >= 20 {
			if end := i + len(string(c)); end <= most && (end == len(text) || text[end] == ' ' || c == '。') {
				return text[:end]
			}
		}
		if i > most {
			break
		}
	}
	return shorten(text, most, 4*most)
}

// titleFromLink makes a title of an address, for an entry that is nothing else.
func titleFromLink(address string) string {
	_, rest, _ := strings.Cut(address, "://")
	return oneLine(strings.TrimPrefix(rest, "www."), 100)
}

// continued is a text without the title that it begins with: what a title was made of, or what a post repeats
// below it, is said once. Where the title ends inside of a sentence, the text goes on with an ellipsis.
func continued(t digest.Text, title string) digest.Text {
	plain := t.Plain()
	begin, cut := strings.CutSuffix(strings.TrimSuffix(title, "..."), "…")
	cut = cut || strings.HasSuffix(title, "...")
	n := sameBegin(plain, begin)
	if n == 0 {
		return t
	}
	rest := strings.TrimLeftFunc(plain[n:], unicode.IsSpace)
	last, _ := utf8.DecodeLastRuneInString(strings.TrimRight(plain[:n], " \"”’»)"))
	next, _ := utf8.DecodeRuneInString(rest)
	switch {
	case rest == "":
		return nil
	case cut:
		out := withoutBegin(t, n)
		if len(out) == 0 || !strings.ContainsFunc(rest, unicode.IsLetter) {
			return nil
		}
		return merged(append(digest.PlainText("… "), out...))
	case strings.ContainsRune(".!?…。！？:", last):
		return withoutBegin(t, n)
	case strings.ContainsRune(".!?…。！？:;|–—", next), next == '-' && strings.HasPrefix(rest, "- "):
		for next != 0 && strings.ContainsRune(" .!?…。！？:;|–—-\u00a0", next) {
			n = len(plain) - len(rest) + utf8.RuneLen(next)
			rest = plain[n:]
			next, _ = utf8.DecodeRuneInString(rest)
			if rest == "" {
				return nil
			}
		}
		return withoutBegin(t, n)
	}
	return t
}

// wholeTitle is a title that was cut off, as the first sentence of the text that it was cut from says it; else the title.
func wholeTitle(title, text string) string {
	begin, cut := strings.CutSuffix(strings.TrimSuffix(title, "..."), "…")
	if !cut && !strings.HasSuffix(title, "...") || sameBegin(text, begin) == 0 {
		return title
	}
	if whole := text[:firstSentence(text)]; len(whole) >= len(begin) && len(whole) <= maxWhole {
		return strings.TrimSuffix(whole, ".")
	}
	return title
}

// maxWhole is the most bytes of a sentence that stands for a title that was cut off.
const maxWhole = 140

// sameBegin is how many bytes of a text say the same as a title does, letter by letter; 0 when it does not begin so.
func sameBegin(text, title string) int {
	next := func(s string, at int) (rune, int) {
		for at < len(s) {
			c, size := utf8.DecodeRuneInString(s[at:])
			at += size
			if unicode.IsLetter(c) || unicode.IsDigit(c) {
				return unicode.ToLower(c), at
			}
		}
		return 0, at
	}
	end := 0
	for a, b := 0, 0; ; {
		var c, d rune
		c, a = next(title, a)
		if c == 0 {
			break
		}
		if d, b = next(text, b); c != d {
			return 0
		}
		end = b
	}
	// With the stop of its sentence.
	for end > 0 && end < len(text) {
		c, size := utf8.DecodeRuneInString(text[end:])
		if !strings.ContainsRune(".!?…。！？\"”’»)", c) {
			break
		}
		end += size
	}
	return end
}

var noScheme = strings.NewReplacer("https://", "", "http://", "", "www.", "")

// isWorthless reports whether a text says no more than what stands around it does: the title, with the name of the
// outlet or the author at most, or who wrote it.
func isWorthless(text, title string, names ...string) bool {
	said, headline := lettersOf(noScheme.Replace(text)), lettersOf(noScheme.Replace(title))
	if said == "" || strings.Contains(headline, said) {
		return true
	}
	for _, name := range names {
		name := lettersOf(name)
		if said == name || said == headline+name || said == name+headline || said == "by"+name || said == "von"+name ||
			said == "par"+name || said == "por"+name {
			return true
		}
	}
	return false
}
