// Package ledger is the memory of digestd: what was seen, what each lane has said, and what is owed to whom. It
// decides nothing about news or mail; it makes what the other rooms decide durable, each step in one
// transaction of the store below it, of which it knows no engine.
//
// The schema stands as a table in docs/architecture.md. Nothing outside this package ever holds a
// transaction open: every read copies into memory and ends.
package ledger

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"digestd/digest"
	"digestd/internal/ledger/store"
	"digestd/subscribers"
)

// Schema is the version of the layout that this program writes.
const Schema = 1

// ErrNewer is that of Open when a later version wrote the ledger. It is wrapped with words on what to do.
var ErrNewer = errors.New("the ledger was written by a newer digestd")

// Errors of a ledger in a database that others share: it can't be reached, or has let go of this process. Nothing has
// changed, and it may be tried again.
var (
	ErrAway = store.ErrAway
	ErrLost = store.ErrSessionLost
)

// The buckets. Those with JSON in them are tables.
const (
	bucketMeta        = "meta"
	bucketFeeds       = "feeds"       // URL → digest.FeedState
	bucketItems       = "items"       // seq → digest.Item
	bucketIdentities  = "identities"  // identity key → seqs of the items that bear it
	bucketLanes       = "lanes"       // lane → LaneState
	bucketOutcomes    = "outcomes"    // lane → {seq → Outcome}
	bucketEditions    = "editions"    // id → EditionState
	bucketFrozen      = "frozen"      // id → the edition as composed, compressed
	bucketBodies      = "bodies"      // id, variant → encoded message, compressed
	bucketRecipients  = "recipients"  // id, chunk → recipients, compressed
	bucketProgress    = "progress"    // id → {commit → events}
	bucketSuppression = "suppression" // address, digest → digest.Suppression
	bucketPreferences = "preferences" // address → digest.Preferences
	bucketBounces     = "bounces"     // edition, domain, status, address → bounced
	bucketForgotten   = "forgotten"   // hash of an address → when it was erased
	bucketOrders      = "orders"      // digest → Book
	bucketResends     = "resends"     // id → {commit → events}
	bucketArchive     = "archive"     // path → Archived
	bucketLeaves      = "leaves"      // path, language → digest.Leaf, compressed
	bucketRequests    = "requests"    // time and chance → Request
	bucketSignups     = "signups"     // address → Signup
	bucketVectors     = "vectors"     // seq → what made it, the numbers
)

// buckets are all of them. Ledgers of schema 1 once did without the last ten.
func buckets() []string {
	return []string{bucketMeta, bucketFeeds, bucketItems, bucketIdentities, bucketLanes, bucketOutcomes, bucketEditions, bucketFrozen,
		bucketBodies, bucketRecipients, bucketProgress, bucketSuppression, bucketPreferences, bucketBounces, bucketForgotten,
		bucketOrders, bucketResends, bucketArchive, bucketLeaves, bucketRequests, bucketSignups, bucketVectors}
}

// late reports whether a ledger may miss these buckets, which then are made.
func late(missing []string) bool {
	late := append(ofSeveral(), bucketPreferences, bucketBounces, bucketForgotten, bucketOrders, bucketResends, bucketArchive, bucketLeaves, bucketRequests, bucketSignups, bucketVectors)
	return !slices.ContainsFunc(missing, func(name string) bool { return !slices.Contains(late, name) })
}

