package curate

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"digestd/digest"
)

// Tellings of one story become one: by an item that they share, by what follows what, and by their headlines. What ran
// on for days stands before what was told once, and every item is in a story or closed.
func TestRetell(t *testing.T) {
	at := func(day int) time.Time { return noon.AddDate(0, 0, day) }
	telling := func(day int, id string, items ...digest.Item) Retold {
		for i := range items {
			items[i].Published, items[i].FirstSeen = at(day).Add(-time.Hour), at(day).Add(-time.Hour)
		}
		return Retold{Story: digest.Story{ID: id, Items: items, Topics: []string{"global"}, Rank: digest.Rank{Weight: 1}},
			Told: digest.Told{Edition: fmt.Sprint("daily ", day), At: at(day), Title: items[0].Title}}
	}
	toll := telling(2, "s3", item(3, "nordic", "Death toll of the Sandholm ferry grows"))
	toll.Follows = &digest.Follows{Story: "s1", Edition: "daily 1"}
	headline := telling(4, "s9", item(9, "gazette", "Inquiry hears of the ferry"))
	headline.Brief, headline.Follows = true, &digest.Follows{Story: "s3", Edition: "daily 2"}
	other := telling(2, "s5", item(5, "nordic", "Lakes treaty survives a third vote in Aldmere"))
	other.Follows = &digest.Follows{Story: "s0", Edition: "week 0"}               // of a story that the lane told before
	again := telling(2, "s2", item(2, "nordic", "Fire on a ferry near Sandholm")) // in another zone
	again.Items[0].Published, again.Items[0].FirstSeen = at(1).Add(-time.Hour), at(1).Add(-time.Hour)
	stories, closed := Retell([]digest.Topic{topic("global", "harbour", "nordic", "gazette")}, []Retold{
		headline, toll, other,
		telling(1, "s1", item(1, "harbour", "Ferry burns off Sandholm"), item(2, "nordic", "Fire on a ferry near Sandholm")),
		again,
		telling(1, "s6", item(6, "harbour", "Kestrel Bay flood toll rises to 1,200")),
		telling(2, "s7", item(7, "gazette", "Kestrel Bay flood toll rises to 1,200 people")),
		telling(3, "s8", item(8, "harbour", "Nordic central bank raises key rate to five percent")),
	})
	var got []string
	for _, s := range stories {
		var items []string
		for _, it := range s.Items {
			items = append(items, fmt.Sprint(it.Seq))
		}
		got = append(got, fmt.Sprintf("%s %s on %d days", s.ID, strings.Join(items, "+"), s.Days()))
	}
	want := []string{"s3 3+1+9 on 3 days", "s7 7+6 on 2 days", "s5 5 on 1 days", "s8 8 on 1 days"}
	if !slices.Equal(got, want) {
		t.Errorf("stories %q, want %q", got, want)
	}
	if got, want := stories[0].Rank.Running, 1+0.5*math.Log2(3)+2*0.25; math.Abs(got-want) > 1e-9 {
		t.Errorf("three days and two developments are worth %.3f, want %.3f", got, want)
	}
	if f := stories[2].Follows; f == nil || f.Edition != "week 0" || stories[0].Follows != nil {
		t.Errorf("follows %v and %v", f, stories[0].Follows)
	}
	if len(closed) != 1 || closed[0].Item.Seq != 2 || closed[0].Reason != `coverage of "Death toll of the Sandholm ferry grows"` {
		t.Errorf("closed %+v", closed)
	}
}

// What somebody thinks of a story is none of its tellings.
func TestRetellKeepsOpinionsApart(t *testing.T) {
	var told []Retold
	for i, kind := range []digest.Kind{digest.News, digest.Opinion, digest.News} {
		it := item(uint64(i+1), []string{"harbour", "nordic", "gazette"}[i], "Kestrel Bay flood toll rises to 1,200")
		it.Kind = kind
		told = append(told, Retold{Story: digest.Story{ID: fmt.Sprint("s", i+1), Items: []digest.Item{it}, Kind: kind},
			Told: digest.Told{Edition: fmt.Sprint("daily ", i), At: noon}})
	}
	stories, _ := Retell([]digest.Topic{topic("global", "harbour", "nordic", "gazette")}, told)
	var got []string
	for _, s := range stories {
		got = append(got, fmt.Sprintf("%d:%d", s.Lead().Seq, len(s.Items)))
	}
	if slices.Sort(got); !slices.Equal(got, []string{"2:1", "3:2"}) {
		t.Errorf("%q, by lead and number of items", got)
	}
}

// Of developments on one day, four count.
func TestRetellCountsFourDevelopments(t *testing.T) {
	for n, want := range map[int]float64{3: 1.75, 4: 2, 6: 2} {
		told := make([]Retold, n)
		for i := range told {
			told[i] = Retold{Story: digest.Story{ID: "s1", Items: []digest.Item{item(1, "harbour", strike)}, Follows: &digest.Follows{Story: "s0"}},
				Told: digest.Told{Edition: fmt.Sprint("daily ", i), At: noon}}
		}
		stories, _ := Retell([]digest.Topic{topic("global", "harbour")}, told)
		if got := stories[0].Rank.Running; math.Abs(got-want) > 1e-9 {
			t.Errorf("%d developments are worth %.3f, want %.3f", n, got, want)
		}
	}
}
