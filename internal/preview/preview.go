// Package preview is a page on loopback that shows mails: at several widths, light and dark, without
// pictures, without styles, as text and as they go over the wire. It follows what changes: whatever it
// shows is read anew then, and what was last good stays while something is wrong. Whoever works on the look
// of a digest gets what the checks say beside the mail; the demo puts its inboxes there.
//
// Where it is told who takes them, it takes an editor's orders: buttons on the stories of the mail that it shows.
//
// It must not know how a mail is made, where the news comes from, or what becomes of an order: a Desk tells it, and
// Ordering takes it. It writes nothing.
package preview

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"digestd/internal/lint"
	"digestd/mailer/message"
)

//go:embed page
var files embed.FS

// Choice is what somebody wants to see.
type Choice struct {
	Digest string
	Reader string // address; empty: anybody
	At     string // as people type times; empty: the next slot
	Sample bool   // invented news, in which stands every thing that an edition can have
	Letter int    // of those that the reader got, from 1; 0: the last one; -1: one that there can't be
}

// Mail is one mail, ready to be looked at.
type Mail struct {
	Raw     []byte // the whole message
	Nothing string // in words, in place of a mail: there is none yet
	File    string // name under which it is saved; empty: preview.eml
	Shown   string // what stands for the HTML part where it is shown; empty: the part itself

	Edition  string    // id
	Slot     time.Time // in the lane's zone
	Language string
	Empty    bool      // nothing is new for this reader
	Stories  []Story   // on it, for the editor
	Standing *Standing // what is ordered; nil: the page takes no orders
	MaxSize  int       // the digest's own limit, in bytes; 0: none

	Template string // the owner's HTML template, in which findings have places; empty for the built-in one
	Findings []lint.Finding
}

// Options are what a page has of its own. The zero value is the page of a preview.
type Options struct {
	News     func() string           // where the news comes from, in words; nil: nothing is said of it
	Order    Ordering                // takes what an editor orders; nil: nobody does
	Blocks   fs.FS                   // *.html.tmpl, which define the blocks name, masthead and aside anew; nil: none
	Arrived  bool                    // it shows mails that have arrived, so there are no samples
	Also     map[string]http.Handler // what is answered beside the page, by pattern
	Pictures string                  // where a mail's pictures may be, in a content security policy; empty: anywhere
}

// Desk makes mails from one state of config and templates.
type Desk interface {
	// Digests are the ids and titles of all digests; there is one at least.
	Digests() [][2]string
	// Readers are some addresses to choose from.
	Readers() []string
	// Mail makes the mail of a choice. It is called by one goroutine at a time.
	Mail(Choice) (Mail, error)
}

// Loader reads everything anew. The paths are the files and directories that the desk was made of, also
// where it fails, as far as they are known by then.
type Loader func() (desk Desk, paths []string, err error)

// freshFor is how long a mail is shown before it is made anew: the clock goes on without an edit.
const freshFor = 20 * time.Second

// remembered is how many mails are kept, for showing them while their template is broken.
const remembered = 64

// Server serves the page. It keeps the last good state.
type Server struct {
	load    Loader
	now     func() time.Time
	options Options
	page    http.Handler
	token   string // of the forms

	mu       sync.Mutex
	desk     Desk
	paths    []string
	problem  error // of the last load; nil: the desk is of now
	version  int   // counts the changes
	mails    map[Choice]cached
	watchers map[chan int]bool
}

// cached is the last good mail of a choice.
type cached struct {
	mail    Mail
	letter  message.Apart
	version int
	at      time.Time
}

// New makes a server, and reads everything for the first time.
func New(load Loader, options Options, now func() time.Time) (*Server, error) {
	s := &Server{load: load, now: now, options: options, version: 1, token: newToken(), mails: map[Choice]cached{},
		watchers: map[chan int]bool{}}
	var err error
	if s.desk, s.paths, err = load(); err != nil {
		return nil, err
	}
	s.page, err = s.handler()
	return s, err
}

// Reload reads everything anew, and tells the pages that are open when something is another than before.
func (s *Server) Reload() {
	desk, paths, err := s.load()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil && s.problem != nil && err.Error() == s.problem.Error() {
		return
	}
	s.problem, s.paths = err, paths
	if err == nil {
		s.desk = desk
	}
	s.version++
	for w := range s.watchers {
		select {
		case <-w: // nobody took the last one yet
		default:
		}
		w <- s.version
	}
}

// watch gives the version now, and each that follows, until stop is called.
func (s *Server) watch() (versions <-chan int, stop func()) {
	w := make(chan int, 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	w <- s.version
	s.watchers[w] = true
	return w, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.watchers, w)
	}
}

// state is what a page is made of.
type state struct {
	mail    Mail
	letter  message.Apart // the mail taken apart
	shown   bool          // there is a mail to show
	problem error         // what is wrong now; the mail is then the last good one
	version int
	desk    Desk
}

// look makes the mail of a choice, or finds the last good one.
func (s *Server) look(c Choice) state {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := state{problem: s.problem, version: s.version, desk: s.desk}
	known, ok := s.mails[c]
	if !ok || known.version != s.version && s.problem == nil || s.now().Sub(known.at).Abs() > freshFor {
		mail, err := s.desk.Mail(c)
		switch {
		case err == nil:
			if len(s.mails) >= remembered {
				clear(s.mails)
			}
			known, ok = cached{mail, takenApart(mail), s.version, s.now()}, true
			s.mails[c] = known
		case out.problem == nil:
			out.problem = err
		}
	}
	out.mail, out.letter, out.shown = known.mail, known.letter, ok
	return out
}

// takenApart is a mail with its parts. Where they can't be told, its subject says so.
func takenApart(m Mail) message.Apart {
	if m.Nothing != "" {
		return message.Apart{}
	}
	letter, err := message.TakeApart(m.Raw)
	if err != nil {
		letter.Subject = "(" + err.Error() + ")"
	}
	return letter
}

// Serve serves the page on a listener, and looks for edits every now and then, until ctx ends.
func (s *Server) Serve(ctx context.Context, listener net.Listener, every time.Duration) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	go s.follower().follow(ctx, ticker.C)
	server := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second,
		BaseContext: func(net.Listener) context.Context { return ctx }}
	context.AfterFunc(ctx, func() { server.Close() })
	if err := server.Serve(listener); err != nil && ctx.Err() == nil {
		return fmt.Errorf("serve the preview: %w", err)
	}
	return nil
}

// ServeHTTP answers requests that are meant for a loopback address. Any other name in Host means that a
// page elsewhere has made a name of its own point here, to read what it must not see.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	if addr, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !addr.IsLoopback()) {
		http.Error(w, "this page is for loopback addresses alone", http.StatusMisdirectedRequest)
		return
	}
	w.Header().Set("Content-Security-Policy", pagePolicy)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Referrer-Policy", "same-origin") // without which a form of this page comes with Origin: null
	w.Header().Set("Cache-Control", "no-store")
	s.page.ServeHTTP(w, r)
}
