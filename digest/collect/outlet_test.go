package collect

import (
	"testing"

	"digestd/digest"
)

func TestSourceName(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ title, link, url, want string }{
		{"Harbour Post", "https://www.harbourpost.example/", "", "Harbour Post"},
		{"Harbour Post - RSS", "", "", "Harbour Post"},
		{"World news | The Harbour Post", "https://www.harbourpost.co.uk/world", "", "The Harbour Post"},
		{"Harbour Post - Home", "https://harbourpost.org/", "", "Harbour Post"},
		{"HBP > U.S. News", "https://www.hbpost.com/section/us", "", "HBP"},
		{"Harbour Post: World", "https://harbourpost.com", "", "Harbour Post"},
		{"Opinion » Harbour Post", "", "https://feeds.harbourpost.com.au/rss", "Harbour Post"},
		{"Harbour Post | HP", "https://hp.example.org/", "https://www.hp.com/feed", "HP"}, // two letters tell by being all of it
		{"Post Letters | Harbour Post", "https://post.org/", "", "Post Letters"},
		{"News | Harbour | Post", "https://post.org/", "", "Post"},
		// Initials confirm a name, too.
		{"Sandholm Morning Herald - Latest News", "https://www.smh.com.au/", "", "Sandholm Morning Herald"},
		{"Aldmere Tide Herald", "https://www.athherald.co.nz/", "", "Aldmere Tide Herald"},
		{"World | New Aldmere Herald", "https://naherald.co.nz/", "", "New Aldmere Herald"},
		{"News of the Tarn Valley | Front page", "https://ntv.example.com/", "https://ntv.org/feed", "News of the Tarn Valley"},
		// Of what no domain confirms, generic parts go; what may be a section gives way to the domain.
		{"Articles | Post Online", "https://www.dailypost.co.uk/", "", "Post Online"},
		{"World news | The Harbour Post", "https://example.net/world", "https://127.0.0.1/feed", "The Harbour Post"},
		{"World news | The Harbour Post", "", "https://127.0.0.1/feed", "World news | The Harbour Post"},
		{"On the left - a column", "https://harbourpost.com/column", "", "harbourpost.com"},
		{"Aldmere", "https://www.httimes.com/aldmere", "", "httimes.com"},
		{"Latest News", "https://www.harbourpost.com/", "", "harbourpost.com"},
		{"Вестник", "https://www.harbourpost.com/", "", "Вестник"},
		{"Frankfurter Allgemeine", "https://www.faz.example.com/", "", "Frankfurter Allgemeine"},
		{"HP News - Global perspective", "https://news.hp.org/", "", "HP News"},
		{"UN - Peace and Security", "https://news.un.org/en", "", "UN"},
		{"Self-made", "https://self.org", "", "Self-made"},
		{"Sandholm", "", "https://feeds.feedburner.com/sandholm", "Sandholm"},
		{"Tide Tables - Medium", "https://medium.com/tide-tables", "", "Tide Tables"},
		{"GitLab", "https://about.gitlab.com/", "", "GitLab"},
		{"World News", "https://www.reddit.com/r/harbours", "", "reddit.com"},
		// The label of a host and a domain in the title confirm, too; accents and umlauts count as in domains.
		{"T1 > Todas as notícias", "https://t1.tarn.com.br/", "", "T1"},
		{"Sports | Harbour", "https://sports.harbour.com/", "", "Harbour"},
		{"HP.de - Topthemen", "https://www.hafenpost.de/", "", "HP.de"},
		{"Börsenbote - Tops", "https://www.boersenbote.de/", "", "Börsenbote"},
		{"La Marée - A la une", "https://www.lamaree.fr/", "", "La Marée"},
		{"Все материалы - Вестник", "https://www.hp.ru/", "", "Вестник"},
		{"The Tide - Top Stories", "https://tide.com.pk/", "", "The Tide"},
		{"The National", "https://www.thenationalpost.com/", "", "The National"},
		// What feeds say around a name goes; one "News" after it may be a part of it.
		{"Latest from Tidewatch", "https://tidewatch.com", "", "Tidewatch"},
		{"Portada de EL FARO", "https://elfaro.com", "", "EL FARO"},
		{"Portada, El Faro de Tarn", "https://www.elfarodetarn.com", "", "Portada, El Faro de Tarn"},
		{"Tidewatch is a magazine about tides", "https://tidewatch.com", "", "Tidewatch"},
		{"Notes on Tides", "https://notesontides.com", "", "Notes on Tides"},
		{"Tidewatch Latest Headlines", "https://tidewatch.com", "", "Tidewatch"},
		{"Tide News", "https://www.tide.com", "", "Tide News"},
		{"Tide Sandholm News", "https://www.tide.com", "", "Tide"},
		{"Tide Sandholm", "https://www.tide.com", "", "Tide Sandholm"},
		{"Tide.it, news, guides and pictures", "https://www.tide.it", "", "Tide"},
		{"Rock, Tide, Gull", "https://www.rocktidegull.com", "", "Rock, Tide, Gull"},
		{"Tide News Online / News", "https://www.tidenewsonline.com", "", "Tide News Online"},
		{"Edição Tarn no FAROL", "https://farol.com", "", "FAROL"},
		{"Harbour Post (RSS 2.0)", "", "", "Harbour Post"},
		{"港湾数字时代", "", "https://d3tide.cloudfront.net/feed", "港湾数字时代"},
		{"Ada Marsh's Blog", "https://marsh.org", "", "Ada Marsh's Blog"},
		{"Tide › International", "https://tide.at", "", "Tide"},
		{"Portada // tide", "https://tide.es", "", "tide"},
		{"www.tide.com - TOP", "https://www.tide.com", "", "tide.com"},
		{"UK homepage", "https://www.tide.com", "", "tide.com"},
		{"Finance & economics", "https://www.tide.com/finance", "", "tide.com"},
		{"", "https://www.harbourpost.com/", "", "harbourpost.com"},
		{"", "", "file:///var/feeds/harbour.xml", "harbour.xml"},
	} {
		got := sourceName(digest.Feed{URL: c.url}, &channel{title: c.title, link: c.link})
		if got != c.want {
			t.Errorf("%q of %s %s is %q, want %q", c.title, c.link, c.url, got, c.want)
		}
	}
	if got := sourceName(digest.Feed{Name: "HP | World", URL: "https://hp.com/"}, &channel{title: "x"}); got != "HP | World" {
		t.Errorf("the name of the config became %q", got)
	}
}
