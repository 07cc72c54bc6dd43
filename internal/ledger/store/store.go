// Package store is the seam between what the ledger knows and the engine that keeps it: ordered buckets of
// bytes, read in snapshots and changed in transactions. It knows nothing of news or mail, and no engine.
//
// What an engine promises is held by store/storetest, which runs over each of them.
package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"
)

// Errors that an engine and the ledger above it have in common. Each is wrapped with where the ledger is, and
// with what to do.
var (
	ErrForeign = errors.New("not a ledger of digestd")
	ErrDamaged = errors.New("the ledger is damaged")
	ErrMissing = errors.New("there is no ledger yet")
	ErrLost    = errors.New("the ledger is gone, but its marker is there")
	ErrEmpty   = errors.New("the ledger file is empty")
	ErrBusy    = errors.New("the ledger is in use by another digestd")
	ErrDenied  = errors.New("this user may not open the ledger")

	// ErrAway is that of whatever needs an engine that can't be reached now. Nothing has changed, and it may be tried again.
	ErrAway = errors.New("the database is away")

	// ErrSessionLost is that of a session which is gone, and its names with it. Nothing has changed.
	ErrSessionLost = errors.New("the session is gone, and what it held may be somebody else's")
)

// Damaged says what is wrong with a ledger, by its name, and what to do.
func Damaged(name string, err error) error {
	return fmt.Errorf("%s: %w: %w. Stop digestd, keep a copy of the file, and restore the last backup over it; "+
		"`digestd ledger check` tells more", name, ErrDamaged, err)
}

// Opener opens an engine's store.
type Opener func() (Store, error)

// Store is where a ledger is kept. Its methods may be called from several goroutines.
type Store interface {
	// Name is where the store is, as errors call it: a path, say.
	Name() string

	// ReadOnly reports whether it was opened for reading alone: nobody else changes it then, and Update fails.
	ReadOnly() bool

	// View calls f with the state that the last transaction left, whatever is committed meanwhile.
	View(f func(Tx) error) error

	// Update calls f, once, with the right to change things, and makes durable what it did before it returns. When
	// f fails, or panics, or the commit fails, nothing has changed. As far as it touches the same, it is alone: it
	// begins when others' changes of that are visible, and they wait for its end. A panic of f is returned as
	// an error that is ErrDamaged, from View as well: that is how bbolt says so, in the middle of f.
	Update(touched []Touch, f func(Tx) error) error

	// Lock keeps others from working on what has that name, for longer than a transaction, until unlock is called.
	// It waits for its turn, or for the end of ctx, whose error it then returns.
	Lock(ctx context.Context, name string) (unlock func(), err error)

	// Session begins a session, of whoever has that name. It ends with the store, at the latest.
	Session(ctx context.Context, name string) (Session, error)

	Close() error
}

// Session holds names for longer than a transaction, and changes things only as long as it holds them: whoever has lost a
// name can't commit any more. Its methods may be called from several goroutines, and may wait for each other.
type Session interface {
	// TryLock takes a name, at once or not at all. Nobody else has it until Unlock, or until the session ends, however
	// it ends. The names are those of Store.Lock. One that the session holds already is granted again, and held once.
	TryLock(name string) (bool, error)

	// Unlock lets go of a name, if the session holds it.
	Unlock(name string) error

	// Update is as that of the store, in this session. The error is ErrSessionLost when the session is gone, and then
	// nothing has changed.
	Update(touched []Touch, f func(Tx) error) error

	// Lost is closed when the session has ended, as far as is known here: it may be gone for a while before.
	Lost() <-chan struct{}

	// Close lets go of all names. A second call does nothing.
	Close() error
}

// Shared is a store that several processes change at the same time, on several machines: what one of them remembers of it
// may have changed since.
type Shared interface {
	Store

	// Clock is the time as the engine has it, which is the same for all. It is as old as the answer took.
	Clock(ctx context.Context) (time.Time, error)

	// Held reports of each name whether anybody holds it at this moment.
	Held(ctx context.Context, names []string) ([]bool, error)
}

// Touch is a part of the ledger that a change reads before it writes, or appends to. bbolt has one writer at
// a time and need not look at it. An engine with several takes a lock for each, in their order, before it begins:
// positions become visible in their order only when the news have one writer, and the steps of two editions
// need not wait for each other.
type Touch struct {
	Name   string
	Shared bool // it is only read here: others may read it at the same time
}

