package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"digestd/digest"
	"digestd/internal/ledger/store"
	"digestd/internal/newsroom"
	"digestd/internal/regular"
	"digestd/mailer/inbound"
)

// maxMail is how much of a message is read. Bounces that return a whole edition stay below 200 KB.
const maxMail = 4 << 20

// maxDrained is how much more of a longer one is taken from the mail server, which would otherwise take the
// broken pipe for a failure.
const maxDrained = 256 << 20

// tryAgain is a failure that is not the message's: the mail server is to keep it and come again (exit 75,
// EX_TEMPFAIL of sysexits.h).
type tryAgain struct{ err error }

func (t tryAgain) Error() string { return t.err.Error() }
func (t tryAgain) Unwrap() error { return t.err }

// stayFlag is how a message of a Maildir is handed to the process that holds the ledger.
const stayFlag = "stays"

func inboundCommand(p *program) *cobra.Command {
	var explain, fromMaildir, overIMAP bool
	var maildir string
	c := &cobra.Command{
		Use:   "inbound",
		Short: "Read what came back: bounces, requests to be unsubscribed, complaints",
		Long: "Read one message on stdin, from a mail server's pipe, and do what follows from it: an address whose mailbox does not\n" +
			"exist, or whose reader called a mail spam, gets nothing more; a reader who wrote to the unsubscribe address gets that\n" +
			"digest no more. Nothing follows from anything else, nor from a bounce or complaint that does not prove to be about a\n" +
			"mail of ours. Mail that a person should read (a request to leave that does not prove who asks, a letter) is kept in the\n" +
			"Maildir of [mail] letters, and status counts it. Exits 0 whatever the message is, or 75 when the ledger can't be\n" +
			"reached: the mail server then keeps the message and tries again.\n\n" +
			"With --maildir it reads the new messages of a Maildir and moves them to cur/: those that are dealt with marked as\n" +
			"seen, what a person may want to read unmarked. With --explain it tells what a message is and changes nothing; with\n" +
			"--config too, it asks that ledger whether the message counts.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			switch {
			case explain && (maildir != "" || overIMAP), overIMAP && maildir != "":
				return usagef("--explain reads one message on stdin, --maildir a directory, --imap a mailbox: one of them")
			case overIMAP:
				return readMailboxOnce(c.Context(), p)
			case maildir != "":
				return receiveMaildir(c.Context(), p, maildir)
			case explain:
				return explainMail(c.Context(), p)
			}
			return receiveMail(c.Context(), p, fromMaildir)
		},
	}
	c.Flags().BoolVar(&fromMaildir, stayFlag, false, "the message stays in a Maildir where a person reads it")
	c.Flags().MarkHidden(stayFlag)
	c.Flags().BoolVar(&overIMAP, "imap", false, "read the mailbox of [inbound], as the daemon does every few minutes")
	c.Flags().BoolVar(&explain, "explain", false, "tell what the message is, and change nothing")
	c.Flags().StringVar(&maildir, "maildir", "", "read the new messages of a Maildir in `DIR`")
	return c
}

// received is what is printed of a message.
type received struct {
	Kind       inbound.Kind        `json:"kind"`
	Recipients []string            `json:"recipients"` // those that give it its kind
	Status     string              `json:"status"`     // of the first of them; empty when none is given
	Permanent  bool                `json:"permanent"`
	Counts     bool                `json:"counts"` // something follows, or would
	Why        string              `json:"why"`
	Details    []receivedRecipient `json:"details,omitempty"`

	Suppressed []digest.Suppression `json:"suppressed,omitempty"`
	Restored   []string             `json:"restored,omitempty"`
	Person     bool                 `json:"person,omitempty"` // somebody should read it
	Kept       string               `json:"kept,omitempty"`   // the Maildir where they do
}

// receivedRecipient is one recipient that a report speaks of.
type receivedRecipient struct {
	Address   string       `json:"address"` // empty: it names nobody
	Final     string       `json:"final,omitempty"`
	Kind      inbound.Kind `json:"kind"`
	Status    string       `json:"status"`
	Permanent bool         `json:"permanent"`
	Words     string       `json:"words,omitempty"`
}

func receivedOf(r inbound.Report) received {
	t := received{Kind: r.Kind, Recipients: r.Named(), Status: r.Status(), Permanent: r.Permanent()}
	if t.Recipients == nil {
		t.Recipients = []string{}
	}
	for _, to := range r.Recipients {
		t.Details = append(t.Details,
			receivedRecipient{to.Address, to.Final, to.Kind, to.Status, to.Permanent, to.Words})
	}
	return t
}

