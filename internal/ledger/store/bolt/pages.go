package bolt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"

	"digestd/internal/ledger/store"
)

// bbolt trusts its pages: a bit that flipped in one makes it read outside of the mapping, call itself without end, or
// show a bucket without rows. So all pages in use are looked at before it may, from the file and not the mapping, by a
// reader that believes nothing. It knows how bbolt v1.5 lays pages out, in the byte order of the machine.
const (
	pageHeader = 16 // id uint64, flags uint16, count uint16, overflow uint32
	pageEntry  = 16 // a branch's: pos, length of the key uint32, page uint64; a leaf's: flags, pos, lengths of key and value uint32
	metaLength = 64
	bucketHead = 16 // root page, sequence uint64; an inline page follows where the root is 0

	metaMagic   = 0xED0CDAED
	metaVersion = 2

	branchPage   = 0x01
	leafPage     = 0x02
	freelistPage = 0x10

	maxDepth    = 64  // of a tree; 2^64 rows need less
	maxProblems = 100 // that are told of one ledger
)

// meta is a meta page: what a commit writes last.
type meta struct {
	at, pageSize          int64
	root, sequence        uint64
	freelist, pages, txid uint64
}

// metas are the two meta pages of a file, of which the later one counts; nil is one that is not valid. known tells
// whether anything in their places looks like one.
func metas(file io.ReaderAt) (both [2]*meta, known bool) {
	read := func(at int64) *meta {
		raw := make([]byte, pageHeader+metaLength)
		if _, err := file.ReadAt(raw, at); err != nil {
			return nil
		}
		number, raw := binary.NativeEndian, raw[pageHeader:]
		m := &meta{at: at, pageSize: int64(number.Uint32(raw[8:])), root: number.Uint64(raw[16:]), sequence: number.Uint64(raw[24:]),
			freelist: number.Uint64(raw[32:]), pages: number.Uint64(raw[40:]), txid: number.Uint64(raw[48:])}
		sum := fnv.New64a()
		sum.Write(raw[:metaLength-8])
		magic := number.Uint32(raw) == metaMagic
		known = known || magic
		if !magic || number.Uint32(raw[4:]) != metaVersion || number.Uint64(raw[metaLength-8:]) != sum.Sum64() ||
			m.pageSize < 1<<10 || m.pageSize > 1<<24 {
			return nil
		}
		return m
	}
	if both[0] = read(0); both[0] != nil {
		both[1] = read(both[0].pageSize)
		return both, known
	}
	for at := int64(1 << 10); at <= 1<<24 && both[1] == nil; at <<= 1 {
		both[1] = read(at)
	}
	return both, known
}

// later is the meta page that counts, nil when neither is valid.
func later(both [2]*meta) *meta {
	if both[0] == nil || both[1] != nil && both[1].txid > both[0].txid {
		return both[1]
	}
	return both[0]
}

// errMeta says what bbolt does in silence.
var errMeta = errors.New("one of the two meta pages is damaged: if it was the later one, the last commit is lost, and what it told " +
	"(which mails are sent, say) is as before it")

// walk looks at the pages of one commit.
type walk struct {
	meta
	file     io.ReaderAt
	used     []bool // by page
	rows     bool   // look at the rows' checksums, and at pages that nobody uses, too
	limit    int    // how many problems are enough
	problems []error
}

// look looks at all pages that a commit uses, and returns what is wrong, limit problems at most.
func look(file io.ReaderAt, size int64, m meta, rows bool, limit int) []error {
	if length := m.pages * uint64(m.pageSize); m.pages > uint64(size) || uint64(size) < length {
		return []error{fmt.Errorf("the file has %d bytes of %d: a copy that was interrupted", size, length)}
	}
	w := &walk{meta: m, file: file, used: make([]bool, m.pages), rows: rows, limit: limit}
	if m.pages > 1 {
		w.used[0], w.used[1] = true, true
	}
	w.tree(&bucket{}, &span{}, m.root, 0)
	w.free()
	return w.problems
}

func (w *walk) bad(format string, args ...any) {
	if !w.enough() {
		w.problems = append(w.problems, fmt.Errorf(format, args...))
	}
}

