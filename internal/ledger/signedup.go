package ledger

import (
	"time"

	"digestd/internal/ledger/store"
	"digestd/subscribers"
)

// Of is what an address asked for and signed up for; zero and nil where it did not.
func (s *Signups) Of(email string) (signup Signup, requests []Request, err error) {
	key := subscribers.Key(email)
	err = s.view(func(tx store.Tx) error {
		if signup, _, err = tableSignups.in(tx).get([]byte(key)); err != nil {
			return err
		}
		requests, err = tableRequests.in(tx).values(store.Range{}, func(r Request) bool { return subscribers.Key(r.Email) == key })
		return err
	})
	return signup, requests, err
}

// All are those who signed up, by subscribers.Key of their addresses.
func (s *Signups) All() (map[string]Signup, error) {
	return viewed(s.base, func(tx store.Tx) (map[string]Signup, error) { return tableSignups.in(tx).byKey() })
}

// Beside is a list with those who signed up after it. They live in a zone, and get HTML. With an error it is the list
// with those who were known last: nobody is lost by it.
func (s *Signups) Beside(list *subscribers.List, zone string) (*subscribers.List, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.view(func(tx store.Tx) error {
		at, err := tableSignups.in(tx).Sequence()
		if err != nil || at == s.at {
			return err
		}
		var known []subscribers.Subscriber
		for it, err := range tableSignups.in(tx).each(store.Range{}) {
			if err != nil {
				return err
			}
			known = append(known, it.value.subscriber())
		}
		s.at, s.known, s.of = at, known, nil
		return nil
	})
	if len(s.known) == 0 {
		return list, err
	}
	if s.of == list && s.known[0].Zone == zone {
		return s.joined, err
	}
	for i := range s.known {
		if s.known[i].Zone != zone { // of another configuration
			profile := *s.known[i].Profile
			profile.Zone = zone
			s.known[i].Profile = &profile
		}
	}
	s.of, s.joined = list, list.With(s.known)
	return s.joined, err
}

// SignedUp begins what a list says of where those stand who signed up themselves.
const SignedUp = "signed up "

func (u Signup) subscriber() subscribers.Subscriber {
	return subscribers.Subscriber{Email: u.Email, File: SignedUp + u.Confirmed.Format(time.DateOnly),
		Profile: &subscribers.Profile{Digests: u.Digests, Topics: u.Topics, Language: u.Language, Format: "html"}}
}
