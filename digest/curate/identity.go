package curate

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"digestd/digest"
)

// Key is a name under which an item may be known: its kind (one of kinds), a colon and a hash of 32
// hexadecimal digits. It is safe as a key of the ledger.
type Key string

// The kinds of keys, by what they hash.
const (
	exactKey    = "x:" // feed, guid, link and title
	guidKey     = "g:" // feed and guid
	fragmentKey = "f:" // link with its fragment
	linkKey     = "l:" // link
	numberKey   = "n:" // host, and the number by which the link names its article
	minuteKey   = "p:" // feed, and the minute in which it was published
	titleKey    = "t:" // feed and title
	contentKey  = "h:" // title and text
	wholeKey    = "d:" // all that there is
)

// kinds are the kinds of keys, the strongest first, and what each is called where people read it.
var kinds = [...]struct{ kind, name string }{
	{exactKey, "all of it"}, {guidKey, "guid"}, {fragmentKey, "link and fragment"}, {linkKey, "link"},
	{numberKey, "number in the link"}, {minuteKey, "time and words"}, {titleKey, "title"}, {contentKey, "title and text"}, {wholeKey, "all of it"},
}

// strength is the place of a key's kind in the order in which they decide; 0 is the strongest.
func (k Key) strength() int {
	for i, known := range kinds {
		if strings.HasPrefix(string(k), known.kind) {
			return i
		}
	}
	return len(kinds)
}

// Rank is the place of a name in the order in which names decide whether shown is the item known; 0 is the strongest.
// A guid that stands on another page, under another title, decides after the pages: some feeds count their entries by place.
func (k Key) Rank(known, shown digest.Item) int {
	if strings.HasPrefix(string(k), guidKey) {
		if a, b := itemLink(known), itemLink(shown); a != "" && b != "" && a != b &&
			normalTitle(known.Title) != normalTitle(shown.Title) {
			return 2*Key(linkKey).strength() + 1
		}
	}
	return 2 * k.strength()
}

// String says what the key is made of.
func (k Key) String() string {
	if i := k.strength(); i < len(kinds) {
		return kinds[i].name
	}
	return "nothing"
}

// IsExact reports whether whatever bears the key differs in nothing that names it.
func (k Key) IsExact() bool {
	return strings.HasPrefix(string(k), exactKey) || strings.HasPrefix(string(k), wholeKey) ||
		strings.HasPrefix(string(k), contentKey)
}

// IsTitle reports whether the key is a title, which a feed may use again every day.
func (k Key) IsTitle() bool { return strings.HasPrefix(string(k), titleKey) }

func newKey(kind string, parts ...string) Key {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	return Key(kind + hex.EncodeToString(h.Sum(nil)[:16]))
}

// keyOfFeed is a key that begins with its feed's hash: what one poll writes then stands side by side, and dirties few
// of the ledger's pages.
func keyOfFeed(kind, feed, part string) Key {
	const ofFeed = 12 // digits
	return newKey(kind, feed)[:len(kind)+ofFeed] + newKey("", feed, part)[:32-ofFeed]
}

// Keys are the names under which an item may be known, the strongest first. A shown item is a known
// one if the known one is found under any of them and Same agrees; it then takes on all the names
// that are free. Else it is new.
//
//   - "x:" is feed, guid, link and title in one, so that what was told apart once (see Same) is known
//     for itself the next time.
//   - "g:" is the guid (see guidName), scoped to its feed: guids are promised to be unique nowhere else, and small
//     feeds count theirs 1, 2, 3.
//   - "f:" is the link with its fragment, for what has one: several entries of one page.
//   - "l:" is the canonical link, the same in every feed, so that neither a changed guid nor an edited
//     feed address makes an old item new. A guid that is an address gives such a key too where the
//     item has no link.
//   - "n:" is the number that stays in a link when the outlet edits its slug.
//   - "p:" is the minute in which it was published, for what has another link and guid since its headline was
//     edited.
//   - "t:" is the title, for links that are new at every request, and for a site that moved. It is the
//     weakest name: "Coronavirus Briefing: What Happened Today" is another item each day.
//   - "h:" is title and text, and is given only to what has neither guid nor link.
func Keys(it digest.Item) []Key { return keysOf(it, partsOf(it)) }

// parts are what the names of an item are made of.
type parts struct{ guid, link, fragment, title string }

func partsOf(it digest.Item) parts {
	return parts{guid: strings.TrimSpace(it.GUID), link: itemLink(it), fragment: itemFragment(it),
		title: normalTitle(it.Title)}
}

