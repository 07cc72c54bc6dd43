package ledger

import (
	"bytes"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"digestd/digest"
	"digestd/internal/ledger/store"
	"digestd/subscribers"
)

// Whoever signs up makes a request, with a mail that asks them to confirm it. The mail is a letter: an edition's row
// with one recipient, so that its delivery is as durable as any, and of no lane. The click in it makes a sign-up of
// the request.

// RequestsKept is how long a request waits for its click, and how long it is remembered.
const RequestsKept = 7 * 24 * time.Hour

// AskingDigest is what stands for a digest in the letters that ask for a click. No digest can be called so.
const AskingDigest = "@sign-up"

// Request is what somebody asked for on the page where new readers sign up.
type Request struct {
	ID        string    `json:"id"` // begins with the time, so that requests are in their order
	Email     string    `json:"email"`
	At        time.Time `json:"at"`
	Network   string    `json:"network,omitempty"` // that it came from; empty where that is not known
	Digests   []string  `json:"digests"`
	Topics    []string  `json:"topics,omitempty"` // nil: all of the digests
	Language  string    `json:"language"`
	Words     string    `json:"words"` // that stood above the button
	Confirmed time.Time `json:"confirmed,omitzero"`
}

// requestTime begins the ids of requests: as text they are in the order of time.
const requestTime = "2006-01-02T15:04:05.000Z"

// NewRequestID makes the id of a request.
func NewRequestID(at time.Time) string {
	return at.UTC().Format(requestTime) + "-" + hex.EncodeToString(random(6))
}

// AskingLetter is the id of the letter that asks to confirm a request.
func AskingLetter(request string) string { return AskingDigest + "/" + request }

// Signup is a reader who signed up and confirmed it.
type Signup struct {
	Email     string    `json:"email"`
	Digests   []string  `json:"digests"`
	Topics    []string  `json:"topics,omitempty"` // nil: all
	Language  string    `json:"language"`
	Words     string    `json:"words"` // to which they said yes
	Asked     time.Time `json:"asked"`
	Confirmed time.Time `json:"confirmed"`
}

// Letter is a mail to one reader that is none of a lane's editions.
type Letter struct {
	Edition digest.Edition // what the letter is frozen with: its id, digest, zone, slot and time at least
	Variant Variant
	To      digest.Recipient
}

// Limits bound what requests may cost: mails in an hour, and in a day. 0 is no limit.
type Limits struct {
	Address, AddressDaily int // to an address
	Network               int // in an hour, that somebody in one network asks for
	All                   int // in an hour
}

// Errors of sign-ups.
var (
	ErrLimited   = errors.New("too many requests")
	ErrBarred    = errors.New("the address gets nothing, and not by its own wish")
	ErrNoRequest = errors.New("there is no such request, or not any more")
)

// Signups are who asked to become a reader, and who did.
type Signups struct {
	*base
	delivery *deliveryWriter

	mu     sync.Mutex
	at     uint64 // the change that known is of
	known  []subscribers.Subscriber
	of     *subscribers.List // what joined was made of
	joined *subscribers.List
}

// Admits reports whether a request may be made, as things stand: nil, ErrLimited or ErrBarred.
func (s *Signups) Admits(r Request, limits Limits) error {
	return s.view(func(tx store.Tx) error { return admits(tx, r, limits) })
}

func admits(tx store.Tx, r Request, limits Limits) error {
	hour, day := Limits{}, 0
	mailbox := subscribers.Mailbox(r.Email)
	over := func(n, limit int) bool { return limit > 0 && n >= limit }
	// Most that are refused are refused by the last hour, which is short.
	for _, span := range []time.Duration{time.Hour, 24 * time.Hour} {
		hour, day = Limits{}, 0
		from := []byte(r.At.Add(-span).UTC().Format(requestTime))
		for it, err := range tableRequests.in(tx).each(store.Range{From: from}) {
			if err != nil {
				return err
			}
			if r.At.Sub(it.value.At) >= span {
				continue
			}
			same := subscribers.Mailbox(it.value.Email) == mailbox
			if same {
				day++
			}
			if r.At.Sub(it.value.At).Abs() >= time.Hour {
				continue
			}
			hour.All++
			if same {
				hour.Address++
			}
			if r.Network != "" && it.value.Network == r.Network {
				hour.Network++
			}
		}
		if over(hour.All, limits.All) || over(hour.Address, limits.Address) || over(hour.Network, limits.Network) ||
			over(day, limits.AddressDaily) {
			return ErrLimited
		}
	}
	return barred(tx, r.Email, r.Digests)
}

