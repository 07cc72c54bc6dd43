package ledger

import (
	"slices"

	"digestd/digest"
	"digestd/internal/ledger/store"
	"digestd/subscribers"
)

// Wish is what a reader asks for themselves.
type Wish struct {
	Email       string
	Source      string              // of the suppressions and preferences that come of it: "one-click", "page", "mailto"
	Stop        []string            // ids of digests that they want no more; "" is all of them
	Resume      []string            // ids whose suppression they take back, if they asked for it; "" likewise
	Preferences *digest.Preferences // in place of those that they had; nil leaves them
}

// Grant makes a wish durable, all of it in one commit, which counts from the next message on. A wish that
// is granted already is granted again, and changes nothing.
func (r *Readers) Grant(w Wish) error {
	granted, err := viewed(r.base, w.granted)
	if err == nil && !granted {
		err = r.share(func(tx store.Tx) error { return r.grant(tx, w) })
	}
	return during(err, "what %s asks for", w.Email)
}

// granted reports whether a wish is nothing but what the ledger says already.
func (w Wish) granted(tx store.Tx) (bool, error) {
	for _, id := range w.Stop {
		if there, err := stands(tx, w.stop(id)); !there || err != nil {
			return false, err
		}
	}
	all, err := suppressionsOf(tx, w.Email)
	return w.Preferences == nil && !slices.ContainsFunc(all, w.resumes), err
}

// stop is the suppression by which a digest is stopped.
func (w Wish) stop(id string) digest.Suppression {
	return digest.Suppression{Email: w.Email, Digest: id, Source: w.Source}
}

// resumes reports whether a suppression of the reader's is one that they take back.
func (w Wish) resumes(s digest.Suppression) bool {
	return s.Wished() && slices.Contains(w.Resume, s.Digest)
}

func (r *Readers) grant(tx store.Tx, w Wish) error {
	all, err := suppressionsOf(tx, w.Email)
	if err != nil {
		return err
	}
	for _, s := range all {
		if w.resumes(s) {
			if err := tx.Bucket(bucketSuppression).Delete(suppressionKey(w.Email, s.Digest)); err != nil {
				return err
			}
		}
	}
	for _, id := range w.Stop {
		if err := r.suppress(tx, w.stop(id)); err != nil {
			return err
		}
	}
	if w.Preferences == nil {
		return nil
	}
	if at, err := forgottenAt(tx, w.Email); err != nil || !at.IsZero() {
		return err
	}
	b := tablePreferences.in(tx)
	p := *w.Preferences
	key := []byte(subscribers.Key(w.Email))
	if p.Empty() {
		return b.Delete(key)
	}
	p.Email, p.Source, p.At = w.Email, w.Source, r.now().UTC()
	return b.put(key, p)
}

// dropPreferences removes those of an address, and reports whether there were some.
func dropPreferences(tx store.Tx, email string) (bool, error) {
	b, key := tablePreferences.in(tx), []byte(subscribers.Key(email))
	if had, err := b.has(key); !had || err != nil {
		return false, err
	}
	return true, b.Delete(key)
}

// Preferences returns those of all readers who have some, by subscribers.Key of the address.
func (r *Readers) Preferences() (map[string]digest.Preferences, error) {
	return viewed(r.base, func(tx store.Tx) (map[string]digest.Preferences, error) { return tablePreferences.in(tx).byKey() })
}

// PreferencesOf returns those of one reader, empty ones when they have none.
func (r *Readers) PreferencesOf(email string) (digest.Preferences, error) {
	return viewed(r.base, func(tx store.Tx) (digest.Preferences, error) {
		p, _, err := tablePreferences.in(tx).get([]byte(subscribers.Key(email)))
		return p, err
	})
}
