package curate

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"digestd/digest"
	"digestd/internal/needs"
)

func TestCanonicalLink(t *testing.T) {
	const story = "harbourpost.example/world/ports-reopen-after-strike"
	for _, c := range []struct{ name, link, want string }{
		{"plain", "https://harbourpost.example/world/ports-reopen-after-strike", story},
		{"http", "http://harbourpost.example/world/ports-reopen-after-strike", story},
		{"www", "https://www.harbourpost.example/world/ports-reopen-after-strike", story},
		{"phones", "https://m.harbourpost.example/world/ports-reopen-after-strike", story},
		{"www of phones", "https://www.m.harbourpost.example/world/ports-reopen-after-strike", story},
		{"AMP host", "https://amp.harbourpost.example/world/ports-reopen-after-strike", story},
		{"AMP path", "https://harbourpost.example/world/ports-reopen-after-strike/amp/", story},
		{"AMP in front", "https://harbourpost.example/amp/world/ports-reopen-after-strike", story},
		{"AMP parameter", "https://harbourpost.example/world/ports-reopen-after-strike?outputType=amp", story},
		{"slash behind", "https://harbourpost.example/world/ports-reopen-after-strike/", story},
		{"doubled slash", "https://harbourpost.example//world/ports-reopen-after-strike", story},
		{"dots", "https://harbourpost.example/sport/../world/./ports-reopen-after-strike", story},
		{"index", "https://harbourpost.example/world/ports-reopen-after-strike/index.html", story},
		{"fragment", "https://harbourpost.example/world/ports-reopen-after-strike#comments", story},
		{"revision as fragment", "https://harbourpost.example/world/ports-reopen-after-strike#3", story},
		{"port", "https://harbourpost.example:443/world/ports-reopen-after-strike", story},
		{"capitals in the host", "HTTPS://HarbourPost.Example/world/ports-reopen-after-strike", story},
		{"dot behind the host", "https://harbourpost.example./world/ports-reopen-after-strike", story},
		{"user", "https://reader:x@harbourpost.example/world/ports-reopen-after-strike", story},
		{"utm", "https://harbourpost.example/world/ports-reopen-after-strike?utm_source=rss&utm_medium=feed", story},
		{"BBC", "https://harbourpost.example/world/ports-reopen-after-strike?at_medium=RSS&at_campaign=KARANGA", story},
		{"Facebook", "https://harbourpost.example/world/ports-reopen-after-strike?fbclid=abc", story},
		{"any other query where the path names the article", "https://harbourpost.example/world/ports-reopen-after-strike?x=1", story},
		{"escaped ampersand", "https://harbourpost.example/world/ports-reopen-after-strike?utm_source=rss&amp;utm_medium=feed", story},
		{"spaces around", " https://harbourpost.example/world/ports-reopen-after-strike\n", story},
		{"escapes", "https://harbourpost.example/world/ports%2Dreopen-after-strike", story},
		{"a number names an article", "https://harbourpost.example/news/52394685?rss=1&x=2", "harbourpost.example/news/52394685"},
		{"an id names an article", "https://harbourpost.example/news/articles/c1d2e3f4g5ho?x=2", "harbourpost.example/news/articles/c1d2e3f4g5ho"},
		{"parameters that name", "https://harbourpost.example/?p=123&utm_source=rss", "harbourpost.example?p=123"},
		{"parameters in order", "https://harbourpost.example/story.php?b=2&a=1", "harbourpost.example/story.php?a=1&b=2"},
		{"a script is no article", "https://harbourpost.example/show_one_story.php?art=5", "harbourpost.example/show_one_story.php?art=5"},
		{"a long word is no article", "https://harbourpost.example/international?slug=ports", "harbourpost.example/international?slug=ports"},
		{"pages of one article", "https://harbourpost.example/world/ports-reopen-after-strike?page=2", story + "?page=2"},
		{"another port", "http://harbourpost.example:8080/a", "harbourpost.example:8080/a"},
		{"a page in the fragment", "https://harbourpost.example/#!/story/5", "harbourpost.example#!/story/5"},
		{"case in the path", "https://hp.example/3ePAJo3", "hp.example/3ePAJo3"},
		{"front page", "https://www.harbourpost.example/", "harbourpost.example"},
		{"a host called m", "https://m.example/a", "m.example/a"},
		{"IPv6", "http://[::1]:8080/a", "[::1]:8080/a"},
		{"no address", "ports-reopen", ""},
		{"mail", "mailto:desk@harbourpost.example", ""},
		{"script", "javascript:alert(1)", ""},
		{"broken", "http://%zz/", ""},
		{"nothing", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := CanonicalLink(c.link); got != c.want {
				t.Errorf("%s: got %q, want %q", c.link, got, c.want)
			}
		})
	}
}

