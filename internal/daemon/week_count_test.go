package daemon

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"digestd/digest"
	"digestd/digest/curate"
	"digestd/internal/ledger"
)

// What is counted at the end of a week.

// count holds what happened against what digestd promises.
func (w *week) count() {
	if problems := w.line.Load().Publisher.Ledger.Check(); len(problems) > 0 {
		w.t.Errorf("the ledger's invariants do not hold: %v", errors.Join(problems...))
	}
	editions, err := w.line.Load().Publisher.Ledger.Editions.Select(func(ledger.EditionState) bool { return true })
	if err != nil {
		w.t.Fatal(err)
	}
	w.readersAreServed(editions)
	w.newsIsTold(editions)
	w.nothingComesTwice()
	w.operatorIsTold()
}

// readersAreServed: every delivery came to an end, and the boxes hold what the ledger says.
func (w *week) readersAreServed(editions []ledger.EditionState) {
	withdrawn := 0
	sent, unsure := map[string]int{}, map[string]int{}
	states := map[digest.State]int{}
	used := map[string]bool{}
	for _, e := range editions {
		if slot := e.Lane().String() + "/" + e.Wall; used[slot] {
			w.t.Errorf("slot %s has two editions", slot)
		} else {
			used[slot] = true
		}
		if e.Withdrawn {
			withdrawn++
			continue
		}
		if !e.Complete {
			w.t.Errorf("edition %s is not complete", e.ID)
		}
		progress, err := w.line.Load().Publisher.Ledger.Deliveries.Progress(e.ID)
		if err != nil {
			w.t.Fatal(err)
		}
		for at := 0; at < e.Recipients; {
			chunk, err := w.line.Load().Publisher.Ledger.Deliveries.RecipientsAt(e.ID, at)
			if err != nil || len(chunk) == 0 {
				w.t.Fatalf("recipients of %s: %d, %v", e.ID, len(chunk), err)
			}
			for _, to := range chunk {
				s := progress.States[to.Index]
				states[s]++
				switch s {
				case digest.Sent:
					sent[to.Email]++
				case digest.Held, digest.Suppressed: // of which one may have been in doubt when its reader left
					unsure[to.Email]++
				}
			}
			at += len(chunk)
		}
	}
	total, twice := 0, 0
	for _, r := range w.readers {
		b := w.world.boxes[r.email]
		if b == nil {
			b = &box{}
		}
		if n := len(b.mails); n < sent[r.email] || n > sent[r.email]+unsure[r.email] {
			w.t.Errorf("%s has %d different mails; sent are %d, held or suppressed %d", r.email, n, sent[r.email], unsure[r.email])
		}
		for id, copies := range b.mails {
			total += copies
			twice += copies - 1
			if copies > 2 {
				w.t.Errorf("%s has mail %s %d times", r.email, id, copies)
			}
		}
	}
	if most := w.world.dropped + w.crashes*w.line.Load().Report.Config.Delivery.Connections; twice > most {
		w.t.Errorf("%d mails came twice; %d connections and processes died inside the transaction", twice, most)
	}
	if len(w.world.late) > 0 {
		w.t.Errorf("mail to those who had left: %v", w.world.late)
	}
	w.t.Logf("%d editions, %d withdrawn; %d mails, %d twice, after %d crashes, %d of them in the middle of an edition, and %d dropped connections; "+
		"deliveries %v", len(editions), withdrawn, total, twice, w.crashes, w.cut, w.world.dropped, states)
	if total == 0 || w.cut == 0 || states[digest.Failed] == 0 || states[digest.Suppressed] == 0 {
		w.t.Error("the week was too easy")
	}
}

