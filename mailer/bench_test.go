package mailer

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"digestd/internal/ledger"
	"digestd/internal/ledger/store/storetest"
	"digestd/mailer/dkim"
	"digestd/mailer/smtp"
)

// BenchmarkDeliver hands b.N personal messages of 40 KB to a sink over 8 connections, with a ledger on
// disk. The sink is one of Go's in this process, or that at $DIGESTD_SINK, such as Postfix's smtp-sink.
func BenchmarkDeliver(b *testing.B) {
	for _, signed := range []string{"", "rsa", "ed25519"} {
		for _, pipelining := range []bool{true, false} {
			b.Run(fmt.Sprintf("dkim=%s/pipelining=%v", signed, pipelining), func(b *testing.B) {
				address := os.Getenv("DIGESTD_SINK")
				if address == "" {
					address = sink(b, pipelining, 0)
				}
				host, port, err := net.SplitHostPort(address)
				if err != nil {
					b.Fatal(err)
				}
				server := &smtp.Server{Host: host, TLS: smtp.TLSNone, DialTimeout: 5 * time.Second, ReplyTimeout: time.Minute}
				if server.Port, err = strconv.Atoi(port); err != nil {
					b.Fatal(err)
				}
				l, job := onDisk(b, b.TempDir(), b.N, template(b, 40_000))
				defer l.Close()
				if signed != "" {
					key, _, err := dkim.Generate(signed, rand.Reader)
					if err != nil {
						b.Fatal(err)
					}
					if job.Signer, err = dkim.NewSigner("example.org", "digest", key); err != nil {
						b.Fatal(err)
					}
					job.Templates[0] = signedTemplate(b, 40_000, job.Signer.ID())
				}
				o := defaults
				o.Connections, o.MaxPerConnection = 8, 1000
				m := New(o, OverSMTP(server), l.Mail(), nil)
				b.ResetTimer()
				s, err := m.Deliver(context.Background(), job)
				b.StopTimer()
				if err != nil || s.Sent != b.N {
					b.Fatal(s, err)
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
			})
		}
	}
}

// BenchmarkDeliverToASlowServer has 32 connections to a server that answers after 20 ms. What is to be
// had are connections ÷ (round trips × 20 ms): 800/s with PIPELINING, 400/s without.
func BenchmarkDeliverToASlowServer(b *testing.B) {
	for _, pipelining := range []bool{true, false} {
		b.Run(fmt.Sprintf("pipelining=%v", pipelining), func(b *testing.B) {
			host, port, err := net.SplitHostPort(sink(b, pipelining, 20*time.Millisecond))
			if err != nil {
				b.Fatal(err)
			}
			server := &smtp.Server{Host: host, TLS: smtp.TLSNone, DialTimeout: 5 * time.Second, ReplyTimeout: time.Minute}
			if server.Port, err = strconv.Atoi(port); err != nil {
				b.Fatal(err)
			}
			l, job := onDisk(b, b.TempDir(), b.N, template(b, 40_000))
			defer l.Close()
			o := defaults
			o.Connections, o.MaxPerConnection = 32, 1000
			b.ResetTimer()
			s, err := New(o, OverSMTP(server), l.Mail(), nil).Deliver(context.Background(), job)
			b.StopTimer()
			if err != nil || s.Sent != b.N {
				b.Fatal(s, err)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
		})
	}
}

// BenchmarkSenders lets one, two and three senders share an edition in PostgreSQL, each with 16 connections to a server without
// PIPELINING that answers after 20 ms. What is to be had are 200 messages a second of each.
func BenchmarkSenders(b *testing.B) {
	for senders := 1; senders <= 3; senders++ {
		b.Run(fmt.Sprint(senders), func(b *testing.B) {
			host, port, err := net.SplitHostPort(sink(b, false, 20*time.Millisecond))
			if err != nil {
				b.Fatal(err)
			}
			server := &smtp.Server{Host: host, TLS: smtp.TLSNone, DialTimeout: 5 * time.Second, ReplyTimeout: time.Minute}
			if server.Port, err = strconv.Atoi(port); err != nil {
				b.Fatal(err)
			}
			at := storetest.Fresh(b)
			l, job := composedIn(b, at, b.N, template(b, 5000))
			defer l.Close()
			o := defaults
			o.Connections, o.MaxPerConnection = 16, 1000
			var all sync.WaitGroup
			var sent atomic.Int64
			b.ResetTimer()
			for i := range senders {
				all.Go(func() {
					own, err := ledger.Open(at, nil)
					if err != nil {
						b.Error(err)
						return
					}
					defer own.Close()
					own.Senders.Call(fmt.Sprint("sender ", i))
					s, err := New(o, OverSMTP(server), own.Mail(), nil).Deliver(context.Background(), job)
					if err != nil {
						b.Error(err)
					}
					sent.Add(int64(s.Sent))
				})
			}
			all.Wait()
			b.StopTimer()
			if sent.Load() != int64(b.N) {
				b.Errorf("%d of %d were sent", sent.Load(), b.N)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
		})
	}
}

// sink runs a server that does as little as can be done, until the test ends, and returns its address.
func sink(t testing.TB, pipelining bool, delay time.Duration) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go serveSink(l, pipelining, delay)
	return l.Addr().String()
}

// serveSink takes connections until its listener closes.
func serveSink(l net.Listener, pipelining bool, delay time.Duration) error {
	hello := "250 sink\r\n"
	if pipelining {
		hello = "250-sink\r\n250 PIPELINING\r\n"
	}
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer c.Close()
			swallow(c, hello, delay)
		}()
	}
}

// swallow answers a client when it waits for answers, each time after a delay.
func swallow(c net.Conn, hello string, delay time.Duration) {
	r := bufio.NewReaderSize(c, 128<<10)
	w := bufio.NewWriter(c)
	answer := func(text string) {
		io.WriteString(w, text)
		if r.Buffered() == 0 {
			time.Sleep(delay)
			w.Flush()
		}
	}
	answer("220 sink\r\n")
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return
		}
		switch {
		case bytes.HasPrefix(line, []byte("EHLO")):
			answer(hello)
		case bytes.HasPrefix(line, []byte("DATA")):
			answer("354 go\r\n")
			var tail []byte
			for !bytes.HasSuffix(tail, []byte("\r\n.\r\n")) {
				if _, err := r.Peek(1); err != nil {
					return
				}
				part, _ := r.Peek(r.Buffered())
				tail = append(tail, part[max(0, len(part)-5):]...)
				tail = tail[max(0, len(tail)-5):]
				r.Discard(len(part))
			}
			answer("250 2.0.0 Ok: queued as 0123456789\r\n")
		case bytes.HasPrefix(line, []byte("QUIT")):
			answer("221 bye\r\n")
			return
		default:
			answer("250 ok\r\n")
		}
	}
}
