package message

import "strings"

// Field is one header field as it stands in a message, folding included.
type Field struct{ Name, Value string }

// Source parts a message into header fields and body for people to look at: nothing is decoded, lines end
// as they do on a page, and what is no UTF-8 is replaced.
func Source(raw []byte) (fields []Field, body string) {
	text := strings.ToValidUTF8(strings.ReplaceAll(string(raw), "\r\n", "\n"), "\uFFFD")
	head, body, _ := strings.Cut(text, "\n\n")
	for line := range strings.SplitSeq(head, "\n") {
		if (strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t")) && len(fields) > 0 {
			fields[len(fields)-1].Value += "\n" + line
			continue
		}
		name, value, _ := strings.Cut(line, ":")
		fields = append(fields, Field{Name: name, Value: value})
	}
	return fields, body
}
