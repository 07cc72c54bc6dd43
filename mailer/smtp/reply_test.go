package smtp

import (
	"strings"
	"testing"
)

// What is one line already stays as it is, and takes no memory.
func TestOneLine(t *testing.T) {
	for s, want := range map[string]string{
		"": "", "2.0.0 Ok: queued as 0123": "2.0.0 Ok: queued as 0123", " queued": "queued", "queued ": "queued", "so  far": "so far", "a\tb\r\nc": "a b c",
		"Gr\xfc\xdfe": "Grüße", "Grüße": "Grüße", "up\u202edown": "up down", "\x7f": "", strings.Repeat("x", 301): strings.Repeat("x", 297) + "…",
	} {
		if got := OneLine(s); got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
	if n := testing.AllocsPerRun(10, func() { OneLine("2.0.0 Ok: queued as 0123") }); n > 0 {
		t.Errorf("%v allocations", n)
	}
	for words, want := range map[string]string{
		"5.1.1 no such mailbox": "5.1.1", "5.1.1": "5.1.1", "5.123.1 x": "5.123.1", "4.1.1 x": "", "5.1 x": "", "5.1.1.1 x": "", "5.1234.1 x": "", "5.a.1 x": "", "x": "", "": "",
		"5..1 x": "", ".1.1 x": "", "55.1.1 x": "", "5.1. x": "",
	} {
		if got := EnhancedStatus(550, words); got != want {
			t.Errorf("%q: status %q, want %q", words, got, want)
		}
	}
}
