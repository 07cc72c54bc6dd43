package web

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"

	"digestd/digest"
	"digestd/internal/ledger"
	"digestd/mailer/message"
	"digestd/subscribers"
)

// SubscribePath is where new readers sign up.
const SubscribePath = "/subscribe"

// Registrar takes sign-ups.
type Registrar interface {
	// Ask makes a request durable, and the mail that asks to confirm it. It fails with ledger.ErrLimited and
	// ledger.ErrBarred.
	Ask(ledger.Request) error
	// Confirm makes a reader of whoever made a request, and reports whether that is new; ledger.ErrNoRequest.
	Confirm(id string) (r ledger.Request, fresh bool, err error)
}

// All answers to a form take the same time, or a multiple of it: whoever measures it does not learn who is a reader. So
// many are worked on at the same time.
const (
	answerTime = 300 * time.Millisecond
	atOnce     = 64
)

// trap is a field that people don't see. Who fills it in is no person.
const trap = "website"

// subscribePage is what its template shows.
type subscribePage struct {
	sheet
	State           string // "asks", "sent"
	Name            string // of what is signed up for
	Email           string // as it was typed
	Digests, Topics []box
	Trap            string
	Wrong, WrongIn  string
}

// subscribe answers the page where new readers sign up. What a form gets for an answer is the same whoever has the
// address: that it is a reader's, or that mail to it was stopped, is nobody else's business.
func (s *Server) subscribe(w http.ResponseWriter, r *http.Request, v *visit) (shown, error) {
	p := subscribePage{State: "asks", Name: v.site.Config.Newsletter.Name, Trap: trap}
	if digests := v.site.Config.Digests; len(digests) == 1 {
		p.Name = cmp.Or(digests[0].Title, p.Name)
	}
	p.sheet = v.sheet(strings.ReplaceAll(v.words.Web.SignUp, "{name}", p.Name))
	if !v.posted {
		p.Digests, p.Topics = v.offered(nil)
		return shown{"web-subscribe.html.tmpl", http.StatusOK, p}, nil
	}
	select {
	case s.asking <- struct{}{}:
		defer func() { <-s.asking }()
	default:
		w.Header().Set("Retry-After", "5")
		return shown{}, &badRequest{http.StatusTooManyRequests, "too many ask at the moment: please try again in a few seconds"}
	}
	begun := time.Now()
	request, wrong, wrongIn, err := v.request(p.Name)
	if err != nil {
		return shown{}, err
	}
	if wrong != "" {
		p.Wrong, p.WrongIn, p.Email = wrong, wrongIn, v.form.Get("email")
		p.Digests, p.Topics = v.offered(v.form)
		return shown{"web-subscribe.html.tmpl", http.StatusUnprocessableEntity, p}, nil
	}
	request.Network = networkOf(r, v.site.Config.Web.TrustedProxies)
	if v.form.Get(trap) == "" {
		err = v.site.SignUps.Ask(request)
	}
	spent := time.Since(begun)
	s.wait(r.Context(), answerTime*(1+spent/answerTime)-spent)
	switch {
	case errors.Is(err, ledger.ErrLimited), errors.Is(err, ledger.ErrBarred):
		s.log.Info("a request to sign up came to nothing", "reason", err)
	case err != nil:
		return shown{}, err
	}
	p.State, p.sheet = "sent", v.sheet(v.words.Web.CheckMail)
	return shown{"web-subscribe.html.tmpl", http.StatusOK, p}, nil
}

// request reads what a form asks for, or what is wrong with it and in which field.
func (v *visit) request(name string) (r ledger.Request, wrong, wrongIn string, err error) {
	for field, values := range v.form {
		if len(values) > 1 && field != "digest" && field != "topic" {
			return r, "", "", &badRequest{http.StatusBadRequest, "a field stands twice in the form"}
		}
	}
	r = ledger.Request{Language: v.words.Tag}
	if r.Email, err = subscribers.ParsePublicAddress(strings.TrimSpace(v.form.Get("email"))); err != nil {
		return r, v.words.Web.BadAddress, "email", nil
	}
	titles := []string{}
	digests, topics := v.offered(v.form)
	for _, b := range digests {
		if b.On {
			r.Digests, titles = append(r.Digests, b.ID), append(titles, b.Title)
		}
	}
	if len(r.Digests) == 0 {
		return r, v.words.Web.NeedDigest, "digests", nil
	}
	if v.form.Has("topics") { // they were offered
		for _, b := range topics {
			if b.On {
				r.Topics = append(r.Topics, b.ID)
			}
		}
		if len(r.Topics) == len(topics) {
			r.Topics = nil
		} else if !v.site.tell(r.Digests, r.Topics) {
			return r, v.words.Web.NeedTopic, "topics", nil
		}
	}
	if len(v.site.Config.Digests) > 1 {
		name = strings.Join(titles, ", ")
	}
	r.Words = strings.ReplaceAll(v.words.Web.Consent, "{name}", name) + " [" + v.words.Words.Subscribe + "]"
	return r, "", "", nil
}

