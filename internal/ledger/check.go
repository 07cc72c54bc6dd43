package ledger

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"digestd/digest"
	"digestd/internal/ledger/store"
	"digestd/subscribers"
)

// maxProblems is how many problems of a ledger are told: the first few say what to do.
const maxProblems = 1000

// Check looks whether the ledger is whole: the pages and rows of its file, that every row can be read, and that
// what refers to each other is there. It returns what is wrong, nothing when all is well, and changes
// nothing. It reads the whole ledger.
func (l *Ledger) Check() (problems []error) {
	told := map[string]bool{} // what the file says of a row is met again where the row is read
	tell := func(err error) {
		if !told[err.Error()] && len(problems) < maxProblems {
			told[err.Error()] = true
			problems = append(problems, err)
		}
	}
	report := func(format string, args ...any) { tell(fmt.Errorf(format, args...)) }
	if engine, ok := l.store.(store.Verified); ok {
		for _, err := range engine.Verify() {
			tell(err)
		}
	}
	err := l.look(func(tx store.Tx) error {
		names, err := tx.Buckets()
		if err != nil {
			return err
		}
		missing := false
		for _, name := range l.buckets() {
			if !slices.Contains(names, name) {
				missing = true
				report("bucket %s is missing", name)
			}
		}
		if missing {
			return nil // what follows would only repeat it
		}
		last, err := checkItems(tx, report)
		return errors.Join(err, checkParts(tx, report), checkLanes(tx, last, report), checkEditions(tx, report), checkReaders(tx, report),
			checkArchive(tx, report), checkOrders(tx, report), checkSignups(tx, report))
	})
	if err != nil {
		report("%w", err)
	}
	for _, err := range l.CheckDeliveries() {
		tell(err)
	}
	return problems
}

// checkParts holds: buckets of parts have no rows of their own.
func checkParts(tx store.Tx, report func(string, ...any)) error {
	for _, name := range []string{bucketOutcomes, bucketProgress, bucketResends} {
		for it, err := range tx.Bucket(name).Rows(store.Range{}) {
			if it.Key == nil {
				return err
			}
			report("bucket %s has a row %q, and should have parts alone", name, it.Key)
		}
	}
	return nil
}

