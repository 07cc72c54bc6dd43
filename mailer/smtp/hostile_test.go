package smtp

import (
	"bufio"
	"context"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// mostRead bounds what is read of a server in one answer, in bytes: 100 lines of 4 KB, and what is buffered.
const mostRead = maxLine*maxLines + 64<<10

// TestAServerThatNeverEnds speaks to servers that say something without end at each stage of a dialogue. Each is left,
// with a sentence, before it has said half a megabyte.
func TestAServerThatNeverEnds(t *testing.T) {
	line := strings.Repeat("x", 1000)
	hello := []string{"220 mail.example.org\r\n", "250-mail.example.org\r\n250 AUTH CRAM-MD5 LOGIN PLAIN SCRAM-SHA-256\r\n",
		"235 welcome\r\n", "250 ok\r\n", "250 ok\r\n", "354 go on\r\n"}
	for _, stage := range []struct {
		name   string
		before int
	}{{"greeting", 0}, {"ehlo", 1}, {"auth", 2}, {"mail", 3}, {"rcpt", 4}, {"data", 5}, {"dot", 6}} {
		for _, c := range []struct{ name, what, want string }{
			{"a line", line, "a line of more than 4096 bytes"},
			{"lines", "250-" + line[:60] + "\r\n", "more than 100 lines"},
			{"refusing lines", "550-" + line[:60] + "\r\n", "more than 100 lines"},
			{"empty lines", "\r\n", "more than 100 lines"},
			{"zeros", strings.Repeat("\x00", 1000), "a line of more than 4096 bytes"},
		} {
			t.Run(stage.name+", "+c.name, func(t *testing.T) {
				r, sent := talkTo(t, "plain", hello[:stage.before], c.what)
				if !strings.Contains(r.String(), c.want) && (r.Stage != Auth || !strings.Contains(r.String(), "answer to AUTH")) {
					t.Errorf("%v, want %q", r, c.want)
				}
				if sent > mostRead {
					t.Errorf("%d bytes were read", sent)
				}
			})
		}
	}
}

// TestALoginThatNeverEnds has a server answer each answer of a login with another challenge.
func TestALoginThatNeverEnds(t *testing.T) {
	for _, auth := range []string{"cram-md5", "login", "plain", "scram-sha-256"} {
		asked := 0
		server := func(conn net.Conn) {
			r := bufio.NewReader(conn)
			io.WriteString(conn, "220 mail.example.org\r\n")
			for {
				command, err := r.ReadString('\n')
				if err != nil {
					return
				}
				switch {
				case strings.HasPrefix(command, "EHLO"):
					io.WriteString(conn, "250-mail.example.org\r\n250 AUTH CRAM-MD5 LOGIN PLAIN SCRAM-SHA-256\r\n")
				default:
					if asked++; asked > 1000 {
						return
					}
					io.WriteString(conn, "334 PDEyMzRAbWFpbC5leGFtcGxlLm9yZz4=\r\n")
				}
			}
		}
		s := scripted(server)
		s.Auth = auth
		_, err := s.Dial(context.Background())
		if err == nil || asked > maxChallenges+1 {
			t.Errorf("%s: %v after %d challenges", auth, err, asked)
		}
		if auth == "cram-md5" && !strings.Contains(err.Error(), "asks for more after 10 answers") {
			t.Errorf("%s: %v", auth, err)
		}
	}
}

// scripted is a server with a login, to which one connects in memory.
func scripted(serve func(net.Conn)) *Server {
	return &Server{Host: "127.0.0.1", Port: 25, TLS: TLSNone, Auth: "plain", Username: "digest", Password: "geheim", HelloName: "client.example.org",
		DialTimeout: time.Minute, ReplyTimeout: time.Minute, Dialer: func(context.Context, string, string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			go func() {
				defer ours.Close()
				serve(ours)
			}()
			return onLoopback{theirs}, nil
		}}
}

// onLoopback is a connection in memory that is as good as one to this machine.
type onLoopback struct{ net.Conn }

func (onLoopback) RemoteAddr() net.Addr { return &net.UnixAddr{} }

// talkTo sends a message to a server that gives some answers, and then says something without end. It returns how that
// ended, and how many bytes of the latter were read.
func talkTo(t *testing.T, auth string, answers []string, what string) (Reply, int64) {
	var sent atomic.Int64
	s := scripted(func(conn net.Conn) {
		r := bufio.NewReader(conn)
		for i, answer := range answers {
			if i > 0 { // the greeting comes unasked
				if _, err := r.ReadString('\n'); err != nil {
					return
				}
			}
			io.WriteString(conn, answer)
		}
		go io.Copy(io.Discard, r)
		for sent.Load() < 1<<30 {
			n, err := io.WriteString(conn, what)
			sent.Add(int64(n))
			if err != nil {
				return
			}
		}
	})
	s.Auth = auth
	c, err := s.Dial(t.Context())
	if err != nil {
		return err.(*Refusal).Reply, sent.Load()
	}
	defer c.Close()
	return c.Send(anEnvelope, aMessage, always), sent.Load()
}