func FuzzCanonicalLink(f *testing.F) {
	f.Add("https://www.harbourpost.example:443/a//b/../c/?utm_source=x&b=1#c")
	f.Add("http://m.m.m/amp/amp/index.html?&&=&=")
	f.Fuzz(func(t *testing.T, link string) {
		once := CanonicalLink(link)
		if once == "" {
			return
		}
		if again := CanonicalLink("https://" + once); again != once {
			t.Errorf("%q: %q, then %q", link, once, again)
		}
	})
}

// TestIdentity shows two items to a memory, one after the other, and asks whether the second is new.
func TestIdentity(t *testing.T) {
	const feed = "https://feeds.harbourpost.example/world.xml"
	first := digest.Item{Feed: feed, GUID: "urn:1", Link: "https://harbourpost.example/world/ports-reopen-after-strike", Title: "Ports reopen after strike",
		Summary: digest.PlainText("Cranes moved again at dawn."), Published: noon, FirstSeen: noon}
	later := noon.Add(time.Hour)
	for _, c := range []struct {
		name   string
		change func(known, shown *digest.Item)
		fresh  bool
	}{
		{"shown again", func(_, _ *digest.Item) {}, false},
		{"retitled", func(_, s *digest.Item) { s.Title = "Crews cheer a deal at last" }, false},
		{"retitled and rewritten", func(_, s *digest.Item) {
			s.Title, s.Summary = "Crews cheer a deal at last", digest.PlainText("Nine per cent more for nights.")
		}, false},
		{"another date", func(_, s *digest.Item) { s.Published = later }, false},
		{"a tracking parameter", func(_, s *digest.Item) { s.Link += "?at_medium=RSS" }, false},
		{"http for https, no guid", func(k, s *digest.Item) {
			k.GUID, s.GUID, s.Link = "", "", strings.Replace(s.Link, "https", "http", 1)
		}, false},
		{"another guid, same link and title", func(_, s *digest.Item) { s.GUID = "urn:2" }, false},
		{"guids that count revisions, retitled", func(k, s *digest.Item) {
			k.GUID, s.GUID, s.Title = k.Link+"#0", s.Link+"#1", "Crews cheer a deal at last"
		}, false},
		{"another guid, same article, retitled", func(_, s *digest.Item) { s.GUID, s.Title = "urn:2", "Crews cheer a deal at last" }, false},
		{"another guid and title, one page for all: a list", func(k, s *digest.Item) {
			k.Link, s.Link = "https://harbourpost.example/releases", "https://harbourpost.example/releases"
			s.GUID, s.Title, s.Summary = "urn:2", "Minister speaks of a new era", digest.PlainText("He spoke at noon.")
		}, true},
		{"no guid, retitled", func(k, s *digest.Item) { k.GUID, s.GUID, s.Title = "", "", "Crews cheer a deal at last" }, false},
		{"no guid, another query", func(k, s *digest.Item) { k.GUID, s.GUID, s.Link = "", "", s.Link+"?rss=1&x=y" }, false},
		{"no link, retitled", func(k, s *digest.Item) { k.Link, s.Link, s.Title = "", "", "Ports are open again" }, false},
		{"one guid for two stories", func(_, s *digest.Item) {
			s.Link, s.Title, s.Summary = "https://harbourpost.example/bank-raises-key-rates", "Bank raises rates again", digest.PlainText("To five per cent.")
		}, true},
		{"one guid for two stories, without links", func(k, s *digest.Item) {
			k.Link, s.Link, s.Title, s.Summary = "", "", "Bank raises rates again", digest.PlainText("To five per cent.")
		}, true},
		{"the page moved", func(_, s *digest.Item) { s.Link = "https://harbourpost.example/archive/ports-reopen-after-strike" }, false},
		{"the site moved into another system, which dated it anew", func(_, s *digest.Item) {
			s.GUID, s.Link, s.Published = "post-9", "https://harbourpost.example.org/p/900/ports-reopen-after-strike.html", s.Published.AddDate(0, 3, 0)
		}, false},
		{"another day's telling under one title and slug, in another place", func(_, s *digest.Item) {
			s.GUID, s.Link, s.Published = "urn:2", "https://harbourpost.example/archive/ports-reopen-after-strike", s.Published.AddDate(0, 3, 0)
			s.Summary = digest.PlainText("Ferries sailed on the second morning, empty but for mail.")
		}, true},
		{"the site moved, and has headlines alone", func(k, s *digest.Item) {
			k.GUID, k.Summary, k.Published = "", nil, time.Time{}
			s.GUID, s.Summary, s.Published, s.Link = "", nil, time.Time{}, "https://harbourpost.example.org/2026/ports-reopen-after-strike/"
		}, false},
		{"a briefing that has one title, text and slug each day", func(k, s *digest.Item) {
			k.Link, s.Link = "https://harbourpost.example/2026/07/06/briefing-of-the-day", "https://harbourpost.example/2026/07/07/briefing-of-the-day"
			s.GUID, s.Published = "urn:2", s.Published.AddDate(0, 0, 1)
		}, true},
		{"the same, with headlines alone", func(k, s *digest.Item) {
			k.Link, s.Link = "https://harbourpost.example/2026/07/06/briefing-of-the-day", "https://harbourpost.example/2026/07/07/briefing-of-the-day"
			k.GUID, k.Summary, k.Published, s.GUID, s.Summary, s.Published = "", nil, time.Time{}, "", nil, time.Time{}
		}, true},
		{"a programme that has one title, text and page each day", func(k, s *digest.Item) {
			k.Link, s.Link = "https://harbourpost.example/the-news-at-noon", "https://harbourpost.example/the-news-at-noon"
			s.GUID, s.Published = "urn:2", s.Published.AddDate(0, 0, 1)
		}, true},
		{"https, another slug and other words in one night, the guid a number", func(k, s *digest.Item) {
			k.GUID, s.GUID = "http://www.harbourpost.example/?p=4711", "https://harbourpost.example?p=4711"
			s.Link, s.Title, s.Summary = "https://harbourpost.example/deal-cheered", "Crews cheer a deal", digest.PlainText("Nine per cent more.")
		}, false},
		{"the same, the number another", func(k, s *digest.Item) {
			k.GUID, s.GUID = "http://www.harbourpost.example/?p=4711", "https://harbourpost.example?p=4712"
			s.Link, s.Title, s.Summary = "https://harbourpost.example/deal-cheered", "Crews cheer a deal", digest.PlainText("Nine per cent more.")
		}, true},
		{"two releases of one minute, each with its number", func(k, s *digest.Item) {
			k.Link, k.Title = "https://mfa.example/n/8101", "Minister Berg receives the envoy of Northland"
			s.GUID, s.Link, s.Title = "urn:2", "https://mfa.example/n/8102", "Minister Berg receives the envoy of Southmark"
		}, true},
		{"one release under another number", func(k, s *digest.Item) {
			k.Link, s.GUID, s.Link = "https://mfa.example/n/8101", "urn:2", "https://mfa.example/n/9344"
		}, false},
		{"one release, its headline and slug edited", func(k, s *digest.Item) {
			s.GUID, s.Link, s.Title = "urn:2", "https://harbourpost.example/world/ports-open-after-strike-ends", "Ports open after strike ends"
		}, false},
		{"the same title under another guid and link: a column", func(k, s *digest.Item) {
			k.Title, s.Title, s.GUID, s.Link = "Briefing: what happened today", "Briefing: what happened today", "urn:2", "https://harbourpost.example/briefing-of-march-13"
			s.Published = s.Published.AddDate(0, 0, 1)
		}, true},
		{"the feed's address was edited", func(_, s *digest.Item) { s.Feed, s.GUID = "https://feeds.harbourpost.example/all.xml", "urn:9" }, false},
		{"another feed's entry of a page that lists many, days apart", func(k, s *digest.Item) {
			k.Link, s.Link = "https://harbourpost.example/releases", "https://harbourpost.example/releases"
			s.Feed, s.GUID, s.Title, s.Summary = "https://nordicherald.example/rss", "urn:2", "Minister speaks of a new era", digest.PlainText("He spoke at noon.")
			s.Published = s.Published.AddDate(0, 0, -9)
		}, true},
		{"another feed's link to a short address", func(k, s *digest.Item) {
			k.Link, s.Link = "https://harbourpost.example/ports", "https://harbourpost.example/ports"
			s.Feed, s.GUID, s.Title = "https://nordicherald.example/rss", "urn:2", "Show us: cranes at dawn"
		}, false},
		{"another feed counts its guids too", func(_, s *digest.Item) {
			s.Feed, s.Link, s.Title = "https://nordicherald.example/rss", "https://nordicherald.example/bank-raises-key-rates", "Bank raises rates again"
		}, true},
		{"neither guid nor link", func(k, s *digest.Item) { k.GUID, k.Link, s.GUID, s.Link = "", "", "", "" }, false},
		{"neither, other words", func(k, s *digest.Item) { k.GUID, k.Link, s.GUID, s.Link, s.Title = "", "", "", "", "Bank raises rates" }, true},
		{"all link to the front page", func(k, s *digest.Item) {
			k.Link, s.Link, s.GUID, s.Title = "https://harbourpost.example/", "https://harbourpost.example/", "urn:2", "Bank raises rates again"
		}, true},
		{"the guid is the link", func(k, s *digest.Item) {
			k.GUID, s.GUID, s.Link, s.Title = k.Link, k.Link, "", "Crews cheer a deal at last"
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := memory{aliases: make(map[Key]uint64)}
			known, shown := first, first
			shown.FirstSeen = later
			c.change(&known, &shown)
			m.show(known)
			if _, fresh := m.show(shown); fresh != c.fresh {
				t.Errorf("new: %v", fresh)
			}
			// Whatever was decided, both are known from now on.
			for _, it := range []digest.Item{known, shown} {
				it.FirstSeen = later.Add(time.Hour)
				if _, fresh := m.show(it); fresh {
					t.Errorf("%q is new at the next poll", it.Title)
				}
			}
		})
	}
}

