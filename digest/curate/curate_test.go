package curate

import (
	"testing"
	"time"

	"digestd/digest"
)

var noon = time.Date(2026, 3, 12, 12, 0, 0, 0, time.UTC)

func TestCurateSmoke(t *testing.T) {
	topics := []digest.Topic{{ID: "g", Feeds: []digest.Feed{{URL: "a", Weight: 1}, {URL: "b", Weight: 1}}}}
	items := []digest.Item{
		{Seq: 1, Feed: "a", Source: "A", Title: "Kestrel Bay ports reopen after wage deal", FirstSeen: noon},
		{Seq: 2, Feed: "b", Source: "B", Title: "Kestrel Bay ports reopen after wage deal", FirstSeen: noon},
		{Seq: 3, Feed: "c", Source: "C", Title: "Something else", FirstSeen: noon},
	}
	stories, closed := Curate(topics, items, nil, Options{Now: noon})
	if len(stories) != 1 || len(stories[0].Items) != 2 || len(stories[0].Joins) != 1 || len(closed) != 1 || closed[0].Reason != "feed removed" {
		t.Errorf("stories %+v\nclosed %+v", stories, closed)
	}
}
