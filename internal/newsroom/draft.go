package newsroom

import (
	"digestd/digest"
	"digestd/digest/compose"
	"digestd/digest/render"
	"digestd/internal/config"
	"digestd/internal/ledger"
	"digestd/mailer/dkim"
	"io"
	"time"
)

// Composer makes editions, to be committed or to be looked at. It reads the ledger and writes nothing.
type Composer struct {
	Renderer
	Ledger Past
	Signer *dkim.Signer // nil: mails go unsigned
	Random io.Reader
	Now    func() time.Time
}

// Renderer sets pages as one configuration and its templates have them.
type Renderer struct {
	Config    *config.Config
	Templates map[string]*render.Set // by digest
}

// Past is what composing reads of the ledger; that it writes nothing, its methods say.
type Past interface {
	// what the feeds showed
	FeedStates() (map[string]digest.FeedState, error)
	Items(positions []uint64) ([]digest.Item, error)
	ItemsAfter(position uint64) ([]digest.Item, error)
	PositionAt(time.Time) (uint64, error)
	Sightings(digest.Item) ([]uint64, error)
	// what the lane has had of it
	Lane(digest.Lane) (ledger.LaneState, error)
	Outcome(lane digest.Lane, seq uint64) (ledger.Outcome, bool, error)
	Editions(keep func(ledger.EditionState) bool) ([]ledger.EditionState, error)
	Frozen(id string) (digest.Edition, error)
	// whom it is for
	Recipients(id string, chunk int) ([]digest.Recipient, error)
	SuppressedFor(digestID string) (map[string]bool, error)
	Preferences() (map[string]digest.Preferences, error)
	PreferencesOf(email string) (digest.Preferences, error)
	TokenKeys() [][]byte
}

// compose shapes the curated stories into an edition whose largest variant fits the digest's size.
func (c *Composer) compose(d digest.Digest, w window, r readers, id string, stories []digest.Story) (compose.Result, error) {
	edition := digest.Edition{
		ID: id, Digest: d.ID, Title: d.Title, Zone: w.lane.Lane.Zone, Slot: w.slot.At, Number: w.lane.Number + 1,
		Composed: w.now, Since: w.since, Read: w.read, Feeds: w.feeds,
	}
	for _, t := range d.Topics {
		edition.Topics = append(edition.Topics, digest.TopicName{ID: t.ID, Title: t.Title})
	}
	return compose.Compose(compose.Input{
		Digest: d, Edition: edition, Stories: stories,
		Measure: func(e digest.Edition) (int, error) { return c.measure(d, e, r) },
	})
}
