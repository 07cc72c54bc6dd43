package curate

import (
	"net/url"
	"slices"
	"strings"
	"unicode"

	"digestd/digest"
	"digestd/internal/lazyregexp"
)

// asideTitle matches headlines of what is published every day whatever happened, or tells all at once: live pages,
// briefings, galleries, hints where to watch, offers, horoscopes, gossip. Each form is one that outlets use as a label,
// since the same words may be the news ("live ammunition", "a briefing of the council", "the gallery reopens").
var asideTitle = lazyregexp.New(`(?i)` + strings.Join([]string{
	`\blive (?:\w+ ){0,3}(?:updates?|blog|coverage|ticker)\b`, `^[^\pL\pN]*live(?: updates?| results)?[:!|]`, `[-–|:] ?(?:[\w'’]+ ){0,3}live$`, `\bas it happened\b`, `\bupdates live\b|\blive updates\b`,
	`\blive ?blog\b|\bnewsblog\b|\bliveticker\b|^\+\+\+|\ben direct\b *[:|]|^en direct\b|^en vivo\b|\bin diretta\b|^ao vivo\b|^direct[.:]`,
	`^[^\pL\pN]*(?:[\w'’.-]+ ){1,4}(?:live|latest|updates?|newsletter): `, `^\d+/\d+(?:/\d+)?: `,
	`^here['’]s (?:the latest|what (?:to|you need to) know)\PL*$`, `\bmore top headlines\b`, `\bnews brief$`, ` for \pL+ \d{1,2}, \d{4}$`, `^what you need to know\b.*\b(?:today|right now|this week)$`, `^(?:first thing|news wrap|(?:the )?week in \pL+): `,
	`\b(?:latest news from around the world|latest (?:news and )?updates|news and updates|live (?:\w+ )?news)\b`,
	`^(?:(?:the|your) )?(?:\w+ )?(?:morning|midday|afternoon|evening|weekend|daily|monday|tuesday|wednesday|thursday|friday|saturday|sunday) briefing\b`,
	`\b(?:morning|evening|weekend|monday|tuesday|wednesday|thursday|friday|saturday|sunday) briefing$`,
	`\bweek['’]s top (?:reads|stories)\b|^icymi:|\b(?:morning|evening) update as\b|^(?:morning|evening|midday) update\b`,
	`\byou (?:shouldn['’]t|should not|may have|might have|need not) miss(?:ed)?\b|\bin case you missed\b|\b(?:five|5|six|6|seven|7|ten|10) things (?:to know|you need)\b`,
	`^(?:the )?papers:|\bwhat the papers say\b|\bnewspaper headlines\b|^on politics:|^today['’]s (?:papers|front pages)\b`,
	`\bin (?:pictures|photos|images)\b|\b(?:pictures|photos|images|videos) of the (?:day|week|year)\b|^(?:photos|pictures|gallery|watch|watch live|video|podcast|listen): |\ben images\b|\ben imágenes\b|\bbilder des tages\b`,
	`\b(?:how|where) to (?:watch|stream|livestream)\b|^what time (?:is|does|do)\b|\b(?:game|episode \d+|finale) recap\b|\bbest (?:new )?(?:\w+ and )?(?:movies|films|shows|series) (?:streaming|to (?:watch|stream))\b`,
	`\bhoroscopes?\b|\bhoroskop\b|\bhoróscopo\b|\boroscopo\b|\bquiz of the\b|\b(?:news|weekly) quiz\b|\bcrossword\b|\bsudoku\b|\bwordle (?:today|hints?|answer)\b`,
	`\bnews you missed\b|^(?:the )?(?:best|most \w+) (?:photos|pictures|images) (?:of|from)\b|\bis (?:just |only |now )?[$£€]\d+(?:\.\d\d)? off\b`,
	`\b(?:best|top|hot) deals?\b|\bdeals? (?:of the day|under [$£€]\d)|\bcoupons?\b|\bpromo codes?\b|\bprime day\b|\b(?:black friday|cyber monday) deals?\b|\bsave (?:up to )?[$£€]?\d+%? (?:off|on)\b|\bgift guide\b`,
	`\brecap and review\b|\b(?:premiere|finale|season \d+|episode \d+)\b.{0,20}\breview\b|\bending explained\b|^open thread\b|^(?:today in|this day in|on this day in) [^:]{3,40}: |\blive (?:\w+ ){1,2}results\b|^[^.]{10,90}\. and, \pL`,
	`\blivestream:|\bnewsticker\b|\bticker:|^(?:bilder|fotos) (?:der woche|aus)\b|\bfotostrecke\b|\bbildergalerie\b|^die lage am\b|\bwas heute wichtig (?:ist|wird)\b|^das wichtigste am\b`,
	`\bminute par minute\b|\bles titres de l['’]actualité\b|\bl['’]essentiel de l['’]actu|\bce qu['’]il faut retenir\b|\bdiaporama\b|\bbons? plans?\b *:|\bcode promo\b|^revue de presse\b|\bmots croisés\b`,
	`\bminuto a minuto\b|\ben (?:vivo|directo)(?:[:|,]|$)|^última hora\b|\bfotogaler[ií]a\b|\bcrucigrama\b|\blas portadas de\b|\bqué (?:debes|hay que) saber (?:hoy|este)\b`,
	`^(?:la )?diretta\b *[:|,]|\bfotogallery\b|\brassegna stampa\b|^le notizie (?:di oggi|del giorno|principali)\b|\bao vivo(?:[:|,]|$)|\bem direto(?:[:|,]|$)|\bem (?:imagens|fotos)\b *[:|]|\bpalavras cruzadas\b`,
	`^live(?:blog)? \||\bin beeld\b *[:|]|^(?:dit is )?het nieuws van\b|\bhoroscoop\b|\brelacja (?:na żywo|live)\b|\bna żywo(?:[:|,]|$)|\bminuta po minucie\b|\bkrzyżówk`,
	`^【(?:ライブ|速報中|動画|写真|まとめ|クイズ)[^】]*】|ライブ(?:配信|中継|ブログ)|写真で見る|フォトギャラリー|写真特集|今日の運勢|星座占い|クロスワード|【写真】|^라이브:|오늘의 운세`,
	`^(?:\w+day['’]s )?(?:transfer )?gossip:|\bgossip:|\btransfer rumou?rs\b|\bcelebrity news\b`,
}, "|"))

