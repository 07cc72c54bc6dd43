//go:build linux

package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"digestd/mailer/smtp/smtptest"
)

// soak is how long the daemon runs in the test below; without it there is no such test.
const soak = "DIGESTD_SOAK"

// faultyFeeds serves feeds of which each tells something new every minute, and of whose answers one in ten fails: with a
// status, cut in the middle, with rubbish, or late.
func faultyFeeds(t *testing.T) (address string) {
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(16, 1))
	began := time.Now()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		fault := random.IntN(50)
		mu.Unlock()
		name := strings.TrimPrefix(r.URL.Path, "/")
		minute := int(time.Since(began) / time.Minute)
		var entries []entry
		for i := max(0, minute-19); i <= minute; i++ {
			entries = append(entries, entry{title: headlineOf(name, i), link: fmt.Sprintf("https://example.org/%s/%d", name, i)})
		}
		text := string(feed("Line "+name, entries...))
		w.Header().Set("ETag", fmt.Sprintf("%q", strconv.Itoa(minute))) // without one, feeds are asked once an hour
		switch fault {
		case 0:
			w.WriteHeader(http.StatusInternalServerError)
		case 1:
			io.WriteString(w, text[:len(text)/2])
		case 2:
			io.WriteString(w, strings.Repeat("\x00<&", 1000))
		case 3:
			time.Sleep(3 * time.Second)
			io.WriteString(w, text)
		case 4:
			w.Header().Set("Retry-After", "30")
			w.WriteHeader(http.StatusTooManyRequests)
		default:
			io.WriteString(w, text)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// headlineOf is what a feed tells in a minute, in words that hardly another one has.
func headlineOf(feed string, minute int) string {
	seed := fnv.New64a()
	fmt.Fprint(seed, feed, "/", minute)
	random := rand.New(rand.NewPCG(seed.Sum64(), 16))
	var words []string
	for range 6 {
		word := ""
		for range 3 {
			word += [...]string{"ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu", "na", "pe", "ri", "so", "tu", "va"}[random.IntN(16)]
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

// faultySink takes messages, and of those that come one in forty fails: refused for now, cut before its end, or taken
// and cut. It counts the latter, of which nobody can know.
func faultySink(t *testing.T) (sink *smtptest.Server, doubts *atomic.Int64) {
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(16, 2))
	doubts = new(atomic.Int64)
	return smtptest.Start(t, func(m smtptest.Moment) string {
		mu.Lock()
		fault := random.IntN(200)
		mu.Unlock()
		switch {
		case m.Stage == smtptest.Rcpt && fault < 2:
			return "451 4.7.1 come again"
		case m.Stage == smtptest.Mail && fault == 2:
			return smtptest.Cut
		case m.Stage == smtptest.Dot && fault == 3:
			doubts.Add(1)
			return smtptest.TakeAndCut
		}
		return smtptest.Default
	}, nil), doubts
}

// TestAnEditionEveryMinute runs the daemon with a slot each minute, a hundred feeds and a reload every ten seconds, each third
// of which is of a configuration with an error in it; feeds and mail server fail now and then. The heap must be flat, each
// minute must have its edition, and each reader each edition once, but for those that were in doubt.
func TestAnEditionEveryMinute(t *testing.T) {
	asked := os.Getenv(soak)
	if asked == "" {
		t.Skipf("a daemon for half an hour: %s=30m asks for it", soak)
	}
	long, err := time.ParseDuration(asked)
	if err != nil {
		t.Fatal(err)
	}
	feeds := faultyFeeds(t)
	inboxes, doubts := faultySink(t)
	port := freePort(t)
	var config strings.Builder
	fmt.Fprintf(&config, "[newsletter]\nname = \"Minute Wire\"\ntimezone = \"UTC\"\npostal_address = \"1 Rue Exemple, Paris\"\n"+
		"[mail]\nfrom = \"Minute Wire <digest@example.org>\"\n[collect]\nevery = \"1m\"\nper_host = 16\nallow_private_networks = [\"127.0.0.0/8\"]\n"+
		"[web]\nlisten = \"127.0.0.1:%d\"\nmetrics = \"127.0.0.1:%[1]d\"\nbase_url = \"http://127.0.0.1:%[1]d\"\n[delivery]\ntransport = \"smtp\"\nretry = [\"5s\", \"10s\"]\n"+
		"[smtp]\nhost = \"127.0.0.1\"\nport = %d\ntls = \"none\"\n[digests.minute]\ntopics = [\"global\"]\nschedule = \"* * * * *\"\ncatch_up = \"1m\"\n"+
		"[topics.global]\nmax_per_feed = 100\nmax_stories = 40\nfeeds = [", port, inboxes.Port)
	for i := range 100 {
		fmt.Fprintf(&config, "%q,", fmt.Sprintf("%s/%d", feeds, i))
	}
	config.WriteString("]\n" + readers(20))
	here := newSite(t, config.String())
	daemon := here.command("run")
	var log bytes.Buffer
	daemon.Stdout, daemon.Stderr = &log, &log
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { daemon.Process.Kill() })
	await(t, "the daemon", func() bool { return here.command("status").Run() == nil })

	var heap []float64
	end := time.Now().Add(long)
	for n := 0; time.Now().Before(end); n++ {
		time.Sleep(10 * time.Second)
		here.write(t, "config.toml", config.String())
		want := 0
		if n%3 == 2 {
			here.write(t, "config.toml", config.String()+"\nnonsense = true\n")
			want = 2
		}
		reload := here.command("reload")
		said, err := reload.CombinedOutput()
		if got := reload.ProcessState.ExitCode(); got != want {
			t.Errorf("reload %d: exit %d, %v, want %d\n%s", n, got, err, want, said)
		}
		if n%3 == 0 {
			h, rss := memory(t, port, daemon.Process.Pid)
			if heap = append(heap, h); n%18 == 0 {
				t.Logf("after %3d min: heap in use %.1f MB, resident memory of its own %.1f MB, %d messages so far", n/6, h, rss,
					len(inboxes.Taken()))
			}
		}
	}
	here.write(t, "config.toml", config.String())
	daemon.Process.Signal(syscall.SIGTERM)
	var ended *exec.ExitError
	if err := daemon.Wait(); errors.As(err, &ended) {
		t.Errorf("the daemon ended with %v\n%s", err, tail(log.Bytes()))
	}
	third := len(heap) / 3
	if early, late := mean(heap[third:2*third]), mean(heap[2*third:]); late > early*1.15 {
		t.Errorf("the heap grows: %.1f MB in the middle third, %.1f MB in the last", early, late)
	}
	var check struct{ Problems []string }
	if here.decode(t, 0, &check, "ledger", "check"); len(check.Problems) > 0 {
		t.Errorf("ledger check: %v", check.Problems)
	}
	countEditions(t, inboxes, long, int(doubts.Load()))
}

// countEditions holds what came against what should have come.
func countEditions(t *testing.T, inboxes *smtptest.Server, long time.Duration, doubts int) {
	t.Helper()
	copies := map[string]int{}
	for _, m := range inboxes.Taken() {
		id := messageID.FindString(string(m.Raw))
		copies[id+m.To]++
	}
	twice := len(inboxes.Taken()) - len(copies)
	if twice > doubts {
		t.Errorf("%d messages came twice, and %d were in doubt", twice, doubts)
	}
	minutes := int(long / time.Minute)
	if len(copies) < 20*(minutes-2) {
		t.Errorf("%d messages in %d minutes for 20 readers", len(copies), minutes)
	}
	t.Logf("%d messages of about %d editions, %d of them twice, %d in doubt", len(copies), len(copies)/20, twice, doubts)
}

var messageID = regexp.MustCompile(`(?mi)^message-id: .*$`)

// memory is what a daemon takes, in MB: what its heap may become before it is collected next, and what is resident of its
// own.
func memory(t *testing.T, port, pid int) (heap, rss float64) {
	t.Helper()
	answer, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/metrics", port))
	if err != nil {
		t.Error(err)
		return 0, 0
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Error(err)
	}
	if m := regexp.MustCompile(`(?m)^go_memstats_next_gc_bytes (\S+)$`).FindSubmatch(text); m != nil {
		heap, _ = strconv.ParseFloat(string(m[1]), 64)
	}
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if m := regexp.MustCompile(`RssAnon:\s+(\d+) kB`).FindSubmatch(status); m != nil {
		rss, _ = strconv.ParseFloat(string(m[1]), 64)
	}
	return heap / (1 << 20), rss / (1 << 10)
}

func mean(of []float64) (sum float64) {
	for _, x := range of {
		sum += x / float64(len(of))
	}
	return sum
}
