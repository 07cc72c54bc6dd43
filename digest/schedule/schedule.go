// Package schedule turns cron lines into slots: wall-clock times in a zone, each used once. It knows
// nothing of lanes, editions or what is done at a slot, and never asks what time it is.
//
// A slot happens at the first instant at which the zone's clock shows its time or a later one, and
// that one rule settles what clocks do:
//
//   - a time that spring skips happens at the first instant after the gap;
//   - of an hour that autumn repeats only the first pass counts;
//   - slots that a gap (of thirty minutes, an hour or a whole day) pushes onto one instant are one
//     slot, which bears the latest of their times. So the wall times of a lane's slots are unique and
//     strictly increase together with their instants.
package schedule

import (
	"math/bits"
	"time"

	"github.com/robfig/cron/v3"
)

// WallLayout is the layout of Slot.Wall. Wall times of one zone compare as strings.
const WallLayout = "2006-01-02T15:04"

// Schedule is a cron line that was understood. Make one with Parse; the zero value is of no use.
type Schedule struct {
	line string
	spec *cron.SpecSchedule
}

// String is the line as it was written.
func (s Schedule) String() string { return s.line }

// Slot is one time at which a schedule is due in a zone.
type Slot struct {
	Wall string    // the scheduled time on the zone's clock, "2026-11-22T07:00"
	At   time.Time // when that is, in the zone; the clock shows a later time when Wall was skipped
}

// IsZero reports whether there is no slot.
func (s Slot) IsZero() bool { return s.At.IsZero() }

// Next is the first slot strictly after an instant.
func (s Schedule) Next(after time.Time, zone *time.Location) Slot {
	wall := s.nextWall(reached(after, zone))
	at := instant(wall, zone)
	if shown := reached(at, zone); shown.After(wall) {
		wall = s.latestWall(shown) // wall was skipped, and so were others perhaps: the latest gives the name
	}
	return Slot{Wall: wall.Format(WallLayout), At: at}
}

// Latest is the last slot at or before an instant.
func (s Schedule) Latest(at time.Time, zone *time.Location) Slot {
	wall := s.latestWall(reached(at, zone))
	return Slot{Wall: wall.Format(WallLayout), At: instant(wall, zone)}
}

// Between are the slots strictly after the one instant and not after the other, in order.
func (s Schedule) Between(after, until time.Time, zone *time.Location) []Slot {
	var slots []Slot
	for slot := s.Next(after, zone); !slot.At.After(until); slot = s.Next(slot.At, zone) {
		slots = append(slots, slot)
	}
	return slots
}

// Period is how long the period lasts that an instant lies in: from the latest slot at or before it
// to the next one. It is never zero, and differs from slot to slot: "0 7 * * 1-5" has periods of a
// day and of a weekend.
func (s Schedule) Period(at time.Time, zone *time.Location) time.Duration {
	return s.Next(at, zone).At.Sub(s.Latest(at, zone).At)
}

// Lookback is how long the period lasted that ended with the latest slot at or before an instant:
// what the edition of that slot covers. On a Monday "0 7 * * 1-5" looks back over the weekend, where
// Period is a day.
func (s Schedule) Lookback(at time.Time, zone *time.Location) time.Duration {
	return s.Period(s.Latest(at, zone).At.Add(-1), zone)
}

// Wall times are computed in UTC, where every day has all its minutes: the walls below are times in
// UTC that read as the zone's clock does. Only instant and reached know the zone.

// nextWall is the first scheduled wall time strictly after a wall time.
func (s Schedule) nextWall(wall time.Time) time.Time {
	// cron gives up after five years, but around 2100 there are eight from one 29 February to the next.
	for {
		if next := s.spec.Next(wall); !next.IsZero() {
			return next
		}
		wall = time.Date(wall.Year()+5, time.December, 31, 23, 59, 59, 0, time.UTC)
	}
}

// latestWall is the last scheduled wall time at or before a wall time. cron only looks forward, so the
// stretch before is searched, doubled until it holds one. It begins with the usual distance of the line's hours.
func (s Schedule) latestWall(wall time.Time) time.Time {
	hours := bits.OnesCount64(s.spec.Hour & (1<<24 - 1))
	for stretch := 24 * time.Hour / time.Duration(hours); ; stretch *= 2 {
		var latest time.Time
		for next := s.nextWall(wall.Add(-stretch)); !next.After(wall); next = s.nextWall(next) {
			latest = next
		}
		if !latest.IsZero() {
			return latest
		}
	}
}

// horizon is how far a zone's clock can be from UTC, and how far it can jump, with room to spare: a day
// across the date line.
const horizon = 48 * time.Hour

// instant is the first instant at which the zone's clock shows a wall time or a later one.
func instant(wall time.Time, zone *time.Location) time.Time {
	t := wall.Add(-horizon).In(zone)
	for {
		offset := offsetAt(t)
		if !t.Add(offset).Before(wall) {
			return t // t is the end of a gap that skipped wall
		}
		_, end := t.ZoneBounds()
		if at := wall.Add(-offset).In(zone); end.IsZero() || at.Before(end) {
			return at
		}
		t = end
	}
}

// reached is the latest wall time that the zone's clock has shown up to an instant, the instant
// included. While autumn repeats an hour that is the end of the first pass.
func reached(at time.Time, zone *time.Location) time.Time {
	at = at.In(zone)
	latest := at.Add(offsetAt(at))
	for t := at.Add(-horizon); ; {
		_, end := t.ZoneBounds()
		if end.IsZero() || end.After(at) {
			return latest.UTC()
		}
		if shown := end.Add(offsetAt(t) - 1); shown.After(latest) {
			latest = shown
		}
		t = end
	}
}

func offsetAt(t time.Time) time.Duration {
	_, seconds := t.Zone()
	return time.Duration(seconds) * time.Second
}
