package demo

import (
	"cmp"
	"context"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"digestd/digest"
	"digestd/digest/collect"
	"digestd/digest/curate"
	"digestd/internal/config"
)

// shelf remembers what one polling pass found.
type shelf struct {
	mu    sync.Mutex
	items []digest.Item
}

func (s *shelf) FeedState(url string) (digest.FeedState, error) {
	return digest.FeedState{URL: url}, nil
}

func (s *shelf) CommitPoll(_ context.Context, _ digest.FeedState, items []digest.Item) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, it := range items {
		it.FirstSeen = noon
		s.items = append(s.items, it)
	}
	return len(items), nil
}

// collected polls all feeds of a world. The items come in the order of the config, numbered.
func collected(t *testing.T, c *config.Config) (collect.Summary, []digest.Item) {
	t.Helper()
	var feeds []digest.Feed
	for _, topic := range c.Topics {
		feeds = append(feeds, topic.Feeds...)
	}
	var networks []netip.Prefix
	for _, n := range c.Collect.AllowPrivateNetworks {
		networks = append(networks, netip.MustParsePrefix(n))
	}
	var kept shelf
	collector := collect.New(collect.Options{
		Every: c.Collect.Every, Lookback: c.Collect.Lookback, Timeout: c.Collect.Timeout, MaxSize: c.Collect.MaxSize,
		Concurrency: c.Collect.Concurrency, PerHost: c.Collect.PerHost, AllowPrivateNetworks: networks,
	}, &kept, func() time.Time { return noon }, slog.New(slog.DiscardHandler))
	summary := collector.Poll(t.Context(), feeds, true, nil)

	place := make(map[string]int)
	names := make(map[string]string)
	for i, f := range feeds {
		place[f.URL], names[f.URL] = i, f.Name
	}
	slices.SortStableFunc(kept.items, func(a, b digest.Item) int { return cmp.Compare(place[a.Feed], place[b.Feed]) })
	for i := range kept.items {
		kept.items[i].Seq = uint64(i + 1)
		kept.items[i].Source = names[kept.items[i].Feed]
	}
	return summary, kept.items
}

func TestOneFeedFailsAndOneIsRepaired(t *testing.T) {
	w := newWorld(t)
	summary, items := collected(t, load(t, w, t.TempDir()))
	for _, r := range summary.Results {
		wantFailed := strings.HasSuffix(r.Feed.URL, "/aldmere-record.xml")
		if (r.Outcome == collect.Failed) != wantFailed {
			t.Errorf("%s: %s, %v", r.Feed.URL, r.Outcome, r.Err)
		}
		wantRepaired := strings.HasSuffix(r.Feed.URL, "/seld-observer.rss")
		if (len(r.Repairs) > 0) != wantRepaired {
			t.Errorf("%s is repaired: %q", r.Feed.URL, r.Repairs)
		}
		if least := 2; !wantFailed && r.Items < least {
			t.Errorf("%s has %d items", r.Feed.URL, r.Items)
		}
	}
	history := 0
	for _, it := range items {
		if it.History {
			history++
		}
		if text := it.Title + it.Summary.Plain() + it.Author; strings.ContainsAny(text, "<>") || strings.Contains(text, "&") || strings.Contains(text, "\uFFFD") {
			t.Errorf("%s of %s shows markup: %q", it.Title, it.Source, text)
		}
		if !strings.HasPrefix(it.Link, "https://") || it.Published.After(noon) {
			t.Errorf("%s of %s: link %q, published %v", it.Title, it.Source, it.Link, it.Published)
		}
		if len(it.Summary) == 0 {
			t.Errorf("%s of %s has no summary", it.Title, it.Source)
		}
	}
	if history != 4 {
		t.Errorf("%d items are history, want 4", history)
	}
}

func TestStoriesAreToldBySeveralOutlets(t *testing.T) {
	c := load(t, newWorld(t), t.TempDir())
	_, items := collected(t, c)
	items = slices.DeleteFunc(items, func(it digest.Item) bool { return it.History })
	stories, closed := curate.Curate(c.Topics, items, nil, curate.Options{Now: noon})

	want := []struct {
		title   string
		outlets int
		topics  string
		picture bool
	}{
		{"Kestrel Bay ports reopen as dockers accept night-pay deal", 5, "global", true},
		{"Ember Lakes treaty survives third vote by a single hand", 4, "diplomacy", true},
		{"Grain convoy crosses Seld strait as escort rule takes hold", 4, "global diplomacy", false},
		{"Orvane names Ilse Marrow as envoy to border talks", 3, "diplomacy", false},
		{"Castelline and Brume to reopen consulates after six years", 3, "diplomacy", false},
		{"Volcano on Isle Tarn goes to second alert level", 3, "global", false},
		{"Night train between Castelline and Brume returns in spring", 3, "global", false},
		{"Brume central bank leaves its rate at 3.25 per cent", 2, "global", false},
		{"Aldmere museum to return eleven bronzes to Orvane", 2, "diplomacy", false},
	}
	shared := slices.DeleteFunc(slices.Clone(stories), func(s digest.Story) bool { return s.Outlets() < 2 })
	for i, s := range shared {
		if i >= len(want) {
			t.Errorf("%s is in %d outlets, unasked", s.Lead().Title, s.Outlets())
			continue
		}
		if s.Lead().Title != want[i].title || s.Outlets() != want[i].outlets || strings.Join(s.Topics, " ") != want[i].topics ||
			(s.Lead().Image != nil) != want[i].picture {
			t.Errorf("place %d: %q in %d outlets, topics %q, picture %v; want %+v", i+1, s.Lead().Title, s.Outlets(), s.Topics, s.Lead().Image, want[i])
		}
	}
	if len(shared) < len(want) {
		t.Errorf("%d stories are told by several outlets, want %d", len(shared), len(want))
	}
	var reasons []string
	for _, cl := range closed {
		reasons = append(reasons, cl.Reason)
	}
	slices.Sort(reasons)
	if len(reasons) != 2 || !strings.HasPrefix(reasons[0], "coverage of") || !strings.Contains(reasons[1], "horoscope") {
		t.Errorf("closed: %q; want one item twice in two feeds, and the horoscope", reasons)
	}
}