func (t received) print(w io.Writer) {
	fmt.Fprint(w, t.Kind)
	if len(t.Recipients) > 0 {
		fmt.Fprintf(w, " about %s", strings.Join(t.Recipients, ", "))
	}
	if t.Kind == inbound.Bounce || t.Kind == inbound.Delay {
		permanent := "temporary"
		if t.Permanent {
			permanent = "permanent"
		}
		fmt.Fprintf(w, ", %s", strings.TrimSpace(permanent+" "+t.Status))
	}
	fmt.Fprintln(w)
	for _, d := range t.Details {
		if d.Words != "" {
			fmt.Fprintf(w, "  %s\n", strings.TrimSpace(d.Address+" "+d.Words))
		}
	}
	for _, s := range t.Suppressed {
		fmt.Fprintf(w, "%s gets nothing more%s: ", s.Email, ofDigest(s.Digest))
	}
	for _, email := range t.Restored {
		fmt.Fprintf(w, "%s gets mail again: ", email)
	}
	fmt.Fprintln(w, t.Why)
	if t.Kept != "" {
		fmt.Fprintf(w, "kept in %s for a person to read\n", t.Kept)
	}
}

// readMail takes the message from stdin, and keeps it for the process that holds the ledger.
func (p *program) readMail() ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(p.stdin, maxMail))
	if err != nil {
		return nil, fmt.Errorf("reading the message: %w", err)
	}
	io.CopyN(io.Discard, p.stdin, maxDrained)
	p.input = raw
	return raw, nil
}

func explainMail(ctx context.Context, p *program) error {
	raw, err := p.readMail()
	if err != nil {
		return err
	}
	r := inbound.Parse(raw)
	t := receivedOf(r)
	if p.configFlag == "" {
		if t.Counts = r.MightCount(); t.Counts {
			t.Why = "it carries what a ledger could check: name one with --config"
		} else if d, err := inbound.Decide(r, noLedger); err == nil {
			t.Why = d.Why
		}
		return p.print(t, t.print)
	}
	o, err := p.open(ctx, want{ledgerOnly: true})
	if errors.Is(err, store.ErrMissing) { // which has made no token yet
		d, _ := inbound.Decide(r, noLedger)
		t.Why = d.Why
		return p.print(t, t.print)
	}
	if err != nil {
		return err
	}
	defer o.close()
	d, err := o.Receiver.Judge(r)
	if err != nil {
		return err
	}
	t.Counts, t.Why = len(d.Suppress) > 0, d.Why
	return p.print(t, t.print)
}

func noLedger(inbound.Token) (inbound.Delivery, error) {
	return inbound.Delivery{}, inbound.ErrStranger
}

// receiveMail reads one message on stdin and does what follows from it.
func receiveMail(ctx context.Context, p *program, fromMaildir bool) error {
	raw, err := p.readMail()
	if err != nil {
		return tryAgain{err}
	}
	o, err := p.open(ctx, want{write: true, ledgerOnly: true})
	var elsewhere forwarded
	if errors.As(err, &elsewhere) {
		return err
	}
	if err != nil {
		return tryAgain{err}
	}
	defer o.close()
	t, err := receive(ctx, o.Receiver, raw, !fromMaildir)
	if err != nil {
		return tryAgain{err}
	}
	return p.print(t, t.print)
}

// receive does what follows from a message. What a person should read is kept, if whoever hands it over will not have
// it any more.
func receive(ctx context.Context, to *newsroom.Receiver, raw []byte, keep bool) (received, error) {
	r := inbound.Parse(raw)
	t := receivedOf(r)
	got, err := to.Receive(r)
	if err != nil {
		return t, err
	}
	if keep && got.Person && len(bytes.TrimSpace(raw)) > 0 {
		if err := to.KeepLetter(ctx, r, raw); err != nil {
			return t, err
		}
		t.Kept = to.Config.Mail.Letters
	}
	t.Why, t.Suppressed, t.Restored, t.Person = got.Why, got.Suppressed, got.Restored, got.Person
	t.Counts = len(t.Suppressed) > 0
	return t, nil
}

// receivedMaildir is what is printed of a Maildir.
type receivedMaildir struct {
	Messages   int                  `json:"messages"` // that were read and moved
	Kinds      map[inbound.Kind]int `json:"kinds"`
	Suppressed []digest.Suppression `json:"suppressed"`
	Restored   []string             `json:"restored"`
	Failed     []string             `json:"failed"` // files that could not be read or moved, and why
}

