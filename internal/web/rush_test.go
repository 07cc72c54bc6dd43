package web

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"digestd/digest"
	"digestd/internal/ledger"
	"digestd/subscribers"
)

const rushEdition = "daily/Europe/Paris/2026-03-13T07:00"

// rush lets some readers of an edition leave by one click, all at once, while four workers hand the edition
// out. It returns how long each click took, how long all of them did, and how many messages went out.
func rush(d *desk, readers, clicks int) (took []time.Duration, whole time.Duration, sent int) {
	t := d.t
	t.Helper()
	c := ledger.Composition{
		Edition:  digest.Edition{ID: rushEdition, Digest: "daily", Zone: "Europe/Paris", Composed: d.now},
		Variants: []ledger.Variant{{Key: digest.VariantKey{Language: "en", Format: "html"}, Body: []byte("x")}},
	}
	address := func(i int) string { return fmt.Sprintf("reader%d@example.org", i) }
	for i := range readers {
		c.Recipients = append(c.Recipients, digest.Recipient{Index: i, Email: address(i)})
	}
	var err error
	if c.Before, err = d.ledger.Lanes.Get(digest.Lane{Digest: "daily", Zone: "Europe/Paris"}); err != nil {
		t.Fatal(err)
	}
	if err := d.ledger.Editions.Commit(c); err != nil {
		t.Fatal(err)
	}
	key, home := d.key(), "http://"+d.listen().Addr().String()
	left := make([]atomic.Bool, readers) // who has had an answer
	var total, stop atomic.Int64
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			var done *digest.Event
			for i := readers - 1 - worker; i >= 0; i -= 4 {
				gone := left[i].Load()
				next := &digest.Event{Index: i, State: digest.Intent, At: d.now, Attempt: 1, First: d.now}
				state, err := d.ledger.Deliveries.Step(rushEdition, done, next, address(i))()
				if err != nil {
					t.Error(err)
					return
				}
				done = nil
				if state == digest.Intent {
					total.Add(1)
					done = &digest.Event{Index: i, State: digest.Sent, At: d.now, Attempt: 1, First: d.now, Code: 250}
				}
				if gone && state != digest.Suppressed {
					t.Errorf("reader %d has left, and is written to", i)
				}
			}
			if done != nil {
				if _, err := d.ledger.Deliveries.Step(rushEdition, done, nil, "")(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	client := &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxConnsPerHost: 64, MaxIdleConnsPerHost: 64}}
	took = make([]time.Duration, clicks)
	start := time.Now()
	var clicking sync.WaitGroup
	for range 64 {
		clicking.Go(func() {
			for i := int(stop.Add(1)) - 1; i < clicks; i = int(stop.Add(1)) - 1 {
				begun := time.Now()
				answer, err := client.Post(home+"/u/"+key.Delivery(subscribers.ForUnsubscribe, rushEdition, i, address(i)), "application/x-www-form-urlencoded", strings.NewReader(oneClick))
				if err != nil {
					t.Error(err)
					return
				}
				io.Copy(io.Discard, answer.Body)
				answer.Body.Close()
				if answer.StatusCode != http.StatusOK {
					t.Errorf("reader %d gets status %d", i, answer.StatusCode)
				}
				took[i] = time.Since(begun)
				left[i].Store(true)
			}
		})
	}
	clicking.Wait()
	whole = time.Since(start)
	all.Wait()
	client.CloseIdleConnections()

	d.open() // what is left is what was committed
	for i := range clicks {
		if yes, err := d.ledger.Readers.Suppressed(address(i), "daily"); !yes || err != nil {
			t.Fatalf("reader %d has left, and is forgotten: %v", i, err)
		}
	}
	progress, err := d.ledger.Deliveries.Progress(rushEdition)
	if err != nil {
		t.Fatal(err)
	}
	counts := progress.Counts()
	if counts[digest.Sent] != int(total.Load()) || counts[digest.Sent]+counts[digest.Suppressed] != readers || counts[digest.Suppressed] > clicks {
		t.Errorf("deliveries %v, %d went out", counts, total.Load())
	}
	return took, whole, counts[digest.Sent]
}

// TestLeavingInTheMiddleOfARun holds that whoever has had an answer is written to no more, and that nothing is lost
// on either side.
func TestLeavingInTheMiddleOfARun(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	if _, _, sent := rush(d, 2000, 500); sent < 1500 {
		t.Errorf("%d went out to those who stay", sent)
	}
}

// BenchmarkOneClick measures clicks that come as fast as they are answered, over 64 connections, while four
// workers hand out an edition of twice as many messages: go test -run '^$' -bench OneClick -benchtime 10000x.
func BenchmarkOneClick(b *testing.B) {
	d := newDesk(b)
	took, whole, _ := rush(d, 2*b.N, b.N)
	b.ReportMetric(float64(b.N)/whole.Seconds(), "clicks/s")
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "ms-median")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "ms-p99")
}
