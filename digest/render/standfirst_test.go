package render

import (
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"digestd/digest"
)

func TestStandfirst(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text       string
		sentences, chars int
		want             string
	}{
		{"all of a short text", "Ports reopened.", 3, 300, "Ports reopened."},
		{"so many sentences", "One came. Two came. Three came.", 2, 300, "One came. Two came."},
		{"so many characters", "One came. Two came. Three came.", 3, 20, "One came. Two came."},
		{"no full stop at the end", "Ports reopened after a strike", 3, 300, "Ports reopened after a strike"},
		{"a long first sentence stays whole", "Ports along the coast reopened. Two came.", 3, 24, "Ports along the coast reopened."},
		{"a far too long one ends at a word", "Ports along the coast, long shut, reopened this very morning at dawn.", 3, 22, "Ports along the coast…"},
		{"or where a clause ends near", "Ports along the coast reopened, and ferries that had stood still sail again.", 1, 37, "Ports along the coast reopened…"},
		{"also where a word ends at the limit", "Ports along the coast reopened, and ferries sail.", 1, 35, "Ports along the coast reopened, and ferries sail."},
		{"and the sentence is too long", "Ports along the coast reopened, and ferries that had stood still sail again.", 1, 35, "Ports along the coast reopened…"},
		{"but not far", "Ports, and ferries that had stood still for months, sail again from today on.", 1, 30, "Ports, and ferries that had…"},
		{"titles", "Dr. Imke Aro met Gov. Lund. They spoke.", 1, 300, "Dr. Imke Aro met Gov. Lund."},
		{"ranks and offices", "Adm. Imke Aro met Dist. Atty. Lund. They spoke.", 1, 300, "Adm. Imke Aro met Dist. Atty. Lund."},
		{"sums", "Repairs cost Rs. 450 crore. It rained.", 1, 300, "Repairs cost Rs. 450 crore."},
		{"cases", "It is Marsh v. Lund. They spoke.", 1, 300, "It is Marsh v. Lund."},
		{"firms", "Marsh Bros. Pictures paid Lund Bros. The court met.", 1, 300, "Marsh Bros. Pictures paid Lund Bros."},
		{"an initial that counts pages", "P. Aro came. See p. 10 of it.", 1, 300, "P. Aro came."},
		{"a mark in brackets", "Six (!) Cranes fell. It rained.", 1, 300, "Six (!) Cranes fell."},
		{"initials", "It was J. K. Aro. They spoke.", 1, 300, "It was J. K. Aro."},
		{"countries in capitals", "The U.S. Senate met. It voted.", 1, 300, "The U.S. Senate met."},
		{"what shows nothing behind a stop", "The U.S. \u200cand Aldmere met. They voted.", 1, 300, "The U.S. \u200cand Aldmere met."},
		{"countries at an end", "He left the U.S. The court met.", 1, 300, "He left the U.S."},
		{"decimals", "Rates rose by 2.5 per cent. Shares fell.", 1, 300, "Rates rose by 2.5 per cent."},
		{"numbers", "No. 10 was silent. It rained.", 1, 300, "No. 10 was silent."},
		{"a quote closes behind the stop", "“We won.” They sang.", 1, 300, "“We won.”"},
		{"a question", "Who won? They sang.", 1, 300, "Who won?"},
		{"dots for a pause", "They waited... and left. It rained.", 1, 300, "They waited... and left."},
		{"broken off by the feed", "Ports reopened. The deal raises night…", 3, 300, "Ports reopened."},
		{"broken off in WordPress's way", "Ports reopened. The deal raises night [...]", 3, 300, "Ports reopened."},
		{"only a broken sentence", "The deal raises night…", 3, 300, "The deal raises night…"},
		{"German days", "Das Treffen am 3. Oktober fällt aus. Es regnet.", 1, 300, "Das Treffen am 3. Oktober fällt aus."},
		{"German abbreviations", "Rund 3 Mio. Euro fehlen. Es regnet.", 1, 300, "Rund 3 Mio. Euro fehlen."},
		{"French titles", "M. Aro a vu Mme. Lund. Il pleut.", 1, 300, "M. Aro a vu Mme. Lund."},
		{"Spanish questions", "Llueve hoy. ¿Quién ganó? Nadie.", 2, 300, "Llueve hoy. ¿Quién ganó?"},
		{"Chinese", "港口重新开放。罢工结束了。工资上涨。", 2, 300, "港口重新开放。罢工结束了。"},
		{"Hindi", "बंदरगाह खुले। हड़ताल समाप्त।", 1, 300, "बंदरगाह खुले।"},
		{"Arabic", "هل فتحت الموانئ؟ نعم.", 1, 300, "هل فتحت الموانئ؟"},
		{"no quotation is left open", "They met. She said: “We won. They lost.”", 2, 300, "They met."},
		{"one that closes", "They met. She said: “We won.” They sang.", 2, 300, "They met. She said: “We won.”"},
		{"a German quotation", "Sie kam. Sie rief: „Halt. Wer da?“ Stille.", 2, 300, "Sie kam."},
		{"a German quotation that closes", "Sie rief: „Halt.“ Stille. Dann Lärm.", 2, 300, "Sie rief: „Halt.“ Stille."},
		{"nothing but a quotation", "“We won. They lost.”", 1, 300, "“We won.”"},
		{"the feed never closed it", "They met. She said: “We won", 3, 300, "They met. She said: “We won”"},
		{"a quotation that is cut short", "They said “the ports along the coast, long shut, will reopen this very morning”.", 3, 35, "They said “the ports along the…”"},
		{"in straight marks", "They met. She said: \"We won. They lost.\"", 2, 300, "They met."},
		{"behind inches", "A 5\" pipe broke. It rained.", 2, 300, "A 5\" pipe broke. It rained."},
		{"French", "Ils sont venus. Elle dit : « Oui. Non. »", 2, 300, "Ils sont venus."},
		{"angled the other way", "Sie rief: »Halt. Wer da?« Stille.", 1, 300, "Sie rief: »Halt.«"},
		{"a path", "Home » News » Ports reopened. It rained.", 1, 300, "Home » News » Ports reopened."},
		{"Japanese", "港が開いた。彼は「勝った。負けた」と言った。", 2, 300, "港が開いた。"},
		{"nothing", "", 3, 300, ""},
		{"none asked for", "One came.", 0, 300, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := standfirst(digest.PlainText(c.text), c.sentences, c.chars).Plain(); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestStandfirstKeepsMarks(t *testing.T) {
	t.Parallel()
	text := digest.Text{{S: "The "}, {S: "Kestrel Bay", Href: "https://example.org/"}, {S: " ports "}, {S: "reopened. They", Strong: true}, {S: " work."}}
	want := digest.Text{{S: "The "}, {S: "Kestrel Bay", Href: "https://example.org/"}, {S: " ports "}, {S: "reopened.", Strong: true}}
	if got := standfirst(text, 1, 300); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
	if text[3].S != "reopened. They" {
		t.Errorf("the text given was changed: %+v", text)
	}
}

func FuzzStandfirst(f *testing.F) {
	f.Add("One. Two. “Three.” 四。", 2, 10)
	f.Add("A B. C", 1, 1)
	f.Fuzz(func(t *testing.T, s string, sentences, chars int) {
		s = strings.ToValidUTF8(s, "")
		got := standfirst(digest.PlainText(s), sentences, max(1, min(chars, 1000))).Plain()
		if !utf8.ValidString(got) {
			t.Fatalf("%q: invalid UTF-8: %q", s, got)
		}
		bare := strings.TrimSuffix(strings.TrimRight(got, "”“’‘»«」』\""), "…")
		if !strings.HasPrefix(s, got) && !strings.HasPrefix(s, bare) {
			t.Fatalf("%q: %q is not its beginning", s, got)
		}
	})
}

func TestWithoutRepeat(t *testing.T) {
	for _, c := range []struct{ title, text, want string }{
		{"Cranes stand still in Sandholm", "Cranes are standing still in Sandholm. Dockers want three days.", "Dockers want three days."},
		{"Cranes stand still in Sandholm", "Cranes stand still in Sandholm", ""},
		{"Cranes stand still in Sandholm", "Cranes stand still in Sandholm for 3 days. Dockers want more.", "Cranes stand still in Sandholm for 3 days. Dockers want more."},
		{"Cranes stand still", "Cranes stand. Dockers want three days.", "Cranes stand. Dockers want three days."},
		{"港のクレーンが止まる", "港でストライキ。クレーンが止まる。", "港でストライキ。クレーンが止まる。"},
	} {
		if got := withoutRepeat(digest.PlainText(c.text), c.title).Plain(); got != c.want {
			t.Errorf("%q under %q: %q, want %q", c.text, c.title, got, c.want)
		}
	}
}
