package newsroom

import (
	"fmt"
	"io"
	"time"

	"digestd/digest"
	"digestd/digest/compose"
	"digestd/digest/curate"
	"digestd/digest/render"
	"digestd/digest/schedule"
	"digestd/internal/config"
	"digestd/internal/ledger"
	"digestd/mailer/dkim"
)

// Composer makes editions, to be committed or to be looked at. It reads the ledger and writes nothing.
type Composer struct {
	Renderer
	Ledger Past
	Signer *dkim.Signer // nil: mails go unsigned
	Random io.Reader
	Now    func() time.Time

	Meanings Meanings
}

// Renderer sets pages as one configuration and its templates have them.
type Renderer struct {
	Config    *config.Config
	Templates map[string]*render.Set // by digest
}

// Past is what composing reads of the ledger; that it writes nothing, the methods of its parts say.
type Past struct {
	Items      Items    // what the feeds showed
	Lanes      Lanes    // what the lane has had of it
	Orders     Orders   // what the editor wants
	Editions   Editions // and what was said
	Deliveries Deliveries
	Readers    Readers // whom it is for
	Keys       Keys
	Archive    Archive
	Vectors    Vectors
}

// PastOf lets a composer read a ledger.
func PastOf(l *ledger.Ledger) Past {
	return Past{Items: l.Items, Lanes: l.Lanes, Orders: l.Orders, Editions: l.Editions, Deliveries: l.Deliveries,
		Readers: l.Readers, Keys: l.Keys, Archive: l.Archive, Vectors: l.Vectors}
}

// The parts of a ledger, as a composer reads them.
type (
	Items interface {
		FeedStates() (map[string]digest.FeedState, error)
		At(positions []uint64) ([]digest.Item, error)
		After(position uint64) ([]digest.Item, error)
		PositionAt(time.Time) (uint64, error)
		Sightings(digest.Item) ([]uint64, error)
	}
	Lanes interface {
		Get(digest.Lane) (ledger.LaneState, error)
		Outcome(lane digest.Lane, seq uint64) (ledger.Outcome, bool, error)
	}
	Orders interface {
		Of(digestID string) (ledger.Book, error)
	}
	Editions interface {
		Get(id string) (ledger.EditionState, error)
		Select(keep func(ledger.EditionState) bool) ([]ledger.EditionState, error)
		Frozen(id string) (digest.Edition, error)
		Body(id string, variant int) ([]byte, error)
	}
	Deliveries interface {
		Recipients(id string, chunk int) ([]digest.Recipient, error)
		Progress(edition string) (digest.Progress, error)
		History(edition string, index int) ([]digest.Event, error)
	}
	Readers interface {
		SuppressedFor(digestID string) (map[string]bool, error)
		Forgotten() (func(email string) bool, error)
		Preferences() (map[string]digest.Preferences, error)
		PreferencesOf(email string) (digest.Preferences, error)
	}
	Vectors interface {
		Of(model string, positions []uint64) (map[uint64][]float32, error)
	}
	Keys interface {
		Secrets() [][]byte
	}
	Archive interface {
		Holder(path string) (edition string, err error)
	}
)

// request says of which edition a draft is wanted.
type request struct {
	digest digest.Digest
	lane   digest.Lane
	slot   schedule.Slot
	id     string
	extra  bool
	now    time.Time // when it is composed, in UTC
}

// draft is an edition as it could be committed or shown. Where it is owed to nobody, it has no composition.
type draft struct {
	of request
	span
	coverage
	readers  readers
	orders   []ledger.Order // that it uses; all that stand for the lane, but for a skip
	seen     []uint64       // all that stand for the lane
	standing []ledger.Order // likewise
	compose.Result
	closed []curate.Closed // by curation, and by the editor
}

// draft makes an edition from what the ledger has now: Publish commits it, Preview shows it. onlooker is the
// variant of somebody who looks at it: for them it is composed although it is owed to nobody. nil: nobody looks.
func (c *Composer) draft(of request, onlooker *digest.VariantKey) (draft, error) {
	w, err := gatherer{c.Ledger, c.Now}.gather(of)
	if err != nil {
		return draft{}, fmt.Errorf("lane %s: gather: %w", of.lane, err)
	}
	dr := draft{of: of, span: w.span, coverage: w.coverage}
	if dr.readers, err = c.owed(of, w.items); err != nil {
		return dr, fmt.Errorf("lane %s: %w", of.lane, err)
	}
	book, err := c.Ledger.Orders.Of(of.digest.ID)
	if err != nil {
		return dr, err
	}
	dr.standing, dr.seen = book.For(of.lane.Zone), book.IDs(of.lane.Zone)
	dr.orders = editing(dr.standing)
	if onlooker == nil && dr.readers.none() {
		return dr, nil
	}
	// nobody reads in this lane yet: its size is still that of this page
	if onlooker != nil && len(dr.readers.keys) == 0 {
		dr.readers.keys = []digest.VariantKey{*onlooker}
	}
	meanings, err := c.Meanings.Of(c.Ledger.Vectors, w.items)
	if err != nil {
		return dr, fmt.Errorf("lane %s: vectors: %w", of.lane, err)
	}
	stories, closed := w.stories(of.digest, meanings)
	dr.closed = closed
	stories, left := leaveOut(stories, dr.orders)
	dr.closed = append(dr.closed, left...)
	dr.Result, err = c.compose(dr, w.since, stories)
	if err != nil {
		return dr, fmt.Errorf("edition %s: compose: %w", of.id, err)
	}
	dr.Edition.Composed = of.now
	return dr, nil
}

// stories makes stories of what there is to be curated.
func (w window) stories(d digest.Digest, vectors map[uint64][]float32) ([]digest.Story, []curate.Closed) {
	if d.Of != "" {
		return curate.Retell(d.Topics, w.retold)
	}
	stories, closed := curate.Curate(d.Topics, w.items, w.sent, curate.Options{
		Now: w.now, Since: w.since, Carried: w.carried, ByImportance: w.ordered, AsidePaths: d.AsidePaths,
		Developments: d.Developments, Vectors: vectors,
	})
	for _, s := range stories {
		if s.Follows != nil {
			told := w.told[s.Follows.Story]
			s.Follows.Edition, s.Follows.Told, s.Follows.Public = told.ID, told.Slot, told.Public
		}
	}
	return stories, closed
}

// compose shapes the curated stories into an edition whose largest variant fits the digest's size.
func (c *Composer) compose(dr draft, since time.Time, stories []digest.Story) (compose.Result, error) {
	d, of := dr.of.digest, dr.of
	edition := digest.Edition{
		ID: of.id, Digest: d.ID, Title: d.Title, Zone: of.lane.Zone, Slot: of.slot.At, Number: dr.lane.Number + 1,
		Composed: dr.now, Since: since, Read: dr.read, Feeds: dr.feeds,
		Note: noteOf(dr.orders), Lead: leadOf(stories, dr.orders),
	}
	for _, t := range d.Topics {
		edition.Topics = append(edition.Topics, t.Name())
	}
	var err error
	if edition.Public, err = c.address(d, edition); err != nil {
		return compose.Result{}, err
	}
	return compose.Compose(compose.Input{
		Digest: d, Edition: edition, Stories: stories, Pages: dr.readers.pages(),
		Measure: func(e digest.Edition, page digest.Choice) (int, error) { return c.measure(d, e, page, dr.readers) },
	})
}
