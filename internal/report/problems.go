package report

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"digestd/digest"
	"digestd/digest/schedule"
	"digestd/internal/ledger"
	"digestd/mailer/letters"
)

const (
	// lateEdition is how long after its slot, or after it was composed late, an edition that is not complete is a
	// problem.
	lateEdition = time.Hour
	// fewOwed is how many deliveries an edition may go on owing, or one in onePartOf, and need nobody: on any list some
	// mailbox is full, and some server asks to come again.
	fewOwed   = 5
	onePartOf = 100
	// silentFeed is how long a feed may go without an answer before that is a problem.
	silentFeed = 72 * time.Hour
	// unreadMailbox is how long the mailbox of [inbound] may go unread.
	unreadMailbox = 30 * time.Minute
)

// Problem is something that needs a person. As JSON it is its words.
type Problem struct {
	// ID is the same as long as it is the same problem: two editions that wait for one mail server are
	// one, and so is an edition that is late again on the next day.
	ID    string
	Words string
	// Hides is the ID of a problem that can't be seen while this one is there, whether it is there or not.
	Hides string
}

func (p Problem) String() string               { return p.Words }
func (p Problem) MarshalText() ([]byte, error) { return []byte(p.Words), nil }

// UnmarshalText reads the words alone.
func (p *Problem) UnmarshalText(text []byte) error { p.Words = string(text); return nil }

// Problems are what needs a person, and nothing else is: `status` exits 1 for them, /healthz answers 503,
// and [alerts] tells of them. What can't be read is a problem as well. They write nothing.
func (rep Reporter) Problems(known Known) []Problem {
	now := rep.Now()
	all, err := rep.editionProblems(known.Uncomposed, now)
	for _, read := range []func(time.Time) ([]Problem, error){rep.deskProblems, rep.feedProblems, rep.archiveProblems} {
		if err != nil {
			break
		}
		var some []Problem
		some, err = read(now)
		all = append(all, some...)
	}
	all = append(all, rep.letterProblems()...)
	all = append(all, clockProblems(rep.Ledger.Senders)...)
	all = append(all, known.problems(now)...)
	return append(all, rep.ledgerProblems(err)...)
}

// editionProblems tell of paused runs and of editions that are late.
func (rep Reporter) editionProblems(uncomposed map[digest.Lane]Uncomposed, now time.Time) ([]Problem, error) {
	open, err := rep.Ledger.Editions.Open()
	if err != nil {
		return nil, err
	}
	var all []Problem
	for _, e := range open {
		if e.Paused != "" {
			all = append(all, Problem{ID: "paused", Words: fmt.Sprintf("edition %s is paused: %s", e.ID, e.Paused),
				Hides: lateID(e.Lane())})
			continue
		}
		if e.Request != "" { // anybody may ask for mail to a mailbox that is full
			continue
		}
		since, what := e.Slot, "its slot"
		if e.Extra || e.Composed.Sub(e.Slot) > lateEdition {
			since, what = e.Composed, "it was composed"
		}
		if now.Sub(since) <= lateEdition {
			continue
		}
		progress, err := rep.Ledger.progress(e)
		if err != nil {
			return all, err
		}
		owed := 0
		counts := progress.Counts()
		for state, n := range counts {
			if !state.Final() {
				owed += n
			}
		}
		if tooManyOwed(owed, counts[digest.Sent], e.Recipients) {
			words := fmt.Sprintf("edition %s still owes %d of its %d deliveries, %s after %s", e.ID, owed, e.Recipients,
				InWords(now.Sub(since)), what)
			if why := refusalIn(progress); why != "" {
				words += "; the last words were " + why
			}
			all = append(all, Problem{ID: lateID(e.Lane()),
				Words: words + "; `digestd why ADDRESS` tells of each, `digestd resume --now` tries at once"})
		}
	}
	unreached, err := rep.unreachedProblems()
	return append(append(all, unreached...), rep.uncomposedProblems(uncomposed, now)...), err
}

// refusalIn is what was last said about a delivery that is still owed; empty when nothing was.
func refusalIn(p digest.Progress) string {
	var last digest.Event
	for _, e := range p.Last {
		if e.Words != "" && e.At.After(last.At) {
			last = e
		}
	}
	if last.Words == "" {
		return ""
	}
	return digest.Said(last.Stage, last.Code, last.Words)
}

