package daemon

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
	_ "time/tzdata" // the tests name zones that a bare machine may not have

	"digestd/digest"
	"digestd/digest/schedule"
)

func daily(t testing.TB, line, zone string) laneView {
	t.Helper()
	parsed, err := schedule.Parse(line)
	if err != nil {
		t.Fatal(err)
	}
	place, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	return laneView{lane: digest.Lane{Digest: "daily", Zone: zone}, times: parsed, zone: place, catchUp: 6 * time.Hour}
}

func clockTime(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestDecideOnALane(t *testing.T) {
	const yesterday, today = "2026-11-21T07:00", "2026-11-22T07:00"
	tests := []struct {
		name    string
		now     string
		last    string // wall time; empty: never used a slot
		lastAt  string // when it is not what the schedule says
		from    string
		held    string // until
		catchUp time.Duration
		busy    bool
		publish string
		skip    string
		void    string
		wake    time.Duration // from now
	}{
		{name: "before the slot", now: "2026-11-22T06:00:00+01:00", last: yesterday, wake: time.Minute},
		{name: "wakes at the slot", now: "2026-11-22T06:59:30+01:00", last: yesterday, wake: 30 * time.Second},
		{name: "at the slot", now: "2026-11-22T07:00:00+01:00", last: yesterday, publish: today, wake: time.Minute},
		{name: "a minute late is on time", now: "2026-11-22T07:01:00+01:00", last: yesterday, catchUp: -1, publish: today, wake: time.Minute},
		{name: "used already", now: "2026-11-22T07:01:00+01:00", last: today, wake: time.Minute},
		{name: "missed by less than catch_up", now: "2026-11-22T12:59:00+01:00", last: yesterday, publish: today, wake: time.Minute},
		{name: "missed by catch_up", now: "2026-11-22T13:00:00+01:00", last: yesterday, publish: today, wake: time.Minute},
		{name: "missed by more", now: "2026-11-22T13:00:01+01:00", last: yesterday, skip: today, wake: time.Minute},
		{name: "missed, and no catch_up", now: "2026-11-22T07:06:00+01:00", last: yesterday, catchUp: -1, skip: today, wake: time.Minute},
		{name: "of several missed ones the latest", now: "2026-11-22T08:00:00+01:00", last: "2026-11-18T07:00", publish: today, wake: time.Minute},
		{name: "never composed: nothing was missed", now: "2026-11-22T08:00:00+01:00", from: "2026-11-22T07:59:00+01:00", wake: time.Minute},
		{name: "never composed: starts at its next slot", now: "2026-11-22T07:00:00+01:00", from: "2026-11-21T07:59:00+01:00", publish: today, wake: time.Minute},
		{name: "begun in the instant of a slot: at the next", now: "2026-11-22T07:00:00+01:00", from: "2026-11-22T07:00:00+01:00", wake: time.Minute},
		{name: "busy", now: "2026-11-22T07:00:00+01:00", last: yesterday, busy: true, wake: time.Minute},
		{name: "failed a moment ago", now: "2026-11-22T07:01:00+01:00", last: yesterday, held: "2026-11-22T07:01:20+01:00", wake: 20 * time.Second},
		{name: "failed long enough ago", now: "2026-11-22T07:02:00+01:00", last: yesterday, held: "2026-11-22T07:02:00+01:00", publish: today, wake: time.Minute},
		{name: "failed on a clock that was ahead", now: "2026-11-22T07:02:00+01:00", last: yesterday, held: "2026-11-22T07:22:00+01:00", publish: today, wake: time.Minute},
		{name: "clock set back: strictly after the last one used", now: "2026-11-22T06:59:30+01:00", last: today, wake: time.Minute},
		{name: "clock set back a day, less than a period from the last", now: "2026-11-21T07:00:00+01:00", last: today, wake: time.Minute},
		{name: "clock set back further: the last one is void", now: "2026-11-21T06:59:00+01:00", last: today, void: today, wake: time.Minute},
		{name: "clock set back a year", now: "2025-11-21T06:59:00+01:00", last: today, void: today, wake: time.Minute},
		{name: "the zone moved: the wall time is used", now: "2026-11-22T07:00:00+01:00", last: today, lastAt: "2026-11-22T06:00:00+01:00", wake: time.Minute},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			l := daily(t, "0 7 * * *", "Europe/Paris")
			now := clockTime(t, test.now)
			if test.last != "" {
				at, err := time.ParseInLocation(schedule.WallLayout, test.last, l.zone)
				if err != nil {
					t.Fatal(err)
				}
				l.last = schedule.Slot{Wall: test.last, At: at}
			}
			if test.lastAt != "" {
				l.last.At = clockTime(t, test.lastAt)
			}
			if test.from != "" {
				l.from = clockTime(t, test.from)
			}
			if test.catchUp != 0 {
				l.catchUp = 0
			}
			l.busy = test.busy
			v := view{lanes: []laneView{l}, lastPrune: now}
			if test.held != "" {
				v.holds = map[string]time.Time{"daily/Europe/Paris/" + today: clockTime(t, test.held)}
			}
			p := decide(v, now)
			only := func(what string, got []laneSlot, want string) {
				t.Helper()
				var walls []string
				for _, s := range got {
					walls = append(walls, s.slot.Wall)
				}
				if want == "" && len(got) > 0 || want != "" && !slices.Equal(walls, []string{want}) {
					t.Errorf("%s %v, want %q", what, walls, want)
				}
			}
			only("publishes", p.publish, test.publish)
			only("skips", p.skip, test.skip)
			only("voids", p.void, test.void)
			if got := p.wake.Sub(now); got != test.wake {
				t.Errorf("wakes after %v, want %v", got, test.wake)
			}
		})
	}
}

