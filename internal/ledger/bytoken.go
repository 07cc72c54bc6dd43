package ledger

import (
	"bufio"
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"slices"
	"sync"

	"digestd/digest"
	"digestd/internal/ledger/store"
	"digestd/subscribers"
)

// Delivery is one reader's part of an edition.
type Delivery struct {
	Edition EditionState
	To      digest.Recipient
}

// DeliveryOf finds the delivery that an opened token names. The error is ErrUnknown when the ledger does
// not have it, or not any more, or has one there that went to somebody else.
func (e *Editions) DeliveryOf(ref subscribers.Ref) (Delivery, error) {
	ids, err := e.editionsOf(ref)
	if err != nil {
		return Delivery{}, fmt.Errorf("the edition of a token: %w", err)
	}
	err = fmt.Errorf("the edition of a token: %w", ErrUnknown)
	for _, id := range ids {
		var d Delivery
		if d.Edition, err = e.Get(id); err != nil {
			return Delivery{}, err
		}
		if d.To, err = e.recipient(id, ref.Index); err == nil && ref.Bound() == d.Edition.Bound && d.To.Email != "" && (!ref.Bound() || ref.Names(d.To.Email)) {
			return d, nil
		}
		if err == nil { // the edition was composed anew, over a ledger that was restored from a backup
			err = fmt.Errorf("recipient %d of edition %s is not the token's: %w", ref.Index, id, ErrUnknown)
		}
		if !errors.Is(err, ErrUnknown) {
			return Delivery{}, err
		}
	}
	return Delivery{}, err
}

// Reader finds whom a token names: by its delivery where the ledger has that, else by the address and the digest,
// among the subscribers and those to whom the digest went; digests are the ids that there are, "" for all. Then
// the delivery has no edition but for the digest. The errors are those of Resolve.
func (l *Ledger) Reader(token string, all *subscribers.List, digests []string, purposes ...subscribers.Purpose) (Delivery, error) {
	refs, err := l.Keys.Open(token, purposes...)
	if err != nil {
		return Delivery{}, err
	}
	d, err := firstKnown(refs, l.Editions.DeliveryOf)
	if !errors.Is(err, ErrUnknown) {
		return d, err
	}
	return firstKnown(refs, func(ref subscribers.Ref) (Delivery, error) { return readerOf(l, ref, all, digests) })
}

// readerOf finds whom a token names by the address and the digest.
func readerOf(l *Ledger, ref subscribers.Ref, all *subscribers.List, digests []string) (d Delivery, err error) {
	unknown := fmt.Errorf("the reader of a token: %w", ErrUnknown)
	id, ok := ref.DigestOf(digests)
	if !ok {
		return d, unknown
	}
	l.Editions.tags.search.Lock() // one at a time: a list may be long
	defer l.Editions.tags.search.Unlock()
	d.Edition = EditionState{Digest: id}
	if s, _, ok := all.Reader(ref, digests); ok {
		d.To = digest.Recipient{Email: s.Email, Name: s.Name}
		return d, nil
	}
	if d.To, ok, err = l.recipientOf(ref, id); err == nil && !ok {
		err = unknown
	}
	return d, err
}

// lookedThrough is how many recipients are looked at for one who is a subscriber no more.
const lookedThrough = 1_000_000

// recipientOf looks for the address of a token among the recipients of a digest's editions, the latest first.
func (l *Ledger) recipientOf(ref subscribers.Ref, digestID string) (to digest.Recipient, ok bool, err error) {
	editions, err := l.Editions.all(func(e EditionState) bool { return e.Digest == digestID || digestOf(e.ID) == digestID })
	slices.SortFunc(editions, func(a, b EditionState) int { return b.Composed.Compare(a.Composed) })
	looked := 0
	for _, e := range editions {
		for r, err := range Recipients(l.Deliveries, e.ID) {
			if err != nil || looked == lookedThrough {
				return to, false, err
			}
			if looked++; ref.Names(r.Email) {
				return r, true, nil
			}
		}
	}
	return to, false, err
}

// editionTags finds editions by what tokens say of them. It is read anew when it lacks one: a ledger with
// a year of editions in every zone has ten thousand of them, too many to look through at each click.
type editionTags struct {
	mu     sync.Mutex
	ids    map[subscribers.EditionTag][]string
	search sync.Mutex // of a reader by the address
}

// editionsOf are the ids of the editions that may be a token's: one, but for chance.
func (e *Editions) editionsOf(ref subscribers.Ref) (ids []string, err error) {
	e.tags.mu.Lock()
	defer e.tags.mu.Unlock()
	tag, ok := ref.Edition()
	if !ok {
		return nil, ErrUnknown
	}
	known := func() []string {
		return slices.DeleteFunc(slices.Clone(e.tags.ids[tag]), func(id string) bool { return !ref.OfEdition(id) })
	}
	if ids = known(); len(ids) > 0 {
		return ids, nil
	}
	e.tags.ids = map[subscribers.EditionTag][]string{}
	err = e.view(func(tx store.Tx) error {
		for it, err := range tx.Bucket(bucketEditions).Rows(store.Range{}) {
			if err != nil {
				return err
			}
			id := string(it.Key)
			e.tags.ids[subscribers.TagOfEdition(id)] = append(e.tags.ids[subscribers.TagOfEdition(id)], id)
		}
		return nil
	})
	return known(), err
}

// recipient reads one recipient of an edition, and none of those around it. The error is ErrUnknown when
// there is none with that index.
func (e *Editions) recipient(id string, index int) (digest.Recipient, error) {
	raw, err := e.chunk(id, index/chunkSize)
	if err != nil {
		return digest.Recipient{}, err
	}
	lines := bufio.NewScanner(flate.NewReader(bytes.NewReader(raw)))
	for skip := index % chunkSize; raw != nil && lines.Scan(); skip-- {
		if skip > 0 {
			continue
		}
		r, err := parseRecipient(lines.Text(), index)
		if err != nil {
			return r, fmt.Errorf("recipient %d of edition %s: %w", index, id, err)
		}
		return r, nil
	}
	if err := lines.Err(); err != nil && raw != nil {
		return digest.Recipient{}, fmt.Errorf("recipients of edition %s: %w: %w", id, store.ErrDamaged, err)
	}
	return digest.Recipient{}, fmt.Errorf("recipient %d of edition %s: %w", index, id, ErrUnknown)
}
