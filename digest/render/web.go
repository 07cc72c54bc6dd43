package render

import (
	"strconv"
	"time"
)

// WebWords are the strings of the readers' pages, under the key "web" of a catalogue. What stands in
// braces is filled in; the tag once names what must stand there, a single time.
type WebWords struct {
	Archive      string `json:"archive"`
	Latest       string `json:"latest"` // heads the first editions of the archive
	All          string `json:"all"`    // leads to all of them
	Previous     string `json:"previous"`
	Next         string `json:"next"`
	Month        string `json:"month" holds:"{month} {year}"`
	NoEditions   string `json:"no_editions"`
	Gone         string `json:"gone"` // of an edition that was withdrawn
	GoneWhy      string `json:"gone_why"`
	Later        string `json:"later"`                    // of a page that was made after the edition had gone out
	Leave        string `json:"leave" once:"{name}"`      // asks whether to stop a newsletter
	OnlyThis     string `json:"only_this" once:"{name}"`  // chooses one of several newsletters
	Everything   string `json:"everything" once:"{name}"` // chooses all of a publisher's
	Left         string `json:"left" once:"{name}"`
	LeftAll      string `json:"left_all" once:"{name}"`
	Underway     string `json:"underway"`
	Undo         string `json:"undo"` // the button that takes it back
	Back         string `json:"back" once:"{name}"`
	Stopped      string `json:"stopped" once:"{name}"` // when it was not the reader who stopped it
	Instead      string `json:"instead"`               // leads to the preferences
	Newsletters  string `json:"newsletters"`
	Topics       string `json:"topics"`
	Format       string `json:"format"`
	Designed     string `json:"designed"` // the HTML format
	Plain        string `json:"plain"`    // the text format
	MailLanguage string `json:"mail_language"`
	Length       string `json:"length"` // labels Short, Usual and Long
	Short        string `json:"short"`
	Usual        string `json:"usual"`
	Long         string `json:"long"`
	Days         string `json:"days"` // labels the weekdays on which mail comes
	DaysHint     string `json:"days_hint"`
	NeedDay      string `json:"need_day"`
	Watch        string `json:"watch"` // labels a field of words, one a line
	WatchHint    string `json:"watch_hint"`
	Mute         string `json:"mute"` // likewise
	MuteHint     string `json:"mute_hint"`
	BadWord      string `json:"bad_word" once:"{word}"`
	Pause        string `json:"pause"` // labels a date
	PauseHint    string `json:"pause_hint"`
	Save         string `json:"save"`
	Saved        string `json:"saved"`
	NeedTopic    string `json:"need_topic"`
	BadDay       string `json:"bad_day"`
	NoChoice     string `json:"no_choice"`

	// Of signing up: the form, what stands after it, the mail that asks to confirm, and the page that it leads to.
	SignUp         string `json:"sign_up" once:"{name}"`
	Address        string `json:"address"`
	Consent        string `json:"consent" once:"{name}"`
	LeaveEmpty     string `json:"leave_empty"` // labels a field that people don't see
	BadAddress     string `json:"bad_address"`
	NeedDigest     string `json:"need_digest"`
	CheckMail      string `json:"check_mail"`
	CheckMailWhy   string `json:"check_mail_why"`
	ConfirmSubject string `json:"confirm_subject" once:"{name}"`
	Asked          string `json:"asked" holds:"{date} {name} {address}"`
	AskedDo        string `json:"asked_do"`
	ConfirmLink    string `json:"confirm_link"`
	NotYou         string `json:"not_you"`
	Confirm        string `json:"confirm" once:"{name}"` // asks
	ConfirmButton  string `json:"confirm_button"`
	Confirmed      string `json:"confirmed" once:"{name}"`
	ConfirmedWhy   string `json:"confirmed_why"`

	BadLink    string `json:"bad_link"`
	BadLinkWhy string `json:"bad_link_why"`
	Failed     string `json:"failed"`
	FailedWhy  string `json:"failed_why"`
	Language   string `json:"language"`
}

// Catalogue is what the readers' pages show in a language.
type Catalogue struct {
	Tag  string // "fr"
	Name string // in itself
	Dir  string // "ltr" or "rtl"
	Words
	Web WebWords
}

// Catalogue is that of the language that serves a BCP 47 tag: itself, its base language, or English.
func (s *Set) Catalogue(tag string) Catalogue {
	l := s.language(tag)
	return Catalogue{Tag: l.tag, Name: l.Name, Dir: l.Dir, Words: l.Words, Web: l.Web}
}

// Month is a month as a heading, in the language that serves a tag: "November 2026".
func (s *Set) Month(tag string, at time.Time) string {
	l := s.language(tag)
	return capital(fill(l.Web.Month, "month", l.Months[at.Month()-1], "year", strconv.Itoa(at.Year())))
}

// Weekday is a day's name on a label, in the language that serves a tag.
func (s *Set) Weekday(tag string, d time.Weekday) string { return capital(s.language(tag).Weekdays[d]) }

// Knows reports whether a set has a catalogue for a BCP 47 tag or for its base language.
func (s *Set) Knows(tag string) bool {
	_, ok := match(tag, func(n string) bool { return s.languages[n] != nil })
	return ok
}
