package curate

import (
	"strings"
	"sync"
	"unicode"
)

// stopwords are the words of each language that carry its grammar and no news.
var stopwords = map[string]map[string]bool{
	"en": words(`a an the of in on at to for from by with and or but as is are was were be been being am it its this that these those
		his her hers their theirs our ours my your he she they we you i me him them us who whom whose which what how why where when while
		has have had having do does did doing done will would can could may might must shall should not no nor than then so if after before
		over under into onto out up down off about against between amid among during until till again more most new newly say says said saying
		also just only very too such there here all any both each few other some own same through because above below further once per via
		one ones still yet now ever never even much many another since within without toward towards across along around near s t re ve ll d m don didn doesn isn wasn aren couldn wouldn shouldn`),
	"fr": words(`le la les un une des du de d l et ou mais en dans sur sous par pour avec sans à au aux ce cet cette ces son sa ses leur leurs notre nos
		votre vos mon ma mes ton ta tes il elle ils elles on nous vous je tu se qui que quoi dont où quand comme si ne pas plus moins très est sont était
		étaient être été a ont avait avaient avoir fait faire selon après avant entre contre vers chez depuis pendant lors ainsi aussi encore toujours
		déjà cela ça tout tous toute toutes même autre autres y quel quelle quels quelles pourquoi comment face c j n s t m qu`),
	"de": words(`der die das den dem des ein eine einen einem einer eines und oder aber in im an am auf aus bei beim bis durch für gegen mit nach ohne seit
		um unter von vom vor zu zum zur über zwischen ist sind war waren wird werden wurde wurden sein hat haben hatte hatten kann können will wollen
		soll sollen muss müssen darf nicht kein keine keinen mehr sehr auch noch nur schon so wie was wer wo wann warum dass ob wenn als er sie es wir
		ihr ich man sich seine seiner seinen ihre ihrer ihren unser diese dieser dieses diesen jetzt nun doch immer wieder laut nach trotz wegen alle alles`),
	"es": words(`el la los las un una unos unas de del y e o u pero en a al con sin por para sobre entre contra desde hasta hacia según tras ante bajo
		que quien quienes cual cuales cuyo cuando como donde si no ni más menos muy ya también aún todavía es son era eran fue fueron ser sido está están
		ha han había hay se su sus lo le les me te nos mi mis tu tus este esta estos estas ese esa esos esas esto eso aquel todo todos toda todas otro otra otros otras porque qué cómo dónde cuándo`),
	"it": words(`il lo la i gli le un uno una di del dello della dei degli delle a al allo alla ai agli alle da dal dallo dalla dai dalle in nel nello nella
		nei nelle su sul sullo sulla sui sulle con per tra fra e ed o ma che chi cui come dove quando se non più meno anche ancora già è sono era erano
		essere stato stata stati ha hanno aveva si suo sua suoi sue loro questo questa questi queste quello quella dopo prima contro senza verso ecco perché cosa l d all dell nell un dall sull`),
	"pt": words(`o a os as um uma uns umas de do da dos das e ou mas em no na nos nas ao aos à às com sem por pelo pela pelos pelas para sobre entre contra
		desde até após que quem qual quais quando como onde se não mais menos muito já também ainda é são era eram foi foram ser sido está estão tem têm
		há seu sua seus suas lhe este esta estes estas esse essa isso isto aquele todo todos toda todas outro outra outros porque diz`),
	"nl": words(`de het een en of maar in op aan bij tot uit van voor met naar om over onder tussen tegen door na te is zijn was waren wordt worden werd
		heeft hebben had kan kunnen wil moet niet geen meer ook nog al zo als dat die dit deze wie wat waar wanneer hoe er hij zij ze we ik je hun haar`),
	"ar": words(`في من على إلى الى عن مع بعد قبل بين حتى منذ خلال ضد دون حول عند لدى أن ان إن أو او و ثم لكن بل لا لم لن ما هل قد هو هي هم هذا هذه ذلك تلك
		التي الذي الذين كان كانت يكون كل بعض غير أي كما إذا اذا بسبب عبر نحو أمام وفق`),
	"hi": words(`के का की को में से पर ने और या लेकिन कि है हैं था थी थे हो होगा होगी होंगे हुआ हुई हुए कर करने किया किए करेंगे गया गई गए जा रहा रही रहे यह वह ये वे इस उस
		इन उन जो तो भी ही नहीं न तक बाद पहले साथ लिए एक अब कहा बोले बताया द्वारा वाला वाले वाली अपने अपनी अपना क्या क्यों कैसे`),
}

// words is a list of words as a set, in the form that fold gives them.
func words(list string) map[string]bool {
	set := make(map[string]bool)
	for _, w := range strings.Fields(list) {
		set[fold(w)] = true
	}
	return set
}

// languageOf is the language (its first subtag) by whose rules a text is taken apart: what the feed
// declares if there are rules for it and the script agrees, else the one of whose small words the
// text has most; English where nothing tells. What is an everyday word of English too tells nothing: "war", "met".
func languageOf(declared string, folded []string, script *unicode.RangeTable) string {
	base := baseLanguage(declared)
	switch script {
	case unicode.Arabic:
		return "ar"
	case unicode.Devanagari:
		return "hi"
	case unicode.Latin:
	default:
		return ""
	}
	if _, ok := stopwords[base]; ok {
		return base
	}
	if base != "" {
		return ""
	}
	var votes [len(latinLanguages)]int
	for _, w := range folded {
		for set, i := smallWords()[w], 0; set != 0; set, i = set>>1, i+1 {
			votes[i] += int(set & 1)
		}
	}
	best := 0
	for i, n := range votes {
		if n > votes[best] {
			best = i
		}
	}
	return latinLanguages[best]
}

// latinLanguages are the languages among which small words decide; the first wins ties.
var latinLanguages = [...]string{"en", "fr", "de", "es", "it", "pt", "nl"}

// smallWords tells for a small word in which of them it is one, or is an everyday word of English, a bit for each.
var smallWords = sync.OnceValue(func() map[string]uint8 {
	out := make(map[string]uint8)
	for i, language := range latinLanguages {
		for w := range stopwords[language] {
			out[w] |= 1 << i
		}
	}
	for w := range out {
		if english().common[english().stem(w)] {
			out[w] |= 1
		}
	}
	return out
})
