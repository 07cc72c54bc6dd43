package ledger

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"digestd/digest"
	"digestd/internal/ledger/store"
	"digestd/subscribers"
)

// Of an address that was erased for good, a hash stays, so that it gets nothing more if a list brings it back. It is keyed
// with a secret of this ledger: nobody can try addresses on a list of hashes alone.

// keySecret is where the secret stands, among hashes in hexadecimal.
var keySecret = []byte("secret")

// ByForgetting is the source of what keeps mail from an address that was erased.
const ByForgetting = "forgotten"

// Forgot counts what was erased of an address.
type Forgot struct {
	Editions     int `json:"editions"`     // that had it among their recipients
	Suppressions int `json:"suppressions"` // with their words
	Preferences  int `json:"preferences"`
	Bounces      int `json:"bounces"`
	Signups      int `json:"sign_ups"` // and requests for one
}

func hashed(secret []byte, email string) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(subscribers.Key(email)))
	return hex.AppendEncode(nil, mac.Sum(nil))
}

// forgottenAt is when an address was erased, the zero time when it was not.
func forgottenAt(tx store.Tx, email string) (at time.Time, err error) {
	b := tx.Bucket(bucketForgotten)
	secret, err := b.Get(keySecret)
	if secret == nil || err != nil { // nobody ever was
		return at, err
	}
	raw, err := b.Get(hashed(secret, email))
	if raw == nil || err != nil {
		return at, err
	}
	return time.Parse(time.RFC3339, string(raw))
}

// expectForgotten says that forgottenAt is about to be asked of these addresses.
func expectForgotten(tx store.Tx, emails []string) error {
	b := tx.Bucket(bucketForgotten)
	secret, err := b.Get(keySecret)
	if secret == nil || err != nil {
		return err
	}
	for _, email := range emails {
		b.Expect(hashed(secret, email))
	}
	return nil
}

// Forgotten returns what tells whether an address was erased.
func (r *Readers) Forgotten() (func(email string) bool, error) {
	var secret []byte
	hashes := map[string]bool{}
	err := r.view(func(tx store.Tx) error {
		for it, err := range tx.Bucket(bucketForgotten).Rows(store.Range{}) {
			if err != nil {
				return err
			}
			if bytes.Equal(it.Key, keySecret) {
				secret = bytes.Clone(it.Value)
				continue
			}
			hashes[string(it.Key)] = true
		}
		return nil
	})
	return func(email string) bool { return len(hashes) > 0 && hashes[string(hashed(secret, email))] }, err
}

// Forget erases an address: from the recipients of all editions with its name, with the servers' words on its deliveries,
// its suppressions, what it chose, its bounces, and its sign-up. A hash stays. What is owed to it ends as suppressed. When it is cut
// short, the next call finishes it.
func (l *Ledger) Forget(email string) (done Forgot, err error) {
	key := subscribers.Key(email)
	err = l.Readers.share(func(tx store.Tx) (err error) {
		done = Forgot{}
		if err := keepHash(tx, email, l.now()); err != nil {
			return err
		}
		for _, kind := range []struct {
			n       *int
			in      string
			of, end string // how its keys begin and end
		}{
			{&done.Suppressions, bucketSuppression, key + "\x00", ""},
			{&done.Preferences, bucketPreferences, key, key},
			{&done.Bounces, bucketBounces, "", "\x00" + key},
		} {
			if *kind.n, err = remove(tx.Bucket(kind.in), store.Range{Prefix: []byte(kind.of)}, kind.end); err != nil {
				return err
			}
		}
		done.Signups, err = forgetSignups(tx, key)
		return err
	})
	var editions []EditionState
	if err == nil {
		editions, err = l.Editions.all(nil)
	}
	for _, e := range editions {
		had := false
		for chunk := 0; err == nil && chunk*chunkSize < e.Recipients; chunk++ {
			var some bool
			some, err = l.forgetRecipient(e.ID, chunk, key)
			had = had || some
		}
		if err != nil {
			err = fmt.Errorf("edition %s: %w", e.ID, err)
			break
		}
		if had && e.Request == "" {
			done.Editions++
		}
	}
	return done, during(err, "forget an address")
}

// keepHash writes down that an address was erased.
func keepHash(tx store.Tx, email string, now time.Time) error {
	b := tx.Bucket(bucketForgotten)
	secret, err := b.Get(keySecret)
	if err == nil && secret == nil {
		secret = random(sha256.Size)
		err = b.Put(keySecret, secret)
	}
	if err != nil {
		return err
	}
	hash := hashed(secret, email)
	if there, err := b.Get(hash); there != nil || err != nil {
		return err
	}
	return b.Put(hash, []byte(now.UTC().Format(time.RFC3339)))
}

// dropHash lets an address be written to again, and reports whether it was erased.
func dropHash(tx store.Tx, email string) (bool, error) {
	at, err := forgottenAt(tx, email)
	if at.IsZero() || err != nil {
		return false, err
	}
	b := tx.Bucket(bucketForgotten)
	secret, err := b.Get(keySecret)
	if err != nil {
		return false, err
	}
	return true, b.Delete(hashed(secret, email))
}

// forgetRecipient erases an address from a chunk of an edition's recipients. Its place stays, so that no other changes.
func (l *Ledger) forgetRecipient(id string, chunk int, key string) (had bool, err error) {
	recipients, err := l.Deliveries.Recipients(id, chunk)
	if err != nil {
		return false, err
	}
	var places []int
	for i, r := range recipients {
		if subscribers.Key(r.Email) == key {
			recipients[i].Email, recipients[i].Name = "", ""
			places = append(places, r.Index)
		}
	}
	if len(places) == 0 {
		return false, nil
	}
	packed, err := packRecipients(recipients)
	if err != nil {
		return false, err
	}
	return true, l.update(touches{store.Edition(id)}, func(tx store.Tx) error {
		if err := tx.Bucket(bucketRecipients).Put(partKey(id, chunk), packed[0]); err != nil {
			return err
		}
		for _, index := range places {
			for _, log := range []string{bucketProgress, bucketResends} {
				if err := forgetWords(tx.Part(log, id), index); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// forgetWords erases what servers said of a delivery: mostly it names the address.
func forgetWords(b store.Bucket, index int) error {
	for it, err := range b.Rows(store.Range{}) {
		if err != nil {
			return err
		}
		var events []digest.Event
		said := false
		err := decodeEvents(it.Value, func(e digest.Event) error {
			if e.Index == index && e.Words != "" {
				e.Words, said = "", true
			}
			events = append(events, e)
			return nil
		})
		if err == nil && said {
			err = b.Put(bytes.Clone(it.Key), encodeEvents(events))
		}
		if err != nil {
			return err
		}
	}
	return nil
}
