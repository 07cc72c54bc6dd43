package subscribers

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// writeLong writes a CSV file of n rows as a long list looks like: few different profiles, most cells
// empty, many domains.
func writeLong(t testing.TB, n int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "long.csv")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(f)
	fmt.Fprintln(w, "email,name,digests,topics,timezone,language,format,paused_until")
	zones := []string{"", "America/New_York", "Asia/Tokyo", "Europe/Berlin"}
	for i := range n {
		fmt.Fprintf(w, "reader%07d@mail%d.example.org,Reader Number %d,%s,%s,%s,,%s,\n", i, i%1000, i,
			[]string{"", "daily"}[i%2], []string{"", "global;diplomacy", "global"}[i%3], zones[i%len(zones)], []string{"", "text"}[i%7/6])
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

var longRules = Rules{
	Zone: "Europe/Paris", Language: "en", Topics: []string{"global", "diplomacy"},
	Digests: []DigestRule{{ID: "daily", Topics: []string{"global", "diplomacy"}}},
}

// BenchmarkMillionCSV reads a million rows; list-MB is what the list holds on to, MB/op what reading
// it allocates on the way.
func BenchmarkMillionCSV(b *testing.B) {
	path := writeLong(b, 1_000_000)
	b.ReportAllocs()
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		l, problems := Validate(ReadCSV(path, "long.csv"), longRules)
		if len(problems) > 0 {
			b.Fatal(problems[0])
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(int64(after.HeapAlloc)-int64(before.HeapAlloc))/1e6, "list-MB")
		if l.Len() != 1_000_000 {
			b.Fatal(l.Len())
		}
	}
}
