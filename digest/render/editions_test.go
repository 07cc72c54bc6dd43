package render

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"digestd/digest"
)

var paris = mustZone("Europe/Paris")

func mustZone(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return zone
}

// composed is when the editions of the tests were made.
var composed = time.Date(2026, 3, 12, 7, 0, 5, 0, paris)

// daysAgo is a time of day so many days before composed.
func daysAgo(days, hour, minute int) time.Time {
	return time.Date(2026, 3, 12-days, hour, minute, 0, 0, paris)
}

// writer numbers the stories of a test edition.
type writer struct{ n int }

// story makes an entry; every further source is coverage.
func (w *writer) story(topic, title, summary string, at time.Time, source string, also ...string) digest.Entry {
	w.n++
	items := []digest.Item{{Source: source, Title: title, Summary: digest.PlainText(summary), Published: at, FirstSeen: at,
		Link: fmt.Sprintf("https://outlet%d.example/story/%d?from=feed&part=1", w.n, w.n)}}
	for i, name := range also {
		items = append(items, digest.Item{Source: name, Title: title, FirstSeen: at,
			Link: fmt.Sprintf("https://other%d.example/story/%d", i, w.n)})
	}
	return digest.Entry{Story: digest.Story{ID: fmt.Sprintf("s%d", w.n), Items: items}, Topic: strings.ToLower(topic), TopicTitle: topic}
}

func topicSection(title string, entries ...digest.Entry) digest.Section {
	return digest.Section{Kind: digest.SectionTopic, Topic: strings.ToLower(title), Title: title, Entries: entries}
}

// pageOf dresses entries as a page of Morning Wire.
func pageOf(lang string, lead *digest.Entry, sections ...digest.Section) digest.Page {
	var five []digest.Entry
	if lead != nil {
		five = append(five, *lead)
	}
	for _, s := range sections {
		five = append(five, s.Entries...)
	}
	if len(five) < 6 {
		five = nil
	}
	return digest.Page{
		Five: five[:min(5, len(five))],
		Edition: digest.Edition{ID: "daily/Europe/Paris/2026-03-12T07:00", Digest: "daily", Title: "Morning Wire",
			Zone: "Europe/Paris", Slot: daysAgo(0, 7, 0), Number: 42, Composed: composed, Since: daysAgo(1, 7, 0),
			Topics: []digest.TopicName{{ID: "global", Title: "Global"}, {ID: "diplomacy", Title: "Diplomacy"}}, Read: 212,
			Feeds: []digest.FeedReport{{Name: "Harbour Post", OK: true}, {Name: "Nordic Herald", OK: true},
				{Name: "The Aldmere Record", LastSuccess: daysAgo(2, 9, 0)}}},
		Variant:  digest.VariantKey{Language: lang, Format: "html"},
		Lead:     lead,
		Sections: sections,
	}
}

var paperFrame = Frame{
	Newsletter: "Morning Wire", PostalAddress: "1 Rue Exemple, Paris",
	Feedback: "mailto:desk@example.org", Privacy: "https://example.org/privacy",
	Subscribe: "https://example.org/subscribe", RSS: "https://example.org/editions.xml",
	Address: "ana@example.org", UnsubscribeURL: "https://news.example.org/u/TOKEN", PreferencesURL: "https://news.example.org/p/TOKEN",
	Archive: "https://news.example.org/daily/2026-03-12/", Images: "remote", Zone: paris,
}

// edition is a page of the golden files.
type edition struct {
	name  string
	page  digest.Page
	frame Frame
}

