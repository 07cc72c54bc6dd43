//go:build linux

package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestTheDeskInABrowser is an editor's morning: a test copy asks for an approval, and the page of the desk, beside the
// daemon that holds the ledger, drops the lead, puts a note on top, shows what somebody else orders meanwhile, and
// approves by the keyboard. Then the readers have it.
func TestTheDeskInABrowser(t *testing.T) {
	stand, inboxes := newNewsstand(t), newSink(t)
	b := newTab(t)
	config := newsletter(stand, ownFeeds(stand, 4)) + overSink(inboxes) + readers(2)
	config = strings.Replace(config, `schedule = "0 7 * * *"`,
		fmt.Sprintf("schedule = \"0 %d * * *\"\napprove = \"hold\"\neditor = \"editor@example.org\"", hourFarAway(t)), 1)
	here := newSite(t, config)
	sent := here.run(t, 0, "send", "daily")
	if sent.Sent != 0 {
		t.Fatalf("what nobody approved went to %d", sent.Sent)
	}
	mails, _ := inboxes.received()
	if len(mails) != 1 || len(mails["editor@example.org"]) == 0 {
		t.Fatalf("mails to %d addresses, and should be to the editor alone", len(mails))
	}
	copied := read(t, mails["editor@example.org"][0])
	if !strings.Contains(copied.text, "http://127.0.0.1:8025/?digest=daily") || !strings.Contains(copied.text, "goes only when you approve it") {
		t.Errorf("the test copy does not lead to the desk:\n%s", copied.text)
	}
	here.runDaemon(t)
	home, stop := here.servePreview(t, "daily", "--listen", "127.0.0.1:0")
	defer stop()

	const inMail = `(document.getElementById("mail")?.contentDocument?.body?.innerText ?? "")`
	title := func(i int) string {
		t.Helper()
		s, err := chromedp.Run(b.Ctx, chromedp.Evaluate[string](fmt.Sprintf(`document.querySelectorAll(".stories li p:first-child")[%d].innerText`, i)))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	b.Do(chromedp.Navigate(home + "?digest=daily"))
	b.Await("the desk", `document.getElementById("line").textContent === "Follows edits" && document.querySelectorAll(".stories li").length > 5`)
	dropped, third := title(0), title(2)

	b.click("#drop-0")
	b.Await("the lead is left out", fmt.Sprintf(`document.querySelector(".ordered").innerText.includes(%q) && !%s.includes(%[1]q) && %[2]s.length > 100`, dropped, inMail))

	// somebody else, at a shell, while a note is being written
	b.Do(chromedp.Evaluate[chromedp.Void](`document.getElementById("note").focus()`))
	b.Do(chromedp.SendKeys(chromedp.CSS("#note"), "**Good morning.** The <b>boats</b>"))
	link, err := chromedp.Run(b.Ctx, chromedp.Evaluate[string](fmt.Sprintf(`[...document.querySelectorAll(".stories a")].find(a => a.innerText === %q).href`, third)))
	if err != nil {
		t.Fatal(err)
	}
	here.run(t, 0, "desk", "daily", "--lead", link)
	b.Await("what another person orders", fmt.Sprintf(`document.querySelector(".ordered").innerText.includes("Leads %s")`, third))
	b.Await("the note as it was typed, with the cursor in it",
		`document.getElementById("note").value === "**Good morning.** The <b>boats</b>" && document.activeElement.id === "note"`)
	b.Do(chromedp.SendKeys(chromedp.CSS("#note"), " wait."))
	b.click("#put-note")
	b.Await("the note on top", fmt.Sprintf(`%s.includes("Good morning. The <b>boats</b> wait.")`, inMail))

	// by the keyboard alone
	b.Await("a button", `document.querySelector(".go") !== null`)
	b.Do(chromedp.Evaluate[chromedp.Void](`document.querySelector(".go").focus()`))
	b.Do(chromedp.KeyEvent(kb.Enter))
	await(t, "the readers' mails", func() bool {
		mails, _ = inboxes.received()
		return len(mails[Reader(1)]) > 0 && len(mails[Reader(2)]) > 0
	})
	for n := 1; n <= 2; n++ {
		m := read(t, mails[Reader(n)][0])
		if len(mails[Reader(n)]) != 1 || strings.Contains(m.text, dropped) || !strings.Contains(unwrapped(m.text), "Good morning. The <b>boats</b> wait.") ||
			!strings.Contains(m.html, "<strong>Good morning.</strong> The &lt;b&gt;boats&lt;/b&gt; wait.") || !strings.HasPrefix(decodeWords(t, m.header.Get("Subject")), third) {
			t.Errorf("reader %d has %d mails, the last of which is\n%s", n, len(mails[Reader(n)]), m.text)
		}
	}
	b.Await("the desk is clear again", `document.querySelector(".ordered") === null && document.querySelector(".go") === null && document.getElementById("note").value === ""`)
}
