package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"digestd/digest"
	"digestd/digest/schedule"
	"digestd/internal/config"
	"digestd/internal/ledger"
	"digestd/internal/newsroom"
	"digestd/internal/report"
)

// Rooms are what the loop asks to do its tasks, as one configuration has them.
type Rooms struct {
	Publisher *newsroom.Publisher
	Report    report.Reporter
	Alerts    *Alerts // outlives reloads
	InForce   func()  // called when a reload has put them in force; may be nil
	Receiver  *newsroom.Receiver
	Mailbox   newsroom.Mailbox // nil: there is none
}

// NewLoop makes the daemon of some rooms. When it is to reload, it asks load for others, which must be
// ready for use; the old ones stay when there is an error.
func NewLoop(r *Rooms, load func() (*Rooms, error), log *slog.Logger) *Loop {
	return newLoop(r, func() (tasks, error) { return load() }, log)
}

// What the loop lets be done; see the interface tasks.

func (r *Rooms) lanes() ([]laneView, error) {
	var views []laneView
	for d, lane := range r.Report.Config.AllLanes() {
		times, zone, err := config.ScheduleOf(d, lane)
		if err != nil {
			return nil, err
		}
		st, err := r.Report.Ledger.Lanes.Get(lane)
		if err != nil {
			return nil, err
		}
		v := laneView{lane: lane, times: times, zone: zone, catchUp: d.CatchUp}
		if d.Approve != "" {
			v.before, v.hold = d.ApproveBefore, d.Approve == config.ApproveHold
		}
		if w := st.Draft; w != nil {
			v.waiting = waitingView{wall: w.Wall, shown: !w.Shown.IsZero(), reminded: !w.Reminded.IsZero()}
			book, err := r.Report.Ledger.Orders.Of(d.ID)
			if err != nil {
				return nil, err
			}
			if w.Stands(book, lane.Zone) {
				v.waiting.approved = w.Approved
			}
		}
		if st.Wall != "" {
			v.last = schedule.Slot{Wall: st.Wall, At: st.Slot}
		}
		views = append(views, v)
	}
	return views, nil
}

func (r *Rooms) inForce() {
	if r.InForce != nil {
		r.InForce()
	}
}

func (r *Rooms) owedEditions() ([]owedView, error) {
	open, err := r.Publisher.Owed()
	if err != nil {
		return nil, err
	}
	var views []owedView
	for _, o := range open {
		views = append(views, owedView{edition: o.Edition, lane: o.Lane, due: o.Due, paused: o.Paused})
	}
	return views, nil
}

func (r *Rooms) feeds() (feedsView, error) {
	states, err := r.Report.Ledger.Items.FeedStates()
	if err != nil {
		return feedsView{}, err
	}
	feeds := r.Report.Config.Feeds()
	due, next := r.Publisher.Collector.Due(feeds, states)
	v := feedsView{due: len(due) > 0, next: next, all: len(feeds)}
	for _, f := range feeds {
		if report.FeedIsWell(states[f.URL]) {
			v.well++
		}
	}
	return v, nil
}

func (r *Rooms) problems() []ledger.Alert {
	r.Alerts.mu.Lock()
	defer r.Alerts.mu.Unlock()
	return r.Alerts.problems
}

func (r *Rooms) pollDue(ctx context.Context) error {
	sum := r.Publisher.Poll(ctx, r.Report.Config.Feeds(), false, nil)
	if sum.Feeds > sum.Skipped {
		r.Publisher.Log.Info("feeds polled", "read", sum.OK, "not_modified", sum.NotModified, "failed", sum.Failed,
			"new", sum.New)
	}
	return nil
}

func (r *Rooms) fillIn(ctx context.Context) error { return r.Publisher.FillIn(ctx) }

// paused is the error of an edition whose run paused, with what came of that.
type paused struct{ newsroom.Published }

func (p paused) Error() string { return fmt.Sprintf("edition %s: %s", p.Edition, p.Delivery.Paused) }

// advanced is the error of a run that sent something before it.
type advanced struct{ error }

func (a advanced) Unwrap() error { return a.error }

// ofRun is the error of a run that paused, or sent so much and failed.
func ofRun(out newsroom.Published, err error) error {
	switch {
	case err == nil && out.Delivery.Paused != "":
		return paused{out}
	case err != nil && out.Delivery.Sent > 0:
		return advanced{err}
	}
	return err
}

func (r *Rooms) publishSlot(ctx context.Context, lane digest.Lane, slot schedule.Slot) error {
	out, err := r.Publisher.Publish(ctx, lane, slot, newsroom.Due, newsroom.Unwatched{})
	if errors.Is(err, newsroom.ErrPaused) {
		return r.skip(lane, slot)
	}
	r.Alerts.published(lane, slot, out.Edition != "", err)
	if err == nil && out.Waits {
		return errWaits
	}
	return ofRun(out, err)
}

func (r *Rooms) propose(ctx context.Context, lane digest.Lane, slot schedule.Slot) error {
	err := r.Publisher.Desk.Propose(ctx, lane, slot)
	if errors.Is(err, newsroom.ErrPaused) {
		return nil
	}
	return err
}

func (r *Rooms) skip(lane digest.Lane, slot schedule.Slot) error {
	r.Alerts.published(lane, slot, false, nil) // it is not waited for any more
	return r.Publisher.Ledger.Lanes.Skip(lane, slot.At, slot.Wall)
}

func (r *Rooms) resumeEdition(ctx context.Context, edition string) error {
	_, sum, err := r.Publisher.Deliver(ctx, edition, newsroom.Unwatched{})
	if errors.Is(err, newsroom.ErrPaused) { // since this turn of the loop began
		return nil
	}
	return ofRun(newsroom.Published{Edition: edition, Delivery: sum}, err)
}

func (r *Rooms) mailboxEvery() time.Duration {
	if r.Mailbox == nil {
		return 0
	}
	return r.Report.Config.Inbound.Every
}

func (r *Rooms) readMailbox(ctx context.Context) error {
	leave, ok, err := r.Publisher.Ledger.Senders.Alone(ctx, "mailbox") // two who move the same messages fail each other
	if !ok || err != nil {
		return err
	}
	defer leave()
	sum, err := r.Receiver.ReadMailbox(ctx, r.Mailbox)
	r.Alerts.read(err, r.Report.Now())
	if sum.Read > 0 {
		r.Publisher.Log.Info("mailbox read", "messages", sum.Read, "moved", sum.Moved, "suppressed", len(sum.Suppressed))
	}
	return err
}

func (r *Rooms) archive(ctx context.Context) error { return r.Publisher.Archive(ctx) }

func (r *Rooms) prune(ctx context.Context) error {
	if err := newsroom.ClockFits(ctx, r.Publisher.Ledger); err != nil { // nor does who has another time than the others forget anything
		return err
	}
	leave, ok, err := r.Publisher.Ledger.Senders.Alone(ctx, "prune")
	if !ok || err != nil {
		return err
	}
	defer leave()
	pruned, err := r.Publisher.Ledger.Prune(r.Report.Config.Ledger.Keep)
	if pruned != (ledger.Pruned{}) {
		r.Publisher.Log.Info("ledger pruned", "items", pruned.Items, "editions", pruned.Editions)
	}
	return err
}
