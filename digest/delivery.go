package digest

import (
	"fmt"
	"time"
)

// State is where a delivery stands. docs/architecture.md has the table of who moves it.
type State uint8

// The states of a delivery. Pending is the state of a recipient of whom nothing was written yet.
const (
	Pending    State = iota
	Intent           // about to enter the SMTP transaction; what a kill leaves here is in doubt
	Sent             // the server took it: final
	Deferred         // to be tried again at Due
	Failed           // final, with the server's words
	InDoubt          // died inside the SMTP transaction; resent once, byte for byte
	Held             // in doubt and not resent: by policy, or in doubt twice, or its key is gone. Final
	Suppressed       // the address was suppressed before the message went: final
	Expired          // deferred until give_up: final
	Withdrawn        // the edition went back before anything was sent, or the reader was taken out of the lists: final
	Nothing          // nothing in this reader's topics: final

	States // how many there are; a new one comes before it, since their numbers are stored
)

var stateNames = [States]string{"pending", "intent", "sent", "deferred", "failed", "in doubt", "held",
	"suppressed", "expired", "withdrawn", "nothing in your topics"}

func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return "unknown"
}

// MarshalText is String, for JSON.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Final reports whether nothing will move the delivery any more.
func (s State) Final() bool {
	switch s {
	case Sent, Failed, Held, Suppressed, Expired, Withdrawn, Nothing:
		return true
	}
	return false
}

// MayBecome reports whether the table of states lets a delivery go from s to t in one event.
func (s State) MayBecome(t State) bool {
	switch s {
	case Pending:
		return t == Intent || t == Deferred || t == Suppressed || t == Failed || t == Held || t == Expired ||
			t == Withdrawn || t == Nothing
	case Intent:
		return t == Sent || t == Deferred || t == Failed || t == InDoubt || t == Held || t == Expired
	case Deferred:
		return t == Intent || t == Deferred || t == Suppressed || t == Failed || t == Held || t == Expired ||
			t == Withdrawn
	case InDoubt:
		return t == Intent || t == Suppressed || t == Failed || t == Held
	}
	return false
}

// Recipient is a subscriber as an edition froze them: what a resend needs, whatever the config says by then.
type Recipient struct {
	Index   int // within the edition, from 0; the delivery's name
	Email   string
	Name    string
	Variant int    // index into the edition's variants
	Own     string // "3,8": parts of the variant of which this reader sees the opposite of what others do; see ReadOwn
}

// Event moves one delivery of an edition to a state. The last event of a delivery is its state.
type Event struct {
	Index   int       `json:"-"`
	State   State     `json:"state"`
	At      time.Time `json:"at"`
	Attempt int       `json:"attempt,omitempty"` // messages begun so far, this one included
	First   time.Time `json:"first,omitzero"`    // of the delivery's first attempt, what give_up counts from
	Due     time.Time `json:"due,omitzero"`      // of a deferred or doubtful one: not before
	Doubts  int       `json:"doubts,omitempty"`  // how many attempts before this one died inside the SMTP transaction
	Stage   string    `json:"stage,omitempty"`   // where in the dialogue: "connect", "rcpt", "dot"…
	Code    int       `json:"code,omitempty"`    // SMTP reply code, 0 for a transport error
	Words   string    `json:"words,omitempty"`   // the server's words, one line, ≤ 300 bytes
	Waits   int       `json:"-"`                 // how often it was put off; counted from the events, not recorded
}

// stages are the points of SMTP's dialogue, as people say them. What is none of them is a word already.
var stages = map[string]string{
	"connect": "connecting", "greeting": "waiting for its greeting", "ehlo": "saying hello (EHLO)",
	"starttls": "turning to encryption (STARTTLS)", "auth": "logging in (AUTH)", "mail": "naming the sender (MAIL FROM)",
	"rcpt": "naming the reader (RCPT TO)", "data": "beginning the message (DATA)", "body": "in the middle of the message",
	"dot": "at the end of the message",
}

// Said is what the other side said at a stage, for people; code is 0 where nothing was said, or there is none.
func Said(stage string, code int, words string) string {
	if at, ok := stages[stage]; ok {
		stage = at
	}
	if code == 0 {
		return stage + ": " + words
	}
	return fmt.Sprintf("%s: %d %s", stage, code, words)
}

// Progress is where the deliveries of an edition stand, or those of a lot of it.
type Progress struct {
	First  int           // index of the recipient with which they begin: 0 but in a lot
	States []State       // by index of the recipient, from First on
	Last   map[int]Event // by index, the last event of each that is in Intent, Deferred or InDoubt
}

// State is where the delivery to a recipient stands, by the index in the edition.
func (p Progress) State(index int) State { return p.States[index-p.First] }

// Lot is the part of an edition's deliveries that one sender has to itself: a chunk of its recipients, or, where no
// other process can send, all of them.
type Lot struct {
	Progress
	Number int  // of the lot in the edition, from 0
	Whole  bool // it is all of the edition
}

// Standing is where the deliveries of a lot stood when somebody last gave it back.
type Standing struct {
	Counts []int     `json:"counts"`       // by state
	Due    time.Time `json:"due,omitzero"` // when the first of those owed may go; zero: at once
}

// Owed is how many of its deliveries are not final.
func (s Standing) Owed() (n int) {
	for state, count := range s.Counts {
		if !State(state).Final() {
			n += count
		}
	}
	return n
}

// Counts tells how many deliveries are in each state.
func (p Progress) Counts() map[State]int {
	counts := map[State]int{}
	for _, s := range p.States {
		counts[s]++
	}
	return counts
}

// Suppression is an address, or an (address, digest), that gets nothing, whatever the config says.
type Suppression struct {
	Email  string    `json:"email"`
	Digest string    `json:"digest,omitempty"` // empty: all of them
	Source string    `json:"source"`           // one-click, page, mailto, import, bounce, complaint, operator, rcpt
	Words  string    `json:"words,omitempty"`
	At     time.Time `json:"at"`
}

// Wished reports whether it was the reader who asked for it, and who may thus take it back.
func (s Suppression) Wished() bool {
	return s.Source == "one-click" || s.Source == "page" || s.Source == "mailto" || s.Source == "import"
}

// Preferences are what a reader chose. They only narrow what the configuration says of the reader, or say how it is told;
// what is zero changes nothing. The digests that a reader does not want are suppressions.
type Preferences struct {
	Email       string    `json:"email"`
	Without     []string  `json:"without_topics,omitempty"` // ids of unwanted topics, of any digest
	Watch       []string  `json:"watch,omitempty"`          // words or /expressions/, beside those of the configuration
	Mute        []string  `json:"mute,omitempty"`           // likewise
	PlainText   bool      `json:"plain_text,omitempty"`
	Language    string    `json:"language,omitempty"`     // BCP 47
	Length      string    `json:"length,omitempty"`       // "short", "usual" or "long"
	WithoutDays []string  `json:"without_days,omitempty"` // "mon" to "sun", on which no mail is to come
	PausedUntil string    `json:"paused_until,omitempty"` // the day, in the reader's zone, when mail comes again
	Source      string    `json:"source"`                 // "page"
	At          time.Time `json:"at"`
}

// Empty reports whether they change nothing.
func (p Preferences) Empty() bool {
	return len(p.Without)+len(p.Watch)+len(p.Mute)+len(p.WithoutDays) == 0 && !p.PlainText && p.Language+p.Length+p.PausedUntil == ""
}
