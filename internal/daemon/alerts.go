package daemon

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"digestd/digest"
	"digestd/digest/schedule"
	"digestd/internal/command"
	"digestd/internal/config"
	"digestd/internal/ledger"
	"digestd/internal/report"
)

const (
	// alertEvery is how often the daemon looks at its problems.
	alertEvery = time.Minute
	// wellAfter is how long a problem must be gone before it counts as gone: a restarted daemon has yet to
	// find out again what does not work, and a disk that is nearly full takes the one write and not the other.
	wellAfter = 2 * time.Minute
	// heartbeatTimeout bounds what is fetched.
	heartbeatTimeout = 30 * time.Second
)

// Alerts is the daemon's watch over its problems, as [alerts] wants it: one message when a problem starts,
// one when it is well again, and a heartbeat while there is none. It outlives reloads. What the operator was
// told is in the ledger, so a restart repeats nothing; a message that could not be handed over, or not be
// remembered since the ledger can't be written, comes again.
type Alerts struct {
	// Run runs a command with a message on its standard input, for a minute at most.
	Run func(ctx context.Context, command, dir, message string) error
	// Fetch gets a URL and forgets the answer.
	Fetch func(ctx context.Context, url, agent string) error
	Host  string // this machine's name, for the messages

	mu       sync.Mutex
	known    report.Known
	problems []ledger.Alert // as they were when they were last looked at

	// Only the loop's one job uses the following.
	journal  audience
	operator audience
	asked    bool            // the ledger, for what the operator was told
	others   map[string]bool // other senders that are alive: what one of them told of, that one says the end of
	silent   bool            // the last heartbeat failed
}

// NewAlerts makes a watch that runs commands by /bin/sh and fetches over the network.
func NewAlerts() *Alerts {
	host, err := os.Hostname()
	if err != nil {
		host = "this machine"
	}
	client := &http.Client{Timeout: heartbeatTimeout}
	return &Alerts{
		Host: host, Run: command.Run,
		Fetch:   func(ctx context.Context, url, agent string) error { return fetch(ctx, client, url, agent) },
		journal: newAudience(), operator: newAudience(),
	}
}

// published notes how publishing a slot went: whether it has an edition now, and the error.
func (a *Alerts) published(lane digest.Lane, slot schedule.Slot, composed bool, err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if err == nil || composed {
		delete(a.known.Uncomposed, lane)
		return
	}
	if a.known.Uncomposed == nil {
		a.known.Uncomposed = map[digest.Lane]report.Uncomposed{}
	}
	a.known.Uncomposed[lane] = report.Uncomposed{Slot: slot, Err: err}
}

