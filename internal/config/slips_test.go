package config

import (
	"fmt"
	"strings"
	"testing"
)

// TestSlips holds what is said of the slips that are made most often.
func TestSlips(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"[newsletter]\nname = Morning Wire", `2:8: a text stands in quotation marks: name = "Morning Wire"`},
		{"[newsletter]\nname = Wire\" # mine", `2:8: a text stands in quotation marks: name = "Wire"`},
		{"[delivery]\nrate = 20/s", `2:10: a text stands in quotation marks: rate = "20/s"`},
		{"[mail]\nverp = True", `2:8: True is written as verp = true`},
		{"[mail]\nverp = no", `2:8: no is written as verp = false`},
		{"[newsletter]\nname = \"Wire\n", `2:13: the text has no quotation mark at its end`},
		{"[newsletter]\r\nname = 'Wire\r\n", `2:13: the text has no quotation mark at its end`},
		{"[newsletter]\nname = “Wire”", `2:8: is not TOML: the quotation mark “ must be a straight one`},
		{"[subscriber_files]\npaths = [\"C:\\Users\\x.csv\"]", `a backslash in "…" begins a special character: write two of them, or put the text into '…'`},
		{"[topics.world news]", `1:15: the name of a table is letters, digits, "-" and "_": [topics.world-news], and title says what readers see`},
		{"[topics.Welt & Wirtschaft]", `[topics.welt-wirtschaft]`},
		{"[topics.ψ]", `[topics.news]`},
		{"[newsletter", `1:11: the name of a table ends with "]": [newsletter]`},
		{"[[subscribers\nemail = \"a@b.org\"", `the name of a table ends with "]": [[subscribers]]`},
		{"[topics.t]\nfeeds = [https://example.org/feed]", `2:10: a text stands in quotation marks: "https://example.org/feed"`},
		{"[topics.t]\nfeeds = [\n  https://example.org/feed,\n]", `3:3: a text stands in quotation marks: "https://example.org/feed"`},
		{"[topics.t]\nfeeds = [\"a\" \"b\"]", `2:14: between two entries of a list stands a ","`},
		{"[topics.t]\nfeeds = [\n\"a\"\n{ url = \"b\" }]", `4:1: between two entries of a list stands a ","`},
		{"[topics.t]\nfeeds = [\"a\"\n[digests.daily]", `3:1: the list before this line has no "]" at its end`},
		{"[topics.t]\nfeeds = [{ url = \"x\"; name = \"y\" }]", `between two keys in { } stands a ","`},
		{"[newsletter]\nname: \"Wire\"", `2:5: between a key and its value stands "=": name = "Wire"`},
		{"[newsletter]\nname", `name needs a value: name = …`},
		{"[newsletter]\nname = # none", `name has no value after its "="`},
		{"[newsletter]\nmy name = \"x\"", `a key is one word`},
		{"; mine\n[newsletter]", `1:1: a comment begins with "#"`},
		{"\xef\xbb\xbf// mine\n[newsletter]", `1:4: a comment begins with "#"`},
		{"newsletter {", `is not TOML: expected '=' after key`},
	} {
		var said []string
		parse([]byte(c.text), func(at place, format string, args ...any) {
			said = append(said, fmt.Sprintf("%d:%d: ", at.line, at.col)+fmt.Sprintf(format, args...))
		})
		if got := strings.Join(said, "\n"); !strings.Contains(got, c.want) || len(said) != 1 {
			t.Errorf("%q: %s\nwant %s", c.text, got, c.want)
		}
	}
}
