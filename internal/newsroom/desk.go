package newsroom

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"digestd/digest"
	"digestd/digest/note"
	"digestd/digest/schedule"
	"digestd/internal/config"
	"digestd/internal/ledger"
	"digestd/internal/spelling"
	"digestd/mailer"
	"digestd/subscribers"
)

// Desk is where an editor's orders come in, and where what waits for the editor is shown.
type Desk struct {
	*Composer
	Ledger    *ledger.Ledger // the one that the composer reads
	Log       *slog.Logger
	Transport mailer.Transport                                // for test copies to the editor; nil: there is none
	Alert     func(ctx context.Context, message string) error // [alerts] command; nil: there is none
}

// ErrOrder is why an order can't be given, in words for the editor.
var ErrOrder = errors.New("nothing is ordered")

func refuse(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrOrder, fmt.Errorf(format, args...))
}

// Wish is what an editor wants of a digest's next edition.
type Wish struct {
	Note  string // Markdown; empty: none
	Lead  string // link
	Drop  []string
	Skip  bool
	Undo  []uint64 // orders to take back
	Clear bool     // take all back, before what else is wished
	// Instead is the note that the editor has seen, 0 for none: another one is not overwritten. nil: whatever it is.
	Instead *uint64
}

// Order gives the orders of a wish, each of which is looked at before the first is given.
func (k *Desk) Order(d digest.Digest, w Wish) error {
	if len(k.Config.Lanes(d)) == 0 {
		return refuse("nobody is subscribed to %s", d.ID)
	}
	var give []ledger.Order
	if w.Note != "" {
		if _, err := note.Read(w.Note); err != nil {
			return refuse("%w", err)
		}
		give = append(give, ledger.Order{Kind: ledger.OrderNote, Note: w.Note})
	}
	links := w.Drop
	if w.Lead != "" {
		links = append([]string{w.Lead}, w.Drop...)
	}
	titles, err := k.titles(d, links)
	if err != nil {
		return err
	}
	if w.Lead != "" {
		if slices.Contains(w.Drop, w.Lead) {
			return refuse("%s can't lead and be left out", w.Lead)
		}
		give = append(give, ledger.Order{Kind: ledger.OrderLead, Link: w.Lead, Title: titles[w.Lead]})
	}
	for _, link := range w.Drop {
		give = append(give, ledger.Order{Kind: ledger.OrderDrop, Link: link, Title: titles[link]})
	}
	if w.Skip {
		give = append(give, ledger.Order{Kind: ledger.OrderSkip})
	}
	orders := k.Ledger.Orders
	if w.Clear {
		if _, err := orders.Clear(d.ID); err != nil {
			return err
		}
	}
	for _, id := range w.Undo {
		if err := orders.TakeBack(d.ID, id); err != nil {
			return err
		}
	}
	for _, o := range give {
		var instead *uint64
		if o.Kind == ledger.OrderNote {
			instead = w.Instead
		}
		if given, err := orders.Give(d.ID, o, instead); err != nil {
			return err
		} else {
			k.Log.Info("the editor has ordered", "digest", d.ID, "order", given.Kind, "id", given.ID, "link", given.Link)
		}
	}
	return nil
}

// titles finds the stories with some links in what the next editions of a digest could tell.
func (k *Desk) titles(d digest.Digest, links []string) (map[string]string, error) {
	titles := map[string]string{}
	if len(links) == 0 {
		return titles, nil
	}
	var known []digest.Story
	for _, lane := range k.Config.Lanes(d) {
		dr, err := k.next(d, lane)
		if err != nil {
			return nil, err
		}
		all := slices.Concat(dr.Edition.Stories, dr.Carried)
		for _, c := range dr.Closed {
			all = append(all, c.Story)
		}
		for _, c := range dr.closed { // what is left out already may be made lead, when that is taken back
			if c.Reason == leftOutByEditor {
				all = append(all, digest.Story{Items: []digest.Item{c.Item}})
			}
		}
		known = append(known, all...)
	}
	for _, link := range links {
		i := storyOf(known, link)
		if i < 0 {
			return nil, refuse("no item bears the link %s%s", link, near(known, link))
		}
		titles[link] = known[i].Lead().Title
	}
	return titles, nil
}

// mostNear is how many links are named that the editor may have meant.
const mostNear = 3

// near names the links that are like one.
func near(stories []digest.Story, link string) string {
	type candidate struct{ link, title string }
	var all []candidate
	for _, s := range stories {
		for _, it := range s.Items {
			if it.Link != "" {
				all = append(all, candidate{it.Link, it.Title})
			}
		}
	}
	if len(all) == 0 {
		return "; nothing is new"
	}
	slices.SortStableFunc(all, func(a, b candidate) int {
		return spelling.Distance(a.link, link) - spelling.Distance(b.link, link)
	})
	var words []string
	for _, c := range all[:min(mostNear, len(all))] {
		words = append(words, fmt.Sprintf("%s (%s)", c.link, c.title))
	}
	return "; near: " + strings.Join(words, ", ")
}

