package cli_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"digestd/internal/needs"
)

// TestSignUpInABrowser goes a reader's whole way in Chromium: form, mail, button, next edition, leaving by its link.
func TestSignUpInABrowser(t *testing.T) {
	t.Parallel()
	chromium := needs.Chromium(t)
	c := newCounter(t, "60/h", false)
	c.says("send", "daily")
	c.open()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium), chromedp.UserDataDir(t.TempDir()))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, stopTab := chromedp.NewContext(ctx)
	t.Cleanup(func() { chromedp.Cancel(ctx); stopTab() })
	do := func(what string, actions ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, actions...); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	shows := func(heading string) {
		t.Helper()
		c.await(heading, func() bool {
			ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool](fmt.Sprintf("document.querySelector('h1').textContent === %q", heading)))
			return err == nil && ok
		})
	}
	press := func(selector string) {
		t.Helper()
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool](fmt.Sprintf("document.querySelector(%q).focus() || document.activeElement.matches(%[1]q)", selector)))
		if err != nil || !ok {
			t.Fatalf("%s can't be pressed: %v", selector, err)
		}
		do(selector, chromedp.KeyEvent(kb.Enter))
	}
	arrived := func(n int) string {
		t.Helper()
		c.await(fmt.Sprintf("mail %d", n), func() bool { return len(c.inbox("bea@example.org")) >= n })
		return c.inbox("bea@example.org")[n-1]
	}

	do("the form", chromedp.Navigate(c.base+"/subscribe"))
	shows("Subscribe to Morning Wire")
	trapped, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`(() => { const r = document.getElementById("trap").getBoundingClientRect(); return r.right < 0 || r.left > innerWidth })()`))
	if err != nil || !trapped {
		t.Errorf("people see the field that machines fill in: %v", err)
	}
	begun := time.Now()
	do("the address", chromedp.SendKeys("#email", "bea@example.org\r"))
	shows("Look into your mailbox")
	t.Logf("answered after %v", time.Since(begun))
	do("the link", chromedp.Navigate(c.button(arrived(1))))
	shows("Do you want to receive Morning Wire?")
	press("button.large")
	shows("You are subscribed to Morning Wire.")

	c.news("Ferry runs late")
	c.says("send", "daily", "--extra")
	next := arrived(2)
	if !strings.Contains(next, "Subject: Ferry runs late") {
		t.Errorf("the next edition:\n%s", next)
	}
	for _, link := range links(t, next) {
		if strings.Contains(link, "/u/") {
			do("leaving", chromedp.Navigate(link))
			break
		}
	}
	shows("Stop receiving Morning Wire?")
	press("main button")
	shows("You will not receive Morning Wire any more.")
	if got := c.readers(); got != "ana" {
		t.Errorf("readers %q after leaving", got)
	}
}
