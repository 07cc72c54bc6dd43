package ledger

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"digestd/digest"
	"digestd/internal/ledger/store"
)

// An edition on a ledger that several machines share is worked off in lots: each a chunk of recipients, which belongs to
// the session of one sender. The steps of its deliveries are committed in that session alone, so whoever has lost it can
// record nothing any more, and no final dot follows. Its events stand in a range of the edition's log of their own, so
// that no two senders write the same row. A row in the bucket lots tells how a lot stood when it was given back; a lot
// without one was never taken, or by somebody who died.
//
// Elsewhere the only lot of an edition is all of it, and nothing of this is written.

const (
	bucketLots    = "lots"    // edition id, chunk → digest.Standing
	bucketSenders = "senders" // id → Sender
)

var (
	tableLots    = table[digest.Standing]{bucketLots, func(key []byte) string { return fmt.Sprintf("lot %q", key) }}
	tableStops   = table[stop]{bucketLots, func(key []byte) string { return fmt.Sprintf("stop of edition %s", key[:len(key)-1]) }}
	tableSenders = table[Sender]{bucketSenders, called("sender")}
)

// ofSeveral are the buckets that a ledger of several processes has besides.
func ofSeveral() []string { return []string{bucketLots, bucketSenders} }

// lotKey names a lot; the number of a whole edition is wholeLot.
type lotKey struct {
	edition string
	number  int
}

const wholeLot = -1

// name is that of the lock.
func (k lotKey) name() string { return fmt.Sprintf("lot %s %d", k.edition, k.number) }

// lot is one that this process has.
type lot struct {
	lotKey
	digest  string
	first   int
	states  []digest.State // from first on, as they stand with all that was committed
	begun   []int          // attempts so far, by place in states; nil where no other process can have begun one
	entry   uint64         // number of its last entry in the log; 0 in a whole edition, which has a sequence
	again   bool           // after its session was lost, in the middle of deliveries
	session store.Session  // that holds it; nil where no other process can
}

// lotBits is how many bits of an entry's number in the log tell the entry from others of its lot. Those of a whole
// edition, which have no lot, come before all of them.
const lotBits = 40

// logRange are the numbers between which the entries of a lot stand.
func logRange(number int) (after, before uint64) {
	return uint64(number+1) << lotBits, uint64(number+2) << lotBits
}

// lastEntry is the number of the last entry of a lot.
func lastEntry(tx store.Tx, edition string, number int) (uint64, error) {
	after, before := logRange(number)
	for it, err := range tx.Part(bucketProgress, edition).Rows(store.Range{From: seqKey(before - 1), Reverse: true}) {
		if err != nil {
			return 0, err
		}
		return max(after, seqOf(it.Key)), nil
	}
	return after, nil
}

// stop is why nothing of an edition may be begun now, where several senders must hear of it in the transaction that
// would begin something.
type stop struct {
	Why   string    `json:"why"`
	Over  bool      `json:"over,omitempty"`  // and nothing of it is recorded any more either
	Probe bool      `json:"probe,omitempty"` // but by whoever tries whether it goes again
	Until time.Time `json:"until,omitzero"`  // if it ends by itself
}

// stopKey is that of an edition's stop: before the rows of its lots.
func stopKey(edition string) []byte { return append([]byte(edition), 0) }

func readStop(tx store.Tx, edition string) (s stop, stopped bool, err error) {
	return tableStops.in(tx).get(stopKey(edition))
}

// over reports whether it has ended by itself.
func (s stop) over(now time.Time) bool { return !s.Until.IsZero() && !now.Before(s.Until) }

// noteStop lets the senders of an edition know what its row says. That a pause is over is no end of a halt.
func (b *base) noteStop(tx store.Tx, st EditionState) error {
	if b.several == nil && !st.Chunked {
		return nil
	}
	s := stop{Why: st.Paused, Probe: true}
	if st.Withdrawn {
		s = stop{Why: "withdrawn", Over: true}
	}
	if s.Why == "" {
		if now, stopped, err := readStop(tx, st.ID); err != nil || stopped && !now.Until.IsZero() && !now.over(b.now()) {
			return err
		}
		return tx.Bucket(bucketLots).Delete(stopKey(st.ID))
	}
	return tableStops.in(tx).put(stopKey(st.ID), s)
}

