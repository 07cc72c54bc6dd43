package curate

import (
	"slices"
	"strings"
	"unicode"

	"digestd/digest"
	"digestd/internal/lazyregexp"
)

// opinionWords are what outlets call their opinion pages, as a category or as a part of the address,
// in the languages that the product is measured in.
var opinionWords = phrases(`opinion|opinions|op-ed|oped|op-eds|ideas|essay|essays|first-person|guest-commentary|contributors|editorial|editorials|commentisfree|debate|commentary|comment|columnist|columnists|column|
	columns|letters to the editor|viewpoint|viewpoints|perspectives|guest-essay|
	tribune|tribunes|chronique|chroniques|éditorial|éditoriaux|editoriaux|éditos|editos|edito|édito|idees|idées|idees-debats|debats|débats|point-de-vue|points-de-vue|
	billet|billets|libres-propos|
	meinung|meinungen|kommentar|kommentare|kolumne|kolumnen|leitartikel|gastbeitrag|gastbeitraege|gastkommentar|glosse|standpunkt|debatte|debatten|
	opinión|opinión y blogs|tribuna|tribunas|columna|columnas|columnistas|editoriales|cartas-al-director|firmas|
	opinioni|opinione|editoriale|editoriali|commenti|commento|lettere|opinião|opiniao|coluna|colunas|colunista|colunistas|editoriais|crónicas|cronicas|
	opinie|opinies|columnisten|commentaar|ingezonden-brieven|felieton|felietony|komentarze|komentarz|publicystyka|
	رأي|آراء|مقالات|مقالات الرأي|विचार|संपादकीय|राय|评论|評論|社论|社評|观点|觀點|社説|論説|オピニオン|コラム|天声人語|shasetsu|사설|칼럼|오피니언`)

// phrases is a set of what stands between the bars of a list.
func phrases(list string) map[string]bool {
	set := make(map[string]bool)
	for phrase := range strings.SplitSeq(list, "|") {
		set[strings.TrimSpace(phrase)] = true
	}
	return set
}

// opinionLabel is what stands in front of a title of an opinion page; an analysis may be news.
var opinionLabel = lazyregexp.New(`(?i)^(?:(?:letters?(?: to the editor)?|editorial|opinion|op-ed|(?:guest )?column|commentary|contributor|guest essay|` +
	`kommentar|gastkommentar|meinung|leitartikel|kolumne|gastbeitrag|glosse|tribune|éditorial|édito|chronique|billet|point de vue|` +
	`opinión|tribuna|columna|editoriale|commento|l['’]opinione|opinião|coluna|crónica|opinie|commentaar|ingezonden|opinia|komentarz|felieton) ?(?:: |\. | \| )|` +
	`[【<＜\[(（]?(?:社説|論説|オピニオン|コラム|天声人語|사설|칼럼|社论|社評)[】>＞\])）:：・　 ])`)

// opinionCaps is how some papers label a summary, and opinionBegins finds it.
const opinionCaps = `OPINION|COMMENT|COMMENTARY|EDITORIAL|COLUMN|KOMMENTAR|MEINUNG|TRIBUNE|CHRONIQUE|OPINIÓN|COMMENTO|OPINIÃO|OPINIE`

var opinionBegins = lazyregexp.New(`^(?:` + opinionCaps + `)\b[:.]? `)

// columnist is how some papers put the name of who gives an opinion in front of it, "ADA MARSH: …"; newsWord is what
// others put there.
var (
	columnist = lazyregexp.New(`^\p{Lu}[\p{Lu}'’-]+(?: \p{Lu}[\p{Lu}.'’-]*){1,2}: \P{Z}`)
	newsWord  = lazyregexp.New(`\b(?:NEWS|JUST|SCOOP|URGENT|ALERT|LIVE|BREAKING|UPDATES?|EXCLUSIVE|LATEST|WATCH|VIDEO|REVEALED|REPORT|COVID|US|UK|EU|UN|WHO|II|III)\b`)
)