var (
	tableMeta        = table[meta]{bucketMeta, called("the row")}
	tableAlerts      = table[[]Alert]{bucketMeta, called("the row")}
	tablePaused      = table[[]Paused]{bucketMeta, called("the row")}
	tableRenamed     = table[[]renamed]{bucketMeta, called("the row")}
	tableFeeds       = table[digest.FeedState]{bucketFeeds, called("feed")}
	tableItems       = table[digest.Item]{bucketItems, func(key []byte) string { return fmt.Sprint("item ", seqOf(key)) }}
	tableLanes       = table[LaneState]{bucketLanes, called("lane")}
	tableOutcomes    = table[Outcome]{bucketOutcomes, func(key []byte) string { return fmt.Sprint("outcome of item ", seqOf(key)) }}
	tableEditions    = table[EditionState]{bucketEditions, called("edition")}
	tableSuppression = table[digest.Suppression]{bucketSuppression, func(key []byte) string { return fmt.Sprintf("suppression %q", key) }}
	tablePreferences = table[digest.Preferences]{bucketPreferences, called("preferences of")}
	tableOrders      = table[Book]{bucketOrders, called("orders for")}
	tableArchive     = table[Archived]{bucketArchive, called("archived edition")}
	tableExport      = table[Trouble]{bucketMeta, called("the row")}
	tableRequests    = table[Request]{bucketRequests, called("request")}
	tableSignups     = table[Signup]{bucketSignups, called("sign-up of")}
	tableBounces     = table[bounced]{bucketBounces, func(key []byte) string { return fmt.Sprintf("bounce %q", key) }}

	keyMeta       = []byte("ledger")
	keyAlerts     = []byte("alerts")
	keyPaused     = []byte("paused")
	keyRenamed    = []byte("renamed")
	keyExport     = []byte("export")
	keyLastCommit = []byte("last_commit")
	keyLeapt      = []byte("leapt") // the last commit that came more than clockLeap after the one before it
)

// meta is what a ledger says of itself.
type meta struct {
	Schema    int       `json:"schema"`
	ID        string    `json:"id"` // random, also in the marker file
	Created   time.Time `json:"created"`
	TokenKeys [][]byte  `json:"token_keys"` // secrets of subscribers.TokenKey, the newest first
}

// Ledger is an open ledger: its parts, each with what it remembers, and what concerns all of it. All methods may be
// called from several goroutines.
type Ledger struct {
	Items      *Items
	Lanes      *Lanes
	Orders     *Orders
	Editions   *Editions
	Deliveries *Deliveries
	Resends    *Resends
	Readers    *Readers
	Signups    *Signups
	Keys       *Keys
	Archive    *Archive
	Senders    *Senders
	Vectors    *Vectors

	*base
	delivery *deliveryWriter
	closing  sync.Once
	closed   error
}

// Mail is what the delivery loop works with.
type Mail struct {
	*Deliveries
	*Readers
	lately *lately
}

// Mail returns the parts that a delivery needs.
func (l *Ledger) Mail() Mail { return Mail{l.Deliveries, l.Readers, &lately{}} }

// base is what the parts have in common.
type base struct {
	store   store.Store
	several store.Shared // the same, where several processes change it; else nil
	sender  Sender       // this process
	now     func() time.Time

	lastWrite struct {
		mu    sync.Mutex
		err   error
		noted time.Time // when the ledger was last told the time
	}
}

// touches are what a change has to itself.
type touches = []store.Touch

// Open opens the ledger of a store, and makes it where nothing stands yet. now is the clock; nil is time.Now.
//
// Errors: those of the store; store.ErrForeign, store.ErrDamaged and ErrNewer with words on what to do.
func Open(open store.Opener, now func() time.Time) (*Ledger, error) {
	s, err := open()
	if err != nil {
		return nil, err
	}
	if now == nil {
		now = time.Now
	}
	b := &base{store: s, now: now}
	b.several, _ = s.(store.Shared)
	b.sender = thisSender(now())
	w := &deliveryWriter{base: b, lots: map[lotKey]*lot{}, gone: map[lotKey]bool{}, probes: map[string]bool{}}
	l := &Ledger{
		Items: &Items{base: b}, Lanes: &Lanes{b}, Orders: &Orders{b}, Resends: &Resends{b}, Editions: &Editions{base: b, delivery: w}, Deliveries: &Deliveries{b, w}, Readers: &Readers{b, w},
		Signups: &Signups{base: b, delivery: w}, Keys: &Keys{base: b}, Archive: &Archive{base: b}, Vectors: &Vectors{b}, base: b, delivery: w,
	}
	l.Senders = &Senders{base: b, delivery: w}
	if err := l.identify(); err != nil {
		s.Close()
		return nil, err
	}
	if marked, ok := s.(store.Marked); ok && !s.ReadOnly() {
		if err := marked.Mark(l.Keys.meta.ID, l.Keys.meta.Created); err != nil {
			s.Close()
			return nil, err
		}
	}
	return l, nil
}

