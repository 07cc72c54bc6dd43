package newsroom

import (
	"context"
	"errors"
	"slices"
	"time"

	"digestd/digest"
)

const (
	// articlesOf is how old an item may be whose page is still read.
	articlesOf = 24 * time.Hour
	// articlePatience is how long a command waits for the pages of new items; the daemon reads them beside all else.
	articlePatience = 20 * time.Second
)

// ReadArticles asks for the pages of new items whose feeds ask for full text, until ctx ends. Each outcome is recorded
// as it comes, so that no page is asked for twice; what is not read yet is composed with what its feed says.
func (p *Publisher) ReadArticles(ctx context.Context) error {
	wanted := map[string]bool{}
	for _, t := range p.Composer.Config.Topics {
		for _, f := range t.Feeds {
			if f.FullText {
				wanted[f.URL] = true
			}
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	leave, ok, err := p.Ledger.Senders.Alone(ctx, "articles")
	if !ok || err != nil {
		return err
	}
	defer leave()
	start, err := p.Ledger.Items.PositionAt(p.Composer.Now().Add(-articlesOf))
	if err != nil {
		return err
	}
	items, err := p.Ledger.Items.After(start)
	if err != nil {
		return err
	}
	items = slices.DeleteFunc(items, func(it digest.Item) bool {
		return !wanted[it.Feed] || it.Article != nil || it.History || it.Link == ""
	})
	var failed []error
	p.Collector.Articles(ctx, items, func(it digest.Item) {
		p.Log.Debug("article read", "item", it.Seq, "link", it.Link, "error", it.Article.Error)
		if err := p.Ledger.Items.CommitArticle(it); err != nil {
			failed = append(failed, err)
		}
	})
	return errors.Join(failed...)
}
