package demo

import (
	"fmt"
	"io"
	"strings"

	"digestd/digest"
	"digestd/mailer/message"
)

// Teller puts into words what happens, while it happens. Numbers come first in a line, since names in
// several scripts can't be lined up everywhere.
type Teller struct {
	Out io.Writer
}

// Feeds opens the account of a polling pass.
func (t Teller) Feeds(w *World) {
	outlets := make(map[string]bool)
	for _, f := range w.Feeds {
		outlets[f.Outlet] = true
	}
	t.line("Collecting %d feeds of %d invented outlets", len(w.Feeds), len(outlets))
}

// Feed tells how the polling of one feed went. The error names the feed.
func (t Teller) Feed(name string, items int, repairs []string, err error) {
	switch {
	case err != nil:
		t.line("   failed  %v", err)
	case len(repairs) > 0:
		t.line("%3d items  %s, repaired: %s", items, name, strings.Join(repairs, "; "))
	default:
		t.line("%3d items  %s", items, name)
	}
}

// Edition tells what was made of the items: the stories that several outlets have, with their outlets.
func (t Teller) Edition(e digest.Edition) {
	t.line("Composing: %d new items make %d stories", e.Read, len(e.Stories))
	alone := 0
	for _, s := range e.Stories {
		if s.Outlets() < 2 {
			alone++
			continue
		}
		t.line("%3d outlets  %s", s.Outlets(), s.Lead().Title)
		sources := make([]string, len(s.Items))
		for i, it := range s.Items {
			sources[i] = it.Source
		}
		t.line("             %s", strings.Join(sources, ", "))
	}
	t.line("             and %d told by one outlet", alone)
}

// Mails opens the account of a delivery.
func (t Teller) Mails(w *World) {
	t.line("Delivering over SMTP to %s", w.SMTPAddr())
}

// Mail tells of a message that the mail server took.
func (t Teller) Mail(m Message) {
	l, err := message.TakeApart(m.Raw)
	if err != nil {
		t.line("%8s  %s: %v", kilobytes(len(m.Raw)), m.To, err)
		return
	}
	t.line("%8s  %s: %s", kilobytes(len(m.Raw)), m.To, l.Subject)
}

// Page tells where the inboxes are.
func (t Teller) Page(w *World) {
	t.line("Read them at %s", w.URL)
	if w.Pages != "" {
		t.line("The public archive is at %s/", w.Pages)
		t.line("Become a reader at %s/subscribe; the mail that asks comes to the same page.", w.Pages)
	}
	t.line("Ctrl-C ends the demo.")
}

// Saved tells where the messages were left.
func (t Teller) Saved(names []string) {
	t.line("Saved")
	for _, name := range names {
		t.line("  %s", name)
	}
}

// line writes one line. A terminal that is gone is no reason to stop.
func (t Teller) line(format string, args ...any) {
	fmt.Fprintf(t.Out, format+"\n", args...)
}
