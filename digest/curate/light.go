package curate

import (
	"slices"
	"strings"
	"unicode"

	"digestd/digest"
)

// light is what a story of sport, show or gossip is worth beside one of public affairs. It is told alike everywhere, so
// that more outlets of it can be joined; whom it is for, it is no worse among its like.
const light = 0.5

// lightParts are the parts of a link under which outlets keep sport, show and private lives.
var lightParts = words(`sport sports sportsnation football soccer baseball basketball nfl nba mlb nhl wnba tennis cricket golf f1 entertainment
	entertainment-arts celebrity celebrities gossip showbiz tvshowbiz pagesix page-six tv tv-and-radio television movie movies film films
	music culture lifestyle life-style style fashion royal royals people obsessed lottery unterhaltung panorama leute deportes gente
	espectaculos cultura esporte spettacoli`)

// lightEnglish are words of headlines that tell of those, and gravityEnglish those beside which they don't.
var (
	lightEnglish = words(`actor actress star co-star singer rapper drummer guitarist bassist comedian celebrity celebrities popstar influencer supermodel
		heartthrob ex-wife ex-husband girlfriend boyfriend fiance fiancee bride divorce dating romance paparazzi royals duchess
		movie film sitcom album sequel trailer emmy emmys oscar oscars grammy grammys box-office blockbuster
		nfl nba mlb nhl wnba ufc nascar quarterback striker midfielder goalkeeper linebacker pitcher outfielder infielder rookie playoffs
		touchdown homer tennis golfer cricketer basketball baseball soccer footballer wrestler grandmaster boxer
		championship championships semifinal semifinals tournament lottery powerball jackpot horoscope`)
	gravityEnglish = words(`killed kills murder murdered shooting shot stampede attack attacks war strike strikes bomb president
		minister senate congress parliament government election tariff tariffs sanctions police court`)
)

// isLight reports whether half of a story's items or more tell of sport, show, private lives or a part of life, by where their
// outlets keep them or by their headlines.
func isLight(s digest.Story) bool {
	n := 0
	for _, it := range s.Items {
		_, path, _ := strings.Cut(it.Link, "://")
		tells := slices.ContainsFunc(strings.FieldsFunc(strings.ToLower(path), func(r rune) bool { return r == '/' || r == '.' }),
			func(part string) bool { return lightParts[part] || knownAsides().magazines[part] })
		grave := false
		for _, w := range strings.FieldsFunc(strings.ToLower(it.Title), func(r rune) bool { return r != '-' && !unicode.IsLetter(r) }) {
			tells, grave = tells || lightEnglish[w], grave || gravityEnglish[w]
		}
		if tells && !grave {
			n++
		}
	}
	return 2*n >= len(s.Items)
}
