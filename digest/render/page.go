package render

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"digestd/digest"
)

// The bounds of what is told of a story, in characters. A first sentence that is longer is cut.
const (
	standfirstLength = 360
	summaryLength    = 160
	opinionLength    = 200
	titleLength      = 140
	longTitle        = 90 // from which on a lead's headline is set smaller
	nameLength       = 60
	boundName        = 20 // up to which an outlet's name is kept together
	leadSentences    = 3
	sentences        = 2
	alsoNamed        = 3
)

// oldAfter is the age from which on an entry says its time where the others leave it out.
const oldAfter = 24 * time.Hour

// updatedMargin is by how much an item must have been changed after it was published to say so.
const updatedMargin = 15 * time.Minute

// builder makes a View; it holds what all parts of it need.
type builder struct {
	page     digest.Page
	frame    Frame
	lang     *language
	side     Side
	zone     *time.Location
	now      time.Time         // of composing, in the zone
	today    time.Time         // whose date the masthead shows
	words    int               // to read
	pictured map[string]bool   // addresses of the pictures on the page
	anchor   map[string]string // of the entries that five things link to, by story
}

func newBuilder(p digest.Page, f Frame, l *language) *builder {
	b := &builder{page: p, frame: f, lang: l, side: sideOf(l.Dir), zone: f.Zone, anchor: map[string]string{}, pictured: map[string]bool{}}
	if b.zone == nil {
		b.zone = time.UTC
	}
	b.now = p.Edition.Composed.In(b.zone)
	// An edition that is sent by hand, long after its slot, is of the day on which its readers get it.
	if b.today = p.Edition.Slot.In(b.zone); p.Edition.Slot.IsZero() || b.now.Format(time.DateOnly) > b.today.Format(time.DateOnly) {
		b.today = b.now
	}
	return b
}

func newView(p digest.Page, f Frame, l *language) *View {
	b := newBuilder(p, f, l)
	v := &View{
		Side:           b.side,
		Look:           b.look(b.side),
		Logo:           b.logo(),
		Lang:           l.tag,
		Title:          clean(p.Edition.Title),
		Empty:          p.Empty(),
		Words:          l.Words,
		Dot:            dot(b.side, ""),
		Address:        f.Address,
		UnsubscribeURL: f.UnsubscribeURL,
		PreferencesURL: f.PreferencesURL,
		Edition:        p.Edition.ID,
		Slot:           p.Edition.Slot.In(b.zone),
		ArchiveURL:     f.Archive,
		Day:            b.today.Format(time.DateOnly),
	}
	if v.Title == "" {
		v.Title = clean(f.Newsletter)
	}
	v.TitleLong = cells(v.Title) > 12

	v.Note = b.note()
	for i, e := range p.Five {
		b.anchor[e.ID] = "story-" + strconv.Itoa(i+1)
		v.Five = append(v.Five, b.thing(e, i+1))
	}
	if p.Lead != nil {
		s := b.story(*p.Lead, digest.SectionLead)
		v.Lead = &s
		v.entries++
	}
	for _, s := range p.Sections {
		if len(s.Entries) == 0 {
			continue
		}
		section := Section{Kind: string(s.Kind), Name: b.sectionName(s), Stories: make([]Story, len(s.Entries))}
		section.Cut, section.Stop = b.cut(s.Part)
		for i, e := range s.Entries {
			section.Stories[i] = b.story(e, s.Kind)
			section.Stories[i].Rank = i + 1
			section.Stories[i].Cut, section.Stories[i].Stop = b.cut(e.Part)
		}
		b.thumbnails(section, s.Entries)
		v.Sections = append(v.Sections, section)
		v.entries += len(s.Entries)
	}
	next := slices.IndexFunc(v.Sections, func(s Section) bool { return s.Kind != string(digest.SectionWatch) })
	if v.Lead != nil && next >= 0 && v.Sections[next].Name == v.Lead.Topic {
		v.Lead.Topic = "" // which the next heading says, that all readers see
	}
	if p.Mark != 0 {
		v.Watched = &Section{Name: l.YouWatch}
		v.Watched.Cut, v.Watched.Stop = b.cut(p.Mark)
	}
	b.headlines(v)
	b.masthead(v)
	b.footer(v)
	return v
}