// TestChurn shows what outlets really did to their items.
func TestChurn(t *testing.T) {
	for _, row := range tsv(t, needs.Corpus(t, filepath.Join("headlines", "churn.tsv"))) {
		kind, links := row[1], strings.Split(row[4], " || ")
		a := digest.Item{Feed: row[0], GUID: links[0], Link: links[0], Title: row[2], FirstSeen: noon}
		b := digest.Item{Feed: row[0], GUID: links[len(links)-1], Link: links[len(links)-1], Title: row[3], FirstSeen: noon.Add(time.Hour)}
		m := memory{aliases: make(map[Key]uint64)}
		m.show(a)
		_, fresh := m.show(b)
		switch kind {
		case "same-guid-retitled", "same-path-other-query":
			if fresh {
				t.Errorf("%s: %q became new as %q", row[4], row[2], row[3])
			}
		case "same-title-different-guid":
			if !fresh {
				t.Errorf("%s: %q was taken for one item", row[4], row[2])
			}
		default:
			t.Errorf("unknown kind of churn %q", kind)
		}
	}
}

// FuzzNamesIn holds that each entry of a document is a copy of another, or has a name of its own.
func FuzzNamesIn(f *testing.F) {
	f.Add("a", "https://mill.example/x#1", "T", "a", "https://mill.example/x#2", "T")
	f.Add("", "", "", "", "", "")
	f.Add("0", "https://mill.example/?id=1", "T", "0", "http://mill.example/?id=1&x", "t!")
	f.Fuzz(func(t *testing.T, guid, link, title, guid2, link2, title2 string) {
		doc := []digest.Item{{Feed: "f", GUID: guid, Link: link, Title: title}, {Feed: "f", GUID: guid2, Link: link2, Title: title2}}
		names := NamesIn(append(doc, doc...))
		if names[0].Copy || !names[2].Copy || !names[3].Copy {
			t.Errorf("copies: %+v", names)
		}
		for i, n := range names {
			if !n.Copy && len(n.Keys) == 0 {
				t.Errorf("entry %d has no name: %+v", i, n)
			}
			if !n.Copy && !n.Keys[0].IsExact() && !n.Keys[len(n.Keys)-1].IsExact() {
				t.Errorf("entry %d has no name that is all of it: %v", i, n.Keys)
			}
		}
	})
}