// unreachedProblems tell of lanes whose last edition is over and has reached nobody.
func (rep Reporter) unreachedProblems() ([]Problem, error) {
	var all []Problem
	for _, lane := range rep.Config.AllLanes() {
		st, err := rep.Ledger.Lanes.Get(lane)
		if err != nil {
			return all, err
		}
		e, err := rep.Ledger.Editions.Get(st.Edition)
		switch {
		case st.Edition == "", errors.Is(err, ledger.ErrUnknown): // so old that it was pruned
		case err != nil:
			return all, err
		case e.Reached == 0 && e.Lost > 0 && !e.Withdrawn:
			all = append(all, Problem{ID: "unreached " + lane.String(),
				Words: fmt.Sprintf("edition %s has reached nobody: %d deliveries "+
					"failed or expired; `digestd why ADDRESS` has the server's words", e.ID, e.Lost)})
		}
	}
	return all, nil
}

// tooManyOwed reports whether an edition that is late owes so many deliveries that a person should know of it. That
// nobody was reached is a problem however few they are.
func tooManyOwed(owed, sent, recipients int) bool {
	return owed > 0 && (sent == 0 || owed > max(fewOwed, recipients/onePartOf))
}

// Known is what a running daemon alone knows; the zero value is that of everybody else.
type Known struct {
	Uncomposed map[digest.Lane]Uncomposed // slots whose edition could not be composed
	Unread     error                      // why the mailbox of [inbound] can't be read; nil: it can
	Since      time.Time                  // when that began
	Untold     error                      // why the command of [alerts] reaches nobody; nil: it does, or was not run
}

// problems tell of a mailbox and a command that don't work. The latter is not for the operator's ears: it would be told
// by the command that fails.
func (k Known) problems(now time.Time) []Problem {
	var all []Problem
	if k.Unread != nil && now.Sub(k.Since) > unreadMailbox {
		all = append(all, Problem{ID: "mailbox", Words: fmt.Sprintf("bounces and requests to leave have not been read for %s: %v",
			InWords(now.Sub(k.Since)), k.Unread)})
	}
	if k.Untold != nil {
		all = append(all, Problem{ID: UntoldID, Words: fmt.Sprintf("command of [alerts] fails, and you are told nothing: %v; `digestd alert --test` tries it",
			k.Untold)})
	}
	return all
}

// UntoldID is the ID of the problem that the operator can't be told.
const UntoldID = "untold"

// Uncomposed is a slot whose edition could not be composed. Only the daemon knows of it.
type Uncomposed struct {
	Slot schedule.Slot
	Err  error
}

// uncomposedProblems tell of the slots of the configuration's lanes whose edition should be there for long.
func (rep Reporter) uncomposedProblems(uncomposed map[digest.Lane]Uncomposed, now time.Time) []Problem {
	var all []Problem
	for _, lane := range rep.Config.AllLanes() {
		if u, ok := uncomposed[lane]; ok && now.Sub(u.Slot.At) > lateEdition {
			words := fmt.Sprintf("edition %s/%s is not composed, %s after its slot: %v", lane, u.Slot.Wall,
				InWords(now.Sub(u.Slot.At)), u.Err)
			all = append(all, Problem{ID: lateID(lane), Words: words})
		}
	}
	return all
}

func lateID(lane digest.Lane) string { return "late " + lane.String() }

// feedProblems tell of feeds that have not answered for days.
func (rep Reporter) feedProblems(now time.Time) ([]Problem, error) {
	states, err := rep.Ledger.Items.FeedStates()
	if err != nil {
		return nil, err
	}
	var all []Problem
	for _, f := range rep.Config.Feeds() {
		st := states[f.URL]
		if (st.Failures > 0 || st.Gone) && now.Sub(st.FailingSince) > silentFeed {
			all = append(all, Problem{ID: "feed " + f.Address(), Words: fmt.Sprintf("feed %s has not answered since %s: %s",
				f.Address(), st.FailingSince.Format(time.DateOnly), st.Error)})
		}
	}
	return all, nil
}

