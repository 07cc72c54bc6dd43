package report

import (
	"errors"
	"slices"
	"strings"
	"time"

	"digestd/digest"
	"digestd/digest/compose"
	"digestd/digest/curate"
	"digestd/internal/ledger"
	"digestd/subscribers"
)

// maxWhy is how many items why tells about; words may fit many, which are counted up to countWhy.
const maxWhy, countWhy = 10, 1000

// nearlySame is the score from which why tells of an item that was not joined.
const nearlySame = 0.3

// Fate is what became of an item.
type Fate struct {
	Item  digest.Item `json:"item"`
	Lanes []LaneFate  `json:"lanes"`
}

// LaneFate is what became of an item in one lane.
type LaneFate struct {
	Lane    string          `json:"lane"`
	Edition string          `json:"edition,omitempty"`
	Section string          `json:"section,omitempty"`
	Place   int             `json:"place,omitempty"` // in the section, from 1, if those who have all topics see it there
	Readers int             `json:"readers,omitempty"`
	Told    []Telling       `json:"told,omitempty"`  // the items of its story, the one that leads first
	Apart   []Telling       `json:"apart,omitempty"` // items of other stories in the edition that tell nearly the same
	Rank    *digest.Rank    `json:"rank,omitempty"`
	Follows *digest.Follows `json:"follows,omitempty"` // the story that was sent before, whose development its story is
	Retells []digest.Told   `json:"retells,omitempty"` // of a digest of another one's editions: those that told it, oldest first
	Ordered bool            `json:"ordered,omitempty"` // it leads since the editor wanted it so
	Reason  string          `json:"reason,omitempty"`  // why it is in no edition, or not yet
	Score   float64         `json:"score,omitempty"`   // with which it joined a story that was sent before
	Terms   []string        `json:"terms,omitempty"`   // and by which words
}

// Telling is one item of a story, and how it came to be part of it.
type Telling struct {
	Item      uint64    `json:"item"`
	Source    string    `json:"source"`
	Title     string    `json:"title"`
	FirstSeen time.Time `json:"first_seen"`
	With      uint64    `json:"with,omitempty"` // the item that it was joined to
	Score     float64   `json:"score,omitempty"`
	Terms     []string  `json:"terms,omitempty"`
}

// WhyItem tells what became of the items with a link, a guid, or words of a title: newest first; and of how many more
// it does not.
func (rep Reporter) WhyItem(query string) (fates []Fate, more int, err error) {
	items, err := rep.Ledger.Items.Newest(countWhy, func(it digest.Item) bool { return matches(it, query) })
	if err != nil {
		return nil, 0, err
	}
	former, err := rep.formerLanes()
	if err != nil {
		return nil, 0, err
	}
	if len(items) > maxWhy {
		items, more = items[:maxWhy], len(items)-maxWhy
	}
	fates = []Fate{}
	for _, it := range items {
		f := Fate{Item: it, Lanes: []LaneFate{}}
		for d, lane := range rep.Config.AllLanes() {
			lf, err := rep.Fate(d, lane, it)
			if err != nil {
				return nil, 0, err
			}
			f.Lanes = append(f.Lanes, lf)
		}
		for _, lane := range former {
			lf, settled, err := rep.settled(lane, it)
			if err != nil {
				return nil, 0, err
			}
			if settled {
				f.Lanes = append(f.Lanes, lf)
			}
		}
		fates = append(fates, f)
	}
	return fates, more, nil
}

// matches reports whether an item has the link or the guid, or all the words in its title, or had them in
// another form in which its feed showed it.
func matches(it digest.Item, query string) bool {
	return named(it.GUID, it.Link, it.Title, query) || slices.ContainsFunc(it.Aliases, func(a digest.Alias) bool {
		return named(a.GUID, a.Link, a.Title, query)
	})
}

