package newsroom

import (
	"context"
	"errors"
	"slices"
	"time"

	"digestd/digest"
)

const (
	// lackingOf is how old an item may be for which what it lacks is still asked for.
	lackingOf = 24 * time.Hour
	// lackingPatience is how long a command waits for that; the daemon asks beside all else.
	lackingPatience = 20 * time.Second
	// measuringPatience bounds the same for pictures, and measuredAtOnce how many of them are asked for after a poll.
	measuringPatience = time.Minute
	measuredAtOnce    = 100
)

// FillIn asks for what new items lack, until ctx ends: the words of those whose feeds ask for full text, the sizes of
// pictures that mails show, and vectors. Each outcome is recorded, so that nothing is asked for twice; what is not there yet is
// composed with what its feed says.
func (p *Publisher) FillIn(ctx context.Context) error {
	leave, ok, err := p.Ledger.Senders.Alone(ctx, "articles")
	if !ok || err != nil {
		return err
	}
	defer leave()
	items, err := newItems(p)
	if err != nil {
		return err
	}
	read, err := readArticles(ctx, p, items)
	if err == nil && read {
		items, err = newItems(p)
	}
	return errors.Join(err, measure(ctx, p, items), askVectors(ctx, p, items))
}

// newItems are the items that an edition may still tell, oldest first.
func newItems(p *Publisher) ([]digest.Item, error) {
	items, err := p.Ledger.Items.Since(p.Composer.Now().Add(-lackingOf))
	return slices.DeleteFunc(items, func(it digest.Item) bool { return it.History }), err
}

// readArticles reports whether any page was read.
func readArticles(ctx context.Context, p *Publisher, items []digest.Item) (read bool, _ error) {
	wanted := map[string]bool{}
	for _, t := range p.Composer.Config.Topics {
		for _, f := range t.Feeds {
			wanted[f.URL] = wanted[f.URL] || f.FullText
		}
	}
	var lacking []digest.Item
	for _, it := range items {
		if wanted[it.Feed] && it.Article == nil && it.Link != "" {
			lacking = append(lacking, it)
		}
	}
	var failed []error
	p.Collector.Articles(ctx, lacking, func(it digest.Item) {
		p.Log.Debug("article read", "item", it.Seq, "link", it.Link, "error", it.Article.Error)
		read = true
		if err := p.Ledger.Items.CommitArticle(it); err != nil {
			failed = append(failed, err)
		}
	})
	return read, errors.Join(failed...)
}

// measure asks for the sizes of pictures, the newest first. What another item knows of the same picture is not asked for.
func measure(ctx context.Context, p *Publisher, items []digest.Item) error {
	ctx, stop := context.WithTimeout(ctx, measuringPatience)
	defer stop()
	shown := map[string]bool{}
	for _, d := range p.Composer.Config.Digests {
		for _, t := range d.Topics {
			for _, f := range t.Feeds {
				shown[f.URL] = shown[f.URL] || d.Images != "none"
			}
		}
	}
	known := map[string]*digest.Image{}
	for _, it := range items {
		if it.Image != nil && it.Image.Asked {
			known[it.Image.URL] = it.Image
		}
	}
	var lacking, measured []digest.Item
	for _, it := range slices.Backward(items) {
		switch {
		case !it.Image.Unsized() || !shown[it.Feed]:
		case known[it.Image.URL] != nil:
			it.Image.Width, it.Image.Height, it.Image.Asked = known[it.Image.URL].Width, known[it.Image.URL].Height, true
			measured = append(measured, it)
		case len(lacking) < measuredAtOnce:
			lacking = append(lacking, it)
		}
	}
	p.Collector.Measure(ctx, lacking, func(it digest.Item) { measured = append(measured, it) })
	if len(measured) == 0 {
		return nil
	}
	return p.Ledger.Items.CommitSizes(measured)
}
