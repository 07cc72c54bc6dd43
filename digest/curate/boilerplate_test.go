package curate

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"digestd/digest"
)

func TestFront(t *testing.T) {
	for _, c := range []struct{ text, want, eager string }{
		{"ADA MARSH: Cranes must move.", "Cranes must move.", ""},
		{"FIRST IN SANDHOLM: Cranes move.", "Cranes move.", ""},
		{"HARBOUR LATEST * Cranes move * Ferries sail", "Cranes move * Ferries sail", ""},
		{"WARNING: GRAPHIC CONTENT Cranes fell.", "Cranes fell.", ""},
		{"SIGN IN OR REGISTER, THEN READ ALL OF IT A crane fell.", "A crane fell.", ""},
		{"WATCH LIVE: US dockers march.", "US dockers march.", ""},
		{"WATCH LIVE: US President speaks.", "US President speaks.", ""},
		{"STAY IN THE KNOW. SIGN UP HERE. 3 cranes fell.", "3 cranes fell.", ""},
		{"AGENCIES. Cranes move.", "AGENCIES. Cranes move.", "Cranes move."},
		{"POST.EXAMPLE. Cranes move.", "POST.EXAMPLE. Cranes move.", "Cranes move."},
		{"AA. Cranes move.", "AA. Cranes move.", "Cranes move."},
		{"SANDHOLM: Cranes move.", "SANDHOLM: Cranes move.", "Cranes move."},
		// What is no front.
		{"U.S. Senate sits.", "U.S. Senate sits.", "U.S. Senate sits."},
		{"THE U.S. Senate sits.", "THE U.S. Senate sits.", "THE U.S. Senate sits."},
		{"A NASA probe sails.", "A NASA probe sails.", ""},
		{"ADA MARSH lists cranes.", "ADA MARSH lists cranes.", ""},
		{"WHAT YOU NEED TO do about cranes.", "WHAT YOU NEED TO do about cranes.", ""},
		{"BIG CRANES MOVE AGAIN IN SANDHOLM.", "BIG CRANES MOVE AGAIN IN SANDHOLM.", ""},
		{"LATEST NEWS 4.7 million came.", "LATEST NEWS 4.7 million came.", ""},
		{"IMKE ARO / HARBOUR Cranes move.", "IMKE ARO / HARBOUR Cranes move.", ""},
		{"港湾社：港口重新开放。", "港湾社：港口重新开放。", ""},
	} {
		if c.eager == "" {
			c.eager = c.want
		}
		if got := strings.TrimSpace(c.text[front(c.text, false):]); got != c.want {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
		if got := strings.TrimSpace(c.text[front(c.text, true):]); got != c.eager {
			t.Errorf("%q where others have it: %q, want %q", c.text, got, c.eager)
		}
	}
}

// One word in capitals goes where others of the feed have one, too.
func TestFrontsOfAFeed(t *testing.T) {
	items := func(summaries ...string) (out []digest.Item) {
		for i, s := range summaries {
			out = append(out, digest.Item{Feed: "https://post.example/", Seq: uint64(i + 1), Title: "Title " + s, Summary: digest.PlainText(s)})
		}
		return out
	}
	for _, c := range []struct {
		items []digest.Item
		want  string
	}{
		{items("AGENCIES. Mills turn.", "AGENCIES. Cranes move.", "ADA MARSH. Ferries sail.", "It rains."), "Mills turn."},
		{items("UNESCO: Mills turn.", "AGENCIES. Cranes move."), "UNESCO: Mills turn."},
		{items("UNESCO: Mills turn.", "AA. 1", "AA. 2", "3.", "4.", "5.", "6.", "7.", "8.", "9.", "10.", "11.", "12."), "UNESCO: Mills turn."},
	} {
		var nodes []node
		for _, it := range c.items {
			nodes = append(nodes, newNode(it, 0))
		}
		clean(nodes, func(string) digest.Kind { return digest.News }, nil)
		if got := nodes[0].item.Summary.Plain(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

func TestCleanSummary(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"nothing to drop", "Ports reopened at dawn.", "Ports reopened at dawn."},
		{"links to other pieces", "• Ferries stand still • Mint closes", ""},
		{"links, each short", "• Ferries stand still. • Mint closes? • Cranes", ""},
		{"a text in points", "• Ferries stand still • Mint closes. " + strings.TrimSpace(strings.Repeat("One of the oldest mints of the coast closes. ", 3)), "• Ferries stand still • Mint closes. " + strings.TrimSpace(strings.Repeat("One of the oldest mints of the coast closes. ", 3))},
		{"a label in front", "Exclusive: cranes stand still.", "Cranes stand still."},
		{"a warning in front", "WARNING: Graphic content. Cranes fell.", "Cranes fell."},
		{"a warning that is the news", "Warning: Cranes may fall.", "Warning: Cranes may fall."},
		{"a credit of two", "Harbour Pool / Imke Aro, Getty Images Cranes stand still.", "Cranes stand still."},
		{"a credit that was cut off", "Imke Aro / Harbour Pool via Getty Im Cranes stand still.", "Cranes stand still."},
		{"an agency between commas", "A harbour agency, Getty Images CEO Jo Lund said, pays.", "A harbour agency, Getty Images CEO Jo Lund said, pays."},
		{"a dateline of two places", "SANDHOLM/ALDMERE, April 16 (Reuters) - Cranes stand still.", "Cranes stand still."},
		{"a dateline with a country", "SANDHOLM, Aldmere/TARN (Reuters) - Cranes stand still.", "Cranes stand still."},
		{"a date and an agency", "April 16 (Reuters) - Cranes stand still.", "Cranes stand still."},
		{"no dateline", "SANDHOLM, a port (Reuters calls it small) - stands still.", "SANDHOLM, a port (Reuters calls it small) - stands still."},
		{"what a link does", "Tide Power, opens new tab, pays for cranes.", "Tide Power, pays for cranes."},
		{"how to get a newsletter", "A version of this story appeared in Tidewatch. To get it in your inbox every week, sign up for free here.", ""},
		{"a Chinese dateline", "港湾社北岸3月16日电 港口重新开放。", "港口重新开放。"},
		{"where it stood first", "A version of this story first appeared in Tidewatch. You can sign up for free right here.", ""},
		{"no space between sentences", "Ports are open.Ferries sail. \"So it is\", he said.\"All of it,\" he added. \"We came.\"They left, in Node.js v2 and P.V.P Aro.",
			"Ports are open. Ferries sail. \"So it is\", he said. \"All of it,\" he added. \"We came.\" They left, in Node.js v2 and P.V.P Aro."},
		{"when it was written", "March 12, 2026 5:00 AM. Ports reopened.", "Ports reopened."},
		{"WordPress", "Ports reopened. The post Ports reopen appeared first on Harbour Post .", "Ports reopened."},
		{"WordPress, German", "Die Häfen sind offen. Der Beitrag Häfen offen erschien zuerst auf Hafenbote.", "Die Häfen sind offen."},
		{"WordPress, French", "Les ports rouvrent. L’article Les ports rouvrent est apparu en premier sur Courrier du Cap.", "Les ports rouvrent."},
		{"WordPress, only that", "The post Ports reopen appeared first on Harbour Post.", ""},
		{"agencies", "Ports reopened. (With inputs from agencies)", "Ports reopened."},
		{"agencies, no brackets", "Ports reopened. With inputs from PTI", "Ports reopened."},
		{"syndicated", "Ports reopened. (This story has not been edited by our staff and is auto-generated from a syndicated feed.)", "Ports reopened."},
		{"an image of no camera", "This image is AI-generated and used for representation only. Ports reopened.", "Ports reopened."},
		{"in the middle", "Ports reopened. This article was generated by software. Crews cheered.", "Ports reopened. Crews cheered."},
		{"Reuters", "Ports reopened. (Reporting by Imke Aro; Editing by Jo Lund)", "Ports reopened."},
		{"a photographer", "Ports reopened. Photo: Imke Aro/Harbour Post", "Ports reopened."},
		{"a lawyer", "Ports reopened. © 2026 Harbour Post. All rights reserved.", "Ports reopened."},
		{"go on", "Ports reopened. Continue reading...", "Ports reopened."},
		{"go on, French", "Les ports rouvrent. Lire la suite »", "Les ports rouvrent."},
		{"subscribe", "Ports reopened. Sign up for our Harbour newsletter.", "Ports reopened."},
		{"subscribe, in front", "🌊 Subscribe to Tidewatch to get The Swell, our letter on tides. Ports reopened.", "Ports reopened."},
		{"an agency's picture, in front", "The harbour. Imke Aro/Getty Images ; Jo Lund via Getty Images Ports reopened.", "Ports reopened."},
		{"an agency's picture, at the end", "Ports reopened, said the mayor of Sandholm. Imke Aro/Getty Images", "Ports reopened, said the mayor of Sandholm. Imke Aro/Getty Images"},
		{"an agency that is the news", "Getty Images sues the harbour. Ports reopened.", "Getty Images sues the harbour. Ports reopened."},
		{"a caption's agency", "—Imke Aro—AP Ports reopened.", "Ports reopened."},
		{"where it appeared", "This story appeared in Tidewatch, a daily letter on tides. Subscribe here. Ports reopened.", "Ports reopened."},
		{"a credit in brackets", "Ports reopened, the mayor said (Image credit: Imke Aro)", "Ports reopened, the mayor said"},
		{"who published it first", "This story was originally published by Tidewatch and stands here as part of the Tide Desk. Ports reopened.", "Ports reopened."},
		{"which edition it is", "This is an edition of Tidewatch, a letter on tides. Ports reopened.", "Ports reopened."},
		{"what appeared", "This story of a port appeared false. Ports reopened.", "This story of a port appeared false. Ports reopened."},
		{"stray spaces", "Cranes , ferries , and tugs moved . It rained.", "Cranes, ferries, and tugs moved. It rained."},
		{"a time stamp", "April 23, 2020 9:01 PM Ports reopened.", "Ports reopened."},
		{"an agency's line", "KESTREL BAY (Reuters) - Ports reopened.", "Ports reopened."},
		{"a place in front", "KESTREL BAY - Ports reopened.", "Ports reopened."},
		{"a place and a day in front", "PORT ORVANE, April 23 — Ports reopened.", "Ports reopened."},
		{"a short name, which is no place", "NATO — as its members call it — has voted.", "NATO — as its members call it — has voted."},
		{"a place in small letters", "Kestrel Bay - the largest port - reopened.", "Kestrel Bay - the largest port - reopened."},
		{"an agency's name", "(AP) — Ports reopened.", "Ports reopened."},
		{"cut by WordPress", "Ports reopened. The deal raises [...]", "Ports reopened. The deal raises…"},
		{"a label", "OPINION: Ports reopened.", "Ports reopened."},
		{"no label", "OPINION polls favour the port.", "OPINION polls favour the port."},
		{"two of them", "Ports reopened. Read more. The post Ports reopen appeared first on Harbour Post.", "Ports reopened."},
		{"one that uncovers another", "Photo: Imke Aro. Read more", ""},
		{"two layers", "Ports reopened. With inputs from PTI (c) 2026 Harbour Post", "Ports reopened."},
		{"in front and after", "Advertisement Ports reopened. Advertisement", "Ports reopened."},
		{"a story about a post", "The post office on Pier Street appeared shut on Monday. Nobody came.", "The post office on Pier Street appeared shut on Monday. Nobody came."},
		{"a story about subscribing", "Thousands sign up for the new ferry. It sails at dawn.", "Thousands sign up for the new ferry. It sails at dawn."},
		{"a story about reading", "Children read more than ever. Libraries cheer.", "Children read more than ever. Libraries cheer."},
		{"a story about reporting", "Reporting by neighbours led to the arrest. He was 40.", "Reporting by neighbours led to the arrest. He was 40."},
		{"a photo in the news", "Photo: how a picture moved the city. It hangs in the hall now.", "Photo: how a picture moved the city. It hangs in the hall now."},
		{"May, the month of a story", "May 3, 2020 was the day. All cheered.", "May 3, 2020 was the day. All cheered."},
		{"nothing at all", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := CleanSummary(digest.PlainText(c.text)).Plain(); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestCleanSummaryKeepsMarks(t *testing.T) {
	text := digest.Text{{S: "Ports "}, {S: "reopened", Strong: true}, {S: ". The post "}, {S: "Ports reopen", Href: "https://example.org/"}, {S: " appeared first on Harbour Post."}}
	want := digest.Text{{S: "Ports "}, {S: "reopened", Strong: true}, {S: "."}}
	if got := CleanSummary(text); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
	if !strings.HasPrefix(text[2].S, ". The post") {
		t.Errorf("the text given was changed: %+v", text)
	}
}

// Where two words would touch, a space stays, in whatever spans they stand.
func TestWithout(t *testing.T) {
	for i, c := range []struct {
		text     digest.Text
		from, to int
		want     string
	}{
		{digest.Text{{S: "ab XX cd"}}, 2, 6, "ab cd"}, {digest.Text{{S: "ab XX cd"}}, 3, 6, "ab cd"}, {digest.Text{{S: "ab XX cd"}}, 2, 5, "ab cd"},
		{digest.Text{{S: "ab"}, {S: " XX "}, {S: "cd"}}, 2, 6, "ab cd"}, {digest.Text{{S: "ab "}, {S: "XX "}, {S: "cd"}}, 3, 6, "ab cd"},
		{digest.Text{{S: "ab XX"}}, 2, 5, "ab"}, {digest.Text{{S: "XXcd"}}, 0, 2, "cd"}, {digest.Text{{S: " XX cd"}}, 1, 3, "cd"}, {digest.Text{{S: "XX"}}, 0, 2, ""},
	} {
		if got := c.text.Without(c.from, c.to).Plain(); got != c.want {
			t.Errorf("row %d: %q, want %q", i, got, c.want)
		}
	}
}

func FuzzCleanSummary(f *testing.F) {
	f.Add("Ports reopened. The post Ports reopen appeared first on Harbour Post.", 10)
	f.Add("Advertisement: x [...]", 3)
	f.Fuzz(func(t *testing.T, s string, cut int) {
		s = strings.ToValidUTF8(s, "")
		for cut = max(0, min(cut, len(s))); cut > 0 && cut < len(s) && s[cut]&0xC0 == 0x80; {
			cut--
		}
		text := digest.Text{{S: s[:cut]}, {S: s[cut:], Em: true}}
		got := CleanSummary(text).Plain()
		if len(got) > len(s)+len(" …") || strings.ToValidUTF8(got, "") != got {
			t.Errorf("%q became %q", s, got)
		}
	})
}

func TestCaptions(t *testing.T) {
	for text, want := range map[string]string{
		"Cranes stand at rest in Sandholm on March 12, 2026. Ports reopened.":            "Ports reopened.",
		"Dockers gathered at the gate on March 12, 2026, in Kestrel Bay, Aldmere.":       "",
		"A tug is seen near Sandholm on Sept. 3, 2021. Ports reopened.":                  "Ports reopened.",
		"Cranes collapsed in Sandholm on Sept. 3, 2021. Ports reopened.":                 "Cranes collapsed in Sandholm on Sept. 3, 2021. Ports reopened.",
		"The keeper was found dead in Sandholm on March 12, 2026. Ports reopened.":       "The keeper was found dead in Sandholm on March 12, 2026. Ports reopened.",
		"Cranes stand at rest on March 12, 2026, days after the vote. Ports reopened.":   "Cranes stand at rest on March 12, 2026, days after the vote. Ports reopened.",
		"Cranes stand at rest on March 12. Ports reopened.":                              "Cranes stand at rest on March 12. Ports reopened.",
		"Ports reopened. Cranes stand at rest on a pier that the mayor built years ago.": "Ports reopened. Cranes stand at rest on a pier that the mayor built years ago.",
	} {
		it := digest.Item{Summary: digest.PlainText(text), Published: time.Date(2026, 3, 13, 0, 0, 0, 0, time.UTC)}
		if got := withoutCaption(it).Plain(); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestPartsStandfirst(t *testing.T) {
	for text, want := range map[string]string{
		"Council asks for calm as dockers and owners meet for talks A strike has closed the port.":     "Council asks for calm as dockers and owners meet for talks. A strike has closed the port.",
		"Council asks for calm as dockers meet in Aldmere Two cranes have fallen into the water.":      "Council asks for calm as dockers meet in Aldmere. Two cranes have fallen into the water.",
		"Council asks for calm as the keeper sings Bring It On at the gate of the port of Sandholm.":   "Council asks for calm as the keeper sings Bring It On at the gate of the port of Sandholm.",
		"Doctors of Sandholm warn the dockers of the port of hepatitis A in water of the river.":       "Doctors of Sandholm warn the dockers of the port of hepatitis A in water of the river.",
		"Council asks for calm. The dockers of Sandholm and the owners of cranes say The talks go on.": "Council asks for calm. The dockers of Sandholm and the owners of cranes say The talks go on.",
		"Ports reopen The talks go on.": "Ports reopen The talks go on.",
		"Council asks for calm as dockers call the talks ‘too slow’ After a week the port is shut.": "Council asks for calm as dockers call the talks ‘too slow’. After a week the port is shut.",
	} {
		if got := parted(digest.PlainText(text), joint(text, false), ". ").Plain(); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
	const everyday = "Council asks for calm as dockers and owners meet for talks Former keepers have closed the port."
	if joint(everyday, false) != 0 || joint(everyday, true) != strings.Index(everyday, "Former") {
		t.Error("an everyday word begins a sentence where a feed joins some")
	}
	marked := digest.Text{{S: "Council asks for calm as dockers and owners meet for talks "}, {S: "A strike", Em: true}, {S: " goes on."}}
	if got := parted(marked, joint(marked.Plain(), false), ". "); got.Plain() != "Council asks for calm as dockers and owners meet for talks. A strike goes on." || !got[1].Em && !got[2].Em {
		t.Errorf("marks: %+v", got)
	}
}

func TestCleansLabelsAndTeasers(t *testing.T) {
	for text, want := range map[string]string{
		"In summary Dockers of Sandholm have gone home.":                                                 "Dockers of Sandholm have gone home.",
		"In summary, dockers of Sandholm have gone home.":                                                "In summary, dockers of Sandholm have gone home.",
		"Zusammenfassung: Die Kräne stehen still.":                                                       "Die Kräne stehen still.",
		"Dockers have gone home. Here's what to know about the strike.":                                  "Dockers have gone home.",
		"Dockers have gone home. Here is what the mayor calls a day of $2.3 bn.":                         "Dockers have gone home.",
		"The keeper said here is what he saw.":                                                           "The keeper said here is what he saw.",
		"Illustration by Ada Marsh for The Herald. Dockers have gone home.":                              "Dockers have gone home.",
		"Ada Marsh/The Herald/Getty Dockers have gone home.":                                             "Dockers have gone home.",
		"ADA MARSH / REUTERS Dockers have gone home.":                                                    "Dockers have gone home.",
		"Cranes displayed in a row. —Ada Marsh—Universal Images Group Dockers have gone home.":           "Dockers have gone home.",
		"Cranes on August 16, 2026. —Ada Marsh—AFP via Getty Images Dockers have gone home.":             "Dockers have gone home.",
		"The port —once full —is empty, says AP in its report.":                                          "The port —once full —is empty, says AP in its report.",
		"This article was featured in the Port newsletter. Sign up for it here. Dockers have gone home.": "Dockers have gone home.",
		"Dockers/owners talks go on at the port.":                                                        "Dockers/owners talks go on at the port.",
		"This article is also available in French. Read it here. Dockers go home":                        "Dockers go home",
		"This article is also available in French. Read it here . Dockers go home":                       "Dockers go home",
		"Data: Harbour Office ; Chart: Ilse Marrow/Gazette Dockers go home":                              "Dockers go home",
		"Dockers have gone home. Follow our port news live blog for latest updates":                      "Dockers have gone home.",
		"Read more.": "",
	} {
		if got := CleanSummary(digest.PlainText(text)).Plain(); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// What is left of an apostrophe in English is one again; in Czech, "s" is a word.
func TestWithApostrophes(t *testing.T) {
	for _, c := range []struct{ language, text, want string }{
		{"en", "Sandholm s ferries and the Guild (SPG) s cranes move", "Sandholm’s ferries and the Guild (SPG)’s cranes move"},
		{"cs", "Premiér jednal s odbory v Sandholmu", "Premiér jednal s odbory v Sandholmu"},
	} {
		it := digest.Item{Language: c.language, Title: c.text, Summary: digest.PlainText(c.text)}
		if got := withApostrophes(it); got.Title != c.want || got.Summary.Plain() != c.want || it.Summary.Plain() != c.text {
			t.Errorf("%q: %q and %q, want %q", c.text, got.Title, got.Summary.Plain(), c.want)
		}
	}
}
