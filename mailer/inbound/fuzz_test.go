package inbound

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzParse holds for any bytes: reading ends, says the same each time, stays within its bounds, and nothing follows
// where the ledger knows none of the tokens.
func FuzzParse(f *testing.F) {
	for _, sample := range notices(f) {
		f.Add([]byte(sample[1]))
	}
	kept, err := filepath.Glob("testdata/keep/*.eml")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range kept {
		raw, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r := Parse(raw)
		if again := Parse(raw); !reflect.DeepEqual(r, again) {
			t.Fatalf("read twice:\n%+v\n%+v", r, again)
		}
		line := func(what, s string, limit int) {
			if len(s) > limit || !utf8.ValidString(s) || strings.ContainsAny(s, "\r\n\x00") {
				t.Errorf("%s is %q", what, s)
			}
		}
		line("subject", r.Words, maxWords)
		if len(r.Recipients) > maxRecipients || len(r.Tokens) > maxTokens {
			t.Errorf("%d recipients, %d tokens", len(r.Recipients), len(r.Tokens))
		}
		for _, to := range r.Recipients {
			line("words", to.Words, maxWords)
			line("address", to.Address, 8<<10)
			if to.Gone && !to.Permanent || to.Permanent && to.Kind != Bounce {
				t.Errorf("contradiction: %+v", to)
			}
		}
		d, err := Decide(r, func(Token) (Delivery, error) { return Delivery{}, ErrStranger })
		if err != nil || len(d.Suppress) > 0 || d.Why == "" {
			t.Errorf("decides %+v, %v", d, err)
		}
	})
}
