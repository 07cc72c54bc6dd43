package collect

import (
	"strings"
	"testing"
	"time"
)

func TestDates(t *testing.T) {
	for _, row := range []struct{ text, want string }{
		{"Mon, 06 Jul 2026 08:01:02 GMT", "2026-07-06T08:01:02Z"},
		{"Mon, 6 Jul 2026 08:01 +0200", "2026-07-06T08:01:00+02:00"},
		{"06 Jul 26 08:00 EST", "2026-07-06T08:00:00-05:00"},
		{"06 Jul 98 08:00 Z", "1998-07-06T08:00:00Z"},
		{"mon, 06 jul 2026 08:00:00 cest", "2026-07-06T08:00:00+02:00"},
		{"Mon,06 Jul 2026 08:00:00 GMT+0300", "2026-07-06T08:00:00+03:00"},
		{"Mon, 06 Jul 2026 08:00:00 +0300 GMT", "2026-07-06T08:00:00+03:00"},
		{"Mon, 06 Jul 2026 08:00:00 GMT-0700 (MST)", "2026-07-06T08:00:00-07:00"},
		{"Mon, 06 Jul 2026 08:00:00 UTC+2", "2026-07-06T08:00:00+02:00"},
		{"Mon, 06 Jul 2026 08:00:00 --0700", "2026-07-06T08:00:00-07:00"},
		{"Mon, 06 Jul 2026 08:00:00 IST", "2026-07-06T08:00:00+05:30"},
		{"Mon, 06 Jul 2026 08:00:00 XYZ", "2026-07-06T08:00:00Z"},
		{"Monday, 06-Jul-26 08:00:00 UTC", "2026-07-06T08:00:00Z"},
		{"Mon Jul  6 08:00:00 2026", "2026-07-06T08:00:00Z"},
		{"Mon Jul  6 08:00:00 EDT 2026", "2026-07-06T08:00:00-04:00"},
		{"Mon Jul 06 2026 08:00:00 GMT+0200 (CEST)", "2026-07-06T08:00:00+02:00"},
		{"July 6, 2026 3:04 pm", "2026-07-06T15:04:00Z"},
		{"July 6, 2026, 12:04 a.m.", "2026-07-06T00:04:00Z"},
		{"Jul 6th 2026", "2026-07-06T00:00:00Z"},
		{"2026 July 06", "2026-07-06T00:00:00Z"},
		{"Sept 6, 2026", "2026-09-06T00:00:00Z"},
		{"Tue, 30 Jun 2026 23:59:60 GMT", "2026-06-30T23:59:59Z"},

		{"2026-07-06", "2026-07-06T00:00:00Z"},
		{"2026-07", "2026-07-01T00:00:00Z"},
		{"2026/07/06 08:00", "2026-07-06T08:00:00Z"},
		{"20260706T080102Z", "2026-07-06T08:01:02Z"},
		{"20260706", "2026-07-06T00:00:00Z"},
		{"2026-07-06T08:01+02:00", "2026-07-06T08:01:00+02:00"},
		{"2026-07-06t08:01:02.123456z", "2026-07-06T08:01:02Z"},
		{"2026-07-06T08:01:02,5-0330", "2026-07-06T08:01:02-03:30"},
		{"2026-07-06 08:01:02 -07", "2026-07-06T08:01:02-07:00"},
		{"2026-07-06 at 08:01:02", "2026-07-06T08:01:02Z"},
		{"2026-7-6T8:01Z", "2026-07-06T08:01:00Z"},
		{"1783324800", "2026-07-06T08:00:00Z"},
		{"1783324800123", "2026-07-06T08:00:00Z"},

		{"Mo, 06 Jul 2026 08:00:00 +0200", "2026-07-06T08:00:00+02:00"},
		{"Montag, 6. Juli 2026 08:00 Uhr", "2026-07-06T08:00:00Z"},
		{"Di, 10. März 2026", "2026-03-10T00:00:00Z"},
		{"lun., 06 juil. 2026 08:00:00 +0200", "2026-07-06T08:00:00+02:00"},
		{"mar. 7 juil. 2026 08:00", "2026-07-07T08:00:00Z"},
		{"mar., 10 mars 2026 08:00:00 +0100", "2026-03-10T08:00:00+01:00"},
		{"mar 10 mar 2026", "2026-03-10T00:00:00Z"},
		{"10 mar 2026", "2026-03-10T00:00:00Z"},
		{"1er août 2026", "2026-08-01T00:00:00Z"},
		{"lunes, 6 de julio de 2026", "2026-07-06T00:00:00Z"},
		{"seg, 06 out 2026 08:00:00 -0300", "2026-10-06T08:00:00-03:00"},
		{"lunedì 6 luglio 2026", "2026-07-06T00:00:00Z"},
		{"ma 6 mei 2026", "2026-05-06T00:00:00Z"},
		{"6 października 2026", "2026-10-06T00:00:00Z"},
		{"Пн, 06 июл 2026 08:00:00 +0300", "2026-07-06T08:00:00+03:00"},
		{"6 мая 2026 г.", "2026-05-06T00:00:00Z"},
		{"2026년 7월 6일 오후 8:00", "2026-07-06T20:00:00Z"},
		{"2026年7月6日 08:00", "2026-07-06T08:00:00Z"},
		{"06.07.2026 08:00", "2026-07-06T08:00:00Z"},
		{"13/07/2026 08:00", "2026-07-13T08:00:00Z"},
		{"07/13/2026 3:04:05 PM", "2026-07-13T15:04:05Z"},
		{"07/07/2026", "2026-07-07T00:00:00Z"},

		// What says two things, or nothing that can be, is no date.
		{"06/07/2026 08:00", ""},
		{"06-07-2026", ""},
		{"6 listopada 2026", ""}, // November in Warsaw, October in Zagreb
		{"6 kesäkuuta 2026", ""},
		{"Fri, 31 Feb 2026 08:00:00 GMT", ""},
		{"Fri, 31 Feb 2026 25:61:61 +9999", ""},
		{"Mon, 06 Jul 2026 24:61:00 GMT", ""},
		{"Mon, 06 Jul 2026 08:00:00 +9900", ""},
		{"99999-01-01T00:00:00Z", ""},
		{"2026-13-01", ""}, {"2026-00-10", ""}, {"2026-02-30", ""}, {"2026", ""}, {"yesterday", ""}, {"", ""}, {"Jul 2026", ""}, {"6 Jul", ""},
		{"6 Jul 2026 7 Aug 2026", ""},
		{"-1", ""}, {"0", ""},
	} {
		got, ok := parseDate(row.text)
		if row.want == "" {
			if ok {
				t.Errorf("%q: read as %v", row.text, got)
			}
			continue
		}
		want, err := time.Parse(time.RFC3339, row.want)
		if err != nil {
			t.Fatal(err)
		}
		if !ok || !got.Truncate(time.Second).Equal(want) {
			t.Errorf("%q: %v %v, want %s", row.text, got, ok, row.want)
		}
	}
}

