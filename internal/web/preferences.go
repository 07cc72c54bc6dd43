package web

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"digestd/digest"
	"digestd/internal/config"
	"digestd/internal/ledger"
	"digestd/mailer/message"
	"digestd/subscribers"
)

// preferencesPage is what its template shows.
type preferencesPage struct {
	sheet
	Digests            []box // that the configuration has for the reader
	Topics             []box
	Lengths            []box            // what the reader may choose
	Tongues            []languageChoice // likewise, of the mail
	Days               []box            // on which some mail goes out
	Formats            bool             // the reader may choose
	Plain              bool             // and has chosen text
	Stopped            bool             // some digests are not the reader's to have back
	Watch, Mute        string           // words, one a line
	Until, First, Last string           // days
	Saved              bool
	Wrong, WrongIn     string // what, and where
	Leave              string // the page that leaves
}

// box is something to tick.
type box struct {
	ID, Title string
	On        bool
	Fixed     bool // not the reader's to change
}

// longestPause is how far ahead a pause may end, in days.
const longestPause = 366

// preferences answers a link to a reader's choices. They can only narrow what the configuration says of
// them, so it offers no more than that.
func (s *Server) preferences(v *visit) (shown, error) {
	if !v.reader.known {
		return shown{"web-preferences.html.tmpl", http.StatusOK,
			preferencesPage{sheet: v.sheet(v.words.Words.Preferences)}}, nil
	}
	own := v.reader.own
	status, wrong, wrongIn := http.StatusOK, "", ""
	if v.posted {
		w := v.wish(&own, s.now())
		switch {
		case w.needsTopic:
			wrong, wrongIn = v.words.Web.NeedTopic, "topics"
		case w.needsDay:
			wrong, wrongIn = v.words.Web.NeedDay, "days"
		case w.badWord != "":
			wrong, wrongIn = strings.ReplaceAll(v.words.Web.BadWord, "{word}", w.badWord), w.badIn
		case !v.dayIsRight(own.PausedUntil, s.now()):
			wrong, wrongIn = v.words.Web.BadDay, "until"
		default:
			if err := s.choose(v, w, own); err != nil {
				return shown{}, err
			}
			v.reader.own = own
			v.choosesWords()
		}
		if wrong != "" {
			status = http.StatusUnprocessableEntity
		}
	}
	p, err := s.choices(v, own)
	if err != nil {
		return shown{}, err
	}
	p.Saved, p.Wrong, p.WrongIn = v.posted && wrong == "", wrong, wrongIn
	if wrong != "" {
		p.Digests = v.ticked(p.Digests)
	}
	return shown{"web-preferences.html.tmpl", status, p}, nil
}

// wish is what a form says.
type wish struct {
	stop, resume []string // digests
	needsTopic   bool
	needsDay     bool
	badWord      string // that can't be watched or muted
	badIn        string // "watch" or "mute"
}