// identify reads the ledger's own description, or writes it into a new store.
func (l *Ledger) identify() error {
	var names []string
	var raw []byte
	err := l.view(func(tx store.Tx) (err error) {
		if names, err = tx.Buckets(); err == nil {
			raw, err = tx.Bucket(bucketMeta).Get(keyMeta)
			raw = bytes.Clone(raw)
		}
		return err
	})
	if err != nil {
		return err
	}
	m, known := &l.Keys.meta, raw != nil
	if known {
		err = json.Unmarshal(raw, m)
	}
	missing := slices.DeleteFunc(l.buckets(), func(name string) bool { return slices.Contains(names, name) })
	strange := slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return slices.Contains(slices.Concat(buckets(), ofSeveral()), name)
	})
	switch {
	case err != nil:
		return store.Damaged(l.Path(), err)
	case !known && (len(names) > 0 || l.store.ReadOnly()):
		return fmt.Errorf("%s: %w: check [ledger] path", l.Path(), store.ErrForeign)
	case !known:
		*m = meta{Schema: Schema, ID: hex.EncodeToString(random(8)), Created: l.now().UTC(),
			TokenKeys: [][]byte{random(subscribers.TokenKeySize)}}
	case m.Schema > Schema:
		return fmt.Errorf("%s: %w (schema %d, this program knows %d): install that version again", l.Path(), ErrNewer, m.Schema, Schema)
	case m.Schema < Schema:
		return l.migrate(migrations())
	case known && len(strange) > 0: // the name of another one, with a bit that flipped
		return store.Damaged(l.Path(), fmt.Errorf("there is a bucket %q, which is none of digestd's", strange[0]))
	case known && !late(missing):
		return store.Damaged(l.Path(), fmt.Errorf("bucket %s is missing", missing[0]))
	case l.store.ReadOnly() || len(missing) == 0:
		return nil
	}
	return l.store.Update(touches{store.Itself()}, func(tx store.Tx) error {
		for _, name := range l.buckets() {
			if err := tx.Create(name); err != nil {
				return err
			}
		}
		if known {
			return nil
		}
		if there, ok, err := tableMeta.in(tx).get(keyMeta); ok || err != nil { // another process was first
			*m = there
			return err
		}
		return tableMeta.in(tx).put(keyMeta, *m)
	})
}

// Close ends the ledger. A second call does nothing.
func (l *Ledger) Close() error {
	l.closing.Do(func() {
		l.delivery.stop()
		l.closed = l.store.Close()
	})
	return l.closed
}

// Path is where the ledger is.
func (l *Ledger) Path() string { return l.store.Name() }

// Lock keeps others from working on the same lane or edition, by its name, until unlock is called. It waits
// for its turn, or for the end of ctx, whose error it then returns.
func (l *Ledger) Lock(ctx context.Context, name string) (unlock func(), err error) {
	return l.store.Lock(ctx, name)
}

// Size is how many bytes the ledger takes, 0 where nobody knows.
func (l *Ledger) Size() int64 {
	if sized, ok := l.store.(store.Sized); ok {
		return sized.Size()
	}
	return 0
}

// Passed is damage that was passed over when the ledger was opened, in words.
func (l *Ledger) Passed() error {
	if file, ok := l.store.(store.File); ok && file.Passed() != nil {
		return fmt.Errorf("%s: %w: %w", l.Path(), store.ErrDamaged, file.Passed())
	}
	return nil
}

// Room is how many bytes the file system of the ledger has left for it, without end where it is no file.
func (l *Ledger) Room() (uint64, error) {
	if file, ok := l.store.(store.File); ok {
		return file.Room()
	}
	return math.MaxUint64, nil
}

// Backup writes a consistent copy of the ledger, also while it is in use, and returns its length.
func (l *Ledger) Backup(w io.Writer) (n int64, err error) {
	if file, ok := l.store.(store.File); ok {
		return file.Backup(w)
	}
	return 0, fmt.Errorf("backup: %w", errNoFile)
}

// Compact rewrites the ledger's file without the space that forgotten rows left, and ends the ledger: it has to
// be opened anew. It returns the lengths before and after.
func (l *Ledger) Compact() (before, after int64, err error) {
	defer l.Close()
	if file, ok := l.store.(store.File); ok {
		return file.Compact()
	}
	return 0, 0, fmt.Errorf("compact: %w", errNoFile)
}