// asideTriggers are pieces of text of which each title has one that asideTitle matches. Nearly no title has any, and
// looking for them is far cheaper.
var asideTriggers = []string{"live", "/", "here's", "here’s", "headlines", "news brief", ", 20", "need to know", "newsletter", "first thing", " off", "news wrap", "week in ", "happened", "blog", "ticker", "+++", "direct", "vivo", "diretta", "ao vivo",
	"latest", "update", "top reads", "top stories", "icymi", "briefing", " miss", "things",
	"to watch", "to stream", "to livestream", "what time", " recap", " streaming", "papers", "politics:", "front pages", "pictures", "photos", "videos", "images", "imágenes", "bilder", "gallery", "watch:", "video:", "podcast", "listen:",
	". and, ", "open thread", "today in", "day in", "review", "explained", "fotos", "fotostrecke", "galerie", "die lage", "was heute", "das wichtigste", "minute par", "titres", "l'essentiel", "l’essentiel", "retenir",
	"diaporama", "plan", "revue de", "mots crois", "minuto", "directo", "última hora", "fotogal", "crucigrama", "portadas", "saber", "rassegna", "le notizie", "em direto",
	"em imagens", "em fotos", "palavras", "in beeld", "het nieuws van", "relacja", "żywo", "minuta po", "krzyż", "ライブ", "速報", "動画】", "写真", "フォト", "まとめ", "クイズ", "運勢", "占い",
	"クロスワード", "라이브", "운세",
	"scop", "skop", "quiz", "crossword", "sudoku", "wordle", "deal", "coupon", "promo", "prime day", "save ", "gift", "gossip", "rumo", "celebrity"}

// asideParts are parts of links under which nothing but such pieces stands.
var asideParts = phrases(`gallery|galleries|in-pictures|horoscope|horoscopes|deals|coupons|underscored|cnn-underscored|quiz|quizzes|crosswords|
	podcasts|podcast|audio|newsletters|newsletter|briefing|morning-briefing|evening-briefing|photos|slideshow|gossip|gaming-deals|
	fotostrecke|fotostrecken|bildergalerie|bildergalerien|horoskop|horoskope|horoskopy|gewinnspiele|raetsel|newsticker|
	diaporama|diaporamas|portfolio|bons-plans|bon-plan|code-promo|mots-croises|guide-d-achat|revue-de-presse|
	fotogaleria|fotogalerias|horoscopo|horóscopo|pasatiempos|escaparate|chollos|loterias|crucigramas|
	fotogallery|oroscopo|giochi|rassegna-stampa|passatempos|palavras-cruzadas|fotoserie|fotoseries|in-beeld|puzzels|horoscoop|
	galerie-zdjec|quizy|krzyzowki|okazje|uranai|fortune`)

// liveParts are parts of links under which live pages stand. The single entries of those stand one level deeper: they
// are news.
var liveParts = phrases(`live|live-news|liveblog|live-blog|livenews|live-updates|liveticker|newsblog|direct|en-direct|directo|en-directo|en-vivo|
	minuto-a-minuto|diretta|dirette|ao-vivo|aovivo|em-direto|na-zywo|relacje-na-zywo|relacja-na-zywo`)

// isAside reports whether an item is no news. paths are further parts of links that say so, as "sport".
func isAside(it digest.Item, paths []string) bool {
	low := strings.ToLower(it.Title)
	if slices.ContainsFunc(asideTriggers, func(trigger string) bool { return strings.Contains(low, trigger) }) &&
		asideTitle.MatchString(it.Title) {
		return true
	}
	u, err := url.Parse(it.Link)
	if err != nil {
		return false
	}
	parts := strings.Split(strings.ToLower(strings.Trim(u.Path, "/")), "/")
	for i, part := range parts[:len(parts)-1] {
		below := slices.DeleteFunc(slices.Clone(parts[i+1:]), datePart.MatchString)
		if asideParts[part] || slices.Contains(paths, part) ||
			liveParts[part] && (len(below) == 1 || strings.HasPrefix(below[len(below)-1], "index.")) {
			return true
		}
	}
	return false
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

// nameParting is what stands between a headline and the outlet's name.
var nameParting = lazyregexp.New(` (?:[|–—:·]|-|::) `)

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
	u, err := url.Parse(link)
	if err != nil {
		return nil
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	parts = parts[:min(len(parts)-1, 2)]
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