func named(guid, link, title, query string) bool {
	if guid == query || link == query {
		return true
	}
	if strings.Contains(query, "://") {
		return link != "" && curate.CanonicalLink(link) == curate.CanonicalLink(query)
	}
	title = strings.ToLower(title)
	for word := range strings.FieldsSeq(strings.ToLower(query)) {
		if !strings.Contains(title, word) {
			return false
		}
	}
	return true
}

// formerLanes are the lanes that the ledger remembers and the configuration has no more: their readers have
// another zone now, or the digest has.
func (rep Reporter) formerLanes() ([]digest.Lane, error) {
	var current, former []digest.Lane
	for _, d := range rep.Config.Digests {
		current = append(current, rep.Config.Lanes(d)...)
	}
	all, err := rep.Ledger.Lanes.All()
	if err != nil {
		return nil, err
	}
	for _, st := range all {
		if !slices.Contains(current, st.Lane) {
			former = append(former, st.Lane)
		}
	}
	return former, nil
}

// settled is what became of an item in a lane, if the lane has come to it.
func (rep Reporter) settled(lane digest.Lane, it digest.Item) (f LaneFate, ok bool, err error) {
	f = LaneFate{Lane: lane.String()}
	o, ok, err := rep.Ledger.Lanes.Outcome(lane, it.Seq)
	if err != nil || !ok {
		return f, false, err
	}
	if o.Story == "" || o.Reason != "" {
		f.Edition, f.Reason, f.Score, f.Terms = o.Edition, o.Reason, o.Score, o.Terms
		return f, true, nil
	}
	return f, true, rep.placeOf(&f, o)
}

// Fate is what became of an item in a lane.
func (rep Reporter) Fate(d digest.Digest, lane digest.Lane, it digest.Item) (LaneFate, error) {
	f, settled, err := rep.settled(lane, it)
	if err != nil || settled {
		return f, err
	}
	if f, err = rep.waits(f, d, lane, it); err != nil || !strings.HasPrefix(f.Reason, waitsWords) {
		return f, err
	}
	words, err := rep.ordered(lane, it)
	f.Reason += words
	return f, err
}

const waitsWords = "waits for the next edition"

// waits tells of an item with which a lane is not done whether its next edition will look at it.
func (rep Reporter) waits(f LaneFate, d digest.Digest, lane digest.Lane, it digest.Item) (LaneFate, error) {
	st, err := rep.Ledger.Lanes.Get(lane)
	if err != nil {
		return f, err
	}
	if _, wanted := d.FeedNames()[it.Feed]; !wanted {
		f.Reason = "its feed is in no topic of this digest"
		return f, nil
	}
	for _, pooled := range st.Pool {
		if pooled.Item == it.Seq {
			f.Reason = waitsWords + ": its edition was withdrawn"
			if pooled.Carried > 0 {
				f.Reason = waitsWords + ": the last one had no room for it"
			}
			return f, nil
		}
	}
	for _, passed := range st.Passed {
		if passed.Has(it.Seq) {
			f.Reason = passed.Reason
			return f, nil
		}
	}
	f.Reason = waitsWords
	if d.Of != "" {
		told, err := toldBy(rep.Ledger.Lanes, d.Of, it)
		if err == nil && !told {
			f.Reason = "no edition of digest " + d.Of + " told it"
		}
		return f, err
	}
	if it.Seq <= st.Position {
		f.Reason = "its feed was in no topic of this digest when the edition was composed"
	}
	return f, nil
}

// toldBy reports whether an edition of a digest that stands told an item.
func toldBy(known Lanes, digestID string, it digest.Item) (bool, error) {
	lanes, err := known.All()
	for _, st := range lanes {
		if st.Lane.Digest != digestID {
			continue
		}
		o, ok, err := known.Outcome(st.Lane, it.Seq)
		if err != nil || ok && o.Reason == "" {
			return err == nil, err
		}
	}
	return false, err
}

