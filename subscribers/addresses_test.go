package subscribers

import (
	"slices"
	"strings"
	"testing"
)

func TestListsOfThoseWhoLeft(t *testing.T) {
	for name, c := range map[string]struct {
		text     string
		want     []Kept
		problems []string
	}{
		"one a line": {"# those who left\nana@example.org\n\n  Ben@Example.org \r\n", []Kept{{Email: "ana@example.org"}, {Email: "Ben@example.org"}}, nil},
		"of another program": {"\ufeffFirst Name,Email Address,Reason\n\"Ruiz, Ana\",ana@example.org,too often\n,,\nBen,ben@example.org,\n",
			[]Kept{{Email: "ana@example.org"}, {Email: "ben@example.org"}}, nil},
		"what list wrote": {"email,name,digests,source,suppressed,preferences\n" +
			"ana@example.org,Ana,daily,list.csv:2,one-click of daily bounce,\nben@example.org,Ben,,list.csv:3,,\n'+cas@example.org,,,,operator of weekly,\n",
			[]Kept{{"ana@example.org", "daily", "one-click"}, {"ana@example.org", "", "bounce"}, {"+cas@example.org", "weekly", "operator"}}, nil},
		"wrong ones": {"ana@example.org\nana\nben@example.org\n,\n<ben@example.org>\n", []Kept{{Email: "ana@example.org"}, {Email: "ben@example.org"}},
			[]string{`left.txt:2:1: address "ana" has no "@"`, `left.txt:5:1: address "<ben@example.org>" must be a bare address, without a name and angle brackets`}},
		"nothing": {"", nil, nil},
	} {
		got, problems := ReadKept(strings.NewReader(c.text), "left.txt")
		var said []string
		for _, p := range problems {
			said = append(said, p.Error())
		}
		if !slices.Equal(got, c.want) || !slices.Equal(said, c.problems) {
			t.Errorf("%s: %+v, %q", name, got, said)
		}
	}
}

func FuzzReadKept(f *testing.F) {
	f.Add("email,suppressed\nana@example.org,one-click of daily\n")
	f.Add("ana@example.org\n\"\n")
	f.Fuzz(func(t *testing.T, text string) {
		all, _ := ReadKept(strings.NewReader(text), "left.txt")
		for _, k := range all {
			if again, err := ParseAddress(k.Email); err != nil || again != k.Email {
				t.Errorf("%q is no address: %q, %v", k.Email, again, err)
			}
		}
	})
}
