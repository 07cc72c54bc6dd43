package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"digestd/internal/cli"
)

// Two runs at one time write the same, and every command has its page.
func TestManual(t *testing.T) {
	t.Chdir("../../..") // the root, where the package is built
	t.Setenv("SOURCE_DATE_EPOCH", "1773295200")
	var pages [2]map[string]string
	for i := range pages {
		dir := t.TempDir()
		if err := write(dir); err != nil {
			t.Fatal(err)
		}
		pages[i] = map[string]string{}
		files, err := filepath.Glob(filepath.Join(dir, "*", "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range files {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			pages[i][filepath.Base(path)] = string(text)
		}
	}
	for name, text := range pages[0] {
		if text != pages[1][name] {
			t.Errorf("%s differs from one run to the next", name)
		}
	}
	for _, c := range cli.Commands().Commands() {
		if page := pages[0]["digestd-"+c.Name()+".1"]; !c.Hidden && !strings.Contains(page, c.Short) {
			t.Errorf("no page for digestd %s", c.Name())
		}
	}
	for name, words := range map[string]string{
		"digestd.1":        "EXIT STATUS",
		"digestd-config.5": "Fetched once a minute",
		"digestd.bash":     "__start_digestd",
		"_digestd":         "#compdef digestd",
		"digestd.fish":     "complete -c digestd",
	} {
		if !strings.Contains(pages[0][name], words) {
			t.Errorf("%s does not say %q", name, words)
		}
	}
	if strings.Contains(pages[0]["digestd-config.5"], ".TS") {
		t.Error("digestd-config.5 has tables, which are wider than a terminal")
	}
}

func TestForTerminal(t *testing.T) {
	const text = "See [the file](../config.toml) and [TOML](https://toml.io).\n\n| key | type | default | meaning |\n|---|---|---|---|\n" +
		"| `tls` | `\"a\" \\| \"b\"` |  | How. |\n| `port` | number | `587` | Where. |\n\n| type | written as |\n|---|---|\n| size | `10MB` |\n"
	const want = "See the file and [TOML](https://toml.io).\n\n`tls` (`\"a\" | \"b\"`)\n:   How.\n\n`port` (number, default `587`)\n:   Where.\n\n\n" +
		"size\n:   `10MB`\n\n"
	if got := forTerminal(text); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
