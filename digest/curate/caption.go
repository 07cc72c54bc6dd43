package curate

import (
	"slices"
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
	// noSpace matches sentences between which markup left no space: "The port is open.Ferries sail".
	noSpace = lazyregexp.New(`\p{Ll}{2}[.?]()["”’»]?()["“‘«]?\p{Lu}\p{Ll}*[ ,]`)
	// lostApostrophe matches what is left of "Lund’s" where an outlet's system drops what is not ASCII: "Lund s".
	lostApostrophe = lazyregexp.New(`([\pL)]) s (\pL)`)
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

// front is where the text of a summary begins behind what stands in front of it in capitals: a label, a byline, a
// dateline or a call, as in "ADA MARSH: …", "WARNING: GRAPHIC CONTENT …", "SIGN IN FOR ALL OUR STORIES …". 0: nothing
// does. Two words end in a mark, or four go over into a sentence that begins with a capital; with eager one word is
// enough, and a full stop at its end: "AGENCIES. …".
func front(plain string, eager bool) int {
	at, end, words, least, since := 0, 0, 0, 4, 0 // the last: words behind the last mark
	for word := range strings.FieldsSeq(plain[:min(len(plain), jointWithin)]) {
		at += strings.Index(plain[at:], word)
		letters := strings.Map(func(r rune) rune {
			if unicode.IsLetter(r) {
				return r
			}
			return -1
		}, word)
		switch {
		case letters == "" && words > 0, len(letters) > 1 && letters == strings.ToUpper(letters) && letters != strings.ToLower(letters):
		default:
			first, _ := utf8.DecodeRuneInString(strings.TrimLeft(word, "\"'“‘«¡¿([#@"))
			if words >= least && since > 1 && !unicode.IsLower(first) {
				return at
			}
			return end
		}
		if at += len(word); letters != "" {
			words++
			since++
		}
		switch last := word[len(word)-1]; {
		case last == ':':
			least = 3
			fallthrough
		case strings.Contains("- -- – — : • * |", word):
			if words >= 2 || eager {
				end, since = at, 0
			}
		case last == '.' && (words >= 4 || eager) && len(word) != 2*len(letters): // "U.S." is no end
			end, since = at, 0
		}
	}
	return 0 // all of it: an outlet that shouts
}

// feedsWhere are the feeds of which one in so many items is of a kind, and so many at least.
func feedsWhere(nodes []node, oneIn, least int, is func(node) bool) map[string]bool {
	balance, found, out := make(map[string]int), make(map[string]int), make(map[string]bool)
	for _, n := range nodes {
		if balance[n.item.Feed]--; is(n) {
			balance[n.item.Feed] += oneIn
			found[n.item.Feed]++
		}
	}
	for feed, b := range balance {
		out[feed] = b >= 0 && found[feed] >= least
	}
	return out
}

// parted is a text with what parts two sentences at an offset of its plain form, in place of a space before it.
func parted(t digest.Text, at int, by string) digest.Text {
	var out digest.Text
	for _, s := range t {
		if at > 0 && at <= len(s.S) {
			s.S = strings.TrimRight(s.S[:at], " ") + by + s.S[at:]
			at = 0
		}
		at -= len(s.S)
		out = append(out, s)
	}
	return out
}

// withApostrophes is an item in English whose words have the apostrophes again that an outlet's system dropped.
func withApostrophes(it digest.Item) digest.Item {
	if !strings.Contains(it.Title, " s ") && !strings.Contains(it.Summary.Plain(), " s ") || !isEnglish(it) {
		return it
	}
	it.Title, it.Summary = lostApostrophe.ReplaceAllString(it.Title, "$1’s $2"), slices.Clone(it.Summary)
	for i, span := range it.Summary {
		it.Summary[i].S = lostApostrophe.ReplaceAllString(span.S, "$1’s $2")
	}
	return it
}

// noSpaceIn is what noSpace matches in a text. Few have a stop without a space behind it.
func noSpaceIn(text string) []int {
	for i := range len(text) - 1 {
		if next := text[i+1]; (text[i] == '.' || text[i] == '?') && (next >= utf8.RuneSelf || next == '"' || 'A' <= next && next <= 'Z') {
			return noSpace.FindStringSubmatchIndex(text)
		}
	}
	return nil
}

// withSpaces is a text whose commas and full stops stand at their words, and whose sentences stand apart.
func withSpaces(t digest.Text) digest.Text {
	for {
		plain := t.Plain()
		if found := noSpaceIn(plain[:min(len(plain), 2*jointWithin)]); found != nil {
			at := found[4]
			if strings.Count(plain[:at], `"`)%2 == 1 && plain[found[2]] == '"' { // it opens
				at = found[2]
			}
			t = parted(t, at, " ")
			continue
		}
		if !strings.Contains(plain, " ,") && !strings.Contains(plain, " .") {
			return t
		}
		found := straySpace.FindStringIndex(plain)
		if found == nil {
			return t
		}
		t = t.Without(found[0], found[0]+strings.IndexAny(plain[found[0]:], ",."))
	}
}
