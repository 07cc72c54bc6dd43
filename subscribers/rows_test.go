package subscribers

import (
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

var testRules = Rules{
	Zone: "Europe/Paris", Language: "en", Topics: []string{"global", "diplomacy", "sport"},
	Digests: []DigestRule{{ID: "daily", Topics: []string{"global", "diplomacy"}}, {ID: "weekly", Topics: []string{"sport"}}},
}

func fromText(text string) Rows {
	return func(yield func(*Row, *Problem) bool) { readCSV(strings.NewReader(text), "list.csv", yield) }
}

// read validates a CSV text that must be right.
func read(t *testing.T, text string) *List {
	t.Helper()
	l, problems := Validate(fromText(text), testRules)
	for _, p := range problems {
		t.Error(p)
	}
	if t.Failed() {
		t.FailNow()
	}
	return l
}

func TestCSVReadsEveryColumn(t *testing.T) {
	l := read(t, "\ufeffemail,Name,digests,topics,timezone,language,format,paused_until\r\n"+
		"ana@Example.org,\"Ana \"\"A\"\" Ruiz\",daily;weekly,diplomacy global,America/New_York,pt-br,text,2026-12-24\r\n"+
		"\r\n"+
		",,,,,,,\r\n"+
		"  bob@example.org ,,,,,,,\r\n")
	if l.Len() != 2 {
		t.Fatalf("%d subscribers", l.Len())
	}
	ana, bob := l.At(0), l.At(1)
	if ana.Email != "ana@example.org" || ana.Name != `Ana "A" Ruiz` || ana.Language != "pt-BR" || ana.Format != "text" ||
		!slices.Equal(ana.Digests, []string{"daily", "weekly"}) || !slices.Equal(ana.Topics, []string{"global", "diplomacy"}) ||
		ana.File != "list.csv" || ana.Line != 2 {
		t.Errorf("ana is %+v %+v", ana, *ana.Profile)
	}
	if want := time.Date(2026, 12, 24, 5, 0, 0, 0, time.UTC); !ana.PausedUntil.Equal(want) {
		t.Errorf("ana is paused until %v, want midnight in New York, %v", ana.PausedUntil, want)
	}
	if bob.Email != "bob@example.org" || bob.Name != "" || bob.Line != 5 || bob.Digests != nil || bob.Topics != nil ||
		bob.Zone != "Europe/Paris" || bob.Language != "en" || bob.Format != "html" || !bob.PausedUntil.IsZero() {
		t.Errorf("bob is %+v %+v", bob, *bob.Profile)
	}
}

func TestProblems(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"empty", "", []string{`list.csv:1:1: is empty; its first line must name the columns, "email" at least`}},
		{"no header", "ana@example.org\n", []string{`list.csv:1:1: unknown column "ana@example.org"; the first line must name the columns, "email" at least`}},
		{"misspelt column", "email,nmae,topic\nx\n", []string{
			`list.csv:1:7: unknown column "nmae"; did you mean "name"?`,
			`list.csv:1:12: unknown column "topic"; did you mean "topics"?`}},
		{"column twice", "email, name,email\n", []string{`list.csv:1:13: column "email" stands twice in the first line`}},
		{"semicolons", "email;name\nana@example.org;Ana\n", []string{`list.csv:1:1: unknown column "email;name"; columns are separated by commas`}},
		{"no email column", "name\nAna\n", []string{`list.csv:1:1: the first line names no column "email"`}},
		{"columns missing", "email,name\nana@example.org\nbob@example.org,Bob,x\n", []string{
			`list.csv:2:1: has 1 columns where the first line names 2`,
			`list.csv:3:1: has 3 columns where the first line names 2`}},
		{"quotes", "email,name\nana@example.org,A\"na\nbob@example.org,Bob\nbob@example.org,x\n", []string{
			`list.csv:2:18: has a quotation mark inside an unquoted cell; quote the cell and double the mark`,
			`list.csv:4:1: email "bob@example.org" stands already at list.csv:3; each person may be named once`}},
		{"open quote", "email,name\nana@example.org,\"Ana\nbob@example.org,Bob\n", []string{
			`list.csv:3:21: has a quoted cell, begun on line 2, whose closing mark is missing or does not end the cell`}},
		{"same person", "email\nana@example.org\nAna@EXAMPLE.org\n", []string{
			`list.csv:3:1: email "Ana@EXAMPLE.org" stands already at list.csv:2; each person may be named once`}},
		{"all at once", "email,name,digests,topics,timezone,language,format,paused_until\n" +
			"ana,\"A\nB\",dayly,glbal,Paris,english,htm,tomorrow\n" +
			",Nobody,,,,,,\n", []string{
			`list.csv:2:1: email "ana" has no "@"`,
			`list.csv:2:5: name of subscriber "ana" contains a control character or a line break`,
			`list.csv:3:4: digest "dayly" of subscriber "ana" is not defined; did you mean "daily"?`,
			`list.csv:3:10: topic "glbal" of subscriber "ana" is not defined; did you mean "global"?`,
			`list.csv:3:16: timezone of subscriber "ana" must be a time zone such as "Europe/Paris", not "Paris"; did you mean "Europe/Paris"?`,
			`list.csv:3:22: language of subscriber "ana" must be a language tag such as "en" or "pt-BR", not "english"`,
			`list.csv:3:30: format of subscriber "ana" must be "html" or "text", not "htm"; did you mean "html"?`,
			`list.csv:3:34: paused_until of subscriber "ana" must be a date such as 2026-12-24, not "tomorrow"`,
			`list.csv:4:1: a subscriber needs an email`}},
		{"topic of no digest", "email,digests,topics\nana@example.org,daily,global;sport\nbob@example.org,,sport\n", []string{
			`list.csv:2:30: topic "sport" of subscriber "ana@example.org" is in none of that subscriber's digests`}},
		{"the same wrong profile twice", "email,format\nana@example.org,pdf\nbob@example.org,pdf\n", []string{
			`list.csv:2:17: format of subscriber "ana@example.org" must be "html" or "text", not "pdf"`,
			`list.csv:3:17: format of subscriber "bob@example.org" must be "html" or "text", not "pdf"`}},
		{"latin-1", "email,name\nana@example.org,Andr\xe9\n", []string{
			`list.csv:2:17: name of subscriber "ana@example.org" is not valid UTF-8; save the file as UTF-8`}},
		{"names that go into headers", "email,name\nana@example.org,\"Ana\r\nBcc: eve@example.org\"\n", []string{
			`list.csv:2:17: name of subscriber "ana@example.org" contains a control character or a line break`}},
		{"long name", "email,name\nana@example.org," + strings.Repeat("x", 256) + "\n", []string{
			`list.csv:2:17: name of subscriber "ana@example.org" is longer than 255 bytes`}},
		{"zones of the machine", "email,timezone\nana@example.org,Local\n", []string{
			`list.csv:2:17: timezone of subscriber "ana@example.org" must be a time zone such as "Europe/Paris", not "Local"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, problems := Validate(fromText(c.text), testRules)
			var got []string
			for _, p := range problems {
				got = append(got, p.Error())
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
			if l != nil {
				t.Error("there is a list in spite of problems")
			}
		})
	}
}

func TestUnreadableFile(t *testing.T) {
	_, problems := Validate(ReadCSV(filepath.Join(t.TempDir(), "none.csv"), "none.csv"), testRules)
	if len(problems) != 1 || problems[0].Error() != "none.csv: can't be read: no such file or directory" {
		t.Errorf("got %v", problems)
	}
}

func TestFilesShareOneList(t *testing.T) {
	dir := t.TempDir()
	var sources []Rows
	for name, text := range map[string]string{"a.csv": "email\nana@example.org\n", "b.csv": "name,email\nAna,bob@example.org\nAna,ANA@example.org\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"a.csv", "b.csv"} {
		sources = append(sources, ReadCSV(filepath.Join(dir, name), name))
	}
	_, problems := Validate(Concat(sources...), testRules)
	want := `b.csv:3:5: email "ANA@example.org" stands already at a.csv:2; each person may be named once`
	if len(problems) != 1 || problems[0].Error() != want {
		t.Errorf("got %v, want %s", problems, want)
	}
}

func TestManyProblemsAreCounted(t *testing.T) {
	text := "email\n" + strings.Repeat("nobody\n", 5000)
	_, problems := Validate(fromText(text), testRules)
	if len(problems) != maxProblems+1 {
		t.Fatalf("%d problems", len(problems))
	}
	if got, want := problems[maxProblems].Error(), "list.csv:1002: 4000 more problems from here on"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestProfilesAreShared(t *testing.T) {
	l := read(t, "email,topics,format\na@example.org,global;diplomacy,\nb@example.org,diplomacy global;global,html\nc@example.org,global,\n")
	if l.At(0).Profile != l.At(1).Profile {
		t.Error("two readers who asked for the same have two profiles")
	}
	if l.At(0).Profile == l.At(2).Profile || len(l.Profiles()) != 2 {
		t.Error("readers who asked for different things share a profile")
	}
}

func TestWantsAndTopics(t *testing.T) {
	l := read(t, "email,digests,topics\nall@example.org,,\ndaily@example.org,daily,\nsport@example.org,,sport\nboth@example.org,,diplomacy;global\n")
	daily := testRules.Digests[0].Topics
	for _, c := range []struct {
		email  string
		weekly bool
		daily  []string
	}{
		{"all@example.org", true, nil},
		{"daily@example.org", false, nil},
		{"sport@example.org", true, []string{}},
		{"both@example.org", true, nil}, // all of the digest, so of the variant that has all
	} {
		s, ok := l.Find(c.email)
		if !ok {
			t.Fatal(c.email, "is not found")
		}
		if got := s.Wants("weekly"); got != c.weekly {
			t.Errorf("%s wants weekly: %t", c.email, got)
		}
		got := s.TopicsOf(daily)
		if !slices.Equal(got, c.daily) || (got == nil) != (c.daily == nil) {
			t.Errorf("%s gets the topics %#v of daily, want %#v", c.email, got, c.daily)
		}
	}
	s, _ := l.Find("both@example.org")
	if got := s.TopicsOf([]string{"sport", "diplomacy", "global"}); !slices.Equal(got, []string{"diplomacy", "global"}) {
		t.Errorf("topics are not in the digest's order: %v", got)
	}
}

func TestPausedUntilTheDayBegins(t *testing.T) {
	l := read(t, "email,timezone,paused_until\na@example.org,Asia/Tokyo,2026-12-24\n")
	midnight := time.Date(2026, 12, 23, 15, 0, 0, 0, time.UTC)
	if p := l.At(0); !p.Paused(midnight.Add(-time.Second)) || p.Paused(midnight) {
		t.Errorf("paused until %v", p.PausedUntil)
	}
	if l := read(t, "email\na@example.org\n"); l.At(0).Paused(time.Time{}) {
		t.Error("a reader without a pause is paused")
	}
}

func TestListKeepsThousandsApart(t *testing.T) {
	const n = 20_000
	path := writeLong(t, n)
	l, problems := Validate(ReadCSV(path, "long.csv"), longRules)
	if len(problems) > 0 {
		t.Fatal(problems[0])
	}
	count := 0
	for i, s := range l.All() {
		want := "reader" + pad(i) + "@mail" + strconv.Itoa(i%1000) + ".example.org"
		if s.Email != want || s.Name != "Reader Number "+strconv.Itoa(i) || s.Line != i+2 || s.File != "long.csv" {
			t.Fatalf("subscriber %d is %+v", i, s)
		}
		found, ok := l.Find(strings.ToUpper(want))
		if !ok || found != s {
			t.Fatalf("looking for %s finds %+v", want, found)
		}
		count++
	}
	if count != n || l.Len() != n {
		t.Errorf("%d of %d", count, l.Len())
	}
	if _, ok := l.Find("nobody@example.org"); ok {
		t.Error("found nobody")
	}
}

func pad(i int) string {
	s := strconv.Itoa(i)
	return strings.Repeat("0", 7-len(s)) + s
}

// Spreadsheets write other texts than UTF-8 with LF.
func TestCSVAsSpreadsheetsWriteIt(t *testing.T) {
	const text = "email,name\nana@example.org,Änne\nbo@example.org,Bo\n"
	wide := func(mark string, at int) string {
		b := []byte(mark)
		for _, r := range text {
			two := [2]byte{}
			two[at], two[1-at] = byte(r), byte(r>>8)
			b = append(b, two[:]...)
		}
		return string(b)
	}
	for name, written := range map[string]string{
		"UTF-16, little": wide("\xff\xfe", 0), "UTF-16, big": wide("\xfe\xff", 1), "UTF-16 without a mark": wide("", 0),
		"CR alone": strings.ReplaceAll(text, "\n", "\r"), "CRLF": strings.ReplaceAll(text, "\n", "\r\n"),
	} {
		t.Run(name, func(t *testing.T) {
			l := read(t, written)
			if l.Len() != 2 || l.At(0).Name != "Änne" || l.At(1).Line != 3 {
				t.Errorf("%d: %+v, %+v", l.Len(), l.At(0), l.At(1))
			}
		})
	}
}

func TestEmptyList(t *testing.T) {
	l := read(t, "email\n")
	next, stop := iter.Pull2(l.All())
	defer stop()
	if _, _, any := next(); any || l.Len() != 0 {
		t.Error("an empty list has a subscriber")
	}
	if _, ok := l.Find("ana@example.org"); ok {
		t.Error("found somebody in an empty list")
	}
}

func TestZonesThatAreSuggestedExist(t *testing.T) {
	zones := strings.Fields(zoneNames)
	if len(zones) < 400 {
		t.Fatalf("%d zones", len(zones))
	}
	for _, z := range zones {
		if _, err := LoadZone(z); err != nil {
			t.Error(err)
		}
	}
	for _, c := range []struct{ in, want string }{
		{"Europe/Pariss", `"Europe/Paris"?`}, {"new york", `"America/New_York"?`}, {"europe/paris", `"Europe/Paris"?`},
	} {
		if _, err := LoadZone(c.in); err == nil || !strings.HasSuffix(err.Error(), c.want) {
			t.Errorf("of %q: %v", c.in, err)
		}
	}
}

// Nothing that a file holds may stop the program, hang it, or get into the list unchecked.
func FuzzCSV(f *testing.F) {
	f.Add("email,name\nana@example.org,Ana\n")
	f.Add("\ufeffemail,topics\r\nana@example.org,\"global;sport\"\r\n")
	f.Add("email\rana@example.org\r")
	f.Add("\xff\xfee\x00m\x00a\x00i\x00l\x00\n\x00a\x00")
	f.Add("email\n\"ana\n@example.org\n")
	f.Add("email,paused_until,timezone\na@b,2026-02-30,UTC\n")
	f.Fuzz(func(t *testing.T, text string) {
		rows := 0
		l, problems := Validate(func(yield func(*Row, *Problem) bool) {
			for row, p := range fromText(text) {
				if row != nil {
					rows++
				}
				if !yield(row, p) {
					return
				}
			}
		}, testRules)
		lines := max(strings.Count(text, "\n"), strings.Count(text, "\r")) + 1
		for _, p := range problems {
			if p.File != "list.csv" || p.Line < 1 || p.Line > lines || strings.ContainsAny(p.Error(), "\r\n") {
				t.Fatalf("%q in a file of %d lines", p.Error(), lines)
			}
		}
		if (l == nil) != (len(problems) > 0) || (l != nil && l.Len() != rows) {
			t.Fatalf("%d rows, %d subscribers, problems %v", rows, l.Len(), problems)
		}
		for i, s := range l.All() {
			if normal, err := ParseAddress(s.Email); err != nil || normal != s.Email {
				t.Fatalf("subscriber %d is %q: %v", i, s.Email, err)
			}
			if found, ok := l.Find(s.Email); !ok || found != s {
				t.Fatalf("subscriber %d, %q, is not found", i, s.Email)
			}
			if strings.ContainsAny(s.Name, "\r\n\x00") {
				t.Fatalf("subscriber %d is called %q", i, s.Name)
			}
		}
	})
}

// TestALineIsBounded: what has no end of line, or a quotation mark too few, is not read into memory as a whole.
func TestALineIsBounded(t *testing.T) {
	good := "email,name\nana@example.org,Ana\n"
	row := "ben@example.org,\"" + strings.Repeat("x", maxLine-100) + "\"\n"
	for _, c := range []struct {
		name, text string
		rows, line int // the last of which is too long; 0: none
	}{
		{"long lines, within the bound", good + strings.Repeat(row, 20), 21, 0},
		{"a quotation mark that is never closed", good + "\"ben@example.org,Ben\n" + strings.Repeat("cy@example.org,Cy\n", 1<<16), 1, 3},
		{"no end of line", good + strings.Repeat("x", 1<<22), 1, 3},
		{"no end of the first line", strings.Repeat("x", 1<<22), 0, 1},
		{"zeros", good + strings.Repeat("\x00", 1<<22), 1, 3},
	} {
		rows, source := 0, strings.NewReader(c.text)
		var problem *Problem
		readCSV(source, "list.csv", func(_ *Row, p *Problem) bool {
			if problem = p; p == nil {
				rows++
			}
			return true
		})
		switch {
		case rows != c.rows, (problem != nil) != (c.line > 0):
			t.Errorf("%s: %d rows, %v", c.name, rows, problem)
		case problem != nil && (problem.Line != c.line || !strings.Contains(problem.Error(), "a line of more than 64 KB")):
			t.Errorf("%s: %v", c.name, problem)
		case problem != nil && len(c.text)-source.Len() > 4*maxLine:
			t.Errorf("%s: %d bytes were read", c.name, len(c.text)-source.Len())
		}
	}
}
