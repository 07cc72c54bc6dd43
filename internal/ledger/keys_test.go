package ledger

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"digestd/digest"
	"digestd/internal/ledger/store"
	"digestd/subscribers"
)

func TestTokensFindTheirDeliveries(t *testing.T) {
	l, c := opened(t)
	key, err := subscribers.NewTokenKey(l.Keys.Secrets()[0])
	if err != nil {
		t.Fatal(err)
	}
	find := func(edition string, index int) (Delivery, error) {
		return l.Resolve(key.Delivery(subscribers.ForUnsubscribe, edition, index, fmt.Sprintf("reader%d@example.org", index)), subscribers.ForUnsubscribe)
	}
	if _, err := find(theEdition, 0); !errors.Is(err, ErrUnknown) {
		t.Errorf("before there is an edition: %v", err)
	}
	composed(t, l, theEdition, 2500)
	for _, index := range []int{0, 1, 998, 999, 1000, 1001, 1999, 2000, 2499} {
		d, err := find(theEdition, index)
		if err != nil || d.Edition.ID != theEdition || d.To.Index != index || d.To.Email != fmt.Sprintf("reader%d@example.org", index) {
			t.Errorf("%d: %s of %s, %v", index, d.To.Email, d.Edition.ID, err)
		}
	}
	for _, index := range []int{2500, 2999, 3000, 1<<31 - 1, 1<<32 - 1} {
		if d, err := find(theEdition, index); !errors.Is(err, ErrUnknown) {
			t.Errorf("%d: %+v, %v", index, d.To, err)
		}
	}
	later := "weekly/Europe/Paris/2026-03-14T07:00" // than the last time that a token was looked for
	composed(t, l, later, 1)
	if d, err := find(later, 0); err != nil || d.Edition.Digest != "weekly" {
		t.Errorf("a later edition: %+v, %v", d, err)
	}
	if _, err := l.Resolve(key.Account("ana@example.org", ""), subscribers.ForAccount); !errors.Is(err, ErrUnknown) {
		t.Errorf("an account: %v", err)
	}
	for _, purpose := range []subscribers.Purpose{subscribers.ForMessageID, subscribers.ForBounce} {
		token := key.Delivery(purpose, theEdition, 7, "reader7@example.org")
		if _, err := l.Resolve(token, subscribers.ForUnsubscribe); !errors.Is(err, subscribers.ErrToken) {
			t.Errorf("a token for something else: %v", err)
		}
		if d, err := l.Resolve(token, subscribers.ForMessageID, subscribers.ForBounce); err != nil || d.To.Index != 7 {
			t.Errorf("%+v, %v", d.To, err)
		}
	}

	if err := l.Deliveries.Record(t.Context(), later, []digest.Event{{State: digest.Failed, At: morning}}); err != nil {
		t.Fatal(err)
	}
	if err := l.Deliveries.Finish(later); err != nil {
		t.Fatal(err)
	}
	c.t = c.t.AddDate(0, 0, 1)
	if pruned, err := l.Prune(1); err != nil || pruned.Editions != 1 {
		t.Fatalf("%+v, %v", pruned, err)
	}
	if d, err := find(later, 0); !errors.Is(err, ErrUnknown) {
		t.Errorf("an edition that is forgotten: %+v, %v", d, err)
	}
	if d, err := find(theEdition, 0); err != nil {
		t.Errorf("one that is not: %+v, %v", d, err)
	}
}