// editions are the pages that the golden files hold and that the checks go over.
func editions(t testing.TB) []edition {
	t.Helper()
	noImages := paperFrame
	noImages.Images = "none"
	all := []edition{
		{"none", pageOf("en", nil), paperFrame},
		{"one-story", oneStory(), paperFrame},
		{"one-topic", oneTopic(), paperFrame},
		{"every-section", everySection("en"), paperFrame},
		{"no-images", everySection("en"), noImages},
		{"many", many(24, 16), paperFrame},
		{"rtl", rightToLeftPage(), paperFrame},
		{"cjk", cjkPage(), paperFrame},
		{"hostile", hostilePage(), paperFrame},
	}
	for _, lang := range builtin(t, "x").Languages() {
		all = append(all, edition{"language-" + lang, Sample(lang), sampleFrame})
	}
	return all
}

func oneStory() digest.Page {
	var w writer
	lead := w.story("Global", "Lamps are lit again at Skarholm", "The strike ended at midnight.", daysAgo(0, 6, 40), "The Skarholm Post")
	return pageOf("en", &lead)
}

func oneTopic() digest.Page {
	var w writer
	lead := w.story("Global", "Lamps are lit again at Skarholm", "The strike ended at midnight.", daysAgo(0, 6, 40), "The Skarholm Post")
	return pageOf("en", &lead, topicSection("Global",
		w.story("Global", "Wheat convoy reaches Port Amber ahead of the frost", "Twenty-six lorries crossed the pass in a single night.",
			daysAgo(1, 22, 15), "Nordic Herald", "The Skarholm Post")))
}

func everySection(lang string) digest.Page {
	var w writer
	lead := w.story("Global", "Lighthouse keepers’ strike ends with a pact to man the northern straits",
		"The lamps of Skarholm were lit again shortly after midnight. Under the pact every light north of the Veil keeps one crew on shore.",
		daysAgo(0, 6, 40), "The Skarholm Post", "Nordic Herald", "Courrier du Cap", "The Veil Observer", "Tarn Gazette", "Meridian Wire")
	lead.Items[0].Image = &digest.Image{URL: "https://img.example/light.jpg", Width: 1120, Height: 630, Alt: "The lighthouse of Skarholm"}
	wheat := w.story("Global", "Wheat convoy reaches Port Amber ahead of the frost",
		"Twenty-six lorries crossed the pass in a single night, the first to do so since January.", daysAgo(0, 5, 55), "Nordic Herald", "The Skarholm Post")
	wheat.Items[0].Updated = daysAgo(0, 6, 30)
	lakes := w.story("Diplomacy", "Six capitals renew the high lakes treaty, by one vote", "A common fishing line holds for ten more years.",
		daysAgo(0, 6, 5), "Meridian Wire", "Tarn Gazette", "Nordic Herald")
	view := w.story("", "The quiet virtue of a treaty that nobody loves", "Compromise leaves no monuments. It needs witnesses.", daysAgo(0, 4, 45), "Meridian Wire")
	view.Items[0].Author, view.Kind = "Teodor Hale", digest.Opinion
	flood := w.story("Diplomacy", "Flood in the Veil valley now costs 40 million", "The first estimate had been 25 million.", daysAgo(0, 5, 10), "Tarn Gazette", "Nordic Herald")
	flood.Follows = &digest.Follows{Story: "s0", Edition: "daily/UTC/2026-03-11T07:00", Told: daysAgo(1, 7, 0), Title: "Flood in the Veil valley costs 25 million"}
	return pageOf(lang, &lead,
		topicSection("Global", wheat), topicSection("Diplomacy", lakes),
		digest.Section{Kind: digest.SectionDevelopments, Entries: []digest.Entry{flood}},
		digest.Section{Kind: digest.SectionOpinion, Entries: []digest.Entry{view}},
		digest.Section{Kind: digest.SectionLatest, Entries: []digest.Entry{
			w.story("", "Brume’s central bank holds its rate at 3.25 per cent", "", daysAgo(0, 6, 52), "The Aldmere Record"),
			w.story("", "Museum returns eleven bronzes to Orlenne", "", daysAgo(9, 5, 58), "Meridian Wire")}})
}

