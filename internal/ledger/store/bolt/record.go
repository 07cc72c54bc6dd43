package bolt

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
)

const (
	recordHead = 28 // mark, length uint32; transaction, number uint64; checksum uint32
	recordMark = 0xD16E10C5
	maxLog     = 64 << 10 // bytes of what a small Update did, at most
)

// record is one of the journal.
type record struct {
	id, number uint64 // of the transaction that folds it; how many of its records come before
	log        []byte
	size       int // bytes that it takes in the file
}

// encodeRecord is a record as it stands in the file, up to where the next one may begin. It takes room, if that is enough.
func encodeRecord(room, log, salt []byte, id, number uint64) []byte {
	size := (recordHead + len(log) + slot - 1) / slot * slot
	raw := slices.Grow(room[:0], size)[:size]
	little := binary.LittleEndian
	little.PutUint32(raw, recordMark)
	little.PutUint32(raw[4:], uint32(len(log)))
	little.PutUint64(raw[8:], id)
	little.PutUint64(raw[16:], number)
	clear(raw[recordHead+copy(raw[recordHead:], log):])
	little.PutUint32(raw[24:], recordSum(raw, salt, len(log)))
	return raw
}

func recordSum(raw, salt []byte, length int) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	sum := crc32.Update(crc32.Checksum(salt, table), table, raw[:recordHead-4])
	return crc32.Update(sum, table, raw[recordHead:recordHead+length])
}

// recordAt is the record at the beginning of bytes; whole tells whether it is one as it was written. Of one that is
// not, what stands in its head may be anything.
func recordAt(raw, salt []byte) (r record, whole bool) {
	little := binary.LittleEndian
	if len(raw) < recordHead || little.Uint32(raw) != recordMark {
		return record{}, false
	}
	length := int64(little.Uint32(raw[4:]))
	r.id, r.number = little.Uint64(raw[8:]), little.Uint64(raw[16:])
	if length > maxLog || recordHead+length > int64(len(raw)) || little.Uint32(raw[24:]) != recordSum(raw, salt, int(length)) {
		return r, false
	}
	r.log, r.size = raw[recordHead:recordHead+length], (recordHead+int(length)+slot-1)/slot*slot
	return r, true
}

// readRecords reads what the records of a journal say that a transaction is to fold, and how many bytes they take. A
// last one that is not whole was being written, and nobody was told that it is done: torn tells of it where it can be
// known. One that others follow was damaged since, and so is whatever follows from a transaction that is not there.
func readRecords(area, salt []byte, id uint64) (logs [][]byte, length int, torn bool, err error) {
	for length < len(area) {
		r, whole := recordAt(area[length:], salt)
		if !whole || r.id != id || r.number != uint64(len(logs)) {
			torn = !whole && r.id == id
			break
		}
		logs, length = append(logs, r.log), length+r.size
	}
	for at := length; at < len(area); at += slot {
		switch r, whole := recordAt(area[at:], salt); {
		case whole && r.id == id:
			return nil, 0, false, fmt.Errorf("record %d of its journal is not what was written, and record %d follows", len(logs), r.number)
		case whole && r.id > id:
			return nil, 0, false, fmt.Errorf("its journal goes on from commit %d, and the last one that is there is %d", r.id-1, id-1)
		}
	}
	return logs, length, torn, nil
}

// note adds what becomes of a row, or of a sequence, to what the transaction says that it did.
func (b *bucket) note(kind byte, key, value []byte) {
	t := b.tx
	if t.large = t.large || len(t.log)+len(value) > maxLog; !t.large {
		t.log = append(t.log, kind)
		for _, s := range [][]byte{[]byte(b.name), []byte(b.part), key, value} {
			t.log = append(binary.AppendUvarint(t.log, uint64(len(s))), s...)
		}
		t.large = len(t.log) > maxLog
	}
	if t.large {
		t.log = nil
	}
}

const (
	notedRow      = 'r'
	notedSequence = 's' // its number is the value
)

var errLog = errors.New("a record of its journal can't be read")

// redo does again what a transaction said that it did.
func redo(t *tx, log []byte) error {
	for len(log) > 0 {
		kind := log[0]
		log = log[1:]
		var said [4][]byte
		for i := range said {
			length, n := binary.Uvarint(log)
			if n <= 0 || length > uint64(len(log)-n) {
				return errLog
			}
			said[i], log = log[n:n+int(length)], log[n+int(length):]
		}
		b, err := t.at(string(said[0]), string(said[1])), errLog
		switch {
		case kind == notedRow:
			err = b.Put(said[2], said[3])
		case kind == notedSequence && len(said[3]) == 8:
			err = b.SetSequence(binary.BigEndian.Uint64(said[3]))
		}
		if err != nil {
			return err
		}
	}
	return nil
}
