package schedule

import (
	"math/rand/v2"
	"testing"
	"time"
)

func parse(t testing.TB, line string) Schedule {
	t.Helper()
	s, err := Parse(line)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func load(t testing.TB, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func instantOf(t testing.TB, rfc3339 string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, rfc3339)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestClocksThatChange(t *testing.T) {
	type slot struct{ wall, at string }
	tests := []struct {
		name, line, zone, after, until string
		want                           []slot
	}{
		{"Berlin, spring: a skipped time comes after the gap", "30 2 * * *", "Europe/Berlin",
			"2026-03-27T12:00:00Z", "2026-03-30T12:00:00Z", []slot{
				{"2026-03-28T02:30", "2026-03-28T02:30:00+01:00"},
				{"2026-03-29T02:30", "2026-03-29T03:00:00+02:00"},
				{"2026-03-30T02:30", "2026-03-30T02:30:00+02:00"}}},
		{"Berlin, spring: all that the gap holds is one slot with the time that exists", "*/20 1-3 * * *", "Europe/Berlin",
			"2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z", []slot{
				{"2026-03-29T01:40", "2026-03-29T01:40:00+01:00"},
				{"2026-03-29T03:00", "2026-03-29T03:00:00+02:00"},
				{"2026-03-29T03:20", "2026-03-29T03:20:00+02:00"}}},
		{"Berlin, spring: the latest of the gap when none exists", "10,50 2 * * *", "Europe/Berlin",
			"2026-03-29T00:00:00Z", "2026-03-29T12:00:00Z", []slot{
				{"2026-03-29T02:50", "2026-03-29T03:00:00+02:00"}}},
		{"Berlin, autumn: the first pass only", "30 2 * * *", "Europe/Berlin",
			"2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z", []slot{
				{"2026-10-25T02:30", "2026-10-25T02:30:00+02:00"},
				{"2026-10-26T02:30", "2026-10-26T02:30:00+01:00"}}},
		{"Berlin, autumn: nothing while the hour repeats", "*/30 * * * *", "Europe/Berlin",
			"2026-10-24T23:59:00Z", "2026-10-25T02:00:00Z", []slot{
				{"2026-10-25T02:00", "2026-10-25T02:00:00+02:00"},
				{"2026-10-25T02:30", "2026-10-25T02:30:00+02:00"},
				{"2026-10-25T03:00", "2026-10-25T03:00:00+01:00"}}},
		{"New York, the end of the repeated hour is a time of its own", "0 2 * * *", "America/New_York",
			"2026-11-01T05:30:00Z", "2026-11-01T12:00:00Z", []slot{
				{"2026-11-01T02:00", "2026-11-01T02:00:00-05:00"}}},
		{"São Paulo 2018: a day without midnight", "0 0 * * *", "America/Sao_Paulo",
			"2018-11-02T12:00:00Z", "2018-11-05T12:00:00Z", []slot{
				{"2018-11-03T00:00", "2018-11-03T00:00:00-03:00"},
				{"2018-11-04T00:00", "2018-11-04T01:00:00-02:00"},
				{"2018-11-05T00:00", "2018-11-05T00:00:00-02:00"}}},
		{"São Paulo 2018: midnight that comes twice", "30 23 * * *", "America/Sao_Paulo",
			"2018-02-17T12:00:00Z", "2018-02-19T12:00:00Z", []slot{
				{"2018-02-17T23:30", "2018-02-17T23:30:00-02:00"},
				{"2018-02-18T23:30", "2018-02-18T23:30:00-03:00"}}},
		{"Lord Howe: half an hour forward", "*/15 2 * * *", "Australia/Lord_Howe",
			"2026-10-03T15:00:00Z", "2026-10-03T16:00:00Z", []slot{
				{"2026-10-04T02:30", "2026-10-04T02:30:00+11:00"},
				{"2026-10-04T02:45", "2026-10-04T02:45:00+11:00"}}},
		{"Lord Howe: half an hour back", "*/15 1-2 * * *", "Australia/Lord_Howe",
			"2026-04-04T14:20:00Z", "2026-04-04T15:50:00Z", []slot{
				{"2026-04-05T01:30", "2026-04-05T01:30:00+11:00"},
				{"2026-04-05T01:45", "2026-04-05T01:45:00+11:00"},
				{"2026-04-05T02:00", "2026-04-05T02:00:00+10:30"},
				{"2026-04-05T02:15", "2026-04-05T02:15:00+10:30"}}},
		{"Beirut: midnight is skipped", "0 0 * * *", "Asia/Beirut",
			"2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z", []slot{
				{"2026-03-29T00:00", "2026-03-29T01:00:00+03:00"},
				{"2026-03-30T00:00", "2026-03-30T00:00:00+03:00"}}},
		{"Apia 2011: the skipped day's slot comes at its end", "0 7 * * *", "Pacific/Apia",
			"2011-12-29T00:00:00Z", "2012-01-01T12:00:00Z", []slot{
				{"2011-12-29T07:00", "2011-12-29T07:00:00-10:00"},
				{"2011-12-30T07:00", "2011-12-31T00:00:00+14:00"},
				{"2011-12-31T07:00", "2011-12-31T07:00:00+14:00"},
				{"2012-01-01T07:00", "2012-01-01T07:00:00+14:00"}}},
		{"Apia 2011: midnights of two days at one instant are one slot", "0 0 * * *", "Pacific/Apia",
			"2011-12-29T12:00:00Z", "2012-01-01T00:00:00Z", []slot{
				{"2011-12-31T00:00", "2011-12-31T00:00:00+14:00"},
				{"2012-01-01T00:00", "2012-01-01T00:00:00+14:00"}}},
		{"Apia 2011: a whole day of hours is one slot", "30 * * * *", "Pacific/Apia",
			"2011-12-30T09:00:00Z", "2011-12-30T11:00:00Z", []slot{
				{"2011-12-29T23:30", "2011-12-29T23:30:00-10:00"},
				{"2011-12-30T23:30", "2011-12-31T00:00:00+14:00"},
				{"2011-12-31T00:30", "2011-12-31T00:30:00+14:00"}}},
		{"Kwajalein 1969: a day back", "0 7 * * *", "Pacific/Kwajalein",
			"1969-09-29T00:00:00Z", "1969-10-03T00:00:00Z", []slot{
				{"1969-09-30T07:00", "1969-09-30T07:00:00+11:00"},
				{"1969-10-01T07:00", "1969-10-01T07:00:00-12:00"},
				{"1969-10-02T07:00", "1969-10-02T07:00:00-12:00"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := parse(t, test.line).Between(instantOf(t, test.after), instantOf(t, test.until), load(t, test.zone))
			for i := 0; i < len(got) || i < len(test.want); i++ {
				switch {
				case i >= len(got):
					t.Errorf("slot %v is missing", test.want[i])
				case i >= len(test.want):
					t.Errorf("slot %s at %s is one too many", got[i].Wall, got[i].At.Format(time.RFC3339))
				case got[i].Wall != test.want[i].wall || got[i].At.Format(time.RFC3339) != test.want[i].at:
					t.Errorf("slot %s at %s, want %v", got[i].Wall, got[i].At.Format(time.RFC3339), test.want[i])
				}
			}
		})
	}
}

// years are where clocks misbehave, with room for a whole year of slots.
var years = []struct {
	zone string
	year int
}{
	{"Europe/Berlin", 2026}, {"America/New_York", 2026}, {"America/Sao_Paulo", 2018},
	{"Australia/Lord_Howe", 2026}, {"Asia/Beirut", 2026}, {"Pacific/Apia", 2011}, {"Africa/Casablanca", 2026},
	{"Antarctica/Troll", 2026}, {"UTC", 2028},
}

// wall is what a clock on the wall shows.
type wall struct {
	month        time.Month
	day          int
	weekday      time.Weekday
	hour, minute int
}

// plain are lines whose wall times a test can tell without cron's help.
var plain = map[string]func(wall) bool{
	"0 7 * * *":      func(w wall) bool { return w.hour == 7 && w.minute == 0 },
	"30 2 * * *":     func(w wall) bool { return w.hour == 2 && w.minute == 30 },
	"0 0 * * *":      func(w wall) bool { return w.hour == 0 && w.minute == 0 },
	"*/10 * * * *":   func(w wall) bool { return w.minute%10 == 0 },
	"15 1-3 * * 0,6": func(w wall) bool { return w.minute == 15 && w.hour >= 1 && w.hour <= 3 && w.weekday%6 == 0 },
	"59 23 31 * *":   func(w wall) bool { return w.day == 31 && w.hour == 23 && w.minute == 59 },
	"5 0,12 1 */3 *": func(w wall) bool { return w.day == 1 && w.month%3 == 1 && w.hour%12 == 0 && w.minute == 5 },
	"0 2 * 3,10 0": func(w wall) bool {
		return (w.month == 3 || w.month == 10) && w.weekday == 0 && w.hour == 2 && w.minute == 0
	},
	"45 23,0 * * 1-5": func(w wall) bool { return (w.hour == 23 || w.hour == 0) && w.minute == 45 && w.weekday%6 != 0 },
}

// slotsOf walks minute by minute with a clock on the wall: a slot is due when the clock shows a scheduled time, or has
// just passed some, that it never showed or passed before. It counts minutes, since two years of time.Time are slow.
func slotsOf(from, until time.Time) map[string][]Slot {
	slots := make(map[string][]Slot)
	shown := func(at time.Time) int64 {
		_, offset := at.Zone()
		return (at.Unix() + int64(offset)) / 60
	}
	// The walk starts two days early so that what the clock showed before the year is known.
	at := from.AddDate(0, 0, -2)
	highest := shown(at)
	today, w := int64(-1), wall{}
	for ; !at.After(until); at = at.Add(time.Minute) {
		var due map[string]int64 // the latest of this minute
		for now := shown(at); highest < now; {
			highest++
			if day := highest / (24 * 60); day != today {
				today = day
				date := time.Unix(highest*60, 0).UTC()
				w.month, w.day, w.weekday = date.Month(), date.Day(), date.Weekday()
			}
			w.hour, w.minute = int(highest/60%24), int(highest%60)
			for line, isDue := range plain {
				if isDue(w) {
					if due == nil {
						due = make(map[string]int64)
					}
					due[line] = highest
				}
			}
		}
		for line, minute := range due {
			if at.After(from) {
				slots[line] = append(slots[line], Slot{At: at, Wall: time.Unix(minute*60, 0).UTC().Format(WallLayout)})
			}
		}
	}
	return slots
}

// TestYears holds the slots of whole years against a clock on the wall.
func TestYears(t *testing.T) {
	for _, place := range years {
		zone := load(t, place.zone)
		from := time.Date(place.year, time.January, 1, 0, 0, 0, 0, zone)
		until := time.Date(place.year+1, time.January, 1, 0, 0, 0, 0, zone)
		want := slotsOf(from, until)
		for line := range plain {
			t.Run(place.zone+" "+line, func(t *testing.T) {
				s := parse(t, line)
				got := s.Between(from, until, zone)
				if len(got) != len(want[line]) {
					t.Fatalf("%d slots, want %d", len(got), len(want[line]))
				}
				last := s.Latest(from, zone)
				for i, slot := range got {
					if w := want[line][i]; slot.Wall != w.Wall || !slot.At.Equal(w.At) {
						t.Fatalf("slot %v, want %v", slot, w)
					}
					if slot.Wall <= last.Wall || !slot.At.After(last.At) {
						t.Fatalf("%v does not come after %v", slot, last)
					}
					last = slot
				}
			})
		}
	}
}

// TestLatestAndNextAgree asks at instants that no slot was asked for: at each, Latest and Next are
// neighbours, and Period and Lookback are distances of slots.
func TestLatestAndNextAgree(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, place := range years {
		zone := load(t, place.zone)
		from := time.Date(place.year, time.January, 1, 0, 0, 0, 0, zone)
		for line := range plain {
			s := parse(t, line)
			for range 60 {
				at := from.Add(time.Duration(random.Int64N(int64(365 * 24 * time.Hour))))
				latest, next := s.Latest(at, zone), s.Next(at, zone)
				if latest.At.After(at) || !next.At.After(at) || s.Next(latest.At, zone) != next ||
					s.Latest(next.At, zone) != next || s.Latest(next.At.Add(-1), zone) != latest {
					t.Fatalf("%s %q at %v: latest %v, next %v are no neighbours", place.zone, line, at, latest, next)
				}
				if got, want := s.Period(at, zone), next.At.Sub(latest.At); got != want || got <= 0 {
					t.Fatalf("%s %q at %v: period %v, want %v", place.zone, line, at, got, want)
				}
				if got, want := s.Lookback(next.At, zone), s.Period(at, zone); got != want {
					t.Fatalf("%s %q at %v: looks back %v, want %v", place.zone, line, next.At, got, want)
				}
			}
		}
	}
}

func TestPeriodOfWorkdays(t *testing.T) {
	s, paris := parse(t, "0 7 * * 1-5"), load(t, "Europe/Paris")
	monday := time.Date(2026, time.November, 23, 7, 0, 0, 0, paris)
	if got := s.Period(monday, paris); got != 24*time.Hour {
		t.Errorf("period from Monday: %v", got)
	}
	if got := s.Lookback(monday.Add(5*time.Hour), paris); got != 72*time.Hour {
		t.Errorf("Monday looks back %v, want the weekend", got)
	}
	if got := s.Period(monday.Add(-time.Minute), paris); got != 72*time.Hour {
		t.Errorf("period before Monday: %v", got)
	}
}

// A leap day is eight years from the next around 2100, further than cron looks.
func TestLeapDaysAroundACenturyWithoutOne(t *testing.T) {
	s := parse(t, "0 7 29 2 *")
	at := time.Date(2096, time.March, 1, 0, 0, 0, 0, time.UTC)
	if next := s.Next(at, time.UTC); next.Wall != "2104-02-29T07:00" {
		t.Errorf("next after %v: %v", at, next)
	}
	at = time.Date(2104, time.January, 1, 0, 0, 0, 0, time.UTC)
	if latest := s.Latest(at, time.UTC); latest.Wall != "2096-02-29T07:00" {
		t.Errorf("latest at %v: %v", at, latest)
	}
}