// archiveProblems tell of public pages that can't be written as files, and of the owner's command for an edition.
func (rep Reporter) archiveProblems(time.Time) ([]Problem, error) {
	var all []Problem
	if rep.Config.Archive.Export != "" {
		trouble, err := rep.Ledger.Archive.ExportTrouble()
		if err != nil {
			return nil, err
		}
		if trouble.Words != "" {
			all = append(all, Problem{ID: "export", Words: fmt.Sprintf("the archive can't be exported since %s: %s",
				trouble.Since.Format(time.DateOnly), trouble.Words)})
		}
	}
	if rep.Config.Archive.After == "" {
		return all, nil
	}
	rows, _, err := rep.Ledger.Archive.Rows()
	for _, row := range rows {
		if row.After.State == ledger.ErrandDue && row.After.Words != "" && !row.Withdrawn {
			all = append(all, Problem{ID: "after", Words: fmt.Sprintf("after of [archive] fails for edition %s, tried %d times: %s",
				row.Edition, row.After.Tries, row.After.Words)})
		}
	}
	return all, err
}

// ledgerProblems tell of a ledger that can't be read or written, or soon can't.
func (rep Reporter) ledgerProblems(unreadable error) []Problem {
	var words []string
	if unreadable != nil {
		words = append(words, fmt.Sprintf("the ledger %s can't be read: %v", rep.Ledger.Path(), unreadable))
	}
	if err := rep.Ledger.WriteError(); err != nil {
		words = append(words, fmt.Sprintf("the ledger %s can't be written: %v; nothing is sent meanwhile",
			rep.Ledger.Path(), err))
	} else if why := rep.Ledger.NoRoom(0); why != "" {
		words = append(words, why)
	}
	if len(words) == 0 {
		return nil
	}
	return []Problem{{ID: "ledger", Words: strings.Join(words, "; ")}}
}

// InWords is a distance as people say it: "3h", "2h40m", "12m", "4d".
func InWords(d time.Duration) string {
	d = d.Round(time.Minute)
	switch {
	case d < time.Minute:
		return "less than a minute"
	case d >= 48*time.Hour:
		return fmt.Sprintf("%dd", d/(24*time.Hour))
	case d < time.Hour:
		return fmt.Sprintf("%dm", d/time.Minute)
	case d%time.Hour == 0:
		return fmt.Sprintf("%dh", d/time.Hour)
	}
	return fmt.Sprintf("%dh%dm", d/time.Hour, d%time.Hour/time.Minute)
}

// Shortened are the first words of a text, where it has more than so many characters.
func Shortened(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// letterProblems tell of readers who asked a person to let them go, and who still get something.
func (rep Reporter) letterProblems() []Problem {
	waiting, err := letters.Count(rep.Config.Mail.Letters)
	var who []string
	for _, email := range waiting.Askers {
		gets, known := true, false
		if email != "" && err == nil {
			gets, known, err = rep.stillGets(email)
		}
		switch {
		case email == "":
			who = append(who, "somebody without an address")
		case !known:
			who = append(who, email+" (no subscriber has that address)")
		case gets:
			who = append(who, email)
		}
	}
	switch n := len(who); {
	case err != nil:
		return []Problem{{ID: "letters", Words: err.Error()}}
	case n == 0:
		return nil
	case n > maxAskers:
		who = append(who[:maxAskers], fmt.Sprintf("%d more", n-maxAskers))
	}
	return []Problem{{ID: "letters", Words: fmt.Sprintf("somebody asks to leave, without a token that proves who: %s; read it in %s; "+
		"then `digestd subscribers suppress ADDRESS`, or mark it as read", strings.Join(who, ", "), waiting.Path)}}
}

// maxAskers is how many of them are named.
const maxAskers = 5

// stillGets reports whether an address gets anything, as the lists and what keeps mail from it say, and whether either
// knows it.
func (rep Reporter) stillGets(email string) (gets, known bool, err error) {
	kept, err := rep.Ledger.Readers.SuppressionsOf(email)
	s, known := rep.Config.Readers().Find(email)
	for _, d := range rep.Config.Digests {
		gets = gets || (!known || s.Wants(d.ID)) &&
			!slices.ContainsFunc(kept, func(k digest.Suppression) bool { return k.Digest == "" || k.Digest == d.ID })
	}
	return gets, known || !gets, err
}