// many has so many full entries besides the lead, and briefs.
func many(full, briefs int) digest.Page {
	var w writer
	lead := w.story("Global", "The lead of a long edition", "It has one sentence.", daysAgo(0, 6, 0), "Harbour Post")
	var entries [2][]digest.Entry
	names := [2]string{"Global", "Diplomacy"}
	for i := range full {
		entries[i%2] = append(entries[i%2], w.story(names[i%2], fmt.Sprintf("Council %d agrees on the order of its business", i+1),
			"The vote was close, and the chair had to count twice. A second reading follows in the autumn, when the lakes are low.",
			daysAgo(i%3, 6, i), "Harbour Post", "Nordic Herald", "Tarn Gazette"))
	}
	latest := digest.Section{Kind: digest.SectionLatest}
	for i := range briefs {
		latest.Entries = append(latest.Entries, w.story("", fmt.Sprintf("Ferry %d leaves on time", i+1), "", daysAgo(0, 5, i%60), "Tarn Gazette"))
	}
	return pageOf("en", &lead, topicSection(names[0], entries[0]...), topicSection(names[1], entries[1]...), latest)
}

func rightToLeftPage() digest.Page {
	var w writer
	lead := w.story("العالم", "موانئ الخليج تعود إلى العمل بعد اتفاق على الأجور", "تحركت الرافعات من جديد عند الفجر. يرفع الاتفاق أجر الليل.",
		daysAgo(0, 6, 40), "بريد المرفأ", "هيرالد الشمال", "Courrier du Cap", "Nordic Herald", "Tarn Gazette")
	english := w.story("العالم", "Court in Aldmere strikes down the river-water levy", "The tax was never put to the assembly.",
		daysAgo(1, 22, 15), "The Aldmere Record", "بريد المرفأ")
	english.Items[0].Language = "en-GB"
	view := w.story("", "فضيلة هادئة لمعاهدة لا يحبها أحد", "التسوية لا تترك نصبا.", daysAgo(0, 4, 45), "برقية الصباح")
	view.Items[0].Author = "تيودور هيل"
	p := pageOf("ar", &lead, topicSection("العالم", english),
		digest.Section{Kind: digest.SectionOpinion, Entries: []digest.Entry{view}},
		digest.Section{Kind: digest.SectionLatest, Entries: []digest.Entry{
			w.story("", "قطار الليل إلى كاستلين يوميا", "", daysAgo(2, 6, 48), "Courrier du Cap"),
			w.story("", "Night ferry to Brume runs again", "", daysAgo(0, 6, 30), "Tarn Gazette"),
			w.story("", "عودة الطيور إلى جزيرة تارن", "", daysAgo(0, 6, 20), "هيرالد الشمال")}})
	p.Edition.Title = "برقية الصباح"
	return p
}

func cjkPage() digest.Page {
	var w writer
	lead := w.story("国際", "ケストレル湾の港、土壇場の賃金合意で操業を再開へ",
		"十一日間の沈黙のあと、夜明けにクレーンが再び動き出した。夜間手当は九パーセント引き上げられ、水先人の争議は仲裁に委ねられる。自動化の問題は秋に持ち越された。",
		daysAgo(0, 6, 40), "港湾新報", "北方ヘラルド", "Courrier du Cap")
	hebrew := w.story("国際", "אמנת האגמים שרדה הצבעה שלישית", "ארבע בירות שומרות על קו דיג משותף.", daysAgo(1, 22, 5), "כתב הנמל", "港湾新報")
	view := w.story("", "誰にも愛されない条約の静かな美徳", "妥協は記念碑を残さない。だから証人が要る。", daysAgo(0, 4, 45), "子午線通信")
	view.Items[0].Author = "山田花子"
	p := pageOf("ja", &lead, topicSection("国際", hebrew),
		digest.Section{Kind: digest.SectionOpinion, Entries: []digest.Entry{view}})
	p.Edition.Title = "朝の電信"
	return p
}

