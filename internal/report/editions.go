package report

import (
	"slices"
	"time"

	"digestd/digest"
	"digestd/internal/ledger"
)

// EditionStatus is an edition and where its deliveries stand.
type EditionStatus struct {
	ID         string         `json:"id"`
	Digest     string         `json:"digest"` // as it is called now
	Slot       time.Time      `json:"slot"`
	Composed   time.Time      `json:"composed"`
	Stories    int            `json:"stories"`
	Recipients int            `json:"recipients"`
	Complete   bool           `json:"complete"`
	Withdrawn  bool           `json:"withdrawn,omitempty"`
	Recalled   string         `json:"recalled,omitempty"` // why the operator withdrew it
	Reached    int            `json:"reached,omitempty"`  // how many had it by then
	Paused     string         `json:"paused,omitempty"`
	Refusal    string         `json:"refusal,omitempty"` // what was last said about one that is still owed
	Deliveries map[string]int `json:"deliveries"`        // by state
	Resent     int            `json:"resent,omitempty"`  // mails that the operator sent once more
}

// Editions are those of a digest, or all where none is named, the newest first.
func (rep Reporter) Editions(digests ...string) ([]EditionStatus, error) {
	editions, err := rep.Ledger.Editions.Select(func(e ledger.EditionState) bool {
		return len(digests) == 0 || slices.Contains(digests, e.Digest)
	})
	if err != nil {
		return nil, err
	}
	return rep.statusOf(editions)
}

// statusOf are editions with where their deliveries stand, the newest first.
func (rep Reporter) statusOf(editions []ledger.EditionState) ([]EditionStatus, error) {
	slices.SortStableFunc(editions, func(a, b ledger.EditionState) int { return b.Composed.Compare(a.Composed) })
	shown := []EditionStatus{}
	for _, e := range editions {
		progress, err := rep.Ledger.progress(e)
		if err != nil {
			return nil, err
		}
		es := EditionStatus{ID: e.ID, Digest: e.Digest, Slot: e.Slot, Composed: e.Composed, Stories: e.Stories, Recipients: e.Recipients,
			Complete: e.Complete, Withdrawn: e.Withdrawn, Recalled: e.Recalled, Paused: e.Paused,
			Refusal: refusalIn(progress), Deliveries: byName(progress)}
		if e.Recalled != "" {
			es.Reached = e.Reached
		}
		resends, err := rep.Ledger.Resends.Of(e.ID)
		if err != nil {
			return nil, err
		}
		for _, r := range resends {
			if r.State != digest.Failed {
				es.Resent++
			}
		}
		shown = append(shown, es)
	}
	return shown, nil
}
