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

func (s *shelf) BeginPoll(st digest.FeedState, _ time.Duration) (digest.FeedState, bool, error) {
	return st, true, nil
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
	t.Parallel()
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
	t.Parallel()
	c := load(t, newWorld(t), t.TempDir())
	_, items := collected(t, c)
	items = slices.DeleteFunc(items, func(it digest.Item) bool { return it.History })
	stories, closed := curate.Curate(c.Topics, items, nil, curate.Options{Now: noon})

	// By the title of one of its items, whichever leads. Rank and lead are curate's own affair, but for the
	// two stories that are made to open Ana's mail and Benoît's: those have pictures.
	type telling struct {
		outlets int
		topics  string
	}
	want := map[string]telling{
		"Kestrel Bay ports reopen as dockers accept night-pay deal":  {5, "global"},
		"Ember Lakes treaty survives third vote by a single hand":    {4, "diplomacy"},
		"Grain convoy crosses Seld strait as escort rule takes hold": {4, "global diplomacy"},
		"Orvane names Ilse Marrow as envoy to border talks":          {3, "diplomacy"},
		"Castelline and Brume to reopen consulates after six years":  {3, "diplomacy"},
		"Volcano on Isle Tarn goes to second alert level":            {3, "global"},
		"Night train between Castelline and Brume returns in spring": {4, "global"}, // one of them in French
		"Brume central bank leaves its rate at 3.25 per cent":        {2, "global"},
		"Aldmere museum to return eleven bronzes to Orvane":          {2, "diplomacy"},
	}
	for _, s := range stories {
		if s.Outlets() < 2 {
			continue
		}
		i := slices.IndexFunc(s.Items, func(it digest.Item) bool { _, ok := want[it.Title]; return ok })
		if i < 0 {
			t.Errorf("%q is told by %d outlets, which was not intended", s.Lead().Title, s.Outlets())
			continue
		}
		title := s.Items[i].Title
		if got := (telling{s.Outlets(), strings.Join(s.Topics, " ")}); got != want[title] {
			t.Errorf("%q: %+v, want %+v", title, got, want[title])
		}
		delete(want, title)
	}
	for title := range want {
		t.Errorf("%q is told by one outlet only", title)
	}
	for _, topic := range c.Topics {
		i := slices.IndexFunc(stories, func(s digest.Story) bool { return slices.Contains(s.Topics, topic.ID) })
		if lead := stories[i].Lead(); lead.Image == nil || lead.Image.Width != 1120 || lead.Image.Alt == "" {
			t.Errorf("%s opens with %q, picture %+v", topic.ID, lead.Title, lead.Image)
		}
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
