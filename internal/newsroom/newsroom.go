// Package newsroom carries news from the feeds into the ledger, and from the ledger, at a slot, into inboxes.
// The way of the data is the two functions Poll and Publish in this file; a preview is the middle of the
// second. It decides nothing about what an edition says or how a server's answer is to be understood, and
// does not know when anything is due: the daemon and the commands do.
package newsroom

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"digestd/digest"
	"digestd/digest/collect"
	"digestd/digest/schedule"
	"digestd/internal/config"
	"digestd/internal/ledger"
	"digestd/mailer"
)

// Publisher is one configuration at work: it polls feeds, and publishes the editions that its composer makes.
type Publisher struct {
	Composer  *Composer
	Ledger    *ledger.Ledger // the one that the composer reads
	Collector *collect.Collector
	Mailer    Mailer
	Desk      *Desk
	Log       *slog.Logger
	// Run runs the owner's command for an edition in the archive.
	Run func(ctx context.Context, command, dir, message string) error
	// Current is the configuration in force, which a reload may have changed since; nil: the composer's.
	Current func() *config.Config

	keeping keeping
}

// Mailer delivers what is owed of an edition.
type Mailer interface {
	Deliver(context.Context, mailer.Job) (mailer.Summary, error)
}

// Watch hears of an edition on its way.
type Watch interface {
	Composed(digest.Edition)  // between composing and delivering
	Delivery(mailer.Progress) // of each delivery
}

// Unwatched is the watch of whoever only wants to hear of the end.
type Unwatched struct{}

// Composed does nothing.
func (Unwatched) Composed(digest.Edition) {}

// Delivery does nothing.
func (Unwatched) Delivery(mailer.Progress) {}

// Published tells what became of a lane's slot.
type Published struct {
	Lane     digest.Lane
	Slot     schedule.Slot
	Edition  string // its id; empty when there is none
	Stories  int
	Composed bool // by this call, not by an earlier one
	Reason   string
	Waits    bool // for the editor; the reason says so
	Delivery mailer.Summary
}

// Poll asks the feeds that are due, or all of them, and puts what they show into the ledger.
func (p *Publisher) Poll(ctx context.Context, feeds []digest.Feed, all bool,
	progress func(collect.Result)) collect.Summary {
	return p.Collector.Poll(ctx, feeds, all, progress)
}

// Which says which edition of a slot is to be published.
type Which int

// The editions of a slot.
const (
	Latest Which = iota // the slot's own, even where there was nothing to say before
	Due                 // the same, unless another process has used the slot: each is used once
	Extra               // one beside it, from what is new since the last one
)

// Publish composes the edition of a lane at a slot, if it is not composed yet, and delivers it as far as
// that can be done now. An extra edition is composed in any case.
func (p *Publisher) Publish(ctx context.Context, lane digest.Lane, slot schedule.Slot, which Which,
	watch Watch) (Published, error) {
	out := Published{Lane: lane, Slot: slot}
	d, err := p.Composer.Config.Digest(lane.Digest)
	if err != nil {
		return out, err
	}
	if err := paused(p.Ledger, d.ID, p.Composer.Now()); err != nil {
		out.Reason = ErrPaused.Error()
		return out, err
	}
	if err := composeOnce(ctx, p, d, &out, which, watch); err != nil || out.Edition == "" {
		return out, err
	}
	out.Stories, out.Delivery, err = p.Deliver(ctx, out.Edition, watch)
	return out, errors.Join(err, noteStop(p, &out))
}

// outdated is an error for a digest that goes on under a name which this configuration does not know: whoever left it
// would be mailed, and everybody else twice.
func outdated(p *Publisher, digestID string) error {
	now, err := p.Ledger.Lanes.NowCalled(digestID)
	if err != nil || now == "" {
		return err
	}
	if _, err := p.Composer.Config.Digest(now); err == nil {
		return nil
	}
	return fmt.Errorf("digest %s goes on as %s, by a configuration that is newer than this one: reload it; to call it %[1]s again, "+
		"formerly = [%[2]q] in [digests.%[1]s]", digestID, now)
}

