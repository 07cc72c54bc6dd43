package curate

import (
	"digestd/digest"
	"digestd/internal/lazyregexp"
)

// light is what a story of sport, show or gossip is worth beside one of public affairs. It is told alike everywhere, so
// that more outlets of it can be joined; whom it is for, it is no worse among its like.
const light = 0.5

// lightPart matches the part of a link under which outlets keep sport, show and private lives.
var lightPart = lazyregexp.New(`(?i)[/.](?:sports?|sportsnation|football|soccer|baseball|basketball|nfl|nba|mlb|nhl|wnba|tennis|cricket|golf|f1|entertainment(?:-arts)?|` +
	`celebrit(?:y|ies)|gossip|showbiz|tvshowbiz|page-?six|tv|tv-and-radio|television|movies?|films?|music|culture|lifestyle|life-style|style|fashion|royals?|people|obsessed|` +
	`lottery|unterhaltung|panorama|leute|deportes|gente|espectaculos|cultura|esporte|spettacoli)[/.]`)

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

// isLight reports whether half of a story's items or more tell of sport, show or private lives, by where their outlets keep them
// or by their headlines.
func isLight(s digest.Story) bool {
	n := 0
	for _, it := range s.Items {
		tells, grave := lightPart.MatchString(it.Link), false
		for _, l := range lexemes(it.Title) {
			tells = tells || lightEnglish[l.folded]
			grave = grave || gravityEnglish[l.folded]
		}
		if tells && !grave {
			n++
		}
	}
	return 2*n >= len(s.Items)
}