func TestDecideOnWhatIsOwed(t *testing.T) {
	now := clockTime(t, "2026-11-22T07:00:00Z")
	paris, tokyo := daily(t, "0 7 * * *", "Europe/Paris"), daily(t, "0 7 * * *", "Asia/Tokyo")
	paris.last, tokyo.last = paris.times.Latest(now, paris.zone), tokyo.times.Latest(now, tokyo.zone)
	publishing := daily(t, "0 7 * * *", "UTC")
	publishing.last = publishing.times.Latest(now.Add(-1), publishing.zone)
	busy := paris
	busy.busy = true
	owed := func(edition string, l laneView, due time.Duration) owedView {
		return owedView{edition: edition, lane: l.lane, due: now.Add(due)}
	}
	gone := daily(t, "0 7 * * *", "Asia/Tokyo")
	gone.lane.Digest = "weekly"
	tests := []struct {
		name   string
		lanes  []laneView
		owed   []owedView
		holds  map[string]time.Duration
		asked  []string
		resume []string
		wake   time.Duration
	}{
		{name: "due", lanes: []laneView{paris, tokyo}, owed: []owedView{owed("p1", paris, -time.Hour), owed("t1", tokyo, 0)},
			resume: []string{"p1", "t1"}, wake: time.Minute},
		{name: "not due yet", lanes: []laneView{paris}, owed: []owedView{owed("p1", paris, 7*time.Second)}, wake: 7 * time.Second},
		{name: "one at a time of a lane", lanes: []laneView{paris}, owed: []owedView{owed("p1", paris, 0), owed("p1+1", paris, 0)},
			resume: []string{"p1"}, wake: time.Minute},
		{name: "not while the lane is busy", lanes: []laneView{busy}, owed: []owedView{owed("p1", paris, 0)}, wake: time.Minute},
		{name: "a slot goes first", lanes: []laneView{publishing}, owed: []owedView{owed("u1", publishing, 0)}, wake: time.Minute},
		{name: "failed a moment ago", lanes: []laneView{paris, tokyo}, owed: []owedView{owed("p1", paris, 0), owed("t1", tokyo, 0)},
			holds: map[string]time.Duration{"p1": 11 * time.Second}, resume: []string{"t1"}, wake: 11 * time.Second},
		{name: "an hour by the clock before", lanes: []laneView{paris}, owed: []owedView{owed("p1", paris, 0)},
			holds: map[string]time.Duration{"p1": time.Hour}, resume: []string{"p1"}, wake: time.Minute},
		{name: "paused", lanes: []laneView{paris}, owed: []owedView{owed("p1", paris, 0)}, asked: []string{"p1"},
			holds: map[string]time.Duration{"p1": time.Hour}, wake: time.Minute},
		{name: "of a lane that is configured no more", owed: []owedView{owed("w1", gone, 0)}, resume: []string{"w1"}, wake: time.Minute},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v := view{lanes: test.lanes, owed: test.owed, lastPrune: now, holds: map[string]time.Time{}, asked: map[string]time.Time{}}
			for name, wait := range test.holds {
				v.holds[name] = now.Add(wait)
			}
			for _, name := range test.asked {
				v.asked[name] = now
			}
			p := decide(v, now)
			var got []string
			for _, o := range p.resume {
				got = append(got, o.edition)
			}
			if !slices.Equal(got, test.resume) {
				t.Errorf("resumes %v, want %v", got, test.resume)
			}
			if got := p.wake.Sub(now); got != test.wake {
				t.Errorf("wakes after %v, want %v", got, test.wake)
			}
		})
	}
}

