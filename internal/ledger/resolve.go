package ledger

import (
	"bufio"
	"bytes"
	"compress/flate"
	"fmt"
	"sync"

	bolt "go.etcd.io/bbolt"

	"digestd/digest"
	"digestd/subscribers"
)

// Delivery is one reader's part of an edition.
type Delivery struct {
	Edition EditionState
	To      digest.Recipient
}

// OpenToken reads a token that was made for one of the purposes, with any of the ledger's keys. The error
// is subscribers.ErrToken for what is no token of this ledger.
func (l *Ledger) OpenToken(token string, purposes ...subscribers.Purpose) (subscribers.Ref, error) {
	for _, secret := range l.TokenKeys() {
		key, err := subscribers.NewTokenKey(secret)
		if err != nil {
			return subscribers.Ref{}, err
		}
		if ref, err := key.Open(token, purposes...); err == nil {
			return ref, nil
		}
	}
	return subscribers.Ref{}, subscribers.ErrToken
}

// Resolve finds the delivery that a token names. The error is subscribers.ErrToken for what is no token
// of this ledger, and ErrUnknown for one of an edition that was pruned.
func (l *Ledger) Resolve(token string, purposes ...subscribers.Purpose) (Delivery, error) {
	ref, err := l.OpenToken(token, purposes...)
	if err != nil {
		return Delivery{}, err
	}
	return l.DeliveryOf(ref)
}

// DeliveryOf finds the delivery that an opened token names. The error is ErrUnknown when the ledger does
// not have it, or not any more.
func (l *Ledger) DeliveryOf(ref subscribers.Ref) (Delivery, error) {
	id, err := l.editionOf(ref)
	if err != nil {
		return Delivery{}, fmt.Errorf("the edition of a token: %w", err)
	}
	var d Delivery
	if d.Edition, err = l.Edition(id); err != nil {
		return Delivery{}, err
	}
	d.To, err = l.recipient(id, ref.Index)
	return d, err
}

// editionTags finds editions by what tokens say of them. It is read anew when it lacks one: a ledger with
// a year of editions in every zone has ten thousand of them, too many to look through at each click.
type editionTags struct {
	mu  sync.Mutex
	ids map[subscribers.EditionTag]string
}

// editionOf is the id of a token's edition.
func (l *Ledger) editionOf(ref subscribers.Ref) (string, error) {
	l.tags.mu.Lock()
	defer l.tags.mu.Unlock()
	tag, ok := ref.Edition()
	if !ok {
		return "", ErrUnknown
	}
	if id, ok := l.tags.ids[tag]; ok {
		return id, nil
	}
	l.tags.ids = map[subscribers.EditionTag]string{}
	err := l.view(func(tx *bolt.Tx) error {
		return tx.Bucket(bucketEditions).ForEach(func(k, _ []byte) error {
			l.tags.ids[subscribers.TagOfEdition(string(k))] = string(k)
			return nil
		})
	})
	if err != nil {
		return "", err
	}
	if id, ok := l.tags.ids[tag]; ok {
		return id, nil
	}
	return "", ErrUnknown
}

// recipient reads one recipient of an edition, and none of those around him. The error is ErrUnknown when
// there is none with that index.
func (l *Ledger) recipient(id string, index int) (digest.Recipient, error) {
	var raw []byte
	err := l.view(func(tx *bolt.Tx) error {
		raw = bytes.Clone(tx.Bucket(bucketRecipients).Get(partKey(id, index/chunkSize)))
		return nil
	})
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
		return digest.Recipient{}, fmt.Errorf("recipients of edition %s: %w: %w", id, ErrDamaged, err)
	}
	return digest.Recipient{}, fmt.Errorf("recipient %d of edition %s: %w", index, id, ErrUnknown)
}
