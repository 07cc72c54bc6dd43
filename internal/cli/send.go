package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"digestd/digest"
	"digestd/digest/collect"
	"digestd/internal/config"
	"digestd/internal/ledger"
	"digestd/internal/newsroom"
	"digestd/mailer"
	"digestd/mailer/smtp"
	"digestd/subscribers"
)

// sentJSON is the answer of send and resume. Counts of deliveries are of this call.
type sentJSON struct {
	Editions   int            `json:"editions"` // composed by this call, or delivered on
	Stories    int            `json:"stories"`  // in the editions that this call composed
	Recipients int            `json:"recipients"`
	Sent       int            `json:"sent"`
	Deferred   int            `json:"deferred"`
	Failed     int            `json:"failed"`
	InDoubt    int            `json:"in_doubt"` // in doubt or held
	Suppressed int            `json:"suppressed"`
	Nothing    int            `json:"nothing"`   // had nothing in their topics
	Withdrawn  int            `json:"withdrawn"` // are no subscribers any more
	Pending    int            `json:"pending"`   // still owed, and not tried
	Seconds    float64        `json:"seconds"`
	Lanes      []laneJSON     `json:"lanes"`
	Failures   []unserved     `json:"failures,omitempty"` // the first of those who failed
	Errors     []string       `json:"errors,omitempty"`
	Collected  *collectedJSON `json:"collected,omitempty"`
	Reason     string         `json:"reason,omitempty"` // why nothing is owed, where the operator withdrew the last edition
}

// unserved is a reader whose mail failed or expired, with the last words.
type unserved struct {
	Email string `json:"email"`
	Words string `json:"words"`
}

// laneJSON is what became of one edition.
type laneJSON struct {
	Lane     string `json:"lane"`
	Slot     string `json:"slot"`
	Edition  string `json:"edition,omitempty"`
	Composed bool   `json:"composed"` // by this call
	Stories  int    `json:"stories"`
	Sent     int    `json:"sent"`
	Owed     int    `json:"owed"`               // deferred, in doubt or not tried
	Next     string `json:"next_try,omitempty"` // when the first of those that wait is tried again (RFC 3339)
	Reason   string `json:"reason,omitempty"`
	Paused   string `json:"paused,omitempty"`
	Refusal  string `json:"refusal,omitempty"` // what became of the last message that was not taken
	next     time.Time
	tried    int // messages
}

func sendCommand(p *program) *cobra.Command {
	var extra, noCollect bool
	var to []string
	var reader string
	c := &cobra.Command{
		Use:   "send [DIGEST]",
		Short: "Collect, compose what is due, deliver what is owed",
		Long: "Collect, then deliver the edition of each lane's latest slot: composed if it was not yet, and delivered as far as that\n" +
			"can be done now. A second call delivers only what is still owed. Where there is one digest alone, it need not be named.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if extra && len(to) > 0 {
				return usagef("--extra and --to do not go together: a test copy is one of the next edition")
			}
			if reader != "" && len(to) == 0 {
				to = []string{reader}
			}
			for i, address := range to {
				email, err := subscribers.ParseAddress(address)
				if err != nil {
					return usagef("--to %s: %w", address, err)
				}
				to[i] = email
			}
			var d digest.Digest
			o, err := p.open(c.Context(), want{write: true, admit: func(cfg *config.Config) (err error) {
				if _, err := previewReader(cfg, reader); err != nil {
					return err
				}
				d, err = findDigest(cfg, first(args))
				return err
			}})
			if err != nil {
				return err
			}
			defer o.close()
			begun := p.now()
			out := sentJSON{Lanes: []laneJSON{}}
			if !noCollect {
				if out.Collected, err = collectFirst(c.Context(), p, o, extra); err != nil {
					return err
				}
				if n := out.Collected.Unrecorded; n > 0 { // unlike a feed that fails, that is a failure of this machine
					out.Errors = append(out.Errors, fmt.Sprintf("what %s showed could not be recorded, and is not in what was sent", plural(n, "feed")))
				}
				if c.Context().Err() != nil {
					return c.Context().Err()
				}
			}
			if len(to) > 0 {
				return sendCopies(c.Context(), p, o, d, reader, to)
			}
			warnOfLinks(c.Context(), p, o.Config)
			deliveries := newDeliveryBar(p, o)
			published, err := o.Publisher.Send(c.Context(), d, extra, deliveries)
			deliveries.end()
			out.Failures = deliveries.failed
			if failed := o.Publisher.Archive(c.Context()); failed != nil && c.Context().Err() == nil {
				out.Errors = append(out.Errors, failed.Error())
			}
			return reportSent(p, &out, published, err, begun)
		},
	}
	c.Flags().BoolVar(&extra, "extra", false, "compose an additional edition from what is new since the last one")
	c.Flags().StringSliceVar(&to, "to", nil, "send a test copy of the next edition to these `ADDRESSES`; it uses and owes nothing")
	c.Flags().StringVar(&reader, "for", "", "the test copy as the subscriber with this `ADDRESS` would get it; to them, without --to")
	c.Flags().BoolVar(&noCollect, "no-collect", false, "do not ask the feeds first")
	return c
}

