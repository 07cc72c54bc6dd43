package ledger

import (
	"encoding/binary"
	"fmt"
	"time"

	"digestd/digest"
	"digestd/digest/curate"
	"digestd/internal/ledger/store"
)

// clockLeap is how far the clock may have moved since the last write before pruning waits: a clock that
// jumped ahead would forget everything.
const clockLeap = 48 * time.Hour

// pruneBatch bounds one transaction of a prune, so that deliveries never wait long for it.
const pruneBatch = 2000

// Pruned counts what a prune forgot.
type Pruned struct{ Items, Editions int }

// Prune forgets items that were last shown longer than keep ago and complete editions as old, with
// everything that speaks of them. It does nothing while the clock stands more than 48 hours before or
// after the last write, nor for 48 hours after a write that found it so: by then somebody may have set it right.
func (l *Ledger) Prune(keep time.Duration) (Pruned, error) {
	var total Pruned
	now := l.now()
	last, leapt, err := l.times()
	if err != nil {
		return total, err
	}
	if !last.IsZero() && now.Sub(last).Abs() > clockLeap || !leapt.IsZero() && now.Sub(leapt).Abs() < clockLeap {
		return total, nil
	}
	if err := pruneSignups(l, now); err != nil {
		return total, fmt.Errorf("prune sign-ups: %w", err)
	}
	before := now.Add(-keep)
	for position := uint64(0); ; {
		n, next, err := l.pruneItems(position, before)
		total.Items += n
		if err != nil {
			return total, fmt.Errorf("prune items: %w", err)
		}
		if next == 0 {
			break
		}
		position = next
	}
	if err := l.Orders.prune(before); err != nil {
		return total, fmt.Errorf("prune orders: %w", err)
	}
	old, err := l.Editions.all(func(e EditionState) bool { return e.Complete && e.Composed.Before(before) })
	if err != nil {
		return total, err
	}
	for _, e := range old {
		if err := l.forget(e); err != nil {
			return total, fmt.Errorf("prune edition %s: %w", e.ID, err)
		}
		if e.Request == "" {
			total.Editions++
		}
	}
	return total, nil
}

// LastCommit is when the ledger was last written, zero for a new one.
func (l *Ledger) LastCommit() (time.Time, error) {
	last, _, err := l.times()
	return last, err
}

// times are those of the last commit and of the last one that a leap of the clock came before, or zero.
func (l *Ledger) times() (last, leapt time.Time, err error) {
	err = l.view(func(tx store.Tx) error {
		if last, err = timeAt(tx, keyLastCommit); err == nil {
			leapt, err = timeAt(tx, keyLeapt)
		}
		return err
	})
	return last, leapt, err
}

func timeAt(tx store.Tx, key []byte) (time.Time, error) {
	raw, err := tx.Bucket(bucketMeta).Get(key)
	if raw == nil || err != nil {
		return time.Time{}, err
	}
	return time.Parse(time.RFC3339Nano, string(raw))
}

// noteTime writes down when a commit is made, and whether the clock leapt before it.
func noteTime(tx store.Tx, now time.Time) error {
	last, err := timeAt(tx, keyLastCommit)
	if err != nil {
		return err
	}
	at := []byte(now.UTC().Format(time.RFC3339Nano))
	if !last.IsZero() && now.Sub(last) > clockLeap {
		if err := tx.Bucket(bucketMeta).Put(keyLeapt, at); err != nil {
			return err
		}
	}
	return tx.Bucket(bucketMeta).Put(keyLastCommit, at)
}

// pruneItems looks at one batch of items after a position; next is where to go on, 0 at the end.
func (l *Ledger) pruneItems(position uint64, before time.Time) (n int, next uint64, err error) {
	var old []digest.Item
	touched := touches{store.News()}
	err = l.view(func(tx store.Tx) error {
		lanes, err := tx.Parts(bucketOutcomes)
		if err != nil {
			return err
		}
		for _, lane := range lanes {
			touched = append(touched, store.Lane(lane))
		}
		seen := 0
		for it, err := range tableItems.in(tx).each(store.Range{From: seqKey(position + 1)}) {
			if err != nil {
				return err
			}
			if it.value.FirstSeen.After(before) { // and all after it as well
				return nil
			}
			if it.value.LastShown.Before(before) {
				old = append(old, it.value)
			}
			if seen++; seen == pruneBatch {
				next = it.value.Seq
				return nil
			}
		}
		return nil
	})
	if err != nil || len(old) == 0 {
		return 0, next, err
	}
	err = l.update(touched, func(tx store.Tx) error {
		lanes, err := tx.Parts(bucketOutcomes)
		if err != nil {
			return err
		}
		waiting := map[uint64]bool{}
		for it, err := range tableLanes.in(tx).each(store.Range{}) {
			if err != nil {
				return err
			}
			for _, p := range it.value.Pool {
				waiting[p.Item] = true
			}
		}
		n = 0
		for _, it := range old {
			for _, key := range curate.Keys(it) {
				tx.Bucket(bucketIdentities).Expect([]byte(key))
			}
		}
		for _, it := range old {
			if waiting[it.Seq] {
				continue
			}
			if err := forgetItem(tx, it, lanes); err != nil {
				return err
			}
			n++
		}
		return nil
	})
	return n, next, err
}

// forgetItem removes an item, its names, and what became of it in the lanes.
func forgetItem(tx store.Tx, it digest.Item, lanes []string) error {
	identities := tx.Bucket(bucketIdentities)
	for _, key := range curate.Keys(it) { // aliases of former guids stay: a few bytes, and they find nothing
		raw, err := identities.Get([]byte(key))
		if err != nil {
			return err
		}
		var rest []byte
		for _, seq := range seqs(raw) {
			if seq != it.Seq && (seq != sharedName || rest != nil) {
				rest = binary.BigEndian.AppendUint64(rest, seq)
			}
		}
		if rest == nil {
			err = identities.Delete([]byte(key))
		} else {
			err = identities.Put([]byte(key), rest)
		}
		if err != nil {
			return err
		}
	}
	for _, lane := range lanes {
		if err := tx.Part(bucketOutcomes, lane).Delete(seqKey(it.Seq)); err != nil {
			return err
		}
	}
	if err := tx.Bucket(bucketVectors).Delete(seqKey(it.Seq)); err != nil {
		return err
	}
	return tx.Bucket(bucketItems).Delete(seqKey(it.Seq))
}

// forget removes an edition and everything kept for it. Its recipients go first and its row last, so
// that a prune that is cut short is finished by the next one.
func (l *Ledger) forget(e EditionState) error {
	return l.update(touches{store.Edition(e.ID), store.Readers()}, func(tx store.Tx) error {
		for chunk := 0; chunk*chunkSize < e.Recipients; chunk++ {
			if err := tx.Bucket(bucketRecipients).Delete(partKey(e.ID, chunk)); err != nil {
				return err
			}
		}
		for i := range e.Variants {
			if err := tx.Bucket(bucketBodies).Delete(partKey(e.ID, i)); err != nil {
				return err
			}
		}
		for _, log := range []string{bucketProgress, bucketResends} {
			if err := tx.Drop(log, e.ID); err != nil {
				return err
			}
		}
		if err := forgetBounces(tx, e.ID); err != nil {
			return err
		}
		if err := forgetLots(tx, e.ID); err != nil {
			return err
		}
		if err := tx.Bucket(bucketFrozen).Delete([]byte(e.ID)); err != nil {
			return err
		}
		return tx.Bucket(bucketEditions).Delete([]byte(e.ID))
	})
}