func TestDecideOnPollAndPrune(t *testing.T) {
	now := clockTime(t, "2026-11-22T07:00:00Z")
	tests := []struct {
		name        string
		view        view
		poll, prune bool
		wake        time.Duration
	}{
		{name: "nothing due", view: view{feeds: feedsView{next: now.Add(20 * time.Second)}, lastPrune: now}, wake: 20 * time.Second},
		{name: "a feed is due", view: view{feeds: feedsView{due: true, next: now.Add(time.Second)}, lastPrune: now}, poll: true, wake: time.Minute},
		{name: "no feeds", view: view{lastPrune: now}, wake: time.Minute},
		{name: "polling already", view: view{feeds: feedsView{due: true}, polling: true, lastPrune: now}, wake: time.Minute},
		{name: "polling failed", view: view{feeds: feedsView{due: true}, lastPrune: now, holds: map[string]time.Time{taskPoll: now.Add(30 * time.Second)}}, wake: 30 * time.Second},
		{name: "polled on a clock that was ahead", view: view{feeds: feedsView{due: true}, lastPrune: now, holds: map[string]time.Time{taskPoll: now.Add(time.Hour)}}, poll: true, wake: time.Minute},
		{name: "a day since the last prune", view: view{lastPrune: now.Add(-pruneEvery)}, prune: true, wake: time.Minute},
		{name: "pruning already", view: view{lastPrune: now.Add(-pruneEvery), pruning: true}, wake: time.Minute},
		{name: "a prune in the future", view: view{lastPrune: now.Add(time.Hour)}, prune: true, wake: time.Minute},
		{name: "pruning failed", view: view{lastPrune: now.Add(-2 * pruneEvery), holds: map[string]time.Time{taskPrune: now.Add(time.Second)}}, wake: time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := decide(test.view, now)
			if p.poll != test.poll || p.prune != test.prune || p.wake.Sub(now) != test.wake {
				t.Errorf("poll %v, prune %v, wakes after %v", p.poll, p.prune, p.wake.Sub(now))
			}
		})
	}
}

func TestHoldsGrowAndEnd(t *testing.T) {
	want := []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, longestHold, longestHold}
	for i, hold := range want {
		if got := holdAfter(i + 1); got != hold {
			t.Errorf("after %d failures: %v, want %v", i+1, got, hold)
		}
	}
	if got := holdAfter(1_000_000); got != longestHold {
		t.Errorf("after a million failures: %v", got)
	}
}

