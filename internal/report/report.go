// Package report says what there is to know of a digestd, running or at rest: where everything stands, what
// needs a person, what became of an item or of a reader's mail, and the figures of a monitoring system. It
// reads the ledger and writes nothing. It knows neither how editions are made nor who asks.
package report

import (
	"context"
	"time"

	"digestd/digest"
	"digestd/internal/config"
	"digestd/internal/ledger"
)

// Reporter tells what a ledger holds, as one configuration sees it.
type Reporter struct {
	Config *config.Config
	Ledger Ledger
	Now    func() time.Time
}

// Ledger is what a report reads of the ledger; that nothing here writes, the methods of its parts say.
type Ledger struct {
	File
	Items      Items      // what the feeds showed
	Lanes      Lanes      // how far the lanes have come with it
	Orders     Orders     // what the editor wants of their next editions
	Editions   Editions   // what was composed
	Deliveries Deliveries // what became of it
	Resends    Resends    // and what went once more
	Readers    Readers    // those whom mail goes to
	Senders    Senders    // the processes that work on it
	Signups    Signups    // what they asked for themselves
	Archive    Archive    // what is public of it
}

// Of lets a report read a ledger.
func Of(l *ledger.Ledger) Ledger {
	return Ledger{File: l, Items: l.Items, Lanes: l.Lanes, Orders: l.Orders, Editions: l.Editions,
		Deliveries: l.Deliveries, Resends: l.Resends, Readers: l.Readers, Senders: l.Senders, Signups: l.Signups, Archive: l.Archive}
}

// The parts of a ledger, as a report reads them.
type (
	File interface {
		Path() string
		Size() int64
		LastCommit() (time.Time, error)
		WriteError() error
		NoRoom(readers int) string
	}
	Items interface {
		FeedStates() (map[string]digest.FeedState, error)
		Last() (uint64, error)
		Newest(n int, match func(digest.Item) bool) ([]digest.Item, error)
	}
	Lanes interface {
		Get(digest.Lane) (ledger.LaneState, error)
		All() ([]ledger.LaneState, error)
		Outcome(lane digest.Lane, seq uint64) (ledger.Outcome, bool, error)
	}
	Orders interface {
		Of(digestID string) (ledger.Book, error)
	}
	Editions interface {
		Get(id string) (ledger.EditionState, error)
		Select(keep func(ledger.EditionState) bool) ([]ledger.EditionState, error)
		Latest(n int) ([]ledger.EditionState, error)
		Open() ([]ledger.EditionState, error)
		Letters() ([]ledger.EditionState, error)
		Paused() ([]ledger.Paused, error)
		Frozen(id string) (digest.Edition, error)
	}
	Deliveries interface {
		Recipients(id string, chunk int) ([]digest.Recipient, error)
		RecipientsAt(id string, index int) ([]digest.Recipient, error)
		Progress(edition string) (digest.Progress, error)
		History(edition string, index int) ([]digest.Event, error)
	}
	Resends interface {
		Of(edition string) ([]digest.Event, error)
	}
	Archive interface {
		Rows() (rows []ledger.Archived, version uint64, err error)
		ExportTrouble() (ledger.Trouble, error)
	}
	Senders interface {
		All(context.Context) ([]ledger.Sender, error)
		Ahead(context.Context) (time.Duration, error)
	}
	Readers interface {
		Suppressions() ([]digest.Suppression, error)
		SuppressionsOf(email string) ([]digest.Suppression, error)
		SuppressedFor(digestID string) (map[string]bool, error)
		PreferencesOf(email string) (digest.Preferences, error)
	}
	Signups interface {
		Of(email string) (ledger.Signup, []ledger.Request, error)
	}
)
