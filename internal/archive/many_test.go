package archive

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"digestd/digest"
	"digestd/digest/render"
	"digestd/internal/config"
	"digestd/internal/ledger"
	"digestd/templates"
)

// decades are an edition a day for 10,000 days.
type decades struct{ rows []ledger.Archived }

func (d decades) Rows() ([]ledger.Archived, uint64, error) { return d.rows, 1, nil }

func (d decades) Leaf(path string, _ int) (digest.Leaf, error) {
	return digest.Leaf{Language: "en", Dir: "ltr", Subject: path, Masthead: "Morning Wire", Body: "<p>" + path + "</p>"}, nil
}

// TestTenThousandEditions lists them all, a month at a time, and makes any page of them beside its neighbours; no page
// grows with their number but for the way to all months.
func TestTenThousandEditions(t *testing.T) {
	var d decades
	first := time.Date(2000, 1, 1, 7, 0, 0, 0, time.UTC)
	for i := range 10000 {
		at := first.AddDate(0, 0, i)
		day := at.Format(time.DateOnly)
		d.rows = append(d.rows, ledger.Archived{Path: "daily/" + day, Digest: "daily", Edition: day, Slot: at, Composed: at, From: at, Wall: day + "T07:00",
			Subject: "News of " + day, Date: at.Format("2 January 2006"), Languages: []string{"en"}, Listed: true})
	}
	set, err := render.Load(templates.FS, "", "")
	if err != nil {
		t.Fatal(err)
	}
	c := &config.Config{Newsletter: config.Newsletter{Name: "Morning Wire", Language: "en"}, Web: &config.Web{BaseURL: "https://news.example.org"},
		Digests: []digest.Digest{{ID: "daily", Title: "Morning Wire", Archive: true}}}
	began := time.Now()
	site, err := New(c, map[string]*render.Set{"daily": set}, d, first.AddDate(40, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	made := time.Since(began)
	page := func(path string, most int) string {
		t.Helper()
		p, err := site.Page(path)
		if err != nil || p == nil || p.Status != http.StatusOK || len(p.Body) > most {
			t.Fatalf("%q: %v, %+.200v", path, err, p)
		}
		return string(p.Body)
	}
	page("", 20<<10)
	list := page("daily/", 80<<10)
	for at := first; at.Before(first.AddDate(0, 0, 10000)); at = at.AddDate(0, 1, 0) {
		if !strings.Contains(list, `href="../daily/`+at.Format("2006-01")+`/"`) {
			t.Fatalf("the list does not lead to %s", at.Format("2006-01"))
		}
	}
	const entry = `<b dir="auto">News of `
	if n := strings.Count(list, entry); n != onList {
		t.Errorf("%d editions stand in the list", n)
	}
	for _, month := range []string{"2000-01", "2012-12", "2026-12"} {
		if n := strings.Count(page("daily/"+month+"/", 80<<10), entry); n != 31 {
			t.Errorf("%d editions in %s", n, month)
		}
	}
	began = time.Now()
	for i := 1; i < len(d.rows)-1; i += 997 {
		body := page(d.rows[i].Path+"/", 20<<10)
		for _, near := range []string{`rel="prev" href="../../` + d.rows[i-1].Path, `rel="next" href="../../` + d.rows[i+1].Path} {
			if !strings.Contains(body, near) {
				t.Fatalf("%s lacks %s", d.rows[i].Path, near)
			}
		}
	}
	if feed := page("daily/"+feedAtom, 200<<10); strings.Count(feed, "<entry>") != inFeed {
		t.Error("the feed is not of thirty editions")
	}
	t.Logf("sorted in %v, a page of an edition in %v", made, time.Since(began)/time.Duration(len(d.rows)/997))
}
