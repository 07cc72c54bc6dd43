// Command pictures makes the pictures of the documentation anew, with Chromium: `go run ./docs/pictures` writes them
// into docs. With -look DIR it writes each view of the look into DIR instead, whole and sharp, to be judged.
package main

import (
	"context"
	"encoding/base64"
	"flag"
	"fmt"
	"html"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"digestd/mailer/message"
)

// view is one way to look at a mail or a page.
type view struct {
	name, caption string
	path          string // on the server of this program; of what begins with "demo:", on that of the demo
	width         int64
	dress         string // "light", "dark", "forced" (dark, by a browser that takes the light one for granted)
}

const bare = "?images=off"

// views are those of docs/looks.webp, in its order.
var views = []view{
	{"light-600", "600 px", "/ana.html", 600, "light"},
	{"dark-600", "dark", "/ana.html", 600, "dark"},
	{"light-375", "a phone, 375 px", "/ana.html", 375, "light"},
	{"dark-375", "dark", "/ana.html", 375, "dark"},
	{"forced-375", "made dark by the mail program", "/ana.html", 375, "forced"},
	{"images-off-375", "images off", "/ana.html" + bare, 375, "light"},
	{"light-320", "320 px", "/ana.html", 320, "light"},
	{"one-topic-375", "a reader of one topic, in French", "/benoit.html", 375, "light"},
	{"ar-375", "Arabic", "/rtl.html", 375, "light"},
	{"ja-375", "Japanese", "/cjk.html", 375, "light"},
	{"one-story-375", "one story", "/one-story.html", 375, "light"},
	{"none-375", "nothing new", "/none.html", 375, "light"},
	{"many-375", "300 stories", "/many.html", 375, "light"},
	{"words-320", "long words, 320 px", "/words.html", 320, "light"},
}

// served is what this program shows to Chromium: mails by name, and the pictures of the demo.
type served struct {
	mails map[string]string
	home  string // address of this program
	demo  string // of the demo's public pages
	// edition is the path of its page among those.
	edition string
}

// outside is a picture at an outlet; the demo has a copy of each of its own.
var outside = regexp.MustCompile(`https?://[^"' ]+/([a-z0-9-]+\.jpg)`)

func (s *served) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/")
	body, ok := s.mails[name]
	switch {
	case strings.HasPrefix(name, "images/") && r.URL.Query().Get("images") == "":
		http.ServeFile(w, r, filepath.Join("internal/demo", name))
		return
	case !ok:
		http.NotFound(w, r)
		return
	}
	fmt.Fprint(w, outside.ReplaceAllStringFunc(body, func(address string) string {
		return "/images/" + address[strings.LastIndexByte(address, '/')+1:] + map[bool]string{true: bare}[r.URL.RawQuery != ""]
	}))
}

func main() {
	look := flag.String("look", "", "write each view into this `directory`, and no pictures into docs")
	flag.Parse()
	if err := run(*look); err != nil {
		log.Fatal(err)
	}
}

func run(look string) error {
	dir, err := os.MkdirTemp("", "digestd-pictures-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "digestd")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	s := served{mails: map[string]string{}}
	if err := s.fromDemo(program, dir); err != nil {
		return err
	}
	if err := s.fromGoldens(); err != nil {
		return err
	}
	for name, stories := range map[string]string{"many": many(), "words": words()} {
		if s.mails[name+".html"], err = made(program, filepath.Join(dir, name), stories); err != nil {
			return err
		}
	}
	demo, address, err := serveDemo(program)
	if err != nil {
		return err
	}
	defer func() { _ = demo.Process.Signal(os.Interrupt); _ = demo.Wait() }()
	s.demo = address
	if s.edition, err = editionOf(address); err != nil {
		return err
	}
	server := httptest.NewServer(&s)
	defer server.Close()
	s.home = server.URL

	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.Flag("hide-scrollbars", true))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium refuses to be root otherwise
	}
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	defer stop()
	ctx, stop = chromedp.NewContext(ctx)
	defer stop()
	if look != "" {
		return s.lookAt(ctx, look)
	}
	return s.publish(ctx)
}