func TestArticleNumber(t *testing.T) {
	for _, c := range []struct {
		link, number string
		named        bool
	}{
		{"https://loom.example/town/weavers-a-31415926.html", "31415926", true},
		{"https://loom.example/town/article-1000001/weavers.html", "1000001", true},
		{"https://loom.example/news/52394685", "52394685", true},
		{"https://loom.example/show.php?id=5&x=6", "&id=5", true},
		{"https://loom.example/?p=4711", "&p=4711", true},
		{"https://loom.example/2026/11/weavers", "", false},
		{"https://loom.example/20261128/weavers", "", false},
		{"https://loom.example/weavers-202611281530", "", false},
		{"https://loom.example/c-271828/weavers-a-314159", "314159", true},
		{"https://loom.example/weavers-12345", "", false},
		{"https://loom.example/weavers", "", false},
		{"", "", false},
	} {
		if number, named := articleNumber(CanonicalLink(c.link)); number != c.number || named != c.named {
			t.Errorf("%s: got %q, %v", c.link, number, named)
		}
	}
}

// TestSameGrid holds how each two showings of an item are judged that differ in some of what they have, found under each
// kind of name: a digit for each rule of Same, in octal.
func TestSameGrid(t *testing.T) {
	const (
		strikeText = "Cranes moved again at dawn after eleven days of silence."
		mintText   = "The mint closes its doors for good this winter, its guild said."
		article    = "https://harbour.example/news/cranes-move-again-52394685"
		list       = "https://harbour.example/notices"
	)
	day := func(h int) time.Time { return noon.Add(time.Duration(h) * time.Hour) }
	var items []digest.Item
	for _, it := range []digest.Item{
		{GUID: "a1", Link: article, Title: "Cranes move again", Published: noon},
		{GUID: "a1", Link: article, Title: "Mint closes its doors", Published: day(30)},
		{GUID: "a2", Link: article, Title: "Mint closes its doors", Published: noon},
		{GUID: "a2", Link: article, Title: "Mint closes its doors", Published: day(30)},
		{GUID: "a2", Link: "https://harbour.example/news/wages-52394685", Title: "Mint closes its doors", Published: day(30)},
		{GUID: "a2", Link: "https://harbour.example/news/wages-agreed-a-52394685", Title: "Mint closes its doors"},
		{GUID: "a1", Link: "https://harbour.example/news/mint-closes-its-doors", Title: "Mint closes its doors", Published: noon},
		{GUID: "a1", Link: list, Title: "Cranes move again", Published: noon},
		{GUID: "a1", Link: list, Title: "Mint closes its doors", Published: noon, Summary: digest.PlainText(strikeText)},
		{GUID: "a2", Link: list, Title: "Cranes move again", Published: day(2), Summary: digest.PlainText(strikeText)},
		{GUID: "a2", Link: list, Title: "Cranes move again", Published: day(30), Summary: digest.PlainText(mintText)},
		{GUID: "", Link: list, Title: "Cranes move again", Published: day(30), Summary: digest.PlainText(strikeText)},
		{GUID: "", Link: list, Title: "Mint closes its doors"},
		{GUID: "", Link: list + "#mint", Title: "Mint closes its doors", Published: day(2)},
		{GUID: list + "#0", Link: list, Title: "Cranes move again", Published: day(2)},
		{GUID: list + "#1", Link: list, Title: "Mint closes its doors", Published: day(30)},
		{GUID: list + "#1", Link: list + "#cranes", Title: "Cranes move again", Published: day(30)},
		{GUID: "a1", Title: "Cranes move again"},
		{GUID: "a1", Title: "Mint closes its doors", Summary: digest.PlainText(mintText)},
		{GUID: article, Title: "Mint closes its doors", Published: day(2)},
		{GUID: "https://harbour.example/?p=4711", Link: "https://harbour.example/wages", Title: "Wages agreed", Published: noon},
		{GUID: "https://harbour.example/?p=4711", Link: "https://harbour.example/guild", Title: "Guild meets", Published: day(30)},
		{Title: "Cranes move again", Summary: digest.PlainText(strikeText)},
		{Title: "Cranes move again", Published: day(2), Summary: digest.PlainText(strikeText[:len(strikeText)-10])},
		{Title: "Cranes move again", Published: day(1), Summary: digest.PlainText(strikeText + " " + mintText)},
		{GUID: "a1", Link: "https://harbour.example/cranes?s=ab12cd34e", Title: "Cranes move again"},
		{GUID: "a3", Link: "https://harbour.example/cranes?s=ff98ab76c", Title: "Cranes move again"},
		{Feed: "nordic", GUID: "a1", Link: list, Title: "Mint closes its doors", Published: day(30)},
		{Feed: "nordic", GUID: "b1", Link: list, Title: "Cranes move again"},
		{Feed: "nordic", GUID: "b1", Link: article, Title: "Guild meets", Published: day(60)},
		{GUID: "a5", Link: "https://harbour.example/news/wages-agreed-at-77777777", Title: "Wages agreed", Published: noon, Summary: digest.PlainText(strikeText)},
		{GUID: "a6", Link: "https://harbour.example/news/guild-meets-at-77777778", Title: "Guild meets in hall", Published: noon, Summary: digest.PlainText(strikeText)},
		{GUID: "a7", Link: list + "#x", Title: "Cranes, move – again!", Published: day(31), Summary: digest.PlainText(strikeText)},
		{GUID: "a8", Link: list + "#x", Title: "Kestrel Bay ports reopen after wage deal 12"},
		{GUID: "a8", Link: "https://harbour.example/ports", Title: "Kestrel Bay ports to reopen after wage deal"},
		{GUID: "a8", Link: "https://harbour.example/ports?s=ff98ab76c", Title: "क्रेन की बात 13"},
		{GUID: "a9", Link: "https://harbour.example/ports?s=ab12cd34e", Title: "क्रेन का बात 13", Summary: digest.PlainText(mintText)},
		{Link: "https://harbour.example/%zz#!x", GUID: "b#/x", Title: "…"},
		{Link: "https://harbour.example/", Title: "…"},
		{Link: "https://harbour.example/#!/cranes", Title: "…", GUID: " a1 "},
	} {
		if it.Feed == "" {
			it.Feed = "harbour"
		}
		items = append(items, it)
	}
	var out strings.Builder
	for _, known := range items {
		for _, shown := range items {
			bits := 0
			for i, kind := range [...]Key{guidKey, linkKey, numberKey, minuteKey, titleKey} {
				if Same(known, shown, kind) {
					bits |= 1 << i
				}
			}
			fmt.Fprintf(&out, "%02o%d ", bits, Key(guidKey).Rank(known, shown))
		}
		for _, k := range Keys(known) {
			out.WriteString(string(k[:1]))
			if k.IsExact() {
				out.WriteString("!")
			}
		}
		p := partsOf(known)
		fmt.Fprintf(&out, " %s\n", strings.ReplaceAll(copyOf(known, p), "\x00", "|"))
	}
	// As one document, each item twice.
	for _, n := range NamesIn(append(slices.Clone(items), items...)) {
		for _, k := range n.Keys {
			out.WriteString(string(k[:1]))
		}
		out.WriteString("/")
		for _, k := range n.Shared {
			out.WriteString(string(k[:1]))
		}
		fmt.Fprintf(&out, "%v ", n.Copy)
	}
	golden(t, "same.txt", out.String()+"\n")
	if !Key("d:").IsExact() || !Key("h:").IsExact() || Key("l:").IsExact() {
		t.Error("what is exact")
	}
	for kind, want := range map[string]string{"g:": "guid", "h:": "title and text", "?": "nothing"} {
		if got := Key(kind).String(); got != want {
			t.Errorf("%s is called %q, want %q", kind, got, want)
		}
	}
}