// next drafts what a lane's next edition would say, for somebody who sees all of it.
func (c *Composer) next(d digest.Digest, lane digest.Lane) (draft, error) {
	slot, err := c.PreviewSlot(d, lane, time.Time{})
	if err != nil {
		return draft{}, err
	}
	key := c.wants(d, subscribers.Subscriber{})
	return c.draft(request{digest: d, lane: lane, slot: slot, id: lane.String() + "/" + slot.Wall, now: slot.At.UTC()}, &key)
}

// Approve lets what waits for the editor go, in all lanes of a digest or that of a zone, with the orders that there are. seen, unless it
// is nil, are those that the editor has seen; the error is ErrOrdered where others stand.
func (k *Desk) Approve(d digest.Digest, zone string, seen []uint64) (approved []string, err error) {
	book, err := k.Ledger.Orders.Of(d.ID)
	if err != nil {
		return nil, err
	}
	for _, lane := range k.Config.Lanes(d) {
		st, err := k.Ledger.Lanes.Get(lane)
		if err != nil {
			return approved, err
		}
		if st.Draft == nil || zone != "" && zone != lane.Zone {
			continue
		}
		with := book.IDs(lane.Zone)
		if seen != nil && !slices.Equal(seen, with) {
			return approved, fmt.Errorf("lane %s: %w", lane, ledger.ErrOrdered)
		}
		if err := k.Ledger.Orders.Approve(lane, st.Draft.Wall, with); err != nil {
			return approved, err
		}
		approved = append(approved, lane.String()+"/"+st.Draft.Wall)
		k.Log.Info("approved by the editor", "edition", lane.String()+"/"+st.Draft.Wall)
	}
	switch {
	case len(approved) > 0:
	case d.Approve == "":
		return nil, refuse("editions of %s go without approval (its key approve is empty)", d.ID)
	default:
		return nil, refuse("no edition of %s waits: each is composed %s before its slot", d.ID, short(d.ApproveBefore))
	}
	return approved, nil
}

func short(d time.Duration) string {
	return strings.TrimSuffix(strings.TrimSuffix(d.String(), "0s"), "0m")
}

// forEditor does what the editor has a say in before an edition is composed. A reason is why none is, at this time;
// waits says that one may be later.
func (k *Desk) forEditor(ctx context.Context, of request) (reason string, waits bool, err error) {
	st, err := k.Ledger.Lanes.Get(of.lane)
	if err != nil {
		return "", false, err
	}
	if st.Skipped == of.slot.Wall {
		return skippedWords, false, nil
	}
	skipped, err := k.skip(of)
	if skipped || err != nil {
		return skippedWords, false, err
	}
	if of.digest.Approve != config.ApproveHold {
		return "", false, nil
	}
	if _, err := k.propose(ctx, of); err != nil {
		return "", false, err
	}
	if st, err = k.Ledger.Lanes.Get(of.lane); err != nil || st.Draft == nil || st.Draft.Wall != of.slot.Wall {
		return "", false, err // there is nothing to approve
	}
	book, err := k.Ledger.Orders.Of(of.digest.ID)
	if err != nil || st.Draft.Stands(book, of.lane.Zone) {
		return "", false, err
	}
	if st.Draft.Reminded.IsZero() {
		if err := k.remind(ctx, of, *st.Draft); err != nil {
			k.Log.Warn("the editor could not be reminded", "lane", of.lane, "slot", of.slot.Wall, "error", err)
		}
	}
	return fmt.Sprintf("waits for the editor; `digestd desk %s --approve` lets it go", of.digest.ID), true, nil
}

const skippedWords = "skipped by the editor; its items go into the next"

// skip lets a slot pass where the editor has ordered that.
func (k *Desk) skip(of request) (bool, error) {
	for range mostTries {
		book, err := k.Ledger.Orders.Of(of.digest.ID)
		if err != nil {
			return false, err
		}
		orders := book.For(of.lane.Zone)
		i := slices.IndexFunc(orders, func(o ledger.Order) bool { return o.Kind == ledger.OrderSkip })
		if i < 0 {
			return false, nil
		}
		used := draft{of: of, seen: book.IDs(of.lane.Zone)}.used(k.Config, orders[i:i+1])
		err = k.Ledger.Orders.Skip(of.lane, of.slot.At, of.slot.Wall, used)
		if !errors.Is(err, ledger.ErrOrdered) {
			k.Log.Info("no edition: "+skippedWords, "lane", of.lane, "slot", of.slot.Wall)
			return err == nil, err
		}
	}
	return false, fmt.Errorf("lane %s: %w", of.lane, ledger.ErrOrdered)
}