// note is what the editor says, guarded like what feeds say.
func (b *builder) note() []Paragraph {
	var all []Paragraph
	for _, t := range b.page.Edition.Note {
		t = cleanText(t)
		plain := t.Plain()
		if !visible(plain) {
			continue
		}
		one := Paragraph{Side: b.side, Text: t}
		if dir := direction(plain); dir != "" {
			one.Side = sideOf(dir)
		}
		for _, s := range t {
			if s.Href != "" && s.Href != s.S && !slices.Contains(one.Links, s.Href) {
				one.Links = append(one.Links, s.Href)
			}
		}
		b.read(plain)
		all = append(all, one)
	}
	if last := len(all) - 1; last >= 0 {
		all[last].Last = true
	}
	return all
}

// cut marks where a part begins and where it ends.
func (b *builder) cut(p digest.Part) (begin, end string) {
	if p <= 0 || b.frame.Cut == nil {
		return "", ""
	}
	return b.frame.Cut(p), b.frame.Cut(0)
}

func (b *builder) sectionName(s digest.Section) string {
	switch s.Kind {
	case digest.SectionWatch:
		return b.lang.YouWatch
	case digest.SectionDevelopments:
		return b.lang.Developments
	case digest.SectionOpinion:
		return b.lang.Opinion
	case digest.SectionLatest:
		return b.lang.LatestNews
	}
	if n := topicName(s.Title, s.Topic); n != "" {
		return n
	}
	return ellipsis
}

// What a subject shows at least of two headlines: inboxes show 30 to 90 characters.
const (
	shortHeadline = 48
	bothHeadlines = 90
)

// headlines lists what the page tells beside its lead, the best first, and makes the line for the subject.
func (b *builder) headlines(v *View) {
	var next []digest.Entry
	for _, s := range b.page.Sections {
		if s.Part == 0 {
			next = append(next, s.Entries...)
		}
	}
	if next == nil && len(b.page.Five) > 0 { // what not all readers see can stand in nobody's subject
		next = slices.Clone(b.page.Five[1:])
	}
	slices.SortStableFunc(next, func(a, b digest.Entry) int {
		switch {
		case a.Brief == b.Brief && !a.Brief:
			return cmp.Compare(b.Rank.Total, a.Rank.Total)
		case a.Brief == b.Brief:
			return 0
		case a.Brief:
			return 1
		}
		return -1
	})
	for _, e := range next {
		v.next = append(v.next, title(e.Lead()))
	}
	if v.Lead == nil {
		return
	}
	v.Headlines = v.Lead.Title
	if cells(v.Headlines) > shortHeadline {
		return
	}
	for i, s := range v.next {
		if i < preheaderPlus && !next[i].Brief && cells(v.Headlines)+2+cells(s) <= bothHeadlines && direction(s) == direction(v.Headlines) {
			v.Headlines += "; " + s
			return
		}
	}
}

// title is the headline. One that was nothing but characters that no mail shows becomes the address.
func title(it digest.Item) string {
	for _, s := range []string{it.Title, it.Link, it.Source} {
		if s = name(s, titleLength); s != "" {
			return s
		}
	}
	return ellipsis
}

// outletName is the source as shown; one without a name goes by its host.
func outletName(it digest.Item) string {
	if s := name(it.Source, nameLength); s != "" {
		return s
	}
	if u, err := url.Parse(it.Link); err == nil && u.Hostname() != "" {
		return name(strings.TrimPrefix(u.Hostname(), "www."), nameLength)
	}
	return ellipsis
}

// name is feed text as a name: one line, not too long, and nothing at all where it shows nothing.
func name(s string, length int) string {
	if s = clean(s); !visible(s) {
		return ""
	}
	return shorten(s, length)
}

// topicName is what readers see of a topic: its title, or its id when it has none.
func topicName(title, id string) string {
	if title = name(title, titleLength); title != "" {
		return title
	}
	return name(id, titleLength)
}