func (t receivedMaildir) print(w io.Writer) {
	fmt.Fprintf(w, "%s read", plural(t.Messages, "message"))
	for _, k := range []inbound.Kind{inbound.Bounce, inbound.Delay, inbound.Delivered, inbound.AutoReply,
		inbound.Receipt, inbound.Unsubscribe, inbound.Complaint, inbound.Notice, inbound.Other} {
		if n := t.Kinds[k]; n > 0 {
			fmt.Fprintf(w, ", %d %s", n, k)
		}
	}
	fmt.Fprintln(w)
	for _, s := range t.Suppressed {
		fmt.Fprintf(w, "%s gets nothing more%s: %s %s\n", s.Email, ofDigest(s.Digest), s.Source, s.Words)
	}
	for _, email := range t.Restored {
		fmt.Fprintf(w, "%s gets mail again: too many addresses of its domain bounced alike\n", email)
	}
	for _, f := range t.Failed {
		fmt.Fprintln(w, f)
	}
}

// ledgerFor is how many messages of a Maildir are read before others get a turn at the ledger.
const ledgerFor = 100

// receiveMaildir reads the new messages of a Maildir. A message is moved once all that follows from it is durable, so
// that a run that is cut short is finished by the next.
func receiveMaildir(ctx context.Context, p *program, dir string) error {
	for _, sub := range []string{"new", "cur"} {
		if info, err := os.Stat(filepath.Join(dir, sub)); err != nil || !info.IsDir() {
			return usagef("%s is no Maildir: it has no directory %s", dir, sub)
		}
	}
	files, err := os.ReadDir(filepath.Join(dir, "new"))
	if err != nil {
		return tryAgain{err}
	}
	total := receivedMaildir{Kinds: map[inbound.Kind]int{}, Suppressed: []digest.Suppression{}, Restored: []string{},
		Failed: []string{}}
	box := &maildirReader{p: p}
	defer box.close()
	for _, f := range files {
		if !f.Type().IsRegular() || strings.HasPrefix(f.Name(), ".") {
			continue
		}
		from := filepath.Join(dir, "new", f.Name())
		raw, err := readUpTo(from, maxMail)
		if errors.Is(err, fs.ErrNotExist) { // somebody else was faster
			continue
		}
		if err != nil {
			total.Failed = append(total.Failed, err.Error())
			continue
		}
		t, err := box.receive(ctx, raw)
		if err != nil {
			return tryAgain{errors.Join(err, p.print(total, total.print))}
		}
		total.Messages++
		total.Kinds[t.Kind]++
		total.Suppressed = append(total.Suppressed, t.Suppressed...)
		total.Restored = append(total.Restored, t.Restored...)
		flags := ":2,S"
		if t.Person {
			flags = ":2,"
		}
		if err := os.Rename(from, filepath.Join(dir, "cur", f.Name()+flags)); err != nil &&
			!errors.Is(err, fs.ErrNotExist) {
			total.Failed = append(total.Failed, err.Error())
		}
	}
	if err := p.print(total, total.print); err != nil {
		return err
	}
	if len(total.Failed) > 0 {
		return errIncomplete
	}
	return nil
}

func readUpTo(path string, limit int64) ([]byte, error) {
	f, err := regular.Open(path, math.MaxInt64) // of a larger one, what comes first is enough
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit))
}

// maildirReader hands the messages of a Maildir to the ledger. It opens the ledger itself, and lets go of it now and
// then. Where another process holds the ledger, it hands the messages to that one, one by one.
type maildirReader struct {
	p      *program
	opened *opened
	read   int // since the ledger was opened
}

func (b *maildirReader) close() {
	if b.opened != nil {
		b.opened.close()
	}
	b.opened, b.read = nil, 0
}

func (b *maildirReader) receive(ctx context.Context, raw []byte) (received, error) {
	if err := ctx.Err(); err != nil {
		return received{}, err
	}
	if b.read == ledgerFor {
		b.close()
	}
	if b.opened == nil {
		var out strings.Builder
		q := *b.p
		// As it would be from a pipe.
		q.stdout, q.input, q.args = &out, raw, []string{"--json", "inbound", "--" + stayFlag}
		o, err := q.open(ctx, want{write: true, ledgerOnly: true})
		var elsewhere forwarded
		if errors.As(err, &elsewhere) {
			var t received
			if elsewhere.status != exitDone {
				return t, fmt.Errorf("the process that holds the ledger could not take the message (exit status %d)",
					elsewhere.status)
			}
			if err := json.Unmarshal([]byte(out.String()), &t); err != nil {
				return t, fmt.Errorf("the answer of the process that holds the ledger: %w", err)
			}
			return t, nil
		}
		if err != nil {
			return received{}, err
		}
		b.opened = o
	}
	b.read++
	return receive(ctx, b.opened.Receiver, raw, false)
}