// tell reports whether each of some digests has one of some topics.
func (s Site) tell(digests, topics []string) bool {
	for _, d := range s.Config.Digests {
		if slices.Contains(digests, d.ID) && !slices.ContainsFunc(d.Topics, func(t digest.Topic) bool { return slices.Contains(topics, t.ID) }) {
			return false
		}
	}
	return true
}

// offered are the digests to choose from and their topics, ticked as a form has them. A single digest is always ticked,
// and topics are where none were offered.
func (v *visit) offered(form map[string][]string) (digests, topics []box) {
	all := v.site.Config.Digests
	for _, d := range all {
		digests = append(digests, box{ID: d.ID, Title: v.site.title(d.ID), On: len(all) == 1 || slices.Contains(form["digest"], d.ID)})
		for _, t := range d.Topics {
			if !slices.ContainsFunc(topics, func(b box) bool { return b.ID == t.ID }) {
				topics = append(topics, box{ID: t.ID, Title: t.Name().In(v.words.Tag), On: form["topics"] == nil || slices.Contains(form["topic"], t.ID)})
			}
		}
	}
	return digests, topics
}

// confirmPage is what its template shows.
type confirmPage struct {
	sheet
	State       string // "asks", "confirmed", "stopped"
	Name        string
	Preferences string
}

// confirm answers the link in the mail that asks whether somebody wants to subscribe. Only a POST confirms: scanners
// follow links.
func (s *Server) confirm(v *visit) (shown, error) {
	r := v.asked
	p := confirmPage{State: "asks", Name: v.site.titles(r.Digests)}
	if v.posted {
		var err error
		if r, _, err = v.site.SignUps.Confirm(r.ID); err != nil {
			return shown{}, absent(err)
		}
	}
	title := v.words.Web.Confirm
	if !r.Confirmed.IsZero() {
		p.State, title = "confirmed", v.words.Web.Confirmed
		all, err := s.ledger.Readers.SuppressionsOf(r.Email)
		if err != nil {
			return shown{}, err
		}
		if st := standingOf(all, r.Digests[0]); st.stopped {
			p.State = "stopped"
		}
		key, err := subscribers.NewTokenKey(s.ledger.Keys.Secrets()[0])
		if err != nil {
			return shown{}, err
		}
		p.Preferences = v.link(message.PreferencesPath + key.Account(r.Email, ""))
	}
	p.sheet = v.sheet(strings.ReplaceAll(title, "{name}", p.Name))
	return shown{"web-confirm.html.tmpl", http.StatusOK, p}, nil
}

// titles are the names of some digests in one line.
func (s Site) titles(ids []string) string {
	var all []string
	for _, id := range ids {
		all = append(all, s.title(id))
	}
	return strings.Join(all, ", ")
}

// asked finds the request of a token.
func (s *Server) asked(token string) (ledger.Request, error) {
	if len(token) != subscribers.TokenLen {
		return ledger.Request{}, errNoReader
	}
	d, err := s.ledger.Resolve(token, subscribers.ForUnsubscribe)
	if err == nil && d.Edition.Digest != ledger.AskingDigest {
		return ledger.Request{}, errNoReader
	}
	var r ledger.Request
	if err == nil {
		r, err = s.ledger.Signups.Request(d.Edition.Request, s.now())
	}
	if err != nil {
		return r, absent(err)
	}
	return r, nil
}

// browsers finds the language that a browser asks for among those that there are words in.
func (s *Server) browsers(site Site, header string) string {
	set := s.setOf(site, "")
	tags, _, err := language.ParseAcceptLanguage(header)
	if err != nil {
		return site.Config.Newsletter.Language
	}
	for _, tag := range tags {
		if set.Knows(tag.String()) {
			return tag.String()
		}
	}
	return site.Config.Newsletter.Language
}

// networkOf is the network that a request comes from, /24 or /48; empty where it is not known: a proxy on this machine
// that the configuration does not trust, or one that says nothing.
func networkOf(r *http.Request, trusted []netip.Prefix) string {
	isTrusted := func(a netip.Addr) bool {
		return slices.ContainsFunc(trusted, func(p netip.Prefix) bool { return p.Contains(a) })
	}
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	from := at.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && isTrusted(from); i-- { // what stands further to the left, anybody may have written
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			return ""
		}
		from = hop.Unmap()
	}
	if from.IsLoopback() {
		return ""
	}
	bits := 48
	if from.Is4() {
		bits = 24
	}
	p, err := from.WithZone("").Prefix(bits)
	if err != nil {
		return ""
	}
	return p.String()
}

// pause lets time go by.
func pause(ctx context.Context, d time.Duration) {
	ctx, stop := context.WithTimeout(ctx, d)
	defer stop()
	<-ctx.Done()
}