// wish reads the form into a reader's own preferences. A field that was not offered leaves what it is about
// as it is.
func (v *visit) wish(own *digest.Preferences, now time.Time) wish {
	var w wish
	for _, id := range v.form["offered-digest"] {
		if slices.Contains(v.form["digest"], id) {
			w.resume = append(w.resume, id)
		} else if v.wanted(id) {
			w.stop = append(w.stop, id)
		}
	}
	offered := v.form["offered-topic"]
	topics := v.topics()
	for _, t := range topics {
		if !slices.Contains(offered, t.ID) {
			continue
		}
		own.Without = slices.DeleteFunc(own.Without, func(id string) bool { return id == t.ID })
		if !slices.Contains(v.form["topic"], t.ID) {
			own.Without = append(own.Without, t.ID)
		}
	}
	w.needsTopic = len(offered) > 0 && len(topics) > 0 &&
		!slices.ContainsFunc(topics, func(t digest.Topic) bool { return !slices.Contains(own.Without, t.ID) })
	without := func(id string) bool { return slices.Contains(own.WithoutDays, id) }
	days := v.form["offered-day"]
	own.WithoutDays = slices.DeleteFunc(own.WithoutDays, func(id string) bool { return slices.Contains(days, id) })
	for _, id := range subscribers.Weekdays {
		if slices.Contains(days, id) && !slices.Contains(v.form["day"], id) {
			own.WithoutDays = append(own.WithoutDays, id)
		}
	}
	w.needsDay = len(days) > 0 && !slices.ContainsFunc(v.days(now), func(id string) bool { return !without(id) })
	if length := v.form.Get("length"); slices.Contains(subscribers.Lengths, length) {
		if own.Length = length; length == v.usualLength() {
			own.Length = ""
		}
	}
	if tag := v.form.Get("language"); tag != "" && v.set.Knows(tag) {
		if own.Language = v.set.Catalogue(tag).Tag; own.Language == v.set.Catalogue(v.reader.subscriber.Language).Tag {
			own.Language = ""
		}
	}
	if v.form.Has("format") && v.reader.subscriber.Format == "html" {
		own.PlainText = v.form.Get("format") == "text"
	}
	for _, field := range []struct {
		name  string
		words *[]string
	}{{"watch", &own.Watch}, {"mute", &own.Mute}} {
		if v.form.Has(field.name) {
			var bad string
			if *field.words, bad = wordsIn(v.form.Get(field.name)); bad != "" {
				w.badWord, w.badIn = bad, field.name
			}
		}
	}
	if v.form.Has("until") {
		own.PausedUntil = v.form.Get("until")
	}
	return w
}

// wordsIn are the words of a field, one a line, and the first that is none.
func wordsIn(text string) (all []string, bad string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" || slices.Contains(all, line) {
			continue
		}
		if err := subscribers.CheckPhrase(line); bad == "" && (err != nil || len(all) == subscribers.MaxPhrases) {
			bad = line
		}
		all = append(all, line)
	}
	return all, bad
}

// wanted reports whether the configuration has a digest for the reader.
func (v *visit) wanted(id string) bool {
	return slices.ContainsFunc(v.site.Config.Digests, func(d digest.Digest) bool { return d.ID == id }) &&
		v.reader.subscriber.Wants(id)
}

// choose makes what a form says durable. Whoever had left all digests and takes one back has left the others.
func (s *Server) choose(v *visit, w wish, own digest.Preferences) error {
	all, err := s.ledger.Readers.SuppressionsOf(v.reader.email)
	if err != nil {
		return err
	}
	if standingOf(all, "").leftAll {
		if len(w.resume) == 0 {
			w.stop = nil // they have left these already
		} else {
			w.resume = append(w.resume, "")
		}
	}
	return s.grant(ledger.Wish{Email: v.reader.email, Source: "page", Stop: w.stop, Resume: w.resume,
		Preferences: &own})
}

// dayIsRight reports whether a pause may end on a day: tomorrow on the reader's clock, or later, within a year.
// What is kept from before may have gone by.
func (v *visit) dayIsRight(day string, now time.Time) bool {
	if day == "" || !v.form.Has("until") {
		return true
	}
	first, last := v.pauses(now)
	_, err := time.Parse(time.DateOnly, day)
	return err == nil && day >= first && day <= last
}

// days are the weekdays on which mail of the reader's goes out in the next fortnight, whatever they chose: of a digest that
// goes out less often, on none perhaps.
func (v *visit) days(now time.Time) (all []string) {
	on := map[string]bool{}
	for _, d := range v.site.Config.Digests {
		if !v.reader.subscriber.Wants(d.ID) {
			continue
		}
		line, zone, err := config.ScheduleOf(d, digest.Lane{Digest: d.ID, Zone: cmp.Or(d.Zone, v.reader.subscriber.Zone)})
		if err != nil {
			continue // the config has checked both
		}
		for _, slot := range line.Between(now, now.AddDate(0, 0, 14), zone) {
			on[subscribers.Weekday(slot.At.In(zone).Weekday())] = true
		}
	}
	for _, id := range subscribers.Weekdays {
		if on[id] && (v.reader.subscriber.Days == nil || slices.Contains(v.reader.subscriber.Days, id)) {
			all = append(all, id)
		}
	}
	return all
}

