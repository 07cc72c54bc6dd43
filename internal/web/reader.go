package web

import (
	"errors"
	"fmt"

	"digestd/digest"
	"digestd/internal/ledger"
	"digestd/subscribers"
)

// errNoReader is what every token gets that names nobody, whatever the reason.
var errNoReader = errors.New("the token names nobody")

// reader is whom a token names.
type reader struct {
	email      string
	digest     string                 // id; empty: all of them
	language   string                 // of the mail with the link
	subscriber subscribers.Subscriber // as the configuration has them now,
	known      bool                   // if it does
	own        digest.Preferences     // of one who is known
}

// resolve finds the reader of a token. Whether the configuration still has them makes no difference to what
// they may do: a mail that is on its way already may have their link.
func (s *Server) resolve(site Site, token string) (reader, error) {
	if len(token) != subscribers.TokenLen {
		return reader{}, errNoReader
	}
	d, err := s.ledger.Reader(token, site.Config.Readers(), site.Config.DigestIDs(), subscribers.ForUnsubscribe,
		subscribers.ForAccount)
	if err != nil {
		return reader{}, absent(err)
	}
	if d.Edition.Digest == ledger.AskingDigest { // whose token confirms, and nothing else
		return reader{}, errNoReader
	}
	r := reader{email: d.To.Email, digest: site.Config.NowCalled(d.Edition.Digest),
		language: site.Config.Newsletter.Language}
	if r.subscriber, r.known = site.Config.Readers().Find(r.email); r.known {
		if r.own, err = s.ledger.Readers.PreferencesOf(r.email); err != nil {
			return reader{}, err
		}
	}
	switch {
	case d.To.Variant < len(d.Edition.Variants):
		r.language = d.Edition.Variants[d.To.Variant].Key.Language
	case d.Edition.ID == "" && r.known: // the link is of no edition, or of one that is lost
		r.language = r.subscriber.Language
	}
	return r, nil
}

// absent tells a token that names nobody from a ledger that can't be asked.
func absent(err error) error {
	if errors.Is(err, subscribers.ErrToken) || errors.Is(err, ledger.ErrUnknown) || errors.Is(err, ledger.ErrNoRequest) {
		return errNoReader
	}
	return fmt.Errorf("find the reader of a token: %w", err)
}

// standing is what keeps mail of a digest from a reader.
type standing struct {
	left    bool // they asked for it
	leftAll bool // for all digests
	stopped bool // somebody else did
}

// standingOf reads what keeps mail of a digest from a reader; without an id, what keeps all mail from them.
func standingOf(all []digest.Suppression, id string) standing {
	var st standing
	for _, s := range all {
		switch {
		case s.Digest != "" && s.Digest != id:
		case !s.Wished():
			st.stopped = true
		default:
			st.left = true
			st.leftAll = st.leftAll || s.Digest == ""
		}
	}
	return st
}