func resumeCommand(p *program) *cobra.Command {
	var atOnce bool
	c := &cobra.Command{
		Use:   "resume [DIGEST]",
		Short: "Deliver what is still owed of earlier editions",
		Long: "Deliver what is still owed of earlier editions, as far as that can be done now. Nothing is composed. With a digest, a\n" +
			"pause of it ends first. With --now, whatever [delivery] retry says: also those go that would be tried later.",
		Args: cobra.MaximumNArgs(1),
		RunE: withOpened(p, want{write: true, digests: true}, func(c *cobra.Command, o *opened, args []string) error {
			if len(args) > 0 {
				if err := unpause(p, o, args[0]); err != nil {
					return err
				}
			}
			warnOfLinks(c.Context(), p, o.Config)
			begun := p.now()
			deliveries := newDeliveryBar(p, o)
			published, err := o.Publisher.Resume(c.Context(), atOnce, deliveries)
			deliveries.end()
			out := &sentJSON{Lanes: []laneJSON{}, Failures: deliveries.failed}
			if len(published) == 0 && err == nil {
				out.Reason, err = whyNothing(o, args)
			}
			return reportSent(p, out, published, err, begun)
		}),
	}
	c.Flags().BoolVar(&atOnce, "now", false, "also what the schedule of retry has put off")
	return c
}

// whyNothing says what became of the last edition, of a digest if one is given, when nothing is owed since the operator
// withdrew it.
func whyNothing(o *opened, digests []string) (string, error) {
	editions, err := o.Ledger.Editions.Select(func(e ledger.EditionState) bool {
		return len(digests) == 0 || e.Digest == digests[0]
	})
	if err != nil || len(editions) == 0 {
		return "", err
	}
	last := slices.MaxFunc(editions, func(a, b ledger.EditionState) int { return a.Composed.Compare(b.Composed) })
	if last.Recalled == "" {
		return "", nil
	}
	return fmt.Sprintf("%s was %s after %d had it", last.ID, last.Recalled, last.Reached), nil
}

// warnOfLinks says that nobody answers the links in the mails that are about to go, where that is so: a command
// sends them, and the daemon alone answers.
func warnOfLinks(ctx context.Context, p *program, cfg *config.Config) {
	if cfg.Web == nil || p.held != nil {
		return
	}
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", cfg.Web.Listen)
	if err != nil {
		fmt.Fprintf(p.stderr, "warning: nobody answers the links in these mails at [web] listen, %s, until `digestd run` does\n",
			cfg.Web.Listen)
		return
	}
	conn.Close()
}

// sendCopies mails a test copy of what the next edition would say.
func sendCopies(ctx context.Context, p *program, o *opened, d digest.Digest, reader string, to []string) error {
	begun := p.now()
	v, err := makePreview(p, o.Composer, d, reader, "", false)
	if err != nil {
		return err
	}
	if v.Page.Empty() {
		fmt.Fprintf(p.stderr, "%s: the copies are of the empty edition\n", emptiness(v))
	}
	came := p.awaitingMail(o.Config, smtp.CommandTimeout)
	copies, err := o.Composer.SendCopies(ctx, o.outbound.transport, v, to, "[Test] ")
	came()
	out := sentJSON{Editions: 1, Stories: len(v.Edition.Stories), Recipients: len(to), Lanes: []laneJSON{}}
	out.Errors = refused(copies)
	out.Sent, out.Failed = len(copies)-len(out.Errors), len(out.Errors)
	if err != nil { // nobody got any
		out.Failed, out.Errors = len(to), []string{err.Error()}
	}
	out.Seconds = p.now().Sub(begun).Seconds()
	return printWith(p, out.Errors, out, func(w io.Writer) {
		fmt.Fprintf(w, "%s of the next edition of %s sent: nothing is used, and nothing owed\n",
			plural(out.Sent, "test copy"), d.ID)
	})
}

