package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"digestd/mailer"
	"digestd/mailer/message"
	"digestd/mailer/smtp"
)

// The world of a week: feeds that come, go, lie and hang, and a mail server that is away for two nights. All of
// it lives in memory, inside the bubble of a test, so that a week passes as fast as the program can work.

// outlet is a feed. What it shows follows from the time alone; how it misbehaves, from its number.
type outlet struct {
	number   int
	every    time.Duration // between two items
	from, to time.Time     // it exists
	lastItem time.Time     // there is no news after it

}

// shownAtOnce is how many items a feed shows.
const shownAtOnce = 15

// manner is how a feed misbehaves.
type manner int

const (
	honest   manner = iota
	plain           // without validators
	flaky           // fails one time in three
	hanging         // does not answer one time in five
	liar            // about dates
	renaming        // gives each item another guid each day
	emptying        // shows nothing one time in five, and then all again
	broken          // is a web page, or cut in the middle, one time in five
	tracking        // puts another parameter into each link each day
	leaving         // says that it is gone for good, after three days
	manners
)

func (o *outlet) manner() manner { return manner(o.number) % manners }
func (o *outlet) url() string    { return fmt.Sprintf("https://feed%d.example.org/rss", o.number) }

// items are the numbers of those that the feed shows at a time, the newest first.
func (o *outlet) items(now time.Time) (first, last int) {
	if now.After(o.lastItem) {
		now = o.lastItem
	}
	last = int(now.Sub(o.from) / o.every)
	return max(0, last-shownAtOnce+1), last
}

func (o *outlet) link(item int) string {
	return fmt.Sprintf("https://feed%d.example.org/item/%d", o.number, item)
}

// title is of words that no other item has, so that nothing is taken for the same story by its words.
func (o *outlet) title(item int) string {
	dice := rand.New(rand.NewPCG(uint64(o.number), uint64(item)))
	words := make([]string, 5)
	for i := range words {
		var w strings.Builder
		for range 3 {
			w.WriteByte("bdfgklmnprstvz"[dice.IntN(14)])
			w.WriteByte("aeiou"[dice.IntN(5)])
		}
		words[i] = w.String()
	}
	return strings.ToUpper(words[0][:1]) + strings.Join(words, " ")[1:]
}

// page is the feed as it is at a time, and the links in it.
func (o *outlet) page(now time.Time) (text string, links []string) {
	day := now.YearDay()
	var b strings.Builder
	fmt.Fprintf(&b, `<rss version="2.0"><channel><title>Feed %d</title><link>https://feed%d.example.org/</link>`, o.number, o.number)
	first, last := o.items(now)
	for i := last; i >= first; i-- {
		link, guid, date := o.link(i), o.link(i), o.from.Add(time.Duration(i)*o.every)
		links = append(links, link)
		switch o.manner() {
		case renaming:
			guid = fmt.Sprintf("%d-%d", day, i)
		case tracking:
			link += fmt.Sprintf("?utm_source=rss&amp;utm_campaign=d%d", day)
		case liar:
			date = []time.Time{date, now.AddDate(0, 0, 3), time.Unix(0, 0), {}}[i%4]
		}
		fmt.Fprintf(&b, `<item><title>%s</title><link>%s</link><guid isPermaLink="false">%s</guid>`, o.title(i), link, guid)
		if !date.IsZero() {
			fmt.Fprintf(&b, `<pubDate>%s</pubDate>`, date.UTC().Format(time.RFC1123Z))
		}
		b.WriteString("</item>")
	}
	b.WriteString("</channel></rss>")
	return b.String(), links
}

// outside is the world of a week.
type outside struct {
	now func() time.Time

	mu       sync.Mutex
	dice     *rand.Rand
	outlets  map[string]*outlet
	served   map[string]time.Time // by link: when it was first shown in a page that can be read
	numbers  map[string]uint32    // of links, so that a box is small
	requests int
	down     func(now time.Time) bool
	boxes    map[string]*box
	gone     map[string]time.Time // readers who left, and when
	late     []string             // mails to readers who had left
	dropped  int                  // messages that were taken, and whose connection then died
	sending  int                  // messages on their way
}

// box is what a reader got.
type box struct {
	mails map[string]int   // copies by Message-ID
	links map[uint32]uint8 // mails in which a story stands, by the number of its link
}