func keysOf(it digest.Item, p parts) []Key {
	guid, link, fragment, title := p.guid, p.link, p.fragment, p.title
	if guid == "" && link == "" {
		return []Key{newKey(contentKey, title, itemText(it))}
	}
	keys := make([]Key, 0, 7)
	exact := []string{it.Feed, guid, link, title}
	if fragment != "" {
		exact = append(exact, fragment)
	}
	keys = append(keys, newKey(exactKey, exact...))
	if guid != "" {
		keys = append(keys, newKey(guidKey, it.Feed, guidName(guid)))
	}
	if !isFrontPage(link) {
		if fragment != "" {
			keys = append(keys, newKey(fragmentKey, link, fragment))
		}
		keys = append(keys, newKey(linkKey, link))
	}
	if number, _ := articleNumber(link); number != "" {
		keys = append(keys, newKey(numberKey, linkHost(link), number))
	}
	if !it.Published.IsZero() {
		keys = append(keys, keyOfFeed(minuteKey, it.Feed, strconv.FormatInt(it.Published.Unix()/60, 10)))
	}
	if it.Title != "" {
		keys = append(keys, keyOfFeed(titleKey, it.Feed, title))
	}
	return keys
}

// guidName is a guid as it is compared. Of one that is an address it does not matter how the host is spelt, and whether
// it is asked over https.
func guidName(guid string) string {
	scheme, rest, _ := strings.Cut(guid, "://")
	if !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https") {
		return guid
	}
	end := strings.IndexAny(rest+"/", "/?#")
	page := strings.TrimSuffix(strings.Replace(rest[end:], "/?", "?", 1), "/")
	return "https://" + strings.TrimPrefix(strings.ToLower(rest[:end]), "www.") + page
}

// WholeKey is the name of what shares even its "x:" with another entry of its document.
func WholeKey(it digest.Item) Key {
	return newKey(wholeKey, it.Feed, it.GUID, it.Link, normalTitle(it.Title), itemText(it),
		strconv.FormatInt(it.Published.Unix(), 10))
}

// Names are the names that one entry of a document bears.
type Names struct {
	Keys   []Key // that it bears alone, the strongest first
	Shared []Key // that others bear as well: they name none of them
	Copy   bool  // an entry before it is the same
}

// NamesIn finds the names of the entries of one document. In one document a guid or a link that
// several entries bear is no identity: status pages link all incidents to one page, changelogs all
// days, and there are feeds whose guids are all the same. Fragments tell them apart where they have
// some. Only what stands there twice word for word is one entry.
func NamesIn(document []digest.Item) []Names {
	all := make([]Names, len(document))
	bearers := make(map[Key]int, 7*len(document))
	same := make(map[string]bool, len(document))
	for i, it := range document {
		p := partsOf(it)
		id := copyOf(it, p)
		if all[i].Copy = same[id]; all[i].Copy {
			continue
		}
		same[id] = true
		all[i].Keys = keysOf(it, p)
		for _, k := range all[i].Keys {
			bearers[k]++
		}
	}
	for i := range all {
		keys := all[i].Keys
		all[i].Keys = keys[:0:len(keys)]
		for _, k := range keys {
			if bearers[k] == 1 {
				all[i].Keys = append(all[i].Keys, k)
			} else {
				all[i].Shared = append(all[i].Shared, k)
			}
		}
		if len(all[i].Shared) > 0 && all[i].Shared[0].IsExact() {
			all[i].Keys = append(all[i].Keys, WholeKey(document[i]))
		}
	}
	return all
}

// copyOf is equal for two entries of a document that are one: with the same title on the same page at
// the same time, or with the same guid, title and day. Without a name of its own, text and time must agree too.
func copyOf(it digest.Item, p parts) string {
	page := p.link + "#" + p.fragment
	switch {
	case namesOneArticle(p.link):
		return strings.Join([]string{"l", page, p.title, strconv.FormatInt(it.Published.Unix()/60, 10)}, "\x00")
	case p.guid != "" && !isPage(p.guid):
		return strings.Join([]string{"g", p.guid, page, p.title, it.Published.UTC().Format(time.DateOnly)}, "\x00")
	}
	return string(WholeKey(it))
}

// Same reports whether shown, which was found through the key via, really is the item known. The
// rules in the order in which they decide, and why each:
//
//   - Found by "x:", "d:" or "h:": yes, nothing differs.
//   - Found by guid: see sameGUID. By link: see sameLink. By number: see sameNumber. By title: see sameTitle.
//   - Found by its minute: see sameMoment.
//
// Who asks sees to it that no two entries of one document become one item: what is known and stands in the
// document itself is not what another entry of it was before.
func Same(known, shown digest.Item, via Key) bool {
	switch {
	case via.IsExact():
		return true
	case strings.HasPrefix(string(via), guidKey):
		return sameGUID(known, shown)
	case strings.HasPrefix(string(via), numberKey):
		return sameNumber(known, shown)
	case strings.HasPrefix(string(via), minuteKey):
		return sameMoment(known, shown)
	case via.IsTitle():
		return sameTitle(known, shown)
	}
	return sameLink(known, shown)
}

