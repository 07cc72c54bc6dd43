package ledger

import (
	"bytes"
	"encoding/json"
	"fmt"

	bolt "go.etcd.io/bbolt"
)

// isComplete is how the row of an edition says that it is complete. No text in a row can look like it: its
// quotation marks would be escaped.
var isComplete = []byte(`"complete":true`)

// OpenEditions are the editions that are not complete, in the order of their names. The daemon asks once a
// minute, and years of complete ones are passed over unread.
func (l *Ledger) OpenEditions() (open []EditionState, err error) {
	err = l.view(func(tx *bolt.Tx) error {
		return tx.Bucket(bucketEditions).ForEach(func(k, v []byte) error {
			if bytes.Contains(v, isComplete) {
				return nil
			}
			var st EditionState
			if err := json.Unmarshal(v, &st); err != nil {
				return fmt.Errorf("edition %s: %w: %w", k, ErrDamaged, err)
			}
			open = append(open, st)
			return nil
		})
	})
	return open, err
}
