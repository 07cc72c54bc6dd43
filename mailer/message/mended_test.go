package message

import (
	"bytes"
	"strings"
	"testing"
)

// A template from another sender is what would have been frozen from that one, but for names that must stay: those of
// the Message-ID, the list and the sender in the Feedback-ID.
func TestSentByAnother(t *testing.T) {
	t.Parallel()
	signer, _ := newSigner(t, "ed25519")
	for _, signature := range []string{"", signer.ID()} {
		s := sender(t)
		s.BaseURL, s.Front, s.Archive, s.ArchivedAt, s.OneClick = "", "", "", "", false
		s.From, s.ReplyTo, s.BounceTo, s.UnsubscribeTo, s.VERP = "Wire <typo@example.org>", "", "", "", false
		s.Signature = signature
		other := s
		other.From, other.VERP = "The Wire of a name that is so long that it has to be folded somewhere <a.much.longer.address@example.org>", true
		frozen := func(s Sender) *Template {
			leave, _, err := s.Links(marks.Token)
			if err != nil {
				t.Fatal(err)
			}
			c := content()
			c.Text = "Grüße\n\n" + strings.Repeat("word ", 30) + leave + "\n-- \n" + marks.Address + "\n"
			c.HTML = "<p>" + strings.Repeat("Grüße ", 30) + `<a href="` + leave + `">leave</a> ` + marks.Address + "</p>"
			return freeze(t, c, s)
		}
		was := frozen(s)
		now, err := was.SentBy(Sender{From: other.From, VERP: true})
		if err != nil {
			t.Fatal(err)
		}
		stored, err := now.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		wanted, err := frozen(other).MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(stored, wanted) {
			t.Errorf("sent by another:\n%q\nfrozen by another:\n%q", stored, wanted)
		}
		if bytes.Contains(stored, []byte("typo")) {
			t.Error("the old address is still there")
		}
		keys := Keys{Token: tokenKey(t, 1)}
		if signature != "" {
			keys.Signer = signer
		}
		got, _, err := now.Fill(nil, readers[0], keys)
		if err != nil {
			t.Fatal(err)
		}
		want, _, err := frozen(other).Fill(nil, readers[0], keys)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("filled: %v\n%s\nwant\n%s", err, got, want)
		}
		if same, err := now.SentBy(Sender{From: other.From, VERP: true}); err != nil || same != now {
			t.Errorf("the same sender again makes another template: %v", err)
		}
		if same, err := was.SentBy(Sender{From: "Another name <typo@example.org>"}); err != nil || same != was {
			t.Errorf("another name for the same address makes another template: %v", err)
		}
		if back, err := now.SentBy(s); err != nil {
			t.Error(err)
		} else if b, _ := back.MarshalBinary(); !bytes.Equal(b, must(t, was)) {
			t.Error("back at the first sender it is another template")
		}
	}
	s := sender(t) // readers leave by a link, answers go elsewhere, and nothing of that is the sender's
	c := content()
	was := freeze(t, c, s)
	s.From = "Café <other@example.org>"
	now, err := was.SentBy(Sender{From: s.From, BounceTo: s.BounceTo, UnsubscribeTo: s.UnsubscribeTo, VERP: true})
	if err != nil {
		t.Fatal(err)
	}
	got := bytes.ReplaceAll(must(t, now), []byte("xn--exmple-cua.example.org"), []byte("example.org"))
	want := must(t, freeze(t, c, s))
	if line := []byte("Caf"); bytes.Count(got, line) != bytes.Count(want, line) || !bytes.Contains(got, []byte("other@example.org")) ||
		!bytes.Contains(got, []byte("<mailto:desk@example.org?subject=help>")) {
		t.Errorf("%q\n%q", got, want)
	}
}

func must(t *testing.T, tpl *Template) []byte {
	t.Helper()
	b, err := tpl.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return b
}