func (w *walk) enough() bool { return len(w.problems) >= w.limit }

// page reads a page with those that it flows over into, each of which may be used once.
func (w *walk) page(id uint64) []byte {
	raw := make([]byte, w.pageSize)
	if id < 2 || id >= w.pages {
		w.bad("page %d is used, and the file has %d", id, w.pages)
		return nil
	}
	if _, err := w.file.ReadAt(raw, int64(id)*w.pageSize); err != nil {
		w.bad("page %d: %w", id, err)
		return nil
	}
	over := uint64(binary.NativeEndian.Uint32(raw[12:]))
	if own := binary.NativeEndian.Uint64(raw); own != id || id+over >= w.pages {
		w.bad("page %d says that it is page %d, and %d more", id, own, over)
		return nil
	}
	for i := id; i <= id+over; i++ {
		if w.used[i] {
			w.bad("page %d is used twice", i)
			return nil
		}
		w.used[i] = true
	}
	if over > 0 {
		raw = make([]byte, int64(over+1)*w.pageSize)
		if _, err := w.file.ReadAt(raw, int64(id)*w.pageSize); err != nil {
			w.bad("page %d: %w", id, err)
			return nil
		}
	}
	return raw
}

// span is the range that the keys of a page must keep to: from, if not nil, is the first possible key, and end, if not
// nil, the first that is not. last is the last key so far.
type span struct{ from, end, last []byte }

// tree looks at a page of a bucket and at those below it.
func (w *walk) tree(b *bucket, keys *span, id uint64, depth int) {
	if depth > maxDepth {
		w.bad("page %d is %d pages deep", id, depth)
	} else if raw := w.page(id); raw != nil {
		w.node(b, keys, raw, id, depth)
	}
}

// entry is a row, a bucket, or a way to a further page.
type entry struct {
	flags      uint32
	page       uint64
	key, value []byte
}

// node looks at the entries of a page: bbolt writes them without gaps, in order, and leaves nothing after the last.
func (w *walk) node(b *bucket, keys *span, raw []byte, id uint64, depth int) {
	flags, count := binary.NativeEndian.Uint16(raw[8:]), int(binary.NativeEndian.Uint16(raw[10:]))
	if flags != branchPage && flags != leafPage {
		w.bad("page %d of %s is of kind %#x", id, b, flags)
		return
	}
	if count == 0 && (flags == branchPage || depth > 0 || len(bytes.Trim(raw[pageHeader:], "\x00")) > 0) {
		w.bad("page %d of %s is empty", id, b)
		return
	}
	if count == 0 && b.name == "" && w.txid > 1 {
		w.bad("there were %d commits, and the root page is empty", w.txid)
		return
	}
	at := pageHeader + pageEntry*count
	entries := make([]entry, 0, min(count, len(raw)/pageEntry))
	for i := range count {
		e, next := entryAt(raw, flags, i, at)
		if next == 0 {
			w.bad("page %d of %s: entry %d of %d lies wrong", id, b, i, count)
			return
		}
		switch {
		case len(e.key) == 0, i > 0 && bytes.Compare(e.key, entries[i-1].key) <= 0, i == 0 && bytes.Compare(e.key, keys.from) < 0,
			keys.end != nil && bytes.Compare(e.key, keys.end) >= 0:
			w.bad("page %d of %s: the key %q is out of order", id, b, e.key)
			return
		}
		entries, at = append(entries, e), next
	}
	for i, e := range entries {
		if w.enough() {
			return
		}
		if flags == leafPage {
			keys.last = e.key
			w.leaf(b, e, id)
			continue
		}
		below := span{from: e.key, end: keys.end}
		if i+1 < len(entries) {
			below.end = entries[i+1].key
		}
		w.tree(b, &below, e.page, depth+1)
		keys.last = below.last
	}
}