// Itself is what the ledger says of itself.
func Itself() Touch { return Touch{Name: "ledger"} }

// News are the items, with their positions and identities, and the feeds.
func News() Touch { return Touch{Name: "news"} }

// Readers are the suppressions, preferences and bounces.
func Readers() Touch { return Touch{Name: "readers"} }

// Lane is a lane with its outcomes.
func Lane(name string) Touch { return Touch{Name: "lane " + name} }

// Orders are what the editor has ordered for a digest.
func Orders(digest string) Touch { return Touch{Name: "orders " + digest} }

// Edition is an edition with its recipients and deliveries.
func Edition(id string) Touch { return Touch{Name: "edition " + id} }

// Tx is a transaction. It, its buckets and all bytes that they return end with the function that it was given to.
type Tx interface {
	// Buckets are the names of the buckets that there are.
	Buckets() ([]string, error)

	// Create makes a bucket; one that is there stays as it is.
	Create(bucket string) error

	// Bucket is a bucket. One that is not there reads as if it were empty, and can't be written.
	Bucket(name string) Bucket

	// Part is a part of a bucket: rows of their own under a name of their own, with a sequence of their own. A part
	// is there as soon as something stands in it. A bucket has parts or rows, not both.
	Part(bucket, part string) Bucket

	// Parts are the names of a bucket's parts, in order.
	Parts(bucket string) ([]string, error)

	// Drop removes a part with all that is in it. It does nothing where there is none.
	Drop(bucket, part string) error
}

// Bucket is rows in the order of their keys, byte by byte. Keys are not empty.
type Bucket interface {
	// Get is the value of a key, nil when it is not there.
	Get(key []byte) ([]byte, error)

	// Put sets the value of a key. Neither may be changed by the caller until the transaction ends.
	Put(key, value []byte) error

	// Delete removes a key, if it is there.
	Delete(key []byte) error

	// Rows are those of a range. Rows may be changed and deleted while they are visited; whether one that is new
	// is visited is left open. A row that is damaged comes with its key and an error, and those after it follow;
	// after an error without a key comes nothing more.
	Rows(r Range) iter.Seq2[Row, error]

	// Sequence is the number that Next returned last, 0 before the first.
	Sequence() (uint64, error)

	// Next returns the next number of the bucket's sequence, and takes it. A part whose rows are numbered by it is
	// one that only grows.
	Next() (uint64, error)

	// SetSequence lets the sequence go on after a number, as one does that it is copied from.
	SetSequence(n uint64) error

	// Expect says that these rows, and the sequence, will be asked for soon: an engine that is far away fetches them
	// together. It changes nothing else.
	Expect(keys ...[]byte)
}

// Row is a key with its value.
type Row struct{ Key, Value []byte }

// Range is a range of rows: all of them when it is zero.
type Range struct {
	Prefix  []byte // whose keys begin with it
	From    []byte // from this key on, whether it is there or not; nil is from the first
	Reverse bool   // backwards: from the last, or from From on towards the first
}

// Marked is a store that leaves word beside it whose it is, by which a lost ledger is told from a first run.
type Marked interface {
	Mark(id string, created time.Time) error
}

// Sized is a store that knows how many bytes it takes.
type Sized interface{ Size() int64 }

// Verified is a store that looks for what is wrong below what a transaction sees: damage, or settings that lose what was
// committed.
type Verified interface{ Verify() []error }

// File is a store that is a file of its own, and has to look after it.
type File interface {
	Store
	Marked
	Sized
	Verified

	// Room is how many bytes are left for it where it is.
	Room() (uint64, error)

	// Keep leaves a copy as it is now beside the file, under its name with a suffix.
	Keep(suffix string) error

	// Passed is damage that was passed over when the file was opened, in words, and nil where there was none.
	Passed() error

	// Look is View for a read that takes long: nobody waits for its end who changes something.
	Look(f func(Tx) error) error

	// Backup writes a copy of one moment, also while the store is in use.
	Backup(w io.Writer) (n int64, err error)

	// Compact rewrites the file without the room that rows left which are gone, and closes the store. It returns
	// the lengths before and after.
	Compact() (before, after int64, err error)
}

// Successor is the first key after all that begin with a prefix, nil when there is none.
func Successor(prefix []byte) []byte {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] < 0xff {
			return append(bytes.Clone(prefix[:i]), prefix[i]+1)
		}
	}
	return nil
}
