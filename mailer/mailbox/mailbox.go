// Package mailbox reads a mailbox over IMAP (RFC 9051, RFC 3501) and moves what somebody has dealt with into a folder. It
// knows neither what the messages say nor what follows from them.
//
// A message is moved once somebody has said that it is dealt with. It may come again where the connection ended before
// that: whoever takes messages must make nothing of the same one twice.
package mailbox

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-sasl"
)

const (
	// dialTimeout bounds the connection and its encryption.
	dialTimeout = 30 * time.Second
	// passTimeout bounds all of a pass: the client itself waits for an answer without end.
	passTimeout = 10 * time.Minute
	// maxRead is how much of a message is asked for, in bytes. Bounces that return a whole edition stay below it.
	maxRead = 512 << 10
	// lookBack is how far the first pass goes back: whatever is older was dealt with, or is a person's own mail.
	lookBack = 30 * 24 * time.Hour
	// movedTogether is how many messages are moved by one command.
	movedTogether = 25
)

// ErrLogin is the error of a server that does not let us in.
var ErrLogin = errors.New("the server does not let us in")

// Settings say where a mailbox is. Two that are equal are the same mailbox.
type Settings struct {
	Host     string
	Port     int
	StartTLS bool   // else TLS from the first byte
	Roots    string // PEM, beside those of the system; may be empty
	Username string
	Password string
	Mailbox  string // INBOX
	Folder   string // into which what was understood is moved; it is made when it is not there
}

// Box is a mailbox, and how far it was read. Its methods are called by one goroutine at a time.
type Box struct {
	Settings
	Now  func() time.Time
	Cure func(error) string // what the operator can do about an error, in words; may be nil
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	validity uint32   // of the mailbox's numbers (RFC 9051 §2.3.1.1)
	next     imap.UID // the first that was not looked at; 0: none was
}

// New is a mailbox of which nothing was read.
func New(s Settings, now func() time.Time) *Box {
	return &Box{Settings: s, Now: now, Dial: (&net.Dialer{}).DialContext}
}

// Pass is what reading a mailbox came to.
type Pass struct {
	Read  int // messages that were looked at
	Moved int // of them, into the folder
}

// String names the mailbox.
func (b *Box) String() string {
	return fmt.Sprintf("%s of %s at %s:%d", b.Mailbox, b.Username, b.Host, b.Port)
}

// Read hands each message that came since the last pass to take, the oldest first and at most its first 512 KB, and moves
// those that it says to be understood. The others stay where and as they are. An error of take ends the pass; what was
// understood before it is moved.
func (b *Box) Read(ctx context.Context, take func(raw []byte) (understood bool, err error)) (done Pass, err error) {
	err = b.session(ctx, func(s *session) error {
		uids, err := b.unread(s)
		if err != nil {
			return err
		}
		var understood imap.UIDSet
		waiting := 0
		move := func() error {
			if waiting == 0 {
				return nil
			}
			if err := s.move(understood, b.Folder); err != nil {
				return fmt.Errorf("moving messages into the folder %s: %w", b.Folder, err)
			}
			done.Moved += waiting
			understood, waiting = imap.UIDSet{}, 0
			return nil
		}
		for _, uid := range uids {
			raw, err := s.fetch(uid)
			if err != nil {
				return errors.Join(err, move())
			}
			is := false
			if raw != nil { // somebody else was faster
				done.Read++
				if is, err = take(raw); err != nil {
					return errors.Join(err, move())
				}
			}
			if is {
				understood.AddNum(uid)
				waiting++
			}
			if waiting == movedTogether {
				if err := move(); err != nil {
					return err
				}
			}
		}
		if err := move(); err != nil {
			return err
		}
		if n := len(uids); n > 0 {
			b.next = uids[n-1] + 1
		}
		return nil
	})
	return done, err
}

// Look logs in and opens the mailbox, and reads nothing. It returns how many messages there are.
func (b *Box) Look(ctx context.Context) (messages int, err error) {
	err = b.session(ctx, func(s *session) error {
		messages = int(s.selected.NumMessages)
		return nil
	})
	return messages, err
}

// session does something with the mailbox open.
func (b *Box) session(ctx context.Context, do func(*session) error) (err error) {
	ctx, cancel := context.WithTimeout(ctx, passTimeout)
	defer cancel()
	defer func() {
		if err != nil {
			err = fmt.Errorf("mailbox %s: %w", b, told(ctx, err))
			if b.Cure != nil && ctx.Err() == nil {
				if cure := b.Cure(err); cure != "" {
					err = fmt.Errorf("%w; %s", err, cure)
				}
			}
		}
	}()
	c, err := b.connect(ctx)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { c.Close() })
	defer stop()
	defer c.Close()
	if err := b.logIn(c); err != nil {
		return err
	}
	selected, err := c.Select(b.Mailbox, nil).Wait()
	if err != nil {
		return err
	}
	if err := do(&session{c, selected}); err != nil {
		return err
	}
	c.Logout().Wait() // whose failure changes nothing
	return nil
}

// told is an error as the end of ctx explains it, and without the library's name before the server's words.
func told(ctx context.Context, err error) error {
	var said *imap.Error
	switch {
	case ctx.Err() == context.DeadlineExceeded:
		return fmt.Errorf("it took more than %s: %w", passTimeout, err)
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &said) && !errors.Is(err, ErrLogin):
		return errors.New(strings.ReplaceAll(err.Error(), "imap: ", ""))
	}
	return err
}

