package bolt

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
	"os"

	"digestd/internal/ledger/store"
)

// bbolt keeps two meta pages, of which the valid one with the higher transaction counts. Its numbers stand there in the
// byte order of the machine, behind a page header of 16 bytes.
const (
	metaOffset = 16
	metaLength = 64
	metaMagic  = 0xED0CDAED
)

// cutShort reports a file that is shorter than its meta page says: a copy that was interrupted. bbolt maps what is
// missing, and the first look at it would end the process with a signal.
func cutShort(path string, size int64) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var latest, length uint64
	at := int64(0)
	for range 2 {
		raw := make([]byte, metaOffset+metaLength)
		if _, err := f.ReadAt(raw, at); err == io.EOF {
			break // bbolt says what it is
		} else if err != nil {
			return err
		}
		meta := raw[metaOffset:]
		number := binary.NativeEndian
		sum := fnv.New64a()
		sum.Write(meta[:metaLength-8])
		pageSize := int64(number.Uint32(meta[8:]))
		if number.Uint32(meta) == metaMagic && number.Uint64(meta[metaLength-8:]) == sum.Sum64() {
			if txid := number.Uint64(meta[48:]); txid >= latest {
				latest, length = txid, number.Uint64(meta[40:])*uint64(pageSize)
			}
			at = pageSize
		} else {
			at = int64(os.Getpagesize())
		}
	}
	if uint64(size) < length {
		return store.Damaged(path, fmt.Errorf("the file has %d bytes of %d: a copy that was interrupted", size, length))
	}
	return nil
}
