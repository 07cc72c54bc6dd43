package curate

import (
	"cmp"
	"strings"
	"unicode"

	"digestd/digest"
	"digestd/internal/lazyregexp"
)

// enoughSigns are how many signs tell a piece that speaks to its readers, of its writer or about life from one that
// tells what happened. News has one of them often enough, and two of them hardly ever.
const enoughSigns = 2

// idPart is what systems put behind the name of a page: "in-pictures-52384143".
var idPart = lazyregexp.New(`-\d{5,}$`)

// isMagazine reports whether an item, by its headline's, summary's and link's signs, tells no news. Quotations are
// others' words, and no sign.
func isMagazine(it digest.Item) bool {
	known, signs := knownAsides(), 0
	count := func(sign bool) {
		if sign {
			signs++
		}
	}
	title, summary, language := it.Title, it.Summary.Plain(), ""
	summary = strings.ToValidUTF8(summary[:min(len(summary), selfWithin)], "")
	spoken := func(text string) bool {
		speaks := func(text string) bool {
			return strings.IndexFunc(text, unicode.IsLetter) >= 0 && known.speak(text, it, &language)
		}
		return speaks(text) && speaks(quoted.ReplaceAllString(text, " "))
	}
	count(isUnder(it.Link, known.magazines))
	count(spoken(title))
	count(spoken(summary))
	count(known.lists.find(title) != nil)
	count(strings.HasSuffix(title, "?"))
	count(strings.Contains(summary, "?") && strings.Contains(quoted.ReplaceAllString(summary, ""), "?"))
	return signs >= enoughSigns
}

// speak reports whether a text has a word of who speaks to readers, or of themselves. The item's language is found when
// it is first needed.
func (a asides) speak(text string, it digest.Item, language *string) bool {
	first := true
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return r != '\'' && r != '’' && r != '-' && !unicode.IsLetter(r) }) {
		word = strings.ReplaceAll(word, "’", "'")
		low := strings.ToLower(word)
		if low != word && strings.ToUpper(word) == word { // "US" is no "us"
			low = word
		}
		languages := cmp.Or(a.selves[word], a.addresses[word], a.addresses[low])
		if first {
			languages, first = cmp.Or(languages, a.selves[low]), false
		}
		if languages == "" {
			continue
		}
		if *language == "" {
			if *language = baseLanguage(it.Language); *language == "" {
				*language = languageOf("", strings.Fields(strings.ToLower(it.Text())), unicode.Latin)
			}
		}
		if strings.Contains(languages, *language) {
			return true
		}
	}
	return false
}

// byLanguage are words with the languages that have them, of lines as "en: you your".
func byLanguage(lines []string) map[string]string {
	words := make(map[string]string)
	for _, line := range lines {
		language, list, _ := strings.Cut(line, ":")
		for word := range strings.FieldsSeq(list) {
			words[word] += " " + language
		}
	}
	return words
}
