package subscribers

import (
	"net/mail"
	"strings"
	"testing"
)

func TestParseAddress(t *testing.T) {
	long := strings.Repeat("a", 64)
	label := strings.Repeat("b", 63)
	for _, c := range []struct{ in, want string }{
		{"ana@example.org", "ana@example.org"},
		{"Ana.Maria+news@Example.ORG", "Ana.Maria+news@example.org"},
		{"o'neill_!#$%&*/=?^`{|}~-@example.org", "o'neill_!#$%&*/=?^`{|}~-@example.org"},
		{"ana@bücher.example", "ana@xn--bcher-kva.example"},
		{"ana@BÜCHER.example", "ana@xn--bcher-kva.example"},
		{"ana@xn--bcher-kva.example", "ana@xn--bcher-kva.example"},
		{"ana@例え.テスト", "ana@xn--r8jz45g.xn--zckzah"},
		{"ana@faß.example", "ana@xn--fa-hia.example"}, // IDNA2008, not 2003's fass
		{"jörg@example.org", "jörg@example.org"},
		{"ana@localhost", "ana@localhost"},
		{"ana@r3---sn.example.org", "ana@r3---sn.example.org"},
		{long + "@example.org", long + "@example.org"},
		{"a@" + label + ".example", "a@" + label + ".example"},
	} {
		if got, err := ParseAddress(c.in); got != c.want || err != nil {
			t.Errorf("ParseAddress(%q) = %q, %v, want %q", c.in, got, err, c.want)
		}
	}
}

func TestParseAddressRefuses(t *testing.T) {
	label := strings.Repeat("b", 64)
	for _, c := range []struct{ in, words string }{
		{"", "is empty"},
		{"ana", `has no "@"`},
		{"@example.org", `nothing before its "@"`},
		{"ana@", "has no domain"},
		{"Ana <ana@example.org>", "bare address"},
		{"ana@example.org\r\nBcc: eve@example.org", "control character"},
		{"ana\n@example.org", "control character"},
		{"ana\x00@example.org", "control character"},
		{"ana@example.org\x85", "not valid UTF-8"},
		{"ana\u0085@example.org", "control character"},
		{" ana@example.org", `has ' ' before its "@"`},
		{"ana@example.org ", "no valid domain name"},
		{"ana,bob@example.org", `has ',' before its "@"`},
		{"ana@bob@example.org", `has '@' before its "@"`},
		{"ana\u200b@example.org", "must not stand there"},
		{"\"ana maria\"@example.org", "quoted local part"},
		{".ana@example.org", "a dot"},
		{"ana.@example.org", "a dot"},
		{"a..na@example.org", "a dot"},
		{"ana@example..org", "no valid domain name"},
		{"ana@.example.org", "no valid domain name"},
		{"ana@example.org.", "no valid domain name"},
		{"ana@-example.org", "no valid domain name"},
		{"ana@example-.org", "no valid domain name"},
		{"ana@exam_ple.org", "no valid domain name"},
		{"ana@exam ple.org", "no valid domain name"},
		{"ana@xn--zzzzzz-.example", "no valid domain name"},
		{"ana@[192.0.2.1]", "address literal"},
		{"ana@192.0.2.1", "IP address"},
		{"ana@(comment)example.org", "no valid domain name"},
		{strings.Repeat("a", 65) + "@example.org", "more than 64 bytes"},
		{"a@" + label + ".example", "no valid domain name"},
		{"a@" + strings.Repeat("b.", 126) + "c", "longer than 254"},
		{strings.Repeat("a", 64) + "@" + strings.Repeat("b.", 100) + "example", "longer than 254"},
	} {
		got, err := ParseAddress(c.in)
		if err == nil || !strings.Contains(err.Error(), c.words) {
			t.Errorf("ParseAddress(%q) = %q, %v, want an error with %q", c.in, got, err, c.words)
		}
	}
}

func TestKeyIsOfAPerson(t *testing.T) {
	for _, c := range [][2]string{
		{"Ana@example.org", "ana@example.org"},
		{"JÖRG@example.org", "jörg@example.org"},
		{"jo\u0308rg@example.org", "j\u00f6rg@example.org"}, // two ways to write ö
	} {
		if Key(c[0]) != Key(c[1]) {
			t.Errorf("%q and %q are two persons", c[0], c[1])
		}
	}
	if Key("ana+news@example.org") == Key("ana@example.org") {
		t.Error("a tagged address is another address: only its server knows whose")
	}
}

// What is accepted must be an address for everybody behind us too, and stay the same when read again.
func FuzzParseAddress(f *testing.F) {
	for _, s := range []string{"ana@example.org", "jörg@bücher.example", "a@b", "\"a b\"@example.org", "ana@[::1]", "a@xn--p1ai", "ana@EXAMPLE.org"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := ParseAddress(s)
		if err != nil {
			return
		}
		if again, err := ParseAddress(got); again != got || err != nil {
			t.Fatalf("%q became %q, and that becomes %q, %v", s, got, again, err)
		}
		m, err := mail.ParseAddress("<" + got + ">")
		if err != nil || m.Address != got {
			t.Fatalf("%q became %q, of which net/mail says %v, %v", s, got, m, err)
		}
		if strings.ContainsAny(got, " \t\r\n<>\"(),:;\\") {
			t.Fatalf("%q became %q", s, got)
		}
		if Key(got) != Key(Key(got)) {
			t.Fatalf("the key of %q is %q, whose key is %q", got, Key(got), Key(Key(got)))
		}
	})
}
