package newsroom

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"digestd/digest"
	"digestd/internal/config"
	"digestd/internal/ledger"
	"digestd/subscribers"
)

// readers are the subscribers whom a lane owes its next edition, and what they share.
type readers struct {
	recipients []digest.Recipient // Variant is an index into keys
	own        ownWords           // those who watch or mute words
	keys       []digest.VariantKey
	active     int // those that nothing suppresses
	waiting    int // left out: another lane of the digest served them less than half a period ago
}

// none reports whether nobody would get anything.
func (r readers) none() bool { return r.active == 0 }

// languages are those of the readers of a page, sorted; of one that has no readers, those of all.
func (r readers) languages(page digest.Choice) []string {
	of := slices.DeleteFunc(slices.Clone(r.keys), func(k digest.VariantKey) bool { return !page.Same(k.Choice()) })
	if len(of) == 0 {
		of = r.keys
	}
	return languagesOf(of)
}

// pages are what the readers chose.
func (r readers) pages() []digest.Choice {
	all := make([]digest.Choice, len(r.keys))
	for i, k := range r.keys {
		all[i] = k.Choice()
	}
	return all
}

// owed lists whom a lane owes an edition now: those who want the digest, and mail on that day, live in the lane's zone
// and are not paused. The suppressed stand in it as well, so that the edition can tell why they got nothing.
func (c *Composer) owed(of request, items []digest.Item) (readers, error) {
	var r readers
	d, lane := of.digest, of.lane
	suppressed, err := c.Ledger.Readers.SuppressedFor(d.ID)
	if err != nil {
		return r, err
	}
	forgotten, err := c.Ledger.Readers.Forgotten()
	if err != nil {
		return r, err
	}
	moved, err := c.newcomers(of, items)
	if err != nil {
		return r, err
	}
	zone, err := time.LoadLocation(lane.Zone)
	if err != nil {
		return r, err
	}
	day := of.slot.At.In(zone).Weekday()
	topics := topicsOf(d)
	narrow, err := c.narrower(topics)
	if err != nil {
		return r, err
	}
	type group struct {
		profile *subscribers.Profile
		except  string
	}
	variants := map[group]int{}
	for _, s := range c.Config.Readers().All() {
		if !s.Wants(d.ID) || (d.Zone == "" && s.Zone != lane.Zone) { // which their own choices don't change
			continue
		}
		address := subscribers.Key(s.Email)
		if s.Profile = narrow(address, s.Profile); s.Paused(of.now) || !s.ComesOn(day) {
			continue
		}
		from := moved[address]
		if from.wait {
			r.waiting++
			continue
		}
		who := group{s.Profile, strings.Join(from.editions, " ")}
		variant, ok := variants[who]
		if !ok {
			key := variantOf(s.Profile, d)
			key.Except = from.editions // stories take their place once there are stories
			variant = slices.IndexFunc(r.keys, func(k digest.VariantKey) bool { return reflect.DeepEqual(k, key) })
			if variant < 0 {
				variant = len(r.keys)
				r.keys = append(r.keys, key)
			}
			variants[who] = variant
		}
		if !suppressed[address] && !forgotten(address) {
			r.active++
		}
		if len(s.Watch) > 0 || len(s.Mute) > 0 {
			if r.own == nil {
				r.own = ownWords{}
			}
			r.own[len(r.recipients)] = s.Profile
		}
		r.recipients = append(r.recipients, digest.Recipient{Index: len(r.recipients), Email: s.Email, Name: s.Name,
			Variant: variant})
	}
	return r, nil
}

// origin is where a newcomer to a lane comes from: the editions that other lanes of the digest sent them.
type origin struct {
	editions []string
	wait     bool // one of them less than half a period ago
}

// newcomers finds those of the lane's subscribers whom other lanes of the same digest served: they changed
// their zone, or the digest did. Only editions count that are younger than half a period, or that can have
// told something of what this one is made of. It is derived from the recipients that each edition keeps, so
// nothing has to be remembered for the many who never move.
func (c *Composer) newcomers(of request, items []digest.Item) (map[string]origin, error) {
	d, lane := of.digest, of.lane
	times, zone, err := config.ScheduleOf(d, lane)
	if err != nil {
		return nil, err
	}
	period := times.Lookback(of.now, zone)
	oldest := of.now.Add(-period / 2)
	for _, it := range items {
		if it.FirstSeen.Before(oldest) {
			oldest = it.FirstSeen
		}
	}
	others, err := c.Ledger.Editions.Select(func(e ledger.EditionState) bool {
		return e.Digest == d.ID && e.Zone != lane.Zone && !e.Withdrawn && !e.Composed.Before(oldest) &&
			e.Composed.Sub(of.now) <= period // else on a clock that was wrong
	})
	if err != nil {
		return nil, err
	}
	moved := map[string]origin{}
	for _, e := range others {
		for r, err := range ledger.Recipients(c.Ledger.Deliveries, e.ID) {
			if err != nil {
				return nil, err
			}
			key := subscribers.Key(r.Email)
			s, ok := c.Config.Readers().Find(r.Email)
			if !ok || d.Zone == "" && s.Zone != lane.Zone {
				continue
			}
			from := moved[key]
			from.editions = append(from.editions, e.ID)
			from.wait = from.wait || of.now.Sub(e.Composed) < period/2
			moved[key] = from
		}
	}
	return c.recalled(of, oldest, moved)
}

// exceptStories replaces, in the variants of those who changed their zone, the editions that they had by the
// stories of this one that tell what those told.
func (c *Composer) exceptStories(keys []digest.VariantKey, e digest.Edition) ([]digest.VariantKey, error) {
	keys = slices.Clone(keys)
	for i, k := range keys {
		if len(k.Except) == 0 {
			continue
		}
		items := map[uint64]bool{}
		for _, id := range k.Except {
			had, err := c.Ledger.Editions.Frozen(id)
			if err != nil {
				return nil, fmt.Errorf("what readers had before they changed their zone: %w", err)
			}
			for _, s := range had.Stories {
				for _, it := range s.Items {
					items[it.Seq] = true
				}
			}
		}
		keys[i].Except = nil
		for _, s := range e.Stories {
			if slices.ContainsFunc(s.Items, func(it digest.Item) bool { return items[it.Seq] }) {
				keys[i].Except = append(keys[i].Except, s.ID)
			}
		}
	}
	return keys, nil
}