// isName reports whether words in capitals are a name, and not "READ THE PAPERS".
func isName(front string) bool {
	name, _, _ := strings.Cut(strings.ToLower(front), ":")
	return !newsWord.MatchString(front) && !slices.ContainsFunc(strings.Fields(name), func(word string) bool { return callWords[word] })
}

// callWords are what outlets put in front in capitals, too.
var callWords = words("the a an of to in on see read watch listen look full list text photos pictures confidential tv pay map")

// saidBy matches who says what stands in front of it: "I won't go: keeper stays".
var saidBy = lazyregexp.New(`: \p{Lu}[\pL'’-]+(?: \p{Lu}[\pL'’-]+)* \p{Ll}+(?:s|ed)\b`)

// essay matches what nobody says but whoever writes of themselves: "I moved to a harbour", "My year at sea".
var essay = lazyregexp.New(`^(?:(?:I|I['’](?:m|ve|d)|My) \p{Ll}|I (?:Did|Was|Tried|Moved|Quit|Paid|Spent|Asked|Went|Bought|Made|Took|Used|Visited) )`)

// kindOf is what an item is: what the config says of its feed, what collect found, an aside, or opinion if its title,
// a category or one of the parts of its address says so.
func kindOf(it digest.Item, feed digest.Kind, asidePaths []string) digest.Kind {
	if feed != digest.News {
		return feed
	}
	if it.Kind != digest.News {
		return it.Kind
	}
	if asideOf(it, asidePaths) != "" {
		return digest.Aside
	}
	if opinionLabel.MatchString(it.Title) || opinionBegins.MatchString(it.Summary.Plain()) {
		return digest.Opinion
	}
	if tail := authorTail.FindString(it.Title); tail != "" &&
		(opinionWords[strings.ToLower(tail[3:])] || it.Author != "" && lettersOf(tail) == lettersOf(it.Author)) {
		return digest.Opinion
	}
	if front, _, ok := strings.Cut(it.Title, ": "); ok && strings.HasSuffix(it.Author, " "+front) { // "Marsh: Cranes must move"
		return digest.Opinion
	}
	if front := columnist.FindString(it.Title); front != "" && isName(front) && !shouts(it.Title[len(front):]) {
		return digest.Opinion
	}
	if essay.MatchString(it.Title) && !saidBy.MatchString(it.Title) && isEnglish(it) || speaksOfSelf(it) {
		return digest.Opinion
	}
	for _, c := range it.Categories {
		if opinionWords[strings.ToLower(strings.TrimSpace(c))] {
			return digest.Opinion
		}
	}
	if isUnder(it.Link, opinionWords) { // the article's own name may well be "editorial"
		return digest.Opinion
	}
	return digest.News
}

// isEnglish reports whether an item is in English, by what its feed says or else by its small words.
func isEnglish(it digest.Item) bool {
	declared := baseLanguage(it.Language)
	return declared == "en" || declared == "" &&
		languageOf("", strings.Fields(strings.ToLower(it.Text())), unicode.Latin) == "en"
}

var (
	quoted = lazyregexp.New(`“[^”]*”?|"[^"]*"?|‘[^’]*(?:’\pL+[^’]*)*’?|(?:^|\s)'[^']*(?:'\pL+[^']*)*'?`)
	// self is who writes, and no king, war or phase of that number.
	self = lazyregexp.New(`(?:^|(?:^|\s)\p{Ll}[\p{Ll}'’]* |[,;:.?!–—] )I(?:['’](?:m|ve|d|ll))? \p{Ll}{2,}`)
)

// selfWithin is how many bytes of a summary tell who writes: what is read of it, and no interview below.
const selfWithin = 280

// speaksOfSelf reports whether a summary in English says "I" outside of quotations and transcripts: no report does.
func speaksOfSelf(it digest.Item) bool {
	plain := it.Summary.Plain()
	plain = strings.ToValidUTF8(plain[:min(len(plain), selfWithin)], "")
	if !strings.Contains(plain, "I ") && !strings.Contains(plain, "I'") && !strings.Contains(plain, "I’") {
		return false
	}
	return !strings.Contains(plain, "ranscript") && self.MatchString(quoted.ReplaceAllString(plain, "")) && isEnglish(it)
}
