package ledger

import (
	"errors"
	"fmt"
	"path/filepath"
	"syscall"
	"time"

	bolt "go.etcd.io/bbolt"
)

var keyAlerts = []byte("alerts") // in the meta bucket

// Alert is a problem of which the operator was told, and not yet that it is gone.
type Alert struct {
	ID    string    `json:"id"` // the same as long as it is the same problem
	Words string    `json:"words"`
	Since time.Time `json:"since"`
}

// Alerts are the problems of which the operator was told, as SetAlerts left them.
func (l *Ledger) Alerts() (alerts []Alert, err error) {
	err = l.view(func(tx *bolt.Tx) error {
		_, err := get(tx.Bucket(bucketMeta), keyAlerts, &alerts)
		return err
	})
	return alerts, err
}

// SetAlerts remembers of which problems the operator was told.
func (l *Ledger) SetAlerts(alerts []Alert) error {
	err := l.update(func(tx *bolt.Tx) error { return put(tx.Bucket(bucketMeta), keyAlerts, alerts) })
	if err != nil {
		return fmt.Errorf("remember alerts: %w", err)
	}
	return nil
}

// WriteError is why the last write failed; nil when it went well, or when there was none.
func (l *Ledger) WriteError() error {
	l.lastWrite.mu.Lock()
	defer l.lastWrite.mu.Unlock()
	return l.lastWrite.err
}

// Touch writes nothing but the time, to find out whether the ledger can be written again.
func (l *Ledger) Touch() error { return l.update(func(*bolt.Tx) error { return nil }) }

// noteWrite remembers how a write went. One that was refused by its own rules tells nothing of the disk.
func (l *Ledger) noteWrite(err, refused error) {
	if refused != nil && errors.Is(err, refused) {
		return
	}
	l.lastWrite.mu.Lock()
	defer l.lastWrite.mu.Unlock()
	l.lastWrite.err = err
}

// Room is how many bytes the file system of the ledger has left for it.
func (l *Ledger) Room() (uint64, error) {
	if l.room != nil {
		return l.room()
	}
	var fs syscall.Statfs_t
	if err := syscall.Statfs(filepath.Dir(l.path), &fs); err != nil {
		return 0, fmt.Errorf("free space beside %s: %w", l.path, err)
	}
	return uint64(fs.Bavail) * uint64(fs.Bsize), nil
}
