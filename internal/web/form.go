package web

import (
	"fmt"
	"html"
	"strings"
)

// Form is the form of the page where new readers sign up, to be pasted into another page: fields alone, of which that
// page decides the look. Topics are left to the reader's page of preferences.
func Form(site Site, language string) string {
	v := &visit{site: site}
	set := site.Sets[site.Config.Digests[0].ID]
	words := set.Catalogue(language)
	v.words = words
	digests, _ := v.offered(nil)
	name := site.Config.Newsletter.Name
	if len(digests) == 1 {
		name = digests[0].Title
	}
	var b strings.Builder
	line := func(format string, args ...any) {
		for i, a := range args {
			args[i] = html.EscapeString(fmt.Sprint(a))
		}
		fmt.Fprintf(&b, format+"\n", args...)
	}
	line(`<form action="%s?lang=%s" method="post" lang="%s" dir="%s">`, site.Config.Web.BaseURL+SubscribePath, words.Tag, words.Tag, words.Dir)
	line(`  <p>%s</p>`, strings.ReplaceAll(words.Web.Consent, "{name}", name))
	line(`  <p><label>%s <input type="email" name="email" maxlength="254" required autocomplete="email" dir="ltr"></label></p>`, words.Web.Address)
	if len(digests) > 1 {
		line(`  <fieldset>`)
		line(`    <legend>%s</legend>`, words.Web.Newsletters)
		for _, d := range digests {
			line(`    <p><label><input type="checkbox" name="digest" value="%s"> %s</label></p>`, d.ID, d.Title)
		}
		line(`  </fieldset>`)
	}
	line(`  <p hidden><label>%s <input name="%s" tabindex="-1" autocomplete="off"></label></p>`, words.Web.LeaveEmpty, trap)
	line(`  <p><button type="submit">%s</button></p>`, words.Words.Subscribe)
	line(`</form>`)
	return b.String()
}
