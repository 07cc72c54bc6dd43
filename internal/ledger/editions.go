package ledger

import (
	"bytes"
	"errors"
	"slices"
	"time"

	"digestd/digest"
	"digestd/internal/ledger/store"
)

// Errors of committing and reading editions.
var (
	ErrComposed = errors.New("the edition is composed already")
	ErrMoved    = errors.New("the lane has moved since the edition was composed")
	ErrUnknown  = errors.New("the ledger knows no such edition")
	ErrBegun    = errors.New("the edition has begun to go out")
)

// Variant is a variant as its edition froze it.
type Variant struct {
	Key     digest.VariantKey `json:"key"`
	Subject string            `json:"subject,omitempty"`
	Stories int               `json:"stories"`
	Empty   bool              `json:"empty,omitempty"` // nothing for these readers: no mail
	Body    []byte            `json:"-"`               // the encoded message; read with Editions.Body
}

// EditionState is an edition's row.
type EditionState struct {
	ID         string    `json:"id"`
	Digest     string    `json:"digest"`
	Zone       string    `json:"zone"`
	Slot       time.Time `json:"slot"`
	Wall       string    `json:"wall"`
	Extra      bool      `json:"extra,omitempty"`
	Number     int       `json:"number"`
	Composed   time.Time `json:"composed"`
	Stories    int       `json:"stories"`
	Recipients int       `json:"recipients"`
	Variants   []Variant `json:"variants"`
	Withdrawn  bool      `json:"withdrawn,omitempty"`
	Complete   bool      `json:"complete,omitempty"` // every delivery is final
	Bound      bool      `json:"bound,omitempty"`    // tokens of its mails name the addresses, not the places alone
	Paused     string    `json:"paused,omitempty"`   // why the last run stopped, until one goes well
	Recalled   string    `json:"recalled,omitempty"` // why the operator withdrew it, whatever had gone out
	Reached    int       `json:"reached,omitempty"`  // how many had it by then, or when it was complete
	Lost       int       `json:"lost,omitempty"`     // how many deliveries had failed or expired when it was complete
	Public     string    `json:"public,omitempty"`   // path of its public page, if it ever had one
	Request    string    `json:"request,omitempty"`  // of a letter: the id of the request that it answers
	Chunked    bool      `json:"chunked,omitempty"`  // it is sent in lots, by several senders
	Before     LaneState `json:"before"`             // what the lane goes back to when it is withdrawn
	Mended     *Mended   `json:"mended,omitempty"`   // the sender that it has now; nil: the one it was composed with
}

// Mended is another sender than an edition was composed with. Names are those of message.Sender.
type Mended struct {
	From          string    `json:"from"`
	BounceTo      string    `json:"bounce_to,omitempty"`
	UnsubscribeTo string    `json:"unsubscribe_to,omitempty"`
	VERP          bool      `json:"verp,omitempty"`
	At            time.Time `json:"at"`
	Before        []int     `json:"before,omitempty"` // recipients who were in doubt then, by index: they may have the old one's
}

// Lane is the lane that the edition belongs to.
func (e EditionState) Lane() digest.Lane { return digest.Lane{Digest: e.Digest, Zone: e.Zone} }

// Composition is everything that composing an edition makes durable, in one transaction.
type Composition struct {
	Edition    digest.Edition
	Wall       string
	Extra      bool
	Variants   []Variant
	Recipients []digest.Recipient
	Outcomes   map[uint64]Outcome // by item, Edition left empty
	Position   uint64             // of the last item considered
	Passed     *Passed            // what the lane skipped to get there, if it did
	Pool       []Pooled           // what waits for the next edition
	Used       Used               // of the editor's orders
	Before     LaneState          // the lane as it was when its items were read
	Public     *Public            // its page in the archive; nil: none
}

// Editions are what was composed, each as it was frozen.
type Editions struct {
	*base
	delivery *deliveryWriter
	tags     editionTags
	runs     runs
	turns    store.Locks
}

