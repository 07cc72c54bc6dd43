package subscribers

import (
	"errors"
	"strings"
	"testing"
)

func testKey(t testing.TB, fill byte) TokenKey {
	t.Helper()
	secret := make([]byte, TokenKeySize)
	for i := range secret {
		secret[i] = fill
	}
	k, err := NewTokenKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

const anEdition = "daily/Europe/Paris/2026-11-22T07:00"

func TestTokenNamesItsDelivery(t *testing.T) {
	k := testKey(t, 7)
	for _, p := range []Purpose{ForUnsubscribe, ForMessageID, ForBounce} {
		for _, index := range []int{0, 1, 999_999} {
			tok := k.Delivery(p, anEdition, index, "Ana@example.org")
			if want := map[bool]int{true: TokenLen, false: TagLen}[p == ForUnsubscribe]; len(tok) != want {
				t.Errorf("token %q has %d characters", tok, len(tok))
			}
			if tok != k.Delivery(p, anEdition, index, "ana@Example.org") {
				t.Error("the same delivery has two tokens")
			}
			if tok == k.Delivery(p, anEdition, index, "bob@example.org") || tok == k.Delivery(p, anEdition, index+1, "ana@example.org") {
				t.Error("two deliveries have the same token")
			}
			r, err := k.Open(tok, p)
			if err != nil || r.Index != index || !r.OfEdition(anEdition) || r.OfEdition(anEdition+"+1") || !r.Bound() ||
				!r.Names("ana@example.org") || r.Names("bob@example.org") {
				t.Errorf("Open(%q) = %+v, %v", tok, r, err)
			}
			for _, other := range []Purpose{ForUnsubscribe, ForMessageID, ForBounce, ForAccount} {
				if _, err := k.Open(tok, other); (err == nil) != (other == p) {
					t.Errorf("a token for %d opened for %d: %v", p, other, err)
				}
			}
		}
	}
}

// TestTokensOfOldMailsStayGood holds tokens as they were made before they named the address.
func TestTokensOfOldMailsStayGood(t *testing.T) {
	k := testKey(t, 7)
	for p, tok := range map[Purpose]string{ForUnsubscribe: "i14E5H-EMesRTVKRq37UlA", ForMessageID: "gnb8gniaplsaj7v9tg4hcp770c", ForBounce: "0is24kfqq7jn54ggkc1cbrdloc"} {
		if made := k.Unbound(p, anEdition, 41); made != tok {
			t.Errorf("the token of an old mail is %s now, not %s", made, tok)
		}
		r, err := k.Open(tok, p)
		if err != nil || r.Index != 41 || !r.OfEdition(anEdition) || r.OfEdition(anEdition+"+1") || r.Bound() || r.Names("ana@example.org") {
			t.Errorf("Open(%q) = %+v, %v", tok, r, err)
		}
		if id, ok := r.DigestOf([]string{"daily"}); ok {
			t.Errorf("it names the digest %q", id)
		}
	}
}

func TestAccountToken(t *testing.T) {
	k := testKey(t, 7)
	tok := k.Account("Ana@example.org", "daily")
	r, err := k.Open(tok, ForUnsubscribe, ForAccount)
	if err != nil || !r.Names("ana@example.org") || r.Names("bob@example.org") || r.OfEdition(anEdition) {
		t.Fatalf("Open = %+v, %v", r, err)
	}
	if id, ok := r.DigestOf([]string{"", "weekly", "daily"}); id != "daily" || !ok {
		t.Fatalf("DigestOf = %q, %v", id, ok)
	}
}

func TestReadersAreFoundInTheList(t *testing.T) {
	k := testKey(t, 7)
	l := read(t, "email,name\nana@example.org,Ana\nBen@Example.org,Ben\n")
	open := func(token string) Ref {
		r, err := k.Open(token, ForAccount, ForUnsubscribe)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for _, c := range []struct {
		token         string
		digests       []string
		email, digest string // email empty: not found
	}{
		{k.Account("BEN@example.org", "daily"), []string{"", "weekly", "daily"}, "Ben@example.org", "daily"},
		{k.Account("ana@example.org", ""), []string{"", "daily"}, "ana@example.org", ""},
		{k.Account("ana@example.org", ""), []string{"daily"}, "", ""},
		{k.Account("ana@example.org", "gone"), []string{"", "daily"}, "", ""},
		{k.Account("cleo@example.org", "daily"), []string{"", "daily"}, "", ""},
		{k.Delivery(ForUnsubscribe, anEdition, 1, "ben@example.org"), []string{"", "weekly", "daily"}, "Ben@example.org", "daily"},
		{k.Delivery(ForUnsubscribe, "weekly/UTC/2026-11-22T07:00", 0, "ana@example.org"), []string{"", "weekly", "daily"}, "ana@example.org", "weekly"},
		{k.Delivery(ForUnsubscribe, anEdition, 0, "cleo@example.org"), []string{"", "daily"}, "", ""},
		{k.Delivery(ForUnsubscribe, anEdition, 0, "ana@example.org"), []string{"", "weekly"}, "", ""},
		{k.Unbound(ForUnsubscribe, anEdition, 0), []string{"", "daily"}, "", ""},
	} {
		s, digest, ok := l.Reader(open(c.token), c.digests)
		if ok != (c.email != "") || s.Email != c.email || digest != c.digest {
			t.Errorf("Reader(%s, %q) = %q, %q, %v; want %q, %q", c.token, c.digests, s.Email, digest, ok, c.email, c.digest)
		}
	}
	if _, _, ok := (*List)(nil).Reader(open(k.Account("ana@example.org", "")), []string{""}); ok {
		t.Error("an empty list has the account")
	}
}

func TestEveryChangedCharacterIsRefused(t *testing.T) {
	k := testKey(t, 7)
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/ \r\n"
	for _, tok := range []string{
		k.Delivery(ForUnsubscribe, anEdition, 41, "ana@example.org"), k.Delivery(ForBounce, anEdition, 41, "ana@example.org"),
		k.Unbound(ForUnsubscribe, anEdition, 41), k.Unbound(ForBounce, anEdition, 41), k.Account("ana@example.org", ""),
	} {
		for i := range tok {
			for _, c := range alphabet {
				changed := tok[:i] + string(c) + tok[i+1:]
				if changed == tok {
					continue
				}
				r, err := k.Open(changed, ForUnsubscribe, ForBounce, ForAccount)
				if err == nil && r.Bound() && !r.OfEdition(anEdition) && !r.Names("ana@example.org") {
					continue // noise that has a purpose by chance: it names no edition and no address
				}
				if !errors.Is(err, ErrToken) {
					t.Fatalf("Open(%q) = %+v, %v; it was made from %q", changed, r, err, tok)
				}
			}
		}
		for _, changed := range []string{tok[1:], tok[:len(tok)-1], tok + "A", tok + "=", tok + "\n", strings.ToUpper(tok), ""} {
			if _, err := k.Open(changed, ForUnsubscribe, ForBounce, ForAccount); !errors.Is(err, ErrToken) {
				t.Errorf("Open(%q) = %v", changed, err)
			}
		}
		if _, err := testKey(t, 8).Open(tok, ForUnsubscribe, ForBounce, ForAccount); !errors.Is(err, ErrToken) {
			t.Errorf("another key opened it: %v", err)
		}
	}
}

func TestTokenKeySize(t *testing.T) {
	if _, err := NewTokenKey(make([]byte, 15)); err == nil {
		t.Error("a short secret was taken")
	}
	if _, err := (TokenKey{}).Open(strings.Repeat("A", TokenLen), ForUnsubscribe); !errors.Is(err, ErrToken) {
		t.Errorf("the zero key opened a token: %v", err)
	}
	if testKey(t, 1).ID() == testKey(t, 2).ID() {
		t.Error("two keys have one id")
	}
}

func FuzzOpenToken(f *testing.F) {
	k := testKey(f, 7)
	f.Add(k.Delivery(ForUnsubscribe, anEdition, 3, "ana@example.org"))
	f.Add(k.Unbound(ForBounce, anEdition, 3))
	f.Add(strings.Repeat("A", TokenLen))
	f.Fuzz(func(t *testing.T, token string) {
		r, err := k.Open(token, ForUnsubscribe, ForMessageID, ForBounce, ForAccount)
		if err != nil {
			return
		}
		if k.seal(r.block) != token {
			t.Errorf("%q is a second spelling of %q", token, k.seal(r.block))
		}
	})
}
