package render

import (
	"encoding/json"
	"io/fs"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"digestd/templates"
)

func TestLanguages(t *testing.T) {
	t.Parallel()
	s := builtin(t, "x")
	if got, want := strings.Join(s.Languages(), " "), "ar de en es fr he hi it ja pt zh"; got != want {
		t.Errorf("languages %s, want %s", got, want)
	}
	for tag, want := range map[string]string{"en": "en", "fr-CA": "fr", "pt_BR": "pt", "ZH-Hant-TW": "zh", "he": "he"} {
		if got := s.language(tag).tag; got != want || !s.Knows(tag) {
			t.Errorf("%s is served in %s, %v; want %s", tag, got, s.Knows(tag), want)
		}
	}
	for _, tag := range []string{"", "tlh", "x"} {
		if got := s.language(tag).tag; got != "en" || s.Knows(tag) {
			t.Errorf("%q is served in %s, %v; want en, false", tag, got, s.Knows(tag))
		}
	}
	if got := mustRender(t, builtin(t, "x"), everySection("tlh"), paperFrame).Text; !strings.Contains(got, "LATEST NEWS") {
		t.Error("a reader of an unknown language does not get English")
	}
}

// Every catalogue says everything, in its own words, with every hole that the English one has.
func TestCataloguesAreComplete(t *testing.T) {
	t.Parallel()
	s := builtin(t, "x")
	english := reflect.ValueOf(s.languages["en"].Words)
	same := map[string]int{}
	for _, name := range s.Languages() {
		words := reflect.ValueOf(s.languages[name].Words)
		for i := range words.NumField() {
			field := words.Type().Field(i).Name
			switch v := words.Field(i).Interface().(type) {
			case string:
				if v == "" && field != "Space" {
					t.Errorf("%s lacks %s", name, field)
				}
				if got, want := holes(v), holes(english.Field(i).String()); got != want {
					t.Errorf("%s: %s has the holes %q, want %q", name, field, got, want)
				}
				if name != "en" && v == english.Field(i).String() {
					same[name]++
				}
			case forms:
				for form, text := range v {
					want := holes(english.Field(i).Interface().(forms)["other"])
					for _, hole := range strings.Fields(want) {
						// A form for one or two may say the number in words.
						if hole != "{n}" && !strings.Contains(text, hole) || hole == "{n}" && (form == "other" || form == "many") && !strings.Contains(text, hole) {
							t.Errorf("%s: %s.%s lacks %s", name, field, form, hole)
						}
					}
				}
			}
		}
	}
	for name, n := range same {
		if n > 8 { // RSS, punctuation, a loan word
			t.Errorf("%s has %d phrases that are English", name, n)
		}
	}
}

// holes are the names in braces, sorted by place in a fixed order.
func holes(s string) string {
	var out []string
	for _, hole := range []string{"{n}", "{ok}", "{since}", "{list}", "{time}", "{author}", "{source}", "{name}", "{address}", "{zone}"} {
		if strings.Contains(s, hole) {
			out = append(out, hole)
		}
	}
	return strings.Join(out, " ")
}

func TestDates(t *testing.T) {
	t.Parallel()
	s := builtin(t, "x")
	thursday := time.Date(2026, 3, 12, 7, 0, 0, 0, time.UTC)
	first := time.Date(2026, 10, 1, 7, 0, 0, 0, time.UTC)
	for name, want := range map[string][2]string{
		"ar": {"الخميس 12 مارس 2026", "الخميس 1 أكتوبر 2026"},
		"de": {"Donnerstag, 12. März 2026", "Donnerstag, 1. Oktober 2026"},
		"en": {"Thursday 12 March 2026", "Thursday 1 October 2026"},
		"es": {"Jueves, 12 de marzo de 2026", "Jueves, 1 de octubre de 2026"},
		"fr": {"Jeudi 12 mars 2026", "Jeudi 1er octobre 2026"},
		"he": {"יום חמישי, 12 במרץ 2026", "יום חמישי, 1 באוקטובר 2026"},
		"hi": {"गुरुवार, 12 मार्च 2026", "गुरुवार, 1 अक्टूबर 2026"},
		"it": {"Giovedì 12 marzo 2026", "Giovedì 1º ottobre 2026"},
		"ja": {"2026年3月12日 木曜日", "2026年10月1日 木曜日"},
		"pt": {"Quinta-feira, 12 de março de 2026", "Quinta-feira, 1 de outubro de 2026"},
		"zh": {"2026年3月12日 星期四", "2026年10月1日 星期四"},
	} {
		l := s.languages[name]
		if got := l.date(thursday); got != want[0] {
			t.Errorf("%s: %q, want %q", name, got, want[0])
		}
		if got := l.date(first); got != want[1] {
			t.Errorf("%s: %q, want %q", name, got, want[1])
		}
	}
}

