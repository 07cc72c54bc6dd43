package curate

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"digestd/digest"
	"digestd/internal/lazyregexp"
)

var (
	// datedCaption matches a first sentence that ends in a day and its year, and perhaps the place, as captions of
	// agencies do: "Cranes stand at rest on March 12, 2026, in Sandholm."
	datedCaption = lazyregexp.New(`^.{10,420}?\bon (?:Jan(?:uary|\.)|Feb(?:ruary|\.)|March|April|May|June|July|Aug(?:ust|\.)|Sept(?:ember|\.)|Oct(?:ober|\.)|Nov(?:ember|\.)|Dec(?:ember|\.)) ` +
		`\d{1,2}, (\d{4})(?:,? (?:in|at|outside|near|off|over) (?:\p{Lu}[\pL'’.-]*|of|the|de|and|[ ,])+)?(?:\.\s*|\s*$)(?:\([^)]{0,90}\)\s*)?`)
	// told matches what a report says, and no caption.
	told = lazyregexp.New(`(?i)\b(?:was|were|said|says|has|had|have|will|would|could|died|killed|announced)\b`)
	past = lazyregexp.New(`\b\pL{3,}ed\b`)
	// straySpace is what markup leaves in front of a stop.
	straySpace = lazyregexp.New(` +[,.](?:\s|$)`)
)

// withoutCaption is a summary without the caption of a picture that it begins with. News gives the year with a day of
// this year nowhere else; a caption of an archive's picture is told by its present tense.
func withoutCaption(it digest.Item) digest.Text {
	plain := it.Summary.Plain()
	if !strings.Contains(plain, " on ") {
		return it.Summary
	}
	m := datedCaption.FindStringSubmatchIndex(plain)
	if m == nil || told.MatchString(plain[:m[1]]) {
		return it.Summary
	}
	if plain[m[2]:m[3]] != strconv.Itoa(it.When().Year()) && past.MatchString(plain[:m[1]]) {
		return it.Summary
	}
	return it.Summary.Without(0, m[1])
}

// begins are words with which sentences begin and no name does, and afterName those after which one of them may be a
// part of a name: "hepatitis A".
var (
	begins = words("a an the two three four five six seven eight nine ten more most some several nearly almost about around " +
		"dozens hundreds thousands tens follow get he she they it this these in on at after as for")
	afterName = words("a an the of in on at to for from by with and or as hepatitis vitamin serie series group type plan class grade " +
		"influenza category schedule level levels league division section appendix exhibit figure part chapter big top " +
		"page article act channel route highway phase game day week season episode title apollo formula track gate")
)

// inTitles are words that names of works and offices hold, too: "Bring It On".
var inTitles = words("he she they it this these in on at after as for get follow senate house state justice supreme west east north south")

// jointWithin is how many bytes of a summary are looked at: what is longer has more than a standfirst joined.
const jointWithin = 400

// joint is where in a summary a standfirst and the first sentence were joined without a stop, 0 where they were not:
// "Council asks for calm A strike has closed the port." A word with which sentences begin stands in the middle of one
// there, as no name does; with eager, any everyday word.
func joint(plain string, eager bool) int {
	plain = strings.ToValidUTF8(plain[:min(len(plain), jointWithin)], "")
	at, before := 0, ""
	for i, word := range strings.Fields(plain) {
		at += strings.Index(plain[at:], word)
		next, _ := utf8.DecodeRuneInString(strings.TrimLeftFunc(plain[at+len(word):], unicode.IsSpace))
		before = strings.TrimRight(before, "’”") // "too ‘noisy’ After a decade"
		last, _ := utf8.DecodeLastRuneInString(before)
		low := strings.ToLower(word)
		switch {
		case strings.ContainsRune(".!?…", last) && i > 0:
			return 0
		case i < 6 || at < 40 || word[0] < 'A' || word[0] > 'Z' || !unicode.IsLower(next) || afterName[strings.ToLower(before)]:
		case !unicode.IsLower(last) && !unicode.IsDigit(last):
		case begins[low] && (!inTitles[low] || before == strings.ToLower(before)),
			eager && before == strings.ToLower(before) && !inTitles[low] && !english().labels[low] && english().common[english().stem(low)]:
			return at
		}
		at += len(word)
		before = word
	}
	return 0
}

// feedsWhere are the feeds of which one in so many items, at least, is of a kind.
func feedsWhere(nodes []node, oneIn int, is func(node) bool) map[string]bool {
	balance, out := make(map[string]int), make(map[string]bool)
	for _, n := range nodes {
		if balance[n.item.Feed]--; is(n) {
			balance[n.item.Feed] += oneIn
		}
	}
	for feed, b := range balance {
		out[feed] = b >= 0
	}
	return out
}

// stopped is a text with a full stop in front of the space at whose end an offset of its plain form is.
func stopped(t digest.Text, at int) digest.Text {
	var out digest.Text
	for _, s := range t {
		if at > 0 && at <= len(s.S) {
			s.S = strings.TrimRight(s.S[:at], " ") + ". " + s.S[at:]
			at = 0
		}
		at -= len(s.S)
		out = append(out, s)
	}
	return out
}

// withoutStraySpaces is a text whose commas and full stops stand at their words.
func withoutStraySpaces(t digest.Text) digest.Text {
	if plain := t.Plain(); !strings.Contains(plain, " ,") && !strings.Contains(plain, " .") {
		return t
	}
	for {
		plain := t.Plain()
		found := straySpace.FindStringIndex(plain)
		if found == nil {
			return t
		}
		t = t.Without(found[0], found[0]+strings.IndexAny(plain[found[0]:], ",."))
	}
}
