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
	subscriber subscribers.Subscriber // as the configuration has him now,
	known      bool                   // if it does
}

// resolve finds the reader of a token. Whether the configuration still has him makes no difference to what
// he may do: a mail that is on its way already may have his link.
func (s *Server) resolve(site Site, token string) (reader, error) {
	if len(token) != subscribers.TokenLen {
		return reader{}, errNoReader
	}
	ref, err := s.ledger.Keys.Open(token, subscribers.ForUnsubscribe, subscribers.ForAccount)
	if err != nil {
		return reader{}, absent(err)
	}
	if ref.Purpose == subscribers.ForAccount {
		return s.account(site, ref)
	}
	d, err := s.ledger.Editions.DeliveryOf(ref)
	if err != nil {
		return reader{}, absent(err)
	}
	r := reader{email: d.To.Email, digest: d.Edition.Digest, language: site.Config.Newsletter.Language}
	if d.To.Variant < len(d.Edition.Variants) {
		r.language = d.Edition.Variants[d.To.Variant].Key.Language
	}
	r.subscriber, r.known = site.Config.Subscribers.Find(r.email)
	return r, nil
}

// account finds the reader of a token that names no delivery. One at a time, since a list may be long.
func (s *Server) account(site Site, ref subscribers.Ref) (reader, error) {
	s.accounts.Lock()
	defer s.accounts.Unlock()
	digests := []string{""}
	for _, d := range site.Config.Digests {
		digests = append(digests, d.ID)
	}
	found, id, ok := site.Config.Subscribers.Account(ref, digests)
	if !ok {
		return reader{}, errNoReader
	}
	return reader{email: found.Email, digest: id, language: found.Language, subscriber: found, known: true}, nil
}

// absent tells a token that names nobody from a ledger that can't be asked.
func absent(err error) error {
	if errors.Is(err, subscribers.ErrToken) || errors.Is(err, ledger.ErrUnknown) {
		return errNoReader
	}
	return fmt.Errorf("find the reader of a token: %w", err)
}

// standing is what keeps mail of a digest from a reader.
type standing struct {
	left    bool // he asked for it
	leftAll bool // for all digests
	stopped bool // somebody else did
}

// standingOf reads what keeps mail of a digest from a reader; without an id, what keeps all mail from him.
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
