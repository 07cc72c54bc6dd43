package packaging_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What docs/operations.md says of the log and of alerts is what the program says.
func TestOperationsQuotesTheProgram(t *testing.T) {
	text, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	var code strings.Builder
	err = filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		code.Write(source)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	said := regexp.MustCompile(`"[ \t]*\+[ \t\n]*"`).ReplaceAllString(code.String(), "") // texts over several lines

	_, log, found := strings.Cut(string(text), "| message | when |")
	log, _, _ = strings.Cut(log, "\n\n")
	messages := regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(log, -1)
	if !found || len(messages) < 15 {
		t.Fatalf("%d messages of the log", len(messages))
	}
	for _, m := range messages {
		if m[1] != "keep" && m[1] != "subscribers restore" && !strings.Contains(said, m[1]) {
			t.Errorf("nothing logs %q", m[1])
		}
	}

	_, alerts, found := strings.Cut(string(text), "| it says | it means | do |")
	alerts, _, _ = strings.Cut(alerts, "\n\n")
	rows := regexp.MustCompile(`(?m)^\| ([^|]+) \|`).FindAllStringSubmatch(alerts, -1)
	if !found || len(rows) < 7 {
		t.Fatalf("%d alerts", len(rows))
	}
	for _, row := range rows {
		for part := range strings.SplitSeq(row[1], "…") {
			part = strings.NewReplacer("N of its M", "%d of its %d").Replace(strings.Trim(part, " :,"))
			if !strings.Contains(said, part) {
				t.Errorf("no alert says %q", part)
			}
		}
	}
}
