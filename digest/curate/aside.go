package curate

import (
	_ "embed"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"digestd/digest"
	"digestd/internal/lazyregexp"
)

// asides says what is no news, as asides.txt has it.
type asides struct {
	titles, summaries, explainers, lists, labels, tails sieve
	names                                               []string // what each expression of titles finds
	paths, livePaths, magazines, categories             map[string]bool
	addresses, selves                                   map[string]string // words to the languages that have them
}

//go:embed asides.txt
var asideTables string

var knownAsides = sync.OnceValue(func() asides {
	known := tablesOf(asideTables)
	set := func(heading string) map[string]bool {
		return phrases(strings.Join(strings.Fields(strings.Join(known[heading], " ")), "|"))
	}
	labels := make([]string, len(known["labels"]))
	for i, line := range known["labels"] {
		labels[i] = `^[\[【(]?(?:` + line + `) ?(?:[:：|\]】)]+| ?[–—-] |\+\+\+) *`
	}
	var titles, names []string
	for _, heading := range slices.Sorted(maps.Keys(known)) {
		if name, ok := strings.CutPrefix(heading, "titles: "); ok {
			titles = append(titles, known[heading]...)
			names = append(names, slices.Repeat([]string{name}, len(known[heading]))...)
		}
	}
	return asides{
		titles: newSieve(titles), names: names, summaries: newSieve(known["summaries"]), lists: newSieve(known["lists"]),
		explainers: newSieve(known["explainers"]), labels: newSieve(labels), tails: newSieve(known["tails"]),
		paths: set("paths"), livePaths: set("live paths"), magazines: set("magazine paths"),
		categories: phrases(strings.Join(known["categories"], "|")),
		addresses:  byLanguage(known["addresses"]), selves: byLanguage(known["selves"]),
	}
})

// asideOf says in words what makes an item no news; empty: nothing does. paths are further parts of links that say so, as
// "sport".
func asideOf(it digest.Item, paths []string) string {
	known := knownAsides()
	if i, found := known.titles.first(it.Title); found != nil {
		return known.names[i]
	}
	for _, c := range it.Categories {
		if known.categories[strings.ToLower(strings.TrimSpace(c))] {
			return fmt.Sprintf("of the category %q", c)
		}
	}
	if known.summaries.find(it.Summary.Plain()) != nil {
		return "a briefing or the like, by its summary"
	}
	parts := pathParts(it.Link)
	last := len(parts) - 1
	for i, part := range parts {
		below := slices.DeleteFunc(slices.Clone(parts[i+1:]), datePart.MatchString)
		if own := idPart.FindStringIndex(part); i == last { // "in-pictures-52384143"
			if own == nil {
				break
			}
			part = part[:own[0]]
		}
		if known.paths[part] || i < last && (slices.Contains(paths, part) || known.livePaths[part] &&
			(len(below) == 1 || strings.HasPrefix(below[len(below)-1], "index."))) {
			return fmt.Sprintf("of the part %q of its outlet, by its link", part)
		}
	}
	return ""
}

// datePart matches a part of a path that is of a date.
var datePart = lazyregexp.New(`^(?:\d{1,2}|\d{4}|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)$`)

// clipPart matches the part of a link under which outlets keep what is to be seen, and a line about it, or lists of
// what they have about a subject.
var clipPart = lazyregexp.New(`(?i)/(?:videos?|video-clips|av|collections)/`)

// withArticles are the feeds that have not only clips.
func withArticles(items []digest.Item) map[string]bool {
	feeds := make(map[string]bool)
	for _, it := range items {
		if !clipPart.MatchString(it.Link) {
			feeds[it.Feed] = true
		}
	}
	return feeds
}

// isClip reports whether a story is nothing but a clip, of a feed that tells the news in articles.
func isClip(s digest.Story, withArticles map[string]bool) bool {
	return s.Kind == digest.News && len(s.Items) == 1 && withArticles[s.Lead().Feed] && clipPart.MatchString(s.Lead().Link)
}

// explains reports whether a headline asks, explains or sums up, and does not tell.
func explains(title string) bool {
	return knownAsides().explainers.find(title) != nil ||
		strings.HasSuffix(title, "?") && !strings.ContainsAny(title, ":;–—“\"‘") && !strings.Contains(title, ". ") && !strings.Contains(title, " - ")
}

// explainers are the feeds of whose headlines half or more do not tell.
func explainers(nodes []node) map[string]bool {
	return feedsWhere(nodes, 2, 1, func(n node) bool { return n.explains })
}

// besideNews says in words what makes a story no news that its items alone don't tell; empty: nothing does. It is
// nothing but a clip, or one outlet's pieces that do not tell, of a feed where most do.
func besideNews(s digest.Story, c cluster, withArticles, explainers map[string]bool) string {
	switch {
	case isClip(s, withArticles):
		return "a clip"
	case s.Kind == digest.News && !explainers[s.Lead().Feed] && !slices.ContainsFunc(c.nodes, func(n *node) bool {
		return !n.explains || !sameOutlet(n, c.nodes[0])
	}):
		return "a piece that explains, asks or speaks to its readers"
	}
	return ""
}

