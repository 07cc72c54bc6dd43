package ledger

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"digestd/digest"
	"digestd/internal/ledger/store"
)

// ErrTaken means that an edition's public page would stand where that of another one does, or did.
var ErrTaken = errors.New("another edition has that address in the archive")

// Archived is an edition's row in the archive. It outlives the edition's own: an address that was once given out leads
// to the same page for good, or says that it is gone.
type Archived struct {
	Path        string    `json:"path"` // below the archive's address: "daily/2026-11-22"; no other edition ever has it
	Tag         string    `json:"tag"`  // what feeds know it by (RFC 4151)
	Edition     string    `json:"edition"`
	Digest      string    `json:"digest"`
	Slot        time.Time `json:"slot"`
	Wall        string    `json:"wall"`
	Composed    time.Time `json:"composed"`
	From        time.Time `json:"from"` // public from then on
	Number      int       `json:"number,omitempty"`
	Stories     int       `json:"stories"`
	Subject     string    `json:"subject"`
	Description string    `json:"description,omitempty"`
	Picture     string    `json:"picture,omitempty"`
	Masthead    string    `json:"masthead"`
	Date        string    `json:"date"`                // in words of the first language
	Languages   []string  `json:"languages"`           // of its leaves; the first is the newsletter's
	Listed      bool      `json:"listed,omitempty"`    // stands in lists and feeds
	Later       bool      `json:"later,omitempty"`     // made after the edition had gone out, from its selection
	Withdrawn   bool      `json:"withdrawn,omitempty"` // its leaves are gone

	After Errand `json:"after,omitzero"`
}

// Public is an edition's page as composing made it: Path, Edition and what is known of the edition are in the row.
type Public struct {
	Archived
	Leaves []digest.Leaf // one for each of the row's languages
}

// Errand is where the owner's command for an edition stands.
type Errand struct {
	State string    `json:"state,omitempty"` // "": none was asked for; "due", "done", "given up"
	Tries int       `json:"tries,omitempty"` // begun so far
	At    time.Time `json:"at,omitzero"`     // the last one
	Words string    `json:"words,omitempty"` // why it failed
}

// The states of an errand.
const (
	ErrandDue     = "due"
	ErrandDone    = "done"
	ErrandGivenUp = "given up"
)

// Trouble is why something can't be done, and since when; no words: it can.
type Trouble struct {
	Words string    `json:"words"`
	Since time.Time `json:"since"`
}

// Archive is what is public of the editions: pages that are kept for good.
type Archive struct {
	*base
	shelf shelf
}

// shelf are all rows as one state of the ledger has them.
type shelf struct {
	mu      sync.Mutex
	read    bool
	version uint64
	rows    []Archived
}

// Rows are all rows, by path, and the number of the state that they are of: as long as that stays, so do they. They
// are shared by all callers, who change none.
func (a *Archive) Rows() (rows []Archived, version uint64, err error) {
	a.shelf.mu.Lock()
	defer a.shelf.mu.Unlock()
	err = a.view(func(tx store.Tx) error {
		if version, err = tx.Bucket(bucketArchive).Sequence(); err != nil {
			return err
		}
		if a.shelf.read && a.shelf.version == version {
			return nil
		}
		if a.shelf.rows, err = tableArchive.in(tx).values(store.Range{}, nil); err == nil {
			a.shelf.read, a.shelf.version = true, version
		}
		return err
	})
	if err != nil {
		return nil, 0, fmt.Errorf("archive: %w", err)
	}
	return a.shelf.rows, version, nil
}

// Holder is the edition that a path belongs to; empty: none.
func (a *Archive) Holder(path string) (edition string, err error) {
	return viewed(a.base, func(tx store.Tx) (string, error) {
		row, _, err := tableArchive.in(tx).get([]byte(path))
		return row.Edition, err
	})
}

// Leaf reads one of a row's leaves, by the place of its language. The error is ErrUnknown when it is not there.
func (a *Archive) Leaf(path string, language int) (leaf digest.Leaf, err error) {
	err = a.view(func(tx store.Tx) error {
		raw, err := tx.Bucket(bucketLeaves).Get(partKey(path, language))
		if err == nil && raw == nil {
			err = ErrUnknown
		}
		if err == nil {
			err = inflate(raw, &leaf)
		}
		return err
	})
	return leaf, during(err, "page %s of the archive", path)
}

// Add puts the page of an edition that was composed before into the archive, unless it has had one.
func (a *Archive) Add(p Public) error {
	leaves, err := packLeaves(&p)
	if err == nil {
		err = a.update(touches{store.Edition(p.Edition), store.Itself()}, func(tx store.Tx) error {
			st, err := editionState(tx, p.Edition)
			if err != nil || st.Public != "" || st.Withdrawn {
				return err
			}
			st.Public = p.Path
			if err := tableEditions.in(tx).put([]byte(st.ID), st); err != nil {
				return err
			}
			return archive(tx, p.Archived, leaves)
		})
	}
	return during(err, "archive edition %s", p.Edition)
}