// placeOf finds an item's story in the edition that used it.
func (rep Reporter) placeOf(f *LaneFate, o ledger.Outcome) error {
	f.Edition = o.Edition
	st, err := rep.Ledger.Editions.Get(o.Edition)
	if errors.Is(err, ledger.ErrUnknown) {
		f.Reason = "it was in an edition that is so old that it was pruned"
		return nil
	}
	if err != nil {
		return err
	}
	e, err := rep.Ledger.Editions.Frozen(o.Edition)
	if err != nil {
		return err
	}
	f.Ordered = o.Story == e.Lead
	for _, s := range e.Stories {
		if s.ID == o.Story {
			f.Told, f.Rank, f.Follows, f.Retells = tellings(s), &s.Rank, s.Follows, s.Retells
			for _, n := range curate.Nearest(s, e.Stories, nearlySame, 3) {
				f.Apart = append(f.Apart, Telling{Item: n.Item.Seq, Source: n.Item.Source, Title: n.Item.Title,
					FirstSeen: n.Item.FirstSeen, Score: n.Score})
			}
		}
	}
	f.Section, f.Place = place(compose.PageOf(e, digest.VariantKey{Format: "html"}), o.Story)
	for _, p := range e.Pages {
		if f.Section == "" { // it had room on the pages of those alone who chose fewer topics
			if f.Section, f.Place = place(compose.PageOf(e, digest.VariantKey{Topics: p.Topics, Format: "html"}),
				o.Story); f.Section != "" {
				f.Section += " (for topics " + strings.Join(p.Topics, ", ") + ")"
			}
		}
	}
	for _, v := range st.Variants {
		if f.Section == "" { // it had none, and was let in for those who watch it
			f.Section, f.Place = place(compose.PageOf(e, v.Key), o.Story)
		}
	}
	f.Readers, err = rep.readersOf(st, e, o.Story)
	return err
}

// readersOf counts those to whom a story of an edition was sent: it stands in some of its variants only.
func (rep Reporter) readersOf(st ledger.EditionState, e digest.Edition, story string) (int, error) {
	pages := make([]digest.Page, len(st.Variants))
	for i, v := range st.Variants {
		pages[i] = compose.PageOf(e, v.Key)
	}
	progress, err := rep.Ledger.Deliveries.Progress(st.ID)
	if err != nil {
		return 0, err
	}
	n := 0
	for r, err := range ledger.Recipients(rep.Ledger.Deliveries, st.ID) {
		if err != nil {
			return n, err
		}
		if progress.States[r.Index] == digest.Sent && compose.Sees(pages[r.Variant], digest.ReadOwn(r.Own), story) {
			n++
		}
	}
	return n, nil
}

// tellings are the items of a story with what joined them.
func tellings(s digest.Story) []Telling {
	all := make([]Telling, len(s.Items))
	for i, it := range s.Items {
		all[i] = Telling{Item: it.Seq, Source: it.Source, Title: it.Title, FirstSeen: it.FirstSeen}
		for _, j := range s.Joins {
			if j.Item == it.Seq {
				all[i].With, all[i].Score, all[i].Terms = j.With, j.Score, j.Terms
			}
		}
	}
	return all
}

// place is where a story stands on a page.
func place(page digest.Page, story string) (section string, n int) {
	for _, s := range page.All() {
		for i, e := range s.Entries {
			if e.ID == story {
				if s.Kind == digest.SectionTopic {
					return "topic " + s.Topic, i + 1
				}
				return string(s.Kind), i + 1
			}
		}
	}
	return "", 0
}

// ReaderFate is what became of one edition for one reader.
type ReaderFate struct {
	Edition string         `json:"edition"`
	Slot    time.Time      `json:"slot"`
	State   string         `json:"state"`
	Subject string         `json:"subject,omitempty"`
	Events  []digest.Event `json:"events"`           // all that happened to the delivery, oldest first
	Resent  []digest.Event `json:"resent,omitempty"` // what became of each mail that the operator sent once more
}

