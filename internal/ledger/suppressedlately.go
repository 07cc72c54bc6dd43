package ledger

import (
	"bytes"
	"sync"
	"time"

	"digestd/internal/ledger/store"
)

// lookEvery is how long what was read of suppressions may be told: asking each time is a way to another machine, or
// lets the store commit what it would journal.
const lookEvery = 10 * time.Second

// lately is who gets nothing, as it was a moment ago.
type lately struct {
	mu     sync.Mutex
	at     time.Time // when it was read; zero before the first time
	keys   map[string]bool
	hashes map[string]bool // of those who were erased
	secret []byte
}

// Suppressed reports whether an address gets nothing of a digest, before anything is begun for it, as it was lookEvery
// ago at most; Step looks again in the commit that counts.
func (m Mail) Suppressed(email, digestID string) (bool, error) {
	if digestID != AskingDigest {
		if may, err := m.lately.maySuppress(m.Readers, email, digestID); !may || err != nil {
			return false, err
		}
	}
	return m.Readers.Suppressed(email, digestID) // they may be back by now
}

// maySuppress reports whether anything that was read says so. A row that is damaged does: it concerns whom it is of
// alone.
func (l *lately) maySuppress(r *Readers, email, digestID string) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := r.now(); l.at.IsZero() || now.Sub(l.at).Abs() > lookEvery {
		keys, hashes := map[string]bool{}, map[string]bool{}
		if err := r.view(func(tx store.Tx) error {
			for bucket, into := range map[string]map[string]bool{bucketSuppression: keys, bucketForgotten: hashes} {
				for it, err := range tx.Bucket(bucket).Rows(store.Range{}) {
					if it.Key == nil {
						return err
					}
					into[string(it.Key)] = true
				}
			}
			secret, err := tx.Bucket(bucketForgotten).Get(keySecret)
			l.secret = bytes.Clone(secret)
			return err
		}); err != nil {
			return false, err
		}
		l.at, l.keys, l.hashes = now, keys, hashes
	}
	anything, this := suppressionKeys(email, digestID)
	return l.keys[string(anything)] || l.keys[string(this)] ||
		len(l.hashes) > 1 && l.hashes[string(hashed(l.secret, email))], nil
}
