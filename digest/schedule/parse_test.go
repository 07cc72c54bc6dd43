package schedule

import (
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the tests name zones that a bare machine may not have
)

func TestParseRefusesWithWords(t *testing.T) {
	tests := []struct {
		line  string
		words []string // all of them stand in the error
	}{
		{"", []string{"is empty", "five fields"}},
		{"   ", []string{"is empty"}},
		{"0 7 * *", []string{"but 4", "five fields"}},
		{"0 0 7 * * *", []string{"six fields", "seconds"}},
		{"0 0 7 * * * 2026", []string{"but 7"}},
		{"TZ=", []string{"time zone", "timezone of the digest"}},
		{"TZ=0", []string{"time zone"}},
		{"CRON_TZ=UTC", []string{"time zone"}},
		{"TZ=Europe/Paris 0 7 * * *", []string{"time zone"}},
		{" CRON_TZ=Europe/Paris 0 7 * * *", []string{"time zone"}},
		{"@every -1s", []string{"@every", "five fields"}},
		{"@every 1ns", []string{"@every"}},
		{"@every 6h", []string{"@every", "0 */6 * * *"}},
		{"@reboot", []string{"@reboot", "@daily"}},
		{"@Daily", []string{"@Daily", "@daily"}},
		{"@", []string{"@daily"}},
		{"60 7 * * *", []string{`minute "60"`, "0 to 59"}},
		{"0 24 * * *", []string{`hour "24"`, "0 to 23"}},
		{"0 7 0 * *", []string{`day of month "0"`, "1 to 31"}},
		{"0 7 32 * *", []string{`day of month "32"`, "1 to 31"}},
		{"0 7 * 13 *", []string{`month "13"`, "1 to 12", "jan to dec"}},
		{"0 7 * * 7", []string{`day of week "7"`, "Sunday is 0", "sun to sat"}},
		{"0 7 * * 5-7", []string{`day of week "5-7"`, "Sunday is 0"}},
		{"0 7 * * 1,7", []string{`day of week in "1,7": "7"`, "Sunday is 0"}},
		{"0 7 * * fri-mon", []string{`"fri-mon"`, "backwards", `"fri-6,0-mon"`}},
		{"0 7 * * monday", []string{`day of week "monday"`, "sun to sat"}},
		{"0 22-6 * * *", []string{`hour "22-6"`, "backwards", `"22-23,0-6"`}},
		{"? 7 * * *", []string{`minute "?"`, `"*"`}},
		{"0 7 * * ?", []string{`day of week "?"`, `"*"`}},
		{"*/0 7 * * *", []string{`minute "*/0"`, "1 to 60"}},
		{"*/90 * * * *", []string{`minute "*/90"`, "1 to 60"}},
		{"*/x * * * *", []string{`minute "*/x"`, "step"}},
		{"1/2/3 * * * *", []string{`minute "1/2/3"`, "step"}},
		{"1-2-3 * * * *", []string{`minute "1-2-3"`, "0 to 59"}},
		{"*-5 * * * *", []string{`minute "*-5"`}},
		{"1,,2 * * * *", []string{`minute in "1,,2"`, "empty place"}},
		{", * * * *", []string{`minute in ","`, "empty place"}},
		{"-5 * * * *", []string{`minute "-5"`}},
		{"+5 * * * *", []string{`minute "+5"`}},
		{"١ 7 * * *", []string{`minute "١"`}},
		{"7:00 * * * *", []string{`minute "7:00"`}},
		{"0 7 L * *", []string{`day of month "L"`}},
		{"0 7 31 2 *", []string{"never due", `"2"`, `"31"`}},
		{"0 7 30,31 feb *", []string{"never due", `"feb"`}},
		{"0 7 31 2,4,6,9,11 *", []string{"never due"}},
		{strings.Repeat("9", 500) + " 7 * * *", []string{"…", "0 to 59"}},
	}
	for _, test := range tests {
		s, err := Parse(test.line)
		if err == nil {
			t.Errorf("Parse(%q) = %v, want an error", test.line, s)
			continue
		}
		for _, words := range test.words {
			if !strings.Contains(err.Error(), words) {
				t.Errorf("Parse(%q): %q does not say %q", test.line, err, words)
			}
		}
		if len(err.Error()) > 400 || strings.ContainsAny(err.Error(), "\n\r") {
			t.Errorf("Parse(%q): the error is no plain line: %q", test.line, err)
		}
	}
}

