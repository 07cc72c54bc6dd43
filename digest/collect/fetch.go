package collect

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"

	"digestd/digest"
)

const (
	maxRedirects   = 5
	maxHeaderBytes = 128 << 10
	// From so many polls in a row that saw the same permanent move, its target is asked directly.
	movesBelieved = 3

	acceptedFeed = "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml;q=0.9, " +
		"application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7, */*;q=0.1"
)

// answer is what a server said.
type answer struct {
	notModified bool
	header      http.Header
	final       *url.URL // that answered, without credentials
	moved       string   // where permanent redirects from the feed's own address lead; empty: nowhere
	body        *spool   // of a 200 or 206; the caller closes it
	cut         error    // why it is not whole, where the question takes that too
}

// StatusError is an answer that is neither a feed nor "not modified".
type StatusError struct {
	Code       int           // HTTP status
	RetryAfter time.Duration // that the server asked for, clamped; 0: it did not
}

// Error says what the status means for the feed, and what to do.
func (e *StatusError) Error() string {
	text := "the server answered " + strconv.Itoa(e.Code)
	if name := http.StatusText(e.Code); name != "" {
		text += " " + name
	}
	switch {
	case e.Code == http.StatusGone:
		return text + ": the feed is gone for good; take it out of the config, or put its new address there"
	case e.Code == http.StatusUnauthorized || e.Code == http.StatusProxyAuthRequired:
		return text + ": it wants a user name and password; write them into the address, https://user:password@host/…"
	case e.Code == http.StatusForbidden:
		return text + ": it refuses this program; ask its owner, or set user_agent in [collect] so that they can reach you"
	case e.Code == http.StatusNotFound:
		return text + ": check the feed's address"
	case e.Code == http.StatusTooManyRequests:
		return text + ": it was asked too often; it is left alone for a while"
	case e.Code == http.StatusNotModified:
		return text + ", though it was asked for the whole feed"
	case e.Code >= 300 && e.Code < 400:
		return text + " without an address to go to"
	case e.Code >= 500:
		return text + ": it is out of order; it is tried again later"
	}
	return text
}

// Is lets errors.Is find ErrGone.
func (e *StatusError) Is(target error) bool {
	return target == ErrGone && e.Code == http.StatusGone
}

// newTransport is HTTP for feeds. The proxies of the environment are not used: a proxy would connect
// to whatever it is told, past the guard.
func newTransport(
	dial func(ctx context.Context, network, address string) (net.Conn, error), perHost int,
) *http.Transport {
	return &http.Transport{
		Proxy:                  nil,
		DialContext:            dial,
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    15 * time.Second,
		MaxIdleConnsPerHost:    max(1, perHost),
		MaxIdleConns:           64,
		IdleConnTimeout:        15 * time.Second,
		MaxResponseHeaderBytes: maxHeaderBytes,
		DisableCompression:     true, // asked for, and bounded, by this package
	}
}

// question is what a server is asked for: a feed, or what stands beside one.
type question struct {
	address, accept string
	state           digest.FeedState // its MovedTo is asked in place of the address, once the move is believed
	conditional     bool             // the state's validators go along
	partly          bool             // what came before the connection broke will do
	begin           int64            // how many bytes are wanted, of a file that nothing compresses; 0: all of it
}

// fetch asks a server. Cookies last until the answer: some sites redirect in a circle whoever does not show the one that
// they set on the way.
func (c *Collector) fetch(ctx context.Context, q question) (*answer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.options.Timeout)
	defer cancel()
	origin, err := url.Parse(q.address)
	if err != nil || origin.Hostname() == "" {
		return nil, fmt.Errorf("its address is no URL with a host; check it")
	}
	target := origin
	if movedFor(q.state) {
		if u, err := url.Parse(q.state.MovedTo); err == nil {
			target = u
		}
	}
	ans := &answer{moved: ""}
	client := *c.Client
	if client.Jar, err = cookiejar.New(&cookiejar.Options{PublicSuffixList: publicsuffix.List}); err != nil {
		return nil, err
	}
	permanent := target == origin // so far all redirects from the feed's own address were permanent
	for hop := 0; ; hop++ {
		resp, err := c.request(ctx, &client, target, origin, q)
		if err != nil {
			return nil, withoutPassword(c.inWords(err, target), origin)
		}
		next, err := redirect(resp, target)
		if err != nil || next == nil {
			if err == nil {
				err = c.take(resp, ans, q)
			}
			_ = resp.Body.Close() // what was wanted of it is read
			if err != nil {
				return nil, withoutPassword(c.inWords(err, target), origin)
			}
			ans.final = withoutUser(target)
			if ans.cut != nil {
				ans.cut = withoutPassword(c.inWords(ans.cut, target), origin)
			}
			return ans, nil
		}
		_, _ = io.CopyN(io.Discard, resp.Body, 4<<10) // so that the connection can be used again
		_ = resp.Body.Close()
		if hop == maxRedirects {
			return nil, fmt.Errorf("it redirects more than %d times", maxRedirects)
		}
		permanent = permanent && (resp.StatusCode == http.StatusMovedPermanently ||
			resp.StatusCode == http.StatusPermanentRedirect)
		if permanent {
			ans.moved = next.String()
		}
		target = next
	}
}

// movedFor reports whether the feed's new address is believed.
func movedFor(st digest.FeedState) bool { return st.MovedTo != "" && st.MovedSeen >= movesBelieved }

