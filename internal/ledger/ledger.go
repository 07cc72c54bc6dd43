// Package ledger is the memory of digestd: one bbolt file that holds what was seen, what each lane
// has said, and what is owed to whom. It is the only importer of bbolt. It decides nothing about
// news or mail; it makes what the other rooms decide durable, each step in one transaction.
//
// The schema stands as a table in docs/architecture.md. Nothing outside this package ever holds a
// transaction open: every read copies into memory and ends, since a write that must grow the file
// waits for all open reads.
package ledger

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"digestd/subscribers"
)

// allocSize is by how much the file grows at once, in bytes. bbolt's own 16 MB is more than most ledgers need.
const allocSize = 4 << 20

// Schema is the version of the layout that this program writes.
const Schema = 1

// Errors of Open. Each is wrapped with the path and with what to do.
var (
	ErrBusy    = errors.New("the ledger is in use by another digestd")
	ErrMissing = errors.New("there is no ledger yet")
	ErrLost    = errors.New("the ledger is gone, but its marker is there")
	ErrEmpty   = errors.New("the ledger file is empty")
	ErrForeign = errors.New("not a ledger of digestd")
	ErrDamaged = errors.New("the ledger is damaged")
	ErrNewer   = errors.New("the ledger was written by a newer digestd")
	ErrDenied  = errors.New("this user may not open the ledger")
)

// Top-level buckets.
var (
	bucketMeta        = []byte("meta")
	bucketFeeds       = []byte("feeds")       // URL → FeedState
	bucketItems       = []byte("items")       // seq → Item
	bucketIdentities  = []byte("identities")  // identity key → seqs of the items that bear it
	bucketLanes       = []byte("lanes")       // lane → LaneState
	bucketOutcomes    = []byte("outcomes")    // lane → {seq → Outcome}
	bucketEditions    = []byte("editions")    // id → EditionState
	bucketFrozen      = []byte("frozen")      // id → the edition as composed, compressed
	bucketBodies      = []byte("bodies")      // id, variant → encoded message, compressed
	bucketRecipients  = []byte("recipients")  // id, chunk → recipients, compressed
	bucketProgress    = []byte("progress")    // id → {commit → events}
	bucketSuppression = []byte("suppression") // address, digest → Suppression
	bucketPreferences = []byte("preferences") // address → Preferences
	bucketBounces     = []byte("bounces")     // edition, domain, status, address → bounced

	buckets = [][]byte{bucketMeta, bucketFeeds, bucketItems, bucketIdentities, bucketLanes, bucketOutcomes,
		bucketEditions, bucketFrozen, bucketBodies, bucketRecipients, bucketProgress, bucketSuppression, bucketPreferences, bucketBounces}

	// later are the buckets that ledgers of schema 1 once did without.
	later = [][]byte{bucketPreferences, bucketBounces}

	keyMeta       = []byte("ledger")
	keyLastCommit = []byte("last_commit")
	keyLeapt      = []byte("leapt") // the last commit that came more than clockLeap behind the one before it
)

// meta is what a ledger says of itself.
type meta struct {
	Schema    int       `json:"schema"`
	ID        string    `json:"id"` // random, also in the marker file
	Created   time.Time `json:"created"`
	TokenKeys [][]byte  `json:"token_keys"` // secrets of subscribers.TokenKey, the newest first
}

// Options say how to open a ledger.
type Options struct {
	ReadOnly bool
	Timeout  time.Duration          // how long to wait for another process; 0 is one second
	Now      func() time.Time       // nil is time.Now
	Room     func() (uint64, error) // bytes left for the ledger; nil asks the file system
}

// Ledger is an open ledger. Its methods may be called from several goroutines.
type Ledger struct {
	db       *bolt.DB
	path     string
	meta     meta
	keys     sync.RWMutex // held for meta.TokenKeys, the only part of it that changes
	now      func() time.Time
	room     func() (uint64, error)
	delivery deliveryWriter
	tags     editionTags
	locks    locks
	closing  sync.Once
	closed   error

	lastWrite struct {
		mu  sync.Mutex
		err error
	}
}

// MarkerPath is the file beside the ledger by which a lost ledger is told from a first run.
func MarkerPath(path string) string { return path + ".marker" }

// Open opens the ledger at path. For writing, it creates the ledger and its marker when neither exists.
//
// Errors: ErrBusy when another process holds it; ErrMissing when it is opened for reading and neither
// it nor its marker exists; ErrLost, ErrEmpty, ErrForeign, ErrDamaged, ErrNewer, ErrDenied with words on what
// to do.
func Open(path string, opt Options) (*Ledger, error) {
	if err := examine(path, opt.ReadOnly); err != nil {
		return nil, denied(path, err)
	}
	l, err := open(path, opt)
	return l, denied(path, err)
}

