//go:build linux

package e2e

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// counted is a proxy that calls kill when the client has said something for the n-th time: before the server hears it, or
// after.
type counted struct {
	addr string
	mu   sync.Mutex
	left int // until kill; below zero: never
	late bool
	kill func()
}

func newCounted(t *testing.T, to string) *counted {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &counted{addr: l.Addr().String(), left: -1}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err != nil {
				continue
			}
			server, err := net.Dial("tcp", to)
			if err != nil {
				client.Close()
				continue
			}
			go func() { io.Copy(client, server); client.Close() }()
			go p.listen(client, server)
		}
	}()
	return p
}

func (p *counted) listen(client, server net.Conn) {
	defer server.Close()
	buffer := make([]byte, 16<<10)
	for {
		n, err := client.Read(buffer)
		if err != nil {
			return
		}
		p.mu.Lock()
		now := p.left == 0
		if p.left >= 0 {
			p.left--
		}
		kill, late := p.kill, p.late
		p.mu.Unlock()
		if now && !late {
			kill()
			return
		}
		server.Write(buffer[:n])
		if now {
			kill()
		}
	}
}

// arm lets the n-th thing that a client says be its last.
func (p *counted) arm(n int, late bool, kill func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left, p.late, p.kill = n, late, kill
}

// TestReadsAMailboxThoughKilled has 120 mails bounce into a mailbox of a real Dovecot, puts thirty other messages beside
// them, and kills fifteen runs that read it, or as many as DIGESTD_KILLS says with as many more messages, at any command
// and also right after the server heard it. Each bounce counts once, each message that was understood stands in the folder once, and a person's letters stay where they are.
func TestReadsAMailboxThoughKilled(t *testing.T) {
	t.Parallel()
	const each = 5
	kills := tries(t, "DIGESTD_KILLS", 15)
	domains, letters, replies := kills*8/5, kills*4/5, kills*6/5
	rig := Start(t, 2)
	stand := newNewsstand(t)
	stand.put("/harbour", feed("Harbour News", entry{"The pier holds", "https://example.org/pier", "It was tested in the night."}))
	proxy := newCounted(t, rig.IMAPAddr)
	_, port, _ := net.SplitHostPort(proxy.addr)
	config := strings.Replace(newsletter(stand, []string{"/harbour", "/harbour"}), "[mail]", fmt.Sprintf("[mail]\nbounce_to = %q", Reader(2)), 1) +
		rig.smtpConfig(t, "starttls") + fmt.Sprintf("\n[inbound]\nimap = \"imaps://127.0.0.1:%s\"\nusername = %q\n", port, Reader(2))
	var gone []string
	for d := range domains {
		for n := range each {
			gone = append(gone, fmt.Sprintf("reader%d@town%02d.gone.example.org", n, d))
			config += fmt.Sprintf("\n[[subscribers]]\nemail = %q\n", gone[len(gone)-1])
		}
	}
	here := newSite(t, config)
	if sent := here.run(t, 0, "send", "daily"); sent.Sent != len(gone) {
		t.Fatalf("%+v", sent)
	}
	box := filepath.Join(rig.dir, "mail", "reader02")
	inbox := func() (n int) {
		for _, sub := range []string{"new", "cur"} {
			files, _ := os.ReadDir(filepath.Join(box, sub))
			n += len(files)
		}
		return n
	}
	await(t, "the bounces to come back", func() bool { return inbox() == len(gone) })
	bounced, _ := os.ReadDir(filepath.Join(box, "new"))
	one, _ := os.ReadFile(filepath.Join(box, "new", bounced[0].Name()))
	id := regexp.MustCompile(`<[0-9a-v]{26}@[^>]+>`).FindString(string(one))
	if id == "" {
		t.Fatalf("a bounce without our Message-ID:\n%s", one)
	}
	for n := range letters + replies {
		kind := ""
		switch {
		case n >= letters:
			kind = "Auto-Submitted: auto-replied\r\nIn-Reply-To: " + id + "\r\n"
		case n%2 == 0: // to a mail of the mailbox's owner
			kind = "Auto-Submitted: auto-replied\r\nIn-Reply-To: <private@example.org>\r\n"
		}
		rig.put(t, filepath.Join(box, "new", fmt.Sprintf("1999999999.%d.test", n)),
			fmt.Sprintf("From: ana@example.org\r\nTo: digest@example.org\r\nSubject: Hello %d\r\n%s\r\nI read it each day.\r\n", n, kind))
	}

	chance := rand.New(rand.NewPCG(1, 18))
	for range kills {
		run := here.startVictim(t, "inbound", "--imap")
		proxy.arm(4+chance.IntN(44), chance.IntN(2) == 0, run.kill)
		run.died(t)
	}
	if left := inbox(); left <= letters || left == len(gone)+letters+replies {
		t.Fatalf("after the kills %d are left: none was in the middle", left)
	} else {
		t.Logf("after %d kills, %d of %d messages are left in the inbox", kills, left, len(gone)+letters+replies)
	}
	proxy.arm(-1, false, nil)
	var done struct {
		Moved int            `json:"moved"`
		Kinds map[string]int `json:"kinds"`
	}
	here.decode(t, 0, &done, "inbound", "--imap")
	if left := inbox(); left != letters {
		t.Errorf("%d messages are left in the inbox, want the %d letters; the last run: %+v", left, letters, done)
	}
	moved, _ := os.ReadDir(filepath.Join(box, ".digestd", "cur"))
	fresh, _ := os.ReadDir(filepath.Join(box, ".digestd", "new"))
	if n := len(moved) + len(fresh); n != len(gone)+replies {
		t.Errorf("%d messages in the folder, want %d", n, len(gone)+replies)
	}
	var list listed
	here.decode(t, 0, &list, "subscribers", "list", "--suppressed")
	var suppressed []string
	for _, s := range list.Subscribers {
		if len(s.Suppressed) != 1 || s.Suppressed[0].Source != "bounce" {
			t.Errorf("%s: %+v", s.Email, s.Suppressed)
		}
		suppressed = append(suppressed, s.Email)
	}
	slices.Sort(suppressed)
	slices.Sort(gone)
	if !slices.Equal(suppressed, gone) {
		t.Errorf("%d are suppressed, want %d", len(suppressed), len(gone))
	}
	here.decode(t, 0, &done, "inbound", "--imap")
	if done.Moved != 0 {
		t.Errorf("a run more moved %d", done.Moved)
	}
}

// put writes a message as the mail server's user would.
func (r *Rig) put(t *testing.T, path, text string) {
	t.Helper()
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	uid, _ := strconv.Atoi(nobody.Uid)
	gid, _ := strconv.Atoi(nobody.Gid)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(path, uid, gid); err != nil {
		t.Fatal(err)
	}
}
