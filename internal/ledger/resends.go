package ledger

import (
	"errors"
	"fmt"
	"slices"

	"digestd/digest"
	"digestd/internal/ledger/store"
)

// ErrSuppressed means that an address may not be written to.
var ErrSuppressed = errors.New("the address is suppressed")

// Resends are the mails that the operator sent once more. They stand beside an edition's deliveries, in the same form,
// and count as none of them.
type Resends struct{ *base }

// Begin writes down, before the mail can go, that the mail of a recipient goes once more. The error is ErrSuppressed where
// the address may not be written to, as it stands in that very commit. What is begun and has no end is in doubt.
func (r *Resends) Begin(e EditionState, to digest.Recipient) error {
	return r.write(e.ID, func(tx store.Tx) error {
		suppressed, err := isSuppressed(tx, to.Email, e.Digest)
		if err == nil && suppressed {
			err = ErrSuppressed
		}
		if err != nil {
			return err
		}
		return appendEventsTo(tx.Part(bucketResends, e.ID), []digest.Event{{Index: to.Index, State: digest.Intent, At: r.now().UTC(), Attempt: 1}})
	})
}

// End writes down what became of it.
func (r *Resends) End(edition string, of digest.Event) error {
	return r.write(edition, func(tx store.Tx) error {
		of.At = r.now().UTC()
		return appendEventsTo(tx.Part(bucketResends, edition), []digest.Event{of})
	})
}

func (r *Resends) write(edition string, f func(store.Tx) error) error {
	readers := store.Readers()
	readers.Shared = true
	return during(r.update(touches{readers, store.Edition(edition)}, f), "send edition %s again", edition)
}

// Of are the mails of an edition that went once more, each as far as it came, the oldest first. One whose process died
// before it heard an answer is in doubt, and so is one that is on its way at this moment.
func (r *Resends) Of(edition string) (events []digest.Event, err error) {
	err = r.view(func(tx store.Tx) error {
		events = nil
		for it, err := range tx.Part(bucketResends, edition).Rows(store.Range{}) {
			if err == nil {
				err = decodeEvents(it.Value, func(e digest.Event) error {
					i := slices.IndexFunc(events, func(before digest.Event) bool {
						return before.Index == e.Index && before.State == digest.InDoubt && before.Stage == ""
					})
					switch {
					case e.State == digest.Intent:
						e.State = digest.InDoubt
						events = append(events, e)
					case i >= 0:
						events[i] = e
					default:
						events = append(events, e)
					}
					return nil
				})
			}
			if err != nil {
				return fmt.Errorf("mails of edition %s that went again: %w", edition, err)
			}
		}
		return nil
	})
	return events, err
}
