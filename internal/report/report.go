// Package report says what there is to know of a digestd, running or at rest: where everything stands, what
// needs a person, what became of an item or of a reader's mail, and the figures of a monitoring system. It
// reads the ledger and writes nothing. It knows neither how editions are made nor who asks.
package report

import (
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

// Ledger is what a report reads of the ledger; that nothing here writes, its methods say.
type Ledger interface {
	// the file
	Path() string
	Size() int64
	LastCommit() (time.Time, error)
	WriteError() error
	NoRoom(readers int) string
	// what the feeds showed, and how far the lanes have come with it
	FeedStates() (map[string]digest.FeedState, error)
	LastSeq() (uint64, error)
	Newest(n int, match func(digest.Item) bool) ([]digest.Item, error)
	Lane(digest.Lane) (ledger.LaneState, error)
	Lanes() ([]ledger.LaneState, error)
	Outcome(lane digest.Lane, seq uint64) (ledger.Outcome, bool, error)
	// what was composed, and what became of it
	Edition(id string) (ledger.EditionState, error)
	Editions(keep func(ledger.EditionState) bool) ([]ledger.EditionState, error)
	OpenEditions() ([]ledger.EditionState, error)
	Frozen(id string) (digest.Edition, error)
	Recipients(id string, chunk int) ([]digest.Recipient, error)
	Progress(edition string) (digest.Progress, error)
	History(edition string, index int) ([]digest.Event, error)
	// those whom mail goes to
	Suppressions() ([]digest.Suppression, error)
	SuppressionsOf(email string) ([]digest.Suppression, error)
	PreferencesOf(email string) (digest.Preferences, error)
}