// Resolve finds the delivery that a token names. The error is subscribers.ErrToken for what is no token
// of this ledger, and ErrUnknown for one of an edition that was pruned.
func (l *Ledger) Resolve(token string, purposes ...subscribers.Purpose) (Delivery, error) {
	refs, err := l.Keys.Open(token, purposes...)
	if err != nil {
		return Delivery{}, err
	}
	return firstKnown(refs, l.Editions.DeliveryOf)
}

// view runs a short read.
func (b *base) view(f func(store.Tx) error) error { return b.store.View(f) }

// look runs a read that takes long.
func (b *base) look(f func(store.Tx) error) error {
	if file, ok := b.store.(store.File); ok {
		return file.Look(f)
	}
	return b.view(f)
}

// viewed is what a short read finds.
func viewed[T any](b *base, f func(store.Tx) (T, error)) (found T, err error) {
	err = b.view(func(tx store.Tx) error {
		found, err = f(tx)
		return err
	})
	return found, err
}

// during says what was done when an error came; without one it is nil.
func during(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf(format+": %w", append(args, err)...)
}

// update runs a short write and remembers when it was, which pruning needs to know a clock that jumped.
func (b *base) update(touched touches, f func(store.Tx) error) error {
	return b.updateIn(b.store.Update, touched, f)
}

// noteEvery is how often a ledger is told the time that several processes change: all their commits would wait for that row.
const noteEvery = time.Minute

// updateIn is update by way of the store, or of a session.
func (b *base) updateIn(
	update func(touches, func(store.Tx) error) error, touched touches, f func(store.Tx) error,
) (err error) {
	var refused error
	now := b.now()
	b.lastWrite.mu.Lock()
	known := b.several != nil && now.Sub(b.lastWrite.noted).Abs() < noteEvery
	b.lastWrite.mu.Unlock()
	err = update(touched, func(tx store.Tx) error {
		if !known {
			tx.Bucket(bucketMeta).Expect(keyLastCommit)
		}
		if refused = f(tx); refused != nil || known {
			return refused
		}
		return noteTime(tx, now)
	})
	b.noteWrite(err, refused)
	if err == nil && !known {
		b.lastWrite.mu.Lock()
		b.lastWrite.noted = now
		b.lastWrite.mu.Unlock()
	}
	return err
}

// buckets are those that this ledger must have.
func (b *base) buckets() []string {
	if b.several == nil {
		return buckets()
	}
	return slices.Concat(buckets(), ofSeveral())
}

// noteWrite remembers how a write went. One that was refused by its own rules tells nothing of the disk.
func (b *base) noteWrite(err, refused error) {
	if refused != nil && errors.Is(err, refused) || errors.Is(err, store.ErrSessionLost) { // nor does a session that is gone
		return
	}
	b.lastWrite.mu.Lock()
	defer b.lastWrite.mu.Unlock()
	b.lastWrite.err = err
}

// WriteError is why the last write failed; nil when it went well, or when there was none.
func (l *Ledger) WriteError() error {
	l.lastWrite.mu.Lock()
	defer l.lastWrite.mu.Unlock()
	return l.lastWrite.err
}

// Touch writes nothing but the time, to find out whether the ledger can be written again.
func (l *Ledger) Touch() error {
	return l.update(touches{store.Itself()}, func(tx store.Tx) error { return noteTime(tx, l.now()) })
}

func seqKey(seq uint64) []byte { return binary.BigEndian.AppendUint64(nil, seq) }

// seqOf is the number of a key. Of one that is none, in a damaged ledger, it is 0.
func seqOf(key []byte) uint64 {
	if len(key) < 8 {
		return 0
	}
	return binary.BigEndian.Uint64(key)
}

// partKey names a part of an edition: a chunk of recipients, a variant's body.
func partKey(edition string, part int) []byte {
	return binary.BigEndian.AppendUint32(append([]byte(edition), 0), uint32(part))
}

// partOf is the number of a part by its key.
func partOf(key []byte) int {
	if len(key) < 4 {
		return 0
	}
	return int(binary.BigEndian.Uint32(key[len(key)-4:]))
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails since Go 1.24
	return b
}

// oneLine keeps recorded words readable: a single line of at most max bytes.
func oneLine(s string, max int) string {
	s = strings.ToValidUTF8(strings.Join(strings.Fields(s), " "), "\uFFFD")
	if len(s) > max {
		s = strings.ToValidUTF8(s[:max], "")
	}
	return s
}