// sameGUID judges two showings with one guid.
//
//   - The links agree or one is missing: yes, whatever the title says now. Outlets rewrite headlines all
//     day, to nothing like the first ("Together, with feeling" became "Coronavirus: Singapore sings
//     beloved national tune"), and a page that was mailed once is not mailed again. Only where there is
//     no link at all must title or text still have a word in common.
//   - The guid is the address of a page that may have many entries, and both are dated: as if it were only a link.
//   - The links are different pages: if the guid is an article's number (?p=4711), or title, text or the number
//     in the links are alike. A page that moved keeps its headline; where headline and slug were edited, the
//     rest stays. Else it is one guid put on two stories (CNN reuses those of its collections).
func sameGUID(known, shown digest.Item) bool {
	knownLink, shownLink := itemLink(known), itemLink(shown)
	switch {
	case knownLink == "" && shownLink == "":
		return shareWord(known, shown)
	case isPage(shown.GUID) && isDated(known, shown):
		return sameLink(known, shown)
	case knownLink == "" || shownLink == "" || knownLink == shownLink:
		return true
	}
	number, _ := articleNumber(knownLink)
	other, _ := articleNumber(shownLink)
	_, numbered := articleNumber(CanonicalLink(shown.GUID))
	return numbered || number != "" && number == other || alike(known, shown)
}

// sameLink judges two showings of one page.
//
//   - The guids are the same address: yes. BBC's "…#0" becomes "…#1" at each revision. But never two guids
//     with two fragments of the page: those are two entries of it.
//   - The page is one article (see namesOneArticle), and the guids agree, or one has none, or another feed shows it:
//     yes. NZ Herald has no guids at all, and guids are each feed's own.
//   - The same, with other guids: unless they are of different days. There are feeds whose guids change at
//     every fetch, and daily programmes that have one page.
//   - Any other page in another feed: unless they are of different days and nothing alike.
//   - Any other page in the same feed: release lists and podcasts link all their entries to one. So only if it was
//     published in the same minute and title or text are alike; without dates, title or text must do.
func sameLink(known, shown digest.Item) bool {
	oneGUID := known.GUID == "" || shown.GUID == "" || known.GUID == shown.GUID || known.Feed != shown.Feed
	if !oneGUID {
		if a, b := itemFragment(known), itemFragment(shown); a != "" && b != "" && a != b {
			return false
		}
		k := CanonicalLink(known.GUID)
		oneGUID = k != "" && k == CanonicalLink(shown.GUID)
	}
	dated := isDated(known, shown)
	switch {
	case namesOneArticle(itemLink(shown)):
		return oneGUID || !dated || sameDay(known, shown)
	case known.Feed != shown.Feed:
		return !dated || sameDay(known, shown) || alike(known, shown)
	case !dated, sameMinute(known, shown):
		return alike(known, shown)
	case oneGUID:
		return normalTitle(known.Title) == normalTitle(shown.Title) &&
			(sameDay(known, shown) || alikeText(known, shown))
	}
	return sameDay(known, shown) && normalTitle(known.Title) == normalTitle(shown.Title) && alikeText(known, shown)
}

// sameNumber judges two showings on one site whose links have the same number: the outlet edited the slug
// in front of it. A number that the link calls an article's is one; any other needs a sign that it is more than
// a year or a sum in a headline.
func sameNumber(known, shown digest.Item) bool {
	_, named := articleNumber(itemLink(shown))
	return alike(known, shown) || sameMinute(known, shown) || named && (!isDated(known, shown) || sameDay(known, shown))
}

// sameMoment judges two showings of one minute in one feed: the titles must be alike, or the texts where each has a
// page of its own. An office that publishes two releases at once numbers them, and they may differ in a name alone.
func sameMoment(known, shown digest.Item) bool {
	link, other := itemLink(known), itemLink(shown)
	if differInNumbers(link, other) {
		return normalTitle(known.Title) == normalTitle(shown.Title)
	}
	return alikeTitle(known, shown) || alikeText(known, shown) && namesOneArticle(link) && namesOneArticle(other)
}

// sameTitle judges two showings with one title in one feed whose guid and link are others: a link with a token
// that is new at each request, a slug that was edited, a site that moved. It must be of the same day and minute,
// or have the same text; without dates and text, the links may differ in a token alone, or in host and place. A system
// into which a site is moved may date all of it anew: then text and slug must be the same.
func sameTitle(known, shown digest.Item) bool {
	link, other := itemLink(known), itemLink(shown)
	if !isDated(known, shown) {
		return alikeText(known, shown) ||
			itemText(known) == "" && itemText(shown) == "" &&
				(differInToken(link, other) || differInHost(link, other) && differInPlace(link, other))
	}
	return sameMinute(known, shown) || alikeText(known, shown) && differInPlace(link, other) ||
		sameDay(known, shown) && (alikeText(known, shown) || shortened(known, shown) || shortened(shown, known))
}

