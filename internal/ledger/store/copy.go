package store

import (
	"errors"
	"fmt"
	"iter"
)

// ErrTaken is that of a copy into a store in which something stands already.
var ErrTaken = errors.New("something stands there already")

// copyStep is how many bytes one transaction of a copy into a file writes: what it changes is in memory until it ends. An
// engine with a log of its own takes all of it in one, so that a copy that is cut short leaves nothing.
const copyStep = 32 << 20

// Copy copies all that stands in one store, at one moment, into another one in which nothing does: rows, parts and sequences.
// It calls copied now and then with the number of rows.
func Copy(from, to Store, copied func(rows int)) error {
	step := 0
	if _, file := to.(File); file {
		step = copyStep
	}
	return from.View(func(tx Tx) error {
		names, err := tx.Buckets()
		if err != nil {
			return err
		}
		if err := isEmpty(to); err != nil {
			return err
		}
		next, stop := iter.Pull2(all(tx, names))
		defer stop()
		rows := 0
		for more := true; more; {
			err := to.Update([]Touch{Itself()}, func(tx Tx) error {
				for size := 0; step == 0 || size < step; rows++ {
					var it piece
					var err error
					if it, err, more = next(); err != nil || !more {
						return err
					}
					if err := it.into(tx); err != nil {
						return err
					}
					size += len(it.row.Key) + len(it.row.Value)
					if rows%10_000 == 0 {
						copied(rows)
					}
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
		copied(rows)
		return nil
	})
}

func isEmpty(s Store) error {
	return s.View(func(tx Tx) error {
		names, err := tx.Buckets()
		if err == nil && len(names) > 0 {
			err = fmt.Errorf("%s: %w", s.Name(), ErrTaken)
		}
		return err
	})
}

// piece is a bucket, the sequence of one or of a part, or a row.
type piece struct {
	bucket, part string
	sequence     uint64
	row          Row
}

// into writes a piece. What a transaction read ends with it, and what is written is kept until the other one ends.
func (p piece) into(tx Tx) error {
	if p.part == "" && p.row.Key == nil {
		if err := tx.Create(p.bucket); err != nil {
			return err
		}
	}
	b := tx.Bucket(p.bucket)
	if p.part != "" {
		b = tx.Part(p.bucket, p.part)
	}
	switch {
	case p.row.Key != nil:
		return b.Put(p.row.Key, p.row.Value)
	case p.sequence > 0:
		return b.SetSequence(p.sequence)
	}
	return nil
}

// all are the pieces of a store, a bucket before what stands in it.
func all(tx Tx, names []string) iter.Seq2[piece, error] {
	return func(yield func(piece, error) bool) {
		for _, name := range names {
			parts, err := tx.Parts(name)
			if err != nil {
				yield(piece{}, err)
				return
			}
			for _, part := range append([]string{""}, parts...) {
				b := tx.Bucket(name)
				if part != "" {
					b = tx.Part(name, part)
				}
				n, err := b.Sequence()
				if !yield(piece{bucket: name, part: part, sequence: n}, err) || err != nil {
					return
				}
				for row, err := range b.Rows(Range{}) {
					if !yield(piece{bucket: name, part: part, row: row}, err) || err != nil {
						return
					}
				}
			}
		}
	}
}
