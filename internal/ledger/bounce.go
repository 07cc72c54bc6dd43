package ledger

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"digestd/digest"
	"digestd/internal/ledger/store"
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
func (r *Readers) SuppressBounced(edition, status string, s digest.Suppression) (kept bool, restored []string, err error) {
	_, domain, _ := strings.Cut(subscribers.Key(s.Email), "@")
	prefix := []byte(strings.Join([]string{edition, domain, status, ""}, "\x00"))
	key := append(bytes.Clone(prefix), subscribers.Key(s.Email)...)
	if s.At.IsZero() {
		s.At = r.now().UTC()
	}
	s.Words = oneLine(s.Words, 300)
	err = r.update(touches{store.Readers()}, func(tx store.Tx) error {
		kept, restored, err = believe(tx, prefix, key, s)
		return err
	})
	if err != nil {
		return false, nil, fmt.Errorf("suppress %s: %w", s.Email, err)
	}
	return kept, restored, nil
}

// believe is SuppressBounced within its transaction: prefix is what bounces of the same kind have in common.
func believe(tx store.Tx, prefix, key []byte, s digest.Suppression) (kept bool, restored []string, err error) {
	if at, err := forgottenAt(tx, s.Email); err != nil || !at.IsZero() {
		return true, nil, err
	}
	b := tableBounces.in(tx)
	known, err := b.has(key)
	if err != nil {
		return false, nil, err
	}
	count := 0
	if !known {
		count++
	}
	for _, err := range b.Rows(store.Range{Prefix: prefix}) {
		if err != nil {
			return false, nil, err
		}
		count++
	}
	if count > subscribers.MaxUnknown {
		if restored, err = takeBack(tx, prefix); err == nil && !known {
			err = b.put(key, bounced{At: s.At})
		}
		return false, restored, err
	}
	suppressions, at := tableSuppression.in(tx), suppressionKey(s.Email, s.Digest)
	there, err := suppressions.has(at)
	if err != nil || there && known { // the very same bounce
		return true, nil, err
	}
	if !there { // else somebody was earlier
		if err := suppressions.put(at, s); err != nil {
			return true, nil, err
		}
	}
	return true, nil, b.put(key, bounced{Suppressed: !there, At: s.At})
}

// takeBack removes the suppressions that came of bounces, where they are still the ones that the bounces made.
func takeBack(tx store.Tx, prefix []byte) (restored []string, err error) {
	b, suppressions := tableBounces.in(tx), tableSuppression.in(tx)
	for it, err := range b.each(store.Range{Prefix: prefix}) {
		if err != nil {
			return nil, err
		}
		if !it.value.Suppressed {
			continue
		}
		at := suppressionKey(string(it.key[len(prefix):]), "")
		s, ok, err := suppressions.get(at)
		if err != nil {
			return nil, err
		}
		if ok && s.Source == "bounce" && s.At.Equal(it.value.At) {
			if err := suppressions.Delete(at); err != nil {
				return nil, err
			}
			restored = append(restored, s.Email)
		}
		if err := b.put(it.key, bounced{}); err != nil {
			return nil, err
		}
	}
	return restored, nil
}

// forgetBounces removes what bounced of an edition.
func forgetBounces(tx store.Tx, edition string) error {
	_, err := remove(tx.Bucket(bucketBounces), store.Range{Prefix: []byte(edition + "\x00")}, "")
	return err
}
