package render

import (
	"time"

	"digestd/digest"
)

// Side is a writing direction with what templates need of it.
type Side struct {
	Dir   string // "ltr" or "rtl"
	Start string // "left" or "right": where a line begins
	End   string
	RTL   bool
}

var (
	leftToRight = Side{Dir: "ltr", Start: "left", End: "right"}
	rightToLeft = Side{Dir: "rtl", Start: "right", End: "left", RTL: true}
)

func sideOf(dir string) Side {
	if dir == "rtl" {
		return rightToLeft
	}
	return leftToRight
}

// Look is what an owner chooses of the look, as it stands in a style. Serif is what the outlets wrote, Sans what we add.
type Look struct {
	Serif      string // font families, of the side's script
	Sans       string
	Accent     string // "#9C1F1F"
	AccentDark string // the same on a dark ground
	Gap        int    // px below an entry
	Space      int    // px below a section
}

// View is what templates see of a page: everything that the two parts say, in the reader's language,
// with times already in words. docs/templates.md describes it for owners of templates.
type View struct {
	Side
	Look
	Lang      string // BCP 47, of the frame
	Subject   string // empty while the subject itself is made
	Preheader string // likewise

	Dot       string // between the parts of a line, with the mark that keeps them in order
	Title     string // masthead
	TitleLong bool   // over 12 letters
	Date      string // "Thursday 12 March 2026"
	Number    string // "No. 42"; empty for an edition without number
	Reading   string // "5-minute read"; empty for an empty page, and where its readers see different parts of it

	Headlines string // the lead's, and behind it, where it is short, that of a second story: for the subject

	Logo *digest.Logo // in place of the title; nil: none

	Note []Paragraph // of the editor, on top; nil where there is none

	Five     []Story  // five things: what the page's most important stories are; nil on a short page
	Lead     *Story   // nil when the page has none
	Watched  *Section // its name says that the reader watches the lead; nil: nobody does
	Sections []Section
	Empty    bool
	Nothing  string // what an empty page says

	Coverage []Piece // "14 of 15 feeds read since …"
	Why      []Piece // "You receive Morning Wire because ana@example.org is …"
	WhyText  string  // the same for a text in which the address stands on the next line
	Imprint  []Piece // name and postal address
	Links    []Link  // preferences, subscribe, feedback, privacy, RSS: those that there are

	Address        string
	UnsubscribeURL string
	PreferencesURL string

	Words Words

	Edition    string // id
	Slot       time.Time
	ArchiveURL string // of the edition's public page; empty: it has none

	Day      string  // the date as "2026-03-12"
	More     []Story // headlines that stand on the public page alone
	MoreName string  // "29 more headlines"

	entries int      // for the size of buffers
	next    []string // headlines of the other entries: those in full by rank, then latest news
}

// Piece is a part of a sentence. Dir is set where its direction is not the page's, Name where it
// was filled in.
type Piece struct {
	S    string
	Dir  string
	Name string
}

// Paragraph is one of the editor's note. Its Side is its own.
type Paragraph struct {
	Side
	Text  digest.Text
	Links []string // in it, for text
	Last  bool
}

// Link is a link of the footer.
type Link struct {
	First  bool   // it begins a line
	Before string // words that stand before it; mostly none
	Name   string
	URL    string
}

// Section is a part of the page below the lead.
type Section struct {
	Cut     string // stands before its heading, and Stop after, where only some readers see it
	Stop    string
	Kind    string // "you watch", "topic", "developments", "opinion", "latest news"
	Name    string
	Stories []Story
}

// Story is an entry. Its Side is that of its own headline, which may not be the page's.
type Story struct {
	Side
	Look
	ID       string
	Cut      string // stands before all of it, and Stop after, where only some readers see it
	Stop     string
	Lang     string // of the story, where it is declared and not the page's; else empty
	Title    string
	Headline string // Title, its last two words bound where a short one would be left alone
	URL      string // https or http; empty when the item has none that can be trusted
	Italic   bool   // the headline's script has italics
	Against  bool   // the headline runs against the page
	Long     bool   // the headline has more than 90 characters
	Anchor   string // id under which five things find the entry; empty: none of them
	Topic    string
	Image    *Image // of the lead and of two a section at most; nil: none
	Summary  digest.Text
	Source   string
	Author   string  // of opinion only
	Byline   string  // "Teodor Hale, Meridian Wire"; Source where there is no author
	Dot      string  // between the parts of a line
	Time     string  // "06:40", "Wed 22:15", "3 March"
	Updated  string  // "updated 13:44", or empty
	Since    []Piece // "since 27 November: …", what a development follows; nil: it is none
	SinceURL string  // of the edition that told that; empty: none
	Also     *Also   // nil when no other outlet has it
	Old      bool    // it is of a day before and more
	Outlets  string  // "in 9 outlets", in five things: where there are three and more
	Rank     int     // from 1, in its section or five things
}

// Image is a picture: the lead's, or a thumbnail.
type Image struct {
	URL    string
	Alt    string // of the lead's: what the feed says of it, else the headline; a thumbnail stands in a link that has the headline
	Width  int    // of a thumbnail; the lead's is as wide as the page
	Height int    // likewise
	Crop   bool   // a thumbnail's box is of another shape than the picture
	Credit string // "Photo: Ana Lima"; empty where a thumbnail is the outlet's own
}

// Also is the coverage line, in the page's language and direction: Before, the outlets parted by
// Comma, After.
type Also struct {
	Side
	Lang    string
	Before  string
	Outlets []Link // URL may be empty
	Comma   string
	After   string
	Extra   int      // how many are not among Outlets
	Lines   []string // for text: from all that fits in a line to the shortest form
}
