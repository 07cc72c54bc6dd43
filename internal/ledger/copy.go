package ledger

import (
	"errors"

	"digestd/internal/ledger/store"
)

// Copy copies a ledger as it is at one moment into a store in which nothing stands: everything, its id and the keys of its links
// included. copied is called now and then with the number of rows. The error is store.ErrTaken where something stands there.
func Copy(l *Ledger, to store.Store, copied func(rows int)) error {
	return during(store.Copy(l.store, to, copied), "copy %s to %s", l.Path(), to.Name())
}

// errNoFile is what those get who want of a ledger what only a file can do.
var errNoFile = errors.New("this ledger is no file of its own")

// IsFile reports whether the ledger is a file of its own.
func (b *base) IsFile() bool {
	_, file := b.store.(store.File)
	return file
}
