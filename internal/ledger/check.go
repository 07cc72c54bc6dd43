package ledger

import (
	"bytes"
	"encoding/json"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"digestd/digest"
	"digestd/subscribers"
)

// Check looks whether the ledger is whole: the pages of the file, that every row can be read, and that
// what refers to each other is there. It returns what is wrong, nothing when all is well, and changes
// nothing. It reads the whole file.
func (l *Ledger) Check() (problems []error) {
	report := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	err := l.view(func(tx *bolt.Tx) error {
		for err := range tx.Check() {
			report("page structure: %w", err)
		}
		for _, name := range buckets {
			if tx.Bucket(name) == nil {
				report("bucket %s is missing", name)
			}
		}
		if len(problems) > 0 {
			return nil // what follows would only repeat it
		}
		last := checkItems(tx, report)
		checkLanes(tx, last, report)
		checkEditions(tx, report)
		checkReaders(tx, report)
		return nil
	})
	if err != nil {
		report("%w", err)
	}
	return append(problems, l.CheckDeliveries()...)
}

// checkItems holds: items stand in the order in which they were seen, identities lead to items. It
// returns the last position given out.
func checkItems(tx *bolt.Tx, report func(string, ...any)) uint64 {
	items := tx.Bucket(bucketItems)
	_ = items.ForEach(func(k, v []byte) error {
		var it digest.Item
		if err := json.Unmarshal(v, &it); err != nil {
			report("item %d can't be read: %w", seqOf(k), err)
			return nil
		}
		if it.Seq != seqOf(k) {
			report("item %d says that it is item %d", seqOf(k), it.Seq)
		}
		if it.FirstSeen.IsZero() {
			report("item %d was never seen", it.Seq)
		}
		return nil
	})
	_ = tx.Bucket(bucketIdentities).ForEach(func(k, v []byte) error {
		for _, seq := range seqs(v) {
			if seq > items.Sequence() {
				report("identity %s leads to item %d, which was never given out", k, seq)
			}
		}
		return nil
	})
	return items.Sequence()
}

// checkLanes holds: no lane stands beyond the last item, its last edition is there, what waits in its
// pool is settled nowhere.
func checkLanes(tx *bolt.Tx, last uint64, report func(string, ...any)) {
	_ = tx.Bucket(bucketLanes).ForEach(func(k, v []byte) error {
		var st LaneState
		if err := json.Unmarshal(v, &st); err != nil {
			report("lane %s can't be read: %w", k, err)
			return nil
		}
		if st.Position > last {
			report("lane %s stands at item %d, beyond the last, %d", k, st.Position, last)
		}
		outcomes := tx.Bucket(bucketOutcomes).Bucket(k)
		for _, p := range st.Pool {
			if p.Item > st.Position {
				report("item %d waits in the pool of lane %s, which has not come to it yet", p.Item, k)
			}
			if outcomes != nil && outcomes.Get(seqKey(p.Item)) != nil {
				report("item %d waits in the pool of lane %s and is settled there", p.Item, k)
			}
		}
		return nil
	})
}

// checkEditions holds: an edition has what was frozen with it, and each of its items has its outcome.
func checkEditions(tx *bolt.Tx, report func(string, ...any)) {
	_ = tx.Bucket(bucketEditions).ForEach(func(k, v []byte) error {
		var st EditionState
		if err := json.Unmarshal(v, &st); err != nil {
			report("edition %s can't be read: %w", k, err)
			return nil
		}
		var e digest.Edition
		if raw := tx.Bucket(bucketFrozen).Get(k); raw == nil {
			report("edition %s has no frozen selection", k)
		} else if err := inflate(raw, &e); err != nil {
			report("the frozen selection of edition %s can't be read: %w", k, err)
		}
		for i := range st.Variants {
			if !st.Variants[i].Empty && tx.Bucket(bucketBodies).Get(partKey(st.ID, i)) == nil {
				report("variant %d of edition %s has no message", i, k)
			}
		}
		for chunk := 0; chunk*chunkSize < st.Recipients; chunk++ {
			if tx.Bucket(bucketRecipients).Get(partKey(st.ID, chunk)) == nil {
				report("edition %s misses recipients from %d on", k, chunk*chunkSize)
			}
		}
		if st.Withdrawn {
			return nil
		}
		outcomes := tx.Bucket(bucketOutcomes).Bucket([]byte(st.Lane().String()))
		for _, story := range e.Stories {
			for _, it := range story.Items {
				if outcomes == nil || (tx.Bucket(bucketItems).Get(seqKey(it.Seq)) != nil && outcomes.Get(seqKey(it.Seq)) == nil) {
					report("item %d stands in edition %s, but has no outcome in lane %s", it.Seq, k, st.Lane())
				}
			}
		}
		return nil
	})
}

