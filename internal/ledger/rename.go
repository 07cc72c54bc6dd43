package ledger

import (
	"bytes"
	"slices"

	"digestd/digest"
	"digestd/internal/ledger/store"
)

// Rename carries what the ledger remembers of a digest along to its new name: who left it, its lanes with what they told,
// and its editions, which keep their ids. It reports whether there was anything. What a lane of the new name remembers
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
		there = len(orders.Orders)+len(old.left)+len(old.lanes)+len(old.editions) > 0 || old.wanted
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
			if err := renameSignups(tx, from, to); err != nil {
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
