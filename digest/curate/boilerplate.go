package curate

import (
	"strings"
	"sync"
	"unicode"

	"digestd/digest"
	"digestd/internal/lazyregexp"
)

// boilerplate is what agencies, editorial systems and plug-ins put into summaries and no reporter
// wrote. What begins in ^ stands only at the beginning, what ends in $ only at the end, since the same
// words in the middle may be the story.
var boilerplate = sync.OnceValue(func() sieve {
	return newSieve([]string{
		// WordPress in its languages.
		`\s*\bthe post\b.{1,300}?\b(?:appeared first|first appeared)\b on\b.{1,120}$`,
		`\s*\bder beitrag\b.{1,300}?\berschien zuerst auf\b.{1,120}$`,
		`\s*\bl[’']article\b.{1,300}?\best apparu en premier sur\b.{1,120}$`,
		`\s*\bla entrada\b.{1,300}?\b(?:se publicó primero en|apareció primero en)\b.{1,120}$`,
		`\s*\bo post\b.{1,300}?\bapareceu primeiro em\b.{1,120}$`,
		`\s*\bl[’']articolo\b.{1,300}?\b(?:proviene da|sembra essere il primo su)\b.{1,120}$`,
		// Where a text comes from.
		`\s*[(\[]?\bwith (?:additional )?inputs? from [^.)\]]{1,80}[)\]]?\.?\s*$`,
		`\s*[(\[]?\bthis (?:story|article|report|copy|headline)[^.]{0,60} (?:has not been|was not|has been|was|is) (?:edited|auto-?generated|generated|produced|published|sourced|syndicated|created|written)\b[^.)\]]{0,200}\.?[)\]]?`,
		`\s*[(\[]?\b(?:this|the) (?:image|picture|photo|illustration)[^.]{0,40} (?:is|was|has been) (?:ai|artificially|generated|created|made|for representation|used for representation)\b[^.)\]]{0,200}\.?[)\]]?`,
		`\s*[(\[]?\b(?:ai-generated|representational|representative|file) (?:image|photo|picture)\b[^.)\]]{0,80}[.)\]]?\s*$`,
		`\s*[(\[]?\breporting by [^.;)]{2,160}(?:; ?[^.)]{2,200})?\.?[)\]]?\s*$`,
		`\s*[(\[]?\b(?:image|photo|photograph|picture|foto|bild)(?: credit| courtesy|nachweis)?s?: ?[^.]{2,100}\.?\s*$`,
		`^.{0,300}(?:[/|;—–-] ?|\bvia )getty images[.)]?\s+`,
		`^[—|] ?[^.|—]{2,60}—(?-i:AP|AFP|Reuters|Pool)\s+`,
		`\s*(?:©|\(c\)|\bcopyright\b) ?(?:©|\(c\))? ?\d{4}\b.{0,150}$`,
		`\s*\ball rights reserved\b\.?.{0,60}$`,
		// What the reader is to do.
		`\s*[\[(]?\b(?:continue reading|read more|read on|keep reading|read (?:the )?full (?:story|article)|click here(?: to [^.]{1,60})?|view (?:the )?(?:full )?(?:article|entire post)|weiterlesen|mehr lesen|lire la suite|lire plus|seguir leyendo|leer más|continua a leggere|leggi tutto|leia mais|continue lendo)\b[^.!?]{0,80}[.!]?[\])]?[\s.…»›→>]*$`,
		`\s*(?:اقرأ المزيد|और पढ़ें|आगे पढ़ें|阅读全文|閱讀全文|続きを読む)[\s.…»›→>]*$`,
		`\s*\b(?:you can )?(?:subscribe to|sign up (?:for|to)|follow us on|follow @|download (?:our|the) app|join our|get the latest)\b[^.!?]{0,150}[.!]?\s*$`,
		`^[^\pL]*(?:subscribe to|sign up (?:for|to)) [^.!?]{1,240}[.!?]\s*`,
		`^(?:warning:? )?(?:graphic|distressing|disturbing) (?:content|footage|images?)[:.!]? `,
		`^[^\pL]*(?:a version of )?this (?:(?:story|article|post) (?:was )?(?:originally |first )?(?:appeared|published|ran|featured)|is an edition) (?:in|of|on|by) [^.!?]{1,240}[.!?](?: (?:subscribe|sign up|to get it in your inbox)[^.!?]{0,60}(?:[.!]|$))?\s*`,
		// What only says that there is more, as a sentence, and labels of standfirsts.
		`(?:^|[.!?…]["”’)]?\s)((?:here['’]s|here is|here are) (?:what|why|how|where|who|when|everything|a look|more)\b(?:[^.!?]|\.\d){0,160}(?:[.!?]+(?:\s+|$)|$))`,
		`(?:^|[.!?…]["”’)]?\s)((?:das (?:müssen|sollten) sie|was sie (?:jetzt )?wissen|ce qu['’]il faut (?:savoir|retenir)|voici ce qu|esto es lo que|lo que (?:debes|hay que) saber|ecco (?:cosa|tutto)|veja o que|entenda o que|saiba (?:mais|o que)|dit (?:weten we|moet je weten))(?:[^.!?]|\.\d){0,160}(?:[.!?:]+(?:\s+|$)|$))`,
		`^((?:in summary|key points|key takeaways|at a glance|das wichtigste in kürze|auf einen blick|en resumen|in sintesi|em resumo|in het kort|w skrócie)(?: ?[:–—-]+)? )(?-i:\p{Lu}|\d|["'“‘«])`,
		`^((?:summary|in brief|in short|overview|highlights|tl;?dr|listen|watch|video|audio|note|abstract|exclusive|breaking(?: news)?|zusammenfassung|kurz erklärt|en bref|résumé|l['’]essentiel|resumen|claves|in breve|sommario|resumo|samenvatting|要旨|概要|摘要|ملخص|सारांश) ?(?:[:：|]|--|[–—]) ?)`,
		`^((?-i:` + opinionCaps + `) ?[:.|]?\s+)(?-i:\p{Lu}|["“‘])`,
		`(?:^|[.!?…]["”’)]?\s)((?:(?:additional |photo )?(?:illustrations?|animations?|photos?|photographs?|images?|graphics?|videos?|collages?|art) by [^.!?]{3,90}|source images?: [^.!?]{3,200})(?:\.\s+|\.?$))`,
		`^(?:.{10,420}? )?—(?-i:\p{Lu})[^.]{0,80}?\b(?:getty images|universal images group|ap|afp|reuters|bloomberg|anadolu|epa|alamy|shutterstock|imagn)(?:(?: via |[—/ ]+)getty images)?\.?\s+`,
		`^((?:photo illustration by )?[\pL\d .'’-]{3,60}(?:(?: ?/ ?[\pL\d .’-]{2,40}){0,4}(?: ?/ ?|\bvia )(?:getty|reuters|ap|afp|alamy|imagn|wireimage)|(?: ?/ ?[\pL\d .’-]{2,40}){1,4}, getty)(?: im?a?g?e?s?| connect)?(?: ?/ ?[\pL ]{2,30}| via [\pL ]{2,30})??\.? )(?-i:\p{Lu})`,
		`^(?:data|sources?): [^;.]{2,80} ?; ?(?:chart|map|graphic|table|visual)s?: (?-i:\p{Lu}[\pL .'’-]{2,40}/ ?\p{Lu}\pL+)\s+`,
		`^[(\[]?(?:l-r|l to r|from left|from top|clockwise from|pictured)\b[^.]{2,200}?(?:—(?-i:\p{Lu}[\pL]+ \p{Lu}[\pL]+\.)|\.)(?:\s+|$)`,
		`(?:^|[.!?…]["”’)]?\s)(this (?:article|story|post) is (?:also )?available in \pL+\. (?:(?:read it|read more|click) (?:here|in \pL+) ?\.?\s*)?)`,
		`\s*(?:\bfollow (?:our|the) [^.!?]{0,60}\blive(?: ?blog)?\b[^.!?]{0,30}\bupdates\b|\bget our (?:breaking news|news|free|morning)\b[^.!?]{0,60}\b(?:podcast|app|email|newsletter)\b|(?-i:[A-Z][A-Za-z ]{2,25}) live [–-] latest updates\b)(?:…|\.{3})?`,
		`^\s*advertisement\b[\s:.-]*|\s*\badvertisement\s*$`,
		`\s*\b(?:comments? url|article url|# comments): ?\S+\s*$`,
		`,? \(?opens (?:in )?(?:a )?new (?:tab|window)\b\)?`,
		// Links to other pieces in the place of a summary.
		`^\s*[•▪►][^•▪►]{0,110}(?:[•▪►][^•▪►]{0,110})*$`,
		// When and by whom, in front of the first sentence.
		`^\s*(?:updated:? )?(?:january|february|march|april|may|june|july|august|september|october|november|december) \d{1,2}, \d{4},? \d{1,2}:\d{2} ?[ap]\.?m\.?\s+`,
		`^\s*(?:(?:(?-i:\p{Lu}{3}[^().]{0,60})|\pL{3,9}\.? \d{1,2}) \()?(?-i:\(?(?:Reuters|AP|AFP|CNN|PTI|ANI|IANS|UPI|EFE|ANSA|dpa|Xinhua)\)?)\s*(?:--|[-–—:])\s*`,
		`^\s*(?-i:\p{Lu}[\p{Lu} .,'’/-]{2,50})(?:,? \pL{3,9}\.? \d{1,2})?\s*\([^)]{2,30}\)\s*(?:--|[-–—:])\s*`,
		`^\p{Han}{2,8}\d{1,2}月\d{1,2}日[电電讯訊]\s*`,
		`^\s*(?-i:\p{Lu}[\p{Lu} .,'’-]{4,40}?)(?:,? (?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.? \d{1,2})?\s+(?:--|[-–—])\s+`,
	})
})

