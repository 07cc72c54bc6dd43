package newsroom

import (
	"cmp"
	"slices"
	"time"

	"digestd/digest"
	"digestd/internal/config"
	"digestd/subscribers"
)

// topicsOf are the ids of a digest's topics, in its order.
func topicsOf(d digest.Digest) []string {
	ids := make([]string, len(d.Topics))
	for i, t := range d.Topics {
		ids[i] = t.ID
	}
	return ids
}

// narrower returns what lays readers' own preferences over their profiles, for a digest with some topics.
// Those who come to the same share one profile again, since profiles tell variants apart.
func (c *Composer) narrower(topics []string) (func(address string, profile *subscribers.Profile) *subscribers.Profile, error) {
	all, err := c.Ledger.Readers.Preferences()
	if err != nil {
		return nil, err
	}
	shared := map[string]*subscribers.Profile{}
	return func(address string, profile *subscribers.Profile) *subscribers.Profile {
		own, ok := all[address]
		if !ok {
			return profile
		}
		n := narrowed(profile, own, topics)
		meaning := n.Meaning()
		if shared[meaning] == nil {
			shared[meaning] = n
		}
		return shared[meaning]
	}, nil
}

// variantOf is the variant of a digest that a profile comes to: what of it the mail depends on.
func variantOf(p *subscribers.Profile, d digest.Digest) digest.VariantKey {
	key := digest.VariantKey{Topics: p.TopicsOf(topicsOf(d)), Length: p.Length, Language: p.Language, Format: p.Format}
	if key.Length == d.Length {
		key.Length = ""
	}
	return key
}

// narrowedReader is a subscriber, if it is one, with their own preferences laid over what the configuration
// says of them.
func (c *Composer) narrowedReader(d digest.Digest, who subscribers.Subscriber) (subscribers.Subscriber, error) {
	if who.Profile == nil {
		return who, nil
	}
	own, err := c.Ledger.Readers.PreferencesOf(who.Email)
	who.Profile = narrowed(who.Profile, own, topicsOf(d))
	return who, err
}

// joined are the words of both, each once, in the order of the alphabet.
func joined(a, b []string) []string {
	if len(b) == 0 {
		return a
	}
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// narrowed is a profile without what its reader does not want, for a digest with some topics. It never gets them a topic or
// a mail that the profile did not.
func narrowed(p *subscribers.Profile, own digest.Preferences, topics []string) *subscribers.Profile {
	n := *p
	if len(own.Without) > 0 {
		wanted := p.TopicsOf(topics)
		if wanted == nil {
			wanted = topics
		}
		n.Topics = slices.DeleteFunc(slices.Clone(wanted),
			func(id string) bool { return slices.Contains(own.Without, id) })
	}
	n.Watch, n.Mute = joined(p.Watch, own.Watch), joined(p.Mute, own.Mute)
	if own.PlainText {
		n.Format = "text"
	}
	n.Language, n.Length = cmp.Or(own.Language, p.Language), cmp.Or(own.Length, p.Length)
	if len(own.WithoutDays) > 0 {
		n.Days = slices.DeleteFunc(slices.Clone(subscribers.Weekdays), func(day string) bool {
			return p.Days != nil && !slices.Contains(p.Days, day) || slices.Contains(own.WithoutDays, day)
		})
	}
	if until, err := time.ParseInLocation(time.DateOnly, own.PausedUntil, config.Zone(p.Zone)); err == nil &&
		until.After(n.PausedUntil) {
		n.PausedUntil = until
	}
	return &n
}
