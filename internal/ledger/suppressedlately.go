package ledger

import (
	"sync"
	"time"

	"digestd/subscribers"
)

// lookEvery is how long what was read of suppressions may be told, where asking each time is a way to another machine.
const lookEvery = 10 * time.Second

// lately is who gets nothing of a digest, as it was a moment ago.
type lately struct {
	mu        sync.Mutex
	at        time.Time
	digest    string
	keys      map[string]bool
	forgotten func(email string) bool
}

// Suppressed reports whether an address gets nothing of a digest, before anything is begun for it. Where the ledger is far away,
// that is as it was lookEvery ago; Step looks again in the commit that counts.
func (m Mail) Suppressed(email, digestID string) (bool, error) {
	if m.Readers.several == nil || digestID == AskingDigest {
		return m.Readers.Suppressed(email, digestID)
	}
	l := m.lately
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.digest != digestID || m.Readers.now().Sub(l.at).Abs() > lookEvery {
		keys, err := m.SuppressedFor(digestID)
		if err != nil {
			return false, err
		}
		forgotten, err := m.Forgotten()
		if err != nil {
			return false, err
		}
		l.at, l.digest, l.keys, l.forgotten = m.Readers.now(), digestID, keys, forgotten
	}
	if !l.keys[subscribers.Key(email)] && !l.forgotten(email) {
		return false, nil
	}
	return m.Readers.Suppressed(email, digestID) // they may be back by now
}
