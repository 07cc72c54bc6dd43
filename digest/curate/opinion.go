package curate

import (
	"net/url"
	"strings"

	"digestd/digest"
	"digestd/internal/lazyregexp"
)

// opinionWords are what outlets call their opinion pages, as a category or as a part of the address,
// in the languages that the product is measured in.
var opinionWords = map[string]bool{
	"opinion": true, "opinions": true, "op-ed": true, "oped": true, "op-eds": true, "editorial": true, "editorials": true,
	"commentisfree": true, "debate": true, "commentary": true, "comment": true, "columnist": true, "columnists": true, "column": true, "columns": true,
	"letters to the editor": true, "viewpoint": true, "viewpoints": true, "perspectives": true,
	"tribune": true, "tribunes": true, "chroniques": true, "éditorial": true, "éditos": true, "edito": true, "édito": true, "idees": true, "idées": true, "debats": true, "débats": true,
	"meinung": true, "kommentar": true, "kommentare": true, "kolumne": true, "kolumnen": true, "leitartikel": true, "gastbeitrag": true,
	"opinión": true, "opinión y blogs": true, "tribunas": true, "columna": true, "columnas": true, "columnistas": true, "editoriales": true,
	"opinioni": true, "editoriali": true, "commenti": true, "opinião": true, "opiniao": true, "colunas": true, "colunistas": true, "editoriais": true,
	"رأي": true, "آراء": true, "مقالات": true, "مقالات الرأي": true, "विचार": true, "संपादकीय": true, "राय": true,
	"评论": true, "評論": true, "社论": true, "社評": true, "观点": true, "觀點": true, "社説": true, "オピニオン": true, "コラム": true,
}

// opinionLabel is what stands in front of a title of an opinion page; an analysis may be news.
var opinionLabel = lazyregexp.New(`(?i)^(?:letters?(?: to the editor)?|editorial|opinion|op-ed|column|commentary)(?:: | \| )`)

// columnist is how some papers put the name of who gives an opinion in front of it, "ADA MARSH: …"; newsWord is what
// others put there.
var (
	columnist = lazyregexp.New(`^\p{Lu}[\p{Lu}'’-]+(?: \p{Lu}[\p{Lu}.'’-]*){1,2}: \P{Z}`)
	newsWord  = lazyregexp.New(`\b(?:NEWS|LIVE|BREAKING|UPDATES?|EXCLUSIVE|LATEST|WATCH|VIDEO|REVEALED|REPORT|ALERT|COVID|US|UK|EU|UN|WHO|II|III)\b`)
)

// essay matches what nobody says but whoever writes of themselves: "I moved to a harbour", "My year at sea".
var essay = lazyregexp.New(`^(?:I|I['’](?:m|ve|d)|My) \p{Ll}`)

// kindOf is what an item is: what the config says of its feed, what collect found, an aside, or opinion if its title,
// a category or one of the parts of its address says so.
func kindOf(it digest.Item, feed digest.Kind, asidePaths []string) digest.Kind {
	if feed != digest.News {
		return feed
	}
	if it.Kind != digest.News {
		return it.Kind
	}
	if isAside(it, asidePaths) {
		return digest.Aside
	}
	if opinionLabel.MatchString(it.Title) {
		return digest.Opinion
	}
	if front := columnist.FindString(it.Title); front != "" && !newsWord.MatchString(front) &&
		!shouts(it.Title[len(front):]) {
		return digest.Opinion
	}
	if baseLanguage(it.Language) == "en" && essay.MatchString(it.Title) {
		return digest.Opinion
	}
	for _, c := range it.Categories {
		if opinionWords[strings.ToLower(strings.TrimSpace(c))] {
			return digest.Opinion
		}
	}
	u, err := url.Parse(it.Link)
	if err != nil {
		return digest.News
	}
	parts := strings.Split(strings.ToLower(strings.Trim(u.Path, "/")), "/")
	// The last part is the article's own name, which may well be "editorial".
	for i, part := range parts {
		if i < len(parts)-1 && opinionWords[part] {
			return digest.Opinion
		}
	}
	return digest.News
}
