package ledger

import (
	"encoding/json"
	"fmt"
	"strings"

	bolt "go.etcd.io/bbolt"

	"digestd/digest"
	"digestd/subscribers"
)

// suppressionKey names an (address, digest), or an address with the empty digest.
func suppressionKey(email, digestID string) []byte {
	return []byte(subscribers.Key(email) + "\x00" + digestID)
}

// Suppress keeps mail from an address, or from an address of a digest, from the next message on. A
// suppression that is there already stays as it is: who asked first is what the operator wants to know.
func (l *Ledger) Suppress(s digest.Suppression) error {
	if s.At.IsZero() {
		s.At = l.now().UTC()
	}
	s.Words = oneLine(s.Words, 300)
	err := l.update(func(tx *bolt.Tx) error {
		b := tx.Bucket(bucketSuppression)
		key := suppressionKey(s.Email, s.Digest)
		if b.Get(key) != nil {
			return nil
		}
		return put(b, key, s)
	})
	if err != nil {
		return fmt.Errorf("suppress %s: %w", s.Email, err)
	}
	return nil
}

// Restore takes back what keeps mail from an address: of one digest, or, with the empty digest, all of
// it. It returns how many suppressions that were.
func (l *Ledger) Restore(email, digestID string) (n int, err error) {
	err = l.update(func(tx *bolt.Tx) error {
		n = 0
		b := tx.Bucket(bucketSuppression)
		var keys [][]byte
		prefix := string(suppressionKey(email, ""))
		c := b.Cursor()
		for k, _ := c.Seek([]byte(prefix)); k != nil && strings.HasPrefix(string(k), prefix); k, _ = c.Next() {
			if digestID == "" || string(k) == prefix+digestID {
				keys = append(keys, append([]byte(nil), k...))
			}
		}
		for _, k := range keys {
			if err := b.Delete(k); err != nil {
				return err
			}
			n++
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("restore %s: %w", email, err)
	}
	return n, nil
}

// Suppressions returns all of them, in the order of the addresses.
func (l *Ledger) Suppressions() (all []digest.Suppression, err error) {
	err = l.view(func(tx *bolt.Tx) error {
		all = nil
		return tx.Bucket(bucketSuppression).ForEach(func(k, v []byte) error {
			var s digest.Suppression
			if err := json.Unmarshal(v, &s); err != nil {
				return fmt.Errorf("suppression %q: %w: %w", k, ErrDamaged, err)
			}
			all = append(all, s)
			return nil
		})
	})
	return all, err
}

// SuppressedFor returns the keys (subscribers.Key) of the addresses that get nothing of a digest.
func (l *Ledger) SuppressedFor(digestID string) (map[string]bool, error) {
	keys := map[string]bool{}
	err := l.view(func(tx *bolt.Tx) error {
		return tx.Bucket(bucketSuppression).ForEach(func(k, _ []byte) error {
			if email, of, _ := strings.Cut(string(k), "\x00"); of == "" || of == digestID {
				keys[email] = true
			}
			return nil
		})
	})
	return keys, err
}

// Suppressed reports whether an address gets nothing of a digest.
func (l *Ledger) Suppressed(email, digestID string) (yes bool, err error) {
	err = l.view(func(tx *bolt.Tx) error {
		yes, err = isSuppressed(tx, email, digestID)
		return err
	})
	return yes, err
}

func isSuppressed(tx *bolt.Tx, email, digestID string) (bool, error) {
	b := tx.Bucket(bucketSuppression)
	return b.Get(suppressionKey(email, "")) != nil || b.Get(suppressionKey(email, digestID)) != nil, nil
}

// digestOf is the digest that an edition's ID begins with.
func digestOf(edition string) string {
	id, _, _ := strings.Cut(edition, "/")
	return id
}
