package ledger

import "fmt"

// spareRoom is what must be left on the ledger's disk for a run to begin, in bytes, and roomPerReader what
// each of its readers adds: an intent and an outcome with the server's words, twice as they cost on average.
const (
	spareRoom     = 16 << 20
	roomPerReader = 256
)

// NoRoom tells, in words, that the ledger's disk is too full to send an edition to so many readers; empty
// when it is not, or when that can't be found out.
func (l *Ledger) NoRoom(readers int) string {
	need := uint64(spareRoom + roomPerReader*readers)
	room, err := l.Room()
	if err != nil || room >= need {
		return ""
	}
	return fmt.Sprintf("the disk with the ledger %s is full: %d MB are left, and %d MB are needed", l.Path(), room>>20, need>>20)
}
