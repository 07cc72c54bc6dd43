package newsroom

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"digestd/internal/archive"
	"digestd/internal/ledger"
)

// errandLasts is for how long the owner's command for an edition is tried.
const errandLasts = 7 * 24 * time.Hour

// keeping is what is known of the archive since the configuration was read: up to which state of it all is done. Only
// whoever has the archive's lock looks at it.
type keeping struct {
	done    bool
	version uint64
	until   time.Time // from when on there is more to show
}

// Archive does what is due after an edition: pages for editions of before their digest had an archive, the archive as
// files, and the owner's command. It holds up no mail, and costs nothing while there is nothing new. An error means that
// some of it failed, and is to be tried again.
func (p *Publisher) Archive(ctx context.Context) error { return archivist{p}.work(ctx) }

// archivist is a publisher who looks after the archive.
type archivist struct{ *Publisher }

func (p archivist) work(ctx context.Context) error {
	unlock, err := p.Ledger.Lock(ctx, "archive")
	if err != nil {
		return err
	}
	defer unlock()
	k := &p.keeping
	_, version, err := p.Ledger.Archive.Rows()
	if err != nil || k.done && k.version == version && (k.until.IsZero() || p.Composer.Now().Before(k.until)) {
		return err
	}
	made, err := p.fill(ctx)
	if made > 0 {
		p.Log.Info("pages made of editions that had gone out", "editions", made)
	}
	if err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	site, err := archive.New(p.Composer.Config, p.Composer.Templates, p.Ledger.Archive, p.Composer.Now())
	if err != nil {
		return err
	}
	if err := errors.Join(p.export(site), p.errands(ctx, site)); err != nil {
		return err
	}
	_, k.version, err = p.Ledger.Archive.Rows()
	k.done, k.until = err == nil, site.Until
	return err
}

// fill makes pages of the editions that went out before their digest had an archive, of what was selected for them.
// What had no room in them is not known any more.
func (p archivist) fill(ctx context.Context) (made int, err error) {
	c := p.Composer
	for _, d := range c.Config.Digests {
		if !d.Archive {
			continue
		}
		zone := c.Config.ArchiveZone(d) // of the other lanes no mail leads to a page
		old, err := p.Ledger.Editions.Select(func(e ledger.EditionState) bool {
			return e.Digest == d.ID && e.Zone == zone && e.Public == "" && !e.Withdrawn
		})
		if err != nil {
			return made, err
		}
		slices.SortFunc(old, func(a, b ledger.EditionState) int {
			return cmp.Or(a.Slot.Compare(b.Slot), a.Composed.Compare(b.Composed))
		})
		for _, st := range old {
			if ctx.Err() != nil {
				return made, ctx.Err()
			}
			e, err := p.Ledger.Editions.Frozen(st.ID)
			if err == nil {
				e.Public, err = c.address(d, e)
			}
			if err != nil || e.Public == "" {
				return made, err
			}
			page, err := c.public(d, e, st.Wall, nil, nil)
			if err != nil {
				return made, err
			}
			page.Later, page.Digest = true, d.ID
			if err := p.Ledger.Archive.Add(*page); err != nil {
				return made, err
			}
			made++
		}
	}
	return made, nil
}

// export brings the files of the archive up to date.
func (p archivist) export(site *archive.Site) error {
	dir := p.Composer.Config.Archive.Export
	var err error
	if dir != "" && !site.Empty() {
		var done archive.Exported
		if done, err = site.Export(dir); done.Files+done.Removed > 0 {
			p.Log.Info("archive exported", "directory", dir, "editions", done.Editions, "files", done.Files, "removed", done.Removed)
		}
	}
	words := ""
	if err != nil {
		words = err.Error()
	}
	return errors.Join(err, p.Ledger.Archive.SetExportTrouble(words))
}

// errands runs the owner's command for each edition that has not had it. That it begins is remembered before, how it
// ended after: a kill in the middle makes it run once more, and it is told so.
func (p archivist) errands(ctx context.Context, site *archive.Site) error {
	cfg := p.Composer.Config
	rows, _, err := p.Ledger.Archive.Rows()
	if err != nil || cfg.Archive.After == "" {
		return err
	}
	var failed []error
	for _, row := range rows {
		now := p.Composer.Now().UTC()
		if row.After.State != ledger.ErrandDue || row.Withdrawn || row.From.After(now) {
			continue
		}
		if now.Sub(row.From) > errandLasts {
			row.After.State = ledger.ErrandGivenUp
			p.Log.Warn("[archive] after is given up for an edition", "edition", row.Edition, "error", row.After.Words)
			failed = append(failed, p.Ledger.Archive.SetErrand(row.Path, row.After))
			continue
		}
		row.After.Tries, row.After.At = row.After.Tries+1, now
		if err := p.Ledger.Archive.SetErrand(row.Path, row.After); err != nil {
			return err
		}
		var told bytes.Buffer
		if err := json.NewEncoder(&told).Encode(site.Describe(row)); err != nil {
			return err
		}
		err := p.Run(ctx, cfg.Archive.After, filepath.Dir(cfg.Path), told.String())
		if ctx.Err() != nil { // it stays due
			return errors.Join(append(failed, ctx.Err())...)
		}
		row.After.Words = ""
		if err != nil {
			row.After.Words = err.Error()
			failed = append(failed, fmt.Errorf("[archive] after, edition %s: %w", row.Edition, err))
		} else {
			row.After.State = ledger.ErrandDone
			p.Log.Info("[archive] after has run", "edition", row.Edition, "try", row.After.Tries)
		}
		failed = append(failed, p.Ledger.Archive.SetErrand(row.Path, row.After))
	}
	return errors.Join(failed...)
}