// cutEllipsis is how WordPress shows that it cut a summary.
var cutEllipsis = lazyregexp.New(`\s*\[\s*(?:…|\.\.\.)\s*\]\s*$`)

// CleanSummary drops from a summary what is not the outlet's telling of the story: "With inputs from
// agencies", "This image is AI-generated", "The post … appeared first on …". Marks are kept.
func CleanSummary(t digest.Text) digest.Text {
	plain := t.Plain()
	known, begin := boilerplate(), plain
	// What is dropped may uncover what now stands at an end; no summary has more layers than two.
	for range 2 {
		before := len(plain)
		for _, i := range known.candidates(plain) {
			if found := known.match(i, plain); found != nil {
				t = t.Without(found[0], found[1])
				plain = t.Plain()
			}
		}
		if len(plain) == before {
			break
		}
	}
	if !strings.ContainsFunc(plain, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
		return nil
	}
	t = withSpaces(t)
	if !strings.HasPrefix(begin, plain[:min(len(plain), 8)]) {
		t[0].S = capitalized(t[0].S)
	}
	if !strings.HasSuffix(plain, "]") {
		return t
	}
	if found := cutEllipsis.FindStringIndex(t.Plain()); found != nil {
		t = append(t.Without(found[0], found[1]), digest.Span{S: "…"})
	}
	return t
}