// archived are the views of docs/archive-looks.webp.
var archived = []view{
	{"archive-light-1200", "an edition, 1200 px", "demo:/EDITION", 1200, "light"},
	{"archive-dark-1200", "dark", "demo:/EDITION", 1200, "dark"},
	{"archive-light-375", "a phone, 375 px", "demo:/EDITION", 375, "light"},
	{"archive-dark-375", "dark", "demo:/EDITION", 375, "dark"},
	{"archive-ar-375", "Arabic", "/leaf-rtl.html", 375, "light"},
	{"archive-ar-1200", "Arabic, dark", "/leaf-rtl.html", 1200, "dark"},
	{"front-1200", "the front", "demo:/", 1200, "light"},
	{"front-dark-375", "the front on a phone, dark", "demo:/", 375, "dark"},
	{"list-375", "the list of editions", "demo:/daily/", 375, "light"},
	{"subscribe-375", "signing up", "demo:/subscribe", 375, "light"},
	{"subscribe-dark-1200", "signing up, dark", "demo:/subscribe", 1200, "dark"},
}

// lookAt writes all views whole, as PNG.
func (s served) lookAt(ctx context.Context, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, v := range append(views, archived...) {
		picture, err := s.shoot(ctx, v, page.CaptureScreenshotFormatPng, 0)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, v.name+".png"), picture, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// publish writes the pictures of docs: two of the mail, one of a public page, and a sheet of the views of each.
func (s served) publish(ctx context.Context) error {
	for name, of := range map[string][]view{"mails.html": views, "pages.html": archived} {
		sheet, err := s.sheet(ctx, of)
		if err != nil {
			return err
		}
		s.mails[name] = sheet
	}
	for file, v := range map[string]view{
		"mail-light.webp":    {path: "/ana.html", width: 600, dress: "light"},
		"mail-dark.webp":     {path: "/ana.html", width: 375, dress: "dark"},
		"archive.webp":       {path: "demo:/EDITION", width: 720, dress: "light"},
		"looks.webp":         {path: "/mails.html", width: 1344, dress: "light"},
		"archive-looks.webp": {path: "/pages.html", width: 1344, dress: "light"},
	} {
		height := 2 * phone
		if v.width == 1344 {
			height = 0
		}
		picture, err := s.shoot(ctx, v, page.CaptureScreenshotFormatWebp, height)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join("docs", file), picture, 0o644); err != nil {
			return err
		}
	}
	return nil
}

const phone = 812 // px, the height of a screen

// sheet is a page with pictures of views, side by side.
func (s served) sheet(ctx context.Context, of []view) (string, error) {
	sheet := `<!doctype html><meta charset="utf-8"><style>body{margin:0;padding:24px;width:1296px;background:#e9e9e6;font:15px/22px Helvetica,Arial,sans-serif;color:#333;
display:flex;flex-wrap:wrap;gap:24px;align-items:flex-start}figure{margin:0}img{display:block;box-shadow:0 1px 4px #0004}figcaption{padding:8px 0 0}</style>`
	for _, v := range of {
		picture, err := s.shoot(ctx, v, page.CaptureScreenshotFormatPng, phone*3/2)
		if err != nil {
			return "", err
		}
		sheet += fmt.Sprintf(`<figure><img width="%d" src="data:image/png;base64,%s" alt=""><figcaption>%s</figcaption></figure>`,
			min(v.width*240/375, 636), base64.StdEncoding.EncodeToString(picture), html.EscapeString(v.caption))
	}
	return sheet, nil
}