// barred is ErrBarred where something else than the reader's own wish keeps all of some digests from an address.
func barred(tx store.Tx, email string, digests []string) error {
	all, err := suppressionsOf(tx, email)
	if err != nil {
		return err
	}
	open := slices.DeleteFunc(slices.Clone(digests), func(id string) bool {
		return slices.ContainsFunc(all, func(s digest.Suppression) bool {
			return !s.Wished() && (s.Digest == "" || s.Digest == id)
		})
	})
	if len(open) == 0 {
		return ErrBarred
	}
	return nil
}

// Ask makes a request durable together with the letter that asks to confirm it. It fails with ErrLimited or ErrBarred
// where it may not be made; nothing has changed then.
func (s *Signups) Ask(r Request, limits Limits, asking Letter) error {
	err := s.update(touched(asking), func(tx store.Tx) error {
		if err := admits(tx, r, limits); err != nil {
			return err
		}
		if err := putLetter(tx, asking, r.ID); err != nil {
			return err
		}
		return tableRequests.in(tx).put([]byte(r.ID), r)
	})
	return during(err, "ask to confirm a sign-up")
}

// touched is what a change of a sign-up touches, with the letters that it writes. It has a commit of its own: one that
// is refused must not take others' along.
func touched(letters ...Letter) touches {
	all := touches{store.Readers()}
	for _, l := range letters {
		all = append(all, store.Edition(l.Edition.ID))
	}
	return all
}

// putLetter writes what delivering a letter needs.
func putLetter(tx store.Tx, l Letter, request string) error {
	id := l.Edition.ID
	frozen, err := freeze(l.Edition, []Variant{l.Variant}, []digest.Recipient{l.To})
	if err != nil {
		return err
	}
	if err := frozen.put(tx, id); err != nil {
		return err
	}
	return tableEditions.in(tx).put([]byte(id), EditionState{
		ID: id, Digest: l.Edition.Digest, Zone: l.Edition.Zone, Slot: l.Edition.Slot, Composed: l.Edition.Composed,
		Extra: true, Recipients: 1, Variants: []Variant{l.Variant}, Bound: true, Request: request,
	})
}

// Request is a request that waits for its click, or was confirmed, at a time: ErrNoRequest where it is too old.
func (s *Signups) Request(id string, now time.Time) (Request, error) {
	return viewed(s.base, func(tx store.Tx) (Request, error) { return requestOf(tx, id, now) })
}

func requestOf(tx store.Tx, id string, now time.Time) (Request, error) {
	r, ok, err := tableRequests.in(tx).get([]byte(id))
	if err == nil && (!ok || now.Sub(r.At) >= RequestsKept) {
		err = ErrNoRequest
	}
	return r, err
}

// Confirm makes a reader of whom a request is, in one commit with the letters that welcome them. digests are all that
// there are. What the reader themselves stopped of what they ask for is taken back; of the rest it stays as it is. A
// request that is confirmed already changes nothing, and reports so.
func (s *Signups) Confirm(id string, now time.Time, digests []string, welcome []Letter) (r Request, fresh bool, err error) {
	err = s.update(touched(welcome...), func(tx store.Tx) error {
		if r, err = requestOf(tx, id, now); err != nil || !r.Confirmed.IsZero() {
			return err
		}
		fresh = true
		r.Confirmed = now.UTC()
		if err := s.comeBack(tx, r, digests); err != nil {
			return err
		}
		if err := putSignup(tx, r); err != nil {
			return err
		}
		for _, l := range welcome {
			if err := putLetter(tx, l, id); err != nil {
				return err
			}
		}
		return tableRequests.in(tx).put([]byte(id), r)
	})
	return r, fresh, during(err, "confirm a sign-up")
}

// comeBack takes back what a reader had stopped of what they now ask for. Who had left everything has left the other
// digests.
func (s *Signups) comeBack(tx store.Tx, r Request, digests []string) error {
	readers := &Readers{s.base, s.delivery}
	all, err := suppressionsOf(tx, r.Email)
	if err != nil {
		return err
	}
	wish := Wish{Email: r.Email, Source: "page", Resume: append([]string{""}, r.Digests...)}
	if slices.ContainsFunc(all, func(s digest.Suppression) bool { return s.Wished() && s.Digest == "" }) {
		for _, id := range digests {
			if !slices.Contains(r.Digests, id) {
				wish.Stop = append(wish.Stop, id)
			}
		}
	}
	own, had, err := tablePreferences.in(tx).get([]byte(subscribers.Key(r.Email)))
	if err != nil {
		return err
	}
	if had { // they want mail, of these topics
		own.PausedUntil = ""
		own.Without = slices.DeleteFunc(own.Without, func(id string) bool { return r.Topics == nil || slices.Contains(r.Topics, id) })
		wish.Preferences = &own
	}
	return readers.grant(tx, wish)
}