// composeOnce sees to an edition of the slot, as long as nobody else works on the lane: out has it then, or the reason
// why there is none.
func composeOnce(
	ctx context.Context, p *Publisher, d digest.Digest, out *Published, which Which, watch Watch,
) error {
	lane, slot := out.Lane, out.Slot
	unlock, err := p.Ledger.Lock(ctx, lane.String())
	if err != nil {
		return err
	}
	defer unlock()
	extra := which == Extra
	id, known, err := p.editionID(lane, slot, extra)
	switch {
	case err != nil:
		return err
	case known:
		out.Edition = id
		return nil
	}
	if used, err := usedElsewhere(p.Ledger, lane, slot); err != nil || which == Due && used {
		out.Reason = "the slot was used by another sender"
		return err
	}
	if err := ClockFits(ctx, p.Ledger); err != nil {
		return err
	}
	if err := afterOthers(ctx, p, slot); err != nil {
		return err
	}
	of := request{digest: d, lane: lane, slot: slot, id: id, extra: extra, now: p.Composer.Now().UTC()}
	if !extra { // which comes beside the last one: it does not end its time, and nobody has to approve it
		if out.Reason, out.Waits, err = p.Desk.forEditor(ctx, of); err != nil || out.Reason != "" {
			return err
		}
		if err := p.withdrawUnsent(ctx, lane); err != nil {
			return fmt.Errorf("lane %s: %w", lane, err)
		}
	}
	for range mostTries {
		if out.Reason, err = p.compose(ctx, of, out, watch); !errors.Is(err, ledger.ErrOrdered) {
			break
		}
		of.now = p.Composer.Now().UTC()
	}
	if err == nil && out.Reason == "" {
		out.Edition = id
	}
	return err
}

// usedElsewhere reports whether another process may have used a slot, and has.
func usedElsewhere(l *ledger.Ledger, lane digest.Lane, slot schedule.Slot) (bool, error) {
	if !l.Senders.Several() {
		return false, nil
	}
	st, err := l.Lanes.Get(lane)
	return st.Wall >= slot.Wall && !st.Slot.Before(slot.At), err
}

// pollFirst is how long an edition waits after its slot for the polls of other processes.
const pollFirst = time.Minute