// unpause ends a pause of a digest, and says so.
func unpause(p *program, o *opened, digestID string) error {
	held, err := o.Ledger.Editions.Paused()
	if err == nil {
		err = o.Publisher.Unpause(digestID)
	}
	if err == nil && !p.json && slices.ContainsFunc(held, func(d ledger.Paused) bool { return d.Digest == digestID }) {
		fmt.Fprintf(p.stdout, "%s is no longer paused\n", digestID)
	}
	return err
}

// refused names the copies that were not taken, and why.
func refused(copies []newsroom.Copy) (words []string) {
	for _, c := range copies {
		if c.Err != nil {
			words = append(words, fmt.Sprintf("%s: %v", c.Email, c.Err))
		}
	}
	return words
}

// collectFirst polls before a send: what is due, or everything: for an extra edition, since whoever asks for one wants
// what is new at this moment, and where no feed was ever read, since what kept them from it may be mended. A feed that
// fails is reported, and keeps nothing from going out.
func collectFirst(ctx context.Context, p *program, o *opened, extra bool) (*collectedJSON, error) {
	states, err := o.Ledger.Items.FeedStates()
	if err != nil {
		return nil, err
	}
	all := extra || !slices.ContainsFunc(o.Config.Feeds(), func(f digest.Feed) bool { return !states[f.URL].LastSuccess.IsZero() })
	bar := p.bar(len(o.Config.Feeds()), "feeds")
	sum := o.Publisher.Collect(ctx, all, func(r collect.Result) { bar.advance(r.Feed.Address()) })
	bar.end()
	out := collected(sum)
	if !p.json {
		out.print(p.stdout)
	}
	return &out, nil
}

// deliveryBar is a bar that follows deliveries, edition by edition.
type deliveryBar struct {
	newsroom.Unwatched
	program *program
	edition string
	current *bar
	failed  []unserved // the first of them
	came    func()     // what was waited for
	slowed  func() string
	told    map[string]bool // why mail goes slowly, without the figures, which change all the time
}

// shownFailed is how many readers who failed are named.
const shownFailed = 20

func newDeliveryBar(p *program, o *opened) *deliveryBar {
	return &deliveryBar{program: p, came: p.awaitingMail(o.Config, smtp.CommandTimeout), slowed: o.outbound.mailer.Slowed, told: map[string]bool{}}
}

// shownSlow is how many reasons why mail goes slowly are told.
const shownSlow = 5

// tellSlow says why mail goes slowly, each reason once.
func (b *deliveryBar) tellSlow() {
	words := b.slowed()
	reason := strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return -1
		}
		return r
	}, words)
	if words != "" && !b.told[reason] && len(b.told) < shownSlow {
		b.told[reason] = true
		fmt.Fprintf(b.program.stderr, "\n%s\n", words)
	}
}

// Delivery moves the bar.
func (b *deliveryBar) Delivery(at mailer.Progress) {
	b.came()
	if watched(b.program) {
		b.tellSlow()
	}
	if at.Edition != b.edition {
		b.end()
		b.current, b.edition = b.program.bar(at.Summary.Recipients, "mails"), at.Edition
	}
	if e := at.Event; len(b.failed) < shownFailed && (e.State == digest.Failed || e.State == digest.Expired) {
		b.failed = append(b.failed, unserved{at.To.Email, digest.Said(e.Stage, e.Code, e.Words)})
	}
	b.current.to(at.Summary.Recipients-at.Summary.Owed(), at.Edition)
}

func (b *deliveryBar) end() {
	b.came()
	if b.current != nil {
		b.current.end()
	}
}

