package render

import (
	"math/rand/v2"
	"strings"
	"testing"

	"digestd/digest"
)

// Whatever look the configuration takes, the mail passes the checks, those of contrast among them, in the light, in the
// dark and without a style element.
func TestEveryLookPassesTheChecks(t *testing.T) {
	s := builtin(t, "{{.Lead.Title}}")
	random := rand.New(rand.NewPCG(3, 4))
	some := func(m map[string]string) string {
		for name := range m { // in any order
			return name
		}
		return ""
	}
	for i := range 60 {
		n := random.Uint32()
		accent := digest.Colour{R: uint8(n), G: uint8(n >> 8), B: uint8(n >> 16)}.Readable(false)
		f := paperFrame
		f.Look = digest.Look{Accent: accent.String(), Density: []string{"compact", "usual", "airy", ""}[i%4],
			Serif: some(digest.Serifs()), Sans: some(digest.Sans())}
		if i%3 == 0 {
			f.Look.Logo = &digest.Logo{URL: "https://example.org/logo.png", Dark: "https://example.org/dark.png", Width: 200, Height: 48}
		}
		for _, p := range []digest.Page{everySection("en"), rightToLeftPage()} {
			r := mustRender(t, s, p, f)
			checkAsClients(t, s, edition{page: p, frame: f}, r)
			if strings.Count(r.HTML, accent.String()) < 5 || strings.Contains(r.HTML, digest.DefaultAccent) {
				t.Errorf("%s is not the accent of\n%s", accent, r.HTML)
			}
		}
	}
}

func TestLogoStandsForTheTitle(t *testing.T) {
	f := paperFrame
	f.Look.Logo = &digest.Logo{URL: "https://example.org/logo.png", Width: 180, Height: 40}
	s := builtin(t, "x")
	want := `<img src="https://example.org/logo.png" width="180" height="40" alt="Morning Wire" style="border:0"></h1>`
	if got := mustRender(t, s, oneStory(), f).HTML; !strings.Contains(got, want) {
		t.Errorf("want %s in\n%s", want, got)
	}
	f.Images = "none"
	if got := mustRender(t, s, oneStory(), f).HTML; strings.Contains(got, "logo.png") || !strings.Contains(got, ">Morning Wire</h1>") {
		t.Errorf("a logo in spite of images = \"none\":\n%s", got)
	}
}