// request sends one request. Credentials of the feed's address go to its own origin only; no Referer
// goes anywhere, since it would tell another host what the feed's address holds.
func (c *Collector) request(
	ctx context.Context, client *http.Client, target, origin *url.URL, q question,
) (*http.Response, error) {
	u := withoutUser(target)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	if origin.User != nil && sameOrigin(u, origin) {
		password, _ := origin.User.Password()
		req.SetBasicAuth(origin.User.Username(), password)
	}
	req.Header.Set("User-Agent", c.options.UserAgent)
	req.Header.Set("Accept", q.accept)
	if q.begin > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=0-%d", q.begin-1))
	} else {
		req.Header.Set("Accept-Encoding", "gzip, br")
	}
	if q.conditional {
		// Verbatim: some servers compare bytes, quotes and weakness included.
		if q.state.ETag != "" {
			req.Header.Set("If-None-Match", q.state.ETag)
		}
		if q.state.LastModified != "" {
			req.Header.Set("If-Modified-Since", q.state.LastModified)
		}
	}
	return client.Do(req)
}

// redirect is where an answer leads, or nil when it leads nowhere.
func redirect(resp *http.Response, from *url.URL) (*url.URL, error) {
	switch resp.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect,
		http.StatusPermanentRedirect:
	default:
		return nil, nil
	}
	location := resp.Header.Get("Location")
	if location == "" {
		return nil, nil
	}
	next, err := from.Parse(location)
	if err != nil || next.Hostname() == "" || next.Scheme != "http" && next.Scheme != "https" {
		return nil, fmt.Errorf("it redirects to %.200q, where no feed can be", location)
	}
	if from.Scheme == "https" && next.Scheme == "http" {
		return nil, fmt.Errorf("it redirects from https to http (%.200s), which is not followed; put that address into the config if it is right",
			withoutUser(next))
	}
	next.Fragment = ""
	return withoutUser(next), nil
}

// take reads the last answer.
func (c *Collector) take(resp *http.Response, ans *answer, q question) error {
	ans.header = resp.Header
	switch {
	case resp.StatusCode == http.StatusNotModified && q.conditional:
		ans.notModified = true
		return nil
	case resp.StatusCode == http.StatusOK || resp.StatusCode == http.StatusNonAuthoritativeInfo:
	case resp.StatusCode == http.StatusPartialContent && q.begin > 0:
	default:
		return &StatusError{Code: resp.StatusCode, RetryAfter: retryAfter(resp.Header, c.now())}
	}
	body, limit := io.Reader(resp.Body), c.options.MaxSize
	if q.begin > 0 { // of a server that gives all, the rest is not waited for
		body, limit = io.LimitReader(body, q.begin), q.begin
	} else if resp.ContentLength > limit {
		return tooBig(limit)
	}
	ans.body = &spool{dir: c.TempDir}
	err := ans.body.fill(body, limit)
	if q.partly && errors.Is(err, io.ErrUnexpectedEOF) && ans.body.size > 0 {
		ans.cut, err = err, nil
	}
	if err != nil {
		_ = ans.body.Close() // the error that matters is the one of reading
		return err
	}
	return nil
}

func withoutUser(u *url.URL) *url.URL {
	clean := *u
	clean.User = nil
	return &clean
}

// discreet is an error whose words do not have the feed's password in them, which a server may repeat where it
// redirects to.
type discreet struct {
	error
	words string
}

func (d discreet) Error() string { return d.words }
func (d discreet) Unwrap() error { return d.error }

// withoutPassword is an error as it may be shown.
func withoutPassword(err error, origin *url.URL) error {
	if words := (digest.Feed{URL: origin.String()}).Shown(err.Error()); words != err.Error() {
		return discreet{err, words}
	}
	return err
}

func sameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(a.Host, b.Host)
}

// inWords says what went wrong on the way, in words for the one who runs this.
func (c *Collector) inWords(err error, target *url.URL) error {
	var asURL *url.Error
	if errors.As(err, &asURL) {
		err = asURL.Err
	}
	var (
		dns       *net.DNSError
		op        *net.OpError
		authority x509.UnknownAuthorityError
		hostname  x509.HostnameError
		invalid   x509.CertificateInvalidError
		record    tls.RecordHeaderError
	)
	host := target.Hostname()
	switch {
	case errors.Is(err, ErrForbidden):
		if errors.As(err, &op) {
			return op.Err
		}
		return err
	case errors.Is(err, context.DeadlineExceeded), isTimeout(err):
		return fmt.Errorf("%s did not answer in full within %v: %w", host, c.options.Timeout, context.DeadlineExceeded)
	case errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &dns):
		if dns.IsNotFound {
			return fmt.Errorf("there is no host %s; check the feed's address: %w", host, err)
		}
		return fmt.Errorf("the name %s can't be looked up: %w", host, err)
	case errors.As(err, &authority), errors.As(err, &hostname), errors.As(err, &invalid):
		return fmt.Errorf("the certificate of %s can't be trusted: %w", host, err)
	case errors.As(err, &record):
		return fmt.Errorf("%s does not speak TLS on that port: %w", host, err)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return fmt.Errorf("%s closed the connection before its answer was whole: %w", host, err)
	case errors.As(err, &op):
		return fmt.Errorf("no connection to %s: %w", host, op.Err)
	}
	return err
}

func isTimeout(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.As(err, &timeout) && timeout.Timeout()
}
