package web

import (
	"net/http"
	"strings"

	"digestd/internal/ledger"
	"digestd/mailer/message"
)

// unsubscribePage is what its template shows.
type unsubscribePage struct {
	sheet
	State       string // "asks", "left", "back", "stopped"
	Digest      string // title of the newsletter in question
	All         bool   // they left all of them
	Several     bool   // there are others to leave as well
	Others      string // the titles of all that would end, where it is known
	Preferences string // where they are
}

// unsubscribe answers a link that leaves. GET changes nothing, since link scanners follow every link of a mail.
// POST leaves: at once when a mail program posts it for its reader (RFC 8058), and likewise from the page.
// Whatever else is posted leaves too, but for the page's own wish to come back: nobody posts to such an
// address by accident.
func (s *Server) unsubscribe(v *visit) (shown, error) {
	back := false
	if v.posted {
		w := ledger.Wish{Email: v.reader.email, Source: "page", Stop: []string{v.reader.digest}}
		switch {
		case v.form.Get("List-Unsubscribe") == "One-Click":
			w.Source = "one-click"
		case v.form.Has("undo"):
			w.Stop, w.Resume, back = nil, []string{v.reader.digest, ""}, true
		case v.form.Get("scope") == "all":
			w.Stop = []string{""}
		}
		if err := s.grant(w); err != nil {
			return shown{}, err
		}
	}
	all, err := s.ledger.Readers.SuppressionsOf(v.reader.email)
	if err != nil {
		return shown{}, err
	}
	st := standingOf(all, v.reader.digest)
	p := unsubscribePage{
		sheet: v.sheet(v.words.Unsubscribe), State: "asks", All: st.leftAll, Digest: v.site.title(v.reader.digest),
		Several: v.reader.digest != "" && len(v.site.Config.Digests) > 1, Preferences: v.link(message.PreferencesPath + v.token),
	}
	var ends []string
	for _, d := range v.site.Config.Digests {
		if v.reader.known && v.reader.subscriber.Wants(d.ID) && standingOf(all, d.ID) == (standing{}) {
			ends = append(ends, v.site.title(d.ID))
		}
	}
	p.Others = strings.Join(ends, v.words.Comma)
	switch {
	case st.stopped:
		p.State = "stopped"
	case st.left:
		p.State = "left"
	case back:
		p.State = "back"
	}
	return shown{"web-unsubscribe.html.tmpl", http.StatusOK, p}, nil
}

// grant makes a wish durable. The log says what happened, and not to whom: the ledger does.
func (s *Server) grant(w ledger.Wish) error {
	if err := s.ledger.Readers.Grant(w); err != nil {
		return err
	}
	s.log.Info("a reader's wish is granted", "source", w.Source, "stop", w.Stop, "resume", w.Resume,
		"preferences", w.Preferences != nil)
	return nil
}

// title is what a digest is called, or the newsletter where the configuration has no such digest.
func (s Site) title(id string) string {
	for _, d := range s.Config.Digests {
		if d.ID == id && d.Title != "" {
			return d.Title
		}
	}
	return s.Config.Newsletter.Name
}