// TestYearsOfAnUnrulyClock lives through years in which the machine is suspended, stopped, and has its
// clock set, in both directions. Whatever happens, a slot is used once, none is invented, the order
// is kept, and what is left out was really missed.
func TestYearsOfAnUnrulyClock(t *testing.T) {
	places := []struct {
		zone string
		year int
	}{
		{"Europe/Berlin", 2026}, {"America/New_York", 2026}, {"America/Sao_Paulo", 2018}, {"Australia/Lord_Howe", 2026},
		{"Asia/Beirut", 2026}, {"Pacific/Apia", 2011},
	}
	for i, place := range places {
		for j, line := range []string{"0 7 * * *", "30 2 * * *", "0 0 * * *", "15 */6 * * 1-5"} {
			t.Run(fmt.Sprintf("%s %s", place.zone, line), func(t *testing.T) {
				random := rand.New(rand.NewPCG(uint64(i), uint64(j)))
				l := daily(t, line, place.zone)
				now := time.Date(place.year, time.January, 1, 12, 0, 0, 0, l.zone)
				end := now.AddDate(1, 0, 0)
				l.from = now
				begin := now
				used := map[string]string{} // wall time → how
				quiet := true               // the clock was never set back
				awake := now                // of the turn before
				for now.Before(end) {
					p := decide(view{lanes: []laneView{l}, lastPrune: now}, now)
					for _, s := range p.void {
						if quiet {
							t.Fatalf("at %v: %s is void on a clock that was never set back", now, s.slot.Wall)
						}
						l.last, l.from = schedule.Slot{}, now
					}
					for how, slots := range map[string][]laneSlot{"publish": p.publish, "skip": p.skip} {
						for _, s := range slots {
							late := now.Sub(s.slot.At)
							switch {
							case used[s.slot.Wall] != "" && quiet:
								t.Fatalf("at %v: %s %s, used before: %s", now, how, s.slot.Wall, used[s.slot.Wall])
							case late < 0:
								t.Fatalf("at %v: %s %s comes early", now, how, s.slot.Wall)
							case how == "skip" && late <= l.catchUp, how == "publish" && late > l.catchUp:
								t.Fatalf("at %v: %s %s, %v late", now, how, s.slot.Wall, late)
							case s.slot.Wall <= l.last.Wall:
								t.Fatalf("at %v: %s %s, behind %s", now, how, s.slot.Wall, l.last.Wall)
							case l.times.Latest(s.slot.At, l.zone) != s.slot:
								t.Fatalf("at %v: %s %s is invented", now, how, s.slot.Wall)
							}
							used[s.slot.Wall] = how
							l.last = s.slot
						}
					}
					if quiet { // while time only goes forward, every slot of the last stretch is accounted for
						slots := l.times.Between(awake, now, l.zone)
						if n := len(slots); n > 0 && slots[n-1].At.After(begin) && used[slots[n-1].Wall] == "" {
							t.Fatalf("at %v: %s was neither used nor skipped", now, slots[n-1].Wall)
						}
					}
					awake = now
					if wait := p.wake.Sub(now); wait <= 0 || wait > time.Minute {
						t.Fatalf("at %v: wakes after %v", now, wait)
					}
					switch n := random.IntN(4000); {
					case n == 0: // suspended, or off
						now = now.Add(time.Duration(random.Int64N(int64(40 * time.Hour))))
					case n == 1: // set forward
						now = now.Add(time.Duration(random.Int64N(int64(3 * time.Hour))))
					case n == 2 && now.Sub(begin) > 200*24*time.Hour: // set back, further than a period at times
						back := time.Duration(random.Int64N(int64(50 * time.Hour)))
						now, awake, quiet = now.Add(-back), now.Add(-back), false
					case n < 1000:
						now = p.wake
					default: // skips what changes nothing: turns a minute apart until the next slot
						now = l.times.Next(now, l.zone).At.Add(time.Duration(random.Int64N(int64(wakeAtLeast))))
					}
				}
				if len(used) < 200 {
					t.Errorf("only %d slots in the year: the test shows nothing", len(used))
				}
			})
		}
	}
}

