package config

import (
	"strings"
	"testing"
)

// base_url stands in a header of each mail, so it is what a header may hold.
func TestBaseURL(t *testing.T) {
	for _, good := range []string{"https://news.example.org", "https://news.example.org/wire", "https://news.example.org:8443/a/b", "http://127.0.0.1:8080",
		"http://localhost", "https://xn--bcher-kva.example", "https://example.org/caf%C3%A9"} {
		if got, err := baseURL(nil, good+"/"); err != nil || got != good {
			t.Errorf("%s becomes %q, %v", good, got, err)
		}
	}
	for _, bad := range []string{"news.example.org", "http://news.example.org", "ftp://news.example.org", "https://", "https:///wire", "https://a:b@example.org",
		"https://example.org?x=1", "https://example.org/#x", "https://bücher.example", "https://example.org/a b", "https://example.org/a>,<https://evil.example",
		"https://example.org/\r\nBcc: x", "https://example.org/" + strings.Repeat("x", longestBase)} {
		if got, err := baseURL(nil, bad); err == nil {
			t.Errorf("%q becomes %q", bad, got)
		}
	}
}
