package curate

import (
	"math"
	"testing"
	"time"

	"digestd/digest"
)

func TestToll(t *testing.T) {
	for title, want := range map[string]float64{
		"Quake in the Lund hills kills at least 20":     20,
		"At least 1,132 people killed as dam breaks":    1132,
		"Ferry fire off Sandholm: 13 dead":              13,
		"Dozens killed in Kestrel Bay storm":            24,
		"Storm Killing Seven Moves On":                  7,
		"Mindestens 20 Tote bei Brand in Sandholm":      20,
		"Al menos 30 muertos en un choque de trenes":    30,
		"Keeper killed 30 years ago is remembered":      0,
		"Man held for killing 9-year-old girl":          0,
		"Boy, 10, found dead in Sandholm":               0,
		"Ada Marsh, painter of harbours, is dead at 86": 0,
		"Death toll of the fever reaches 781,194":       0,
		"Frost kills six times more bees":               0,
		"Ports reopen after 40 days":                    0,
	} {
		if got := toll(title); got != want {
			t.Errorf("%q: %g, want %g", title, got, want)
		}
	}
}

// What many died in is worth more and stays news for longer; opinions of it are not, nor what four died in.
func TestTollOf(t *testing.T) {
	opt := Options{Now: noon, Since: noon.Add(-12 * time.Hour)}
	of := func(kind digest.Kind, titles ...string) digest.Rank {
		var items []digest.Item
		for i, title := range titles {
			it := item(uint64(i+1), "harbour", title)
			it.Kind, it.Published, it.FirstSeen = kind, noon.Add(-6*time.Hour), noon.Add(-6*time.Hour)
			items = append(items, it)
		}
		return rank(digest.Story{Items: items, Kind: kind}, newFilters([]digest.Topic{topic("global", "harbour")}), opt)
	}
	twenty, none := of(digest.News, "Quake shakes Lund hills", "Quake kills at least 20 in Lund hills"), of(digest.News, "Quake shakes Lund hills")
	if want := 1 + perDoubledToll*3; math.Abs(twenty.Toll-want) > 1e-9 || math.Abs(twenty.Total-product(twenty)) > 1e-9 ||
		math.Abs(twenty.Recency-math.Exp2(-1/want)) > 1e-9 {
		t.Errorf("twenty are worth %+v, want a toll of %.2f", twenty, want)
	}
	if none.Toll != 1 || math.Abs(none.Recency-0.5) > 1e-9 || twenty.Total <= 1.5*none.Total {
		t.Errorf("nobody: %+v, twenty: %+v", none, twenty)
	}
	for title, want := range map[string]float64{"Fire kills four": 1, "Fire kills 4": 1, "Fire kills five": 1.2, "Flood kills 4,000": mostToll} {
		if got := of(digest.News, title).Toll; math.Abs(got-want) > 1e-9 {
			t.Errorf("%q: %.3f, want %.3f", title, got, want)
		}
	}
	if got := of(digest.Opinion, "Flood kills 4,000").Toll; got != 1 {
		t.Errorf("an opinion: %.3f", got)
	}
}
