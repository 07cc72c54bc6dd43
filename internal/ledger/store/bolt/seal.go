package bolt

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/bits"

	"digestd/internal/ledger/store"
)

// A row's value ends with a seal: a checksum of bucket, part, key and value, and a mark. bbolt has none for its pages, and
// a disk that flips a bit says nothing. Rows from before there were seals end otherwise, and are read as they are.
const (
	sealLength = 8
	sealMark   = 0xD16E57ED
	markFlips  = 2 // in so many bits a mark may be off, and still is a damaged one rather than none
)

func (b *bucket) sum(key, value []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	sum := crc32.Checksum([]byte(b.name+"\x00"+b.part+"\x00"), table)
	sum = crc32.Update(sum, table, key)
	sum = crc32.Update(sum, table, binary.LittleEndian.AppendUint32(nil, uint32(len(key))))
	return crc32.Update(sum, table, value)
}

// seal is a value as it is stored.
func (b *bucket) seal(key, value []byte) []byte {
	raw := append(make([]byte, 0, len(value)+sealLength), value...)
	raw = binary.LittleEndian.AppendUint32(raw, b.sum(key, value))
	return binary.LittleEndian.AppendUint32(raw, sealMark)
}

// unseal is a value that is stored, or an error that is store.ErrDamaged.
func (b *bucket) unseal(key, raw []byte) ([]byte, error) {
	n := len(raw) - sealLength
	if n < 0 {
		return raw, nil
	}
	mark := binary.LittleEndian.Uint32(raw[n+4:])
	switch off := bits.OnesCount32(mark ^ sealMark); {
	case off > markFlips:
		return raw, nil
	case off == 0 && binary.LittleEndian.Uint32(raw[n:]) == b.sum(key, raw[:n]):
		return raw[:n:n], nil
	}
	return nil, fmt.Errorf("%w: the row %q of %s is not what was written", store.ErrDamaged, key, b)
}

// String is how errors call a bucket.
func (b *bucket) String() string {
	switch {
	case b.name == "":
		return "the root"
	case b.part == "":
		return "bucket " + b.name
	}
	return fmt.Sprintf("bucket %s, part %q", b.name, b.part)
}