// standings are those of the lots of an edition that were given back; of the others, nothing was tried.
func standings(tx store.Tx, st EditionState) ([]digest.Standing, error) {
	all := make([]digest.Standing, (st.Recipients+chunkSize-1)/chunkSize)
	for i := range all {
		all[i].Counts = []int{digest.Pending: min(chunkSize, st.Recipients-i*chunkSize)}
	}
	for it, err := range tableLots.in(tx).each(store.Range{Prefix: stopKey(st.ID), From: partKey(st.ID, 0)}) {
		if err != nil {
			return nil, err
		}
		if n := partOf(it.key); n < len(all) {
			all[n] = it.value
		}
	}
	return all, nil
}

// forgetLots removes what the bucket lots says of an edition.
func forgetLots(tx store.Tx, edition string) error {
	_, err := remove(tx.Bucket(bucketLots), store.Range{Prefix: stopKey(edition)}, "")
	return err
}

// Standings tell where the deliveries of an edition's lots stood when somebody last gave each back.
func (d *Deliveries) Standings(edition string) (all []digest.Standing, err error) {
	err = d.view(func(tx store.Tx) error {
		st, err := editionState(tx, edition)
		switch {
		case err != nil:
			return err
		case st.Complete:
			p, err := readProgress(tx, edition)
			all = []digest.Standing{{Counts: counted(p.States)}}
			return err
		case st.Chunked:
			all, err = standings(tx, st)
			return err
		}
		all = []digest.Standing{{Counts: []int{digest.Pending: st.Recipients}}}
		return nil
	})
	return all, during(err, "edition %s", edition)
}

// counted counts states.
func counted(states []digest.State) []int {
	counts := make([]int, digest.States)
	for _, s := range states {
		counts[s]++
	}
	return counts
}

// Take takes the first lot of an edition that nobody else has and that is wanted, by its number and how it stands. It
// reports whether there is one: of an edition that was stopped, or that somebody else tries after a pause, there is
// none. Whoever takes one has begun the edition (Editions.Begin), and must not want one that they have: it may be lost
// with its session while deliveries of it are under way.
func (d *Deliveries) Take(ctx context.Context, edition string, wanted func(int, digest.Standing) bool) (taken digest.Lot, ok bool, err error) {
	var st EditionState
	var all []digest.Standing
	err = d.view(func(tx store.Tx) error {
		if st, err = editionState(tx, edition); err == nil && st.Chunked {
			all, err = standings(tx, st)
		}
		return err
	})
	switch {
	case err != nil:
	case st.Complete || st.Withdrawn:
		return taken, false, nil
	case !st.Chunked && d.several == nil:
		taken.Whole = true // since no other process can send
		taken.Progress, err = d.Progress(edition)
		ok = err == nil
	default:
		if !st.Chunked {
			all = []digest.Standing{{Counts: []int{digest.Pending: max(1, st.Recipients)}}}
		}
		taken, ok, err = d.takeFree(ctx, st, all, wanted)
	}
	if err != nil {
		return taken, false, fmt.Errorf("take deliveries of edition %s: %w", edition, err)
	}
	return taken, ok, nil
}

// takeFree takes a lot in the session of this process.
func (d *Deliveries) takeFree(ctx context.Context, st EditionState, all []digest.Standing,
	wanted func(int, digest.Standing) bool) (taken digest.Lot, ok bool, err error) {
	session, err := d.delivery.begin(ctx)
	if err != nil {
		return taken, false, err
	}
	if st.Paused != "" {
		if ok, err := d.delivery.probe(session, st.ID); !ok || err != nil {
			return taken, false, err
		}
	}
	var free []lotKey
	for i, s := range all {
		k := lotKey{st.ID, i}
		if !st.Chunked {
			k.number = wholeLot
		}
		if wanted(i, s) && !d.delivery.has(k) {
			free = append(free, k)
		}
	}
	for len(free) > 0 {
		some := free[:min(len(free), lookedAt)]
		free = free[len(some):]
		if some, err = d.unheld(ctx, some); err != nil {
			return taken, false, err
		}
		for _, k := range some {
			if taken, ok, err = d.takeOne(session, st, k, wanted); ok || err != nil {
				return taken, ok, err
			}
		}
	}
	return taken, false, nil
}