// touchEdition is what taking an edition back has to itself.
func touchEdition(st EditionState) touches {
	return touches{touchLane(st.Lane()), store.Edition(st.ID), store.Orders(st.Digest), store.Itself()}
}

// Commit makes a composition durable: the frozen edition, each variant's encoded message, the
// recipients, what became of each item, and the lane's new position. It fails with ErrComposed when
// the edition is there, with ErrMoved when the lane is not as it was when its items were read, and with ErrOrdered
// when the editor has ordered something since; nothing has changed then.
func (e *Editions) Commit(c Composition) error {
	frozen, err := freeze(c.Edition, c.Variants, c.Recipients)
	if err != nil {
		return err
	}
	id := c.Edition.ID
	lane := digest.Lane{Digest: c.Edition.Digest, Zone: c.Edition.Zone}
	c.Before.Lane = lane
	state := EditionState{
		ID: id, Digest: lane.Digest, Zone: lane.Zone, Slot: c.Edition.Slot, Wall: c.Wall, Extra: c.Extra,
		Number: c.Edition.Number, Composed: c.Edition.Composed, Stories: len(c.Edition.Stories),
		Recipients: len(c.Recipients), Variants: c.Variants, Before: c.Before, Bound: true, Chunked: e.several != nil,
		Public: c.Edition.Public,
	}
	leaves, err := packLeaves(c.Public)
	if err != nil {
		return err
	}
	touched := touches{touchLane(lane), store.Edition(id), store.Orders(lane.Digest)}
	if c.Public != nil {
		touched = append(touched, store.Itself())
	}
	err = e.update(touched, func(tx store.Tx) error {
		editions := tableEditions.in(tx)
		if there, err := editions.has([]byte(id)); err != nil {
			return err
		} else if there {
			return ErrComposed
		}
		if err := moveLane(tx, c, id); err != nil {
			return err
		}
		if err := useOrders(tx, lane, id, c.Used); err != nil {
			return err
		}
		if err := frozen.put(tx, id); err != nil {
			return err
		}
		if c.Public != nil {
			if err := archive(tx, c.Public.Archived, leaves); err != nil {
				return err
			}
		}
		return editions.put([]byte(id), state)
	})
	return during(err, "commit edition %s", id)
}

// frozen is what delivering an edition needs, as it is stored.
type frozen struct {
	edition            []byte
	bodies, recipients [][]byte
}

func freeze(e digest.Edition, variants []Variant, to []digest.Recipient) (f frozen, err error) {
	if f.edition, err = deflate(e); err != nil {
		return f, err
	}
	f.bodies = make([][]byte, len(variants))
	for i, v := range variants {
		if f.bodies[i], err = deflateBytes(v.Body); err != nil {
			return f, err
		}
	}
	f.recipients, err = packRecipients(to)
	return f, err
}

func (f frozen) put(tx store.Tx, id string) error {
	if err := tx.Bucket(bucketFrozen).Put([]byte(id), f.edition); err != nil {
		return err
	}
	if err := putParts(tx.Bucket(bucketBodies), id, f.bodies); err != nil {
		return err
	}
	return putParts(tx.Bucket(bucketRecipients), id, f.recipients)
}

// Mend lets an edition go on from another sender.
func (e *Editions) Mend(id string, m Mended) error {
	return during(e.change(id, func(st *EditionState) { st.Mended = &m }), "edition %s", id)
}

// Pause remembers why an edition's last run ended before its time; the empty reason takes that back.
func (e *Editions) Pause(id, reason string) error {
	return during(e.change(id, func(st *EditionState) { st.Paused = oneLine(reason, 500) }), "edition %s", id)
}

