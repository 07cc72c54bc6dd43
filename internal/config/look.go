package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"digestd/digest"
)

// lookKeys are the keys of the look, which [newsletter] has for all digests and each digest for itself.
func lookKeys[T any](whose string, at func(*T) *digest.Look) []key[T] {
	def := func(of string) string { // a digest has none of its own: empty is the newsletter's
		if whose != "" {
			return `""`
		}
		return of
	}
	meaning := func(s string) string { return s + whose }
	faces := func(m map[string]string) []string {
		var names []string
		for name := range m {
			names = append(names, name)
		}
		slices.Sort(names)
		return names
	}
	return []key[T]{
		text("accent", def(`"`+digest.DefaultAccent+`"`), "colour", meaning("Of section heads, labels and ranks. It must stand out from white and from the box of five things by 4.5."),
			func(t *T) *string { return &at(t).Accent }, accent(false)),
		text("accent_dark", `""`, "colour", meaning("The same where a mail program shows dark grounds. Without it, made from accent."),
			func(t *T) *string { return &at(t).AccentDark }, accent(true)),
		{name: "logo", typ: "table", meaning: meaning("A picture in place of the masthead's words, which it has as its alternative text: { url = \"https://…\", width = 200, height = 48 }, these sizes at most; dark = \"https://…\" is another for dark grounds."),
			read: func(r *reader, v *value, into *T) {
				if !r.is(v, "logo", tableKind, `{ url = "https://example.org/logo.png", width = 200, height = 48 }`) {
					return
				}
				logo := digest.Logo{}
				readTable(r, "logo of "+r.what, v.table, logoKeys(), &logo)
				at(into).Logo = &logo
			}},
		choice("density", def(`"usual"`), []string{"compact", "usual", "airy"}, meaning("How much room stands between the entries."),
			func(t *T) *string { return &at(t).Density }),
		choice("serif", def(`"georgia"`), faces(digest.Serifs()), meaning("The face of what outlets wrote: headlines and summaries."),
			func(t *T) *string { return &at(t).Serif }),
		choice("sans", def(`"helvetica"`), faces(digest.Sans()), meaning("The face of what the newsletter adds: labels, outlets, footer."),
			func(t *T) *string { return &at(t).Sans }),
	}
}

func logoKeys() []key[digest.Logo] {
	return []key[digest.Logo]{
		need(text("url", "", "URL", "Where it is: https.", func(l *digest.Logo) *string { return &l.URL }, secureURL)),
		need(whole("width", "", 1, 200, "In CSS pixels.", func(l *digest.Logo) *int { return &l.Width })),
		need(whole("height", "", 1, 48, "In CSS pixels.", func(l *digest.Logo) *int { return &l.Height })),
		text("dark", `""`, "URL", "Its like for dark grounds, of the same size.", func(l *digest.Logo) *string { return &l.Dark }, secureURL),
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
