// Package digest holds the words that the rooms of digestd share: what a feed yields, what a story
// is, what an edition says, and what is owed to whom. It does no I/O, knows no other package of the
// program, and has no opinion on how any of it comes about.
package digest

import (
	"cmp"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Kind says how the items of a feed are to be read.
type Kind string

// The kinds of a feed, an item or a story. The empty kind is news.
const (
	News    Kind = ""
	Opinion Kind = "opinion"
	Aside   Kind = "aside" // what is no news: live pages, briefings, galleries, offers and the like
)

// Feed is one URL that yields items, as the config names it.
type Feed struct {
	URL    string  // http, https or file URL, or an absolute path; the feed's identity
	Name   string  // how the outlet is called in the mail; empty: the feed's own title
	Weight float64 // of its items in the ranking; 1 is neutral
	Kind   Kind

	FullText bool // its items' pages are read for their first paragraphs
}

// Address is the URL as it may be shown: without a password.
func (f Feed) Address() string {
	if u, err := url.Parse(f.URL); err == nil && u.User != nil {
		return u.Redacted()
	}
	return f.URL
}

// Shown is what a server said, such as where it redirects to, without the feed's password, which it may repeat.
func (f Feed) Shown(said string) string {
	u, err := url.Parse(f.URL)
	if err != nil {
		return said
	}
	if password, _ := u.User.Password(); password != "" {
		for _, spelt := range []string{password, url.QueryEscape(password), url.PathEscape(password)} {
			said = strings.ReplaceAll(said, spelt, "xxxxx")
		}
	}
	return said
}

// Called is how the feed is called where people read it.
func (f Feed) Called(st FeedState) string {
	switch {
	case f.Name != "":
		return f.Name
	case st.Title != "":
		return st.Title
	}
	if u, err := url.Parse(f.URL); err == nil && u.Host != "" {
		return u.Host
	}
	return path.Base(f.URL)
}

// Topic is a named set of feeds with its filters and limits.
type Topic struct {
	ID         string            // the key in the config: "global"
	Title      string            // what readers see: "Global"
	Titles     map[string]string // by language, where they differ; nil: Title for all
	Feeds      []Feed
	Include    []*regexp.Regexp // over title and summary; empty lets everything in
	Exclude    []*regexp.Regexp
	MaxStories int // full entries in one edition
	MaxPerFeed int // of them, led by one feed
}

// Digest is a configured newsletter.
type Digest struct {
	ID        string // the key in the config: "daily"
	Title     string // masthead
	Subject   string // text/template over the Page
	Schedule  string // cron line, five fields
	Zone      string // IANA name: one lane for all; empty: each subscriber's own zone
	Topics    []Topic
	Of        string        // Digest.ID of the one whose editions it sums up; empty: it tells items
	CatchUp   time.Duration // a slot missed by less is sent late
	SendEmpty bool

	Approve       string        // "", "send" or "hold": whether the editor sees an edition before it goes
	ApproveBefore time.Duration // the slot, that it is composed for that
	Editor        string        // address; empty: whom [alerts] reaches

	MaxHeadlines int      // in latest news
	Length       string   // "short", "usual" or "long": how much there is to read
	Asides       string   // "last" in latest news, or "off"
	AsidePaths   []string // parts of links whose items are asides, too: "sport"
	Developments bool     // what is new in a story that was told stands in a section of its own

	Archive  bool // each edition has a public page
	Look     Look
	Images   string   // "remote" or "none"
	MaxSize  int      // bytes of each encoded part
	Template string   // directory whose files replace the built-in ones
	Formerly []string // ids that it had before
}

// FeedNames are the digest's feeds by URL, with the name that the config gives them, if any.
func (d Digest) FeedNames() map[string]string {
	names := map[string]string{}
	for _, t := range d.Topics {
		for _, f := range t.Feeds {
			if names[f.URL] == "" {
				names[f.URL] = f.Name
			}
		}
	}
	return names
}

// Lane is one digest in one time zone.
type Lane struct {
	Digest string // Digest.ID
	Zone   string // IANA name, never empty
}

// String names the lane in logs and in the ledger: "daily/Europe/Paris".
func (l Lane) String() string { return l.Digest + "/" + l.Zone }

// Image is a picture that a feed declares for an item.
type Image struct {
	URL    string `json:"url"`              // absolute, https
	Width  int    `json:"width,omitempty"`  // px as declared, as its address has them, or as it has itself; 0: unknown
	Height int    `json:"height,omitempty"` // likewise
	Asked  bool   `json:"asked,omitempty"`  // its server was asked for its size, whatever came of it
	Alt    string `json:"alt,omitempty"`
	Credit string `json:"credit,omitempty"` // whose it is, as the feed says
}

// Unsized reports whether nobody knows the picture's size, or asked for it yet.
func (i *Image) Unsized() bool { return i != nil && !i.Asked && (i.Width == 0 || i.Height == 0) }

// Item is one entry of one feed.
type Item struct {
	Seq        uint64    `json:"seq,omitempty"` // its position in the ledger, from 1; 0: not recorded yet
	Feed       string    `json:"feed"`          // Feed.URL
	Source     string    `json:"source"`        // outlet name as shown
	GUID       string    `json:"guid,omitempty"`
	Link       string    `json:"link,omitempty"` // absolute http or https, or empty
	Title      string    `json:"title"`          // one line of plain text, never empty once recorded
	Summary    Text      `json:"summary,omitempty"`
	Content    Text      `json:"content,omitempty"` // read, but not recorded
	Author     string    `json:"author,omitempty"`
	Categories []string  `json:"categories,omitempty"`
	Language   string    `json:"lang,omitempty"` // as the feed declares it (BCP 47), or empty
	Kind       Kind      `json:"kind,omitempty"`
	Image      *Image    `json:"image,omitempty"`
	Published  time.Time `json:"published,omitzero"` // zero when the feed gives none that can be true
	Updated    time.Time `json:"updated,omitzero"`
	FirstSeen  time.Time `json:"first_seen,omitzero"` // by this ledger; what makes an item new
	LastShown  time.Time `json:"last_shown,omitzero"` // to the day: when the feed last had it
	Place      int       `json:"place,omitempty"`     // the best at which its feed showed it, from 1; 0: not known
	Kept       int       `json:"kept,omitempty"`      // hours among its feed's first items, rounded down to 1, 2, 4 …
	History    bool      `json:"history,omitempty"`   // older than what was read before: never news
	Past       string    `json:"past,omitempty"`      // why it is history; empty: too old at the feed's first poll
	Of         uint64    `json:"of,omitempty"`        // Seq of the same entry, that another feed showed before; 0: none
	After      uint64    `json:"after,omitempty"`     // Seq of the same entry, before its outlet told something new under it; 0: none
	Article    *Fetched  `json:"article,omitempty"`   // what came of reading its page; nil: nobody tried
	Aliases    []Alias   `json:"aliases,omitempty"`   // what else its feed showed as this item, oldest first
}

// Fetched is what came of an item's own page.
type Fetched struct {
	At    time.Time `json:"at"`
	Error string    `json:"error,omitempty"` // in words; empty: the item has its text
}

// Alias is another form in which a feed showed an item, and what showed that it is the same. Only what differs
// from the item is set.
type Alias struct {
	At    time.Time `json:"at"` // when it was joined
	By    string    `json:"by"` // what both have: "guid", "link"
	Title string    `json:"title,omitempty"`
	GUID  string    `json:"guid,omitempty"`
	Link  string    `json:"link,omitempty"`
}

// When is the time shown for an item: Published, clamped to FirstSeen, since feeds lie about the
// future and often say nothing.
func (it Item) When() time.Time {
	if it.Published.IsZero() || (!it.FirstSeen.IsZero() && it.Published.After(it.FirstSeen)) {
		return it.FirstSeen
	}
	return it.Published
}

// FeedState is what is remembered of a feed between two polls.
type FeedState struct {
	URL          string        `json:"url"`
	Title        string        `json:"title,omitempty"` // the outlet's name as the feed's own title has it
	Site         string        `json:"site,omitempty"`  // the page it belongs to
	ETag         string        `json:"etag,omitempty"`  // verbatim, quotes and W/ included
	LastModified string        `json:"last_modified,omitempty"`
	NextPoll     time.Time     `json:"next_poll,omitzero"`
	Taken        time.Time     `json:"taken,omitzero"` // until when it is somebody's who asks it, where several processes do
	LastPoll     time.Time     `json:"last_poll,omitzero"`
	LastSuccess  time.Time     `json:"last_success,omitzero"` // a 200 that was read, or a 304
	LastFull     time.Time     `json:"last_full,omitzero"`    // a 200 that was read
	LastItems    time.Time     `json:"last_items,omitzero"`   // when it last had a new item
	Failures     int           `json:"failures,omitempty"`    // in a row
	FailingSince time.Time     `json:"failing_since,omitzero"`
	Error        string        `json:"error,omitempty"` // of the last poll, in words; empty when it succeeded
	Gone         bool          `json:"gone,omitempty"`  // 410: not polled any more
	Cut          bool          `json:"cut,omitempty"`   // what it last showed ends in the middle
	Bare         bool          `json:"bare,omitempty"`  // it last showed no item at all
	MovedTo      string        `json:"moved_to,omitempty"`
	MovedSeen    int           `json:"moved_seen,omitempty"` // how often in a row the permanent move was seen
	Interval     time.Duration `json:"interval,omitempty"`   // between polls as its cache hints ask
	SkipHours    uint32        `json:"skip_hours,omitempty"` // a bit for each hour, UTC, when it asks not to be read
	SkipDays     uint8         `json:"skip_days,omitempty"`  // a bit for each time.Weekday, likewise
	Daily        []int         `json:"daily,omitempty"`      // new items of the last days, today last
	DailyFrom    string        `json:"daily_from,omitempty"` // date of Daily's last element, UTC
	Unsorted     float64       `json:"unsorted,omitempty"`   // share of neighbouring items not in order of time, lately
}

// ByImportance reports whether a feed's items stand in the order that its editors gave them. All others are
// sorted by time, whichever way round.
func (st FeedState) ByImportance() bool { return st.Unsorted >= leastUnsorted }

// leastUnsorted is far from what both kinds of feeds show: 0 to 0.1 where time sorts, 0.3 to 0.5 where editors do.
const leastUnsorted = 0.2

// Join tells why an item became part of a story.
type Join struct {
	Item  uint64   `json:"item"`  // Seq of the item that joined
	With  uint64   `json:"with"`  // Seq of the item that it was joined to
	Score float64  `json:"score"` // 0 to 1
	Terms []string `json:"terms,omitempty"`
}

// Rank explains a story's place: the parts and their product. Place, Staying and Heat are 0 in editions that were
// composed before there were such parts.
type Rank struct {
	Coverage float64 `json:"coverage"`
	Place    float64 `json:"place,omitempty"`   // how near the top the feeds that order by importance had it
	Staying  float64 `json:"staying,omitempty"` // how long one of them kept it there
	Heat     float64 `json:"heat,omitempty"`    // how much else is told of its subject, whose best story it is
	Subject  string  `json:"subject,omitempty"` // that gives the heat
	Recency  float64 `json:"recency"`
	Weight   float64 `json:"weight"`
	Affair   int     `json:"affair,omitempty"`   // outlets beyond its own that count, since they repeat it in other words
	News     float64 `json:"news,omitempty"`     // less than 1 where its words or links tell of sport, show, life or views
	Toll     float64 `json:"toll,omitempty"`     // more than 1 where a headline says that many died
	Asks     bool    `json:"asks,omitempty"`     // nobody has more than a question, for which Total is taken down
	Beside   string  `json:"beside,omitempty"`   // title of a better story of the same affair, for which it stands back
	Repeats  string  `json:"repeated,omitempty"` // ID of that story, where it tells nothing beyond it and no edition had that one
	Running  float64 `json:"running,omitempty"`  // in a digest of another one's editions: on how many days they told it, and what came
	Total    float64 `json:"total"`
}

// IsLight reports whether a story is hardly news of public affairs, by its words and links.
func (r Rank) IsLight() bool { return 0 < r.News && r.News < 0.7 }

// Story is one or more items about the same thing.
type Story struct {
	ID      string   `json:"id"`     // stable while its leading item leads
	Items   []Item   `json:"items"`  // the first leads; the others are its coverage
	Topics  []string `json:"topics"` // Topic.IDs that carry it, the one that it belongs to most first
	Kind    Kind     `json:"kind,omitempty"`
	Aside   string   `json:"aside,omitempty"` // what makes it no news, in words; empty: nothing does, or its feed
	Rank    Rank     `json:"rank"`
	Joins   []Join   `json:"joins,omitempty"`
	Brief   bool     `json:"brief,omitempty"`   // selected for latest news: a headline only
	Carried int      `json:"carried,omitempty"` // editions that had no room for it so far

	Follows *Follows `json:"follows,omitempty"` // the story whose development it is; nil: it is none
	Retells []Told   `json:"retells,omitempty"` // in a digest of another one's editions: those that told it, oldest first

	SummaryFrom string `json:"summary_from,omitempty"` // the outlet whose summary the first item has in place of none
	ImageFrom   string `json:"image_from,omitempty"`   // likewise of its picture
}

// Follows is a story that an edition told, as another one follows it with something that is new.
type Follows struct {
	Story   string    `json:"story"`            // Story.ID
	Edition string    `json:"edition"`          // Edition.ID
	Told    time.Time `json:"told"`             // Edition.Slot
	Public  string    `json:"public,omitempty"` // Edition.Public
	Title   string    `json:"title"`            // of the item that stood for it
	News    []string  `json:"news"`             // what is new, for why: "other numbers: 12"
	Score   float64   `json:"score"`            // 0 to 1: how surely they are one affair
	Terms   []string  `json:"terms"`            // by which words
}

// Told is how an edition of another digest told a story.
type Told struct {
	Edition string    `json:"edition"`          // Edition.ID
	At      time.Time `json:"at"`               // Edition.Slot, in the zone of that edition
	Public  string    `json:"public,omitempty"` // Edition.Public
	Title   string    `json:"title"`            // of the item that stood for it
}

// Days counts the days on which editions of another digest told the story.
func (s Story) Days() int {
	seen := make(map[string]bool, len(s.Retells))
	for _, t := range s.Retells {
		seen[t.At.Format(time.DateOnly)] = true
	}
	return len(seen)
}

// Lead is the item that stands for the story.
func (s Story) Lead() Item { return s.Items[0] }

// Coverage are the items beyond the first, one an outlet.
func (s Story) Coverage() []Item { return s.Items[1:] }

// Outlets counts the different outlets that carry the story.
func (s Story) Outlets() int {
	seen := make(map[string]bool, len(s.Items))
	for _, it := range s.Items {
		seen[it.Source] = true
	}
	return len(seen)
}

// FeedReport is one feed's part of the coverage footer.
type FeedReport struct {
	Name        string    `json:"name"`
	OK          bool      `json:"ok"`
	Topics      []string  `json:"topics,omitempty"`      // TopicName.IDs that have it; nil in old editions: all
	Read        int       `json:"read,omitempty"`        // items of it that were considered
	LastSuccess time.Time `json:"last_success,omitzero"` // zero: never
}

// TopicName is a topic as an edition remembers it.
type TopicName struct {
	ID     string            `json:"id"`
	Title  string            `json:"title"`
	Titles map[string]string `json:"titles,omitempty"` // by language, where they differ
}

// In is the topic's title for readers of a language: "fr-CA" or "fr".
func (t TopicName) In(language string) string {
	base, _, _ := strings.Cut(language, "-")
	return cmp.Or(t.Titles[strings.ToLower(language)], t.Titles[strings.ToLower(base)], t.Title)
}

// Name is the topic as an edition remembers it.
func (t Topic) Name() TopicName { return TopicName{t.ID, t.Title, t.Titles} }

// Includes reports whether a topic lets a text in, which is [Item.Text], by its Include alone.
func (t Topic) Includes(text string) bool {
	return len(t.Include) == 0 || slices.ContainsFunc(t.Include, func(re *regexp.Regexp) bool { return re.MatchString(text) })
}

// Text is what topics choose an item by: its title and summary.
func (it Item) Text() string { return it.Title + "\n" + it.Summary.Plain() }

// Edition is what a lane says at a slot, frozen once composed: the selection over all topics of the
// digest. What one reader sees of it is a Page.
type Edition struct {
	ID       string       `json:"id"` // "daily/Europe/Paris/2026-11-22T07:00", "+1" after an extra
	Digest   string       `json:"digest"`
	Title    string       `json:"title"`
	Zone     string       `json:"zone"`
	Slot     time.Time    `json:"slot"`
	Number   int          `json:"number"`          // of the lane, from 1
	Composed time.Time    `json:"composed"`        // also the Date of its mails
	Since    time.Time    `json:"since"`           // when the lane last composed, or the start of its look back
	Note     []Text       `json:"note,omitempty"`  // of the editor, a paragraph each
	Lead     string       `json:"lead,omitempty"`  // Story.ID, of the one that the editor made lead; empty: the best
	Topics   []TopicName  `json:"topics"`          // of the digest, in order
	Stories  []Story      `json:"stories"`         // all that stand on any page, what is new first, by rank
	Pages    []Selection  `json:"pages,omitempty"` // who sees which of them; without it, everybody all of their topics
	Read     int          `json:"read"`            // items considered
	Feeds    []FeedReport `json:"feeds"`
	Carried  int          `json:"carried"`          // stories without room, kept for the next edition
	Dropped  int          `json:"dropped"`          // stories that had no room twice, closed
	Public   string       `json:"public,omitempty"` // where its public page stands, below the archive's address: "daily/2026-11-22"
}

// Choice is what readers chose that decides how much of an edition they see of what.
type Choice struct {
	Topics []string `json:"topics"`           // nil: all of the digest
	Length string   `json:"length,omitempty"` // "short", "usual", "long"; empty: the digest's
}

// Same reports whether two choices come to one page.
func (c Choice) Same(o Choice) bool {
	return (c.Topics == nil) == (o.Topics == nil) && slices.Equal(c.Topics, o.Topics) && c.Length == o.Length
}

// Selection is what the readers of some topics see of an edition: places in Edition.Stories.
type Selection struct {
	Choice
	Full  []int `json:"full"`  // by rank
	Brief []int `json:"brief"` // in the order of the page
}

// VariantKey is what the readers of one variant share.
type VariantKey struct {
	Topics   []string `json:"topics,omitempty"` // nil: all of the digest
	Length   string   `json:"length,omitempty"` // empty: the digest's
	Language string   `json:"language"`
	Format   string   `json:"format"`            // "html" or "text"
	Except   []string `json:"except,omitempty"`  // ids of stories that these readers had in another lane
	Muted    []string `json:"muted,omitempty"`   // ids of stories at the top of the page, which these readers mute
	Watched  []string `json:"watched,omitempty"` // ids of stories that some of these readers watch
	Parts    bool     `json:"parts,omitempty"`   // these readers' mails differ in parts: Recipient.Own
}

// Choice is the page that they see.
func (v VariantKey) Choice() Choice { return Choice{v.Topics, v.Length} }

// SectionKind tells the parts of an edition apart.
type SectionKind string

// The sections in their order on the page.
const (
	SectionLead         SectionKind = "lead"
	SectionWatch        SectionKind = "you watch"
	SectionTopic        SectionKind = "topic"
	SectionDevelopments SectionKind = "developments"
	SectionOpinion      SectionKind = "opinion"
	SectionLatest       SectionKind = "latest news"
)

// Section is a part of a page.
type Section struct {
	Kind    SectionKind `json:"kind"`
	Topic   string      `json:"topic,omitempty"` // TopicName.ID, of a topic's section
	Title   string      `json:"title,omitempty"` // of a topic's section; the others are named by the language
	Entries []Entry     `json:"entries"`
	Part    Part        `json:"-"`
}

// Part is a part of a page that some of the readers of a variant see and others don't. An odd one is seen unless
// Recipient.Own names it, an even one only if it does. 0: everybody sees it.
type Part int

// Entry is a story as one reader sees it.
type Entry struct {
	Story
	Part       Part   `json:"-"`
	Topic      string `json:"topic"` // of this reader's topics the one that the story belongs to most
	TopicTitle string `json:"topic_title"`
}

// Page is an edition as the readers of one variant see it. Lead and emptiness are its own.
type Page struct {
	Edition  Edition    `json:"-"`
	Variant  VariantKey `json:"variant"`
	Five     []Entry    `json:"five"`     // the most important entries, the lead first; nil on a short page
	Lead     *Entry     `json:"lead"`     // nil when the page is empty
	Sections []Section  `json:"sections"` // without the lead; empty ones are absent
	Mark     Part       `json:"-"`        // says that the reader watches the lead; 0: nobody does
}

// All are the sections, with the lead first, in a section of its own.
func (p Page) All() []Section {
	if p.Lead == nil {
		return p.Sections
	}
	return append([]Section{{Kind: SectionLead, Entries: []Entry{*p.Lead}}}, p.Sections...)
}

// Empty reports whether there is nothing for these readers.
func (p Page) Empty() bool { return p.Lead == nil && len(p.Sections) == 0 }
