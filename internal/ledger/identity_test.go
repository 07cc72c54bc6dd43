package ledger

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"digestd/digest"
)

// written is an entry in short: "title | link | guid | hours before now | text".
func written(line string) digest.Item {
	part := append(strings.Split(line, "|"), "", "", "", "", "")
	for i := range part {
		part[i] = strings.TrimSpace(part[i])
	}
	it := digest.Item{Feed: "a", Source: "A", Title: part[0], Link: part[1], GUID: part[2], Summary: digest.PlainText(part[4])}
	if hours, err := time.ParseDuration(part[3] + "h"); err == nil {
		it.Published = morning.Add(-hours)
	}
	return it
}

// shows commits what feed "a" shows, and returns the titles of what became news by it.
func shows(t *testing.T, l *Ledger, c *clock, document string) (news []string) {
	t.Helper()
	last, err := l.Items.Last()
	if err != nil {
		t.Fatal(err)
	}
	var items []digest.Item
	for line := range strings.SplitSeq(strings.TrimSpace(document), "\n") {
		items = append(items, written(line))
	}
	if _, err := l.Items.CommitPoll(context.Background(), digest.FeedState{URL: "a", LastFull: c.t}, items); err != nil {
		t.Fatal(err)
	}
	added, err := l.Items.After(last)
	if err != nil {
		t.Fatal(err)
	}
	for _, it := range added {
		if !it.History {
			news = append(news, it.Title)
		}
	}
	return news
}

