package collect

import (
	"cmp"
	"encoding/json"
	"time"

	"digestd/digest"
)

// Document is what this program makes of a feed.
type Document struct {
	Title    string
	Outlet   string // how readers see it called, where the configuration has no name for the feed
	Link     string // of the site
	Format   string // "rss 2.0", "atom 1.0", "json 1.1"
	Language string
	Items    []ReadItem
	Repairs  []string // what was mended to read it
	Found    string   // its address, where that of a page was given; else empty
}

// ReadItem is an entry of a document, whole.
type ReadItem struct {
	digest.Item      // with its Content
	Skipped     bool // it has nothing to show, so collecting leaves it out
	FromPage    bool // its words are those of its page, or Article says why not
}

// MarshalJSON writes the document as `feeds read --json` shows it: every key is there, texts are
// plain, and what a feed does not say is empty or null.
func (d *Document) MarshalJSON() ([]byte, error) {
	type feed struct {
		Title    string `json:"title"`
		Link     string `json:"link"`
		Format   string `json:"format"`
		Language string `json:"language"`
		Found    string `json:"found,omitempty"`
	}
	type item struct {
		ID         string        `json:"id"`
		Title      string        `json:"title"`
		Link       string        `json:"link"`
		Summary    string        `json:"summary"`
		Content    string        `json:"content"`
		Published  *time.Time    `json:"published"`
		Updated    *time.Time    `json:"updated"`
		Author     string        `json:"author"`
		Categories []string      `json:"categories"`
		Image      *digest.Image `json:"image"`
		Language   string        `json:"language"`
		Skipped    bool          `json:"skipped"`
		FullText   *string       `json:"full_text,omitempty"` // where the page was read: empty, or what went wrong
	}
	known := func(t time.Time) *time.Time {
		if t.IsZero() {
			return nil
		}
		return &t
	}
	items := make([]item, 0, len(d.Items))
	for _, it := range d.Items {
		var fullText *string
		if it.FromPage {
			fullText = &it.Article.Error
		}
		items = append(items, item{
			ID: cmp.Or(it.GUID, it.Link), Title: it.Title, Link: it.Link,
			Summary: it.Summary.Plain(), Content: it.Content.Plain(),
			Published: known(it.Published), Updated: known(it.Updated), Author: it.Author,
			Categories: append([]string{}, it.Categories...), Image: it.Image, Language: it.Language,
			Skipped: it.Skipped, FullText: fullText,
		})
	}
	return json.Marshal(struct {
		Feed    feed     `json:"feed"`
		Items   []item   `json:"items"`
		Repairs []string `json:"repairs"`
	}{feed{d.Title, d.Link, d.Format, d.Language, d.Found}, items, append([]string{}, d.Repairs...)})
}