// reportSent prints what was published and turns it into an exit status.
func reportSent(p *program, out *sentJSON, published []newsroom.Published, err error, begun time.Time) error {
	for _, e := range published {
		s := e.Delivery
		l := laneJSON{Lane: e.Lane.String(), Slot: e.Slot.Wall, Edition: e.Edition, Composed: e.Composed,
			Stories: e.Stories, Sent: s.Sent, Owed: s.Owed(), Reason: e.Reason, Paused: s.Paused, Refusal: s.Refusal, tried: s.Tried}
		if !s.NextDue.IsZero() {
			l.Next, l.next = s.NextDue.Format(time.RFC3339), s.NextDue
		}
		out.Lanes = append(out.Lanes, l)
		if e.Composed {
			out.Stories += e.Stories
		}
		done := s.Sent + s.Failed + s.Suppressed + s.Expired + s.Nothing + s.Withdrawn
		all := done + s.Owed() + s.Held
		if e.Composed || all > 0 {
			out.Editions++
		}
		out.Recipients += all
		out.Sent += s.Sent
		out.Deferred += s.Deferred
		out.Failed += s.Failed + s.Expired
		out.InDoubt += s.InDoubt
		out.Suppressed += s.Suppressed
		out.Nothing += s.Nothing
		out.Withdrawn += s.Withdrawn
		out.Pending += s.Pending
		if s.Paused != "" {
			out.Errors = append(out.Errors, fmt.Sprintf("edition %s: %s", e.Edition, s.Paused))
		}
	}
	out.Seconds = p.now().Sub(begun).Seconds()
	interrupted := errors.Is(err, context.Canceled)
	if err != nil && !interrupted {
		out.Errors = append(out.Errors, err.Error())
	}
	perr := printWith(p, out.Errors, out, func(w io.Writer) { printSent(w, *out, p.now()) })
	switch {
	case perr != nil && !errors.Is(perr, errIncomplete):
		return perr
	case interrupted:
		return err
	case perr == nil && out.Deferred+out.Failed+out.InDoubt+out.Pending > 0:
		return errIncomplete
	}
	return perr
}

func printSent(w io.Writer, out sentJSON, now time.Time) {
	var first time.Time // of what waits
	for _, l := range out.Lanes {
		switch {
		case l.Edition == "":
			fmt.Fprintf(w, "%s, slot %s: %s; no edition\n", l.Lane, l.Slot, cmp.Or(l.Reason, "it could not be composed"))
		case l.Reason != "":
			fmt.Fprintf(w, "%s: %s\n", l.Edition, l.Reason)
		case l.Composed:
			fmt.Fprintf(w, "%s: composed, %s\n", l.Edition, plural(l.Stories, "story"))
		case l.Sent == 0 && l.Owed == 0:
			fmt.Fprintf(w, "%s: composed before, and nothing of it is owed any more; who came since begins with the next one\n",
				l.Edition)
		case l.Owed == 0:
			fmt.Fprintf(w, "%s: composed before; what was still owed is delivered\n", l.Edition)
		case l.tried == 0 && l.Paused == "" && l.next.After(now):
			fmt.Fprintf(w, "%s: composed before; nothing was tried, since none of the %d still owed is due before %s (`digestd resume --now` does not wait)\n",
				l.Edition, l.Owed, l.next.Local().Format("15:04"))
		default:
			fmt.Fprintf(w, "%s: composed before; %d sent now, %d still owed\n", l.Edition, l.Sent, l.Owed)
		}
		if l.Refusal != "" && l.Paused == "" && l.Owed > 0 {
			fmt.Fprintf(w, "  not taken: %s\n", l.Refusal)
		}
		if l.Owed > 0 && !l.next.IsZero() && (first.IsZero() || l.next.Before(first)) {
			first = l.next
		}
	}
	if len(out.Lanes) == 0 {
		fmt.Fprintln(w, strings.TrimSuffix("nothing is owed: "+out.Reason, ": "))
		return
	}
	fmt.Fprintf(w, "%s sent", plural(out.Sent, "mail"))
	for _, part := range []struct {
		n    int
		what string
	}{{out.Deferred, "deferred"}, {out.Failed, "failed"}, {out.InDoubt, "in doubt"}, {out.Suppressed, "suppressed"},
		{out.Nothing, "with nothing in their topics"}, {out.Withdrawn, "no subscribers any more"}, {out.Pending, "not tried"}} {
		if part.n > 0 {
			fmt.Fprintf(w, ", %d %s", part.n, part.what)
		}
	}
	fmt.Fprintf(w, " in %.1f s\n", out.Seconds)
	for _, f := range out.Failures {
		fmt.Fprintf(w, "  failed: %s: %s\n", f.Email, f.Words)
	}
	if n := out.Failed - len(out.Failures); n > 0 && len(out.Failures) > 0 {
		fmt.Fprintf(w, "  and %d more; `digestd why ADDRESS` tells of each\n", n)
	}
	switch {
	case out.Deferred+out.Pending == 0:
	case first.After(now):
		fmt.Fprintf(w, "`digestd run` tries again at %s; so does `digestd resume` then, and `digestd resume --now` at once\n",
			first.Local().Format("15:04"))
	default:
		fmt.Fprintln(w, "`digestd resume` delivers what is still owed, and so does `digestd run`")
	}
}
