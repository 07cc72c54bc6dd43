package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"digestd/digest"
	"digestd/internal/config"
	"digestd/internal/control"
	"digestd/internal/ledger"
	"digestd/internal/ledger/store"
	"digestd/internal/ledger/store/bolt"
	"digestd/internal/report"
	"digestd/subscribers"
)

// remembered is what a ledger holds a new configuration against.
type remembered struct {
	suppressions []digest.Suppression
	digests      []string // of its editions, as they were last called
	signedUp     []string // addresses
}

// againstWishes tells who would get a new digest although they left one that there is no more: it may be the same one
// under another name.
func (p *program) againstWishes(ctx context.Context, cfg *config.Config) ([]string, error) {
	known, err := p.remember(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return append(outranked(cfg, known.signedUp), known.crossedBy(cfg)...), nil
}

// crossedBy tells which wishes a configuration crosses: a digest of which there is no edition yet may be an old one under
// another name.
func (known remembered) crossedBy(cfg *config.Config) (words []string) {
	type change struct{ from, to string }
	var changes []change
	who := map[change][]string{}
	for _, s := range known.suppressions {
		if _, err := cfg.Digest(cfg.NowCalled(s.Digest)); s.Digest == "" || err == nil {
			continue
		}
		reader, ok := cfg.Subscribers.Find(s.Email)
		for _, d := range cfg.Digests {
			stopped := func(o digest.Suppression) bool {
				return subscribers.Key(o.Email) == subscribers.Key(s.Email) &&
					(o.Digest == "" || cfg.NowCalled(o.Digest) == d.ID)
			}
			told := func(id string) bool { return cfg.NowCalled(id) == d.ID }
			if !ok || !reader.Wants(d.ID) || slices.ContainsFunc(known.digests, told) ||
				slices.ContainsFunc(known.suppressions, stopped) {
				continue
			}
			c := change{s.Digest, d.ID}
			if who[c] == nil {
				changes = append(changes, c)
			}
			who[c] = append(who[c], s.Email)
		}
	}
	for _, c := range changes {
		readers := who[c][0]
		if n := len(who[c]) - 1; n > 0 {
			readers += " and " + plural(n, "other reader")
		}
		words = append(words, fmt.Sprintf("%s: %s left %q, which is no digest any more, and would get %q; if that is its new name, "+
			"formerly = [%[3]q] in [digests.%[5]s] lets it go on", cfg.Path, readers, c.from, c.to, c.to))
	}
	return words
}

// outranked tells of those whom the lists name although they signed up themselves.
func outranked(cfg *config.Config, signedUp []string) (words []string) {
	for _, email := range signedUp {
		s, ok := cfg.Subscribers.Find(email)
		if !ok {
			continue
		}
		if len(words) == shownOutranked {
			return append(words, "and others who signed up too, although the lists name them")
		}
		at := subscribers.Place{File: s.File, Line: s.Line}
		words = append(words, fmt.Sprintf("%s: %s signed up too: what stands here outranks what they asked for", at, s.Email))
	}
	return words
}

// shownOutranked is how many of them are named.
const shownOutranked = 5

// remember asks the ledger, or the process that holds it. Where there is none, nothing is remembered.
func (p *program) remember(ctx context.Context, cfg *config.Config) (r remembered, err error) {
	l, err := ledger.Open(engine(cfg, bolt.Options{ReadOnly: true, Timeout: 100 * time.Millisecond}), p.now)
	if errors.Is(err, store.ErrBusy) {
		return askHolder(ctx, cfg.Ledger.Path)
	}
	if err != nil {
		return r, nil // what is wrong with a ledger is not the configuration's, and said where it is needed
	}
	defer l.Close()
	return rememberedBy(l)
}

func rememberedBy(l *ledger.Ledger) (r remembered, err error) {
	if r.suppressions, err = l.Readers.Suppressions(); err != nil {
		return r, err
	}
	signups, err := l.Signups.All()
	if err != nil {
		return r, err
	}
	for _, key := range slices.Sorted(maps.Keys(signups)) {
		r.signedUp = append(r.signedUp, signups[key].Email)
	}
	lanes, err := l.Lanes.All()
	for _, st := range lanes {
		if st.Edition != "" {
			r.digests = append(r.digests, st.Lane.Digest)
		}
	}
	return r, err
}

func askHolder(ctx context.Context, path string) (r remembered, err error) {
	ask := func(answer any, args ...string) error {
		var out strings.Builder
		request := control.Request{Args: append([]string{"--json"}, args...)}
		if _, err := control.Forward(ctx, path, request, &out, io.Discard); err != nil {
			return err
		}
		return json.Unmarshal([]byte(out.String()), answer)
	}
	type list struct {
		Subscribers []listedSubscriber `json:"subscribers"`
	}
	var suppressed, signedUp list
	var told struct {
		Editions []report.EditionStatus `json:"editions"`
	}
	if err := errors.Join(ask(&suppressed, "subscribers", "list", "--suppressed"),
		ask(&signedUp, "subscribers", "list", "--signed-up"), ask(&told, "editions")); err != nil {
		return r, fmt.Errorf("the process that holds the ledger: %w", err)
	}
	for _, row := range suppressed.Subscribers {
		r.suppressions = append(r.suppressions, row.Suppressed...)
	}
	for _, row := range signedUp.Subscribers {
		r.signedUp = append(r.signedUp, row.Email)
	}
	for _, e := range told.Editions {
		r.digests = append(r.digests, e.Digest)
	}
	return r, nil
}