func (b *builder) masthead(v *View) {
	v.Date = b.lang.date(b.today)
	if n := b.page.Edition.Number; n > 0 {
		v.Number = fill(b.lang.Number, "n", strconv.Itoa(n))
	}
	if !v.Empty && !b.page.Variant.Parts { // whose readers do not all read the same
		const wordsPerMinute = 220
		v.Reading = b.lang.plural(b.lang.Reading, max(1, (b.words+wordsPerMinute-1)/wordsPerMinute))
	}
}

// manyOutlets is from how many outlets on five things say how many.
const manyOutlets = 3

// thing makes an entry of five things. Its second line is in the page's words and direction.
func (b *builder) thing(e digest.Entry, rank int) Story {
	s := b.plain(e)
	s.Rank = rank
	if n := e.Outlets(); n >= manyOutlets {
		s.Outlets = b.lang.plural(b.lang.Outlets, n)
	}
	s.Dot = dot(b.side, s.Topic)
	return s
}

// story makes an entry of a section.
func (b *builder) story(e digest.Entry, kind digest.SectionKind) Story {
	it := e.Lead()
	s := b.plain(e)
	if when := it.When(); !when.IsZero() {
		s.Time, s.Old = b.lang.moment(when.In(b.zone), b.today), b.now.Sub(when) >= oldAfter
		if it.Updated.Sub(when) >= updatedMargin && !it.Updated.After(b.now) {
			moment := b.lang.moment(it.Updated.In(b.zone), b.today)
			if daysBetween(it.Updated.In(b.zone), b.today) == 0 {
				moment = fill(b.lang.At, "time", moment)
			}
			s.Updated = fill(b.lang.Updated, "time", moment)
		}
	}
	switch f := e.Follows; {
	case kind == digest.SectionLatest:
	case f != nil:
		s.Since, s.SinceURL = b.since(f.Told, f.Title, f.Public)
	case e.Days() > 1:
		first := e.Retells[0]
		s.Since, s.SinceURL = b.since(first.At, first.Title, first.Public)
	}
	switch kind {
	case digest.SectionLatest:
		b.read(s.Title)
		if cells(s.Byline) <= boundName { // it stands behind the headline, where it would be parted between two lines
			s.Byline = strings.ReplaceAll(s.Byline, " ", noBreakSpace)
		}
	case digest.SectionOpinion:
		s.Summary = b.summary(e, s.Title, 1, opinionLength)
		if s.Author = author(it.Author, s.Source); s.Author != "" {
			s.Byline = fill(b.lang.Byline, "author", s.Author, "source", s.Source)
		}
		s.Also = b.also(e)
	case digest.SectionLead:
		s.Summary = b.summary(e, s.Title, leadSentences, standfirstLength)
		s.Also = b.also(e)
		if s.Image = b.picture(e, s.Title); s.Image == nil {
			s.Image = b.thumbnail(e, s.Source)
		}
	default:
		s.Summary = b.summary(e, s.Title, sentences, summaryLength)
		s.Also = b.also(e)
	}
	s.Dot = dot(s.Side, s.Byline)
	return s
}

// since says what a development follows, or how a story began, and where that can be read.
func (b *builder) since(told time.Time, title, public string) (line []Piece, url string) {
	told = told.In(b.zone)
	when := b.lang.fillDate(b.lang.SinceDate, &b.lang.Weekdays, told)
	if daysBetween(told, b.today) == 0 {
		when = b.lang.since(told, b.today)
	}
	if b.frame.PublicURL != nil && public != "" {
		url, _ = webURL(b.frame.PublicURL(public))
	}
	line = b.turn(split(b.lang.SinceTold, "since", when, "headline", name(title, titleLength)))
	line[0].S = capital(line[0].S)
	return line, url
}