// RoundTrip answers a request for a feed.
func (w *outside) RoundTrip(r *http.Request) (*http.Response, error) {
	time.Sleep(50 * time.Millisecond)
	w.mu.Lock()
	w.requests++
	now := w.now()
	o, odds, fifth := w.outlets[r.URL.String()], w.dice.IntN(3) == 0, w.dice.IntN(5) == 0
	w.mu.Unlock()
	answer := func(status int, body string, header ...string) (*http.Response, error) {
		h := http.Header{"Content-Type": {"application/rss+xml"}}
		for i := 0; i+1 < len(header); i += 2 {
			h.Set(header[i], header[i+1])
		}
		return &http.Response{StatusCode: status, Status: fmt.Sprintf("%d %s", status, http.StatusText(status)), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Header: h, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: r}, nil
	}
	if o == nil || now.Before(o.from) || now.After(o.to) {
		return nil, errors.New("dial tcp: lookup of the feed's host: no such host")
	}
	text, links := o.page(now)
	tag := fmt.Sprintf(`"%d"`, len(links)+int(now.Sub(o.from)/o.every))
	switch {
	case o.manner() == flaky && odds:
		return answer(http.StatusServiceUnavailable, "busy", "Retry-After", "600")
	case o.manner() == hanging && fifth:
		<-r.Context().Done()
		return nil, r.Context().Err()
	case o.manner() == emptying && fifth:
		return answer(http.StatusOK, `<rss version="2.0"><channel><title>Feed</title></channel></rss>`)
	case o.manner() == broken && fifth && odds:
		return answer(http.StatusOK, "<!DOCTYPE html><html><body>We will be back soon</body></html>")
	case o.manner() == broken && fifth:
		return answer(http.StatusOK, text[:len(text)/2])
	case o.manner() == leaving && now.Sub(o.from) > 72*time.Hour:
		return answer(http.StatusGone, "gone")
	case o.manner() != plain && r.Header.Get("If-None-Match") == tag:
		return answer(http.StatusNotModified, "", "ETag", tag)
	}
	w.mu.Lock()
	for _, link := range links {
		if w.served[link].IsZero() {
			w.served[link] = now
		}
	}
	w.mu.Unlock()
	if o.manner() == plain {
		return answer(http.StatusOK, text)
	}
	return answer(http.StatusOK, text, "ETag", tag)
}

// busy reports whether messages are on their way.
func (w *outside) busy() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.sending > 0
}

// asked counts the requests.
func (w *outside) asked() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.requests
}

// forget is for what was shown to a process that died before it could have kept it.
func (w *outside) forget(since time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for link, at := range w.served {
		if at.After(since) {
			delete(w.served, link)
		}
	}
}

// The mail server.

func (w *outside) String() string { return "the mail server of the week" }

func (w *outside) Dial(ctx context.Context) (mailer.Conn, error) {
	time.Sleep(100 * time.Millisecond)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.down(w.now()) {
		return nil, &mailer.Unreachable{Where: w.String(), Outcome: mailer.Outcome{Result: mailer.Trouble, Stage: "connect", Words: "connection refused"}}
	}
	return &wire{w: w}, nil
}

// wire is a connection to it.
type wire struct {
	w    *outside
	dead bool
}

var (
	messageID = regexp.MustCompile(`(?m)^Message-ID: (\S+)\r$`)
	storyLink = regexp.MustCompile(`https://feed\d+\.example\.org/item/\d+`)
)

func (c *wire) Send(env message.Envelope, msg []byte, permit func() bool) mailer.Outcome {
	return mailer.OutcomeOf(c.send(env, msg, permit), env.To)
}

func (c *wire) send(env message.Envelope, msg []byte, permit func() bool) smtp.Reply {
	w := c.w
	w.mu.Lock()
	w.sending++
	w.mu.Unlock()
	time.Sleep(30 * time.Millisecond)
	allowed := permit()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sending--
	if !allowed {
		c.dead = true
		return smtp.Reply{Stage: smtp.Body, Err: smtp.ErrHeldBack}
	}
	now := w.now()
	if left, ok := w.gone[env.To]; ok && now.Sub(left) > time.Second { // but for what was on its way
		w.late = append(w.late, env.To)
	}
	hour := now.Sub(now.Truncate(24 * time.Hour))
	switch {
	case w.down(now):
		c.dead = true
		return smtp.Reply{Stage: smtp.Mail, Err: io.ErrUnexpectedEOF}
	case strings.HasPrefix(env.To, "full") && hour%(6*time.Hour) < 4*time.Hour:
		return smtp.Reply{Stage: smtp.Rcpt, Code: 452, Status: "4.2.2", Words: "mailbox full"}
	case strings.HasPrefix(env.To, "nobody"):
		return smtp.Reply{Stage: smtp.Rcpt, Code: 550, Status: "5.1.1", Words: "no such user"}
	}
	dies := w.dice.IntN(200) == 0
	if dies && w.dice.IntN(2) == 0 {
		c.dead = true
		return smtp.Reply{Stage: smtp.Dot, Err: io.ErrUnexpectedEOF} // and the message is lost
	}
	b := w.boxes[env.To]
	if b == nil {
		b = &box{mails: map[string]int{}, links: map[uint32]uint8{}}
		w.boxes[env.To] = b
	}
	text := strings.ReplaceAll(string(msg), "=\r\n", "")
	id := "none"
	if m := messageID.FindStringSubmatch(text); m != nil {
		id = strings.Clone(m[1])
	}
	if b.mails[id]++; b.mails[id] == 1 {
		all := storyLink.FindAllString(text, -1)
		slices.Sort(all)
		for _, link := range slices.Compact(all) {
			number, known := w.numbers[link]
			if !known {
				number = uint32(len(w.numbers))
				w.numbers[strings.Clone(link)] = number
			}
			b.links[number]++
		}
	}
	if dies {
		c.dead = true
		w.dropped++
		return smtp.Reply{Stage: smtp.Dot, Err: io.ErrUnexpectedEOF} // and the message was taken
	}
	return smtp.Reply{Stage: smtp.Dot, Code: 250, Words: "2.0.0 Ok: queued"}
}

func (c *wire) Usable() bool { return !c.dead }
func (c *wire) Close()       {}
