package config

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"digestd/internal/golden"
)

// shipped is the path of the config.toml that comes with the program. It is not the one at the root, which people
// edit, but its copy, which the package holds.
var shipped = filepath.Join("..", "..", "packaging", "config.toml")

func shippedText(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(shipped)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestShippedConfigRunsAsItIs(t *testing.T) {
	text := shippedText(t)
	write(t, nil)
	c := load(t, text, Env{})
	if c.Delivery.Transport != "maildir" || c.Delivery.Maildir != filepath.Join(filepath.Dir(c.Path), "outbox") {
		t.Errorf("it does not write into ./outbox: %+v", c.Delivery)
	}
	if c.Subscribers.Len() != 1 || c.Subscribers.At(0).Email != "reader@example.org" {
		t.Errorf("its subscriber is not reader@example.org")
	}
	var topics []string
	for _, topic := range c.Topics {
		topics = append(topics, topic.ID)
	}
	if !slices.Equal(topics, []string{"global", "diplomacy"}) || len(c.Digests) != 1 || c.Digests[0].ID != "daily" {
		t.Errorf("it has the topics %v and the digests %v", topics, c.Digests)
	}
	if len(c.Warnings) != 1 { // that of [web]
		t.Errorf("warnings: %v", c.Warnings)
	}
}

var commentedKey = regexp.MustCompile(`(?m)^#(\[|[a-z_]+ = )`)

// With all its examples uncommented, the shipped file must be right too.
func TestShippedExamplesAreRight(t *testing.T) {
	text := commentedKey.ReplaceAllString(shippedText(t), "$1")
	write(t, map[string]string{"ca.pem": "x", "smtp-password": "x", "ledger-password": "x", "imap-password": "x", "dkim.pem": "x", "vectors-key": "x", "templates/x": "x",
		"subscribers.csv": "email\n"})
	for _, one := range []string{`path = "/var`, `postgres = `} { // a ledger is one of the two
		load(t, strings.ReplaceAll(text, "\n"+one, "\n#"+one), Env{})
	}
}

// What the shipped file says of each key: the comments above it, up to the key before.
func shippedComments(t *testing.T) map[string]string {
	header := regexp.MustCompile(`^#?\[+([a-z_.]+)\]+$`)
	key := regexp.MustCompile(`^#?([a-z_]+) = `)
	said, table, block := map[string]string{}, "", ""
	for line := range strings.Lines(shippedText(t)) {
		line = strings.TrimSpace(line)
		if m := header.FindStringSubmatch(line); m != nil {
			kind, _, named := strings.Cut(m[1], ".")
			if table = m[1]; named {
				table = kind + ".NAME"
			}
			block = ""
		} else if m := key.FindStringSubmatch(line); m != nil {
			if name := table + "." + m[1]; said[name] == "" {
				said[name] = block
			}
			block = ""
		} else if comment, ok := strings.CutPrefix(line, "# "); ok {
			block += comment + "\n"
		}
	}
	return said
}

// Every key of the code stands in the shipped file, with the code's default.
func TestShippedConfigDocumentsEveryKey(t *testing.T) {
	said := shippedComments(t)
	for _, table := range Reference() {
		for _, k := range table.Keys {
			name := table.Name + "." + k.Name
			if table.Name == "topics.NAME.feeds" { // of a table in a list: told in one breath
				all := said["topics.NAME.feeds"]
				if !strings.Contains(all, k.Name) || !strings.Contains(all, "default: "+k.Default) {
					t.Errorf("%s with its default %s is not told where feeds is: %s", name, k.Default, all)
				}
				continue
			}
			text, ok := said[name]
			_, after, told := strings.Cut(text, "Default: ")
			after = strings.TrimSpace(after)
			switch {
			case !ok:
				t.Errorf("%s does not stand in packaging/config.toml", name)
			case k.Needed:
				if !strings.Contains(text, "There is no default.") {
					t.Errorf("%s: packaging/config.toml does not say that there is no default: %s", name, text)
				}
			case !told:
				t.Errorf("%s: packaging/config.toml does not say its default: %s", name, text)
			case k.Default != "" && after != k.Default && !strings.HasPrefix(after, k.Default+", "):
				t.Errorf("%s: packaging/config.toml says %q, the default is %s", name, after, k.Default)
			}
		}
	}
}

// docs/configuration.md has the tables of the reference between two marks; go generate writes them anew.
func TestReferenceInDocs(t *testing.T) {
	const begin, end = "<!-- keys: written by go generate ./internal/config -->\n", "<!-- end of keys -->\n"
	path := filepath.Join("..", "..", "docs", "configuration.md")
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(old), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatal("docs/configuration.md lacks the marks around its tables")
	}
	golden.Check(t, path, before+begin+markdown()+end+after)
}

// markdown is the reference as docs/configuration.md has it: a heading and a table for each table.
func markdown() string {
	var b strings.Builder
	for _, t := range Reference() {
		heading := "`" + t.Header + "`"
		if !strings.HasPrefix(t.Header, "[") {
			heading = "A feed as a table"
		}
		fmt.Fprintf(&b, "\n### %s\n\n%s\n\n| key | type | default | meaning |\n|---|---|---|---|\n", heading, t.Meaning)
		for _, k := range t.Keys {
			def := "`" + k.Default + "`"
			switch {
			case k.Needed:
				def = "must be set"
			case k.Default == "":
				def = ""
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", k.Name, escape(k.Type), escape(def), escape(k.Meaning))
		}
	}
	b.WriteByte('\n')
	return b.String()
}

// escape keeps a cell in its column, and out of HTML.
func escape(s string) string { return strings.NewReplacer("|", `\|`, "<", "&lt;").Replace(s) }

// Each default must be what the decoder makes of it without a word.
func TestDefaultsAreRight(t *testing.T) {
	for _, table := range Reference() {
		if len(table.Keys) == 0 || table.Meaning == "" {
			t.Errorf("%s is not described", table.Name)
		}
		for _, k := range table.Keys {
			if k.Meaning == "" || k.Type == "" {
				t.Errorf("%s.%s is not described", table.Name, k.Name)
			}
			if k.Default != "" && k.Needed {
				t.Errorf("%s.%s has a default and is needed", table.Name, k.Name)
			}
		}
	}
	write(t, nil)
	r := &reader{file: "config.toml"}
	parse([]byte(minimal), r.report)
	for _, table := range Reference() {
		for _, k := range table.Keys {
			if k.Default != "" {
				r.literal(k.Default) // panics on what is no TOML
			}
		}
	}
	load(t, minimal, Env{}) // has a problem for each wrong default
}
