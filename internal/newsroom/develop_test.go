package newsroom_test

import (
	"strings"
	"testing"

	"digestd/internal/newsroom/town"
)

// What is new in a story that an edition told stands in the next one as its development, says what it follows, and why
// explains it. The same in other words is coverage, as before.
func TestADevelopmentOfWhatWasTold(t *testing.T) {
	two := strings.Replace(one, `["FEEDS/herald", "FEEDS/gazette"]`,
		`[{ url = "FEEDS/herald", name = "Herald" }, { url = "FEEDS/gazette", name = "Gazette" }]`, 1)
	w := town.New(t, two)
	w.Show("/herald", "Ferry fire off Sandholm kills two", "Nordic central bank raises key rate to five percent")
	w.Show("/gazette", "Museum returns eleven bronzes to Orlenne")
	w.At(1, "06:00")
	w.Now = town.OnDay(t, 1, "18:00")
	w.Show("/herald", "Ferry fire off Sandholm kills nine", "Lakes treaty survives a third vote in Aldmere")
	w.Show("/gazette", "Two killed in ferry fire off Sandholm", "Storm warning lifted along the northern coast")
	w.At(2, "06:00")
	mail := w.Mail("ana@example.org", 1)
	for _, want := range []string{"\r\nDEVELOPMENTS\r\n", "\r\nFerry fire off Sandholm kills nine\r\n", "Since 13 March: Ferry fire off Sandholm kills two"} {
		if !strings.Contains(mail, want) {
			t.Errorf("the mail does not have %q", want)
		}
	}
	if strings.Contains(mail, "Two killed") {
		t.Error("the mail has the same in other words")
	}
	if strings.Contains(mail, "news.example.org/daily/2026-03-13/") {
		t.Error("the mail links to an archive that there is not")
	}
	fates, _, err := w.Report.WhyItem("Sandholm kills nine")
	if err != nil || len(fates) != 1 {
		t.Fatal(fates, err)
	}
	f := fates[0].Lanes[0]
	if f.Section != "developments" || f.Follows == nil || f.Follows.Edition != "daily/Europe/Paris/2026-03-13T07:00" ||
		f.Follows.Title != "Ferry fire off Sandholm kills two" || strings.Join(f.Follows.News, "") != "other numbers: 9" {
		t.Errorf("why says %+v, follows %+v", f, f.Follows)
	}
	w.Reconfigure(strings.Replace(two, "[digests.daily]", "[digests.daily]\ndevelopments = false", 1))
	w.Now = town.OnDay(t, 2, "18:00")
	w.Show("/herald", "Ferry fire off Sandholm kills fourteen", "Grain fleet clears the Seld strait")
	w.At(3, "06:00")
	if mail := w.Mail("ana@example.org", 2); !strings.Contains(mail, "kills fourteen") || strings.Contains(mail, "DEVELOPMENTS") {
		t.Error("developments are off, and the mail shows them, or not the story")
	}
}

// Where there is an archive, a development links to the edition that it follows.
func TestADevelopmentLinksToTheArchive(t *testing.T) {
	text := strings.Replace(one, "[digests.daily]", "[web]\nbase_url = \"https://news.example.org\"\n[digests.daily]\narchive = true", 1)
	w := town.New(t, text)
	w.Show("/herald", "Ferry fire off Sandholm kills two", "Nordic central bank raises key rate to five percent")
	w.At(1, "06:00")
	w.Now = town.OnDay(t, 1, "18:00")
	w.Show("/herald", "Ferry fire off Sandholm kills nine", "Lakes treaty survives a third vote in Aldmere")
	w.At(2, "06:00")
	if mail := w.Mail("ana@example.org", 1); !strings.Contains(mail, `href=3D"https://news.example.org/daily/2026-03-13/"`) {
		t.Error("the mail does not link to the edition of the day before")
	}
}