// entryAt is an entry of a page, which must lie at a place; next is where the one after it lies, 0 when it does not.
func entryAt(raw []byte, flags uint16, i, at int) (e entry, next int) {
	number, begin := binary.NativeEndian, pageHeader+pageEntry*i
	if begin+pageEntry > len(raw) {
		return e, 0
	}
	head := raw[begin:]
	var pos, key, value int
	if flags == branchPage {
		pos, key, e.page = int(number.Uint32(head)), int(number.Uint32(head[4:])), number.Uint64(head[8:])
	} else {
		e.flags = number.Uint32(head)
		pos, key, value = int(number.Uint32(head[4:])), int(number.Uint32(head[8:])), int(number.Uint32(head[12:]))
	}
	if begin+pos != at || at+key+value > len(raw) || e.flags > 1 {
		return e, 0
	}
	e.key, e.value = raw[at:at+key], raw[at+key:at+key+value]
	return e, at + key + value
}

// leaf looks at a row, or at a bucket: buckets are in the root, parts in buckets, and rows in either of those.
func (w *walk) leaf(b *bucket, e entry, id uint64) {
	switch {
	case e.flags == 0 && b.name == "", e.flags == 1 && (b.part != "" || len(e.value) < bucketHead):
		w.bad("page %d of %s: %q is out of place", id, b, e.key)
		return
	case e.flags == 0:
		if w.rows && b.name != journalName { // its records have checksums of their own
			if _, err := b.unseal(e.key, e.value); err != nil {
				w.bad("%w", err)
			}
		}
		return
	}
	inner := &bucket{name: b.name, part: string(e.key)}
	if b.name == "" {
		inner = &bucket{name: string(e.key)}
	}
	root, sequence := binary.NativeEndian.Uint64(e.value), binary.NativeEndian.Uint64(e.value[8:])
	keys := &span{}
	switch {
	case root != 0:
		w.tree(inner, keys, root, 0)
	case len(e.value) < bucketHead+pageHeader:
		w.bad("page %d: %s is cut short", id, inner)
	default:
		w.node(inner, keys, e.value[bucketHead:], id, 0)
	}
	if len(keys.last) == 8 && sequence > 0 && binary.BigEndian.Uint64(keys.last) > sequence {
		w.bad("%s counts to %d, and has row %d", inner, sequence, binary.BigEndian.Uint64(keys.last))
	}
}

// free looks at the list of free pages: what stands there is written over.
func (w *walk) free() {
	if w.enough() || w.freelist == 1<<64-1 { // there is none
		return
	}
	raw := w.page(w.freelist)
	if raw == nil {
		return
	}
	number := binary.NativeEndian
	count, ids := uint64(number.Uint16(raw[10:])), raw[pageHeader:]
	if count == 0xFFFF {
		count, ids = number.Uint64(ids), ids[8:]
	}
	if number.Uint16(raw[8:]) != freelistPage || count > uint64(len(ids))/8 {
		w.bad("page %d is no list of free pages", w.freelist)
		return
	}
	for i := range count {
		if id := number.Uint64(ids[8*i:]); id < 2 || id >= w.pages || w.used[id] {
			w.bad("page %d is in the list of free pages, and should not be", id)
		} else {
			w.used[id] = true
		}
	}
	if !w.rows {
		return // pages that nobody uses harm nobody
	}
	for id, used := range w.used {
		if !used {
			w.bad("page %d is neither used nor free", id)
		}
	}
}

// Examine looks for damage in a file that need not be a ledger, all of it, without the engine.
func Examine(path string) []error {
	file, err := openRegular(path, os.O_RDONLY)
	if err != nil {
		return []error{err}
	}
	defer file.Close()
	return examineAll(file)
}

// examineAll looks at meta pages, pages and rows of the last commit.
func examineAll(file *os.File) (problems []error) {
	info, err := file.Stat()
	if err != nil {
		return []error{err}
	}
	both, _ := metas(file)
	m := later(both)
	if m == nil {
		return []error{fmt.Errorf("%s: %w: neither of its meta pages is valid", file.Name(), store.ErrDamaged)}
	}
	if both[0] == nil || both[1] == nil {
		problems = append(problems, errMeta)
	}
	return append(problems, look(file, info.Size(), *m, true, maxProblems)...)
}
