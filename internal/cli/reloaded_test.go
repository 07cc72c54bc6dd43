package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"digestd/subscribers"
)

// listOf makes a list of files, each of which has the readers from one number up to another.
func listOf(t *testing.T, files map[string][2]int) *subscribers.List {
	t.Helper()
	var sources []subscribers.Rows
	for _, name := range []string{"a.csv", "b.csv"} {
		span, ok := files[name]
		if !ok {
			continue
		}
		text := "email\n"
		for i := span[0]; i < span[1]; i++ {
			text += fmt.Sprintf("reader%d@example.org\n", i)
		}
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		sources = append(sources, subscribers.ReadCSV(path, name))
	}
	l, problems := subscribers.Validate(subscribers.Concat(sources...), subscribers.Rules{Zone: "UTC", Language: "en"})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return l
}

func TestAListThatWasCutShortIsRefused(t *testing.T) {
	type files = map[string][2]int
	for name, c := range map[string]struct {
		before, now files
		refused     string // empty: it is taken
	}{
		"as it was":                    {files{"a.csv": {0, 5000}}, files{"a.csv": {0, 5000}}, ""},
		"more":                         {files{"a.csv": {0, 100}}, files{"a.csv": {0, 900}}, ""},
		"the first list":               {files{}, files{"a.csv": {0, 900}}, ""},
		"cut short":                    {files{"a.csv": {0, 5000}}, files{"a.csv": {0, 299}}, "a.csv: 5000 subscribers before, 299 of them now"},
		"half":                         {files{"a.csv": {0, 100}}, files{"a.csv": {0, 50}}, ""},
		"a little less than half":      {files{"a.csv": {0, 100}}, files{"a.csv": {0, 49}}, "a.csv: 100 subscribers before, 49 of them now"},
		"empty":                        {files{"a.csv": {0, 100}}, files{"a.csv": {0, 0}}, "a.csv: 100 subscribers before, 0 of them now"},
		"the last one":                 {files{"a.csv": {0, 1}}, files{"a.csv": {0, 0}}, "a.csv: 1 subscriber before, 0 of them now"},
		"one, with another address":    {files{"a.csv": {0, 1}}, files{"a.csv": {1, 2}}, ""},
		"one of two lists":             {files{"a.csv": {0, 100}, "b.csv": {100, 900}}, files{"a.csv": {0, 20}, "b.csv": {100, 900}}, "a.csv: 100 subscribers before, 20 of them now"},
		"moved into another list":      {files{"a.csv": {0, 100}, "b.csv": {100, 900}}, files{"b.csv": {0, 900}}, ""},
		"a list of others in its name": {files{"a.csv": {0, 100}}, files{"a.csv": {100, 200}}, "a.csv: 100 subscribers before, 0 of them now"},
	} {
		change := changeOf(listOf(t, c.before), listOf(t, c.now))
		why, _, _ := strings.Cut(change.refusal(), "\n")
		if why != c.refused {
			t.Errorf("%s: %q, not %q", name, why, c.refused)
		}
		if change.refusal() != "" && !strings.Contains(change.refusal(), "reload --force") {
			t.Errorf("%s: it does not say what to do: %q", name, change.refusal())
		}
	}
}
