package opml

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"

	"digestd/internal/needs"
)

// Every feed of the corpus's lists is found, in those that are not well-formed too.
func TestCorpus(t *testing.T) {
	root := needs.Corpus(t)
	f, err := os.Open(filepath.Join(root, "opml", "manifest.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma, r.LazyQuotes = '\t', true
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	address := regexp.MustCompile(`xmlUrl="([^"]*)"`)
	for _, row := range rows[1:] {
		name := row[0]
		body, err := os.ReadFile(filepath.Join(root, "opml", name))
		if err != nil {
			t.Fatal(err)
		}
		list, err := Read(body)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want, err := strconv.Atoi(row[5])
		if err != nil {
			t.Fatal(err)
		}
		if len(list.Feeds) != want {
			t.Errorf("%s: %d feeds, want %d; ignored: %q", name, len(list.Feeds), want, list.Ignored)
		}
		for i, m := range address.FindAllStringSubmatch(string(body), -1) {
			url := strings.ReplaceAll(m[1], "&amp;", "&")
			if i < len(list.Feeds) && list.Feeds[i].URL != url {
				t.Errorf("%s: feed %d is %s, want %s", name, i, list.Feeds[i].URL, url)
			}
		}
		for _, f := range list.Feeds {
			if category := strings.HasSuffix(name, "-cat.opml"); category != (f.Topic != "") {
				t.Errorf("%s: %s is in topic %q", name, f.URL, f.Topic)
			}
		}
		checkTOML(t, list)
	}
}

// checkTOML holds that what is printed is TOML that says what the list says.
func checkTOML(t *testing.T, list List) {
	t.Helper()
	text := TOML(list, []string{"global"})
	var config struct {
		Topics map[string]struct {
			Title string
			Feeds []any
		}
	}
	if err := toml.Unmarshal([]byte(text), &config); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	var printed []string
	for id, topic := range config.Topics {
		if id == "global" || len(id) > 40 || topic.Title == "" {
			t.Errorf("topic %q with title %q", id, topic.Title)
		}
		for _, f := range topic.Feeds {
			switch f := f.(type) {
			case string:
				printed = append(printed, f)
			case map[string]any:
				printed = append(printed, f["url"].(string))
			}
		}
	}
	total := 0
	for _, g := range byTopic(list.Feeds) {
		total += len(g.feeds)
	}
	if len(printed) != total {
		t.Errorf("%d feeds printed of %d", len(printed), total)
	}
}

func TestRead(t *testing.T) {
	for _, row := range []struct {
		name, document string
		want           []Feed
	}{
		{"nested categories", `<opml><body><outline text="Tech"><outline text="Go"><outline text="Blog" xmlUrl="https://example.org/1" htmlUrl="https://example.org/"/></outline></outline></body></opml>`,
			[]Feed{{"https://example.org/1", "Blog", "https://example.org/", "Tech / Go"}}},
		{"a bare ampersand in the address", `<opml><outline text="A&B" xmlUrl="https://example.org/?a=1&b=2&copy=3"/></opml>`,
			[]Feed{{"https://example.org/?a=1&b=2&copy=3", "A&B", "", ""}}},
		{"other spellings", `<OPML><OUTLINE TITLE='One' XMLURL='https://example.org/1'></OUTLINE><outline type="rss" text="Two" url="https://example.org/2"/></OPML>`,
			[]Feed{{"https://example.org/1", "One", "", ""}, {"https://example.org/2", "Two", "", ""}}},
		{"a category in an attribute", `<opml><outline text="One" xmlUrl="https://example.org/1" category="/News/World,/Other"/></opml>`,
			[]Feed{{"https://example.org/1", "One", "", "News / World"}}},
		{"feeds in a feed's outline", `<opml><outline text="One" xmlUrl="https://example.org/1"><outline text="Two" xmlUrl="https://example.org/2"/></outline></opml>`,
			[]Feed{{"https://example.org/1", "One", "", ""}, {"https://example.org/2", "Two", "", ""}}},
		{"the feed scheme in front of another", `<opml><outline text="One" xmlUrl="feed:javascript:alert(1)"/><outline text="Two" xmlUrl="feed:file:///etc/passwd"/></opml>`, nil},
		{"the feed scheme", `<opml><outline text="One" xmlUrl="feed://example.org/1"/><outline text="Two" xmlUrl="feed:https://example.org/2"/></opml>`,
			[]Feed{{"http://example.org/1", "One", "", ""}, {"https://example.org/2", "Two", "", ""}}},
		{"cut in the middle", `<opml><body><outline text="One" xmlUrl="https://example.org/1"/><outline text="Tw`,
			[]Feed{{"https://example.org/1", "One", "", ""}}},
		{"line breaks in a title", "<opml><outline text=\"One&#10;[mail]\u202e\" xmlUrl=\"https://example.org/1\"/></opml>",
			[]Feed{{"https://example.org/1", "One [mail]", "", ""}}},
		{"UTF-16", "\xff\xfe<\x00o\x00p\x00m\x00l\x00>\x00<\x00o\x00u\x00t\x00l\x00i\x00n\x00e\x00 \x00x\x00m\x00l\x00U\x00r\x00l\x00=\x00\"\x00h\x00t\x00t\x00p\x00:\x00/\x00/\x00a\x00/\x00\"\x00/\x00>\x00",
			[]Feed{{"http://a/", "", "", ""}}},
		{"no address that can be polled", `<opml><outline text="One" xmlUrl="javascript:alert(1)"/><outline text="Two" xmlUrl="/feed"/></opml>`, nil},
	} {
		list, err := Read([]byte(row.document))
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
		}
		if !reflect.DeepEqual(list.Feeds, row.want) {
			t.Errorf("%s: %+v, want %+v", row.name, list.Feeds, row.want)
		}
		if row.want == nil && len(list.Ignored) != 2 {
			t.Errorf("%s: ignored %q, want both", row.name, list.Ignored)
		}
	}
}

func TestReadRefusesWhatIsNoList(t *testing.T) {
	for _, document := range []string{"", "hello", "<html><body>Log in</body></html>", strings.Repeat("<outline text='a'>", 1000),
		"<opml>" + strings.Repeat("<outline xmlUrl='https://example.org/1'/>", maxFeeds+1) + "</opml>"} {
		if list, err := Read([]byte(document)); !errors.Is(err, ErrNotList) {
			t.Errorf("%.20q: %+v, %v", document, list, err)
		}
	}
}

func TestWriteThenRead(t *testing.T) {
	list := List{Title: `Feeds of "A & B"`, Feeds: []Feed{
		{"https://example.org/1?a=1&b=2", `One <"1">`, "https://example.org/", "News"},
		{"https://example.org/2", "Two", "", "News"},
		{"https://example.org/3", "Três", "", ""},
		{"https://example.org/4?a&b", "", "", ""},
	}}
	var b bytes.Buffer
	if err := Write(&b, list); err != nil {
		t.Fatal(err)
	}
	if err := xml.Unmarshal(b.Bytes(), new(struct {
		XMLName xml.Name `xml:"opml"`
	})); err != nil {
		t.Errorf("%v in\n%s", err, b.String())
	}
	back, err := Read(b.Bytes())
	if err != nil || !reflect.DeepEqual(back, list) {
		t.Errorf("%+v, %v; want %+v", back, err, list)
	}
}

func TestTOML(t *testing.T) {
	got := TOML(List{Title: "My feeds", Feeds: []Feed{
		{URL: "https://example.org/1", Title: `The "Times"`, Topic: "News & Politics"},
		{URL: "https://example.org/1", Title: "again", Topic: "News & Politics"},
		{URL: "https://example.org/2", Topic: "Économie"},
		{URL: "https://example.org/3", Title: "Three", Topic: "日本"},
		{URL: "https://example.org/4", Topic: "Global"},
		{URL: "https://example.org/5"},
	}}, []string{"global"})
	const want = `[topics.news-politics]
title = "News & Politics"
feeds = [
  { url = "https://example.org/1", name = "The \"Times\"" },
]

[topics.economie]
title = "Économie"
feeds = [
  "https://example.org/2",
]

[topics.topic]
title = "日本"
feeds = [
  { url = "https://example.org/3", name = "Three" },
]

[topics.global-2]
title = "Global"
feeds = [
  "https://example.org/4",
]

[topics.my-feeds]
title = "My feeds"
feeds = [
  "https://example.org/5",
]
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`<opml><outline text="Tech"><outline text="Blog & more" xmlUrl="https://example.org/1"/></outline></opml>`))
	f.Add([]byte("<?xml version='1.0' encoding='utf-16'?><!DOCTYPE opml [<!ENTITY a 'b'>]><opml><outline text='&a;&#x1F600;' type=rss url=http://a/b>"))
	f.Fuzz(func(t *testing.T, document []byte) {
		list, err := Read(document)
		if err != nil {
			return
		}
		checkTOML(t, list)
		var b bytes.Buffer
		if err := Write(&b, list); err != nil {
			t.Fatal(err)
		}
		back, err := Read(b.Bytes())
		if err != nil {
			t.Fatalf("%v in what was written:\n%s", err, b.String())
		}
		want := 0
		for _, g := range byTopic(list.Feeds) {
			want += len(g.feeds)
		}
		if len(back.Feeds) != want {
			t.Errorf("%d feeds came back of %d:\n%s", len(back.Feeds), want, b.String())
		}
	})
}
