package archive

import (
	"bytes"
	"cmp"
	"encoding/json"
	"encoding/xml"
	"net/http"
	"time"
)

// The feeds of a digest's editions, below its address.
const (
	feedAtom = "feed.xml"
	feedJSON = "feed.json"
	typeAtom = "application/atom+xml"
	typeJSON = "application/feed+json"
)

// feed makes one of a digest's feeds, of its last editions.
func (s *Site) feed(of *collection, name string) (*Page, error) {
	entries := []jsonItem{}
	for _, row := range of.listed[:min(inFeed, len(of.listed))] {
		leaf, err := s.shelf.Leaf(row.Path, 0)
		if err != nil {
			return nil, err
		}
		entries = append(entries, jsonItem{ID: row.Tag, URL: s.base + "/" + row.Path + "/", Title: leaf.Subject,
			Summary: leaf.Description, Image: leaf.Picture, Content: leaf.Body, Language: leaf.Language,
			Published: row.Composed.UTC().Truncate(time.Second).Format(time.RFC3339)})
	}
	home := s.base + "/" + of.ID + "/"
	p := &Page{Path: of.ID + "/" + name, Status: http.StatusOK}
	var err error
	if name == feedAtom {
		p.Type = typeAtom + "; charset=utf-8"
		p.Body, err = s.atom(of, home, entries)
	} else {
		p.Type = typeJSON
		p.Body, err = s.jsonFeed(of, home, entries)
	}
	return p, err
}

// The elements of an Atom feed (RFC 4287) as far as they stand in ours.
type (
	atomFeed struct {
		XMLName   xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
		Language  string      `xml:"xml:lang,attr"`
		ID        string      `xml:"id"`
		Title     string      `xml:"title"`
		Updated   string      `xml:"updated"`
		Author    string      `xml:"author>name"`
		Links     []atomLink  `xml:"link"`
		Generator string      `xml:"generator"`
		Entries   []atomEntry `xml:"entry"`
	}
	atomLink struct {
		Rel  string `xml:"rel,attr"`
		Type string `xml:"type,attr"`
		Href string `xml:"href,attr"`
	}
	atomEntry struct {
		ID        string   `xml:"id"`
		Title     string   `xml:"title"`
		Published string   `xml:"published"`
		Updated   string   `xml:"updated"`
		Link      atomLink `xml:"link"`
		Summary   string   `xml:"summary,omitempty"`
		Content   atomText `xml:"content"`
	}
	atomText struct {
		Type     string `xml:"type,attr"`
		Language string `xml:"xml:lang,attr"`
		Text     string `xml:",chardata"`
	}
)

func (s *Site) atom(of *collection, home string, entries []jsonItem) ([]byte, error) {
	f := atomFeed{Language: of.words.Tag, ID: home + feedAtom, Title: of.Title, Author: s.author(of),
		Generator: "digestd", Updated: time.Unix(0, 0).UTC().Format(time.RFC3339),
		Links: []atomLink{{"self", typeAtom, home + feedAtom}, {"alternate", "text/html", home}}}
	for _, e := range entries {
		f.Updated = max(f.Updated, e.Published)
		f.Entries = append(f.Entries, atomEntry{ID: e.ID, Title: e.Title, Published: e.Published, Updated: e.Published,
			Link: atomLink{"alternate", "text/html", e.URL}, Summary: e.Summary,
			Content: atomText{"html", e.Language, e.Content}})
	}
	text, err := xml.MarshalIndent(f, "", " ")
	return append([]byte(xml.Header), append(text, '\n')...), err
}

// author is whose feed it is: Atom wants somebody.
func (s *Site) author(of *collection) string { return cmp.Or(s.config.Newsletter.Name, of.Title) }

// The objects of a JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/) as far as they stand in ours.
type (
	jsonFeed struct {
		Version  string       `json:"version"`
		Title    string       `json:"title"`
		Home     string       `json:"home_page_url"`
		Feed     string       `json:"feed_url"`
		Language string       `json:"language"`
		Authors  []jsonAuthor `json:"authors"`
		Items    []jsonItem   `json:"items"`
	}
	jsonAuthor struct {
		Name string `json:"name"`
	}
	jsonItem struct {
		ID        string `json:"id"`
		URL       string `json:"url"`
		Title     string `json:"title"`
		Content   string `json:"content_html"`
		Summary   string `json:"summary,omitempty"`
		Image     string `json:"image,omitempty"`
		Published string `json:"date_published"`
		Language  string `json:"language"`
	}
)

func (s *Site) jsonFeed(of *collection, home string, entries []jsonItem) ([]byte, error) {
	f := jsonFeed{Version: "https://jsonfeed.org/version/1.1", Title: of.Title, Home: home, Feed: home + feedJSON,
		Language: of.words.Tag, Authors: []jsonAuthor{{s.author(of)}}, Items: entries}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(f)
	return b.Bytes(), err
}
