package web

import (
	"context"
	"flag"
	"fmt"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"digestd/internal/needs/browser"
)

var shots = flag.String("shots", "", "write pictures of the pages into this `directory`")

// tab is a browser's tab.
type tab struct{ browser.Tab }

// press presses keys, one after the other.
func (b tab) press(keys ...string) {
	b.T.Helper()
	for _, key := range keys {
		if err := chromedp.Do(b.Ctx, chromedp.KeyEvent(key)); err != nil {
			b.T.Fatal(err)
		}
	}
}

// reach presses Tab until something that matches has the focus.
func (b tab) reach(selector string) {
	b.T.Helper()
	for range 40 {
		b.press(kb.Tab)
		if here, err := chromedp.Run(b.Ctx, chromedp.Evaluate[bool](fmt.Sprintf("document.activeElement.matches(%q)", selector))); err == nil && here {
			return
		}
	}
	b.T.Fatalf("Tab never comes to %s", selector)
}

// dress sets width and colours.
func (b tab) dress(width int64, scheme string) {
	b.T.Helper()
	err := chromedp.Do(b.Ctx, chromedp.EmulateViewport(width, 1100), chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
		return err
	}))
	if err != nil {
		b.T.Fatal(err)
	}
}

// shoot writes a picture of the whole page, if pictures are wanted.
func (b tab) shoot(name string) {
	b.T.Helper()
	if *shots == "" {
		return
	}
	picture, err := chromedp.Run(b.Ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(filepath.Join(*shots, name+".png"), picture, 0o644)
	}
	if err != nil {
		b.T.Fatal(err)
	}
}

// spoken is what a screen reader has to say of the page: role and name of all that has both.
func (b tab) spoken() string {
	b.T.Helper()
	var out []string
	err := chromedp.Do(b.Ctx, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		tree, err := cdp.Call(ctx, t, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
		if err != nil {
			return err
		}
		nodes := map[accessibility.NodeID]*accessibility.Node{}
		for _, n := range tree.Nodes {
			nodes[n.NodeID] = n
		}
		var read func(n *accessibility.Node)
		read = func(n *accessibility.Node) {
			if !n.Ignored && n.Role != nil && n.Name != nil {
				switch role := strings.Trim(string(n.Role.Value), `"`); role {
				case "heading", "textbox", "combobox", "button", "radio", "checkbox", "link", "group", "Date", "status", "alert", "navigation", "main":
					out = append(out, strings.TrimSpace(role+" "+strings.Trim(string(n.Name.Value), `"`)))
				}
			}
			for _, child := range n.ChildIDs {
				if nodes[child] != nil {
					read(nodes[child])
				}
			}
		}
		read(tree.Nodes[0])
		return nil
	}))
	if err != nil {
		b.T.Fatal(err)
	}
	return strings.Join(out, "\n")
}

// serve puts a desk behind a proxy that takes /wire away from what it hands on, as base_url says.
func (d *desk) serve() string {
	d.t.Helper()
	listener, err := d.server.Listen("127.0.0.1:0")
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(listener.Close)
	proxy := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(&url.URL{Scheme: "http", Host: listener.Addr().String()})
		r.Out.URL.Path = strings.TrimPrefix(r.In.URL.Path, "/wire")
		r.Out.Host = "backend.example"
	}})
	d.t.Cleanup(proxy.Close)
	return proxy.URL + "/wire"
}

// TestBrowserByKeyboard leaves, comes back and chooses with nothing but keys, through a proxy.
func TestBrowserByKeyboard(t *testing.T) {
	b := tab{browser.New(t)}
	d := newDesk(t)
	home := d.serve()

	b.Open(home + "/u/" + d.token(ana))
	b.Await("the style that the policy allows", `getComputedStyle(document.querySelector("h1")).fontSize === "28px"`)
	if d.standing() != "" {
		t.Fatalf("a look has made %q", d.standing())
	}
	b.reach("input[value=this]")
	b.press(kb.ArrowDown)
	b.Await("all of them", `document.querySelector("input[value=all]").checked`)
	b.press(kb.ArrowUp)
	b.reach("button")
	b.Await("a visible focus", `getComputedStyle(document.activeElement).outlineStyle === "solid"`)
	b.press(kb.Enter)
	b.Await("left", `document.querySelector("h1").textContent === "You will not receive The Daily <Wire> any more."`)
	if got := d.standing(); got != "ana daily:page" {
		t.Errorf("%q stands", got)
	}
	b.reach("button")
	b.press(kb.Enter)
	b.Await("back", `document.querySelector("h1").textContent === "You receive The Daily <Wire> again."`)
	if got := d.standing(); got != "" {
		t.Errorf("%q stands", got)
	}
	b.reach(`main a`)
	b.press(kb.Enter)
	b.Await("preferences", `location.pathname.startsWith("/wire/p/") && document.querySelectorAll("fieldset").length === 5`)
	b.reach("input[value=weekly]")
	b.press(" ")
	b.reach("input[value=global][type=checkbox]")
	b.press(" ")
	b.reach("input[name=format]")
	b.press(kb.ArrowDown)
	b.reach("input[type=date]")
	b.press("0", "4", "0", "1", "2", "0", "2", "6")
	b.press(kb.Enter)
	b.Await("saved", `!!document.querySelector("[role=status]") && document.getElementById("until").value === "2026-04-01"`)
	if got := d.chosen(addresses[ana]); got != "without global; text; until 2026-04-01" {
		t.Errorf("chose %q", got)
	}
	if got := d.standing(); got != "ana weekly:page" {
		t.Errorf("%q stands", got)
	}
	b.reach("footer a[lang=ar]")
	b.press(kb.Enter)
	b.Await("Arabic", `document.documentElement.dir === "rtl" && location.search === "?lang=ar"`)
	b.Await("the same choices", `!document.querySelector("input[value=global][type=checkbox]").checked`)
}