// TestWhatIsNews shows a feed's documents one after the other: of each, the news. The last is shown twice.
func TestWhatIsNews(t *testing.T) {
	for _, c := range []struct {
		name string
		docs []string
		news []string // of each document, "+" between titles
	}{
		{"guids that are places, texts that are forms", []string{
			"The lock is closed | https://well.example/lock | 1 | 3 | What the keeper said of the lock is told in full here.\nThe mole is closed | https://well.example/mole | 2 | 5 | What the keeper said of the mole is told in full here.",
			"The crane is closed | https://well.example/crane | 1 | 1 | What the keeper said of the crane is told in full here.\nThe lock is closed | https://well.example/lock | 2 | 3 | What the keeper said of the lock is told in full here.",
		}, []string{"The lock is closed + The mole is closed", "The crane is closed"}},
		{"incidents on one page, guids all the same", []string{
			"Pumps stopped | https://well.example/status | well | 3 | No water in the upper town.\nGate stuck | https://well.example/status | well | 5 | It opens by hand.",
			"Valve leaks | https://well.example/status | well | 1 | A small one.\nPumps stopped | https://well.example/status | well | 3 | No water in the upper town.",
			"Meter replaced | https://well.example/status | well | 0 | It counts again.",
		}, []string{"Pumps stopped + Gate stuck", "Valve leaks", "Meter replaced"}},
		{"incidents on one page that names an article, without guids", []string{
			"Pumps stopped | https://well.example/how-the-well-is | | 3\nGate stuck | https://well.example/how-the-well-is | | 5",
			"Valve leaks | https://well.example/how-the-well-is | | 1",
		}, []string{"Pumps stopped + Gate stuck", "Valve leaks"}},
		{"one incident at a time", []string{
			"Pumps stopped | https://well.example/status | | 30 | No water in the upper town.",
			"Gate stuck | https://well.example/status | | 2 | It opens by hand.",
		}, []string{"Pumps stopped", "Gate stuck"}},
		{"one incident at a time, its page the guid", []string{
			"Pumps stopped | https://well.example/status | https://well.example/status | 30",
			"Gate stuck | https://well.example/status | https://well.example/status | 2",
		}, []string{"Pumps stopped", "Gate stuck"}},
		{"days of one page, one at a time", []string{
			"Notes | https://loom.example/all-release-notes#day-1 | https://loom.example/all-release-notes#day-1 | 40 | Warps.",
			"Notes | https://loom.example/all-release-notes#day-2 | https://loom.example/all-release-notes#day-2 | 4 | Wefts.",
		}, []string{"Notes", "Notes"}},
		{"days of one page, the guids their own", []string{
			"Notes of Monday | https://loom.example/all-release-notes#mon | n1 | 40\nNotes of Sunday | https://loom.example/all-release-notes#sun | n0 | 64",
			"Notes of Tuesday | https://loom.example/all-release-notes#tue | n2 | 16\nNotes of Monday | https://loom.example/all-release-notes#mon | n1 | 40",
		}, []string{"Notes of Monday + Notes of Sunday", "Notes of Tuesday"}},
		{"two versions on one product page, the text of both alike", []string{
			"Loom 4.1 | https://loom.example/get-the-new-loom | loom-4.1 | 9 | Get it from the usual place, as always.\nLoom 4.0 | https://loom.example/get-the-new-loom | loom-4.0 | 9 | Get it from the usual place, as always.",
		}, []string{"Loom 4.1 + Loom 4.0"}},
		{"a daily programme at the page of an article", []string{
			"The Mill Hour | https://mill.example/listen-to-the-hour | e1 | 30 | Today from the mill.",
			"The Mill Hour | https://mill.example/listen-to-the-hour | e2 | 6 | Today from the mill.",
		}, []string{"The Mill Hour", "The Mill Hour"}},
		{"one title a day and no guid, the page the same", []string{
			"Menu | https://inn.example/menu | | 30 | Soup.\nMenu | https://inn.example/menu | | 54 | Stew.",
			"Menu | https://inn.example/menu | | 6 | Pie.\nMenu | https://inn.example/menu | | 30 | Soup.",
		}, []string{"Menu + Menu", "Menu"}},
		{"the same entry twice", []string{
			"Ferry runs late | https://quay.example/ferry-runs-late | f | 3\nFerry runs late | https://quay.example/ferry-runs-late | f | 3",
		}, []string{"Ferry runs late"}},
		{"an entry that took the link of another", []string{
			"Ferry runs late | https://quay.example/ferry-runs-late | f1 | 3 | Since noon.",
			"Ferry runs again | https://quay.example/ferry-runs-late | f2 | 1 | Since six.\nFerry runs late | https://quay.example/the-ferry-runs-late | f1 | 3 | Since noon.",
		}, []string{"Ferry runs late", "Ferry runs again"}},
		{"a token in the link", []string{
			"Grain prices fall | https://mill.example/read?tok=a81kq92mz0 | | 7 | By a tenth.\nGrain is short | https://mill.example/read?tok=b81kq92mz0 | | 9 | By a half.",
			"Grain prices fall | https://mill.example/read?tok=x07fj33qq1 | | 7 | By a tenth.\nGrain is short | https://mill.example/read?tok=y07fj33qq1 | | 9 | By a half.",
		}, []string{"Grain prices fall + Grain is short", ""}},
		{"a token in the link, without date and text", []string{
			"Grain prices fall | https://mill.example/read?tok=a81kq92mz0",
			"Grain prices fall | https://mill.example/read?tok=x07fj33qq1",
		}, []string{"Grain prices fall", ""}},
		{"a session in the path, the guid too", []string{
			"Grain prices fall | https://mill.example/s-a81kq92mz0/1 | a81kq92mz0/1 | 7 | By a tenth.",
			"Grain prices fall | https://mill.example/s-x07fj33qq1/1 | x07fj33qq1/1 | 7 | By a fifth.",
		}, []string{"Grain prices fall", ""}},
		{"a slug that follows the headline, the number stays", []string{
			"Weavers ask for more | https://loom.example/town/weavers-ask-for-more-a-31415926.html | https://loom.example/town/weavers-ask-for-more-a-31415926.html | 5",
			"Guild in turmoil | https://loom.example/town/guild-in-turmoil-a-31415926.html | https://loom.example/town/guild-in-turmoil-a-31415926.html | 4",
		}, []string{"Weavers ask for more", ""}},
		{"the same with a number in the query", []string{
			"Weavers ask for more | https://loom.example/show?slug=weavers&id=314 | | 5",
			"Guild in turmoil | https://loom.example/show?slug=guild&id=314 | | 5",
		}, []string{"Weavers ask for more", ""}},
		{"a sum in two slugs is no article's number", []string{
			"Guild is owed | https://loom.example/guild-is-owed-1500000 | g1 | 30 | By the town.",
			"Mill costs | https://loom.example/the-mill-costs-1500000 | g2 | 3 | Says the miller.",
		}, []string{"Guild is owed", "Mill costs"}},
		{"numbers that are dates", []string{
			"Guild is owed | https://loom.example/20260312/guild | g1 | 5 | By the town.",
			"Mill costs | https://loom.example/20260312/mill | g2 | 3 | Says the miller.",
		}, []string{"Guild is owed", "Mill costs"}},
		{"the guid stays, headline and slug are others", []string{
			"Weavers ask for more | https://loom.example/weavers-ask-for-more | https://loom.example/?p=272 | 5 | They met on the green.",
			"Guild in turmoil | https://loom.example/guild-in-turmoil | https://loom.example/?p=272 | 5 | They met on the green at dawn.",
		}, []string{"Weavers ask for more", ""}},
		{"a site moves and dates all anew", []string{
			"How we built the mill | https://old.example/1 | 1 | 900 | It took us three years and all our money.\nHow we dug the well | https://old.example/2 | 2 | 990 | It took us three weeks and all our friends.",
			"How we built the mill | https://new.example/posts/mill | m | | It took us three years and all our money.\nHow we dug the well | https://new.example/posts/well | w | | It took us three weeks and all our friends.",
		}, []string{"How we built the mill + How we dug the well", ""}},
		{"a strip a day", []string{
			"The Loom Family | https://strip.example/loom/1 | s1 | 30 | The strip of the day.",
			"The Loom Family | https://strip.example/loom/2 | s2 | 6 | The strip of the day.",
		}, []string{"The Loom Family", "The Loom Family"}},
		{"hourly, one at a time", []string{
			"News in brief | https://radio.example/a7 | h7 | 3 | The mill has stopped.",
			"News in brief | https://radio.example/a8 | h8 | 2 | The well is dry.",
		}, []string{"News in brief", "News in brief"}},
		{"older ones slide in below", []string{
			"Nine | https://mill.example/?p=9 | 9 | 3\nEight | https://mill.example/?p=8 | 8 | 99\nSeven | https://mill.example/?p=7 | 7 | 199",
			"Nine | https://mill.example/?p=9 | 9 | 3\nSeven | https://mill.example/?p=7 | 7 | 199\nSix | https://mill.example/?p=6 | 6 | 299",
		}, []string{"Nine + Eight + Seven", ""}},
		{"an archive without dates grows", []string{
			"Ten | https://mill.example/ten\nNine | https://mill.example/nine",
			"Ten | https://mill.example/ten\nNine | https://mill.example/nine\nEight | https://mill.example/eight\nSeven | https://mill.example/seven",
		}, []string{"Ten + Nine", ""}},
		{"an archive without dates grows, its numbers count up", []string{
			"Ten | https://mill.example/1 | 1\nNine | https://mill.example/2 | 2",
			"Ten | https://mill.example/1 | 1\nNine | https://mill.example/2 | 2\nC | https://mill.example/3 | 3\nD | https://mill.example/4 | 4\nE | https://mill.example/5 | 5\n" +
				"F | https://mill.example/6 | 6\nG | https://mill.example/7 | 7\nH | https://mill.example/8 | 8",
		}, []string{"Ten + Nine", ""}},
		{"a typo in the headline, slug and guid follow", []string{
			"Weavers ask for mroe pay and less dust | https://loom.example/weavers-ask-for-mroe | https://loom.example/weavers-ask-for-mroe | 5",
			"Weavers ask for more pay and less dust | https://loom.example/weavers-ask-for-more | https://loom.example/weavers-ask-for-more | 5",
		}, []string{"Weavers ask for mroe pay and less dust", ""}},
		{"another headline, slug and guid, the text as it was", []string{
			"Weavers ask for more | https://loom.example/weavers-ask-for-more | https://loom.example/weavers-ask-for-more | 5 | They met on the green at dawn and went home.",
			"Guild in turmoil | https://loom.example/guild-in-turmoil | https://loom.example/guild-in-turmoil | 5 | They met on the green at dawn and went home.",
		}, []string{"Weavers ask for more", ""}},
		{"two of one minute, one at a time", []string{
			"Weavers ask for more | https://loom.example/weavers-ask-for-more | w | 5 | They met on the green at dawn and went home.",
			"The well is dry | https://loom.example/the-well-is-dry | d | 5 | For the third time since the great drought.",
		}, []string{"Weavers ask for more", "The well is dry"}},
		{"a site moves, and shows whole texts", []string{
			"How we built the mill | https://old.example/1 | 1 | 900 | It took us three years and all our money to build it, and …",
			"How we built the mill | https://new.example/posts/mill | m | 901 | It took us three years and all our money to build it, and then the river went elsewhere.",
		}, []string{"How we built the mill", ""}},
		{"a list without dates that counts up", []string{
			"First | https://mill.example/n/1 | 1\nSecond | https://mill.example/n/2 | 2",
			"First | https://mill.example/n/1 | 1\nSecond | https://mill.example/n/2 | 2\nThird | https://mill.example/n/3 | 3",
		}, []string{"First + Second", "Third"}},
		{"the newest last, without dates and numbers: from the second one on", []string{
			"First | https://mill.example/one\nSecond | https://mill.example/two",
			"First | https://mill.example/one\nSecond | https://mill.example/two\nThird | https://mill.example/three",
			"Second | https://mill.example/two\nThird | https://mill.example/three\nFourth | https://mill.example/four",
			"Third | https://mill.example/three\nFourth | https://mill.example/four\nFifth | https://mill.example/five\nSixth | https://mill.example/six",
		}, []string{"First + Second", "", "Fourth", "Fifth + Sixth"}},
		{"an archive without dates grows, and news come on top", []string{
			"Ten | https://mill.example/ten\nNine | https://mill.example/nine",
			"Ten | https://mill.example/ten\nNine | https://mill.example/nine\nEight | https://mill.example/eight",
			"Eleven | https://mill.example/eleven\nTen | https://mill.example/ten\nNine | https://mill.example/nine\nEight | https://mill.example/eight\nSeven | https://mill.example/seven",
			"Eleven | https://mill.example/eleven\nTen | https://mill.example/ten\nNine | https://mill.example/nine\nSeven | https://mill.example/seven\nSix | https://mill.example/six",
		}, []string{"Ten + Nine", "", "Eleven", ""}},
		{"the newest last", []string{
			"First | https://mill.example/one | 1 | 300\nSecond | https://mill.example/two | 2 | 200",
			"Zeroth | https://mill.example/nil | 0 | 400\nFirst | https://mill.example/one | 1 | 300\nSecond | https://mill.example/two | 2 | 200\nThird | https://mill.example/three | 3 | 1",
		}, []string{"First + Second", "Third"}},
		{"dated back, in the middle", []string{
			"Nine | https://mill.example/nine | 9 | 3\nSeven | https://mill.example/seven | 7 | 199",
			"Nine | https://mill.example/nine | 9 | 3\nEight | https://mill.example/eight | 8 | 99\nSeven | https://mill.example/seven | 7 | 199",
		}, []string{"Nine + Seven", "Eight"}},
		{"dated back, on top", []string{
			"Nine | https://mill.example/nine | 9 | 3\nSeven | https://mill.example/seven | 7 | 199",
			"Old report found | https://mill.example/old | 1 | 9999\nNine | https://mill.example/nine | 9 | 3\nSeven | https://mill.example/seven | 7 | 199",
		}, []string{"Nine + Seven", "Old report found"}},
		{"a late one at the bottom", []string{
			"Nine | https://mill.example/nine | 9 | 3",
			"Nine | https://mill.example/nine | 9 | 3\nEight | https://mill.example/eight | 8 | 5",
		}, []string{"Nine", "Eight"}},
		{"an editor's choice, in no order", []string{
			"A | https://desk.example/a | a | 30\nB | https://desk.example/b | b | 3\nC | https://desk.example/c | c | 60\nD | https://desk.example/d | d | 9",
			"B | https://desk.example/b | b | 3\nC | https://desk.example/c | c | 60\nA | https://desk.example/a | a | 30\nE | https://desk.example/e | e | 400",
		}, []string{"A + B + C + D", "E"}},
		{"a new issue, all of it dated back", []string{
			"Erosion | https://acta.example/i/1 | 1 | 700\nSilt | https://acta.example/i/2 | 2 | 700",
			"Tides | https://acta.example/i/3 | 3 | 600\nWaves | https://acta.example/i/4 | 4 | 600",
		}, []string{"Erosion + Silt", "Tides + Waves"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, clock := opened(t)
			for i, doc := range append(c.docs, c.docs[len(c.docs)-1]) {
				want := ""
				if i < len(c.news) {
					want = c.news[i]
				}
				if got := strings.Join(shows(t, l, clock, doc), " + "); got != want {
					t.Errorf("document %d: news is %q, want %q", i+1, got, want)
				}
				clock.t = clock.t.Add(time.Minute)
			}
		})
	}
}