// hostileTitles and hostileTexts are what a feed could try to say. None may become anything but words.
var (
	hostileTitles = []string{
		`<script>alert(1)</script>Title`,
		"Breaking\r\nBcc: victim@example.org\r\n\r\nbody starts here",
		"Folded\n Bcc: victim@example.org\n\tX-Injected: yes",
		`</td></tr></table></div></body></html>outside`,
		`<!--[if mso]><script>alert(13)</script><![endif]--><!-->`,
		"Invoice \u202egnp.exe\u202c safe",
		"\u2067isolate never closed",
		"nul \x00 bell \x07 escape \x1b[31m red \u2028 separator \u0085 next",
		"{{.Lead.Title}} {{template \"x\"}} ${jndi} %s %n $(id) ' OR 1=1",
		`"><img src=x onerror=alert(3)>`,
		"broken \xff\xfe utf-8",
		strings.Repeat("endless", 700),
		strings.Repeat("👩‍👩‍👧‍👦", 120),
		"A" + strings.Repeat("\u0301", 300) + " stacked",
		"\u202e\u200b\x01",
		".",
		"From nobody Thu Mar 12 07:00:00 2026",
		"<!-- never closed",
		"<plaintext><textarea><title>swallow",
		"-- ",
	}
	hostileTexts = []string{
		`<p>hi<script src="https://evil.invalid/x.js"></script></p>`,
		`</p></td></tr></table>`,
		`<style>p{display:none}</style>`,
		"line one\r\n.\r\nQUIT\r\nMAIL FROM:<a@example.org>",
		strings.Repeat("x", 20000),
		"<a href=\"https://feed.example.com/4>no end quote",
		"&lt;b&gt; &amp;amp; &#x3c;script&#x3e;",
		"expression(alert(1)); background:url(javascript:alert(1))",
		"\u202e\u2066\u2067\u2068",
	}
	hostileLinks = []string{
		"javascript:alert(1)", "JaVaScRiPt:alert(1)", " java\nscript:alert(1)", "data:text/html,<script>alert(1)</script>",
		"vbscript:x", "file:///etc/passwd", "cid:part1", "//evil.invalid/x", "/relative", "https://", "http:///nohost", "ftp://a.example/x",
		"https://a.example/\" onmouseover=\"alert(1)", "https://a.example/ with space", "https://a.example/\r\nSet-Cookie: a=b",
		"https://a.example/é?q=<script>", "https://[::1", "mailto:a@example.org", "https://good.example.com/",
	}
)

func hostilePage() digest.Page {
	var w writer
	var entries []digest.Entry
	pick := func(list []string, i int) string { return list[i%len(list)] }
	for i := range max(len(hostileTitles), len(hostileLinks)) {
		e := w.story("Global", pick(hostileTitles, i), "", daysAgo(0, 6, 0), pick(hostileTitles, i+3), pick(hostileTitles, i+5))
		it := &e.Items[0]
		it.Link = pick(hostileLinks, i)
		it.Author, it.Language = pick(hostileTitles, i+7), pick(hostileTitles, i)
		it.Summary = digest.Text{{S: pick(hostileTexts, i) + " ", Strong: i%2 == 0}, {S: pick(hostileTexts, i+1), Em: true, Href: pick(hostileLinks, i+2)}}
		it.Image = &digest.Image{URL: pick(hostileLinks, i), Width: 1120, Height: 630, Alt: pick(hostileTitles, i)}
		entries = append(entries, e)
	}
	p := pageOf("en", &entries[0], topicSection(`Global"><b>`, entries[1:9]...),
		digest.Section{Kind: digest.SectionOpinion, Entries: entries[9:14]},
		digest.Section{Kind: digest.SectionLatest, Entries: entries[14:]})
	p.Edition.Feeds = []digest.FeedReport{{Name: hostileTitles[1]}, {Name: hostileTitles[3], LastSuccess: daysAgo(60, 1, 1)}}
	return p
}