// shoot takes a picture of a view down to a height in px, or of all of it.
func (s served) shoot(ctx context.Context, v view, format page.CaptureScreenshotFormat, height int) ([]byte, error) {
	address := s.home + v.path
	if path, of := strings.CutPrefix(v.path, "demo:"); of {
		address = s.demo + strings.Replace(path, "/EDITION", s.edition, 1)
	}
	scheme, forced := v.dress, v.dress == "forced"
	if forced {
		scheme = "light"
	}
	err := chromedp.Do(ctx, chromedp.EmulateViewport(v.width, 812), chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		if _, err := cdp.Call(ctx, t, emulation.SetAutoDarkModeOverride, emulation.SetAutoDarkModeOverrideParams{Enabled: &forced}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
		return err
	}), chromedp.Navigate(address))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", v.path, err)
	}
	tall, err := chromedp.Run(ctx, chromedp.Evaluate[int64](`document.documentElement.scrollHeight`))
	if err != nil {
		return nil, err
	}
	log.Printf("%s %s: %d px, %.1f screens, %d px wide", v.name, v.path, tall, float64(tall)/812, v.width)
	if height > 0 {
		tall = min(tall, int64(height))
	}
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(v.width, tall), chromedp.Sleep(300*time.Millisecond)); err != nil {
		return nil, err
	}
	var picture []byte
	quality := int64(70)
	err = chromedp.Do(ctx, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		params := page.CaptureScreenshotParams{Format: format}
		if format != page.CaptureScreenshotFormatPng {
			params.Quality = &quality
		}
		taken, err := cdp.Call(ctx, t, page.CaptureScreenshot, params)
		if err == nil {
			picture = taken.Data
		}
		return err
	}))
	return picture, err
}

// fromDemo takes the HTML parts of the demo's mails.
func (s served) fromDemo(program, dir string) error {
	if out, err := exec.Command(program, "demo", "--once", dir).CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	for _, name := range []string{"ana", "benoit"} {
		part, err := htmlOf(filepath.Join(dir, name+"@example.org-1.eml"))
		if err != nil {
			return err
		}
		s.mails[name+".html"] = part
	}
	return nil
}

// fromGoldens takes the editions that tests hold, and the public page of one.
func (s served) fromGoldens() error {
	for _, name := range []string{"rtl", "cjk", "one-story", "none", "leaf-rtl"} {
		b, err := os.ReadFile("digest/render/testdata/" + name + ".html")
		if err != nil {
			return err
		}
		s.mails[name+".html"] = string(b)
	}
	return nil
}

// serveDemo starts the demo, and says where its archive is.
func serveDemo(program string) (*exec.Cmd, string, error) {
	demo := exec.Command(program, "demo")
	out, err := demo.StdoutPipe()
	if err != nil {
		return nil, "", err
	}
	if err := demo.Start(); err != nil {
		return nil, "", err
	}
	said := ""
	for b := make([]byte, 4096); !strings.Contains(said, "Ctrl-C"); {
		n, err := out.Read(b)
		said += string(b[:n])
		if err != nil {
			return nil, "", fmt.Errorf("the demo ended: %s", said)
		}
	}
	archive := regexp.MustCompile(`archive is at (\S+?)/?\n`).FindStringSubmatch(said)
	if archive == nil {
		return nil, "", fmt.Errorf("the demo has no archive: %s", said)
	}
	return demo, archive[1], nil
}

// editionOf is the path of the edition to which a front page leads.
func editionOf(front string) (string, error) {
	answer, err := http.Get(front)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	page, err := io.ReadAll(answer.Body)
	if err != nil {
		return "", err
	}
	if path := regexp.MustCompile(`daily/\d[^/"]*/`).Find(page); path != nil {
		return "/" + string(path), nil
	}
	return "", fmt.Errorf("%s leads to no edition", front)
}

// htmlOf is the HTML part of a mail.
func htmlOf(path string) (string, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	letter, err := message.TakeApart(raw)
	return letter.HTML, err
}
