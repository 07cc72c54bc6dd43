package ledger

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"digestd/internal/ledger/store"
)

// Vectors are what items mean, as an address has made it of them. A vector is kept with a byte a number, behind a mark of
// what made it; those of another model count as none, and give way.
type Vectors struct{ *base }

// Of are the vectors of items, by Seq, as far as there are some by a model. An empty one says that the model can't make
// one.
func (v *Vectors) Of(model string, positions []uint64) (map[uint64][]float32, error) {
	found, by := make(map[uint64][]float32, len(positions)), markOf(model)
	err := v.view(func(tx store.Tx) error {
		b := tx.Bucket(bucketVectors)
		b.Expect(seqKeys(positions)...)
		for _, seq := range positions {
			raw, err := b.Get(seqKey(seq))
			if errors.Is(err, store.ErrDamaged) { // it can be made again; no edition fails for it
				continue
			}
			if err != nil {
				return err
			}
			if numbers, ok := bytes.CutPrefix(raw, by); ok {
				vector := make([]float32, len(numbers))
				for i, x := range numbers {
					vector[i] = float32(int8(x)) / math.MaxInt8
				}
				found[seq] = vector
			}
		}
		return nil
	})
	return found, err
}

// Keep keeps the vectors that a model has made of items; nil: it can't make one of that. Of an item that is not there any
// more, nothing is kept.
func (v *Vectors) Keep(model string, vectors map[uint64][]float32) error {
	positions := slices.Sorted(maps.Keys(vectors))
	err := v.update(touches{store.News()}, func(tx store.Tx) error {
		items, rows := tableItems.in(tx), tx.Bucket(bucketVectors)
		items.Expect(seqKeys(positions)...)
		for _, seq := range positions {
			if there, err := items.has(seqKey(seq)); err != nil || !there {
				if err != nil {
					return err
				}
				continue
			}
			if err := rows.Put(seqKey(seq), append(markOf(model), inBytes(vectors[seq])...)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("keep the vectors of %d items: %w", len(vectors), err)
	}
	return nil
}

// markOf is what the rows of a model begin with.
func markOf(model string) []byte {
	sum := sha256.Sum256([]byte(model))
	return sum[:8]
}

// inBytes are the numbers of a vector as shares of its greatest.
func inBytes(vector []float32) []byte {
	greatest := float32(0)
	for _, x := range vector {
		greatest = max(greatest, x, -x)
	}
	out := make([]byte, len(vector))
	for i, x := range vector {
		if greatest > 0 {
			out[i] = byte(int8(math.Round(float64(x / greatest * math.MaxInt8))))
		}
	}
	return out
}
