package preview

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"digestd/internal/needs"
)

// browser opens a tab, or skips the test where Chromium is not asked for.
func browser(t *testing.T) tab {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(needs.Chromium(t)), chromedp.UserDataDir(t.TempDir()))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium refuses to be root otherwise
	}
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, stopTab := chromedp.NewContext(ctx)
	t.Cleanup(func() { chromedp.Cancel(ctx); stopTab() })
	return tab{t, ctx}
}

// serve runs the server of a studio as the program does.
func (s *studio) serve() string {
	s.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- s.server.Serve(ctx, listener, 50*time.Millisecond) }()
	s.t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			s.t.Error(err)
		}
	})
	return "http://" + listener.Addr().String()
}

// tab is a browser's tab with a page of the studio.
type tab struct {
	t   *testing.T
	ctx context.Context
}

func (b tab) open(address string) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, chromedp.Navigate(address)); err != nil {
		b.t.Fatal(err)
	}
}

// await waits until an expression is true in the page, which may be on its way to another one.
func (b tab) await(what, expression string) {
	b.t.Helper()
	const patience = 30 * time.Second
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		holds, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](expression))
		if err == nil && holds {
			return
		}
		if time.Now().After(deadline) {
			body, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string]("document.body.innerText"))
			b.t.Fatalf("%s: %s is not so after %v: %v\n%s", what, expression, patience, err, body)
		}
	}
}

// do runs an expression in the page.
func (b tab) do(expression string) {
	b.t.Helper()
	if _, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](expression)); err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
}

// inMail is an expression about the frame's document, doc, and its window, win.
func inMail(expression string) string {
	return fmt.Sprintf(`(() => { const f = document.getElementById("mail"); const doc = f && f.contentDocument, win = f && f.contentWindow;
return !!(doc && doc.readyState === "complete" && doc.body && (%s)); })()`, expression)
}

const colour = `win.getComputedStyle(doc.getElementById("words")).color`

func TestBrowserShowsTheMail(t *testing.T) {
	b := browser(t)
	s := newStudio(t)
	home := s.serve()

	b.open(home + "/?for=ana@example.org")
	b.await("the mail", inMail(`doc.getElementById("words").textContent === "One & two."`))
	b.await("desktop width", inMail(`f.clientWidth === 720`))
	b.await("as tall as the mail", inMail(`f.clientHeight === doc.documentElement.scrollHeight`))
	b.await("light, whatever the browser prefers", inMail(colour+` === "rgb(26, 26, 26)"`))
	b.await("follows", `document.getElementById("line").textContent === "Follows edits"`)

	for _, row := range []struct{ click, what, holds string }{
		{"Dark", "dark", inMail(colour + ` === "rgb(243, 241, 236)"`)},
		{"375", "phone width, still dark", inMail(`f.clientWidth === 375 && ` + colour + ` === "rgb(243, 241, 236)"`)},
		{"No <style>", "style element dropped", inMail(colour + ` === "rgb(26, 26, 26)"`)},
		{"None", "no styles", inMail(colour + ` === "rgb(0, 0, 0)" || ` + colour + ` === "rgb(255, 255, 255)"`)},
		{"All", "all styles", inMail(colour + ` === "rgb(243, 241, 236)"`)},
		{"Text", "text", `document.querySelector("pre.text").textContent.startsWith("LAMPS")`},
		{"HTML source", "source", `document.getElementById("L1").textContent.includes("<!DOCTYPE html>")`},
		{"Headers and message", "message", `document.querySelector("pre.message b").textContent === "Subject:"`},
		{"Mail", "the mail again", inMail(`f.clientWidth === 375`)},
	} {
		b.do(fmt.Sprintf(`(() => { const a = [...document.querySelectorAll("main nav a")].find(a => a.textContent === %q); a.click(); return !!a; })()`, row.click))
		b.await(row.what, row.holds)
	}

	b.open(home + "/?for=ana@example.org&images=off")
	b.await("pictures off", inMail(`doc.images[0].naturalWidth === 0 && doc.images[0].alt === "A lamp"`))

	// Choosing another subscriber needs no button.
	b.do(`(() => { const i = document.querySelector("input[name=for]"); i.value = "chiyo@example.org"; i.dispatchEvent(new Event("change")); return true; })()`)
	b.await("another subscriber", `location.search.includes("for=chiyo") && !document.getElementById("mail") && !!document.querySelector("pre.text")`)
}

func TestBrowserFollowsEdits(t *testing.T) {
	b := browser(t)
	s := newStudio(t)
	b.open(s.serve() + "/?for=ana@example.org")
	b.await("the mail", inMail(`doc.getElementById("words").textContent === "One & two."`))
	b.await("follows", `document.getElementById("line").textContent === "Follows edits"`)
	b.do(`window.same = document.querySelector("details").open = true`)

	s.write(strings.Replace(plain, "two", "three", 1))
	b.await("an edit", inMail(`window.same && doc.getElementById("words").textContent === "One & three."`))
	b.await("what was open", `document.querySelector("details").open`)

	s.write("{{ broken")
	b.await("a mistake", `window.same && document.querySelector("[role=alert]").textContent.includes("digest.html.tmpl:1")`)
	b.await("the last good one", inMail(`doc.getElementById("words").textContent === "One & three."`))

	s.write(strings.Replace(plain, "two", "four", 1))
	b.await("mended", inMail(`window.same && !document.querySelector("[role=alert]") && doc.getElementById("words").textContent === "One & four."`))
}

// TestBrowserIsKeptIn holds that neither page nor mail can do what a mail must not: run scripts, or load
// anything but pictures.
func TestBrowserIsKeptIn(t *testing.T) {
	b := browser(t)
	s := newStudio(t)
	hostile := `<script>parent.window.ran = true</script><img src="x" onerror="parent.window.ran = true"><link rel="stylesheet" href="/page.css">` +
		`<iframe src="/page.css"></iframe><p id="words">hostile</p></body>`
	s.write(strings.Replace(plain, "</body>", hostile, 1))
	s.server.Reload()
	b.open(s.serve() + "/?for=ana@example.org")
	b.await("the mail", inMail(`doc.body.textContent.includes("hostile")`))
	b.await("nothing ran", inMail(`!window.ran && win.getComputedStyle(doc.body).fontSize === "16px"`))
	b.do(`(() => { document.addEventListener("securitypolicyviolation", e => window.refused = e.blockedURI);
fetch("https://elsewhere.example/").catch(() => {}); return true; })()`)
	b.await("the page stays here", `window.refused === "https://elsewhere.example/"`)
}