func (b *Box) connect(ctx context.Context) (*imapclient.Client, error) {
	dialing, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	conn, err := b.Dial(dialing, "tcp", net.JoinHostPort(b.Host, fmt.Sprint(b.Port)))
	if err != nil {
		return nil, err
	}
	config := &tls.Config{ServerName: b.Host, MinVersion: tls.VersionTLS12, NextProtos: []string{"imap"}}
	if b.Roots != "" {
		if config.RootCAs, err = x509.SystemCertPool(); err != nil {
			config.RootCAs = x509.NewCertPool()
		}
		config.RootCAs.AppendCertsFromPEM([]byte(b.Roots))
	}
	conn.SetDeadline(time.Now().Add(dialTimeout))
	if b.StartTLS {
		stop := context.AfterFunc(dialing, func() { conn.Close() })
		defer stop()
		return imapclient.NewStartTLS(conn, &imapclient.Options{TLSConfig: config})
	}
	encrypted := tls.Client(conn, config)
	if err := encrypted.HandshakeContext(dialing); err != nil {
		conn.Close()
		return nil, err
	}
	conn.SetDeadline(time.Time{})
	c := imapclient.New(encrypted, nil)
	stop := context.AfterFunc(dialing, func() { c.Close() })
	defer stop()
	if err := c.WaitGreeting(); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// logIn uses LOGIN, or AUTHENTICATE where the server wants that. Its words may repeat the password, and are left out but
// for their code.
func (b *Box) logIn(c *imapclient.Client) error {
	var err error
	if caps := c.Caps(); caps.Has(imap.CapLoginDisabled) || caps.Has(imap.AuthCap(sasl.Plain)) && !ascii(b.Username+b.Password) {
		err = c.Authenticate(sasl.NewPlainClient("", b.Username, b.Password))
	} else {
		err = c.Login(b.Username, b.Password).Wait()
	}
	var said *imap.Error
	if errors.As(err, &said) {
		words := said.Text
		if b.Password != "" {
			words = strings.ReplaceAll(words, b.Password, "[password]")
		}
		return fmt.Errorf("%w: %s", ErrLogin, strings.TrimSpace(string(said.Code)+" "+words))
	}
	return err
}

func ascii(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r > '~' || r < ' ' }) < 0
}

// unread are the numbers of the messages that were not looked at, in their order.
func (b *Box) unread(s *session) ([]imap.UID, error) {
	if s.selected.UIDValidity != b.validity {
		b.validity, b.next = s.selected.UIDValidity, 0
	}
	if s.selected.NumMessages == 0 {
		return nil, nil
	}
	criteria := &imap.SearchCriteria{}
	if b.next == 0 {
		criteria.Since = b.Now().Add(-lookBack)
	} else {
		var from imap.UIDSet
		from.AddRange(b.next, 0) // to the last
		criteria.UID = []imap.UIDSet{from}
	}
	found, err := s.UIDSearch(criteria, nil).Wait()
	if err != nil {
		return nil, err
	}
	var uids []imap.UID
	for _, uid := range found.AllUIDs() {
		if uid >= b.next { // "n:*" names the last message even where it is before n (RFC 9051 §9, seq-range)
			uids = append(uids, uid)
		}
	}
	return uids, nil
}

// session is a connection with the mailbox open.
type session struct {
	*imapclient.Client
	selected *imap.SelectData
}

// fetch reads a message, and marks nothing; nil when it is not there any more.
func (s *session) fetch(uid imap.UID) (raw []byte, err error) {
	part := &imap.FetchItemBodySection{Peek: true, Partial: &imap.SectionPartial{Size: maxRead}}
	command := s.Fetch(imap.UIDSetNum(uid), &imap.FetchOptions{BodySection: []*imap.FetchItemBodySection{part}})
	for {
		m := command.Next()
		if m == nil {
			break
		}
		for {
			item := m.Next()
			if item == nil {
				break
			}
			body, ok := item.(imapclient.FetchItemDataBodySection)
			if !ok || body.Literal == nil || raw != nil {
				continue
			}
			if raw, err = io.ReadAll(io.LimitReader(body.Literal, maxRead)); err != nil {
				command.Close()
				return nil, err
			}
		}
	}
	return raw, command.Close()
}

// move moves messages into a folder, which it makes when it is not there.
//
// The library's own way for servers without MOVE sends COPY, STORE and EXPUNGE at once: a COPY that fails would lose the
// message, and an EXPUNGE without numbers what its owner has marked as deleted.
func (s *session) move(uids imap.UIDSet, folder string) error {
	caps := s.Caps()
	moves := caps.Has(imap.CapMove)
	if !moves && !caps.Has(imap.CapUIDPlus) {
		return errors.New("the server can move nothing (it knows neither MOVE nor UIDPLUS)")
	}
	away := func(to string) error {
		if moves {
			_, err := s.Move(uids, to).Wait()
			return err
		}
		_, err := s.Copy(uids, to).Wait()
		return err
	}
	name := s.inNamespace(folder)
	err := away(name)
	if said := (*imap.Error)(nil); errors.As(err, &said) {
		if made := s.Create(name, nil).Wait(); made != nil {
			return err // which says more than that it is there already
		}
		err = away(name)
	}
	if err != nil || moves {
		return err
	}
	gone := &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{imap.FlagDeleted}}
	if err := s.Store(uids, gone, nil).Close(); err != nil {
		return err
	}
	return s.UIDExpunge(uids).Close()
}

// inNamespace is a folder as the server calls it: some have all of them below INBOX.
func (s *session) inNamespace(folder string) string {
	if !s.Caps().Has(imap.CapNamespace) {
		return folder
	}
	spaces, err := s.Namespace().Wait()
	if err != nil || len(spaces.Personal) == 0 || strings.HasPrefix(folder, spaces.Personal[0].Prefix) {
		return folder
	}
	return spaces.Personal[0].Prefix + folder
}