// change changes an edition's row.
func (b *base) change(id string, change func(*EditionState)) error {
	return b.update(touches{store.Edition(id)}, func(tx store.Tx) error {
		st, err := editionState(tx, id)
		if err != nil {
			return err
		}
		change(&st)
		if st.Complete && !st.Withdrawn {
			err = forgetLots(tx, id)
		} else {
			err = b.noteStop(tx, st)
		}
		if err != nil {
			return err
		}
		return tableEditions.in(tx).put([]byte(id), st)
	})
}

// editionState reads an edition's row; ErrUnknown when there is none.
func editionState(tx store.Tx, id string) (EditionState, error) {
	st, ok, err := tableEditions.in(tx).get([]byte(id))
	if err == nil && !ok {
		err = ErrUnknown
	}
	return st, err
}

// Get reads an edition's row. The error is ErrUnknown when there is none.
func (e *Editions) Get(id string) (st EditionState, err error) {
	st, err = e.state(id)
	return st, during(err, "edition %s", id)
}

func (b *base) state(id string) (EditionState, error) {
	return viewed(b, func(tx store.Tx) (EditionState, error) { return editionState(tx, id) })
}

// Select returns the editions for which keep is true, in the order of their names: by lane, then by slot. Letters are
// none of them.
func (e *Editions) Select(keep func(EditionState) bool) (editions []EditionState, err error) {
	return e.all(func(st EditionState) bool { return st.Request == "" && (keep == nil || keep(st)) })
}

// Letters are the mails that are no lane's, in the order of their ids.
func (e *Editions) Letters() ([]EditionState, error) {
	return e.all(func(st EditionState) bool { return st.Request != "" })
}

// all is Select with the letters among them.
func (e *Editions) all(keep func(EditionState) bool) ([]EditionState, error) {
	return viewed(e.base, func(tx store.Tx) ([]EditionState, error) { return tableEditions.in(tx).values(store.Range{}, keep) })
}

// Frozen reads an edition as it was composed.
func (e *Editions) Frozen(id string) (digest.Edition, error) {
	var frozen digest.Edition
	err := e.view(func(tx store.Tx) error {
		raw, err := tx.Bucket(bucketFrozen).Get([]byte(id))
		if err != nil {
			return err
		}
		if raw == nil {
			return ErrUnknown
		}
		return inflate(raw, &frozen)
	})
	return frozen, during(err, "edition %s", id)
}

// Body reads the encoded message of one variant of an edition.
func (e *Editions) Body(id string, variant int) ([]byte, error) {
	body, err := viewed(e.base, func(tx store.Tx) ([]byte, error) {
		raw, err := tx.Bucket(bucketBodies).Get(partKey(id, variant))
		if err == nil && raw == nil {
			err = ErrUnknown
		}
		if err != nil {
			return nil, err
		}
		return inflateBytes(raw)
	})
	return body, during(err, "variant %d of edition %s", variant, id)
}

// Withdraw takes back an edition of which nothing went out: its items return to the lane's pool, its
// deliveries are withdrawn. ErrBegun says that something went out or is in doubt.
func (e *Editions) Withdraw(id string) error {
	st, err := e.state(id) // whose lane never changes
	if err == nil {
		err = e.update(touchEdition(st), func(tx store.Tx) error { return e.withdraw(tx, id) })
	}
	return during(err, "withdraw edition %s", id)
}

func (e *Editions) withdraw(tx store.Tx, id string) error {
	st, err := editionState(tx, id)
	if err != nil || st.Withdrawn {
		return err
	}
	switch begun, err := begun(tx, id); {
	case err != nil:
		return err
	case begun:
		return ErrBegun
	}
	e.delivery.forget(id) // whoever is under way with it must not go on
	return e.giveBack(tx, st, nil)
}

