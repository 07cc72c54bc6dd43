package ledger

import (
	"fmt"

	"digestd/digest"
	"digestd/internal/ledger/store"
)

// SuppressAll is Suppress for a list, in one commit. It returns how many of them changed anything.
func (r *Readers) SuppressAll(all []digest.Suppression) (n int, err error) {
	err = r.share(func(tx store.Tx) error {
		n = 0
		for _, s := range all {
			there, err := stands(tx, s)
			if err == nil && !there {
				n++
				err = r.suppress(tx, s)
			}
			if err != nil {
				return fmt.Errorf("suppress %s: %w", s.Email, err)
			}
		}
		return nil
	})
	return n, err
}

// RestoreAll is Restore for a list, in one commit.
func (r *Readers) RestoreAll(emails []string, digestID string) (n int, err error) {
	err = r.share(func(tx store.Tx) error {
		n = 0
		for _, email := range emails {
			some, err := restore(tx, email, digestID)
			if n += some; err != nil {
				return fmt.Errorf("restore %s: %w", email, err)
			}
		}
		return nil
	})
	return n, err
}
