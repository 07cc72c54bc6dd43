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
	w.Show("/herald", "Ferry fire off Sandholm kills four", "Lakes treaty survives a third vote in Aldmere")
	w.Show("/gazette", "Two killed in ferry fire off Sandholm", "Storm warning lifted along the northern coast")
	w.At(2, "06:00")
	mail := w.Mail("ana@example.org", 1)
	for _, want := range []string{"\r\nDEVELOPMENTS\r\n", "\r\nFerry fire off Sandholm kills four\r\n", "Since 13 March: Ferry fire off Sandholm kills two"} {
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
	fates, _, err := w.Report.WhyItem("Sandholm kills four")
	if err != nil || len(fates) != 1 {
		t.Fatal(fates, err)
	}
	f := fates[0].Lanes[0]
	if f.Section != "developments" || f.Follows == nil || f.Follows.Edition != "daily/Europe/Paris/2026-03-13T07:00" ||
		f.Follows.Title != "Ferry fire off Sandholm kills two" || strings.Join(f.Follows.News, "") != "other numbers: 4" {
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
	w.Show("/herald", "Ferry fire off Sandholm kills four", "Lakes treaty survives a third vote in Aldmere")
	w.At(2, "06:00")
	if mail := w.Mail("ana@example.org", 1); !strings.Contains(mail, `href=3D"https://news.example.org/daily/2026-03-13/"`) {
		t.Error("the mail does not link to the edition of the day before")
	}
}

// An entry that was told, and under which its outlet tells something new, is a development of what it was; one that was
// only reworded is nothing new, and one that was not told yet stands once, as it is now.
func TestADevelopmentUnderTheSameEntry(t *testing.T) {
	w := town.New(t, one)
	show := func(title, more string, updated string) {
		w.Serve("/herald", `<feed xmlns="http://www.w3.org/2005/Atom"><title>Herald</title><link href="https://herald.example.org/"/>
<entry><title>`+title+`</title><id>tag:fire</id><link href="https://herald.example.org/fire"/><published>2026-03-12T16:00:00Z</published><updated>`+updated+`</updated></entry>
<entry><title>`+more+`</title><id>tag:`+more+`</id><link href="https://herald.example.org/`+strings.ReplaceAll(more, " ", "-")+`"/><published>2026-03-12T16:00:00Z</published></entry></feed>`)
	}
	w.Show("/gazette", "Museum returns eleven bronzes to Orlenne")
	w.Now = town.OnDay(t, 0, "17:00")
	show("Ferry fire off Sandholm kills two", "Nordic central bank raises key rate to five percent", "2026-03-12T16:00:00Z")
	w.Collect()
	w.Now = town.OnDay(t, 0, "20:00") // before any edition: the next one has it once
	show("Ferry fire off Sandholm kills three", "Nordic central bank raises key rate to five percent", "2026-03-12T19:30:00Z")
	if sum := w.Collect(); sum.New != 0 {
		t.Errorf("%d new items of an entry that is known", sum.New)
	}
	w.At(1, "06:00")
	mail := w.Mail("ana@example.org", 0)
	if n := strings.Count(mail, "\r\nFerry fire off Sandholm kills"); n != 1 || strings.Contains(mail, "kills two") {
		t.Errorf("the fire stands %d times in the first mail, or as it was", n)
	}
	w.Now = town.OnDay(t, 1, "12:00")
	show("Three killed in ferry fire off Sandholm", "Nordic central bank raises key rate to five percent", "2026-03-13T11:00:00Z")
	w.Collect()
	w.Now = town.OnDay(t, 1, "15:00")
	show("Ferry fire off Sandholm kills four", "Lakes treaty survives a third vote in Aldmere", "2026-03-13T14:30:00Z")
	w.Collect()
	w.At(2, "06:00")
	mail = w.Mail("ana@example.org", 1)
	for _, want := range []string{"\r\nFerry fire off Sandholm kills four\r\n", "Since 13 March: Ferry fire off Sandholm kills three"} {
		if !strings.Contains(mail, want) {
			t.Errorf("the second mail does not have %q", want)
		}
	}
	// Days later it can't say what it follows any more, so it is not told again.
	w.Now = town.OnDay(t, 6, "12:00")
	show("Ferry fire off Sandholm kills twelve", "Grain fleet clears the Seld strait", "2026-03-18T11:00:00Z")
	w.At(7, "06:00")
	if w.Tells("ana@example.org", 2, "kills twelve") {
		t.Error("an entry of a week ago was told again")
	}
	if fates, _, err := w.Report.WhyItem("kills twelve"); err != nil || len(fates) != 1 ||
		!strings.HasPrefix(fates[0].Lanes[0].Reason, "the same entry as item") {
		t.Errorf("why says %+v, %v", fates, err)
	}
}