// shortened reports whether the text of one is the beginning of the other's, as an excerpt is.
func shortened(whole, part digest.Item) bool {
	words := strings.Fields(normalTitle(itemText(part)))
	if n := len(words); n > leastWords { // its last word may be cut, or be "more"
		return strings.HasPrefix(normalTitle(itemText(whole)), strings.Join(words[:n-1], " "))
	}
	return false
}

// isDated reports whether both say when they were published.
func isDated(a, b digest.Item) bool { return !a.Published.IsZero() && !b.Published.IsZero() }

// sameMinute reports whether both were published in the same minute.
func sameMinute(a, b digest.Item) bool {
	return isDated(a, b) && a.Published.Truncate(time.Minute).Equal(b.Published.Truncate(time.Minute))
}

// sameDay reports whether both were published on the same day.
func sameDay(a, b digest.Item) bool {
	return a.Published.UTC().Format(time.DateOnly) == b.Published.UTC().Format(time.DateOnly)
}

// itemLink is the canonical link of an item; a guid that is an address stands in for a missing one.
func itemLink(it digest.Item) string {
	if l := CanonicalLink(it.Link); l != "" {
		return l
	}
	return CanonicalLink(it.GUID)
}

// itemFragment is the place on its page that an item is.
func itemFragment(it digest.Item) string {
	link := it.Link
	if link == "" {
		link = it.GUID
	}
	if !strings.Contains(link, "#") {
		return ""
	}
	u, err := url.Parse(strings.TrimSpace(link))
	// CanonicalLink keeps what begins with "!" or "/".
	if err != nil || strings.HasPrefix(u.Fragment, "!") || strings.HasPrefix(u.Fragment, "/") {
		return ""
	}
	return u.Fragment
}

// isPage reports whether a guid is an address, and that of a page that may have many entries.
func isPage(guid string) bool {
	link := CanonicalLink(guid)
	return link != "" && !namesOneArticle(link)
}

// itemText is the text of an item as it was read or, once recorded, its summary.
func itemText(it digest.Item) string {
	if len(it.Summary) > 0 {
		return strings.Join(strings.Fields(it.Summary.Plain()), " ")
	}
	return strings.Join(strings.Fields(it.Content.Plain()), " ")
}

// normalTitle is a title as it is compared: lower case, words and numbers only, so that retouched
// quotes and dashes make no difference.
func normalTitle(title string) string {
	words := strings.FieldsFunc(strings.ToLower(title), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.M, r)
	})
	if len(words) == 0 {
		return strings.TrimSpace(title)
	}
	return strings.Join(words, " ")
}

// alike reports whether two showings of what may be one item have their title or their text in
// common. It is more lenient than the threshold of stories, as it only confirms a shared name.
func alike(a, b digest.Item) bool {
	return alikeTitle(a, b) || alikeText(a, b)
}

func alikeTitle(a, b digest.Item) bool {
	return normalTitle(a.Title) == normalTitle(b.Title) ||
		Score(NewDocument(a.Title, "", a.Language), NewDocument(b.Title, "", b.Language)) >= alikeScore
}

// alikeText reports whether both have a text, and it is the same but for a word here and there. A short one
// must be the same: "Edition 1." is not "Edition 2."
func alikeText(a, b digest.Item) bool {
	x, y := itemText(a), itemText(b)
	if x == "" {
		return false
	}
	if x == y {
		return true
	}
	count := make(map[string]int)
	words, others := strings.Fields(normalTitle(x)), strings.Fields(normalTitle(y))
	for _, w := range words {
		count[w]++
	}
	shared := 0
	for _, w := range others {
		if count[w] > 0 {
			count[w]--
			shared++
		}
	}
	return min(len(words), len(others)) >= leastWords &&
		float64(shared) >= alikeWords*float64(max(len(words), len(others)))
}

// How many words a text must have to be recognised when it was edited, and how much of it must be left.
const (
	leastWords = 6
	alikeWords = 0.75
)

// alikeScore is the least score of two titles under one guid that are taken for one retouched title.
const alikeScore = Threshold * 0.75

// shareWord reports whether two items have any word in common that carries meaning.
func shareWord(a, b digest.Item) bool {
	words := make(map[uint64]bool)
	for _, t := range documentOf(a).tokens {
		words[t.key] = true
	}
	for _, t := range documentOf(b).tokens {
		if words[t.key] {
			return true
		}
	}
	return false
}