// putSignup adds what a request asks for to what its reader signed up for before.
func putSignup(tx store.Tx, r Request) error {
	b, key := tableSignups.in(tx), []byte(subscribers.Key(r.Email))
	before, had, err := b.get(key)
	if err != nil {
		return err
	}
	now := Signup{Email: r.Email, Digests: r.Digests, Topics: r.Topics, Language: r.Language, Words: r.Words, Asked: r.At,
		Confirmed: r.Confirmed}
	if had {
		now.Digests = union(before.Digests, r.Digests)
		if now.Topics = union(before.Topics, r.Topics); before.Topics == nil || r.Topics == nil {
			now.Topics = nil
		}
	}
	if err := b.put(key, now); err != nil {
		return err
	}
	_, err = b.Next() // so that others see that there is something new
	return err
}

func union(a, b []string) []string {
	all := slices.Clone(a)
	for _, id := range b {
		if !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	return all
}

// forgetSignups erases what an address asked for.
func forgetSignups(tx store.Tx, key string) (n int, err error) {
	requests := tableRequests.in(tx)
	for it, err := range requests.each(store.Range{}) {
		if err != nil {
			return n, err
		}
		if subscribers.Key(it.value.Email) != key {
			continue
		}
		n++
		if err := requests.Delete(bytes.Clone(it.key)); err != nil {
			return n, err
		}
	}
	b := tableSignups.in(tx)
	if there, err := b.has([]byte(key)); !there || err != nil {
		return n, err
	}
	if err := b.Delete([]byte(key)); err != nil {
		return n, err
	}
	_, err = b.Next()
	return n + 1, err
}

// renameSignups carries a digest along to its new name.
func renameSignups(tx store.Tx, from, to string) error {
	rename := func(ids []string) bool {
		i := slices.Index(ids, from)
		if i >= 0 {
			ids[i] = to
		}
		return i >= 0
	}
	for it, err := range tableRequests.in(tx).each(store.Range{}) {
		if err == nil && rename(it.value.Digests) {
			err = tableRequests.in(tx).put(bytes.Clone(it.key), it.value)
		}
		if err != nil {
			return err
		}
	}
	for it, err := range tableSignups.in(tx).each(store.Range{}) {
		if err == nil && rename(it.value.Digests) {
			err = tableSignups.in(tx).put(bytes.Clone(it.key), it.value)
		}
		if err != nil {
			return err
		}
	}
	_, err := tableSignups.in(tx).Next()
	return err
}

// pruneSignups forgets requests that are too old, and the letters that asked to confirm them once nothing of those is
// owed any more.
func pruneSignups(l *Ledger, now time.Time) error {
	before := []byte(now.Add(time.Millisecond - RequestsKept).UTC().Format(requestTime))
	err := l.update(touches{store.Readers()}, func(tx store.Tx) error {
		for it, err := range tx.Bucket(bucketRequests).Rows(store.Range{}) {
			if err != nil && it.Key == nil {
				return err
			}
			if bytes.Compare(it.Key, before) >= 0 {
				return nil
			}
			if err := tx.Bucket(bucketRequests).Delete(bytes.Clone(it.Key)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	old, err := l.Editions.all(func(e EditionState) bool {
		return e.Complete && e.Digest == AskingDigest && now.Sub(e.Composed) >= RequestsKept
	})
	for _, e := range old {
		if err == nil {
			err = l.forget(e)
		}
	}
	return err
}

// checkSignups holds: requests and sign-ups stand under their own names.
func checkSignups(tx store.Tx, report func(string, ...any)) error {
	err := visit(tx, tableRequests, report, func(key []byte, r Request) error {
		if string(key) != r.ID || r.Email == "" || len(r.Digests) == 0 {
			report("request %s says that it is %s, or asks for nothing", key, r.ID)
		}
		there, err := tableEditions.in(tx).has([]byte(AskingLetter(r.ID)))
		if err == nil && !there {
			report("request %s has no letter that asks to confirm it", key)
		}
		return err
	})
	if err != nil {
		return err
	}
	return visit(tx, tableSignups, report, func(key []byte, u Signup) error {
		if string(key) != subscribers.Key(u.Email) || u.Confirmed.IsZero() || strings.TrimSpace(u.Words) == "" {
			report("sign-up of %s is that of %s, or was not confirmed", key, u.Email)
		}
		return nil
	})
}