// checkReaders holds: what readers refused and chose stands under their own addresses, and narrows something.
func checkReaders(tx *bolt.Tx, report func(string, ...any)) {
	_ = tx.Bucket(bucketSuppression).ForEach(func(k, v []byte) error {
		var s digest.Suppression
		if err := json.Unmarshal(v, &s); err != nil {
			report("suppression %q can't be read: %w", k, err)
		} else if !bytes.Equal(k, suppressionKey(s.Email, s.Digest)) {
			report("suppression %q says that it is of %s", k, s.Email)
		}
		return nil
	})
	_ = tx.Bucket(bucketPreferences).ForEach(func(k, v []byte) error {
		var p digest.Preferences
		if err := json.Unmarshal(v, &p); err != nil {
			report("preferences of %s can't be read: %w", k, err)
		} else if string(k) != subscribers.Key(p.Email) || p.Empty() {
			report("preferences of %s are those of %s, or say nothing", k, p.Email)
		}
		return nil
	})
}

// CheckDeliveries holds the rules of the table of states against all that happened to each edition.
// It returns what is wrong, and changes nothing.
func (l *Ledger) CheckDeliveries() (problems []error) {
	report := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	err := l.view(func(tx *bolt.Tx) error {
		err := tx.Bucket(bucketProgress).ForEachBucket(func(name []byte) error {
			if tx.Bucket(bucketEditions).Get(name) == nil {
				report("there are deliveries of edition %s, which is not there", name)
			}
			return nil
		})
		if err != nil {
			return err
		}
		return tx.Bucket(bucketEditions).ForEach(func(k, v []byte) error {
			var st EditionState
			if err := json.Unmarshal(v, &st); err != nil {
				return nil // told by Check
			}
			checkDeliveriesOf(tx, st, report)
			return nil
		})
	})
	if err != nil {
		report("%w", err)
	}
	return problems
}

func checkDeliveriesOf(tx *bolt.Tx, st EditionState, report func(string, ...any)) {
	states := make([]digest.State, st.Recipients)
	attempts := make(map[int]int)
	err := replay(tx, st.ID, func(e digest.Event) error {
		if e.Index >= len(states) {
			report("edition %s has no recipient %d, but a delivery to him", st.ID, e.Index)
			return nil
		}
		from := states[e.Index]
		packed := st.Complete && from.MayBecome(digest.Intent) && digest.Intent.MayBecome(e.State)
		if !from.MayBecome(e.State) && !packed {
			report("edition %s: the delivery to recipient %d went from %s to %s", st.ID, e.Index, from, e.State)
		}
		states[e.Index] = e.State
		if e.State == digest.Intent && e.Attempt != attempts[e.Index]+1 {
			report("edition %s: attempt %d of the delivery to recipient %d follows attempt %d", st.ID, e.Attempt, e.Index, attempts[e.Index])
		}
		if e.State.Final() {
			delete(attempts, e.Index)
		} else {
			attempts[e.Index] = e.Attempt
		}
		return nil
	})
	if err != nil {
		report("%w", err)
		return
	}
	if !st.Complete || st.Withdrawn {
		return
	}
	for i, s := range states {
		if !s.Final() {
			report("edition %s is complete, but the delivery to recipient %d is %s", st.ID, i, s)
		}
	}
}