// Reader is all that the ledger knows of an address.
type Reader struct {
	Email       string               `json:"email"`
	Subscribed  string               `json:"subscribed"`            // where the configuration names them, or that not
	PausedUntil time.Time            `json:"paused_until,omitzero"` // by the configuration; zero when that is over
	Suppressed  []digest.Suppression `json:"suppressed"`
	Own         *digest.Preferences  `json:"preferences,omitempty"` // that they chose themselves
	SignedUp    *ledger.Signup       `json:"signed_up,omitempty"`   // when, and to which words
	Requests    []ledger.Request     `json:"requests,omitempty"`    // to sign up, of the last days
	Deliveries  []ReaderFate         `json:"deliveries"`            // newest first
}

// WhyReader tells what became of a reader's deliveries.
func (rep Reporter) WhyReader(email string) (Reader, error) {
	r := Reader{Email: email, Subscribed: "the configuration has no such subscriber",
		Suppressed: []digest.Suppression{}, Deliveries: []ReaderFate{}}
	if s, ok := rep.Config.Readers().Find(email); ok {
		r.Email, r.Subscribed = s.Email, subscribers.Place{File: s.File, Line: s.Line}.String()
		if s.PausedUntil.After(rep.Now()) {
			r.PausedUntil = s.PausedUntil
		}
	}
	key := subscribers.Key(email)
	suppressed, err := rep.Ledger.Readers.SuppressionsOf(email)
	if err != nil {
		return r, err
	}
	r.Suppressed = append(r.Suppressed, suppressed...)
	own, err := rep.Ledger.Readers.PreferencesOf(email)
	if err != nil {
		return r, err
	}
	if !own.Empty() {
		r.Own = &own
	}
	signup, requests, err := rep.Ledger.Signups.Of(email)
	if err != nil {
		return r, err
	}
	if r.Requests = requests; !signup.Confirmed.IsZero() {
		r.SignedUp = &signup
	}
	r.Deliveries, err = rep.fates(key)
	return r, err
}

// fates tell what became of a reader's mails, the newest first.
func (rep Reporter) fates(key string) ([]ReaderFate, error) {
	fates := []ReaderFate{}
	editions, err := rep.Ledger.Editions.Select(nil)
	if err != nil {
		return fates, err
	}
	letters, err := rep.Ledger.Editions.Letters()
	if err != nil {
		return fates, err
	}
	editions = append(editions, letters...)
	slices.SortStableFunc(editions, func(a, b ledger.EditionState) int { return b.Composed.Compare(a.Composed) })
	for _, e := range editions {
		recipient, ok, err := rep.recipient(e.ID, key)
		if err != nil {
			return fates, err
		}
		if !ok {
			continue
		}
		progress, err := rep.Ledger.Deliveries.Progress(e.ID)
		if err != nil {
			return fates, err
		}
		events, err := rep.Ledger.Deliveries.History(e.ID, recipient.Index)
		if err != nil {
			return fates, err
		}
		resends, err := rep.Ledger.Resends.Of(e.ID)
		if err != nil {
			return nil, err
		}
		resends = slices.DeleteFunc(resends, func(e digest.Event) bool { return e.Index != recipient.Index })
		fates = append(fates,
			ReaderFate{Resent: resends, Edition: e.ID, Slot: e.Slot, State: progress.States[recipient.Index].String(),
				Subject: e.Variants[recipient.Variant].Subject, Events: append([]digest.Event{}, events...)})
	}
	return fates, nil
}

// recipient finds an address in an edition.
func (rep Reporter) recipient(edition, key string) (digest.Recipient, bool, error) {
	for r, err := range ledger.Recipients(rep.Ledger.Deliveries, edition) {
		if found := err == nil && subscribers.Key(r.Email) == key; found || err != nil {
			return r, found, err
		}
	}
	return digest.Recipient{}, false, nil
}