// afterOthers waits until nobody asks a feed any more, so that a slot's edition tells what others collect for it.
func afterOthers(ctx context.Context, p *Publisher, slot schedule.Slot) error {
	pause := 2 * time.Millisecond
	for end := time.Now().Add(pollFirst); p.Ledger.Senders.Several() && time.Now().Before(end); pause = min(2*pause, time.Second/4) {
		states, err := p.Ledger.Items.FeedStates()
		if err != nil {
			return err
		}
		now, asked := p.Composer.Now(), false
		for _, f := range p.Composer.Config.Feeds() {
			asked = asked || states[f.URL].Taken.After(now)
		}
		if !asked || now.Sub(slot.At) > pollFirst {
			return nil
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// farOff is how far a machine's clock may be from the ledger's for it to compose.
const farOff = time.Minute

// ClockFits refuses to work by a clock that is not that of the others.
func ClockFits(ctx context.Context, l *ledger.Ledger) error {
	ahead, err := l.Senders.Ahead(ctx)
	if err == nil && ahead.Abs() > farOff {
		err = fmt.Errorf("the clock of this machine is %s from that of the database: it composes nothing before its clock is set",
			ahead.Round(time.Second))
	}
	return err
}

// mostTries is how often an edition is composed anew since the editor orders something while it is composed.
const mostTries = 5

// compose commits an edition, or the reason why there is none.
func (p *Publisher) compose(ctx context.Context, of request, out *Published, watch Watch) (reason string, err error) {
	dr, err := p.Composer.draft(of, nil)
	if err == nil { // not before: it may be renamed meanwhile, and a lane that is gone by then can't be committed
		err = outdated(p, of.digest.ID)
	}
	if err != nil {
		return "", err
	}
	if dr.readers.none() {
		reason, err = p.passWithoutReaders(dr)
		p.Log.Info("no edition: "+reason, "lane", of.lane, "slot", of.slot.Wall)
		return reason, err
	}
	record, err := p.Composer.write(dr)
	if err != nil {
		return "", fmt.Errorf("edition %s: render: %w", of.id, err)
	}
	if len(dr.Edition.Stories) == 0 && !of.digest.SendEmpty {
		reason, level := dr.nothing()
		p.Log.Log(ctx, level, "no edition: "+reason, "lane", of.lane, "slot", of.slot.Wall)
		record.Used = dr.used(p.Composer.Config, dr.spent())
		return reason, p.Ledger.Lanes.PassSlot(record)
	}
	if err := p.Ledger.Editions.Commit(record); err != nil {
		return "", err
	}
	out.Composed = true
	watch.Composed(record.Edition)
	p.Log.Info("edition composed", "edition", of.id, "stories", len(record.Edition.Stories),
		"recipients", len(record.Recipients), "variants", len(record.Variants), "items", dr.read)
	return "", nil
}

// passWithoutReaders lets a slot pass that finds nobody to write to, and says why.
func (p *Publisher) passWithoutReaders(dr draft) (reason string, err error) {
	switch {
	case dr.readers.waiting > 0:
		return "all its readers had an edition in another zone less than half a period ago",
			p.Ledger.Lanes.PassSlot(dr.untouched(p.Composer.Config))
	case dr.of.extra: // the slot's own may still find somebody
		return "owed to nobody", nil
	default:
		return "owed to nobody", p.Ledger.Lanes.Sleep(dr.of.lane, dr.of.slot.At, dr.of.slot.Wall, dr.used(p.Composer.Config, dr.orders))
	}
}

// nothing says why an edition would be empty, and whether that is to be expected.
func (dr draft) nothing() (reason string, level slog.Level) {
	if len(dr.spent()) > 0 {
		return "all that is new was left out by the editor", slog.LevelInfo
	}
	if noRoom := len(dr.Carried) + len(dr.Closed); noRoom > 0 {
		return fmt.Sprintf("none of %d stories fits into the digest's max_size", noRoom), slog.LevelWarn
	}
	if of := dr.of.digest.Of; of != "" {
		return fmt.Sprintf("no edition of digest %q told anything since", of), slog.LevelInfo
	}
	for _, f := range dr.feeds {
		if f.OK {
			return "nothing new", slog.LevelInfo
		}
	}
	return "nothing new: none of its feeds could be read", slog.LevelWarn
}

// withdrawUnsent takes the lane's last edition back, and the one before it, as long as nothing of them
// went out, whether their mails never began to or were all refused: an outage then costs no news. An extra
// edition that went out says nothing about the one that it came beside.
func (p *Publisher) withdrawUnsent(ctx context.Context, lane digest.Lane) error {
	st, err := p.Ledger.Lanes.Get(lane)
	if err != nil {
		return err
	}
	for id := st.Edition; id != ""; {
		e, err := p.Ledger.Editions.Get(id)
		if errors.Is(err, ledger.ErrUnknown) { // so old that it was pruned
			return nil
		}
		if err != nil {
			return err
		}
		leave, err := p.Ledger.Editions.Turn(ctx, id) // it may be on its way this very moment
		if err != nil {
			return err
		}
		withdrawn, err := p.withdraw(id)
		leave()
		if err != nil || !withdrawn && !e.Extra {
			return err
		}
		id = e.Before.Edition
	}
	return nil
}

// editionID names the edition of a lane at a slot, and reports whether it is composed already. Extras
// are counted: "+1", "+2".
func (p *Publisher) editionID(lane digest.Lane, slot schedule.Slot, extra bool) (id string, known bool, err error) {
	base := lane.String() + "/" + slot.Wall
	for n := 0; ; n++ {
		id := base
		if n > 0 {
			id += "+" + strconv.Itoa(n)
		}
		_, err := p.Ledger.Editions.Get(id)
		switch {
		case errors.Is(err, ledger.ErrUnknown) && (n > 0 || !extra):
			if before, err := p.renamed(lane, slot); !extra && (before != "" || err != nil) {
				return before, err == nil, err
			}
			return id, false, nil
		case errors.Is(err, ledger.ErrUnknown):
			continue
		case err != nil:
			return "", false, err
		case !extra:
			return id, true, nil
		}
	}
}

// renamed is the edition that a lane made of a slot when its digest had another name; empty when there is none. A slot
// is used once.
func (p *Publisher) renamed(lane digest.Lane, slot schedule.Slot) (string, error) {
	st, err := p.Ledger.Lanes.Get(lane)
	if err != nil || st.Wall != slot.Wall || strings.HasPrefix(st.Edition, lane.String()+"/") {
		return "", err
	}
	id, _, _ := strings.Cut(st.Edition, "+")
	if !strings.HasSuffix(id, "/"+slot.Wall) {
		return "", nil
	}
	return id, nil
}
