package newsroom_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"digestd/internal/newsroom"
	"digestd/internal/newsroom/town"
	"digestd/internal/vectors"
)

// What an address says of new items is asked after a poll, once each, and joins what words leave in doubt. A slot waits
// for none of it, and an address that fails costs no edition.
func TestVectorsOfAnAddress(t *testing.T) {
	const told, again = "Aldmere premier Lindqvist resigns after vote", "Lindqvist steps down as leader of Aldmere"
	var asked []string
	fails := true
	address := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Input []string }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			t.Error(err)
		}
		if fails {
			http.Error(w, "out of order", http.StatusInternalServerError)
			return
		}
		var data []string
		for i, text := range in.Input {
			asked = append(asked, text)
			numbers := make([]string, 60)
			random := rand.New(rand.NewPCG(uint64(len(asked)), 1))
			if strings.Contains(text, "Lindqvist") {
				random = rand.New(rand.NewPCG(0, 1))
			}
			for k := range numbers {
				numbers[k] = fmt.Sprint(random.NormFloat64())
			}
			data = append(data, fmt.Sprintf(`{"index":%d,"embedding":[%s]}`, i, strings.Join(numbers, ",")))
		}
		fmt.Fprintf(w, `{"data":[%s]}`, strings.Join(data, ","))
	}))
	defer address.Close()

	w := town.New(t, town.One)
	w.Publisher.Composer.Meanings = newsroom.Meanings{
		Address: vectors.NewAddress(address.URL+"/v1/embeddings", "small", "", func() time.Time { return w.Now }),
	}
	var others []string
	for i := range 80 {
		others = append(others, fmt.Sprintf("Item%c%c", 'a'+i%26, 'a'+i/26))
	}
	w.Show("/herald", others...)
	w.Show("/gazette", "Ferry runs late")
	w.Collect()
	if out := w.Send(false); !out[0].Composed || len(asked) != 0 {
		t.Fatalf("while the address fails: %+v, asked %d", out, len(asked))
	}

	fails = false
	w.Now = w.Now.Add(25 * time.Hour) // what was told is told, and old
	for i := range others {
		others[i] += "z"
	}
	w.Show("/herald", append(others, told)...)
	w.Serve("/gazette", `<rss version="2.0"><channel><title>Gazette</title><item><title>`+again+`</title><guid>1</guid></item></channel></rss>`)
	w.Collect()
	first := len(asked)
	w.Collect()
	if first < 82 || len(asked) != first || !strings.Contains(strings.Join(asked, "\n"), told+"\nWhat is known so far") {
		t.Errorf("asked %d times, then %d: %q", first, len(asked), asked[0])
	}
	items, err := w.Ledger.Items.After(0)
	if err != nil {
		t.Fatal(err)
	}
	of, err := w.Publisher.Composer.Meanings.Of(w.Ledger.Vectors, items)
	if err != nil || len(of) < 82 {
		t.Errorf("%d items have vectors, %v", len(of), err)
	}
	if out := w.Send(false); !out[0].Composed {
		t.Fatalf("%+v", out)
	}
	fates, _, err := w.Report.WhyItem(again)
	if err != nil || len(fates) == 0 {
		t.Fatal(err)
	}
	if terms := fmt.Sprint(fates[0].Lanes[0].Told, fates[0].Lanes[0].Terms); !strings.Contains(terms, "alike in meaning (+") {
		t.Errorf("why does not say that they are alike in meaning: %s", terms)
	}
}
