package curate

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode"

	"digestd/digest"
)

// Key is a name under which an item may be known: its kind ("x", "g", "l" or "h"), a colon and a hash
// of 32 hexadecimal digits. It is safe as a key of the ledger.
type Key string

// The kinds of keys, by what they hash.
const (
	exactKey   = "x:" // feed, guid, canonical link and title
	guidKey    = "g:" // feed and guid
	linkKey    = "l:" // canonical link
	contentKey = "h:" // title and text
)

func newKey(kind string, parts ...string) Key {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	return Key(kind + hex.EncodeToString(h.Sum(nil)[:16]))
}

// Keys are the names under which an item may be known, the strongest first. A shown item is a known
// one if the known one is found under any of them and Same agrees; it then takes on all the names
// that are free. Else it is new.
//
//   - "x:" is feed, guid, link and title in one, so that what was told apart once (see Same) is known
//     for itself the next time.
//   - "g:" is the guid, scoped to its feed: guids are promised to be unique nowhere else, and small
//     feeds count theirs 1, 2, 3.
//   - "l:" is the canonical link, the same in every feed, so that neither a changed guid nor an edited
//     feed address makes an old item new. A guid that is an address gives such a key too where the
//     item has no link.
//   - "h:" is title and text, and is given only to what has neither guid nor link. A title alone is
//     never a name: "Coronavirus Briefing: What Happened Today" is another item each day.
func Keys(it digest.Item) []Key {
	link := itemLink(it)
	guid := strings.TrimSpace(it.GUID)
	if guid == "" && link == "" {
		return []Key{newKey(contentKey, normalTitle(it.Title), itemText(it))}
	}
	keys := make([]Key, 0, 3)
	keys = append(keys, newKey(exactKey, it.Feed, guid, link, normalTitle(it.Title)))
	if guid != "" {
		keys = append(keys, newKey(guidKey, it.Feed, guid))
	}
	if link != "" && !isFrontPage(link) {
		keys = append(keys, newKey(linkKey, link))
	}
	return keys
}

// Same reports whether shown, which was found through the key via, really is the item known. The
// rules in the order in which they decide, and why each:
//
//   - Found by "x:" or "h:": yes, nothing differs.
//   - Found by guid, and the links agree or one is missing: yes, whatever the title says now. Outlets
//     rewrite headlines all day, to nothing like the first ("Together, with feeling" became
//     "Coronavirus: Singapore sings beloved national tune"), and a page that was mailed once is not
//     mailed again. Only where there is no link at all must title or text still have a word in common.
//   - Found by guid, and the links are different pages: only if title or text are alike. That is one
//     guid put on two stories (CNN reuses those of its collections); a page that merely moved keeps
//     its headline.
//   - Found by link in another feed: yes, since guids are each feed's own.
//   - Found by link in the same feed, and one has no guid, or the guids are the same address: yes.
//     BBC's "…#0" becomes "…#1" at each revision, NZ Herald has no guids at all.
//   - Found by link in the same feed with other guids, and the link names one article (see
//     CanonicalLink): yes. There are feeds whose guids change at every fetch.
//   - The same, and the link is any other page: only if title or text are alike. Release lists and
//     podcasts link all their entries to one page.
//
// Dates play no part: outlets renew them at each touch, and some give none.
func Same(known, shown digest.Item, via Key) bool {
	if strings.HasPrefix(string(via), exactKey) || strings.HasPrefix(string(via), contentKey) {
		return true
	}
	sameFeed := known.Feed == shown.Feed
	knownLink, shownLink := itemLink(known), itemLink(shown)
	if strings.HasPrefix(string(via), guidKey) {
		switch {
		case knownLink == "" && shownLink == "":
			return shareWord(known, shown)
		case knownLink == "" || shownLink == "" || knownLink == shownLink:
			return true
		}
		return alike(known, shown)
	}
	if !sameFeed || known.GUID == "" || shown.GUID == "" || known.GUID == shown.GUID {
		return true
	}
	if k := CanonicalLink(known.GUID); k != "" && k == CanonicalLink(shown.GUID) {
		return true
	}
	path, _, _ := strings.Cut(shownLink, "?")
	return namesArticle(strings.ToLower(path[strings.LastIndexByte(path, '/')+1:])) || alike(known, shown)
}

// itemLink is the canonical link of an item; a guid that is an address stands in for a missing one.
func itemLink(it digest.Item) string {
	if l := CanonicalLink(it.Link); l != "" {
		return l
	}
	return CanonicalLink(it.GUID)
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
	if normalTitle(a.Title) == normalTitle(b.Title) {
		return true
	}
	if t := itemText(a); t != "" && t == itemText(b) {
		return true
	}
	return Score(NewDocument(a.Title, "", a.Language), NewDocument(b.Title, "", b.Language)) >= alikeScore
}

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
