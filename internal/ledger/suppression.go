package ledger

import (
	"bytes"
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
// suppression that is there already stays as it is: who asked first is what the operator wants to know. Only
// what a mail server said gives way to what the reader says himself, since a bounce may be taken back.
func (l *Ledger) Suppress(s digest.Suppression) error {
	var there bool
	err := l.view(func(tx *bolt.Tx) (err error) {
		there, err = stands(tx, s)
		return err
	})
	if err == nil && !there {
		err = l.share(func(tx *bolt.Tx) error { return l.suppress(tx, s) })
	}
	if err != nil {
		return fmt.Errorf("suppress %s: %w", s.Email, err)
	}
	return nil
}

// stands reports whether there is a suppression that s would not change.
func stands(tx *bolt.Tx, s digest.Suppression) (bool, error) {
	var old digest.Suppression
	ok, err := get(tx.Bucket(bucketSuppression), suppressionKey(s.Email, s.Digest), &old)
	givesWay := s.Wished() && (old.Source == "bounce" || old.Source == "rcpt")
	return ok && !givesWay, err
}

func (l *Ledger) suppress(tx *bolt.Tx, s digest.Suppression) error {
	if there, err := stands(tx, s); there || err != nil {
		return err
	}
	if s.At.IsZero() {
		s.At = l.now().UTC()
	}
	s.Words = oneLine(s.Words, 300)
	return put(tx.Bucket(bucketSuppression), suppressionKey(s.Email, s.Digest), s)
}

// Restore takes back what keeps mail from an address: of one digest, or, with the empty digest, all of
// it, together with what the reader chose himself. It returns how many of those there were.
func (l *Ledger) Restore(email, digestID string) (n int, err error) {
	err = l.share(func(tx *bolt.Tx) error {
		all, err := suppressionsOf(tx, email)
		if err != nil {
			return err
		}
		for _, s := range all {
			if digestID != "" && s.Digest != digestID {
				continue
			}
			if err := tx.Bucket(bucketSuppression).Delete(suppressionKey(email, s.Digest)); err != nil {
				return err
			}
			n++
		}
		if digestID != "" {
			return nil
		}
		had, err := dropPreferences(tx, email)
		if had {
			n++
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("restore %s: %w", email, err)
	}
	return n, nil
}

// SuppressionsOf returns those of one address, that of all digests first.
func (l *Ledger) SuppressionsOf(email string) (all []digest.Suppression, err error) {
	err = l.view(func(tx *bolt.Tx) error {
		all, err = suppressionsOf(tx, email)
		return err
	})
	return all, err
}

func suppressionsOf(tx *bolt.Tx, email string) (all []digest.Suppression, err error) {
	prefix := suppressionKey(email, "")
	c := tx.Bucket(bucketSuppression).Cursor()
	for k, v := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = c.Next() {
		var s digest.Suppression
		if err := json.Unmarshal(v, &s); err != nil {
			return nil, fmt.Errorf("suppression %q: %w: %w", k, ErrDamaged, err)
		}
		all = append(all, s)
	}
	return all, nil
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
		yes = isSuppressed(tx, email, digestID)
		return nil
	})
	return yes, err
}

func isSuppressed(tx *bolt.Tx, email, digestID string) bool {
	b := tx.Bucket(bucketSuppression)
	return b.Get(suppressionKey(email, "")) != nil || b.Get(suppressionKey(email, digestID)) != nil
}

// digestOf is the digest that an edition's ID begins with.
func digestOf(edition string) string {
	id, _, _ := strings.Cut(edition, "/")
	return id
}