// crumb matches the section that some outlets put in front of a headline: "World › Cranes move".
var crumb = lazyregexp.New(`^[^›:.,]{2,24} › ([^›]+)$`)

// nameParting is what stands between a headline and the outlet's name.
var nameParting = lazyregexp.New(` (?:[|–—:·]|-|::) `)

// headline is what a title says: without the outlet's name, a label in front of it ("Exclusive: …"), the author's name
// behind it and the offer to explain what it tells ("Port closed: what to know").
func headline(it digest.Item) string {
	title, known := withoutOutlet(it), knownAsides()
	if m := crumb.FindStringSubmatch(title); m != nil {
		title = m[1]
	}
	if label := known.labels.find(title); label != nil && label[1] < len(title) {
		title = capitalized(title[label[1]:])
	}
	if it.Kind == digest.Opinion {
		if front := opinionLabel.FindStringIndex(title); front != nil && front[1] < len(title) {
			title = title[front[1]:]
		}
		if tail := authorTail.FindStringIndex(title); tail != nil {
			title = title[:tail[0]]
		}
	}
	if it.Kind != digest.News {
		return title
	}
	tail := known.tails.find(title)
	if tail == nil || strings.Contains(title[:tail[0]+1], "?") ||
		title[tail[0]] != ',' && len(strings.Fields(title[:tail[0]])) < toldIn || explains(title[:tail[0]]) {
		return title
	}
	last, _ := utf8.DecodeLastRuneInString(title[:tail[0]])
	if title[tail[0]] == '.' && unicode.IsUpper(last) || unicode.IsPunct(last) { // "the U.S. Will it end?", a quotation
		return title
	}
	return strings.TrimSpace(title[:tail[0]])
}

// toldIn is the fewest words in which a headline tells something: "Sandholm's harbour" before a colon does not.
const toldIn = 5

// authorTail matches how papers put who gives an opinion behind it, "Cranes must move | Ada Marsh".
var authorTail = lazyregexp.New(` \| (?:(?i:opinion|analysis|commentary|editorial)|\p{Lu}[\pL.'’-]+(?: (?:\p{Lu}[\pL.'’-]*|de|van|von|al|bin|and))+)$`)

// capitalized is a text that begins with a capital where its first word is in small letters.
func capitalized(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	if word, _, _ := strings.Cut(s, " "); unicode.IsLower(first) && strings.ToLower(word) == word {
		return string(unicode.ToUpper(first)) + s[size:]
	}
	return s
}

// mostTails is in how many titles of a feed the same may stand behind a bar: a programme or a section stands in more.
const mostTails = 2

// behindBar is where the last bar of a headline stands with what is behind it, "Cranes move | Harbour Hour"; its length
// where there is none.
func behindBar(title string) int {
	at := strings.LastIndex(title, " | ")
	if at < 0 || len(strings.Fields(title[:at])) < 3 || len(strings.Fields(title[at:])) > 5 {
		return len(title)
	}
	return at
}

// withoutOutlet is a title without the name of its outlet at the end, "Cranes move again - The Herald", or that of the
// section or the sister under which its link stands.
func withoutOutlet(it digest.Item) string {
	all := nameParting.FindAllStringIndex(it.Title, -1)
	if all == nil {
		return it.Title
	}
	last := all[len(all)-1]
	head, tail := it.Title[:last[0]], lettersOf(it.Title[last[1]:])
	if len(tail) < 3 || len(strings.Fields(head)) < 3 {
		return it.Title
	}
	for _, outlet := range append(hostLabels(it.Link), lettersOf(it.Source)) {
		if len(outlet) >= 3 && (strings.HasPrefix(outlet, tail) || strings.HasPrefix(tail, outlet)) {
			return strings.TrimSpace(head)
		}
	}
	if tail != "live" && slices.Contains(sections(it.Link), tail) {
		return strings.TrimSpace(head)
	}
	return it.Title
}

// sections are the letters of the first two parts of a link's path that are not the article's own.
func sections(link string) []string {
	parts := pathParts(link)
	parts = parts[:max(0, min(len(parts)-1, 2))]
	for i, part := range parts {
		parts[i] = lettersOf(part)
	}
	return parts
}

// hostLabels are the parts of a link's host: "news", "herald" and "example" of news.herald.example.
func hostLabels(link string) []string {
	u, err := url.Parse(link)
	if err != nil {
		return nil
	}
	return strings.Split(u.Hostname(), ".")
}

// lettersOf are the letters and digits of a name in lower case, without its article.
func lettersOf(s string) string {
	s = strings.TrimPrefix(strings.ToLower(strings.TrimSpace(s)), "the ")
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, s)
}