// read notes how reading the mailbox went.
func (a *Alerts) read(err error, now time.Time) {
	if errors.Is(err, context.Canceled) {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if err == nil || a.known.Unread == nil {
		a.known.Since = now
	}
	a.known.Unread = err
}

// told notes whether the operator could be told.
func (a *Alerts) told(err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.known.Untold = err
}

// Known is what only the daemon knows.
func (a *Alerts) Known() report.Known {
	a.mu.Lock()
	defer a.mu.Unlock()
	known := a.known
	known.Uncomposed = maps.Clone(known.Uncomposed)
	return known
}

// audience is what somebody was told: whoever reads the log, or the operator whom the [alerts] command reaches.
type audience struct {
	told map[string]ledger.Alert
	gone map[string]time.Time // since when those of told are not there any more
}

func newAudience() audience {
	return audience{told: map[string]ledger.Alert{}, gone: map[string]time.Time{}}
}

// news are the problems that somebody does not know of yet, and those that they should hear to be well again.
// Of those that are hidden nothing is known.
func (a *audience) news(problems []ledger.Alert, hidden map[string]bool, now time.Time) (began, ended []ledger.Alert) {
	for _, p := range problems {
		if _, known := a.told[p.ID]; !known {
			began = append(began, p)
		}
		delete(a.gone, p.ID)
	}
	for _, id := range slices.Sorted(maps.Keys(a.told)) {
		if slices.ContainsFunc(problems, func(p ledger.Alert) bool { return p.ID == id }) {
			continue
		}
		if hidden[id] {
			delete(a.gone, id)
			continue
		}
		since, noted := a.gone[id]
		if !noted || since.After(now) { // the clock was set back
			a.gone[id] = now
		} else if now.Sub(since) >= wellAfter {
			ended = append(ended, a.told[id])
		}
	}
	return began, ended
}

// hears notes that somebody was told.
func (a *audience) hears(began, ended []ledger.Alert) {
	for _, p := range began {
		a.told[p.ID] = p
	}
	for _, p := range ended {
		delete(a.told, p.ID)
		delete(a.gone, p.ID)
	}
}

// alert looks at the problems and tells of those that began and ended. An error means that the operator
// could not be told, which is to be tried again.
func (r *Rooms) alert(ctx context.Context) error {
	a := r.Alerts
	if r.Publisher.Ledger.WriteError() != nil {
		r.Publisher.Ledger.Touch() // to find out whether it is well again, which Problems tells
	}
	now := r.Report.Now()
	problems, hidden := merged(r.Report.Problems(a.Known()), now)
	a.mu.Lock()
	a.problems = problems
	a.mu.Unlock()
	began, ended := a.journal.news(problems, hidden, now)
	for _, b := range began {
		r.Publisher.Log.Error("needs a person", "problem", b.Words)
	}
	for _, e := range ended {
		r.Publisher.Log.Info("well again", "problem", e.Words)
	}
	a.journal.hears(began, ended)

	if r.Report.Config.Alerts.Command == "" {
		a.told(nil)
	} else if err := r.tellOperator(ctx, problems, hidden, now); err != nil {
		return err
	}
	if r.Report.Config.Alerts.HeartbeatURL != "" && len(problems) == 0 {
		r.beat(ctx)
	}
	return nil
}

// merged are problems with one entry for each ID, and the IDs that they hide.
func merged(problems []report.Problem, now time.Time) (all []ledger.Alert, hidden map[string]bool) {
	hidden = map[string]bool{}
	for _, p := range problems {
		hidden[p.Hides] = true
		i := slices.IndexFunc(all, func(a ledger.Alert) bool { return a.ID == p.ID })
		if i < 0 {
			all = append(all, ledger.Alert{ID: p.ID, Words: p.Words, Since: now.UTC()})
		} else {
			all[i].Words += "\n" + p.Words
		}
	}
	return all, hidden
}

// tellOperator runs [alerts] command when there is something to tell.
func (r *Rooms) tellOperator(ctx context.Context, problems []ledger.Alert, hidden map[string]bool,
	now time.Time) error {
	a := r.Alerts
	senders := r.Publisher.Ledger.Senders
	leave, alone, err := senders.Alone(ctx, "alerts")
	switch {
	case err == nil && !alone: // another machine tells at this moment
		return nil
	case err == nil:
		defer leave()
	}
	if err == nil && senders.Several() {
		a.hear(ctx, r.Publisher.Ledger)
	} else if !a.asked {
		told, err := r.Publisher.Ledger.Alerts()
		if err != nil {
			r.Publisher.Log.Warn("what the operator was told before can't be read: it may be told again", "error", err)
		}
		a.operator.hears(told, nil)
		a.asked = true
	}
	problems = slices.DeleteFunc(slices.Clone(problems), func(p ledger.Alert) bool { return p.ID == report.UntoldID })
	began, ended := a.operator.news(problems, hidden, now)
	for i := range began {
		began[i].By = senders.By()
	}
	ended = slices.DeleteFunc(ended, func(p ledger.Alert) bool { return a.others[p.By] })
	if len(began)+len(ended) == 0 {
		return nil
	}
	var still []ledger.Alert
	for _, problem := range problems {
		if _, known := a.operator.told[problem.ID]; known {
			still = append(still, problem)
		}
	}
	message := alertMessage(r.Report.Config.Newsletter.Name, a.Host, now, began, ended, still)
	// A stop lets the command end: one that is killed may have told, and would tell again after the restart.
	err = a.Run(context.WithoutCancel(ctx), r.Report.Config.Alerts.Command, filepath.Dir(r.Report.Config.Path), message)
	a.told(err)
	if err != nil {
		return fmt.Errorf("[alerts] command: %w", err)
	}
	a.operator.hears(began, ended)
	told := slices.SortedFunc(maps.Values(a.operator.told),
		func(a, b ledger.Alert) int { return strings.Compare(a.ID, b.ID) })
	if err := r.Publisher.Ledger.SetAlerts(told); err != nil {
		r.Publisher.Log.Warn("the operator was told, and hears it again if digestd is restarted now", "error", err)
	}
	return nil
}

// Test runs the command of [alerts] with a message that says to be a test.
func (a *Alerts) Test(ctx context.Context, cfg *config.Config, now time.Time) error {
	message := fmt.Sprintf("digestd on %s: a test\n\n%s, %s\n\nThis is how digestd tells when something needs you. Nothing does.\n",
		a.Host, cmp.Or(cfg.Newsletter.Name, "digestd"), now.Format("Monday 2 January 2006, 15:04 MST"))
	err := a.Run(ctx, cfg.Alerts.Command, filepath.Dir(cfg.Path), message)
	a.told(err)
	return err
}

// hear takes in what other senders told the operator. What this one told when the database was away, and so was not written
// down, it remembers.
func (a *Alerts) hear(ctx context.Context, l *ledger.Ledger) {
	told, err := l.Alerts()
	alive, aerr := l.Senders.All(ctx)
	if err != nil || aerr != nil {
		return
	}
	a.others = map[string]bool{}
	for _, s := range alive {
		if s.ID != l.Senders.By() {
			a.others[s.ID] = true
		}
	}
	for id, p := range a.operator.told {
		if p.By != l.Senders.By() {
			delete(a.operator.told, id)
		}
	}
	a.operator.hears(told, nil)
}

// alertMessage is what the operator reads. Its first line can be the subject of a mail.
func alertMessage(newsletter, host string, now time.Time, began, ended, still []ledger.Alert) string {
	var b strings.Builder
	subject, lead := "well again", ended
	if len(began) > 0 {
		subject, lead = "needs you", began
	}
	first, _, _ := strings.Cut(lead[0].Words, "\n")
	fmt.Fprintf(&b, "digestd on %s %s: %s", host, subject, report.Shortened(first, 100))
	if more := len(lead) - 1; more > 0 {
		fmt.Fprintf(&b, " (and %d more)", more)
	}
	fmt.Fprintf(&b, "\n\n%s, %s\n", cmp.Or(newsletter, "digestd"), now.Format("Monday 2 January 2006, 15:04 MST"))
	for _, part := range []struct {
		title    string
		problems []ledger.Alert
	}{{"What began", began}, {"What is well again", ended}, {"What is still so", still}} {
		if len(part.problems) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n%s:\n", part.title)
		for _, problem := range part.problems {
			for line := range strings.SplitSeq(problem.Words, "\n") {
				fmt.Fprintf(&b, "- %s\n", line)
			}
		}
	}
	b.WriteString("\n`digestd status` shows how it is now. There is one message when a problem begins, and one when it is well again.\n")
	return b.String()
}

// beat fetches [alerts] heartbeat_url. Its absence is what tells somebody, so a failure is only logged, and
// once. The URL is as good as a password, and stays out of the log.
func (r *Rooms) beat(ctx context.Context) {
	a := r.Alerts
	err := a.Fetch(ctx, r.Report.Config.Alerts.HeartbeatURL, r.Report.Config.Collect.UserAgent)
	if ctx.Err() != nil {
		return
	}
	var outer *url.Error
	if errors.As(err, &outer) {
		err = outer.Err
	}
	switch {
	case err != nil && !a.silent:
		r.Publisher.Log.Warn("[alerts] heartbeat_url can't be fetched", "error", err)
	case err == nil && a.silent:
		r.Publisher.Log.Info("[alerts] heartbeat_url is fetched again")
	}
	a.silent = err != nil
}

func fetch(ctx context.Context, client *http.Client, url, agent string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	req.Header.Set("User-Agent", agent)
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20))
	if resp.StatusCode >= 400 {
		return fmt.Errorf("it answers %s", resp.Status)
	}
	return nil
}
