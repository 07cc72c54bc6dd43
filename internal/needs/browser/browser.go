// Package browser is a tab of Chromium, for tests alone.
package browser

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"digestd/internal/needs"
)

// Tab is a browser's tab. What can't be done in it ends the test.
type Tab struct {
	T   *testing.T
	Ctx context.Context
}

// New opens a tab, or skips the test where Chromium is not asked for.
func New(t *testing.T, more ...chromedp.ExecAllocatorOption) Tab {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(needs.Chromium(t)), chromedp.UserDataDir(t.TempDir()))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium refuses to be root otherwise
	}
	ctx, stop := chromedp.NewExecAllocator(context.Background(), append(options, more...)...)
	t.Cleanup(stop)
	ctx, stopTab := chromedp.NewContext(ctx)
	b := Tab{t, ctx}
	b.Open("about:blank") // a browser that was never started is waited for in vain when it is stopped
	t.Cleanup(func() { chromedp.Cancel(ctx); stopTab() })
	return b
}

// Do does something in the tab.
func (b Tab) Do(action chromedp.Action[chromedp.Void]) {
	b.T.Helper()
	if err := chromedp.Do(b.Ctx, action); err != nil {
		b.T.Fatal(err)
	}
}

// Open shows the page at an address.
func (b Tab) Open(address string) {
	b.T.Helper()
	b.Do(chromedp.Navigate(address))
}

// Await waits until an expression is true in the page, which may be on its way to another one.
func (b Tab) Await(what, expression string) {
	b.T.Helper()
	const patience = 30 * time.Second
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		holds, err := chromedp.Run(b.Ctx, chromedp.Evaluate[bool](expression))
		if err == nil && holds {
			return
		}
		if time.Now().After(deadline) {
			body, _ := chromedp.Run(b.Ctx, chromedp.Evaluate[string]("document.body.innerText"))
			b.T.Fatalf("%s: %s is not so after %v: %v\n%s", what, expression, patience, err, body)
		}
	}
}