// rowsOf makes a list of subscribers.
func rowsOf(t *testing.T, emails ...string) *subscribers.List {
	t.Helper()
	path := filepath.Join(t.TempDir(), "list.csv")
	if err := os.WriteFile(path, []byte("email\n"+strings.Join(emails, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	l, problems := subscribers.Validate(subscribers.ReadCSV(path, "list.csv"), subscribers.Rules{Zone: "Europe/Paris", Language: "en", Digests: []subscribers.DigestRule{{ID: "daily"}}})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return l
}

// TestALinkIsItsOwnReadersOrNobodys plays a ledger that was restored from a backup: the mails that went out after it
// are of editions that it does not know, or that it composed anew, with other readers at their places.
func TestALinkIsItsOwnReadersOrNobodys(t *testing.T) {
	l, _ := opened(t)
	key, err := subscribers.NewTokenKey(l.Keys.Secrets()[0])
	if err != nil {
		t.Fatal(err)
	}
	composed(t, l, theEdition, 2500) // reader7 has place 7 in it
	list := rowsOf(t, "ana@example.org", "reader9@example.org")
	digests := []string{"", "daily", "weekly"}
	lost := "daily/Europe/Paris/2026-12-24T07:00"
	for name, c := range map[string]struct {
		token          string
		email, edition string // empty: nobody
	}{
		"its own":                                {key.Delivery(subscribers.ForUnsubscribe, theEdition, 7, "Reader7@Example.org"), "reader7@example.org", theEdition},
		"a subscriber's, at another's place":     {key.Delivery(subscribers.ForUnsubscribe, theEdition, 7, "ana@example.org"), "ana@example.org", ""},
		"a recipient's, at another's place":      {key.Delivery(subscribers.ForUnsubscribe, theEdition, 7, "reader2400@example.org"), "reader2400@example.org", ""},
		"a stranger's, at another's place":       {key.Delivery(subscribers.ForUnsubscribe, theEdition, 7, "eve@example.org"), "", ""},
		"a subscriber's, at no place":            {key.Delivery(subscribers.ForUnsubscribe, theEdition, 9_000, "ana@example.org"), "ana@example.org", ""},
		"a subscriber's, of a lost edition":      {key.Delivery(subscribers.ForUnsubscribe, lost, 0, "ana@example.org"), "ana@example.org", ""},
		"of a lost edition, of one who left":     {key.Delivery(subscribers.ForUnsubscribe, lost, 0, "reader3@example.org"), "reader3@example.org", ""},
		"of a lost edition, of a stranger":       {key.Delivery(subscribers.ForUnsubscribe, lost, 0, "eve@example.org"), "", ""},
		"of a digest that nobody knows":          {key.Delivery(subscribers.ForUnsubscribe, "monthly/UTC/2026-12-24T07:00", 0, "ana@example.org"), "", ""},
		"of an old mail, of a lost edition":      {key.Unbound(subscribers.ForUnsubscribe, lost, 7), "", ""},
		"of an old mail, of one composed since":  {key.Unbound(subscribers.ForUnsubscribe, theEdition, 7), "", ""},
		"an account's":                           {key.Account("ana@example.org", "daily"), "ana@example.org", ""},
		"an account's of one who was subscribed": {key.Account("reader3@example.org", "daily"), "reader3@example.org", ""},
	} {
		d, err := l.Reader(c.token, list, digests, subscribers.ForUnsubscribe, subscribers.ForAccount)
		if c.email == "" {
			if !errors.Is(err, ErrUnknown) {
				t.Errorf("%s: %+v, %v", name, d, err)
			}
			continue
		}
		if err != nil || subscribers.Key(d.To.Email) != c.email || d.Edition.ID != c.edition || d.Edition.Digest != "daily" {
			t.Errorf("%s: %q of edition %q of %q, %v", name, d.To.Email, d.Edition.ID, d.Edition.Digest, err)
		}
	}
}

// TestLinksOfMailsFromBeforeTokensNamedAddresses holds a ledger of then.
func TestLinksOfMailsFromBeforeTokensNamedAddresses(t *testing.T) {
	l, _ := opened(t)
	composed(t, l, theEdition, 10)
	old := func(tx store.Tx) error {
		st, _, err := tableEditions.in(tx).get([]byte(theEdition))
		if err != nil {
			return err
		}
		st.Bound = false
		return tableEditions.in(tx).put([]byte(theEdition), st)
	}
	if err := l.update(touches{store.Edition(theEdition)}, old); err != nil {
		t.Fatal(err)
	}
	key, err := subscribers.NewTokenKey(l.Keys.Secrets()[0])
	if err != nil {
		t.Fatal(err)
	}
	d, err := l.Reader(key.Unbound(subscribers.ForUnsubscribe, theEdition, 7), rowsOf(t, "ana@example.org"), []string{"", "daily"}, subscribers.ForUnsubscribe)
	if err != nil || d.To.Email != "reader7@example.org" || d.Edition.ID != theEdition {
		t.Errorf("%+v, %v", d, err)
	}
}

// TestNoiseHidesNoReader opens a token with a newer key that takes it for another one's.
func TestNoiseHidesNoReader(t *testing.T) {
	l, _ := opened(t)
	key, err := subscribers.NewTokenKey(l.Keys.Secrets()[0])
	if err != nil {
		t.Fatal(err)
	}
	composed(t, l, theEdition, 3)
	token := key.Delivery(subscribers.ForUnsubscribe, theEdition, 1, "reader1@example.org")
	for opens := false; !opens; {
		secret := random(subscribers.TokenKeySize)
		if key, err = subscribers.NewTokenKey(secret); err != nil {
			t.Fatal(err)
		}
		if _, err := key.Open(token, subscribers.ForUnsubscribe); err == nil {
			l.Keys.meta.TokenKeys, opens = append([][]byte{secret}, l.Keys.meta.TokenKeys...), true
		}
	}
	if d, err := l.Resolve(token, subscribers.ForUnsubscribe); err != nil || d.To.Email != "reader1@example.org" {
		t.Errorf("%+v, %v", d.To, err)
	}
	d, err := l.Reader(token, new(subscribers.List), []string{"daily"}, subscribers.ForUnsubscribe)
	if err != nil || d.To.Email != "reader1@example.org" {
		t.Errorf("%+v, %v", d.To, err)
	}
}
