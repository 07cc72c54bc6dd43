package daemon

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"digestd/digest"
	"digestd/digest/schedule"
	"digestd/internal/config"
	"digestd/internal/ledger"
)

// NewLoop makes the daemon of a pipeline. When it is to reload, it asks load for another one, which must
// be ready for use; the old one stays when there is an error.
func NewLoop(p *Pipeline, load func() (*Pipeline, error), log *slog.Logger) *Loop {
	return newLoop(p, func() (work, error) { return load() }, log)
}

// What the loop lets be done; see the interface work.

func (p *Pipeline) lanes() ([]laneView, error) {
	var views []laneView
	for _, d := range p.Config.Digests {
		for _, lane := range p.Config.Lanes(d) {
			line, zone, err := config.ScheduleOf(d, lane)
			if err != nil {
				return nil, err
			}
			st, err := p.Ledger.Lane(lane)
			if err != nil {
				return nil, err
			}
			v := laneView{lane: lane, line: line, zone: zone, catchUp: d.CatchUp}
			if st.Wall != "" {
				v.last = schedule.Slot{Wall: st.Wall, At: st.Slot}
			}
			views = append(views, v)
		}
	}
	return views, nil
}

func (p *Pipeline) owedEditions() ([]owedView, error) {
	open, err := p.Ledger.OpenEditions()
	if err != nil {
		return nil, err
	}
	var views []owedView
	for _, e := range open {
		due, err := p.Ledger.Due(e.ID)
		if err != nil {
			return nil, err
		}
		if due.Sub(p.Now()) > p.Config.Delivery.GiveUp { // set by a clock that was wrong: none waits that long
			due = time.Time{}
		}
		views = append(views, owedView{edition: e.ID, lane: e.Lane(), due: due})
	}
	return views, nil
}

func (p *Pipeline) feedsDue() (bool, time.Time, error) {
	due, next, err := p.Collector.Due(p.Config.Feeds())
	return len(due) > 0, next, err
}

func (p *Pipeline) feedsWell() (well, all int, err error) {
	states, err := p.Ledger.FeedStates()
	if err != nil {
		return 0, 0, err
	}
	for _, f := range p.Config.Feeds() {
		all++
		if st := states[f.URL]; st.Failures == 0 && !st.LastSuccess.IsZero() {
			well++
		}
	}
	return well, all, nil
}

func (p *Pipeline) pollDue(ctx context.Context) error {
	sum := p.poll(ctx, p.Config.Feeds(), false, nil)
	if sum.Feeds > sum.Skipped {
		p.Log.Info("feeds polled", "read", sum.OK, "not_modified", sum.NotModified, "failed", sum.Failed, "new", sum.New)
	}
	return nil
}

func (p *Pipeline) publishSlot(ctx context.Context, lane digest.Lane, slot schedule.Slot) error {
	out, err := p.publish(ctx, lane, slot, false)
	p.Alerts.published(lane, slot, out, err)
	if err == nil && out.Delivery.Paused != "" {
		err = fmt.Errorf("edition %s: %s", out.Edition, out.Delivery.Paused)
	}
	return err
}

func (p *Pipeline) skip(lane digest.Lane, slot schedule.Slot) error {
	p.Alerts.published(lane, slot, Published{}, nil) // it is not waited for any more
	return p.Ledger.Skip(lane, slot.At, slot.Wall)
}

func (p *Pipeline) resumeEdition(ctx context.Context, edition string) error {
	_, sum, err := p.deliver(ctx, edition)
	if err == nil && sum.Paused != "" {
		err = fmt.Errorf("edition %s: %s", edition, sum.Paused)
	}
	return err
}

func (p *Pipeline) prune(context.Context) error {
	pruned, err := p.Ledger.Prune(p.Config.Ledger.Keep)
	if pruned != (ledger.Pruned{}) {
		p.Log.Info("ledger pruned", "items", pruned.Items, "editions", pruned.Editions)
	}
	return err
}
