package config

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"digestd/digest"
	"digestd/digest/schedule"
)

// What follows from the configuration for the rooms that work with it.

// Digest is the digest with an id.
func (c *Config) Digest(id string) (digest.Digest, error) {
	for _, d := range c.Digests {
		if d.ID == id {
			return d, nil
		}
	}
	return digest.Digest{}, fmt.Errorf("digest %q is not in %s", id, c.Path)
}

// Feeds are all feeds of the topics, each once.
func (c *Config) Feeds() []digest.Feed {
	var feeds []digest.Feed
	seen := map[string]bool{}
	for _, t := range c.Topics {
		for _, f := range t.Feeds {
			if !seen[f.URL] {
				seen[f.URL] = true
				feeds = append(feeds, f)
			}
		}
	}
	return feeds
}

// Lanes are the lanes of a digest: the one of its zone, or one for each zone of those who want it.
func (c *Config) Lanes(d digest.Digest) []digest.Lane {
	if d.Zone != "" {
		return []digest.Lane{{Digest: d.ID, Zone: d.Zone}}
	}
	var lanes []digest.Lane
	for _, profile := range c.Readers().Profiles() {
		lane := digest.Lane{Digest: d.ID, Zone: profile.Zone}
		if profile.Wants(d.ID) && !slices.Contains(lanes, lane) {
			lanes = append(lanes, lane)
		}
	}
	slices.SortFunc(lanes, func(a, b digest.Lane) int { return strings.Compare(a.Zone, b.Zone) })
	return lanes
}

// AllLanes are the lanes of all digests, in their order.
func (c *Config) AllLanes() iter.Seq2[digest.Digest, digest.Lane] {
	return func(yield func(digest.Digest, digest.Lane) bool) {
		for _, d := range c.Digests {
			for _, lane := range c.Lanes(d) {
				if !yield(d, lane) {
					return
				}
			}
		}
	}
}

// Zone is a zone by its name, which Load has checked.
func Zone(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC
	}
	return zone
}

// ScheduleOf reads a lane's cron line and zone. Load has checked both.
func ScheduleOf(d digest.Digest, lane digest.Lane) (schedule.Schedule, *time.Location, error) {
	line, err := schedule.Parse(d.Schedule)
	if err != nil {
		return line, nil, fmt.Errorf("schedule of digest %q: %w", d.ID, err)
	}
	zone, err := time.LoadLocation(lane.Zone)
	if err != nil {
		return line, nil, fmt.Errorf("zone of lane %s: %w", lane, err)
	}
	return line, zone, nil
}

// LatestSlot is the lane's last slot at or before a time.
func LatestSlot(d digest.Digest, lane digest.Lane, at time.Time) (schedule.Slot, error) {
	line, zone, err := ScheduleOf(d, lane)
	if err != nil {
		return schedule.Slot{}, err
	}
	return line.Latest(at, zone), nil
}

// NextSlot is the lane's first slot after a time.
func NextSlot(d digest.Digest, lane digest.Lane, after time.Time) (schedule.Slot, error) {
	line, zone, err := ScheduleOf(d, lane)
	if err != nil {
		return schedule.Slot{}, err
	}
	return line.Next(after, zone), nil
}