// Init makes an empty ledger at path, also where a marker tells of a lost one. It refuses to touch an existing file.
func Init(path string, opt Options) (*Ledger, error) {
	if _, err := os.Lstat(path); err == nil {
		return nil, fmt.Errorf("%s exists; move it away first if you really want to begin anew", path)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, denied(path, err)
	}
	l, err := open(path, opt)
	return l, denied(path, err)
}

// examine tells the states of the file apart that bbolt would hide: bbolt takes an empty file for a new
// database, and then everything would be sent again.
func examine(path string, readOnly bool) error {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return fmt.Errorf("%s: %w: it is a directory", path, ErrForeign)
	case err == nil && info.Size() == 0:
		return fmt.Errorf("%s: %w: restore a backup over it, or remove it and run `digestd ledger init` to begin anew", path, ErrEmpty)
	case err == nil:
		return cutShort(path, info.Size())
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("open ledger: %w", err)
	}
	if _, err := os.Stat(MarkerPath(path)); err == nil {
		return fmt.Errorf("%s: %w (%s): restore a backup there, or run `digestd ledger init` to begin anew; "+
			"what the feeds show then counts as news again, within [collect] lookback", path, ErrLost, filepath.Base(MarkerPath(path)))
	}
	if readOnly {
		return fmt.Errorf("%s: %w: `digestd collect` or `digestd run` makes it", path, ErrMissing)
	}
	return nil
}

func open(path string, opt Options) (l *Ledger, err error) {
	// bbolt panics on some damage (a freelist that points outside of the file), in Open as well as later.
	var file *os.File
	defer func() {
		if p := recover(); p != nil {
			if file != nil {
				// The mapping that bbolt leaves behind keeps the lock beyond Close.
				_ = syscall.Flock(int(file.Fd()), syscall.LOCK_UN)
				file.Close()
			}
			l, err = nil, damaged(path, fmt.Errorf("%v", p))
		}
	}()
	if opt.Timeout == 0 {
		opt.Timeout = time.Second
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if !opt.ReadOnly {
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			return nil, fmt.Errorf("make the ledger's directory: %w", err)
		}
	}
	db, err := bolt.Open(path, 0o600, &bolt.Options{
		OpenFile: func(name string, flag int, mode fs.FileMode) (f *os.File, err error) {
			file, err = os.OpenFile(name, flag, mode)
			return file, err
		},
		Timeout:      opt.Timeout,
		ReadOnly:     opt.ReadOnly,
		FreelistType: bolt.FreelistMapType,
		// Growing the mapping waits for all readers; address space costs nothing.
		InitialMmapSize: 1 << 30,
	})
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, fmt.Errorf("%s: %w", path, ErrBusy)
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrVersionMismatch):
		return nil, fmt.Errorf("%s: %w: check [ledger] path", path, ErrForeign)
	case errors.Is(err, bolterrors.ErrChecksum):
		return nil, damaged(path, err)
	case err != nil:
		return nil, fmt.Errorf("open ledger %s: %w", path, err)
	}
	// Whoever waited for the lock while the file was replaced (compact, a restored backup) holds the old one.
	if locked, err := file.Stat(); err == nil {
		if there, err := os.Stat(path); err != nil || !os.SameFile(locked, there) {
			db.Close()
			return nil, fmt.Errorf("%s: %w, which has just replaced the file: try again", path, ErrBusy)
		}
	}
	db.AllocSize = allocSize
	l = &Ledger{db: db, path: path, now: opt.Now, room: opt.Room}
	if err := l.identify(opt.ReadOnly); err != nil {
		db.Close()
		return nil, err
	}
	if !opt.ReadOnly {
		if err := l.mark(); err != nil {
			db.Close()
			return nil, err
		}
	}
	return l, nil
}

func damaged(path string, err error) error {
	return fmt.Errorf("%s: %w: %w. Stop digestd, keep a copy of the file, and restore the last backup over it; "+
		"`digestd ledger check` tells more", path, ErrDamaged, err)
}