// TestWhatWasJoinedIsRemembered tells how an item came to stand for what its feed showed in another form.
func TestWhatWasJoinedIsRemembered(t *testing.T) {
	l, c := opened(t)
	const link = "https://loom.example/town/weavers-ask-for-more-a-31415926.html"
	shows(t, l, c, "Weavers ask for more | "+link+" | "+link+" | 5")
	shows(t, l, c, "Guild in turmoil | "+strings.Replace(link, "weavers-ask-for-more", "guild", 1)+" | w | 5")
	items, err := l.Items.After(0)
	if err != nil || len(items) != 1 || len(items[0].Aliases) != 1 {
		t.Fatalf("items %+v, %v; want one that was joined once", items, err)
	}
	want := digest.Alias{At: c.t, By: "number in the link", Title: "Weavers ask for more", GUID: "w", Link: strings.Replace(link, "weavers-ask-for-more", "guild", 1)}
	if a := items[0].Aliases[0]; a != want || items[0].Title != "Guild in turmoil" {
		t.Errorf("item %+v, want the new title and the alias %+v", items[0], want)
	}
	for i := range 3 * maxAliases {
		shows(t, l, c, fmt.Sprintf("Guild in turmoil, day %d | %s | %s | 5", i, link, link))
	}
	if items, _ = l.Items.After(0); len(items) != 1 || len(items[0].Aliases) != maxAliases {
		t.Errorf("%d items, the first with %d aliases; want one with %d", len(items), len(items[0].Aliases), maxAliases)
	}
}

// TestFromBelowInALongFeed has known entries in one transaction and what slid in behind them in the next.
func TestFromBelowInALongFeed(t *testing.T) {
	l, c := opened(t)
	doc := func(from, to int) string {
		var b strings.Builder
		for n := from; n > to; n-- {
			fmt.Fprintf(&b, "Post %d of the mill | https://mill.example/post-no-%d | p%d\n", n, n, n)
		}
		return b.String()
	}
	shows(t, l, c, doc(9000, 9000-pollBatch-5))
	if news := shows(t, l, c, doc(9001, 9001-3*pollBatch)); len(news) != 1 || news[0] != "Post 9001 of the mill" {
		t.Errorf("%d news, want the one on top: %.3q", len(news), news)
	}
}
