package curate

import (
	"bytes"
	_ "embed"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"digestd/digest"
)

// newsyTable are the signs by which English headlines and the beginnings of their summaries tell news of public affairs
// from sport, show, life and opinion: log odds, and what has them. TestNewsyWeights fits them.
//
//go:embed newsy.txt
var newsyTable string

var newsyWeights = sync.OnceValue(func() map[string]float64 {
	weights := make(map[string]float64)
	for line := range strings.Lines(newsyTable) {
		if fields := strings.Fields(line); len(fields) > 0 && fields[0] != "//" {
			for _, sign := range fields[1:] {
				weights[sign], _ = strconv.ParseFloat(fields[0], 64)
			}
		}
	}
	return weights
})

// lightParts are the parts of a link under which outlets keep sport, show and private lives.
var lightParts = words(`sport sports sportsnation football soccer baseball basketball nfl nba mlb nhl wnba tennis
	cricket golf f1 entertainment entertainment-arts celebrity celebrities gossip showbiz tvshowbiz pagesix page-six tv
	tv-and-radio television movie movies film films music culture lifestyle life-style style fashion royal royals
	people obsessed lottery gaming games video-games unterhaltung panorama leute deportes gente espectaculos cultura
	esporte spettacoli`)

// The log odds that count for an opinion or a headline in another language than English, whose words say nothing here,
// and for a link that leads to sport, show or life.
const (
	unsaid    = 1.0
	lightLink = -4.0
)

// newsiness is how likely an item tells news of public affairs, 0 to 1, by the words and forms of its headline and its
// summary, and by where its outlet keeps it.
func newsiness(it digest.Item) float64 {
	sum := unsaid
	if it.Kind == digest.News && isEnglish(it) {
		sum = 0
		weights := newsyWeights()
		signsOf(it.Title, it.Summary.Plain(), func(sign []byte) { sum += weights[string(sign)] })
	}
	_, path, _ := strings.Cut(it.Link, "://")
	if slices.ContainsFunc(strings.FieldsFunc(strings.ToLower(path), func(r rune) bool { return r == '/' || r == '.' }),
		func(part string) bool { return lightParts[part] || knownAsides().magazines[part] }) {
		sum += lightLink
	}
	return 1 / (1 + math.Exp(-sum))
}

// What a story is worth of which nothing says that it is news, up to which likelihood, and from which on one is worth
// all.
const (
	leastNews  = 0.4
	hardlyNews = 0.1
	surelyNews = 0.6
)

// newsOf is what a story is worth by how newsy its items are.
func newsOf(s digest.Story) float64 {
	sum := 0.0
	for _, it := range s.Items {
		sum += newsiness(it)
	}
	likely := sum / float64(len(s.Items))
	return leastNews + (1-leastNews)*max(0, min(1, (likely-hardlyNews)/(surelyNews-hardlyNews)))
}

// newsyWithin is how many bytes of a summary are read.
const newsyWithin = 200

// signsOf hands the signs of a headline and of its summary to see: words in small letters, with "^" before a text's
// first, and forms, with "#"; "+" is before those of the summary.
func signsOf(title, summary string, see func(sign []byte)) {
	see([]byte("#"))
	n := wordsOf("", title, see)
	form := func(is bool, sign string) {
		if is {
			see([]byte(sign))
		}
	}
	form(n <= 6, "#short")
	form(n >= 13, "#long")
	form(strings.HasSuffix(title, "?"), "#?")
	form(strings.Contains(title, ": "), "#:")
	form(strings.ContainsAny(title, "\"“‘") || strings.Contains(title, " '"), "#“")
	form(strings.ContainsAny(title, "0123456789"), "#0")
	summary = summary[:min(len(summary), newsyWithin)]
	form(summary == "", "+#")
	wordsOf("+", summary, see)
	form(strings.Contains(summary, "?"), "+#?")
	form(strings.ContainsAny(summary, "0123456789"), "+#0")
}

// wordsOf hands the words of a text to see, and counts them.
func wordsOf(mark, text string, see func(sign []byte)) (n int) {
	sign := append(make([]byte, 0, 64), mark...) // a map is asked with bytes, so no word is copied
	end := func() {
		word := bytes.TrimSuffix(bytes.TrimSuffix(sign[len(mark):], []byte("'s")), []byte("'"))
		if len(word) > 0 {
			if sign = sign[:len(mark)+len(word)]; n == 0 {
				see(append([]byte(mark+"^"), word...))
			}
			see(sign)
			n++
		}
		sign = sign[:len(mark)]
	}
	for _, r := range text {
		switch {
		case unicode.IsLetter(r):
			sign = utf8.AppendRune(sign, unicode.ToLower(r))
		case (r == '\'' || r == '’') && len(sign) > len(mark):
			sign = append(sign, '\'')
		default:
			end()
		}
	}
	end()
	return n
}
