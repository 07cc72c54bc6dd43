package newsroom_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"digestd/internal/newsroom/town"
)

// page is a page with one paragraph, long enough to be taken for an article.
func page(words string) string {
	return "<html><head><title>Page</title></head><body><article><p>" + words + strings.Repeat(" It was a long day on the river, with little wind.", 6) + "</p></article></body></html>"
}

// TestFullText reads the pages of a feed without words, once each, and falls back to what the feed says.
func TestFullText(t *testing.T) {
	w := town.New(t, strings.Replace(town.One, `"FEEDS/herald"`, `{ url = "FEEDS/herald", full_text = true }`, 1))
	server := strings.TrimSuffix(w.Config.Topics[0].Feeds[0].URL, "/herald")
	item := func(path, words string) string {
		return "<item><title>About " + path + "</title><link>" + server + "/" + path + "</link><description>" + words + "</description><pubDate>" +
			town.Thursday.Add(-time.Hour).Format(time.RFC1123Z) + "</pubDate></item>"
	}
	feed := func(items ...string) string {
		return "<rss version=\"2.0\"><channel><title>Herald</title>" + strings.Join(items, "") + "</channel></rss>"
	}
	w.Serve("/robots.txt", "")
	w.Serve("/herald", feed(item("one", ""), item("two", "The feed's two.")))
	w.Serve("/gazette", feed(item("three", "The feed's three.")))
	w.Serve("/one", page("The ferry was late."))
	w.Serve("/three", page("Nobody asked for this."))
	said := func() string {
		w.Collect()
		items, err := w.Ledger.Items.After(0)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, it := range items {
			text, _, _ := strings.Cut(it.Summary.Plain(), " It was")
			if it.Article != nil {
				text += " [" + it.Article.Error + "]"
			}
			out = append(out, it.Title+": "+text)
		}
		slices.Sort(out)
		return strings.Join(out, "\n")
	}
	const want = "About one: The ferry was late. []\nAbout three: The feed's three.\nAbout two: The feed's two. [the server answered 500 Internal Server Error]"
	if got := said(); got != want {
		t.Errorf("read\n%s\nwant\n%s", got, want)
	}
	// Neither success nor failure is tried again, and the feed does not take the words back.
	w.Serve("/one", page("The ferry sank."))
	w.Serve("/two", page("Two at last."))
	w.Serve("/herald", feed(item("one", "Click here."), item("two", "The feed's two.")))
	if got := said(); got != want {
		t.Errorf("read again\n%s\nwant\n%s", got, want)
	}
}