// identify reads the ledger's own description, or writes it into a new file.
func (l *Ledger) identify(readOnly bool) error {
	var raw []byte
	var bucketCount int
	complete := true
	err := l.db.View(func(tx *bolt.Tx) error {
		for _, name := range later {
			complete = complete && tx.Bucket(name) != nil
		}
		if b := tx.Bucket(bucketMeta); b != nil {
			raw = bytes.Clone(b.Get(keyMeta))
		}
		return tx.ForEach(func([]byte, *bolt.Bucket) error { bucketCount++; return nil })
	})
	if err != nil {
		return damaged(l.path, err)
	}
	if raw == nil {
		if bucketCount > 0 || readOnly {
			return fmt.Errorf("%s: %w: check [ledger] path", l.path, ErrForeign)
		}
		l.meta = meta{Schema: Schema, ID: hex.EncodeToString(random(8)), Created: l.now().UTC(),
			TokenKeys: [][]byte{random(subscribers.TokenKeySize)}}
		adopt(l.path, filepath.Dir(l.path))
		return l.db.Update(func(tx *bolt.Tx) error {
			for _, name := range buckets {
				if _, err := tx.CreateBucketIfNotExists(name); err != nil {
					return err
				}
			}
			return put(tx.Bucket(bucketMeta), keyMeta, l.meta)
		})
	}
	if err := json.Unmarshal(raw, &l.meta); err != nil {
		return damaged(l.path, err)
	}
	if l.meta.Schema < Schema {
		return l.migrate(readOnly, migrations())
	}
	if l.meta.Schema > Schema {
		return fmt.Errorf("%s: %w (schema %d, this program knows %d): install that version again", l.path, ErrNewer, l.meta.Schema, Schema)
	}
	if readOnly || complete {
		return nil
	}
	return l.db.Update(func(tx *bolt.Tx) error {
		for _, name := range later {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		return nil
	})
}

// mark writes the marker when it is not there or speaks of another ledger.
func (l *Ledger) mark() error {
	path := MarkerPath(l.path)
	text := fmt.Sprintf("digestd ledger %s of %s\nThis file tells a lost ledger from a first run. Leave it where it is.\n",
		l.meta.ID, l.meta.Created.Format(time.RFC3339))
	if old, err := os.ReadFile(path); err == nil && string(old) == text {
		return nil
	}
	tmp := path + ".new"
	if err := os.WriteFile(tmp, []byte(text), 0o600); err != nil {
		return fmt.Errorf("write the ledger's marker: %w", err)
	}
	adopt(tmp, filepath.Dir(path))
	if err := replace(tmp, path); err != nil { // with which a new ledger's own name is on the disk, too
		return fmt.Errorf("write the ledger's marker: %w", err)
	}
	return nil
}

// Close ends the ledger. A second call does nothing.
func (l *Ledger) Close() error {
	l.closing.Do(func() {
		l.delivery.stop()
		l.closed = l.db.Close()
	})
	return l.closed
}

// Path is where the ledger is.
func (l *Ledger) Path() string { return l.path }

// TokenKeys are the secrets with which tokens are made and checked, the newest first: it makes new ones,
// the others open what was made before.
func (l *Ledger) TokenKeys() [][]byte {
	l.keys.RLock()
	defer l.keys.RUnlock()
	return l.meta.TokenKeys
}

// RotateTokenKey puts a new secret before the ones that there are, and returns how many there are then. No
// secret is ever forgotten: links in old mails, bounces, and what is still owed go on with theirs.
func (l *Ledger) RotateTokenKey() (int, error) {
	l.keys.Lock()
	defer l.keys.Unlock()
	next := l.meta
	next.TokenKeys = append([][]byte{random(subscribers.TokenKeySize)}, next.TokenKeys...)
	err := l.update(func(tx *bolt.Tx) error { return put(tx.Bucket(bucketMeta), keyMeta, next) })
	if err != nil {
		return 0, fmt.Errorf("rotate the token key: %w", err)
	}
	l.meta = next
	return len(next.TokenKeys), nil
}

// Size is the length of the ledger file in bytes.
func (l *Ledger) Size() int64 {
	info, err := os.Stat(l.path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// view runs a short read. Damage that bbolt meets with a panic becomes an error.
func (l *Ledger) view(f func(*bolt.Tx) error) (err error) {
	defer l.recoverDamage(&err)
	return l.db.View(f)
}

// update runs a short write and remembers when it was, which pruning needs to know a clock that jumped.
func (l *Ledger) update(f func(*bolt.Tx) error) (err error) {
	var refused error
	defer func() { l.noteWrite(err, refused) }()
	defer l.recoverDamage(&err)
	return l.db.Update(func(tx *bolt.Tx) error {
		if refused = f(tx); refused != nil {
			return refused
		}
		return noteTime(tx, l.now())
	})
}

func (l *Ledger) recoverDamage(err *error) {
	if p := recover(); p != nil {
		*err = damaged(l.path, fmt.Errorf("%v", p))
	}
}

// put stores a value as JSON.
func put(b *bolt.Bucket, key []byte, value any) error {
	raw, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return b.Put(key, raw)
}

// get reads a JSON value; it reports whether the key is there.
func get(b *bolt.Bucket, key []byte, value any) (bool, error) {
	raw := b.Get(key)
	if raw == nil {
		return false, nil
	}
	if err := json.Unmarshal(raw, value); err != nil {
		return false, fmt.Errorf("%w: key %q: %w", ErrDamaged, key, err)
	}
	return true, nil
}

func seqKey(seq uint64) []byte { return binary.BigEndian.AppendUint64(nil, seq) }

// partKey names a part of an edition: a chunk of recipients, a variant's body.
func partKey(edition string, part int) []byte {
	return binary.BigEndian.AppendUint32(append([]byte(edition), 0), uint32(part))
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
