package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// made is the mail that digestd makes of a feed, with a configuration of its own.
func made(program, dir, feed string) (string, error) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/rss+xml; charset=utf-8")
		fmt.Fprint(w, feed)
	}))
	defer server.Close()
	language := "en"
	if strings.Contains(feed, "<language>de") {
		language = "de"
	}
	config := fmt.Sprintf(`
[newsletter]
name = "Mühlenbote"
language = %q
timezone = "Europe/Berlin"
postal_address = "Mühlweg 1, Aldmere"
[mail]
from = "Mühlenbote <digest@example.org>"
[delivery]
transport = "maildir"
maildir = "outbox"
[collect]
allow_private_networks = ["127.0.0.0/8"]
[ledger]
path = "digestd.db"
[topics.mills]
title = { en = "Mills", de = "Mühlen" }
feeds = [{ url = "%s/a.xml", name = "Mühlenzeitung" }]
[digests.daily]
title = "Mühlenbote"
schedule = "0 7 * * *"
topics = ["mills"]
[[subscribers]]
email = "ana@example.org"
`, language, server.URL)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(dir, "config.toml"), []byte(config), 0o600); err != nil {
		return "", err
	}
	send := exec.Command(program, "send")
	send.Dir = dir
	if out, err := send.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	mails, err := filepath.Glob(filepath.Join(dir, "outbox/new/*"))
	if err != nil || len(mails) != 1 {
		return "", fmt.Errorf("%d mails, %w", len(mails), err)
	}
	return htmlOf(mails[0])
}

// many is a feed of 300 stories that are not alike.
func many() string {
	who := strings.Split("council ferry museum harbour library orchard railway bakery choir lighthouse market school bridge theatre brewery", " ")
	what := []string{"opens a second hall on the island of %s", "asks for more time to count the boats of %s", "closes its gates in %s for the winter",
		"and the fishers of %s agree on a price", "finds a letter from %s that nobody had read", "lends its oldest bell to %s",
		"pays back the loan that %s had forgiven", "moves its clocks to those of %s", "sends six engineers to the dykes of %s",
		"wins the prize that %s gives for patience", "counts more guests from %s than ever", "draws the border of %s anew", "buys the last mill of %s",
		"repairs the organ of %s after forty years", "plants a wood where %s once was", "loses its case against %s", "lowers the toll on the road to %s",
		"learns the language of %s", "invites %s to its hundredth birthday", "forgets the feast of %s"}
	where := strings.Split("Aldmere Brume Castelline Orvane Seld Tarn Ember Kestrel Orlenne Skarholm Amber Veil Marrow Hale Nordmoor", " ")
	var items []string
	for i := range 300 {
		items = append(items, fmt.Sprintf("The %s %s", who[i%15], fmt.Sprintf(what[(i/15+i)%20], where[(i*7+i/15)%15])))
	}
	return feedOf("en", items, "The vote was close, and the chair had to count twice. A second reading follows in the autumn.")
}

// words is a feed of German words that hardly fit a phone.
func words() string {
	return feedOf("de", []string{
		"Wassermühlenbetriebsgenehmigungsverfahrensordnungsänderungsgesetz tritt in Kraft",
		"Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft löst sich auf",
		"Mühlräderinstandhaltungsrücklage reicht bis zum Frühjahr",
		"Grundstücksverkehrsgenehmigungszuständigkeitsübertragungsverordnung wird nicht übertragen",
		"Rinderkennzeichnungsfleischetikettierungsüberwachungsaufgabenübertragungsgesetz gilt auch für Mühlen",
		"Kornspeichernotausgangsbeleuchtung fällt zum dritten Mal aus",
		"Müllergesellenprüfungsausschussvorsitzende tritt zurück",
	}, "Die Mühlenaufsichtsbehördenvertreterversammlung hat der Änderung zugestimmt. Das Bachregulierungsplanfeststellungsverfahren geht weiter.")
}

func feedOf(language string, titles []string, text string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>Mills</title><language>%s</language>`, language)
	for i, title := range titles {
		fmt.Fprintf(&b, "<item><title>%s</title><link>https://mills.example/%d</link><description>%s</description><pubDate>%s</pubDate></item>",
			title, i, text, time.Now().Add(-time.Duration(i)*time.Minute).Format(time.RFC1123Z))
	}
	return b.String() + "</channel></rss>"
}