func TestParseReadsLines(t *testing.T) {
	// Each line's slots in UTC from 2026-11-20 (a Friday) on.
	tests := []struct {
		line string
		want []string
	}{
		{"0 7 * * *", []string{"2026-11-20T07:00", "2026-11-21T07:00"}},
		{"  0\t7 * * *  ", []string{"2026-11-20T07:00", "2026-11-21T07:00"}},
		{"05 007 * * *", []string{"2026-11-20T07:05"}},
		{"30 7,19 * * 1-5", []string{"2026-11-20T07:30", "2026-11-20T19:30", "2026-11-23T07:30"}},
		{"0 7 * * MON", []string{"2026-11-23T07:00", "2026-11-30T07:00"}},
		{"0 7 * Dec *", []string{"2026-12-01T07:00"}},
		{"0 */12 * * *", []string{"2026-11-20T12:00", "2026-11-21T00:00"}},
		{"0 6-20/7 * * *", []string{"2026-11-20T06:00", "2026-11-20T13:00", "2026-11-20T20:00"}},
		{"50/5 23 * * *", []string{"2026-11-20T23:50", "2026-11-20T23:55", "2026-11-21T23:50"}},
		{"0 7 22 * mon", []string{"2026-11-22T07:00", "2026-11-23T07:00"}}, // either day
		{"@hourly", []string{"2026-11-20T01:00", "2026-11-20T02:00"}},
		{"@daily", []string{"2026-11-21T00:00"}},
		{"@midnight", []string{"2026-11-21T00:00"}},
		{"@weekly", []string{"2026-11-22T00:00"}},
		{"@monthly", []string{"2026-12-01T00:00"}},
		{"@yearly", []string{"2027-01-01T00:00"}},
		{"@annually", []string{"2027-01-01T00:00"}},
		{"0 7 29 2 *", []string{"2028-02-29T07:00", "2032-02-29T07:00"}},
		{"0 7 31 * *", []string{"2026-12-31T07:00", "2027-01-31T07:00", "2027-03-31T07:00"}},
	}
	for _, test := range tests {
		s, err := Parse(test.line)
		if err != nil {
			t.Errorf("Parse(%q): %v", test.line, err)
			continue
		}
		if s.String() != strings.TrimSpace(test.line) {
			t.Errorf("Parse(%q).String() = %q", test.line, s)
		}
		at := time.Date(2026, time.November, 20, 0, 0, 0, 0, time.UTC)
		for _, want := range test.want {
			slot := s.Next(at, time.UTC)
			if slot.Wall != want || slot.At.Format(WallLayout) != want {
				t.Errorf("%q after %s: %v, want %s", test.line, at.Format(WallLayout), slot, want)
			}
			at = slot.At
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"0 7 * * *", "*/15 6-9,18-22/2 1,15 jan-mar mon-fri", "@daily", "TZ=", "TZ=0",
		"CRON_TZ=UTC", "@every -1s", "0 7 31 2 *", "0 7 29 2 *", "0 7 * * 7", "?", "1-2-3/4 , * * *", "\x00\xff"} {
		f.Add(seed)
	}
	zone, err := time.LoadLocation("Australia/Lord_Howe")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, line string) {
		s, err := Parse(line)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\r") {
				t.Errorf("the error has a line break: %q", err)
			}
			return
		}
		again, err := Parse(s.String())
		if err != nil {
			t.Fatalf("%q is read, but not as it prints itself: %v", line, err)
		}
		at := time.Date(2026, time.April, 4, 14, 59, 0, 1, time.UTC) // in the half hour that repeats
		slot := s.Next(at, zone)
		if !slot.At.After(at) {
			t.Errorf("%q: %v is not after %v", line, slot, at)
		}
		if latest := s.Latest(slot.At, zone); latest != slot {
			t.Errorf("%q: Latest at %v is %v", line, slot, latest)
		}
		if before := s.Latest(slot.At.Add(-1), zone); before.At.After(at) || before.Wall >= slot.Wall {
			t.Errorf("%q: %v lies between %v and %v", line, before, at, slot)
		}
		if next := again.Next(at, zone); next != slot {
			t.Errorf("%q: read again: %v, want %v", line, next, slot)
		}
	})
}
