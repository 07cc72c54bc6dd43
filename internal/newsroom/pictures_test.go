package newsroom_test

import (
	"fmt"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"digestd/internal/newsroom/town"
)

// TestSizesOfPictures asks for the sizes of pictures whose feeds say none, once each, however their addresses are signed, and
// for no picture that nobody is shown.
func TestSizesOfPictures(t *testing.T) {
	var mu sync.Mutex
	var asked []string
	server := httptest.NewTLSServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, r.URL.String())
		if !strings.HasPrefix(r.URL.Path, "/ferry") {
			http.NotFound(out, r)
			return
		}
		_ = png.Encode(out, image.NewGray(image.Rect(0, 0, 1200, 800)))
	}))
	defer server.Close()
	for images, want := range map[string]string{
		"remote": "/ferry.png?sign=1 /gone.jpg", // and no more of them
		"none":   "",
	} {
		asked = nil
		w := town.New(t, strings.Replace(town.One, "[digests.daily]", "[digests.daily]\nimages = \""+images+"\"", 1))
		// Those at img.example.org are on the server.
		transport := server.Client().Transport.(*http.Transport).Clone()
		transport.DialContext = w.Publisher.Collector.Dialer.DialContext
		w.Publisher.Collector.Client.Transport = &towards{transport, server.Listener.Addr().String()}
		item := func(name, media string) string {
			return fmt.Sprintf(`<item><title>About %s</title><link>https://herald.example/%s</link><pubDate>%s</pubDate>%s</item>`,
				name, name, town.Thursday.Add(-time.Hour).Format(time.RFC1123Z), media)
		}
		for poll := range 3 {
			w.Serve("/herald", fmt.Sprintf(`<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"><channel><title>Herald</title>%s%s%s</channel></rss>`,
				item("ferries", fmt.Sprintf(`<media:content url="https://img.example.org/ferry.png?sign=%d" medium="image"/>`, poll+1)),
				item("mills", `<media:content url="https://img.example.org/gone.jpg" medium="image"/>`),
				item("wells", `<media:content url="https://img.example.org/well.jpg" medium="image" width="640" height="480"/>`)))
			w.Collect()
		}
		slices.Sort(asked)
		if got := strings.Join(asked, " "); got != want {
			t.Errorf("images = %q: asked for %q, want %q", images, got, want)
		}
		items, err := w.Ledger.Items.After(0)
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range items {
			size := image.Pt(it.Image.Width, it.Image.Height)
			want := map[string]image.Point{"About wells": {640, 480}}
			if images == "remote" {
				want["About ferries"] = image.Pt(1200, 800)
			}
			if size != want[it.Title] {
				t.Errorf("images = %q: %s has %v px", images, it.Title, size)
			}
		}
	}
}

// towards asks one server for whatever stands at img.example.org.
type towards struct {
	*http.Transport
	server string
}

func (to *towards) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Hostname() == "img.example.org" {
		r.URL.Host = to.server
	}
	return to.Transport.RoundTrip(r)
}