// What an editor sees first: 45 minutes before the slot, and held until it is approved.
func TestDecideOnWhatWaitsForTheEditor(t *testing.T) {
	const yesterday, today, tomorrow = "2026-11-21T07:00", "2026-11-22T07:00", "2026-11-23T07:00"
	shown := waitingView{wall: today, shown: true}
	reminded := waitingView{wall: today, shown: true, reminded: true}
	yes := func(at string) waitingView {
		return waitingView{wall: today, shown: true, reminded: true, approved: clockTime(t, at)}
	}
	for _, test := range []struct {
		name    string
		now     string
		last    string
		hold    bool
		waiting waitingView
		propose string
		publish string
		skip    string
		wake    time.Duration
	}{
		{name: "long before", now: "2026-11-22T06:00:00+01:00", last: yesterday, wake: time.Minute},
		{name: "wakes for it", now: "2026-11-22T06:14:30+01:00", last: yesterday, wake: 30 * time.Second},
		{name: "in time", now: "2026-11-22T06:15:00+01:00", last: yesterday, propose: today, wake: time.Minute},
		{name: "could not be shown", now: "2026-11-22T06:20:00+01:00", last: yesterday, waiting: waitingView{wall: today}, propose: today, wake: time.Minute},
		{name: "shown", now: "2026-11-22T06:20:00+01:00", last: yesterday, waiting: shown, wake: time.Minute},
		{name: "goes at its slot", now: "2026-11-22T07:00:00+01:00", last: yesterday, waiting: shown, publish: today, wake: time.Minute},
		{name: "held: is reminded of at the slot", now: "2026-11-22T07:00:00+01:00", last: yesterday, hold: true, waiting: shown, publish: today, wake: time.Minute},
		{name: "held: waits", now: "2026-11-22T09:00:00+01:00", last: yesterday, hold: true, waiting: reminded, wake: time.Minute},
		{name: "held: waits longer than catch_up", now: "2026-11-22T19:00:00+01:00", last: yesterday, hold: true, waiting: reminded, wake: time.Minute},
		{name: "held: approved", now: "2026-11-22T09:00:00+01:00", last: yesterday, hold: true, waiting: yes("2026-11-22T09:00:00+01:00"), publish: today, wake: time.Minute},
		{name: "held: approved late", now: "2026-11-22T19:00:00+01:00", last: yesterday, hold: true, waiting: yes("2026-11-22T18:59:00+01:00"), publish: today, wake: time.Minute},
		{name: "held: approved in the first lane's life", now: "2026-11-22T09:00:00+01:00", hold: true, waiting: yes("2026-11-22T09:00:00+01:00"), publish: today, wake: time.Minute},
		{name: "held: approved before the slot, and missed", now: "2026-11-22T19:00:00+01:00", last: yesterday, hold: true, waiting: yes("2026-11-22T06:20:00+01:00"), skip: today, wake: time.Minute},
		{name: "held: nobody was asked in time", now: "2026-11-22T08:00:00+01:00", last: yesterday, hold: true, publish: today, wake: time.Minute},
		{name: "held until the next is composed", now: "2026-11-23T06:15:00+01:00", last: yesterday, hold: true, waiting: reminded, propose: tomorrow, wake: time.Minute},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := daily(t, "0 7 * * *", "Europe/Paris")
			l.before, l.hold, l.waiting = 45*time.Minute, test.hold, test.waiting
			now := clockTime(t, test.now)
			if test.last == "" {
				l.from = now
			} else {
				at, err := time.ParseInLocation(schedule.WallLayout, test.last, l.zone)
				if err != nil {
					t.Fatal(err)
				}
				l.last = schedule.Slot{Wall: test.last, At: at}
			}
			p := decide(view{lanes: []laneView{l}, lastPrune: now}, now)
			for _, c := range []struct {
				what string
				got  []laneSlot
				want string
			}{{"proposes", p.propose, test.propose}, {"publishes", p.publish, test.publish}, {"skips", p.skip, test.skip}} {
				got := ""
				for _, s := range c.got {
					got += s.slot.Wall
				}
				if got != c.want {
					t.Errorf("%s %q, want %q", c.what, got, c.want)
				}
			}
			if got := p.wake.Sub(now); got != test.wake {
				t.Errorf("wakes after %v, want %v", got, test.wake)
			}
		})
	}
}
