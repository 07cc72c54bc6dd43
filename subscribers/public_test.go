package subscribers

import "testing"

func TestPublicAddresses(t *testing.T) {
	for typed, want := range map[string]string{
		"ana@example.org": "ana@example.org", "Ana.Ruiz+news@Example.ORG": "Ana.Ruiz+news@example.org",
		"x@bücher.example": "x@xn--bcher-kva.example", "x@BÜCHER.example": "x@xn--bcher-kva.example", "x@xn--bcher-kva.example": "x@xn--bcher-kva.example",
		"müller@example.org": "müller@example.org", "иван@пример.example": "иван@xn--e1afmkfd.example", "千代@例え.example": "千代@xn--r8jz45g.example",
		"ひらカタ漢abc@example.org": "ひらカタ漢abc@example.org", "محمد@example.org": "محمد@example.org", "o'neil@example.org": "o'neil@example.org",
		"аdmin@example.org": "", "x@exаmple.org": "", "x@localhost": "", "x@example.1": "", "ｘ@example.org": "", "x@ｅxample.org": "", "x@example。org": "",
		"x@exa\u00admple.org": "", "x\u200b@example.org": "", "=?utf-8?q?x?=@example.org": "", "": "",
	} {
		if got, err := ParsePublicAddress(typed); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v; want %q", typed, got, err, want)
		}
	}
	for address, want := range map[string]string{"Ana+x+y@example.org": "ana@example.org", "+@example.org": "@example.org", "ana@example.org": "ana@example.org"} {
		if got := Mailbox(address); got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
}

func FuzzPublicAddress(f *testing.F) {
	f.Add("ana@example.org")
	f.Add("иван@пример.example")
	f.Fuzz(func(t *testing.T, s string) {
		address, err := ParsePublicAddress(s)
		if err != nil {
			return
		}
		if again, err := ParsePublicAddress(address); err != nil || again != address {
			t.Errorf("%q is %q, and that %q, %v", s, address, again, err)
		}
	})
}

// Those who come behind a list are found in it, and nobody twice.
func TestWith(t *testing.T) {
	list := read(t, "email,topics\nana@example.org,diplomacy\nbea@example.org,\n")
	one, other := &Profile{Language: "fr"}, &Profile{Language: "fr"}
	joined := list.With([]Subscriber{{Email: "ANA@example.org", Profile: one, File: "x"}, {Email: "cas@example.org", Profile: one, File: "signed up"},
		{Email: "dan@example.org", Profile: other, File: "signed up"}, {Email: "Cas@example.org", Profile: one, File: "x"}})
	if joined.Len() != 4 || list.Len() != 2 || len(joined.Profiles()) != len(list.Profiles())+1 {
		t.Errorf("%d joined with %d profiles", joined.Len(), len(joined.Profiles()))
	}
	for i, want := range []string{"ana@example.org", "bea@example.org", "cas@example.org", "dan@example.org"} {
		s, ok := joined.Find(want)
		if joined.At(i).Email != want || !ok || s.Email != want {
			t.Errorf("%d: %+v, found %+v", i, joined.At(i), s)
		}
	}
	if s, _ := joined.Find("ana@example.org"); s.Topics == nil {
		t.Error("who comes behind has taken the place of the one before")
	}
	if empty := (*List)(nil).With(nil); empty.Len() != 0 || empty.Profiles() != nil {
		t.Errorf("%d in an empty one", empty.Len())
	}
}
