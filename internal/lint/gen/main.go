// Gen reduces the support data of caniemail.com to the table that the client check needs. It is run by
// hand, with the npm package of that name unpacked into a directory:
//
//	npm pack caniemail && tar xzf caniemail-*.tgz
//	go run ./internal/lint/gen package >internal/lint/support.json
//
// A feature that it can't turn into something to look for in a mail is an error, so that new ones are
// not passed over in silence.
package main

import (
	"bytes"
	"cmp"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go run ./internal/lint/gen PACKAGE-DIR >internal/lint/support.json")
		os.Exit(2)
	}
	source, err := reduce(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Stdout.Write(source)
}

// client is a mail program as lint calls it, and where caniemail has it; the first that it knows
// something about counts.
type client struct {
	name string
	from []string
}

var clients = []client{
	{"Gmail, web", []string{"gmail.desktop-webmail"}},
	{"Gmail, phone web", []string{"gmail.mobile-webmail"}},
	{"Gmail, iOS", []string{"gmail.ios"}},
	{"Gmail, Android", []string{"gmail.android"}},
	{"Apple Mail, macOS", []string{"apple-mail.macos"}},
	{"Apple Mail, iOS", []string{"apple-mail.ios"}},
	{"Outlook, Windows (Word engine)", []string{"outlook.windows"}},
	{"Outlook, web and new Windows", []string{"outlook.outlook-com"}},
	{"Outlook, macOS", []string{"outlook.macos"}},
	{"Outlook, iOS", []string{"outlook.ios"}},
	{"Outlook, Android", []string{"outlook.android"}},
	{"Yahoo, web", []string{"yahoo.desktop-webmail"}},
	{"Yahoo, iOS", []string{"yahoo.ios"}},
	{"Yahoo, Android", []string{"yahoo.android"}},
	{"Samsung Email", []string{"samsung-email.android"}},
	{"Thunderbird", []string{"thunderbird.windows", "thunderbird.macos"}},
}

// irregularJSON says what to look for where slug and title don't. An empty list: nothing in a mail's markup.
//
//go:embed irregular.json
var irregularJSON []byte

// regular are the titles that say by themselves what to look for.
var regular = []struct {
	title *regexp.Regexp
	key   string
}{
	{regexp.MustCompile(`^css ([a-z-]+): ?([a-z-]+)$`), "value:$1:$2"},
	{regexp.MustCompile(`^css ::?([a-z-]+)(\(\))?$`), "pseudo:$1"},
	{regexp.MustCompile(`^css @([a-z-]+)$`), "at:$1"},
	{regexp.MustCompile(`^css (\S+) unit$`), "unit:$1"},
	{regexp.MustCompile(`^css ([a-z-]+)( property| shorthand)? *$`), "property:$1"},
	{regexp.MustCompile(`^html <(input|button) type="([a-z]+)"> element$`), "$1:$2"},
	{regexp.MustCompile(`^html <([a-z]+)>( element)?$`), "element:$1"},
	{regexp.MustCompile(`^html ([a-z-]+) attribute$`), "attribute:$1"},
}

var cssFunction = regexp.MustCompile(`([a-z-]+)\(\)`)

// feature is one of caniemail's. Stats are by family, platform and version: "y", "n", "a" (partly), "u"
// (unknown), with numbers of notes behind it.
type feature struct {
	Slug     string
	Title    string
	Category string
	Stats    map[string]map[string]map[string]string
}

func reduce(dir string) ([]byte, error) {
	var data struct {
		Updated string `json:"last_update_date"`
		Data    []feature
	}
	var pkg struct{ Name, Version, License string }
	var irregular map[string][]string
	if err := json.Unmarshal(irregularJSON, &irregular); err != nil {
		return nil, fmt.Errorf("irregular.json: %w", err)
	}
	if err := readJSON(filepath.Join(dir, "data", "caniemail.json"), &data); err != nil {
		return nil, err
	}
	if err := readJSON(filepath.Join(dir, "package.json"), &pkg); err != nil {
		return nil, err
	}
	licence, err := os.ReadFile(filepath.Join(dir, "LICENSE"))
	if err != nil {
		return nil, err
	}
	date, _, _ := strings.Cut(data.Updated, " ")
	table := struct {
		About    string    `json:"about"`
		Licence  []string  `json:"licence"`
		Clients  []string  `json:"clients"`
		Features []support `json:"features"`
	}{
		About: fmt.Sprintf("Made by internal/lint/gen from the npm package %s %s: not to be edited. The data is that of caniemail.com, "+
			"Copyright (c) 2019 HTeuMeuLeu, as of %s, reduced to the last tested version of each client. It and the package that "+
			"carries it stand under this licence (%s).", pkg.Name, pkg.Version, date, pkg.License),
		Licence: strings.Split(strings.TrimSpace(string(licence)), "\n"),
	}
	for _, c := range clients {
		table.Clients = append(table.Clients, c.name)
	}
	slices.SortFunc(data.Data, func(a, b feature) int { return cmp.Compare(a.Slug, b.Slug) })
	for _, f := range data.Data {
		if f.Category == "others" {
			continue
		}
		keys, err := keysOf(f, irregular)
		if err != nil {
			return nil, err
		}
		if len(keys) > 0 {
			table.Features = append(table.Features, support{f.Slug, strings.TrimSpace(f.Title), letters(f), keys})
		}
	}
	raw, err := json.Marshal(table)
	return append(bytes.ReplaceAll(raw, []byte(`{"slug"`), []byte("\n{\"slug\"")), '\n'), err // a feature a line
}

// support is a feature as internal/lint reads it.
type support struct {
	Slug    string   `json:"slug"`
	Name    string   `json:"name"`
	Support string   `json:"support"`
	Keys    []string `json:"keys"`
}

func readJSON(path string, into any) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// keysOf are what the check looks for in a mail to find that it uses a feature; irregular has those that it does not
// tell itself.
func keysOf(f feature, irregular map[string][]string) ([]string, error) {
	if keys, ok := irregular[f.Slug]; ok {
		return keys, nil
	}
	title := f.Category + " " + f.Title
	for _, r := range regular {
		if m := r.title.FindStringSubmatchIndex(title); m != nil {
			return []string{string(r.title.ExpandString(nil, r.key, title, m))}, nil
		}
	}
	var keys []string
	if f.Category == "css" {
		for _, m := range cssFunction.FindAllStringSubmatch(f.Title, -1) {
			keys = append(keys, "function:"+m[1])
		}
	}
	if keys == nil {
		return nil, fmt.Errorf("%s, %q: nothing tells what to look for: add it to irregular.json", f.Slug, f.Title)
	}
	return keys, nil
}

// letters is the support of a feature, a letter a client.
func letters(f feature) string {
	var b strings.Builder
	for _, c := range clients {
		letter := byte('-')
		for _, from := range c.from {
			family, platform, _ := strings.Cut(from, ".")
			if versions := f.Stats[family][platform]; len(versions) > 0 {
				letter = versions[latest(versions)][0]
				break
			}
		}
		b.WriteByte(letter)
	}
	return b.String()
}

// latest is the newest version: they are numbers with dots, or months.
func latest(versions map[string]string) string {
	newest := ""
	for v := range versions {
		if newest == "" || slices.Compare(numbers(v), numbers(newest)) > 0 {
			newest = v
		}
	}
	return newest
}

func numbers(version string) []int {
	var all []int
	for _, part := range strings.FieldsFunc(version, func(r rune) bool { return r < '0' || r > '9' }) {
		n, _ := strconv.Atoi(part) // digits alone; what is too long for a number is the largest
		all = append(all, n)
	}
	return all
}