func TestBelievableDates(t *testing.T) {
	for text, want := range map[string]bool{
		"0001-01-01": false, "1970-01-01": false, "1989-12-31": false, "1990-01-02": true, "2026-07-07": true,
		"2027-01-01": true, "2028-01-01": false, "2099-12-31": false,
	} {
		date, err := time.Parse(time.DateOnly, text)
		if err != nil {
			t.Fatal(err)
		}
		if got := !believable(date, testStart).IsZero(); got != want {
			t.Errorf("%s: believed %v, want %v", text, got, want)
		}
	}
}

// No word stands for two months, or a date could be of a wrong one.
func TestMonthWordsAreOfOneMonth(t *testing.T) {
	for i, line := range monthWords {
		for word := range strings.FieldsSeq(line) {
			if got := monthNames[word]; got != time.Month(i+1) {
				t.Errorf("%q is %v and %v", word, time.Month(i+1), got)
			}
			date, ok := parseDate("6 " + word + " 2026")
			if !ok || date.Month() != time.Month(i+1) || date.Day() != 6 {
				t.Errorf("6 %s 2026: %v %v", word, date, ok)
			}
		}
	}
}

func FuzzDate(f *testing.F) {
	for _, seed := range []string{"Mon, 06 Jul 2026 08:01:02 GMT", "2026-07-06T08:01:02.1+02:00", "mar. 7 juil. 2026 08:00", "2026년 7월 6일 오후 8:00", "06-Jul-26 3:04 pm", "1783324800"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if date, ok := parseDate(text); ok && believable(date, testStart).Year() > testStart.Year()+1 {
			t.Errorf("%q: %v", text, date)
		}
	})
}
