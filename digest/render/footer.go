package render

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"digestd/digest"
)

// silentNamed is how many silent feeds the coverage paragraph names.
const silentNamed = 3

// footer fills in the coverage paragraph and the legal lines.
func (b *builder) footer(v *View) {
	e := b.page.Edition
	since := e.Since
	if since.IsZero() {
		since = b.now
	}
	v.Nothing = b.sentence(fill(b.lang.Nothing, "since", b.lang.since(since.In(b.zone), b.now)))
	v.Coverage = b.coverage(v, since.In(b.zone))
	v.Why = b.turn(split(b.lang.Why, "name", v.Title, "address", b.frame.Address))
	v.WhyText = fill(b.lang.WhyText, "name", v.Title)
	v.Imprint = b.imprint()
	v.Links = b.links()
}

// coverage says in plain words what the edition was made from and what is missing.
func (b *builder) coverage(v *View, since time.Time) []Piece {
	var out []Piece
	say := func(pieces ...Piece) {
		if len(out) > 0 {
			out = append(out, Piece{S: b.lang.Space})
		}
		out = append(out, pieces...)
		if !strings.HasSuffix(out[len(out)-1].S, b.lang.Stop) {
			out = append(out, Piece{S: b.lang.Stop})
		}
	}
	if feeds := b.feeds(); len(feeds) > 0 {
		ok, items := 0, 0
		for _, f := range feeds {
			if f.OK {
				ok++
			}
			items += f.Read
		}
		parts := []string{b.lang.plural(b.lang.FeedsRead, len(feeds), "ok", strconv.Itoa(ok),
			"since", b.lang.since(since, b.now))}
		if items == 0 && b.page.Variant.Topics == nil { // of an edition that counts them together alone
			items = b.page.Edition.Read
		}
		if items > 0 {
			parts = append(parts, b.lang.plural(b.lang.Items, items))
		}
		if n := stories(b.page); n > 0 && !b.page.Variant.Parts { // whose readers do not all see the same
			parts = append(parts, b.lang.plural(b.lang.Stories, n))
		}
		say(Piece{S: strings.Join(parts, b.lang.Clause)})
	}
	for _, s := range b.silent(b.feeds()) {
		say(s...)
	}
	if !v.Empty {
		say(Piece{S: b.lang.zone(b.now)})
	}
	return b.turn(out)
}

// feeds are those of the readers' own topics: what others read is none of their business.
func (b *builder) feeds() (own []digest.FeedReport) {
	wanted := b.page.Variant.Topics
	for _, f := range b.page.Edition.Feeds {
		if wanted == nil || f.Topics == nil || slices.ContainsFunc(f.Topics, func(id string) bool { return slices.Contains(wanted, id) }) {
			own = append(own, f)
		}
	}
	return own
}

// silent names the feeds that did not answer, and counts those beyond the first few.
func (b *builder) silent(feeds []digest.FeedReport) [][]Piece {
	var out [][]Piece
	more := 0
	for _, f := range feeds {
		name := name(f.Name, nameLength)
		switch {
		case f.OK:
		case len(out) == silentNamed:
			more++
		case f.LastSuccess.IsZero():
			out = append(out, split(b.lang.SilentAlways, "name", name))
		default:
			since := b.lang.sinceDay(f.LastSuccess.In(b.zone), b.now)
			out = append(out, split(b.lang.Silent, "name", name, "since", since))
		}
	}
	if more > 0 {
		out = append(out, []Piece{{S: b.lang.plural(b.lang.SilentMore, more)}})
	}
	return out
}

// stories counts the different stories of a page.
func stories(p digest.Page) int {
	seen := map[string]bool{}
	for _, s := range p.All() {
		for _, e := range s.Entries {
			seen[e.ID] = true
		}
	}
	return len(seen)
}

func (b *builder) imprint() []Piece {
	name, postal := clean(b.frame.Newsletter), clean(b.frame.PostalAddress)
	switch {
	case name == "" && postal == "":
		return nil
	case name == "":
		return b.turn([]Piece{{S: postal, Name: "postal"}})
	case postal == "":
		return b.turn([]Piece{{S: name, Name: "name"}})
	}
	return b.turn([]Piece{{S: name, Name: "name"}, {S: b.lang.Clause}, {S: postal, Name: "postal"}})
}