// giveBack returns the items of an edition to its lane's pool, but for those that are to be closed, and marks it as
// withdrawn. Where nobody has it, the lane is as it was before it.
func (e *Editions) giveBack(tx store.Tx, st EditionState, closes func(digest.Item) bool) error {
	now, err := laneState(tx, st.Lane())
	if err != nil {
		return err
	}
	carried := map[uint64]int{}
	for _, p := range st.Before.Pool {
		carried[p.Item] = p.Carried
	}
	if now.Edition == st.ID { // else the lane has gone on, with an extra edition
		for i, p := range now.Pool { // what had no room in it was not carried by it either
			now.Pool[i].Carried = carried[p.Item]
		}
		if st.Reached == 0 {
			past, err := lastStanding(tx, st.Before)
			if err != nil {
				return err
			}
			now = past.keeping(now)
		}
	}
	pooled := map[uint64]bool{}
	for _, p := range now.Pool {
		pooled[p.Item] = true
	}
	outcomes := tableOutcomes.part(tx, st.Lane().String())
	for it, err := range outcomes.each(store.Range{}) {
		if err != nil {
			return err
		}
		if it.value.Edition != st.ID {
			continue
		}
		seq := seqOf(it.key)
		if closes != nil {
			item, ok, err := tableItems.in(tx).get(it.key)
			if err != nil {
				return err
			}
			if !ok || closes(item) {
				if err := outcomes.put(it.key, Outcome{Edition: st.ID, Reason: leftOut}); err != nil {
					return err
				}
				continue
			}
		}
		if err := outcomes.Delete(it.key); err != nil {
			return err
		}
		if !pooled[seq] {
			now.Pool = append(now.Pool, Pooled{Item: seq, Carried: carried[seq]})
		}
	}
	if err := tableLanes.in(tx).put([]byte(st.Lane().String()), now); err != nil {
		return err
	}
	if err := unpublish(tx, st.Public); err != nil {
		return err
	}
	if err := giveOrdersBack(tx, st); err != nil {
		return err
	}
	st.Withdrawn, st.Complete, st.Paused = true, true, ""
	if err := e.noteStop(tx, st); err != nil {
		return err
	}
	return tableEditions.in(tx).put([]byte(st.ID), st)
}

// lastStanding is a former state of a lane, or the one before it whose last edition was not withdrawn since.
func lastStanding(tx store.Tx, lane LaneState) (LaneState, error) {
	for {
		st, _, err := tableEditions.in(tx).get([]byte(lane.Edition))
		if err != nil || !st.Withdrawn || st.Reached > 0 {
			return lane, err
		}
		lane = st.Before
	}
}

// isComplete is how the row of an edition says that it is complete. No text in a row can look like it: its
// quotation marks would be escaped.
var isComplete = []byte(`"complete":true`)

// Latest are the last n editions of each lane, and those before them that are not complete, the latest of a lane first.
func (e *Editions) Latest(n int) ([]EditionState, error) {
	seen := map[string]int{}
	all, err := e.unpassed(store.Range{Reverse: true}, func(raw store.Row) bool {
		lane := string(raw.Key[:bytes.LastIndexByte(raw.Key, '/')+1])
		seen[lane]++
		return seen[lane] > n && bytes.Contains(raw.Value, isComplete)
	})
	return slices.DeleteFunc(all, func(st EditionState) bool { return st.Request != "" }), err
}

// Open are the editions and letters that are not complete, in the order of their names. The daemon asks once a minute.
func (e *Editions) Open() ([]EditionState, error) {
	return e.unpassed(store.Range{}, func(raw store.Row) bool { return bytes.Contains(raw.Value, isComplete) })
}

// unpassed are the editions and letters of a range, without those that pass tells to pass over: years of complete ones
// are so, unread.
func (e *Editions) unpassed(of store.Range, pass func(store.Row) bool) (all []EditionState, err error) {
	err = e.view(func(tx store.Tx) error {
		editions := tableEditions.in(tx)
		for raw, err := range editions.Rows(of) {
			if err != nil {
				return err
			}
			if pass(raw) {
				continue
			}
			st, err := editions.read(raw.Key, raw.Value)
			if err != nil {
				return err
			}
			all = append(all, st)
		}
		return nil
	})
	return all, err
}
