package postgres_test

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"digestd/internal/ledger/store"
	"digestd/internal/ledger/store/postgres"
	"digestd/internal/ledger/store/storetest"
	"digestd/mailer/smtp/smtptest"
)

// opens holds how opening a database ends: without words, well; else with them, in one line.
func opens(t *testing.T, opt postgres.Options, words string) {
	t.Helper()
	s, err := postgres.At(opt)()
	if err == nil {
		s.Close()
	}
	switch {
	case words == "" && err != nil:
		t.Errorf("%s: %v", opt.URL, err)
	case words != "" && (err == nil || !strings.Contains(err.Error(), words) || strings.Contains(err.Error(), "\n")):
		t.Errorf("%s: %v, want %q", opt.URL, err, words)
	}
}

// TestTLSAsTheURLSays reaches a server whose certificate is of a private authority, over TCP and with a password.
func TestTLSAsTheURLSays(t *testing.T) {
	cluster := storetest.Alone(t)
	files, key := t.TempDir(), ""
	certificate, _ := smtptest.Certificate(t, time.Now().Add(time.Hour))
	der, err := x509.MarshalPKCS8PrivateKey(certificate.Certificates[0].PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	key = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	other, _ := smtptest.Certificate(t, time.Now().Add(time.Hour))
	for name, text := range map[string]string{"ca.pem": string(smtptest.PEM(certificate)), "other.pem": string(smtptest.PEM(other))} {
		if err := os.WriteFile(filepath.Join(files, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cluster.Write(t, "server.crt", string(smtptest.PEM(certificate)))
	cluster.Write(t, "server.key", key)
	cluster.Write(t, "pg_hba.conf", "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	for _, set := range []string{"ssl = on", "listen_addresses = '127.0.0.1'", fmt.Sprintf("port = %d", port)} {
		cluster.SQL(t, "alter system set "+set)
	}
	cluster.SQL(t, "create role wire login password 'right'; create schema wire authorization wire")
	cluster.Restart(t, "fast")
	right := func() (string, error) { return "right", nil }
	at := func(host, settings string) postgres.Options {
		return postgres.Options{URL: fmt.Sprintf("postgres://wire@%s:%d/postgres?%s", host, port, settings), Password: right}
	}
	ca, wrong := "&sslrootcert="+url.QueryEscape(filepath.Join(files, "ca.pem")), "&sslrootcert="+url.QueryEscape(filepath.Join(files, "other.pem"))
	opens(t, at("127.0.0.1", "sslmode=verify-full"+ca), "")
	opens(t, at("127.0.0.1", "sslmode=require"), "")
	opens(t, at("localhost", "sslmode=verify-ca"+ca), "")
	opens(t, at("127.0.0.1", "sslmode=verify-full"+wrong), "x509: certificate signed by unknown authority")
	opens(t, at("127.0.0.1", "sslmode=verify-full"), "x509: certificate signed by unknown authority")
	opens(t, at("localhost", "sslmode=verify-full"+ca), "x509: certificate is not valid for any names, but wanted to match localhost")
	opens(t, at("127.0.0.1", "sslmode=disable"), "no pg_hba.conf entry")
	opens(t, at("127.0.0.1", "sslmode=verify-full&sslrootcert=/nowhere.pem"), "/nowhere.pem")
	denied := at("127.0.0.1", "sslmode=verify-full"+ca)
	denied.Password = func() (string, error) { return "wrong", nil }
	opens(t, denied, "the password is wrong")
	opens(t, postgres.Options{URL: denied.URL}, "the password is wrong, or there is none")
}

// TestAReplicaIsRefused asks a replica, and both in either order.
func TestAReplicaIsRefused(t *testing.T) {
	primary := storetest.Alone(t)
	standby := primary.Standby(t)
	at := func(hosts ...string) postgres.Options {
		return postgres.Options{URL: "postgres://digestd@/postgres?target_session_attrs=any&host=" + url.QueryEscape(strings.Join(hosts, ","))}
	}
	opens(t, at(standby.Dir), "what answers is a replica, which can only be read")
	opens(t, at(standby.Dir, primary.Dir), "")
	opens(t, at(primary.Dir, standby.Dir), "")
	if found := postgres.Examine(t.Context(), at(standby.Dir)); len(found) != 1 || !errors.Is(found[0], store.ErrAway) {
		t.Errorf("examining it: %v", found)
	}
}

// TestServersThatAreNone asks what speaks PostgreSQL's protocol, and is too old or something else.
func TestServersThatAreNone(t *testing.T) {
	for _, c := range []struct{ version, number, words string }{
		{"PostgreSQL 14.9 on x86_64", "140009", "it is PostgreSQL 14, and 15 or later is needed"},
		{"PostgreSQL 9.6.24 on x86_64", "90624", "it is PostgreSQL 9, and 15 or later is needed"},
		{"CockroachDB CCL v24.1.0", "130000", "it is CockroachDB CCL v24.1.0, whose locks are not those of PostgreSQL"},
	} {
		dir := t.TempDir()
		l, err := net.Listen("unix", filepath.Join(dir, ".s.PGSQL.5432"))
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		go func() {
			for conn, err := l.Accept(); err == nil; conn, err = l.Accept() {
				go pretend(conn, c.version, c.number, "f", "off", "on")
			}
		}()
		opens(t, postgres.Options{URL: "postgres://digestd@/postgres?sslmode=disable&host=" + dir}, c.words)
	}
}

// pretend lets a client in, and gives one row as the answer to whatever it asks.
func pretend(conn net.Conn, row ...string) {
	defer conn.Close()
	b := pgproto3.NewBackend(conn, conn)
	if _, err := b.ReceiveStartupMessage(); err != nil {
		return
	}
	b.Send(&pgproto3.AuthenticationOk{})
	for {
		b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
		if b.Flush() != nil {
			return
		}
		if m, err := b.Receive(); err != nil {
			return
		} else if _, asks := m.(*pgproto3.Query); !asks {
			return
		}
		var fields []pgproto3.FieldDescription
		var values [][]byte
		for _, value := range row {
			fields = append(fields, pgproto3.FieldDescription{Name: []byte("x"), DataTypeOID: 25, DataTypeSize: -1})
			values = append(values, []byte(value))
		}
		b.Send(&pgproto3.RowDescription{Fields: fields})
		b.Send(&pgproto3.DataRow{Values: values})
		b.Send(&pgproto3.CommandComplete{CommandTag: []byte("SELECT 1")})
	}
}

// TestNothingWaitsForEver lets one process hold what another wants: each wait has an end, in words.
func TestNothingWaitsForEver(t *testing.T) {
	cluster := storetest.PostgreSQL(t)
	raw := cluster.URL(t)
	holder := open(t, postgres.Options{URL: raw, Name: "holder"})
	if err := holder.Update(nil, func(tx store.Tx) error { return tx.Create("b") }); err != nil {
		t.Fatal(err)
	}
	for settings, words := range map[string]string{
		"lock_timeout=300":                         "another digestd did not let go of a lock",
		"lock_timeout=0&statement_timeout=3000":    "canceling statement due to statement timeout",
		"idle_in_transaction_session_timeout=2000": "",
	} {
		s := open(t, postgres.Options{URL: raw + "&" + settings, Name: "waiting"})
		var err error
		if !strings.HasPrefix(settings, "idle") {
			if held := add(holder, "key", func() { err = add(s, "never", func() {}) }); held != nil {
				t.Error(held)
			}
		} else {
			err = s.View(func(tx store.Tx) error {
				_, err := tx.Bucket("b").Get([]byte("x"))
				for deadline := time.Now().Add(time.Minute); err == nil && time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
					if cluster.SQL(t, "select count(*) from pg_stat_activity where application_name = 'digestd waiting' and state = 'idle in transaction'") == "0" {
						_, err = tx.Bucket("b").Get([]byte("y"))
					}
				}
				return err
			})
		}
		if !errors.Is(err, store.ErrAway) || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v", settings, err)
		}
	}
}

// TestAMachineThatIsCutOff lets the network swallow all that a session says: the database ends it, and others have what it held.
func TestAMachineThatIsCutOff(t *testing.T) {
	cluster := storetest.PostgreSQL(t)
	proxy := cluster.Proxy(t)
	raw := cluster.URL(t)
	far := open(t, postgres.Options{URL: proxy.Through(t, raw) + "&idle_session_timeout=300", Name: "far"})
	near := open(t, postgres.Options{URL: raw, Name: "near"})
	session := func(s store.Store, name string) store.Session {
		session, err := s.Session(context.Background(), name)
		if err != nil {
			t.Fatal(err)
		}
		return session
	}
	lost, other := session(far, "lost"), session(near, "other")
	if taken, err := lost.TryLock("lot"); !taken || err != nil {
		t.Fatal(taken, err)
	}
	proxy.Next(storetest.Silence) // of whatever it says next
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(200 * time.Millisecond) {
		taken, err := other.TryLock("lot")
		if taken {
			break
		}
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("the lot is not to be had: %v", err)
		}
	}
	proxy.Cut()
	if err := add(lost, "never", func() {}); !errors.Is(err, store.ErrSessionLost) {
		t.Errorf("who was cut off: %v", err)
	}
}