// plain is a story without what differs between sections.
func (b *builder) plain(e digest.Entry) Story {
	it := e.Lead()
	s := Story{ID: e.ID, Title: title(it), Topic: topicName(e.TopicTitle, e.Topic), Source: outletName(it), Anchor: b.anchor[e.ID]}
	s.Side = b.sideOfStory(s.Title, it.Language)
	s.Look, s.Against = b.look(s.Side), s.Dir != b.side.Dir
	s.Headline, s.Long = bindLast(s.Title), cells(s.Title) > longTitle
	s.Italic = hasItalics(s.Title)
	s.URL, _ = webURL(it.Link)
	if lang := validTag(it.Language); rtlLanguage(lang) == s.RTL && !sameLanguage(lang, b.lang.tag) {
		s.Lang = lang
	}
	s.Byline = s.Source
	return s
}

// sideOfStory goes by the first letter of the headline, then by the language, then by the page.
func (b *builder) sideOfStory(title, lang string) Side {
	if dir := direction(title); dir != "" {
		return sideOf(dir)
	}
	if lang != "" && rtlLanguage(lang) {
		return rightToLeft
	}
	return b.side
}

// summary cuts what the outlet says of the story to whole sentences; a summary that only repeats
// the headline says nothing, and that of the next outlet stands for it. One that is another outlet's than the headline
// says whose it is.
func (b *builder) summary(e digest.Entry, title string, most, length int) digest.Text {
	var t digest.Text
	for i, it := range e.Items {
		if i > 0 && !sameLanguage(it.Language, e.Lead().Language) {
			continue
		}
		if t = standfirst(withoutRepeat(unbound(cleanText(it.Summary)), title), most, length); len(t) > 0 {
			if i > 0 {
				e.SummaryFrom = it.Source
			}
			break
		}
	}
	plain := t.Plain()
	b.read(title)
	b.read(plain)
	if from := credit(e.SummaryFrom); from != "" && len(t) > 0 {
		t = append(slices.Clone(t), digest.Span{S: from})
	}
	return t
}

// credit names the outlet that something was borrowed from.
func credit(outlet string) string {
	if outlet = name(outlet, nameLength); outlet == "" {
		return ""
	}
	return " (" + outlet + ")"
}

func (b *builder) read(s string) { b.words += wordCount(s) }

// also makes the coverage line: every outlet once, without the story's own.
func (b *builder) also(e digest.Entry) *Also {
	seen := map[string]bool{outletName(e.Lead()): true}
	var outlets []Link
	for _, it := range e.Coverage() {
		outlet := name(it.Source, nameLength)
		if seen[outlet] || outlet == "" {
			continue
		}
		seen[outlet] = true
		u, _ := webURL(it.Link)
		outlets = append(outlets, Link{Name: outlet, URL: u})
	}
	if len(outlets) == 0 {
		return nil
	}
	a := &Also{Side: b.side, Lang: b.lang.tag, Comma: b.lang.Comma, Extra: max(0, len(outlets)-alsoNamed)}
	if b.side.RTL { // between two names of Latin letters the comma would turn round
		a.Comma = rightMark + a.Comma
	}
	named := min(alsoNamed, len(outlets))
	a.Outlets = outlets[:named]
	pattern := b.alsoPattern(len(outlets) - named)
	before, after, _ := strings.Cut(pattern, "{list}")
	a.Before, a.After = capital(before), after
	for ; named > 0; named-- {
		var names strings.Builder
		for i, o := range outlets[:named] {
			if i > 0 {
				names.WriteString(a.Comma)
			}
			names.WriteString(o.Name)
		}
		a.Lines = append(a.Lines, fill(b.alsoPattern(len(outlets)-named), "list", names.String()))
	}
	return a
}

// alsoPattern is the coverage line with {list} still open.
func (b *builder) alsoPattern(more int) string {
	if more == 0 {
		return b.lang.AlsoIn
	}
	return fill(b.lang.form(b.lang.AlsoInMore, more), "n", strconv.Itoa(more), "list", "{list}")
}

// dot stands between a name and a time. Where a name's direction is not that of its line, or the line
// is right-to-left, a mark keeps the two from running backwards.
func dot(line Side, name string) string {
	const d = noBreakSpace + "·" + " "
	switch {
	case line.RTL:
		return rightMark + d
	case direction(name) == "rtl":
		return leftMark + d
	}
	return d
}