// usualLength is what the reader gets without a choice.
func (v *visit) usualLength() string {
	length := v.reader.subscriber.Length
	for _, d := range v.site.Config.Digests {
		if v.reader.subscriber.Wants(d.ID) {
			length = cmp.Or(length, d.Length)
		}
	}
	return cmp.Or(length, "usual")
}

// pauses are the first and the last day on which a pause may end.
func (v *visit) pauses(now time.Time) (first, last string) {
	today := now.In(config.Zone(v.reader.subscriber.Zone))
	return today.AddDate(0, 0, 1).Format(time.DateOnly), today.AddDate(0, 0, longestPause).Format(time.DateOnly)
}

// choices is the page as the ledger has it, and with preferences that may not be saved yet.
func (s *Server) choices(v *visit, own digest.Preferences) (preferencesPage, error) {
	p := preferencesPage{
		sheet: v.sheet(v.words.Words.Preferences), Formats: v.reader.subscriber.Format == "html", Plain: own.PlainText,
		Watch: strings.Join(own.Watch, "\n"), Mute: strings.Join(own.Mute, "\n"), Until: own.PausedUntil, Leave: v.link(message.UnsubscribePath + v.token),
	}
	p.First, p.Last = v.pauses(s.now())
	if p.Until < p.First || p.Until > p.Last { // gone by, or no day at all
		p.Until = ""
	}
	all, err := s.ledger.Readers.SuppressionsOf(v.reader.email)
	if err != nil {
		return p, err
	}
	for _, d := range v.site.Config.Digests {
		if !v.reader.subscriber.Wants(d.ID) {
			continue
		}
		st := standingOf(all, d.ID)
		p.Digests = append(p.Digests, box{ID: d.ID, Title: v.site.title(d.ID), On: !st.left && !st.stopped,
			Fixed: st.stopped})
		p.Stopped = p.Stopped || st.stopped
	}
	for i, title := range []string{v.words.Web.Short, v.words.Web.Usual, v.words.Web.Long} {
		id := subscribers.Lengths[i]
		p.Lengths = append(p.Lengths, box{ID: id, Title: title, On: id == cmp.Or(own.Length, v.usualLength())})
	}
	p.Tongues = v.languages(v.set.Catalogue(cmp.Or(own.Language, v.reader.subscriber.Language)).Tag)
	if days := v.days(s.now()); len(days) > 1 {
		for _, id := range days {
			p.Days = append(p.Days, box{ID: id, Title: v.set.Weekday(v.words.Tag, subscribers.DayOf(id)), On: !slices.Contains(own.WithoutDays, id)})
		}
	}
	topics := v.topics()
	if len(topics) < 2 {
		return p, nil
	}
	for _, t := range topics {
		p.Topics = append(p.Topics, box{ID: t.ID, Title: t.Name().In(v.words.Tag),
			On: !slices.Contains(own.Without, t.ID)})
	}
	return p, nil
}

// topics are those that the configuration has for the reader, each once.
func (v *visit) topics() []digest.Topic {
	var all []digest.Topic
	for _, t := range v.site.Config.Topics {
		if slices.ContainsFunc(v.site.Config.Digests, func(d digest.Digest) bool {
			return v.reader.subscriber.Wants(d.ID) && slices.ContainsFunc(d.Topics,
				func(of digest.Topic) bool { return of.ID == t.ID })
		}) && (v.reader.subscriber.Topics == nil || slices.Contains(v.reader.subscriber.Topics, t.ID)) {
			if t.Title == "" {
				t.Title = t.ID
			}
			all = append(all, t)
		}
	}
	return all
}

// ticked is boxes as the form has them, for a form that comes back to be corrected.
func (v *visit) ticked(boxes []box) []box {
	for i, b := range boxes {
		if slices.Contains(v.form["offered-digest"], b.ID) && !b.Fixed {
			boxes[i].On = slices.Contains(v.form["digest"], b.ID)
		}
	}
	return boxes
}
