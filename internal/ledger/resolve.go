package ledger

import (
	"bufio"
	"bytes"
	"compress/flate"
	"fmt"
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
// not have it, or not any more.
func (e *Editions) DeliveryOf(ref subscribers.Ref) (Delivery, error) {
	id, err := e.editionOf(ref)
	if err != nil {
		return Delivery{}, fmt.Errorf("the edition of a token: %w", err)
	}
	var d Delivery
	if d.Edition, err = e.Get(id); err != nil {
		return Delivery{}, err
	}
	d.To, err = e.recipient(id, ref.Index)
	return d, err
}

// editionTags finds editions by what tokens say of them. It is read anew when it lacks one: a ledger with
// a year of editions in every zone has ten thousand of them, too many to look through at each click.
type editionTags struct {
	mu  sync.Mutex
	ids map[subscribers.EditionTag]string
}

// editionOf is the id of a token's edition.
func (e *Editions) editionOf(ref subscribers.Ref) (string, error) {
	e.tags.mu.Lock()
	defer e.tags.mu.Unlock()
	tag, ok := ref.Edition()
	if !ok {
		return "", ErrUnknown
	}
	if id, ok := e.tags.ids[tag]; ok {
		return id, nil
	}
	e.tags.ids = map[subscribers.EditionTag]string{}
	err := e.view(func(tx store.Tx) error {
		for it, err := range tx.Bucket(bucketEditions).Rows(store.Range{}) {
			if err != nil {
				return err
			}
			e.tags.ids[subscribers.TagOfEdition(string(it.Key))] = string(it.Key)
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	if id, ok := e.tags.ids[tag]; ok {
		return id, nil
	}
	return "", ErrUnknown
}

// recipient reads one recipient of an edition, and none of those around him. The error is ErrUnknown when
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