func TestMoments(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 12, 7, 0, 0, 0, paris)
	en, fr := builtin(t, "x").languages["en"], builtin(t, "x").languages["fr"]
	for _, c := range []struct {
		at                      time.Time
		moment, since, sinceDay string
	}{
		{now.Add(-20 * time.Minute), "06:40", "Thursday 06:40", "Thursday"},
		{now.Add(-7*time.Hour - time.Second), "Wed 23:59", "Wednesday 23:59", "Wednesday"},
		{now.Add(-6 * 24 * time.Hour), "Fri 07:00", "Friday 07:00", "Friday"},
		{now.Add(-7 * 24 * time.Hour), "5 March", "5 March", "5 March"},
		{now.AddDate(0, 0, -179), "14 September", "14 September", "14 September"},
		{now.AddDate(0, 0, -180), "13 September 2025", "13 September", "13 September"},
		{now.Add(24 * time.Hour), "Fri 07:00", "13 March", "13 March"}, // of an edition that came late
		{now.AddDate(0, 0, 7), "19 March", "19 March", "19 March"},     // a clock that went back
	} {
		if got := en.moment(c.at, now); got != c.moment {
			t.Errorf("moment of %v is %q, want %q", c.at, got, c.moment)
		}
		if got := en.since(c.at, now); got != c.since {
			t.Errorf("since %v is %q, want %q", c.at, got, c.since)
		}
		if got := en.sinceDay(c.at, now); got != c.sinceDay {
			t.Errorf("since the day of %v is %q, want %q", c.at, got, c.sinceDay)
		}
	}
	if got, want := fr.since(now.Add(-9*24*time.Hour), now), "le 3 mars"; got != want {
		t.Errorf("since is %q, want %q", got, want)
	}
}

// Times are those of the lane's zone, whatever zone they come in.
func TestTimesAreInTheLanesZone(t *testing.T) {
	t.Parallel()
	f := paperFrame
	f.Zone = mustZone("Asia/Kolkata")
	text := mustRender(t, builtin(t, "x"), oneStory(), f).Text
	for _, want := range []string{"The Skarholm Post" + noBreakSpace + "· 11:10", "Times are Kolkata time."} {
		if !strings.Contains(text, want) {
			t.Errorf("text lacks %q:\n%s", want, text)
		}
	}
	for zone, want := range map[string]string{"Europe/Paris": "CET", "Asia/Dubai": "UTC+4", "Asia/Kathmandu": "UTC+5:45", "America/Sao_Paulo": "UTC-3", "UTC": "UTC"} {
		if got := zoneName(composed.In(mustZone(zone))); got != want {
			t.Errorf("%s is called %q, want %q", zone, got, want)
		}
	}
	f.Zone = nil
	if text := mustRender(t, builtin(t, "x"), oneStory(), f).Text; !strings.Contains(text, "Times are UTC.") {
		t.Error("without a zone the times are not UTC")
	}
}

func TestPluralForms(t *testing.T) {
	t.Parallel()
	s := builtin(t, "x")
	for _, c := range []struct {
		lang string
		n    int
		want string
	}{
		{"en", 1, "in 1 outlet"}, {"en", 2, "in 2 outlets"},
		{"fr", 1, "dans 1 titre"}, {"fr", 2, "dans 2 titres"},
		{"ar", 1, "في مصدر واحد"}, {"ar", 2, "في مصدرين"}, {"ar", 3, "في 3 مصادر"}, {"ar", 11, "في 11 مصدرا"}, {"ar", 100, "في 100 مصدر"},
		{"he", 2, "בשני מקורות"}, {"he", 5, "ב־5 מקורות"},
		{"ja", 1, "1社が報道"}, {"ja", 7, "7社が報道"},
	} {
		l := s.languages[c.lang]
		if got := l.plural(l.Outlets, c.n); got != c.want {
			t.Errorf("%s, %d: %q, want %q", c.lang, c.n, got, c.want)
		}
	}
}

