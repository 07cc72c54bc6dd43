package opml

import (
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// maxID is how long the name of a topic may be in a config.
const maxID = 40

// TOML is the list as the lines of a config to paste: one table for each topic. Topics get names that
// are neither in taken nor given twice.
func TOML(list List, taken []string) string {
	used := make(map[string]bool)
	for _, id := range taken {
		used[id] = true
	}
	var b strings.Builder
	for i, group := range byTopic(list.Feeds) {
		title := group.title
		if title == "" {
			title = oneLine(list.Title)
		}
		if title == "" {
			title = "Imported"
		}
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "[topics.%s]\ntitle = %s\nfeeds = [\n", topicID(title, used), Quote(title))
		for _, f := range group.feeds {
			if name := oneLine(f.Title); name != "" {
				fmt.Fprintf(&b, "  { url = %s, name = %s },\n", Quote(f.URL), Quote(name))
			} else {
				fmt.Fprintf(&b, "  %s,\n", Quote(f.URL))
			}
		}
		b.WriteString("]\n")
	}
	return b.String()
}

// topicID makes a name of a title: "News & Politics" becomes news-politics.
func topicID(title string, used map[string]bool) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(strings.ToLower(title)) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case unicode.Is(unicode.Mn, r): // the accent of the letter before
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() == maxID {
			break
		}
	}
	base := strings.Trim(b.String(), "-")
	if base == "" {
		base = "topic"
	}
	id := base
	for n := 2; used[id]; n++ {
		suffix := fmt.Sprintf("-%d", n)
		id = strings.TrimRight(base[:min(len(base), maxID-len(suffix))], "-") + suffix
	}
	used[id] = true
	return id
}

// Quote writes a basic string of TOML.
func Quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range strings.ToValidUTF8(s, "\ufffd") {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
