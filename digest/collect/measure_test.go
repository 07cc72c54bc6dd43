package collect

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"digestd/digest"
)

// drawn are pictures of 640 × 360 px, by their formats; of the JPEG also with much in front of its size.
func drawn(t testing.TB) map[string][]byte {
	t.Helper()
	picture := image.NewPaletted(image.Rect(0, 0, 640, 360), color.Palette{color.Black, color.White})
	var j, p, g bytes.Buffer
	for _, err := range []error{jpeg.Encode(&j, picture, nil), png.Encode(&p, picture), gif.Encode(&g, picture, nil)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	withExif := func(size int) []byte {
		segment := binary.BigEndian.AppendUint16([]byte{0xff, 0xd8, 0xff, 0xe1}, uint16(size+2))
		return slices.Concat(segment, make([]byte, size), j.Bytes()[2:])
	}
	webp := "RIFF\x1a\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00\x7f\x02\x00\x67\x01\x00"
	return map[string][]byte{"jpeg": j.Bytes(), "png": p.Bytes(), "gif": g.Bytes(), "webp": []byte(webp),
		"exif": withExif(50_000), "long": withExif(65_533)}
}

// gallery answers for pictures in many ways, and counts what it is asked for.
type gallery struct {
	pictures map[string][]byte
	mu       sync.Mutex
	asked    map[string]int
	wrong    []string // what no request may be
	sent     int      // bytes of "endless"
}

func (g *gallery) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	kind := strings.Trim(r.URL.Path, "/")
	g.mu.Lock()
	g.asked[kind]++
	if r.Header.Get("Range") != "bytes=0-65535" || r.Header.Get("Accept-Encoding") != "" || r.Header.Get("Referer") != "" {
		g.wrong = append(g.wrong, fmt.Sprint(kind, r.Header))
	}
	g.mu.Unlock()
	whole := g.pictures[kind]
	switch kind {
	case "lies": // of its type
		w.Header().Set("Content-Type", "text/html")
		whole = g.pictures["png"]
	case "unranged":
		_, _ = w.Write(g.pictures["jpeg"])
		return
	case "endless":
		_, _ = w.Write(g.pictures["exif"])
		for r.Context().Err() == nil {
			n, err := w.Write(make([]byte, 64<<10))
			g.mu.Lock()
			g.sent += n
			g.mu.Unlock()
			if err != nil {
				return
			}
		}
		return
	case "moved":
		http.Redirect(w, r, "/jpeg", http.StatusFound)
		return
	case "hangs":
		w.Header().Set("Content-Length", "1000")
		_, _ = w.Write(g.pictures["jpeg"][:10])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		return
	case "page":
		whole = []byte("<html><body>Subscribe!</body></html>")
	case "cut":
		whole = g.pictures["exif"][:2000]
	case "empty":
		return
	}
	if whole == nil {
		http.NotFound(w, r)
		return
	}
	http.ServeContent(w, r, kind, time.Time{}, bytes.NewReader(whole))
}

func TestMeasure(t *testing.T) {
	g := &gallery{pictures: drawn(t), asked: map[string]int{}}
	good := []string{"jpeg", "png", "exif", "unranged", "endless", "moved", "lies", "jpeg"}
	bad := []string{"gif", "webp", "long", "hangs", "page", "cut", "empty", "gone"}
	synctest.Test(t, func(t *testing.T) { // so that what hangs is given up at once
		b := newBench(t)
		b.Client.Transport = newTransport(inMemory(t, g), 8)
		var items []digest.Item
		for i, kind := range slices.Concat(good, bad) {
			items = append(items, digest.Item{Seq: uint64(i), Image: &digest.Image{URL: "http://127.0.0.1/" + kind, Alt: kind}})
		}
		heard := map[uint64]bool{}
		b.Measure(context.Background(), items, func(it digest.Item) {
			heard[it.Seq] = true
			want := digest.Image{URL: it.Image.URL, Alt: it.Image.Alt, Asked: true}
			if int(it.Seq) < len(good) {
				want.Width, want.Height = 640, 360
			}
			if *it.Image != want {
				t.Errorf("%+v, want %+v", *it.Image, want)
			}
		})
		if len(heard) != len(items) || items[0].Image.Asked {
			t.Errorf("heard of %d of %d items; the first was changed: %v", len(heard), len(items), items[0].Image.Asked)
		}
	})
	if len(g.wrong) > 0 || g.asked["jpeg"] != 2 || g.asked["gone"] != 1 { // the second by the redirect
		t.Errorf("asked for %v; wrong: %q", g.asked, g.wrong)
	}
	if g.sent > 2<<20 {
		t.Errorf("read on for %d bytes", g.sent)
	}
}

// TestMeasureEndsWithItsTime holds that an end of the time is no outcome.
func TestMeasureEndsWithItsTime(t *testing.T) {
	b := newBench(t)
	ctx, stop := context.WithCancel(context.Background())
	address := serve(t, func(_ http.ResponseWriter, r *http.Request) { stop(); <-r.Context().Done() })
	b.Measure(ctx, []digest.Item{{Image: &digest.Image{URL: address}}}, func(it digest.Item) { t.Errorf("an outcome: %+v", it.Image) })
}

func TestMeasureStaysBehindTheGuard(t *testing.T) {
	g := &gallery{pictures: drawn(t), asked: map[string]int{}}
	inside := serve(t, g.ServeHTTP)
	b := newBench(t, func(o *Options) { o.AllowPrivateNetworks = nil })
	for _, address := range []string{inside + "/jpeg", "http://localhost:1/jpeg", "http://[::1]:1/jpeg", "ftp://127.0.0.1/jpeg", "%"} {
		b.Measure(context.Background(), []digest.Item{{Image: &digest.Image{URL: address}}}, func(it digest.Item) {
			if it.Image.Width != 0 || !it.Image.Asked {
				t.Errorf("%s: %+v", address, it.Image)
			}
		})
	}
	if len(g.asked) > 0 {
		t.Errorf("it was asked for %v", g.asked)
	}
}

func FuzzMeasure(f *testing.F) {
	for _, picture := range drawn(f) {
		f.Add(picture)
	}
	f.Fuzz(func(t *testing.T, begin []byte) {
		if size, err := sizeOf(bytes.NewReader(begin)); err == nil && (size.X <= 0 || size.Y <= 0 || size.X > maxPixels || size.Y > maxPixels) {
			t.Errorf("a picture of %v", size)
		}
	})
}