// newsIsTold: every item that was served is known, and stands in an edition of each lane, or there is a reason.
func (w *week) newsIsTold(editions []ledger.EditionState) {
	stories := map[string]map[string]bool{} // by edition
	for _, e := range editions {
		frozen, err := w.line.Load().Publisher.Ledger.Editions.Frozen(e.ID)
		if err != nil {
			w.t.Fatal(err)
		}
		stories[e.ID] = map[string]bool{}
		for _, s := range frozen.Stories {
			stories[e.ID][s.ID] = true
		}
	}
	items, err := w.line.Load().Publisher.Ledger.Items.After(0)
	if err != nil {
		w.t.Fatal(err)
	}
	known := map[string]bool{}
	for _, it := range items {
		if known[it.Feed+it.Title] {
			w.t.Errorf("%s is recorded twice", it.Title)
		}
		known[it.Feed+it.Title] = true
		known[curate.CanonicalLink(it.Link)] = true
	}
	lost := 0
	for link := range w.world.served {
		if !known[curate.CanonicalLink(link)] {
			lost++
		}
	}
	if lost > 0 {
		w.t.Errorf("%d of %d items that were served are not in the ledger", lost, len(w.world.served))
	}
	d, err := w.line.Load().Report.Config.Digest("daily")
	if err != nil {
		w.t.Fatal(err)
	}
	fates := map[string]int{}
	lanes := w.line.Load().Report.Config.Lanes(d)
	for _, lane := range lanes {
		for _, it := range items {
			o, settled, err := w.line.Load().Publisher.Ledger.Lanes.Outcome(lane, it.Seq)
			if err != nil {
				w.t.Fatal(err)
			}
			switch {
			case settled && o.Reason == "" && stories[o.Edition][o.Story]:
				fates["in an edition"]++
				continue
			case settled && o.Reason != "":
				reason, _, _ := strings.Cut(o.Reason, " of “")
				fates[reason]++
				continue
			case settled:
				w.t.Errorf("item %d of lane %s stands in story %s of %s, which is not there", it.Seq, lane, o.Story, o.Edition)
				continue
			}
			f, err := w.line.Load().Report.Fate(d, lane, it)
			if err != nil {
				w.t.Fatal(err)
			}
			fates[f.Reason]++
			if f.Reason == "" || strings.HasPrefix(f.Reason, "waits") {
				w.t.Errorf("item %d (%s), first seen %s, is in no edition of lane %s: %q", it.Seq, it.Link, it.FirstSeen, lane, f.Reason)
			}
		}
	}
	w.t.Logf("%d items of %d that were served, in %d lanes: %v", len(items), len(w.world.served), len(lanes), fates)
	if len(lanes) != w.size.zones || fates["in an edition"] == 0 {
		w.t.Error("the week was too easy")
	}
}

// nothingComesTwice: no story stands in two mails of one reader.
func (w *week) nothingComesTwice() {
	links := map[uint32]string{}
	for link, number := range w.world.numbers {
		links[number] = link
	}
	for _, email := range slices.Sorted(maps.Keys(w.world.boxes)) {
		for number, mails := range w.world.boxes[email].links {
			if mails > 1 {
				w.t.Errorf("%s stands in %d mails of %s", links[number], mails, email)
			}
		}
	}
}

// operatorIsTold: of the mail server's nights, once when they began and once when they were over.
func (w *week) operatorIsTold() {
	var began, ended int
	part := func(message, title string) string {
		_, after, _ := strings.Cut(message, "\n"+title+":\n")
		part, _, _ := strings.Cut(after, "\n\n")
		return part
	}
	for _, m := range w.alerts {
		if strings.Contains(part(m, "What began"), "is paused: the mail server of the week") {
			began++
		}
		if strings.Contains(part(m, "What is well again"), "is paused: the mail server of the week") {
			ended++
		}
	}
	w.t.Logf("the operator got %d messages and %d heartbeats", len(w.alerts), w.beats.Load())
	if began != 2 || ended != 2 {
		w.t.Errorf("the operator was told of %d beginnings and %d ends of two nights without a mail server", began, ended)
	}
	if w.beats.Load() == 0 {
		w.t.Error("no heartbeat")
	}
}
