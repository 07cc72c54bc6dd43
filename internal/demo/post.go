package demo

import (
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

// Message is a mail as the SMTP server took it.
type Message struct {
	From   string // of the envelope
	To     string // of the envelope, in lower case
	At     time.Time
	Number int    // among the messages to this recipient, from 1
	Raw    []byte // with CRLF line ends; not to be changed
}

// Post holds what arrived. It is safe for use by several goroutines.
type Post struct {
	now      func() time.Time
	mu       sync.Mutex
	messages []Message
	watcher  func(Message)
	arrived  func() // the page hears of each message too
}

// Watch makes f hear of every message that arrives from now on, one at a time. A watcher must not
// call back into the Post.
func (p *Post) Watch(f func(Message)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.watcher = f
}

// Of are the messages to one address, in the order of their arrival.
func (p *Post) Of(email string) []Message {
	p.mu.Lock()
	defer p.mu.Unlock()
	var of []Message
	for _, m := range p.messages {
		if m.To == strings.ToLower(email) {
			of = append(of, m)
		}
	}
	return of
}

// All are all messages, in the order of their arrival.
func (p *Post) All() []Message {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Message(nil), p.messages...)
}

// SaveTo writes every message to dir, which is created where it is missing, as ana@example.org-1.eml
// and so on, and returns the names of the files.
func (p *Post) SaveTo(dir string) ([]string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("save the messages: %w", err)
	}
	var names []string
	for _, m := range p.All() {
		name := filepath.Join(dir, m.FileName())
		if err := os.WriteFile(name, m.Raw, 0o644); err != nil {
			return names, fmt.Errorf("save the message to %s: %w", m.To, err)
		}
		names = append(names, name)
	}
	return names, nil
}

// FileName is a name for the message that is safe in any directory: whoever speaks to the SMTP server
// chooses the address.
func (m Message) FileName() string {
	safe := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', strings.ContainsRune("@.+-_", r):
			return r
		}
		return '_'
	}, m.To)
	return fmt.Sprintf("%s-%d.eml", safe, m.Number)
}

func (p *Post) take(from, to string, raw []byte) {
	defer p.arrived() // with the lock released: whoever hears of it looks at what there is
	p.mu.Lock()
	defer p.mu.Unlock()
	m := Message{From: from, To: strings.ToLower(to), At: p.now(), Number: 1, Raw: raw}
	for _, earlier := range p.messages {
		if earlier.To == m.To {
			m.Number++
		}
	}
	p.messages = append(p.messages, m)
	if p.watcher != nil {
		p.watcher(m)
	}
}

// mailServer is an SMTP server that refuses nothing.
type mailServer struct{ *smtp.Server }

func newMailServer(p *Post) *mailServer {
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		return &session{post: p}, nil
	}))
	s.Domain = "mx.example.org"
	s.ReadTimeout = time.Minute
	s.WriteTimeout = time.Minute
	s.MaxMessageBytes = 25 << 20
	// What goes wrong in a dialogue is reported by the sender, who is the one to be watched here.
	s.ErrorLog = log.New(io.Discard, "", 0)
	return &mailServer{s}
}

// session is one SMTP connection.
type session struct {
	post *Post
	from string
	to   []string
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = append(s.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	for _, to := range s.to {
		s.post.take(s.from, to, raw)
	}
	return nil
}

func (s *session) Reset() { s.from, s.to = "", nil }

func (s *session) Logout() error { return nil }
