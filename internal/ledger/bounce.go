package ledger

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"

	"digestd/digest"
	"digestd/subscribers"
)

// bounced is a bounce that said that a mailbox does not exist.
type bounced struct {
	Suppressed bool      `json:"suppressed"` // it made the suppression of its address
	At         time.Time `json:"at"`         // of that
}

// SuppressBounced keeps mail from an address since a mail of an edition bounced with a status. Bounces come one by
// one, so each is believed at first. When one more than subscribers.MaxUnknown addresses of a domain have bounced with
// the same status out of one edition, that domain's server is not believed any more: the suppressions that came of
// those bounces are taken back, and none is made of the ones that follow. kept tells whether this one stands, and
// restored whose were taken back. The same bounce twice is the same as once.
func (l *Ledger) SuppressBounced(edition, status string, s digest.Suppression) (kept bool, restored []string, err error) {
	_, domain, _ := strings.Cut(subscribers.Key(s.Email), "@")
	prefix := []byte(strings.Join([]string{edition, domain, status, ""}, "\x00"))
	key := append(bytes.Clone(prefix), subscribers.Key(s.Email)...)
	if s.At.IsZero() {
		s.At = l.now().UTC()
	}
	s.Words = oneLine(s.Words, 300)
	err = l.update(func(tx *bolt.Tx) (err error) {
		restored = nil
		b := tx.Bucket(bucketBounces)
		count := 0
		if b.Get(key) == nil {
			count++
		}
		c := b.Cursor()
		for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
			count++
		}
		if kept = count <= subscribers.MaxUnknown; !kept {
			restored, err = takeBack(tx, b, prefix)
			if err != nil || b.Get(key) != nil {
				return err
			}
			return put(b, key, bounced{At: s.At})
		}
		suppressions, at := tx.Bucket(bucketSuppression), suppressionKey(s.Email, s.Digest)
		first := suppressions.Get(at) == nil
		if !first && b.Get(key) != nil { // the very same bounce
			return nil
		}
		if first { // else somebody was earlier
			if err := put(suppressions, at, s); err != nil {
				return err
			}
		}
		return put(b, key, bounced{Suppressed: first, At: s.At})
	})
	if err != nil {
		return false, nil, fmt.Errorf("suppress %s: %w", s.Email, err)
	}
	return kept, restored, nil
}

// takeBack removes the suppressions that came of bounces, where they are still the ones that the bounces made.
func takeBack(tx *bolt.Tx, b *bolt.Bucket, prefix []byte) (restored []string, err error) {
	var keys [][]byte
	c := b.Cursor()
	for k, v := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = c.Next() {
		var it bounced
		if err := json.Unmarshal(v, &it); err != nil {
			return nil, fmt.Errorf("bounce %q: %w: %w", k, ErrDamaged, err)
		}
		if !it.Suppressed {
			continue
		}
		keys = append(keys, bytes.Clone(k))
		var s digest.Suppression
		email := string(k[len(prefix):])
		ok, err := get(tx.Bucket(bucketSuppression), suppressionKey(email, ""), &s)
		if err != nil {
			return nil, err
		}
		if ok && s.Source == "bounce" && s.At.Equal(it.At) {
			if err := tx.Bucket(bucketSuppression).Delete(suppressionKey(email, "")); err != nil {
				return nil, err
			}
			restored = append(restored, s.Email)
		}
	}
	for _, k := range keys {
		if err := put(b, k, bounced{}); err != nil {
			return nil, err
		}
	}
	return restored, nil
}

// forgetBounces removes what bounced of an edition.
func forgetBounces(tx *bolt.Tx, edition string) error {
	b := tx.Bucket(bucketBounces)
	prefix := []byte(edition + "\x00")
	var keys [][]byte
	c := b.Cursor()
	for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
		keys = append(keys, bytes.Clone(k))
	}
	for _, k := range keys {
		if err := b.Delete(k); err != nil {
			return err
		}
	}
	return nil
}