// TestBrowserSpeaks holds what a screen reader is told.
func TestBrowserSpeaks(t *testing.T) {
	b := tab{browser.New(t)}
	d, _, _ := publicDesk(t)
	_, asking := d.requested("new@example.org")
	home := d.serve()
	for _, row := range []struct{ path, want string }{
		{"/u/" + d.token(ana), "main\nheading Stop receiving The Daily <Wire>?\ngroup Newsletters\nradio Only The Daily <Wire>\nradio Everything from Morning Wire The Daily <Wire>, Weekend\nbutton Unsubscribe\nlink Choose topics or pause instead\nnavigation Language"},
		{"/p/" + d.token(ana), "main\nheading Preferences\ngroup Newsletters\ncheckbox The Daily <Wire>\ncheckbox Weekend\ngroup Topics\ncheckbox Global\ncheckbox Diplomacy & treaties\ncheckbox Sport\n" +
			"group Days with mail\ncheckbox Monday\ncheckbox Tuesday\ncheckbox Wednesday\ncheckbox Thursday\ncheckbox Friday\ncheckbox Saturday\ncheckbox Sunday\n" +
			"group Length\nradio Short\nradio Usual\nradio Long\ncombobox Language of the mail\ngroup Format\nradio With layout and pictures\nradio Plain text\ntextbox Words to watch\ntextbox Words to mute\nDate No mail until"},
		{"/subscribe", "main\nheading Subscribe to Morning Wire\ntextbox E-mail address\ngroup Newsletters\ncheckbox The Daily <Wire>\ncheckbox Weekend\n" +
			"group Topics\ncheckbox Global\ncheckbox Diplomacy & treaties\ncheckbox Sport\nbutton Subscribe\nnavigation Language"},
		{"/confirm/" + asking + "?lang=en", "main\nheading Do you want to receive The Daily <Wire>?\nbutton Yes, subscribe me\nnavigation Language"},
	} {
		b.Open(home + row.path)
		if got := b.spoken(); !strings.Contains(got, row.want) {
			t.Errorf("%s says\n%s\nwant\n%s", row.path, got, row.want)
		}
	}
}

// TestBrowserFits looks at pages of all kinds in widths from a small phone's on: nothing is wider than the
// screen, and whatever can be touched is large enough for a finger (WCAG 2.5.8) and apart from the next.
func TestBrowserFits(t *testing.T) {
	b := tab{browser.New(t)}
	d, _, _ := publicDesk(t)
	_, asking := d.requested("new@example.org")
	home := d.serve()
	if _, body := d.post("/u/"+d.token(chiyo), oneClick); body == "" {
		t.Fatal("no page")
	}
	pages := map[string]string{"ask": "/u/" + d.token(ana), "left": "/u/" + d.token(chiyo), "choose": "/p/" + d.token(ana), "none": "/u/x",
		"subscribe": "/subscribe", "confirm": "/confirm/" + asking}
	for name, path := range pages {
		for _, language := range d.server.builtin.Languages() {
			b.Open(home + path + "?lang=" + language)
			for _, width := range []int64{320, 375, 720} {
				b.dress(width, "light")
				b.Await(name+" in "+language+" fits", fmt.Sprintf(`innerWidth === %d && document.documentElement.scrollWidth <= innerWidth`, width))
				b.Await(name+" in "+language+" can be touched", `[...document.querySelectorAll("a, button, fieldset label:has(input:not([type=hidden])), input[type=date], input[type=email]")].every(e => e.getBoundingClientRect().height >= 24)`)
				if language == "en" || language == "ar" || width == 375 && language == "ja" {
					b.shoot(fmt.Sprintf("%s-%s-%d", name, language, width))
					b.dress(width, "dark")
					b.shoot(fmt.Sprintf("%s-%s-%d-dark", name, language, width))
				}
			}
		}
	}
	b.dress(720, "dark")
	b.Open(home + pages["ask"])
	b.Await("dark", `getComputedStyle(document.body).backgroundColor === "rgb(23, 24, 26)" && getComputedStyle(document.querySelector("h1")).color === "rgb(243, 241, 236)"`)
}
