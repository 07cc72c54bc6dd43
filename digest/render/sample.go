package render

import (
	"time"

	"digestd/digest"
)

// sampleFrame is the frame of Load's trial.
var sampleFrame = Frame{
	Newsletter:     "Morning Wire",
	PostalAddress:  "1 Rue Exemple, Paris",
	Feedback:       "mailto:desk@example.org",
	Privacy:        "https://news.example.org/privacy",
	Subscribe:      "https://news.example.org/subscribe",
	RSS:            "https://news.example.org/editions.xml",
	Address:        "reader@example.org",
	UnsubscribeURL: "https://news.example.org/unsubscribe/sample",
	PreferencesURL: "https://news.example.org/preferences/sample",
	Archive:        "https://news.example.org/daily/2026-03-12/",
	Images:         "remote",
}

// emptySample is the page of a reader in whose topics nothing is new.
func emptySample(lang string) digest.Page {
	p := Sample(lang)
	p.Five, p.Lead, p.Sections = nil, nil, nil
	return p
}

// Sample is a page of invented news in a language, for trying out templates. It has every section, and in them every
// thing that a template can meet: marks and links in
// a summary, a picture, coverage with and without links, an update, an author, no link, no summary,
// a headline of the other direction. All of it is fictional.
func Sample(lang string) digest.Page {
	composed := time.Date(2026, 3, 12, 7, 0, 0, 0, time.UTC)
	at := func(hours float64) time.Time { return composed.Add(-time.Duration(hours * float64(time.Hour))) }
	item := func(source, title, slug string, hours float64) digest.Item {
		return digest.Item{Source: source, Title: title, Link: "https://" + slug + ".example.org/story",
			Published: at(hours), FirstSeen: at(hours)}
	}
	lead := item("Harbour Post", "Kestrel Bay ports reopen as crews accept a wage deal", "harbour", 0.3)
	lead.Summary = digest.Text{{S: "Cranes moved again "}, {S: "at dawn", Strong: true}, {S: " after eleven days of "},
		{S: "silence", Em: true}, {S: ". The "}, {S: "agreement", Href: "https://harbour.example.org/deal"},
		{S: " raises night pay by nine per cent."}}
	lead.Image = &digest.Image{URL: "https://harbour.example.org/cranes.jpg", Width: 1120, Height: 630,
		Alt: "A container ship beside two cranes"}
	grain := item("Nordic Herald", "Grain fleet clears the Seld strait", "nordic", 9)
	grain.Updated = at(1)
	grain.Summary = digest.PlainText("Thirty-one vessels passed in a single night.")
	arabic := item("بريد المرفأ", "معاهدة البحيرات تنجو في تصويت ثالث", "port", 1)
	arabic.Language, arabic.Link = "ar", ""
	view := item("Meridian Wire", "The quiet virtue of a treaty that nobody loves", "meridian", 2)
	view.Author, view.Kind = "Teodor Hale", digest.Opinion
	toll := item("Nordic Herald", "Storm damage in Kestrel Bay now put at 40 million", "toll", 2)
	toll.Summary = digest.PlainText("The first estimate had been 25 million.")
	brief := item("Tarn Gazette", "Storm warning lifted along the northern coast", "tarn", 200)

	entry := func(id string, items ...digest.Item) digest.Entry {
		return digest.Entry{Story: digest.Story{ID: id, Items: items, Topics: []string{"global"}},
			Topic: "global", TopicTitle: "Global"}
	}
	unlinked := item("Courrier du Cap", "The same elsewhere", "courrier", 3)
	unlinked.Link = ""
	top := entry("1", lead, grain, unlinked, arabic, view)
	stories := []digest.Entry{top, entry("2", grain, lead), entry("3", arabic), entry("4", view), entry("5", brief),
		entry("6", toll)}
	stories[5].Follows = &digest.Follows{Story: "0", Edition: "daily/UTC/2026-03-11T07:00", Told: at(24),
		Title: "Storm damage in Kestrel Bay put at 25 million"}
	return digest.Page{
		Edition: digest.Edition{ID: "daily/UTC/2026-03-12T07:00", Digest: "daily", Title: "Morning Wire", Zone: "UTC",
			Slot: composed, Composed: composed, Since: composed.Add(-24 * time.Hour), Number: 42,
			Note: []digest.Text{{{S: "The ports are open again: what that means for "}, {S: "the price of bread", Em: true},
				{S: " is in Saturday’s edition. "}, {S: "Write to us", Href: "https://news.example.org/write"}, {S: "."}}},
			Topics: []digest.TopicName{{ID: "global", Title: "Global"}}, Read: 212,
			Feeds: []digest.FeedReport{{Name: "Harbour Post", OK: true},
				{Name: "The Aldmere Record", LastSuccess: at(40)}, {Name: "Brume Bulletin"}}},
		Variant: digest.VariantKey{Language: lang, Format: "html"},
		Five:    stories[:5],
		Lead:    &top,
		Sections: []digest.Section{
			{Kind: digest.SectionTopic, Topic: "global", Title: "Global",
				Entries: stories[1:3]},
			{Kind: digest.SectionDevelopments, Entries: stories[5:]},
			{Kind: digest.SectionOpinion, Entries: stories[3:4]},
			{Kind: digest.SectionLatest, Entries: stories[4:5]},
		},
	}
}
