package report_test

import (
	"digestd/internal/report"
	"testing"
	"time"
)

func TestInWords(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "less than a minute", 29 * time.Second: "less than a minute", 90 * time.Second: "2m", time.Hour: "1h", 160 * time.Minute: "2h40m", 47 * time.Hour: "47h",
		100 * time.Hour: "4d",
	} {
		if got := report.InWords(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}