// Propose composes a lane's edition of a slot that is to come for the editor's eyes, and shows it, where that is not
// done. It commits no edition: what is new stays new until the slot, and only up to where it was read is remembered.
func (k *Desk) Propose(ctx context.Context, lane digest.Lane, slot schedule.Slot) error {
	d, err := k.Config.Digest(lane.Digest)
	if err != nil || d.Approve == "" {
		return err
	}
	if err := paused(k.Ledger, d.ID, k.Now()); err != nil {
		return err
	}
	unlock, err := k.Ledger.Lock(ctx, lane.String())
	if err != nil {
		return err
	}
	defer unlock()
	_, err = k.propose(ctx, request{digest: d, lane: lane, slot: slot, id: lane.String() + "/" + slot.Wall, now: k.Now().UTC()})
	return err
}

// propose reports whether there is a draft of the slot.
func (k *Desk) propose(ctx context.Context, of request) (bool, error) {
	st, err := k.Ledger.Lanes.Get(of.lane)
	if err != nil || st.Wall >= of.slot.Wall {
		return false, err
	}
	if st.Draft == nil || st.Draft.Wall != of.slot.Wall {
		dr, err := k.draft(of, nil)
		if err != nil || dr.readers.none() || len(dr.Edition.Stories) == 0 && !of.digest.SendEmpty {
			return false, err
		}
		d := ledger.Draft{Wall: of.slot.Wall, Slot: of.slot.At, At: of.now, Position: dr.position,
			Pool: []uint64{}, Hold: of.digest.Approve == config.ApproveHold}
		for _, p := range dr.lane.Pool {
			d.Pool = append(d.Pool, p.Item)
		}
		if err := k.Ledger.Orders.Propose(of.lane, d, dr.lane); err != nil {
			return false, err
		}
		st.Draft = &d
		k.Log.Info("edition composed for the editor", "edition", of.id, "stories", len(dr.Edition.Stories))
	}
	if st.Draft.Shown.IsZero() {
		if err := k.show(ctx, of, *st.Draft, k.proposal(of, *st.Draft)); err != nil {
			return true, fmt.Errorf("show edition %s to the editor: %w", of.id, err)
		}
		return true, k.Ledger.Orders.NoteDraft(of.lane, of.slot.Wall, func(d *ledger.Draft) { d.Shown = k.Now().UTC() })
	}
	return true, nil
}

// remind tells the editor at the slot that an edition waits. Whom [alerts] reaches hears of it as of any problem.
func (k *Desk) remind(ctx context.Context, of request, d ledger.Draft) error {
	if of.digest.Editor != "" && d.Shown.Before(d.Slot) { // else they were asked a moment ago
		words := fmt.Sprintf("Reminder: this edition was due at %s and waits for your approval.", k.clock(of, of.slot.At))
		if err := k.show(ctx, of, d, words); err != nil {
			return err
		}
	}
	return k.Ledger.Orders.NoteDraft(of.lane, of.slot.Wall, func(d *ledger.Draft) { d.Reminded = k.Now().UTC() })
}

// proposal says what becomes of a draft.
func (k *Desk) proposal(of request, d ledger.Draft) string {
	if d.Hold {
		return fmt.Sprintf("Test copy: this edition is due at %s, and goes only when you approve it.", k.clock(of, of.slot.At))
	}
	return fmt.Sprintf("Test copy: this edition goes at %s, as it is here or as you order until then.", k.clock(of, of.slot.At))
}

// clock is a time as the readers of a lane have it.
func (k *Desk) clock(of request, at time.Time) string {
	return at.In(config.Zone(of.lane.Zone)).Format("15:04 MST on Monday 2 January")
}

// show sends the editor what waits, with words on top that lead to the desk.
func (k *Desk) show(ctx context.Context, of request, d ledger.Draft, words string) error {
	v, err := k.Preview(of.digest, subscribers.Subscriber{}, of.slot, of.lane)
	if err != nil {
		return err
	}
	desk := k.Config.Newsletter.Desk + "/?digest=" + of.digest.ID
	command := fmt.Sprintf("digestd desk %s --approve", of.digest.ID)
	if !d.Hold {
		command = fmt.Sprintf("digestd desk %s", of.digest.ID)
	}
	if of.digest.Editor == "" {
		if k.Alert == nil {
			return errors.New("there is neither an editor nor an [alerts] command")
		}
		return k.Alert(ctx, fmt.Sprintf("%s: %s\n\n%s\n%s, or `%s`\n\n%s", of.id, v.Rendered.Subject, words, desk, command, v.Rendered.Text))
	}
	banner := []digest.Text{{{S: words, Strong: true}},
		{{S: "Open the desk", Href: desk}, {S: ", where `digestd preview " + of.digest.ID + " --serve` runs, or: "}, {S: command, Em: true}}}
	v.Page.Edition.Note = append(banner, v.Page.Edition.Note...)
	copies, err := k.SendCopies(ctx, k.Transport, v, []string{of.digest.Editor}, "Test: ")
	for _, c := range copies {
		err = errors.Join(err, c.Err)
	}
	return err
}