// visit calls hold with each row of a table, and reports those that can't be read.
func visit[T any](tx store.Tx, t table[T], report func(string, ...any), hold func(key []byte, v T) error) error {
	for it, err := range t.in(tx).each(store.Range{}) {
		switch {
		case err != nil && it.key == nil:
			return err
		case err != nil:
			report("%w", err)
		default:
			if err := hold(it.key, it.value); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkItems holds: items stand in the order in which they were seen, identities lead to items. It
// returns the last position given out.
func checkItems(tx store.Tx, report func(string, ...any)) (last uint64, err error) {
	err = visit(tx, tableItems, report, func(key []byte, it digest.Item) error {
		if it.Seq != seqOf(key) {
			report("item %d says that it is item %d", seqOf(key), it.Seq)
		}
		if it.FirstSeen.IsZero() {
			report("item %d was never seen", it.Seq)
		}
		return nil
	})
	if err == nil {
		last, err = tx.Bucket(bucketItems).Sequence()
	}
	if err != nil {
		return 0, err
	}
	for it := range tx.Bucket(bucketItems).Rows(store.Range{Reverse: true}) {
		if seq := seqOf(it.Key); seq > last {
			report("item %d is there, and the last that was given out is %d", seq, last)
		}
		break
	}
	for it, err := range tx.Bucket(bucketIdentities).Rows(store.Range{}) {
		switch {
		case err != nil && it.Key == nil:
			return 0, err
		case err != nil:
			report("%w", err)
			continue
		}
		for _, seq := range seqs(it.Value) {
			if seq > last {
				report("identity %s leads to item %d, which was never given out", it.Key, seq)
			}
		}
	}
	return last, nil
}

// checkLanes holds: no lane stands beyond the last item, its last edition is there, what waits in its
// pool is settled nowhere.
func checkLanes(tx store.Tx, last uint64, report func(string, ...any)) error {
	return visit(tx, tableLanes, report, func(key []byte, st LaneState) error {
		if st.Position > last {
			report("lane %s stands at item %d, beyond the last, %d", key, st.Position, last)
		}
		outcomes := tableOutcomes.part(tx, string(key))
		for _, p := range st.Pool {
			if p.Item > st.Position {
				report("item %d waits in the pool of lane %s, which has not come to it yet", p.Item, key)
			}
			settled, err := outcomes.has(seqKey(p.Item))
			if err != nil {
				report("outcome of item %d in lane %s: %w", p.Item, key, err)
			}
			if settled {
				report("item %d waits in the pool of lane %s and is settled there", p.Item, key)
			}
		}
		return nil
	})
}

// checkEditions holds: an edition has what was frozen with it, and each of its items has its outcome.
func checkEditions(tx store.Tx, report func(string, ...any)) error {
	return visit(tx, tableEditions, report, func(key []byte, st EditionState) error {
		for i := range st.Variants {
			raw, err := tx.Bucket(bucketBodies).Get(partKey(st.ID, i))
			if err != nil {
				report("variant %d of edition %s: %w", i, key, err)
				continue
			}
			if raw != nil {
				if _, err := inflateBytes(raw); err != nil {
					report("variant %d of edition %s: %w", i, key, err)
				}
			}
			if !st.Variants[i].Empty && raw == nil {
				report("variant %d of edition %s has no message", i, key)
			}
		}
		if err := hasRecipients(tx, st); err != nil {
			report("%w", err)
			return nil
		}
		for chunk := 0; chunk*chunkSize < st.Recipients; chunk++ {
			if err := checkRecipients(tx, st, chunk); err != nil {
				report("edition %s, recipients from %d on: %w", key, chunk*chunkSize, err)
			}
		}
		return checkFrozen(tx, st, report)
	})
}

// checkRecipients holds: a chunk is there, and has as many recipients as it must.
func checkRecipients(tx store.Tx, st EditionState, chunk int) error {
	raw, err := tx.Bucket(bucketRecipients).Get(partKey(st.ID, chunk))
	if err != nil {
		return err
	}
	if raw == nil {
		return errors.New("they are missing")
	}
	recipients, err := unpackRecipients(raw, chunk*chunkSize)
	if want := min(chunkSize, st.Recipients-chunk*chunkSize); err == nil && len(recipients) != want {
		err = fmt.Errorf("there are %d, and should be %d", len(recipients), want)
	}
	return err
}

func checkFrozen(tx store.Tx, st EditionState, report func(string, ...any)) error {
	var e digest.Edition
	raw, err := tx.Bucket(bucketFrozen).Get([]byte(st.ID))
	if err != nil {
		report("the frozen selection of edition %s: %w", st.ID, err)
	} else if raw == nil {
		report("edition %s has no frozen selection", st.ID)
	} else if err := inflate(raw, &e); err != nil {
		report("the frozen selection of edition %s can't be read: %w", st.ID, err)
	}
	if st.Withdrawn {
		return nil
	}
	items, outcomes := tableItems.in(tx), tableOutcomes.part(tx, st.Lane().String())
	for _, story := range e.Stories {
		for _, it := range story.Items {
			items.Expect(seqKey(it.Seq))
			outcomes.Expect(seqKey(it.Seq))
		}
	}
	for _, story := range e.Stories {
		for _, it := range story.Items {
			there, _ := items.has(seqKey(it.Seq)) // what can't be read is told where all are
			settled, err := outcomes.has(seqKey(it.Seq))
			if err != nil {
				report("outcome of item %d in lane %s: %w", it.Seq, st.Lane(), err)
				continue
			}
			if there && !settled {
				report("item %d stands in edition %s, but has no outcome in lane %s", it.Seq, st.ID, st.Lane())
			}
		}
	}
	return nil
}

// checkReaders holds: what readers refused and chose stands under their own addresses, and narrows something.
func checkReaders(tx store.Tx, report func(string, ...any)) error {
	err := visit(tx, tableSuppression, report, func(key []byte, s digest.Suppression) error {
		if !bytes.Equal(key, suppressionKey(s.Email, s.Digest)) {
			report("suppression %q says that it is of %s", key, s.Email)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return visit(tx, tablePreferences, report, func(key []byte, p digest.Preferences) error {
		if string(key) != subscribers.Key(p.Email) || p.Empty() {
			report("preferences of %s are those of %s, or say nothing", key, p.Email)
		}
		return nil
	})
}

// CheckDeliveries holds the rules of the table of states against all that happened to each edition.
// It returns what is wrong, and changes nothing.
func (l *Ledger) CheckDeliveries() (problems []error) {
	report := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	err := l.look(func(tx store.Tx) error {
		ids, err := tx.Parts(bucketProgress)
		if err != nil {
			return err
		}
		editions := tableEditions.in(tx)
		for _, id := range ids {
			there, err := editions.has([]byte(id))
			if err != nil {
				return err
			}
			if !there {
				report("there are deliveries of edition %s, which is not there", id)
			}
		}
		silent := func(string, ...any) {} // told by Check
		return visit(tx, tableEditions, silent, func(_ []byte, st EditionState) error {
			checkDeliveriesOf(tx, st, report)
			return nil
		})
	})
	if err != nil {
		report("%w", err)
	}
	return problems
}

func checkDeliveriesOf(tx store.Tx, st EditionState, report func(string, ...any)) {
	if hasRecipients(tx, st) != nil {
		return // told by Check
	}
	states := make([]digest.State, st.Recipients)
	attempts := make(map[int]int)
	err := replay(tx, st.ID, func(e digest.Event) error {
		if e.Index >= len(states) {
			report("edition %s has no recipient %d, but a delivery to one", st.ID, e.Index)
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