// How alike two titles under one name must be, and when a number is enough.
func TestAlikeTitlesAndNumbers(t *testing.T) {
	for title, want := range map[string]bool{"Paris warns of floods in Marrow": false, "Lyon warns of floods in Marrow": true, "Floods in Marrow: Lyon warns": true} {
		if alikeTitle(digest.Item{Title: "Lyon warns of floods in Marrow"}, digest.Item{Title: title}) != want {
			t.Errorf("%s: alike %v", title, !want)
		}
	}
	if !alikeTitle(digest.Item{Title: "Marsh: 'I saw the cranes of Tarn fall'"}, digest.Item{Title: "Marsh saw the cranes of Tarn fall"}) {
		t.Error("a title that lost its quotes is another one")
	}
	for hours, want := range map[int]bool{2: true, 24: false, -1: true} {
		known := digest.Item{Link: "https://harbour.example/town/wages-a-52394685", Title: "Wages agreed", Published: noon}
		shown := digest.Item{Link: "https://harbour.example/town/guild-a-52394685", Title: "Guild meets"}
		if hours > 0 {
			shown.Published = noon.Add(time.Duration(hours) * time.Hour)
		}
		if Same(known, shown, numberKey) != want {
			t.Errorf("after %d hours (-1: undated): the same %v", hours, !want)
		}
	}
}
