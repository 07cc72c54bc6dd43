package config

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"digestd/digest"
)

// lookKeys are the keys of the look, which [newsletter] has for all digests and each digest for itself.
func lookKeys(whose string, look *digest.Look) []key {
	def := func(of string) string { // a digest has none of its own: empty is the newsletter's
		if whose != "" {
			return `""`
		}
		return of
	}
	meaning := func(s string) string { return s + whose }
	faces := func(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
	return []key{
		text("accent", &look.Accent, def(`"`+digest.DefaultAccent+`"`), "colour", meaning("Of section heads, labels and ranks. It must stand out from white and from the box of five things by 4.5."), accent(false)),
		text("accent_dark", &look.AccentDark, `""`, "colour", meaning("The same where a mail program shows dark grounds. Without it, made from accent."), accent(true)),
		{name: "logo", typ: "table", meaning: meaning("A picture in place of the masthead's words, which it has as its alternative text: { url = \"https://…\", width = 200, height = 48 }, these sizes at most; dark = \"https://…\" is another for dark grounds."),
			read: func(r *reader, v *value) {
				if !r.is(v, "logo", tableKind, `{ url = "https://example.org/logo.png", width = 200, height = 48 }`) {
					return
				}
				logo := digest.Logo{}
				readTable(r, "logo of "+r.what, v.table, logoKeys(&logo))
				look.Logo = &logo
			}},
		choice("density", &look.Density, def(`"usual"`), []string{"compact", "usual", "airy"}, meaning("How much room stands between the entries.")),
		choice("serif", &look.Serif, def(`"georgia"`), faces(digest.Serifs()), meaning("The face of what outlets wrote: headlines and summaries.")),
		choice("sans", &look.Sans, def(`"helvetica"`), faces(digest.Sans()), meaning("The face of what the newsletter adds: labels, outlets, footer.")),
	}
}

func logoKeys(l *digest.Logo) []key {
	return []key{
		need(text("url", &l.URL, "", "URL", "Where it is: https.", secureURL)),
		need(whole("width", &l.Width, "", 1, 200, "In CSS pixels.")),
		need(whole("height", &l.Height, "", 1, 48, "In CSS pixels.")),
		text("dark", &l.Dark, `""`, "URL", "Its like for dark grounds, of the same size.", secureURL),
	}
}

// secureURL is webURL for pictures: mail programs fetch none over http.
func secureURL(r *reader, s string) (string, error) {
	if !strings.HasPrefix(strings.ToLower(s), "https:") {
		return "", fmt.Errorf("must begin with https:, not %q", redacted(s))
	}
	return webURL(r, s)
}

// accent checks that a colour can be read on the light grounds, or on the dark ones.
func accent(dark bool) func(*reader, string) (string, error) {
	return func(_ *reader, s string) (string, error) {
		c, err := digest.ParseColour(s)
		if err != nil {
			return "", err
		}
		if ratio := c.LeastOn(dark); ratio < digest.LeastContrast {
			grounds := digest.Ground + " or " + digest.Wash
			if dark {
				grounds = digest.DarkGround + " or " + digest.DarkWash
			}
			return "", fmt.Errorf("is %q, whose contrast with %s is %.1f; it needs %.1f, and the nearest that has it is %q",
				s, grounds, ratio, digest.LeastContrast, c.Readable(dark))
		}
		return c.String(), nil
	}
}

// inherit is a digest's look with what it leaves open from the newsletter's. A dark accent goes with its light one.
func inherit(own, newsletter digest.Look) digest.Look {
	if own.Accent == "" && own.AccentDark == "" {
		own.AccentDark = newsletter.AccentDark
	}
	own.Accent = cmp.Or(own.Accent, newsletter.Accent)
	own.Logo = cmp.Or(own.Logo, newsletter.Logo)
	own.Density = cmp.Or(own.Density, newsletter.Density)
	own.Serif, own.Sans = cmp.Or(own.Serif, newsletter.Serif), cmp.Or(own.Sans, newsletter.Sans)
	return own
}