// Remove takes a page out of the archive for good: its address says that it is gone. It reports whether it was there.
func (a *Archive) Remove(path string) (there bool, err error) {
	err = a.update(touches{store.Itself()}, func(tx store.Tx) error {
		row, ok, err := tableArchive.in(tx).get([]byte(path))
		if there = ok && !row.Withdrawn; !there || err != nil {
			return err
		}
		return unpublish(tx, path)
	})
	return there && err == nil, during(err, "page %s of the archive", path)
}

// SetErrand remembers where the owner's command for an edition stands.
func (a *Archive) SetErrand(path string, e Errand) error {
	e.Words = oneLine(e.Words, 500)
	err := a.update(touches{store.Itself()}, func(tx store.Tx) error {
		row, ok, err := tableArchive.in(tx).get([]byte(path))
		if !ok || err != nil {
			return err
		}
		row.After = e
		return putArchived(tx, row)
	})
	return during(err, "page %s of the archive", path)
}

// ExportTrouble is why the archive can't be written as files.
func (a *Archive) ExportTrouble() (Trouble, error) {
	return viewed(a.base, func(tx store.Tx) (Trouble, error) {
		t, _, err := tableExport.in(tx).get(keyExport)
		return t, err
	})
}

// SetExportTrouble remembers why the archive can't be written as files; empty: it can.
func (a *Archive) SetExportTrouble(words string) error {
	words = oneLine(words, 500)
	before, err := a.ExportTrouble()
	if err != nil || before.Words == words {
		return err
	}
	t := Trouble{Words: words, Since: before.Since}
	if before.Words == "" {
		t.Since = a.now().UTC()
	}
	return a.update(touches{store.Itself()}, func(tx store.Tx) error { return tableExport.in(tx).put(keyExport, t) })
}

// packLeaves are the rows of a page's leaves.
func packLeaves(p *Public) ([][]byte, error) {
	if p == nil {
		return nil, nil
	}
	var rows [][]byte
	for _, leaf := range p.Leaves {
		raw, err := deflate(leaf)
		if err != nil {
			return nil, err
		}
		rows = append(rows, raw)
	}
	return rows, nil
}

// archive puts a row and its leaves where nothing has ever stood.
func archive(tx store.Tx, row Archived, leaves [][]byte) error {
	if there, err := tableArchive.in(tx).has([]byte(row.Path)); err != nil {
		return err
	} else if there {
		return fmt.Errorf("%w: %s", ErrTaken, row.Path)
	}
	if err := putParts(tx.Bucket(bucketLeaves), row.Path, leaves); err != nil {
		return err
	}
	return putArchived(tx, row)
}

// putArchived writes a row, and lets Rows know of it.
func putArchived(tx store.Tx, row Archived) error {
	if _, err := tx.Bucket(bucketArchive).Next(); err != nil {
		return err
	}
	return tableArchive.in(tx).put([]byte(row.Path), row)
}

// unpublish leaves of a page no more than that it was there.
func unpublish(tx store.Tx, path string) error {
	row, ok, err := tableArchive.in(tx).get([]byte(path))
	if !ok || err != nil {
		return err
	}
	for i := range row.Languages {
		if err := tx.Bucket(bucketLeaves).Delete(partKey(path, i)); err != nil {
			return err
		}
	}
	row.Withdrawn, row.Subject, row.Description, row.Picture = true, "", "", ""
	return putArchived(tx, row)
}

// renameArchived lets the pages of a digest belong to its new name. Their addresses stay.
func renameArchived(tx store.Tx, from, to string) error {
	rows, err := tableArchive.in(tx).values(store.Range{}, func(a Archived) bool { return a.Digest == from })
	for _, row := range rows {
		row.Digest = to
		if err := putArchived(tx, row); err != nil {
			return err
		}
	}
	return err
}

// checkArchive holds: a page stands under its own address, and has a leaf for each of its languages that can be read.
func checkArchive(tx store.Tx, report func(string, ...any)) error {
	return visit(tx, tableArchive, report, func(key []byte, row Archived) error {
		if string(key) != row.Path || len(row.Languages) == 0 {
			report("page %s of the archive says that it is %s", key, row.Path)
		}
		for i := range row.Languages {
			raw, err := tx.Bucket(bucketLeaves).Get(partKey(row.Path, i))
			var leaf digest.Leaf
			switch {
			case err != nil:
			case row.Withdrawn && raw != nil:
				err = errors.New("it is withdrawn, and has a leaf still")
			case !row.Withdrawn && raw == nil:
				err = errors.New("it has no leaf")
			case raw != nil:
				err = inflate(raw, &leaf)
			}
			if err != nil {
				report("page %s of the archive in %s: %w", key, row.Languages[i], err)
			}
		}
		return nil
	})
}
