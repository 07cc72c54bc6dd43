package ledger

import (
	"bytes"
	"errors"
	"slices"

	"digestd/digest"
	"digestd/internal/ledger/store"
)

// Rename carries what the ledger remembers of a digest along to its new name: who left it, its lanes with what they told,
// its pause, and its editions, which keep their ids. It reports whether there was anything. What a lane of the new name remembers
// already stays, beside what the old one did.
func (l *Ledger) Rename(from, to string) (there bool, err error) {
	var editions []EditionState
	touched := touches{store.Readers(), store.Itself(), store.Orders(from), store.Orders(to)}
	err = l.view(func(tx store.Tx) error {
		old, err := l.called(tx, from)
		if err != nil {
			return err
		}
		for _, st := range old.lanes {
			touched = append(touched, touchLane(st.Lane), touchLane(digest.Lane{Digest: to, Zone: st.Lane.Zone}))
		}
		for _, st := range old.editions {
			touched = append(touched, store.Edition(st.ID))
		}
		orders, err := book(tx, from)
		if err != nil {
			return err
		}
		there = len(orders.Orders)+len(old.left)+len(old.lanes)+len(old.editions) > 0 || old.wanted || old.held
		return nil
	})
	if err == nil && there {
		err = l.update(touched, func(tx store.Tx) error {
			old, err := l.called(tx, from)
			if err != nil {
				return err
			}
			for _, s := range old.left {
				if err := tx.Bucket(bucketSuppression).Delete(suppressionKey(s.Email, from)); err != nil {
					return err
				}
				s.Digest = to
				if err := l.Readers.suppress(tx, s); err != nil {
					return err
				}
			}
			if err := errors.Join(renameSignups(tx, from, to), renamePause(tx, from, to), noteName(tx, from, to)); err != nil {
				return err
			}
			editions = old.editions
			for _, st := range old.editions {
				st.Digest, st.Before.Lane.Digest = to, to
				if err := tableEditions.in(tx).put([]byte(st.ID), st); err != nil {
					return err
				}
			}
			if err := renameArchived(tx, from, to); err != nil {
				return err
			}
			for _, st := range old.lanes {
				if err := renameLane(tx, st, to); err != nil {
					return err
				}
			}
			return renameOrders(tx, from, to)
		})
	}
	if err == nil {
		l.Deliveries.delivery.renamed(editions, to)
	}
	return there && err == nil, during(err, "carry digest %q along as %q", from, to)
}

// namesake is what the ledger remembers of a digest by its name.
type namesake struct {
	left     []digest.Suppression
	editions []EditionState
	lanes    []LaneState
	wanted   bool // somebody signed up for it
	held     bool // it is paused, or what it is to be called from now on was renamed to it
}

func (l *Ledger) called(tx store.Tx, id string) (n namesake, err error) {
	if n.left, err = tableSuppression.in(tx).values(store.Range{}, func(s digest.Suppression) bool { return s.Digest == id }); err != nil {
		return n, err
	}
	if n.lanes, err = tableLanes.in(tx).values(store.Range{Prefix: []byte(id + "/")}, nil); err != nil {
		return n, err
	}
	wanted, err := tableSignups.in(tx).values(store.Range{}, func(u Signup) bool { return slices.Contains(u.Digests, id) })
	if err != nil {
		return n, err
	}
	n.wanted = len(wanted) > 0
	paused, _, err := tablePaused.in(tx).get(keyPaused)
	if err != nil {
		return n, err
	}
	names, _, err := tableRenamed.in(tx).get(keyRenamed)
	if err != nil {
		return n, err
	}
	n.held = slices.ContainsFunc(paused, func(p Paused) bool { return p.Digest == id }) ||
		slices.ContainsFunc(names, func(r renamed) bool { return r.To == id })
	n.editions, err = tableEditions.in(tx).values(store.Range{}, func(e EditionState) bool { return e.Digest == id })
	return n, err
}

// renameLane moves a lane under the new name of its digest, with what became of each item in it.
func renameLane(tx store.Tx, old LaneState, to string) error {
	from := old.Lane.String()
	st := old
	st.Lane.Digest = to
	name := st.Lane.String()
	lanes := tableLanes.in(tx)
	now, known, err := lanes.get([]byte(name))
	if err != nil {
		return err
	}
	if known {
		now.Number, now.Passed = max(now.Number, old.Number), append(now.Passed, old.Passed...)
		st = now
	}
	if err := lanes.put([]byte(name), st); err != nil {
		return err
	}
	if err := lanes.Delete([]byte(from)); err != nil {
		return err
	}
	into := tx.Part(bucketOutcomes, name)
	for it, err := range tx.Part(bucketOutcomes, from).Rows(store.Range{}) {
		if err != nil {
			return err
		}
		there, err := into.Get(it.Key)
		if err != nil {
			return err
		}
		if there != nil {
			continue
		}
		if err := into.Put(bytes.Clone(it.Key), bytes.Clone(it.Value)); err != nil {
			return err
		}
	}
	return tx.Drop(bucketOutcomes, from)
}

// renamePause lets a pause of a digest hold under its new name.
func renamePause(tx store.Tx, from, to string) error {
	all, _, err := tablePaused.in(tx).get(keyPaused)
	i := slices.IndexFunc(all, func(p Paused) bool { return p.Digest == from })
	if err != nil || i < 0 {
		return err
	}
	if since := all[i].Since; !slices.ContainsFunc(all, func(p Paused) bool { return p.Digest == to }) {
		all = append(all, Paused{to, since})
	}
	return tablePaused.in(tx).put(keyPaused, slices.Delete(all, i, i+1))
}

// renamed is a name that a digest had, and the one that it has now.
type renamed struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// noteName remembers what a digest is called now, by each name that it had.
func noteName(tx store.Tx, from, to string) error {
	all, _, err := tableRenamed.in(tx).get(keyRenamed)
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(r renamed) bool { return r.From == to || r.From == from })
	for i := range all {
		if all[i].To == from {
			all[i].To = to
		}
	}
	return tableRenamed.in(tx).put(keyRenamed, append(all, renamed{from, to}))
}

// NowCalled is the name under which a digest that was renamed goes on; empty for one that was not.
func (l *Lanes) NowCalled(id string) (string, error) {
	return viewed(l.base, func(tx store.Tx) (string, error) {
		all, _, err := tableRenamed.in(tx).get(keyRenamed)
		for _, r := range all {
			if r.From == id {
				return r.To, err
			}
		}
		return "", err
	})
}
