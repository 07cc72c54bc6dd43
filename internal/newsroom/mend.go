package newsroom

import (
	"context"
	"slices"

	"digestd/digest"
	"digestd/internal/ledger"
	"digestd/mailer/message"
)

// mended are an edition's messages from the sender that the configuration has now, and the recipients who are sent the
// old ones all the same: what may have reached them is sent once more as it was, or not at all. There are none where the
// sender is the one that the edition was composed with. While other processes send too, it stays as it is.
func mended(ctx context.Context, p *Publisher, e ledger.EditionState, templates []*message.Template) ([]*message.Template, []int, error) {
	others, err := p.Ledger.Senders.All(ctx)
	if err != nil {
		return nil, nil, err
	}
	m := p.Composer.Config.Mail
	now := ledger.Mended{From: m.From, BounceTo: m.BounceTo, UnsubscribeTo: m.UnsubscribeTo, VERP: m.VERP}
	if slices.ContainsFunc(others, func(s ledger.Sender) bool { return s.ID != p.Ledger.Senders.By() }) {
		if e.Mended == nil {
			return nil, nil, nil
		}
		now = *e.Mended
	}
	if e.Mended != nil && senderOf(*e.Mended) == senderOf(now) {
		all, _, err := sentBy(templates, now)
		return all, e.Mended.Before, err
	}
	all, changed, err := sentBy(templates, now)
	if err != nil || !changed && e.Mended == nil {
		return nil, nil, err
	}
	progress, err := p.Ledger.Deliveries.Progress(e.ID)
	if err != nil {
		return nil, nil, err
	}
	for index, last := range progress.Last {
		if last.Doubts > 0 || last.State != digest.Deferred {
			now.Before = append(now.Before, index)
		}
	}
	if e.Mended != nil { // mended twice: who has its mails of the time between would need a third form
		if slices.ContainsFunc(now.Before, func(index int) bool { return !slices.Contains(e.Mended.Before, index) }) {
			all, _, err = sentBy(templates, *e.Mended)
			return all, e.Mended.Before, err
		}
	}
	now.At = p.Composer.Now()
	p.Log.Info("what is still owed of the edition goes from another sender", "edition", e.ID, "from", now.From)
	return all, now.Before, p.Ledger.Editions.Mend(e.ID, now)
}

// sentBy are messages from another sender; it reports whether that makes a difference.
func sentBy(templates []*message.Template, m ledger.Mended) (all []*message.Template, changed bool, err error) {
	all = slices.Clone(templates)
	for i, t := range templates {
		if t == nil {
			continue
		}
		if all[i], err = t.SentBy(senderOf(m)); err != nil {
			return nil, false, err
		}
		changed = changed || all[i] != t
	}
	return all, changed, nil
}

func senderOf(m ledger.Mended) message.Sender {
	return message.Sender{From: m.From, BounceTo: m.BounceTo, UnsubscribeTo: m.UnsubscribeTo, VERP: m.VERP}
}
