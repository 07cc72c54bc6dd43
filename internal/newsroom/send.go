package newsroom

import (
	"context"
	"errors"
	"fmt"

	"digestd/digest"
	"digestd/digest/collect"
	"digestd/internal/config"
)

// Collect is one polling pass over the feeds that are due, or over all; then it asks for what new items lack. progress
// may be nil.
func (p *Publisher) Collect(ctx context.Context, all bool, progress func(collect.Result)) collect.Summary {
	sum := p.Poll(ctx, p.Composer.Config.Feeds(), all, progress)
	ctx, stop := context.WithTimeout(ctx, lackingPatience)
	defer stop()
	if err := p.FillIn(ctx); err != nil {
		p.Log.Warn("what new items lack could not be had", "error", err)
	}
	return sum
}

// Send publishes the latest slot of each lane of a digest. A lane that fails keeps no other from going out.
func (p *Publisher) Send(ctx context.Context, d digest.Digest, extra bool, watch Watch) ([]Published, error) {
	lanes := p.Composer.Config.Lanes(d)
	if len(lanes) == 0 {
		return nil, nil
	}
	var all []Published
	var failed []error
	for _, lane := range lanes {
		if ctx.Err() != nil {
			failed = append(failed, ctx.Err())
			break
		}
		slot, err := config.LatestSlot(d, lane, p.Composer.Now())
		if err == nil {
			var out Published
			which := Latest
			if extra {
				which = Extra
			}
			out, err = p.Publish(ctx, lane, slot, which, watch)
			all = append(all, out)
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("lane %s: %w", lane, err))
		}
	}
	return all, errors.Join(failed...)
}
