package ledger

import (
	"errors"
	"fmt"
	"strings"

	"digestd/digest"
	"digestd/internal/ledger/store"
	"digestd/subscribers"
)

// Readers is what readers wish, and what keeps mail from them.
type Readers struct {
	*base
	delivery *deliveryWriter
}

// share makes a change in the next commit, together with the steps of the deliveries that are under way,
// and waits until it is durable: a thousand readers who leave in one second cost no more commits than one.
func (r *Readers) share(change func(store.Tx) error) error {
	return r.delivery.submit(&step{change: change})
}

// suppressionKey names an (address, digest), or an address with the empty digest.
func suppressionKey(email, digestID string) []byte {
	return []byte(subscribers.Key(email) + "\x00" + digestID)
}

// suppressionKeys are those of what keeps any mail from an address, and of what keeps that of a digest.
func suppressionKeys(email, digestID string) (anything, this []byte) {
	this = suppressionKey(email, digestID)
	n := len(this) - len(digestID)
	return this[:n:n], this
}

// Suppress keeps mail from an address, or from an address of a digest, from the next message on. A
// suppression that is there already stays as it is: who asked first is what the operator wants to know. Only
// what a mail server said gives way to what the reader says themselves, since a bounce may be taken back.
func (r *Readers) Suppress(s digest.Suppression) error {
	there, err := viewed(r.base, func(tx store.Tx) (bool, error) { return stands(tx, s) })
	if err == nil && !there {
		err = r.share(func(tx store.Tx) error { return r.suppress(tx, s) })
	}
	return during(err, "suppress %s", s.Email)
}

// stands reports whether there is a suppression that s would not change. Of an address that was erased, nothing is
// written down again.
func stands(tx store.Tx, s digest.Suppression) (bool, error) {
	if at, err := forgottenAt(tx, s.Email); err != nil || !at.IsZero() {
		return true, err
	}
	old, ok, err := tableSuppression.in(tx).get(suppressionKey(s.Email, s.Digest))
	givesWay := s.Wished() && (old.Source == "bounce" || old.Source == "rcpt")
	return ok && !givesWay, err
}

func (r *Readers) suppress(tx store.Tx, s digest.Suppression) error {
	if there, err := stands(tx, s); there || err != nil {
		return err
	}
	if s.At.IsZero() {
		s.At = r.now().UTC()
	}
	s.Words = oneLine(s.Words, 300)
	return tableSuppression.in(tx).put(suppressionKey(s.Email, s.Digest), s)
}

// Restore takes back what keeps mail from an address: of one digest, or, with the empty digest, all of
// it, together with what the reader chose themselves. It returns how many of those there were.
func (r *Readers) Restore(email, digestID string) (n int, err error) {
	return r.RestoreAll([]string{email}, digestID)
}

func restore(tx store.Tx, email, digestID string) (n int, err error) {
	all, err := suppressionsOf(tx, email)
	if err != nil {
		return 0, err
	}
	for _, s := range all {
		if digestID != "" && s.Digest != digestID {
			continue
		}
		if err := tx.Bucket(bucketSuppression).Delete(suppressionKey(email, s.Digest)); err != nil {
			return n, err
		}
		n++
	}
	if digestID != "" {
		return n, nil
	}
	if _, err := dropHash(tx, email); err != nil {
		return n, err
	}
	had, err := dropPreferences(tx, email)
	if had {
		n++
	}
	return n, err
}

// SuppressionsOf returns those of one address, that of all digests first.
func (r *Readers) SuppressionsOf(email string) ([]digest.Suppression, error) {
	return viewed(r.base, func(tx store.Tx) ([]digest.Suppression, error) { return suppressionsOf(tx, email) })
}

func suppressionsOf(tx store.Tx, email string) ([]digest.Suppression, error) {
	all, err := tableSuppression.in(tx).values(store.Range{Prefix: suppressionKey(email, "")}, nil)
	if err != nil {
		return nil, err
	}
	at, err := forgottenAt(tx, email)
	if !at.IsZero() {
		all = append(all, digest.Suppression{Email: email, Source: ByForgetting, At: at})
	}
	return all, err
}

// Suppressions returns all of them, in the order of the addresses.
func (r *Readers) Suppressions() ([]digest.Suppression, error) {
	return viewed(r.base, func(tx store.Tx) ([]digest.Suppression, error) {
		return tableSuppression.in(tx).values(store.Range{}, nil)
	})
}

// SuppressedFor returns the keys (subscribers.Key) of the addresses that get nothing of a digest.
func (r *Readers) SuppressedFor(digestID string) (map[string]bool, error) {
	keys := map[string]bool{}
	err := r.view(func(tx store.Tx) error {
		for it, err := range tx.Bucket(bucketSuppression).Rows(store.Range{}) {
			if err != nil {
				return err
			}
			if email, of, _ := strings.Cut(string(it.Key), "\x00"); of == "" || of == digestID {
				keys[email] = true
			}
		}
		return nil
	})
	return keys, err
}

// Suppressed reports whether an address gets nothing of a digest.
func (r *Readers) Suppressed(email, digestID string) (bool, error) {
	return viewed(r.base, func(tx store.Tx) (bool, error) { return isSuppressed(tx, email, digestID) })
}

// expectSuppressed says that isSuppressed is about to be asked, and returns the keys for which it looks.
func expectSuppressed(tx store.Tx, email, digestID string) (anything, this []byte) {
	anything, this = suppressionKeys(email, digestID)
	tx.Bucket(bucketSuppression).Expect(anything, this)
	tx.Bucket(bucketForgotten).Expect(keySecret)
	return anything, this
}

func isSuppressed(tx store.Tx, email, digestID string) (bool, error) {
	if digestID == AskingDigest { // who left may come back
		err := barred(tx, email, []string{digestID})
		return err != nil, unless(err, ErrBarred)
	}
	anything, this := expectSuppressed(tx, email, digestID)
	b := tableSuppression.in(tx)
	yes, err := b.has(anything)
	if yes || err != nil {
		return yes, err
	}
	if yes, err = b.has(this); yes || err != nil {
		return yes, err
	}
	at, err := forgottenAt(tx, email)
	return !at.IsZero(), err
}

// unless is an error that is not another.
func unless(err, other error) error {
	if errors.Is(err, other) {
		return nil
	}
	return err
}

// digestOf is the digest that an edition's ID begins with.
func digestOf(edition string) string {
	id, _, _ := strings.Cut(edition, "/")
	return id
}

// SuppressAll is Suppress for a list, in one commit. It returns how many of them changed anything.
func (r *Readers) SuppressAll(all []digest.Suppression) (n int, err error) {
	err = r.share(func(tx store.Tx) error {
		n = 0
		for _, s := range all {
			there, err := stands(tx, s)
			if err == nil && !there {
				n++
				err = r.suppress(tx, s)
			}
			if err != nil {
				return fmt.Errorf("suppress %s: %w", s.Email, err)
			}
		}
		return nil
	})
	return n, err
}

// RestoreAll is Restore for a list, in one commit.
func (r *Readers) RestoreAll(emails []string, digestID string) (n int, err error) {
	err = r.share(func(tx store.Tx) error {
		n = 0
		for _, email := range emails {
			some, err := restore(tx, email, digestID)
			if n += some; err != nil {
				return fmt.Errorf("restore %s: %w", email, err)
			}
		}
		return nil
	})
	return n, err
}
