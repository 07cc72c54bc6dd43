//go:build linux

package e2e

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// imap is as much of an IMAP client (RFC 9051) as it takes to read a mailbox back.
type imap struct {
	conn *tls.Conn
	r    *bufio.Reader
}

// trust is a TLS configuration that knows the rig's authority and no other.
func trust(t *testing.T, caFile string) *tls.Config {
	t.Helper()
	pem, err := os.ReadFile(caFile)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		t.Fatalf("%s holds no certificate", caFile)
	}
	return &tls.Config{RootCAs: roots, ServerName: "127.0.0.1"}
}

func dialIMAP(t *testing.T, addr, caFile string) *imap {
	t.Helper()
	conn, err := tls.Dial("tcp", addr, trust(t, caFile))
	if err != nil {
		t.Fatal(err)
	}
	conn.SetDeadline(time.Now().Add(patience))
	return &imap{conn: conn, r: bufio.NewReader(conn)}
}

func (c *imap) close() { c.conn.Close() }

// command sends one command and gathers the literals of its answer.
func (c *imap) command(line string) ([][]byte, error) {
	if _, err := fmt.Fprintf(c.conn, "a %s\r\n", line); err != nil {
		return nil, err
	}
	verb, _, _ := strings.Cut(line, " ")
	var literals [][]byte
	for {
		answer, err := c.r.ReadString('\n')
		if err != nil {
			return nil, fmt.Errorf("%s: %w", verb, err)
		}
		answer = strings.TrimRight(answer, "\r\n")
		if status, tagged := strings.CutPrefix(answer, "a "); tagged {
			if !strings.HasPrefix(status, "OK") {
				return nil, fmt.Errorf("%s: %s", verb, status)
			}
			return literals, nil
		}
		size, announced := strings.CutSuffix(answer[strings.LastIndexByte(answer, '{')+1:], "}")
		if !announced {
			continue
		}
		n, err := strconv.Atoi(size)
		if err != nil {
			continue // a brace that ends something else
		}
		literal := make([]byte, n)
		if _, err := io.ReadFull(c.r, literal); err != nil {
			return nil, fmt.Errorf("%s: %w", verb, err)
		}
		literals = append(literals, literal)
	}
}

// fetchAll logs in and reads every message of the inbox, in order of arrival.
func (c *imap) fetchAll(user, password string) ([][]byte, error) {
	if _, err := c.command(fmt.Sprintf("LOGIN %q %q", user, password)); err != nil {
		return nil, err
	}
	if _, err := c.command("EXAMINE INBOX"); err != nil {
		return nil, err
	}
	return c.command("UID FETCH 1:* BODY.PEEK[]")
}
