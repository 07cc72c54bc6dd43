package inbound

import (
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// notices are the samples of testdata: what each is, and the message.
func notices(t testing.TB) map[string][2]string {
	archive, err := txtar.ParseFile("testdata/notices.txtar")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][2]string{}
	for _, f := range archive.Files {
		want, message, _ := strings.Cut(string(f.Data), "\n")
		all[f.Name] = [2]string{want, message}
	}
	if len(all) < 50 {
		t.Fatalf("%d samples", len(all))
	}
	return all
}

// asSample is a report in the form of a sample's first line.
func asSample(r Report) string {
	words := []string{string(r.Kind)}
	switch named := r.Named(); {
	case len(named) > 0:
		words = append(words, strings.Join(named, ","))
	case len(r.Recipients) > 0:
		words = append(words, "-")
	}
	if s := r.Status(); s != "" && r.Kind == Bounce {
		words = append(words, s)
	}
	if i := slices.IndexFunc(r.Recipients, func(to Recipient) bool { return to.Kind == r.Kind }); i >= 0 {
		if _, gone := r.gone(r.Recipients[i].Address, true); gone {
			words = append(words, "gone")
		}
	}
	return strings.Join(words, " ")
}

func TestNoticesOfManyMailSystems(t *testing.T) {
	for name, sample := range notices(t) {
		r := Parse([]byte(sample[1]))
		if got := asSample(r); got != sample[0] {
			t.Errorf("%s: %s, want %s\n%+v", name, got, sample[0], r.Recipients)
		}
		if permanent := r.Kind == Bounce; r.Permanent() != permanent {
			t.Errorf("%s: permanent is %v", name, r.Permanent())
		}
		crlf := Parse([]byte("From MAILER-DAEMON Mon Jul  6 09:00:00 2026\r\n" + strings.ReplaceAll(sample[1], "\n", "\r\n")))
		if got := asSample(crlf); got != sample[0] {
			t.Errorf("%s with CRLF: %s, want %s", name, got, sample[0])
		}
	}
}
