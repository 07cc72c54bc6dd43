package cli

import (
	"context"
	"fmt"
	"strings"

	"digestd/internal/config"
	"digestd/internal/newsroom"
	"digestd/internal/regular"
	"digestd/internal/vectors"
)

// meanings are where vectors come from, as [curate] has it.
type meanings struct {
	of      config.Curate
	file    *vectors.Opening // nil: it is an address
	address *vectors.Address // nil: it is a file
	warn    func(what string, err error)
}

// newMeanings are those of a configuration, or the ones from before where they are the same; nil: there are none.
func newMeanings(p *program, cfg *config.Config, before *meanings) (*meanings, error) {
	m := &meanings{of: cfg.Curate, warn: p.warn}
	switch {
	case cfg.Curate.Vectors == "":
		return nil, nil
	case !cfg.Curate.Asks():
		if before != nil && before.of == cfg.Curate && !before.file.Changed() {
			return before, nil
		}
		m.file = vectors.NewOpening(cfg.Curate.Vectors, m.failed)
		return m, nil
	}
	address, err := addressOf(p, cfg)
	if err != nil {
		return nil, err
	}
	if before != nil && before.of == cfg.Curate && before.address.Key == address.Key {
		return before, nil // it may be resting
	}
	m.address = address
	return m, nil
}

func (m *meanings) failed(err error) { m.warn("word vectors can't be read: words alone tell", err) }

// addressOf is the address of [curate] vectors.
func addressOf(p *program, cfg *config.Config) (*vectors.Address, error) {
	key := ""
	if cfg.Curate.KeyFile != "" {
		raw, err := regular.Read(cfg.Curate.KeyFile, regular.MaxSecret)
		if err != nil {
			return nil, fmt.Errorf("key_file of [curate]: %w", err)
		}
		key = strings.TrimSpace(string(raw))
		if !isHeaderValue(key) {
			return nil, fmt.Errorf("%s: key_file of [curate]: %s must hold the key alone, on one line", cfg.Where("curate", "key_file"), cfg.Curate.KeyFile)
		}
	}
	return vectors.NewAddress(cfg.Curate.Vectors, cfg.Curate.Model, key, p.now), nil
}

// isHeaderValue reports whether a key can stand in a header.
func isHeaderValue(key string) bool {
	return !strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r >= 0x7f })
}

// asked are the meanings of whoever waits for them.
func (m *meanings) asked() newsroom.Meanings {
	switch {
	case m == nil:
		return newsroom.Meanings{}
	case m.address != nil:
		return newsroom.Meanings{Address: m.address}
	}
	return newsroom.Meanings{File: func(texts []string) [][]float32 { return m.from(m.file.Wait(), texts) }}
}

// inBackground lets a composer, whose slots wait for nothing, take of a file what there is.
func (m *meanings) inBackground(c *newsroom.Composer) {
	if m == nil || m.file == nil {
		return
	}
	m.file.Begin()
	c.Meanings.File = func(texts []string) [][]float32 { return m.from(m.file.Now(), texts) }
}

// from are the vectors of texts from a file, which may be nil.
func (m *meanings) from(file *vectors.File, texts []string) [][]float32 {
	if file == nil {
		return nil
	}
	all, err := file.Of(texts)
	if err != nil {
		m.failed(err)
	}
	return all
}

// lookAtVectors looks at the form of a file of word vectors.
func lookAtVectors(cfg *config.Config) (saw string, err error) {
	if cfg.Curate.Vectors == "" || cfg.Curate.Asks() {
		return "", nil
	}
	dimensions, err := vectors.Look(cfg.Curate.Vectors)
	if err != nil {
		return "", fmt.Errorf("%s: vectors of [curate]: %w", cfg.Where("curate", "vectors"), err)
	}
	return fmt.Sprintf("vectors: %d numbers a word in %s", dimensions, cfg.Curate.Vectors), nil
}

// askVectors asks the address of [curate] vectors, if there is one, for the vector of a word.
func askVectors(ctx context.Context, p *program, cfg *config.Config) (string, error) {
	if !cfg.Curate.Asks() {
		return "", nil
	}
	address, err := addressOf(p, cfg)
	if err != nil {
		return "", err
	}
	dimensions, err := address.Probe(ctx)
	if err != nil {
		return "", fmt.Errorf("%s: %w", cfg.Where("curate", "vectors"), err)
	}
	return fmt.Sprintf("vectors: %s makes %d numbers a text with the model %s", cfg.Curate.Vectors, dimensions, cfg.Curate.Model), nil
}
