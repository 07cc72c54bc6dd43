package render

import (
	"net/url"
	"testing"
)

func TestUntracked(t *testing.T) {
	for in, want := range map[string]string{
		"https://a.example/story":                                                       "https://a.example/story",
		"https://a.example/story?utm_source=rss&utm_medium=feed":                        "https://a.example/story",
		"https://a.example/story?at_medium=RSS&at_campaign=rss&id=7":                    "https://a.example/story?id=7",
		"https://a.example/story?ns_mchannel=rss&ns_source=x&b=2&a=1&ITO=1490":          "https://a.example/story?b=2&a=1",
		"https://a.example/story?ref=rss":                                               "https://a.example/story",
		"https://a.example/story?CMP=RSS":                                               "https://a.example/story",
		"https://a.example/watch?ref=chapter-4&source=agency":                           "https://a.example/watch?ref=chapter-4&source=agency",
		"https://a.example/story?q=caf%C3%A9+au&utm_term=x%26y&z=%2F":                   "https://a.example/story?q=caf%C3%A9+au&z=%2F",
		"https://a.example/story?utm_source=rss#comments":                               "https://a.example/story#comments",
		"https://a.example/story/#ftag=CAD590a51e":                                      "https://a.example/story/",
		"https://a.example/story#xtor=RSS-3208":                                         "https://a.example/story",
		"https://a.example/story#utm_source=rss&utm_medium=rss":                         "https://a.example/story",
		"https://a.example/#!/story/7?utm_source=rss":                                   "https://a.example/#!/story/7?utm_source=rss",
		"https://a.example/story?":                                                      "https://a.example/story?",
		"https://a.example/story?a=1&&b=2":                                              "https://a.example/story?a=1&&b=2",
		"https://a.example/story?url=https%3A%2F%2Fb.example%2F%3Futm_source%3Drss&n=1": "https://a.example/story?url=https%3A%2F%2Fb.example%2F%3Futm_source%3Drss&n=1",
	} {
		if got, ok := webURL(in); !ok || got != want {
			t.Errorf("%s becomes %s, want %s", in, got, want)
		}
		if again, _ := webURL(want); again != want {
			t.Errorf("%s does not stay as it is", want)
		}
	}
}

// Whatever an address is, it loses parameters alone, and nothing more the second time.
func FuzzUntracked(f *testing.F) {
	for _, s := range []string{"https://a.example/x?utm_source=rss&a=%zz#b?c", "https://a.example?#", "https://a.example/#xtor=RSS-1&x=?", "mailto:a@example.org?subject=utm_x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		before, ok := checkURL(s, "http", "https", "mailto")
		after := untracked(before)
		if untracked(after) != after {
			t.Errorf("%q becomes %q, and then %q", before, after, untracked(after))
		}
		if !ok {
			return
		}
		a, errA := url.Parse(before)
		b, errB := url.Parse(after)
		if errA == nil && (errB != nil || a.Host != b.Host || a.EscapedPath() != b.EscapedPath() || a.Opaque != b.Opaque) {
			t.Errorf("%q becomes %q: %v", before, after, errB)
		}
	})
}
