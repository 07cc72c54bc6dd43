package report_test

import (
	"strings"
	"testing"

	"digestd/internal/newsroom/town"
	"digestd/internal/report"
)

func TestWhyTellsWhatBecameOfAnItem(t *testing.T) {
	w := town.New(t, strings.Replace(town.One, `title = "Global"`, "title = \"Global\"\nexclude = [\"(?i)horoscope\"]", 1))
	w.Show("/herald", "Cranes move again in the harbour", "Horoscope of the week for sailors")
	w.Show("/gazette", "Court strikes down the river levy")
	w.Collect()
	w.Send(false)
	w.Show("/gazette", "Volcano monitors raise the alert level")
	w.Collect()
	for query, want := range map[string]report.LaneFate{
		"https://herald.example.org/cranes-move-again-in-the-harbour?utm_source=x": {Edition: "daily/Europe/Paris/2026-03-12T07:00", Readers: 2},
		"volcano monitors": {Reason: "waits for the next edition"},
	} {
		got, _, err := w.Report.WhyItem(query)
		if err != nil || len(got) != 1 || len(got[0].Lanes) != 1 {
			t.Fatalf("why %s: %+v, %v", query, got, err)
		}
		if f := got[0].Lanes[0]; f.Edition != want.Edition || f.Readers != want.Readers || f.Reason != want.Reason {
			t.Errorf("why %s: %+v, want %+v", query, f, want)
		}
	}
	got, _, err := w.Report.WhyItem("horoscope")
	if err != nil || len(got) != 1 || !strings.Contains(got[0].Lanes[0].Reason, "horoscope") {
		t.Errorf("why horoscope: %+v, %v", got, err)
	}
	reader, err := w.Report.WhyReader("ana@example.org")
	if err != nil || len(reader.Deliveries) != 1 || reader.Deliveries[0].State != "sent" || len(reader.Deliveries[0].Events) == 0 {
		t.Errorf("why ana: %+v, %v", reader, err)
	}
}

func TestWhyOfAnItemWhoseEditionWasPruned(t *testing.T) {
	w := town.New(t, town.One)
	w.Show("/herald", "Cranes move again in the harbour")
	w.Show("/gazette", "Court strikes down the river levy")
	w.At(0, "06:30")
	for day := 1; day < 405; day++ { // the feed shows the entry for more than a year
		w.Now = w.Now.AddDate(0, 0, 1)
		w.Collect()
	}
	pruned, err := w.Ledger.Prune(w.Config.Ledger.Keep)
	if err != nil || pruned.Editions != 1 || pruned.Items != 0 {
		t.Fatalf("pruned %+v, %v", pruned, err)
	}
	got, _, err := w.Report.WhyItem("cranes move")
	if err != nil || len(got) != 1 || got[0].Lanes[0].Edition != "daily/Europe/Paris/2026-03-12T07:00" || got[0].Lanes[0].Reason == "" {
		t.Errorf("why: %+v, %v", got, err)
	}
}

func TestWhyCountsTheReadersOfTheStory(t *testing.T) {
	w := town.New(t, town.Two)
	w.Show("/herald", "Cranes move again in the harbour")
	w.Show("/gazette", "Court strikes down the river levy")
	w.At(0, "06:30")
	for query, want := range map[string]int{"cranes move": 1, "court strikes": 2} {
		got, _, err := w.Report.WhyItem(query)
		if err != nil || len(got) != 1 || got[0].Lanes[0].Readers != want {
			t.Errorf("why %s: %+v, %v; want %d readers", query, got, err, want)
		}
	}
}

func TestWhyTellsWhoWasNotJoined(t *testing.T) {
	w := town.New(t, town.One)
	w.Show("/herald", "Court strikes down the river levy in Aldmere", "Night ferry returns in spring")
	w.Show("/gazette", "Opinion: Aldmere court hears the levy case without the mayor")
	w.Collect()
	w.Send(false)
	got, _, err := w.Report.WhyItem("court strikes")
	if err != nil || len(got) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	apart := got[0].Lanes[0].Apart
	if len(apart) != 1 || !strings.Contains(apart[0].Title, "hears") || apart[0].Score < 0.3 {
		t.Errorf("not joined: %+v", apart)
	}
}