// links are the optional ones: in a line of its own what a reader may do, the preferences verbatim; then those that the
// config gives.
func (b *builder) links() []Link {
	var out []Link
	add := func(l Link) {
		if u, ok := proseURL(l.URL); ok {
			l.URL = u
			out = append(out, l)
		}
	}
	add(Link{Before: b.lang.Forwarded, Name: b.lang.Subscribe, URL: b.frame.Subscribe})
	if b.frame.PreferencesURL != "" {
		out = append(out, Link{Name: b.lang.Change, URL: b.frame.PreferencesURL})
	}
	mine := len(out)
	for _, l := range []Link{
		{Name: b.lang.Feedback, URL: b.frame.Feedback},
		{Name: b.lang.MoreLike, URL: b.opinion("more")},
		{Name: b.lang.LessLike, URL: b.opinion("less")},
		{Name: b.lang.Privacy, URL: b.frame.Privacy},
		{Name: b.lang.RSS, URL: b.frame.RSS},
	} {
		add(l)
	}
	if mine > 0 && mine < len(out) {
		out[mine].First = true
	}
	return out
}

// opinion is the address by which a reader says that they want more, or less, of what an edition tells: a mail to whoever
// takes feedback, or the page for it. It names the edition and nobody.
func (b *builder) opinion(wish string) string {
	e := b.page.Edition
	name := strings.TrimPrefix(e.ID, e.Digest+"/"+e.Zone+"/")
	to, rest, query := strings.Cut(b.frame.Feedback, "?")
	switch {
	case to == "":
		return ""
	case query:
		rest += "&"
	}
	if strings.HasPrefix(strings.ToLower(to), "mailto:") {
		return to + "?" + rest + "subject=" + url.PathEscape(wish+": "+e.Digest+" "+name)
	}
	return to + "?" + rest + wish + "=" + url.QueryEscape(e.Digest+" "+name)
}

func (b *builder) sentence(s string) string { return s + b.lang.Stop }

// turn marks the pieces that were filled in and run against the page. An address is left-to-right
// whatever it is made of, and in a right-to-left page it is always marked: it may be a placeholder.
func (b *builder) turn(pieces []Piece) []Piece {
	for i := range pieces {
		p := &pieces[i]
		if p.Name == "" || p.Name == "since" {
			continue
		}
		dir := direction(p.S)
		if p.Name == "address" {
			dir = leftToRight.Dir
		}
		if dir != b.side.Dir {
			p.Dir = dir
		}
	}
	return pieces
}

// preheaderLength is the most characters of the line that inboxes show behind the subject.
const preheaderLength = 240

// preheaderPlus is how many headlines it says before the lead's own words.
const preheaderPlus = 3

// preheader is real news: the headlines behind the lead, then the lead in a sentence, then what else there is. It never
// says what the subject says, and is never empty.
func preheader(v *View) string {
	if v.Empty {
		return v.Nothing
	}
	cut, ok := strings.CutSuffix(v.Subject, ellipsis)
	if !ok || cut == "" {
		cut = "\n" // which nothing begins with
	}
	var parts []string
	add := func(s string) {
		if s != "" && !strings.Contains(v.Subject, s) && !strings.HasPrefix(s, cut) {
			parts = append(parts, s)
		}
	}
	if v.Lead != nil {
		add(v.Lead.Title)
	}
	plus := len(parts)
	for i, title := range v.next {
		if i == preheaderPlus {
			break
		}
		add(title)
	}
	if len(parts) > plus {
		parts[plus] = fill(v.Words.Plus, "headlines", parts[plus])
	}
	if v.Lead != nil {
		add(standfirst(v.Lead.Summary, 1, preheaderLength).Plain())
	}
	for _, title := range v.next[min(preheaderPlus, len(v.next)):] {
		add(title)
	}
	if len(parts) == 0 && v.Lead != nil { // one story without words: an inbox would show the masthead in place of a line that is empty
		for _, s := range []string{v.Lead.Source, v.Lead.Time, v.Date, v.Reading} {
			add(s)
		}
	}
	var out strings.Builder
	n := 0
	for i, p := range parts {
		size := len([]rune(p))
		if i > 0 {
			// A headline that is cut short tells nothing, unless an inbox would go on with what stands on top of the mail.
			if n+3+size > preheaderLength && n >= inboxLength {
				break
			}
			out.WriteString(" · ")
			n += 3
		}
		out.WriteString(p)
		n += size
		if n >= preheaderLength {
			break
		}
	}
	return shorten(out.String(), preheaderLength)
}
