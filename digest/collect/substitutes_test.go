package collect

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"digestd/digest"
)

func TestPlaceholdersAreNoNames(t *testing.T) {
	for value, want := range map[string]bool{
		"N/A": true, "null": true, " None ": true, "undefined": true, "0": true, "-": true, "--": true, "#": true, "": true, "?": true, "n/a": true, "(null)": true,
		"1": false, "n": false, "/a/b": false, "a-b": false, "?p=1": false, "nullarbor": false, "00": false, "null-and-void": false, "#top": false, "https://a.example": false,
	} {
		if got := isPlaceholder(value); got != want {
			t.Errorf("%q: %v", value, got)
		}
	}
}

func TestWithoutErrors(t *testing.T) {
	for _, c := range []struct {
		name   string
		titles []string
		left   int
		fails  bool
	}{
		{"news", []string{"Mill stops", "Well is dry"}, 2, false},
		{"nothing", nil, 0, false},
		{"a bridge's error alone", []string{"Bridge returned error 403! (20420)"}, 0, true},
		{"a bridge's error among news", []string{"Bridge returned error 0! (19443)", "Mill stops"}, 1, false},
		{"a server that does not know us", []string{"RSS reader not yet whitelisted!"}, 0, true},
		{"a status alone", []string{"503 Service Unavailable"}, 0, true},
		{"a status with words", []string{"HTTP Error 429: Too Many Requests"}, 0, true},
		{"an exception", []string{"HTTPError: 403 Client Error"}, 0, true},
		{"a client's words", []string{"Request failed with status code 502"}, 0, true},
		{"a bridge's name in front", []string{"LoomBridge: Bridge returned error 500! (20421)", "Mill stops"}, 1, false},
		{"several", []string{"Error 500", "Error 502: Bad Gateway"}, 0, true},
		{"no feed any more", []string{"This feed has been disabled."}, 0, true},
		{"a challenge", []string{"Just a moment..."}, 0, true},
		{"could not", []string{"Failed to fetch the page content"}, 0, true},
		{"a status among news is news", []string{"Error 404", "Mill stops"}, 2, false},
		{"a song called Error 404", []string{"Error 404 climbs the charts"}, 1, false},
		{"404 jobs", []string{"404 jobs to go at the mill"}, 1, false},
		{"an access that was denied", []string{"Access denied to the well, says miller"}, 1, false},
		{"bridges return", []string{"Bridge returned to the town"}, 1, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			ch := &channel{}
			for _, title := range c.titles {
				ch.add(digest.Item{Title: title, Link: "https://mill.example/" + title}, true)
			}
			err := ch.withoutErrors()
			if (err != nil) != c.fails || len(ch.items) != c.left || len(ch.skipped) != c.left {
				t.Errorf("%d items left, %d marks, error %v; want %d, %v", len(ch.items), len(ch.skipped), err, c.left, c.fails)
			}
			if err != nil && !strings.Contains(err.Error(), c.titles[len(c.titles)-1]) {
				t.Errorf("error %v does not have the server's words", err)
			}
		})
	}
}

// TestFirstReading counts the news of a feed that was never read.
func TestFirstReading(t *testing.T) {
	at := func(hours ...float64) (items []digest.Item) {
		for i, h := range hours {
			it := digest.Item{Title: fmt.Sprint("Post ", i), Link: fmt.Sprint("https://mill.example/", i)}
			if h >= 0 {
				it.Published = testStart.Add(17*time.Second - time.Duration(h*float64(time.Hour)))
			}
			items = append(items, it)
		}
		return items
	}
	atHour := func(n int, h time.Duration) (items []digest.Item) {
		for i := range n {
			items = append(items, digest.Item{Title: fmt.Sprint("Post ", i), Published: testStart.Truncate(30 * time.Minute).Add(-h * time.Hour)})
		}
		return items
	}
	many := func(n int, step float64) (hours []float64) {
		for i := range n {
			hours = append(hours, 1+float64(i)*step)
		}
		return hours
	}
	for _, c := range []struct {
		name  string
		items []digest.Item
		news  int
	}{
		{"one an hour", at(many(40, 1)...), 24},
		{"without dates", at(-1, -1, -1, -1, -1, -1, -1), undatedNews},
		{"all at the build", at(many(40, 0)...), undatedNews},
		{"all at the request, on the hour", atHour(40, 0), undatedNews},
		{"a morning's paper", atHour(40, 5), 40},
		{"a build of a minute and a half", at(many(40, 0.0006)...), undatedNews},
		{"the build was two days ago", at(50, 50, 50, 50, 50, 50, 50, 50), undatedNews},
		{"one since the build", at(append([]float64{0.5}, many(40, 0)...)...), 1 + undatedNews},
		{"all at the request", at(0, 0.01, 0), 3},
		{"five at once", at(2, 2, 2, 2, 2), 5},
		{"a batch of a dozen", at(2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2), 12},
		{"six at once among many", at(append(many(20, 1), 2, 2, 2, 2, 2)...), 25},
	} {
		t.Run(c.name, func(t *testing.T) {
			news := 0
			for _, it := range finish(&channel{items: c.items}, digest.Feed{URL: "https://mill.example/feed"}, digest.FeedState{}, testStart, 24*time.Hour) {
				if !it.History {
					news++
				}
			}
			if news != c.news {
				t.Errorf("%d news, want %d", news, c.news)
			}
		})
	}
	// A feed that showed nothing so far is read for the first time when it shows something; one that had items is not.
	bare := digest.FeedState{LastFull: testStart.Add(-time.Hour), Bare: true}
	before := bare
	before.LastItems = testStart.Add(-99 * time.Hour)
	for state, want := range map[*digest.FeedState]bool{&bare: true, &before: false} {
		items := finish(&channel{items: at(1, 99)}, digest.Feed{URL: "https://mill.example/feed"}, *state, testStart, 24*time.Hour)
		if items[0].History || items[1].History != want {
			t.Errorf("after no items, the last at %v: history %v, %v", state.LastItems, items[0].History, items[1].History)
		}
	}
}

// TestSiteMoved reads a feed whose site is on another host than the last time.
func TestSiteMoved(t *testing.T) {
	for _, c := range []struct {
		site  string
		hours int
		past  bool
	}{
		{"https://mill.example/", 900, false},
		{"https://www.mill.example/blog", 900, false},
		{"https://newmill.example/", 900, true},
		{"https://newmill.example/", 3, false},
		{"https://blog.mill.example/", 900, true},
		{"", 900, false},
	} {
		items := []digest.Item{{Title: "Post", Published: testStart.Add(-time.Duration(c.hours) * time.Hour)}}
		before := digest.FeedState{Site: "https://mill.example/", LastFull: testStart.Add(-time.Hour)}
		got := finish(&channel{items: items, link: c.site}, digest.Feed{}, before, testStart, 24*time.Hour)[0]
		if got.History != c.past || (got.Past != "") != c.past {
			t.Errorf("%s, %d hours old: history %v (%s)", c.site, c.hours, got.History, got.Past)
		}
	}
}