func TestFillLeavesForeignBracesAlone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ pattern, name, want string }{
		{"You get {name}.", "The {address} Post", "You get The {address} Post."},
		{"{name}{other}{", "x", "x{other}{"},
		{"none", "x", "none"},
	} {
		if got := fill(c.pattern, "name", c.name); got != c.want {
			t.Errorf("%q becomes %q, want %q", c.pattern, got, c.want)
		}
	}
}

// What each language's typography asks for, wherever a catalogue speaks.
func TestCataloguesKeepTheirTypography(t *testing.T) {
	for lang, wrong := range map[string]string{
		"fr": `[ ][:;?!»]|«[ ]`,                            // a no-break space stands there, or the sign begins a line
		"ja": `[\p{Han}\p{Hiragana}\p{Katakana}]\s*[:?!,]`, // signs of half the width
		"zh": `\p{Han}\s*[:?!,]`,
		"ar": `\p{Arabic}[?,;]`,
	} {
		b, err := fs.ReadFile(templates.FS, "lang/"+lang+".json")
		if err != nil {
			t.Fatal(err)
		}
		var words map[string]any
		if err := json.Unmarshal(b, &words); err != nil {
			t.Fatal(err)
		}
		var walk func(key string, v any)
		walk = func(key string, v any) {
			switch v := v.(type) {
			case string:
				if found := regexp.MustCompile(wrong).FindString(v); found != "" && key != "colon" {
					t.Errorf("%s: %s has %q: %s", lang, key, found, v)
				}
			case map[string]any:
				for k, inner := range v {
					walk(k, inner)
				}
			}
		}
		walk("", words)
	}
}

func TestZoneIsToldByItsPlace(t *testing.T) {
	s := builtin(t, "x")
	for _, c := range []struct{ lang, zone, want string }{
		{"en", "Europe/Paris", "Times are Paris time"},
		{"en", "America/New_York", "Times are New York time"},
		{"fr", "America/Argentina/Buenos_Aires", "Les heures sont celles de Buenos Aires"},
		{"en", "UTC", "Times are UTC"},
		{"de", "Etc/GMT-3", "Zeiten in UTC+3"},
	} {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.language(c.lang).zone(composed.In(zone)); got != c.want {
			t.Errorf("%s in %s: %q, want %q", c.zone, c.lang, got, c.want)
		}
	}
}

// "Updated" takes a time of day with what its language puts before it, and a day without.
func TestUpdatedSaysAt(t *testing.T) {
	for lang, want := range map[string][2]string{
		"en": {"updated 06:30", "updated Wed 22:30"}, "fr": {"mis à jour à 06:30", "mis à jour mer. 22:30"},
		"de": {"aktualisiert um 06:30 Uhr", "aktualisiert Mi 22:30"}, "es": {"actualizado a las 06:30", ""}, "it": {"aggiornato alle 06:30", ""}, "pt": {"atualizado às 06:30", ""},
		"ar": {"حُدّث الساعة 06:30", ""}, "he": {"עודכן ב־06:30", ""}, "hi": {"अद्यतन 06:30 बजे", ""}, "ja": {"06:30 更新", ""}, "zh": {"更新于 06:30", ""},
	} {
		for i, updated := range []time.Time{daysAgo(0, 6, 30), daysAgo(1, 22, 30)} {
			p := oneStory()
			it := &p.Lead.Items[0]
			it.Published, it.FirstSeen, it.Updated = daysAgo(1, 20, 0), daysAgo(1, 20, 0), updated
			p.Variant.Language = lang
			if got := mustRender(t, builtin(t, "x"), p, paperFrame).Text; !strings.Contains(strings.ReplaceAll(got, noBreakSpace, " "), want[i]) {
				t.Errorf("%s: want %q in\n%s", lang, want[i], got)
			}
		}
	}
}
