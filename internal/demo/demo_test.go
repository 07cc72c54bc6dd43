package demo

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"image/jpeg"
	"io"
	"io/fs"
	"net/http"
	"net/smtp"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// noon is the moment at which the worlds of these tests begin.
var noon = time.Date(2026, 3, 12, 12, 0, 0, 0, time.UTC)

// newWorld starts a world that ends with the test.
func newWorld(t *testing.T) *World {
	t.Helper()
	w, err := serve(t.Context(), noon)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

// get fetches a path of the world and returns its status, header and body.
func get(t *testing.T, w *World, path string) (int, http.Header, string) {
	t.Helper()
	resp, err := http.Get(strings.TrimSuffix(w.URL, "/") + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(body)
}

// send hands a message to the world's mail server.
func send(t *testing.T, w *World, to string, message []byte) {
	t.Helper()
	if err := smtp.SendMail(w.SMTPAddr(), nil, "digest@example.org", []string{to}, message); err != nil {
		t.Fatal(err)
	}
}

func TestFeedsAreWhatTheySay(t *testing.T) {
	t.Parallel()
	for _, f := range feeds() {
		if f.file == "" {
			continue
		}
		t.Run(f.file, func(t *testing.T) {
			body, err := f.render(noon)
			if err != nil {
				t.Fatal(err)
			}
			var broken error
			switch {
			case strings.Contains(f.file, ".json."):
				broken = json.Unmarshal(body, new(any))
			default:
				dec := xml.NewDecoder(bytes.NewReader(body))
				dec.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
				if strings.Contains(f.Format, "windows-1252") {
					if bytes.ContainsRune(body, 'ü') || !bytes.Contains(body, []byte("\xfc")) {
						t.Error("is not written in windows-1252")
					}
					body = bytes.ToValidUTF8(body, []byte("?"))
					dec = xml.NewDecoder(bytes.NewReader(body))
					dec.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
				}
				for broken == nil {
					_, broken = dec.Token()
				}
				if errors.Is(broken, io.EOF) {
					broken = nil
				}
			}
			if cut := strings.Contains(f.Format, "cut off"); (broken != nil) != cut {
				t.Errorf("cut off: %t, but reading it gives %v", cut, broken)
			}
		})
	}
}

func TestEveryTemplateIsServed(t *testing.T) {
	t.Parallel()
	served := make(map[string]bool)
	for _, f := range feeds() {
		served[f.file] = true
	}
	entries, err := fs.ReadDir(files, "feeds")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !served[e.Name()] {
			t.Errorf("feeds/%s belongs to no feed", e.Name())
		}
	}
}

func TestFeedsAreServedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, f := range w.Feeds {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.FeedURL(f), nil)
		if err != nil {
			t.Fatal(err)
		}
		want := []int{http.StatusOK, http.StatusNotModified}
		if f.file == "" {
			want = []int{http.StatusInternalServerError, http.StatusInternalServerError}
		}
		for i, status := range want {
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != status {
				t.Errorf("%s, request %d: status %d, want %d", f.path(), i+1, resp.StatusCode, status)
			}
			req.Header.Set("If-None-Match", resp.Header.Get("ETag"))
		}
	}
}

func TestPicturesAreFitForLeadAndThumbnails(t *testing.T) {
	t.Parallel()
	entries, err := fs.ReadDir(files, "images")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		data, err := fs.ReadFile(files, "images/"+e.Name())
		if err != nil {
			t.Fatal(err)
		}
		size, err := jpeg.DecodeConfig(bytes.NewReader(data))
		if err != nil {
			t.Fatalf("%s: %v", e.Name(), err)
		}
		large := size.Width == 1120 && size.Height == 630 && len(data) <= 80<<10
		small := size.Width == 480 && size.Height == 360 && len(data) <= 20<<10
		if !large && !small {
			t.Errorf("%s is %d × %d in %d bytes, want 1120 × 630 in at most 80 KB, or 480 × 360 in 20", e.Name(), size.Width, size.Height, len(data))
		}
	}
}

func TestMailArrives(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var heard []string
	w.Post.Watch(func(m Message) { heard = append(heard, m.FileName()) })
	first := "Subject: one\r\n\r\n.a line that begins with a dot\r\n"
	send(t, w, "ana@example.org", []byte(first))
	send(t, w, "benoit@example.org", []byte("Subject: two\r\n\r\nbody\r\n"))
	send(t, w, "Ana@example.org", []byte("Subject: three\r\n\r\nbody\r\n"))

	ana := w.Post.Of("ana@example.org")
	if len(ana) != 2 || string(ana[0].Raw) != first || ana[0].From != "digest@example.org" {
		t.Errorf("ana has %+v", ana)
	}
	want := []string{"ana@example.org-1.eml", "benoit@example.org-1.eml", "ana@example.org-2.eml"}
	if strings.Join(heard, " ") != strings.Join(want, " ") {
		t.Errorf("the watcher heard of %q, want %q", heard, want)
	}

	dir := filepath.Join(t.TempDir(), "new", "mails")
	names, err := w.Post.SaveTo(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range names {
		if name != filepath.Join(dir, want[i]) {
			t.Errorf("file %d is %s, want %s in %s", i, name, want[i], dir)
		}
	}
	saved, err := os.ReadFile(filepath.Join(dir, want[0]))
	if err != nil || string(saved) != first {
		t.Errorf("saved %q, %v; want the bytes that were sent", saved, err)
	}
}

func TestFileNamesStayInTheirDirectory(t *testing.T) {
	t.Parallel()
	for to, want := range map[string]string{
		"ana@example.org":      "ana@example.org-1.eml",
		"../../etc/x@y":        ".._.._etc_x@y-1.eml",
		"a\\b\x00c@é.example":  "a_b_c@_.example-1.eml",
		"<script>@example.org": "_script_@example.org-1.eml",
	} {
		got := Message{To: to, Number: 1}.FileName()
		if got != want || !filepath.IsLocal(got) || filepath.Base(got) != got {
			t.Errorf("%q becomes %q, want %q", to, got, want)
		}
	}
}

func TestCloseEndsTheWorld(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	send(t, w, "ana@example.org", []byte("Subject: one\r\n\r\nbody\r\n"))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := http.Get(w.URL); err == nil {
		t.Error("the web server still answers")
	}
	if _, err := smtp.Dial(w.SMTPAddr()); err == nil {
		t.Error("the mail server still answers")
	}
	if len(w.Post.All()) != 1 {
		t.Error("the mail went with the server")
	}
}
