package preview

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"digestd/internal/needs/browser"
)

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

// do runs an expression in the page.
func do(b browser.Tab, expression string) {
	b.T.Helper()
	if _, err := chromedp.Run(b.Ctx, chromedp.Evaluate[bool](expression)); err != nil {
		b.T.Fatalf("%s: %v", expression, err)
	}
}

// inMail is an expression about the frame's document, doc, and its window, win.
func inMail(expression string) string {
	return fmt.Sprintf(`(() => { const f = document.getElementById("mail"); const doc = f && f.contentDocument, win = f && f.contentWindow;
return !!(doc && doc.readyState === "complete" && doc.body && (%s)); })()`, expression)
}

const colour = `win.getComputedStyle(doc.getElementById("words")).color`

func TestBrowserShowsTheMail(t *testing.T) {
	b := browser.New(t)
	s := newStudio(t)
	home := s.serve()

	b.Open(home + "/?for=ana@example.org")
	b.Await("the mail", inMail(`doc.getElementById("words").textContent === "One & two."`))
	b.Await("desktop width", inMail(`f.clientWidth === 720`))
	b.Await("as tall as the mail", inMail(`f.clientHeight === doc.documentElement.scrollHeight`))
	b.Await("light, whatever the browser prefers", inMail(colour+` === "rgb(26, 26, 26)"`))
	b.Await("follows", `document.getElementById("line").textContent === "Follows edits"`)

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
		do(b, fmt.Sprintf(`(() => { const a = [...document.querySelectorAll("main nav a")].find(a => a.textContent === %q); a.click(); return !!a; })()`, row.click))
		b.Await(row.what, row.holds)
	}

	b.Open(home + "/?for=ana@example.org&images=off")
	b.Await("pictures off", inMail(`doc.images[0].naturalWidth === 0 && doc.images[0].alt === "A lamp"`))

	// Choosing another subscriber needs no button.
	do(b, `(() => { const i = document.querySelector("input[name=for]"); i.value = "chiyo@example.org"; i.dispatchEvent(new Event("change")); return true; })()`)
	b.Await("another subscriber", `location.search.includes("for=chiyo") && !document.getElementById("mail") && !!document.querySelector("pre.text")`)
}

func TestBrowserFollowsEdits(t *testing.T) {
	b := browser.New(t)
	s := newStudio(t)
	b.Open(s.serve() + "/?for=ana@example.org")
	b.Await("the mail", inMail(`doc.getElementById("words").textContent === "One & two."`))
	b.Await("follows", `document.getElementById("line").textContent === "Follows edits"`)
	do(b, `window.same = document.querySelector("details").open = true`)

	s.write(strings.Replace(plain, "two", "three", 1))
	b.Await("an edit", inMail(`window.same && doc.getElementById("words").textContent === "One & three."`))
	b.Await("what was open", `document.querySelector("details").open`)

	s.write("{{ broken")
	b.Await("a mistake", `window.same && document.querySelector("[role=alert]").textContent.includes("digest.html.tmpl:1")`)
	b.Await("the last good one", inMail(`doc.getElementById("words").textContent === "One & three."`))

	s.write(strings.Replace(plain, "two", "four", 1))
	b.Await("mended", inMail(`window.same && !document.querySelector("[role=alert]") && doc.getElementById("words").textContent === "One & four."`))
}

// TestBrowserIsKeptIn holds that neither page nor mail can do what a mail must not: run scripts, or load
// anything but pictures.
func TestBrowserIsKeptIn(t *testing.T) {
	b := browser.New(t)
	s := newStudio(t)
	hostile := `<script>parent.window.ran = true</script><img src="x" onerror="parent.window.ran = true"><link rel="stylesheet" href="/page.css">` +
		`<iframe src="/page.css"></iframe><p id="words">hostile</p></body>`
	s.write(strings.Replace(plain, "</body>", hostile, 1))
	s.server.Reload()
	b.Open(s.serve() + "/?for=ana@example.org")
	b.Await("the mail", inMail(`doc.body.textContent.includes("hostile")`))
	b.Await("nothing ran", inMail(`!window.ran && win.getComputedStyle(doc.body).fontSize === "16px"`))
	do(b, `(() => { document.addEventListener("securitypolicyviolation", e => window.refused = e.blockedURI);
fetch("https://elsewhere.example/").catch(() => {}); return true; })()`)
	b.Await("the page stays here", `window.refused === "https://elsewhere.example/"`)
}
