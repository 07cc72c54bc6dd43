package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const data = `{"last_update_date": "2026-05-13 14:45:41 +0000", "data": [
{"slug": "css-max-width", "title": "max-width", "category": "css", "stats": {
  "gmail": {"desktop-webmail": {"2019-08": "n", "2022-02": "y #1", "2021-01": "n"}},
  "apple-mail": {"macos": {"9.1": "n", "12.4": "a #2", "11": "n"}},
  "thunderbird": {"macos": {"68.4": "u"}}}},
{"slug": "amp", "title": "AMP for Email", "category": "others", "stats": {}},
{"slug": "html-bdi", "title": "<bdi> element", "category": "html", "stats": {}}]}`

func packageDir(t *testing.T, data string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"package.json":        `{"name": "caniemail", "version": "2.0.2", "license": "MIT"}`,
		"LICENSE":             "MIT License\n\nPermission is granted to " + strings.Repeat("anybody ", 30),
		"data/caniemail.json": data,
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestReduce(t *testing.T) {
	source, err := reduce(packageDir(t, data))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"from the npm package caniemail 2.0.2: not to be edited.", "as of 2026-05-13", `"Permission is granted to anybody`, `"clients":["Gmail, web",`,
		`{"slug":"css-max-width","name":"max-width","support":"y---a----------u","keys":["property:max-width"]}`,
		`{"slug":"html-bdi","name":"\u003cbdi\u003e element","support":"----------------","keys":["element:bdi"]}`,
	} {
		if !strings.Contains(string(source), want) {
			t.Errorf("%s\nlacks %s", string(source), want)
		}
	}
	if strings.Contains(string(source), "amp") {
		t.Error("has what is no matter of markup")
	}
}

func TestWhatIsNewIsNotPassedOver(t *testing.T) {
	_, err := reduce(packageDir(t, `{"data": [{"slug": "css-anchors", "title": "Anchored & positioned", "category": "css"}]}`))
	if err == nil || !strings.Contains(err.Error(), "css-anchors") {
		t.Errorf("error %v", err)
	}
}
