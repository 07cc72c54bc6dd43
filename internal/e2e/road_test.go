//go:build linux

package e2e

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestTheRoadOfAReader is the whole of it in a browser: somebody comes by the archive, signs up, confirms by a mail that
// Postfix brought, gets the next edition, sees its page, has a feed reader see it too, and leaves.
func TestTheRoadOfAReader(t *testing.T) {
	b := newTab(t)
	rig := Start(t, 2)
	stand := newNewsstand(t)
	pier := entry{"The pier holds", "https://example.org/pier", "It was tested in the night."}
	crane := entry{"Harbour crane is listed as a monument", "https://example.org/crane", "It has not moved since 1961."}
	mill := entry{"The mill grinds again", "https://example.org/mill", "The wheel is of oak."}
	stand.put("/harbour", feed("Harbour News", pier))

	listen := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	home := rig.proxy(t, listen) + "/wire"
	config := newsletter(stand, []string{"/harbour", "/harbour"}) + "archive = true\n" + rig.smtpConfig(t, "starttls") + readers(1) +
		fmt.Sprintf("\n[web]\nlisten = %q\nbase_url = %q\nsign_up = true\n", listen, home)
	config = strings.Replace(config, `"0 7 * * *"`, fmt.Sprintf(`"0 %d * * *"`, hourFarAway(t)), 1)
	here := newSite(t, config)
	here.runDaemon(t)
	send := func(sent int, args ...string) {
		t.Helper()
		if got := here.run(t, 0, append([]string{"send", "daily"}, args...)...); got.Sent != sent {
			t.Fatalf("%+v, want %d mails", got, sent)
		}
		rig.Settle(t)
	}
	arrived := func(n int) message {
		t.Helper()
		await(t, fmt.Sprintf("mail %d of the new reader", n), func() bool { return len(rig.Mailbox(t, Reader(2))) >= n })
		return read(t, rig.Mailbox(t, Reader(2))[n-1])
	}
	heading := func(words string) {
		t.Helper()
		b.Await(words, fmt.Sprintf(`document.querySelector("h1").textContent === %q`, words))
	}
	send(1)

	b.Do(chromedp.Navigate(home + "/"))
	b.Await("the edition on the front", fmt.Sprintf(`document.querySelector("main").innerText.includes(%q)`, pier.title))
	b.click(`a[href$="subscribe"]`)
	heading("Subscribe to Morning Wire")
	b.Await("the field that machines fill in, where nobody sees it",
		`(r => r.right < 0 || r.left > innerWidth)(document.getElementById("trap").getBoundingClientRect())`)
	b.Do(chromedp.SendKeys("#email", Reader(2)+"\r"))
	heading("Look into your mailbox")
	b.open(arrived(1))
	b.click(fmt.Sprintf(`a[href^=%q]`, home+"/confirm/"))
	heading("Do you want to receive Morning Wire?")
	b.click("button.large")
	heading("You are subscribed to Morning Wire.")

	stand.put("/harbour", feed("Harbour News", crane, pier))
	send(2, "--extra")
	next := arrived(2)
	if told := next.told(home); !slices.Equal(told, []string{crane.link}) {
		t.Errorf("the first edition of the new reader tells of %q:\n%s", told, next.text)
	}
	b.open(next)
	b.click(fmt.Sprintf(`a[href^=%q]`, home+"/daily/"))
	b.Await("the edition's page", fmt.Sprintf(`location.href.startsWith(%q) && document.querySelector("main").innerText.includes(%q)`, home+"/daily/", crane.title))
	for _, kind := range []string{"xml", "json"} {
		var read json.RawMessage
		here.decode(t, 0, &read, "feeds", "read", "http://"+listen+"/daily/feed."+kind)
		if n := strings.Count(string(read), home+"/daily/"); n < 2 || !strings.Contains(string(read), crane.title) {
			t.Errorf("feed.%s leads to %d pages:\n%s", kind, n, read)
		}
	}

	b.open(next)
	b.click(fmt.Sprintf(`a[href^=%q]`, home+"/u/"))
	heading("Stop receiving Morning Wire?")
	b.click("main button")
	heading("You will not receive Morning Wire any more.")
	stand.put("/harbour", feed("Harbour News", mill, crane, pier))
	send(1, "--extra")
	if n := len(rig.Mailbox(t, Reader(2))); n != 2 {
		t.Errorf("who left has %d mails, want 2", n)
	}
}
