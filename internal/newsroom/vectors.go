package newsroom

import (
	"context"
	"errors"

	"digestd/digest"
	"digestd/internal/vectors"
)

// summaryAsked is how many bytes of a summary an address is asked about, beside the headline.
const summaryAsked = 400

// Meanings are where the vectors of items come from, if they do: words alone tell else.
type Meanings struct {
	File    func(texts []string) [][]float32 // nil: there is none; what it does not return has no vector
	Address *vectors.Address                 // asked after polls; what it said is in the ledger
}

// Of are the vectors of items, by Seq, as far as there are some now.
func (m Meanings) Of(past Vectors, items []digest.Item) (map[uint64][]float32, error) {
	if m.Address != nil {
		positions := make([]uint64, len(items))
		for i, it := range items {
			positions[i] = it.Seq
		}
		return past.Of(m.Address.ID(), positions)
	}
	if m.File == nil {
		return nil, nil
	}
	texts := make([]string, len(items))
	for i, it := range items {
		texts[i] = it.Title
	}
	of := make(map[uint64][]float32, len(items))
	for i, v := range m.File(texts) {
		if v != nil {
			of[items[i].Seq] = v
		}
	}
	return of, nil
}

// askVectors asks an address for the vectors of items, until ctx ends. What it has not come to, or does not answer, is
// composed by words alone.
func askVectors(ctx context.Context, p *Publisher, items []digest.Item) error {
	address := p.Composer.Meanings.Address
	if address == nil {
		return nil
	}
	known, err := p.Composer.Meanings.Of(p.Ledger.Vectors, items)
	if err != nil {
		return err
	}
	var texts []string
	var positions []uint64
	for i, it := range items {
		if _, ok := known[it.Seq]; !ok {
			texts, positions = append(texts, textOf(it)), append(positions, it.Seq)
		}
		if len(texts) < vectors.MostTexts && i < len(items)-1 || len(texts) == 0 {
			continue
		}
		found, err := address.Of(ctx, texts)
		if errors.Is(err, vectors.ErrResting) || ctx.Err() != nil {
			return nil
		}
		if err != nil {
			p.Log.Warn("items have no vectors", "error", err)
			return nil
		}
		made := map[uint64][]float32{}
		for k, seq := range positions {
			made[seq] = found[k]
		}
		if err := p.Ledger.Vectors.Keep(address.ID(), made); err != nil {
			return err
		}
		p.Log.Debug("vectors made", "items", len(made))
		texts, positions = nil, nil
	}
	return nil
}

// textOf is what an address is asked about.
func textOf(it digest.Item) string {
	summary := it.Summary.Plain()
	for i := range summary {
		if i > summaryAsked {
			summary = summary[:i]
			break
		}
	}
	return it.Title + "\n" + summary
}