// lookedAt is how many lots are looked at in one question to the engine.
const lookedAt = 100

// unheld are those of some lots that nobody has, as far as that can be asked.
func (d *Deliveries) unheld(ctx context.Context, some []lotKey) ([]lotKey, error) {
	if d.several == nil {
		return some, nil
	}
	names := make([]string, len(some))
	for i, k := range some {
		names[i] = k.name()
	}
	held, err := d.several.Held(ctx, names)
	if err != nil {
		return nil, err
	}
	var free []lotKey
	for i, k := range some {
		if !held[i] {
			free = append(free, k)
		}
	}
	return free, nil
}

// takeOne takes a lot unless somebody else has it, or has done what was wanted since. Between the look at the lot and
// holding it, no step of it may be recorded by this process.
func (d *Deliveries) takeOne(session store.Session, st EditionState, k lotKey,
	wanted func(int, digest.Standing) bool) (taken digest.Lot, ok bool, err error) {
	w := d.delivery
	w.taking.Lock()
	defer w.taking.Unlock()
	if w.has(k) {
		return taken, false, nil
	}
	if ok, err = session.TryLock(k.name()); err != nil {
		return taken, false, w.lost(session, err)
	}
	if !ok {
		return taken, false, nil
	}
	return d.takeLocked(session, st, k, wanted)
}

// takeLocked reads a lot whose name the session holds, and takes it unless somebody has done what was wanted since; nil
// takes it again in any case. Of a complete edition nobody takes any: its log is packed, and tells of no lot.
func (d *Deliveries) takeLocked(session store.Session, st EditionState, k lotKey,
	wanted func(int, digest.Standing) bool) (taken digest.Lot, ok bool, err error) {
	l := &lot{lotKey: k, digest: st.Digest, again: wanted == nil && d.delivery.hadLost(k), session: session}
	var stands digest.Standing
	known := false
	err = d.view(func(tx store.Tx) error {
		if now, err := editionState(tx, st.ID); err != nil || now.Complete {
			return err
		}
		if k.number == wholeLot {
			taken.Whole, ok = true, true
			taken.Progress, err = readProgress(tx, st.ID)
			return err
		}
		if stands, known, err = tableLots.in(tx).get(partKey(st.ID, k.number)); err != nil {
			return err
		}
		ok, taken.Number, l.first = true, k.number, k.number*chunkSize
		if l.entry, err = lastEntry(tx, st.ID, k.number); err != nil {
			return err
		}
		taken.Progress, err = readProgressOf(tx, st, k.number)
		return err
	})
	if known && wanted != nil { // not within the View: who is asked may wait for another
		ok = ok && wanted(k.number, stands)
	}
	if ok && err == nil {
		l.remember(taken.Progress)
		err = d.delivery.hold(l)
	}
	if ok = ok && err == nil; !ok {
		err = cmp.Or(err, d.delivery.lost(session, session.Unlock(k.name())))
	}
	return taken, ok, err
}

// remember keeps where the deliveries of a lot stand.
func (l *lot) remember(p digest.Progress) {
	l.states, l.begun = slices.Clone(p.States), make([]int, len(p.States))
	for index, e := range p.Last {
		l.begun[index-l.first] = e.Attempt
	}
}

// Give gives a lot back, of which the next delivery may go at a time, and tells how it stands. It is given back too when
// that can't be written down: whoever takes a lot reads its log.
func (d *Deliveries) Give(edition string, number int, due time.Time) (s digest.Standing, err error) {
	w := d.delivery
	l := w.held(edition, number)
	if l == nil || l.session == nil {
		return s, nil // all of an edition, where no other process can have it
	}
	s = digest.Standing{Counts: counted(l.states), Due: due.UTC()}
	if due.IsZero() {
		s.Due = time.Time{}
	}
	if l.number != wholeLot {
		err = w.commitIn(l.session, touches{sharedTouch(store.Edition(edition))}, func(tx store.Tx) error {
			return tableLots.in(tx).put(partKey(edition, number), s)
		})
	}
	w.drop(l)
	err = cmp.Or(err, w.lost(l.session, l.session.Unlock(l.name())))
	return s, during(err, "give lot %d of edition %s back", number, edition)
}
