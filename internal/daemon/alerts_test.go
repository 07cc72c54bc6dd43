package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"digestd/digest"
	"digestd/digest/schedule"
	"digestd/internal/ledger"
	"digestd/internal/ledger/store"
	"digestd/internal/ledger/store/bolt"
	"digestd/internal/ledger/store/storetest"
	"digestd/internal/newsroom/town"
	"digestd/internal/report"
	"digestd/mailer/smtp"
)

// watched is a town with a daemon that looks at its problems.
type watched struct {
	*town.Town
	rooms *Rooms
}

// watch gives a town a new watch, as a start of the daemon does.
func (w *watched) watch() *Alerts {
	w.rooms = &Rooms{Publisher: w.Publisher, Report: w.Report, Alerts: NewAlerts()}
	return w.rooms.Alerts
}

// logTo writes a log into a string.
func logTo(b *strings.Builder) *slog.Logger { return slog.New(slog.NewTextHandler(b, nil)) }

// operator is whom the alerts of a town go to.
type operator struct {
	mu       sync.Mutex
	messages []string
	beats    int
	deaf     error // of the command
}

// watch lets an operator hear of a town anew.
func (o *operator) watch(w *watched) {
	alerts := w.watch()
	alerts.Host = "mail.example.org"
	alerts.Run = func(_ context.Context, command, dir, message string) error {
		if command != "tell me" || dir != filepath.Dir(w.Config.Path) {
			w.T.Errorf("%q is run in %s", command, dir)
		}
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.deaf == nil {
			o.messages = append(o.messages, message)
		}
		return o.deaf
	}
	alerts.Fetch = func(_ context.Context, url, agent string) error {
		if url != "https://heartbeat.example.org/x" || !strings.Contains(agent, "digestd/") {
			w.T.Errorf("%q fetches %s", agent, url)
		}
		o.mu.Lock()
		defer o.mu.Unlock()
		o.beats++
		return nil
	}
}

const alerted = town.One + "[alerts]\ncommand = \"tell me\"\nheartbeat_url = \"https://heartbeat.example.org/x\"\n"

// look lets the daemon look at its problems once a minute for a while.
func (w *watched) look(d time.Duration) {
	w.T.Helper()
	for until := w.Now.Add(d); w.Now.Before(until); w.Now = w.Now.Add(alertEvery) {
		if err := w.rooms.alert(context.Background()); err != nil {
			w.T.Fatal(err)
		}
	}
}

// heard are the messages since the last time, each of which must hold these words.
func (o *operator) heard(t *testing.T, want ...string) {
	t.Helper()
	if len(o.messages) != len(want) {
		t.Errorf("the operator got %d messages, want %d: %q", len(o.messages), len(want), o.messages)
	}
	for i := range min(len(want), len(o.messages)) {
		if !strings.Contains(o.messages[i], want[i]) {
			t.Errorf("message %d is %q, want %q in it", i, o.messages[i], want[i])
		}
	}
	o.messages = nil
}

func newAlertedTown(t *testing.T) (*watched, *operator) {
	w, o := &watched{Town: town.New(t, alerted)}, &operator{}
	o.watch(w)
	w.Show("/herald", "Cranes move again in the harbour")
	w.Show("/gazette", "Court strikes down the river levy")
	w.Collect()
	return w, o
}

func TestAnOutageIsToldOnceAndItsEndOnce(t *testing.T) {
	w, o := newAlertedTown(t)
	w.look(5 * time.Minute)
	o.heard(t)
	if o.beats != 5 {
		t.Errorf("%d heartbeats in five minutes of peace", o.beats)
	}

	w.Down, o.beats = true, 0
	w.Send(false)
	w.look(10 * time.Minute)
	o.heard(t, "digestd on mail.example.org needs you: edition daily/Europe/Paris/2026-03-12T07:00 is paused: ")
	if o.beats != 0 {
		t.Errorf("%d heartbeats while a run is paused", o.beats)
	}

	// A restart knows what was told, and so does the next edition, which meets the same trouble.
	o.watch(w)
	w.look(10 * time.Minute)
	w.Now = town.Thursday.AddDate(0, 0, 1)
	w.Send(false)
	w.look(10 * time.Minute)
	o.heard(t)

	w.Down = false
	o.watch(w)
	w.Send(false)
	w.look(10 * time.Minute)
	o.heard(t, "well again")
	if o.beats == 0 {
		t.Error("no heartbeat when all is well again")
	}
	w.look(time.Hour)
	o.heard(t)
	if w.Received("ana@example.org") != 1 {
		t.Errorf("ana has %d mails", w.Received("ana@example.org"))
	}
}

// TestSeveralMachinesTellOnce lets three daemons look at the same outage at the same time: one tells, the same one says its end, and
// another one where it has died meanwhile.
func TestSeveralMachinesTellOnce(t *testing.T) {
	storetest.Shared(t, func(t *testing.T, open store.Opener) {
		w, o := &watched{Town: town.New(t, alerted)}, &operator{}
		w.Reopen(open)
		var all []*Rooms
		for i := range 3 {
			o.watch(w)
			p := w.Beside(open)
			p.Ledger.Senders.Call(fmt.Sprint("machine ", i))
			w.rooms.Publisher, w.rooms.Report.Ledger = p, report.Of(p.Ledger)
			all = append(all, w.rooms)
		}
		look := func(d time.Duration) {
			t.Helper()
			for until := w.Now.Add(d); w.Now.Before(until); w.Now = w.Now.Add(alertEvery) {
				var turns sync.WaitGroup
				for _, r := range all {
					turns.Go(func() {
						if _, err := r.Publisher.Ledger.Senders.Beat(t.Context(), ""); err != nil {
							t.Error(err)
						}
						if err := r.alert(t.Context()); err != nil {
							t.Error(err)
						}
					})
				}
				turns.Wait()
			}
		}
		for day, dies := range []bool{false, true} {
			w.Now, w.Down = town.OnDay(t, day, "06:30"), true
			w.Show("/herald", fmt.Sprintf("%s on day %d", []string{"Cranes move again in the harbour", "Ferry timetable changes"}[day], day))
			w.Collect()
			w.Send(false)
			look(5 * time.Minute)
			o.heard(t, "needs you: edition daily/Europe/Paris/2026-03-1"+fmt.Sprint(2+day))
			told, err := w.Ledger.Alerts()
			if err != nil || len(told) != 1 {
				t.Fatalf("%+v, %v", told, err)
			}
			if dies {
				all = slices.DeleteFunc(all, func(r *Rooms) bool {
					gone := r.Publisher.Ledger.Senders.By() == told[0].By
					if gone {
						r.Publisher.Ledger.Close()
					}
					return gone
				})
			}
			w.Down = false
			w.Send(false)
			look(10 * time.Minute)
			o.heard(t, "well again: edition daily/Europe/Paris/2026-03-1"+fmt.Sprint(2+day))
		}
		if len(all) != 2 {
			t.Errorf("%d machines are left", len(all))
		}
	})
}

func TestAnOperatorWhoCannotBeToldIsToldLater(t *testing.T) {
	w, o := newAlertedTown(t)
	w.Down = true
	w.Send(false)
	o.deaf = errors.New("exit status 1")
	if err := w.rooms.alert(t.Context()); !errors.Is(err, o.deaf) {
		t.Errorf("a failing command: %v", err)
	}
	untold := func() (words []string) {
		for _, p := range w.Report.Problems(w.rooms.Alerts.Known()) {
			if p.ID == report.UntoldID {
				words = append(words, p.Words)
			}
		}
		return words
	}
	if got := untold(); len(got) != 1 || !strings.Contains(got[0], "command of [alerts] fails, and you are told nothing: exit status 1") {
		t.Errorf("status says %q", got)
	}
	o.deaf = nil
	w.look(5 * time.Minute)
	o.heard(t, "needs you")
	if got := untold(); len(got) > 0 {
		t.Errorf("status says %q after the command went well", got)
	}
}

func TestAnEditionThatIsLateIsTold(t *testing.T) {
	w, o := newAlertedTown(t)
	w.Now = town.Thursday.Add(-25 * time.Minute) // five minutes after the slot
	w.Fail = func(string) *smtp.Reply {
		return &smtp.Reply{Stage: smtp.Rcpt, Code: 450, Words: "4.2.2 mailbox full"}
	}
	w.Send(false)
	w.look(50 * time.Minute)
	o.heard(t)
	w.look(20 * time.Minute)
	o.heard(t, "edition daily/Europe/Paris/2026-03-12T07:00 still owes 2 of its 2 deliveries, 1h")
	w.Fail = nil
	w.Now = w.Now.Add(3 * time.Hour)
	w.Send(false)
	w.look(10 * time.Minute)
	o.heard(t, "well again")
}

// One full mailbox is no reason to call anybody, however long it is full.
func TestAFullMailboxIsNotTold(t *testing.T) {
	w, o := newAlertedTown(t)
	w.Fail = func(to string) *smtp.Reply {
		if to == "ana@example.org" {
			return &smtp.Reply{Stage: smtp.Rcpt, Code: 450, Words: "4.2.2 mailbox full"}
		}
		return nil
	}
	w.Send(false)
	w.look(3 * time.Hour)
	o.heard(t)
	if problems := w.Report.Problems(report.Known{}); len(problems) > 0 {
		t.Errorf("needs a person: %v", problems)
	}
}

// An edition that comes late, after a day off or by hand, is on its way and needs nobody.
func TestAnEditionOnItsWayIsNotLate(t *testing.T) {
	w, o := newAlertedTown(t)
	w.Now = town.Thursday.Add(4 * time.Hour)
	w.Fail = func(string) *smtp.Reply {
		if problems := w.Report.Problems(report.Known{}); len(problems) > 0 {
			t.Errorf("in the middle of a run: %v", problems)
		}
		return nil
	}
	w.Send(false)
	w.look(5 * time.Minute)
	o.heard(t)
	if w.Received("ana@example.org") != 1 {
		t.Error("ana got nothing")
	}
}

// A run that is paused says nothing of whether its edition is late: it was, and is so again after the outage.
func TestAnOutageHidesThatAnEditionIsLate(t *testing.T) {
	w, o := newAlertedTown(t)
	w.Fail = func(to string) *smtp.Reply {
		return &smtp.Reply{Stage: smtp.Rcpt, Code: 450, Words: "4.2.2 mailbox full"}
	}
	w.Send(false)
	w.look(time.Hour)
	o.heard(t, "still owes 2 of its 2 deliveries")
	w.Down = true
	w.Now = w.Now.Add(3 * time.Hour)
	w.Send(false)
	w.look(time.Hour)
	o.heard(t, "is paused")
	w.Down = false
	w.Now = w.Now.Add(3 * time.Hour)
	w.Send(false)
	w.look(time.Hour)
	o.heard(t, "well again: edition daily/Europe/Paris/2026-03-12T07:00 is paused")
}

func TestAnEditionThatCannotBeComposedIsTold(t *testing.T) {
	w, o := newAlertedTown(t)
	lane := digest.Lane{Digest: "daily", Zone: "Europe/Paris"}
	slot := schedule.Slot{Wall: "2026-03-12T07:00", At: town.Thursday.Add(-30 * time.Minute)}
	broken := errors.New("render: template: digest.html.tmpl:3: no such field")
	w.rooms.Alerts.published(lane, slot, false, broken)
	w.look(20 * time.Minute)
	o.heard(t)
	w.look(20 * time.Minute)
	o.heard(t, "edition daily/Europe/Paris/2026-03-12T07:00 is not composed, 1h1m after its slot: "+broken.Error())
	if st, err := w.Report.Status(w.rooms.Alerts.Known()); err != nil || len(st.Problems) != 1 {
		t.Errorf("status: %v, %v", st.Problems, err)
	}
	w.rooms.Alerts.published(lane, slot, true, nil)
	w.look(5 * time.Minute)
	o.heard(t, "well again")
}

func TestASilentFeedIsTold(t *testing.T) {
	w, o := newAlertedTown(t)
	w.Hide("/gazette")
	for range 4 {
		w.look(3 * time.Minute)
		o.heard(t)
		w.Now = w.Now.Add(24 * time.Hour)
		w.Collect()
	}
	w.look(3 * time.Minute)
	o.heard(t, "/gazette has not answered since 2026-03-13: ")
	w.Show("/gazette", "Court strikes down the river levy")
	w.Collect()
	w.look(5 * time.Minute)
	o.heard(t, "well again: feed ")
}

func TestAFullDiskPausesBeforeTheFirstMessage(t *testing.T) {
	w, o := newAlertedTown(t)
	room := uint64(1 << 40)
	w.Reopen(bolt.At(w.Config.Ledger.Path, bolt.Options{Room: func() (uint64, error) { return room, nil }}))
	w.Collect()
	o.watch(w)
	room = 1 << 20
	got := w.Send(false)
	if s := got[0].Delivery; s.Paused == "" || s.Pending != 2 || w.Received("ana@example.org") != 0 {
		t.Fatalf("on a full disk: %+v", s)
	}
	w.look(5 * time.Minute)
	o.heard(t, "needs you")
	room = 1 << 40
	if got := w.Send(false); got[0].Delivery.Sent != 2 {
		t.Fatalf("with room again: %+v", got[0])
	}
	w.look(5 * time.Minute)
	o.heard(t, "well again")
}

func TestAlertMessage(t *testing.T) {
	began := []ledger.Alert{{ID: "paused", Words: "edition a is paused: no route to host\nedition b is paused: no route to host"}, {ID: "feed x", Words: "feed x has not answered"}}
	got := alertMessage("Morning Wire", "mail.example.org", town.Thursday, began, []ledger.Alert{{ID: "ledger", Words: "the disk is full"}},
		[]ledger.Alert{{ID: "late d", Words: "edition d still owes 1"}})
	want := "digestd on mail.example.org needs you: edition a is paused: no route to host (and 1 more)\n" +
		"\nMorning Wire, Thursday 12 March 2026, 06:30 UTC\n" +
		"\nWhat began:\n- edition a is paused: no route to host\n- edition b is paused: no route to host\n- feed x has not answered\n" +
		"\nWhat is well again:\n- the disk is full\n" +
		"\nWhat is still so:\n- edition d still owes 1\n" +
		"\n`digestd status` shows how it is now. There is one message when a problem begins, and one when it is well again.\n"
	if got != want {
		t.Errorf("message\n%s\nwant\n%s", got, want)
	}
}
func TestHeartbeat(t *testing.T) {
	var agents []string
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		agents = append(agents, r.Method+" "+r.UserAgent())
		rw.WriteHeader(status)
	}))
	defer server.Close()
	w := &watched{Town: town.New(t, town.One)}
	w.Config.Alerts.HeartbeatURL = server.URL + "/secret"
	w.watch()
	said := &strings.Builder{}
	w.Publisher.Log = logTo(said)
	for i := range 5 {
		if i == 1 {
			status = http.StatusInternalServerError
		}
		if i == 3 {
			server.Close()
		}
		w.look(alertEvery)
	}
	if want := "GET " + w.Config.Collect.UserAgent; len(agents) != 3 || agents[0] != want {
		t.Errorf("fetched by %q, want %q", agents, want)
	}
	if n := strings.Count(said.String(), "heartbeat_url can't be fetched"); n != 1 || strings.Contains(said.String(), "secret") {
		t.Errorf("logged %q", said)
	}
}

// What happens while nobody listens on [alerts] is in the log, once.
func TestProblemsAreLogged(t *testing.T) {
	w := &watched{Town: town.New(t, town.One)}
	w.watch()
	said := &strings.Builder{}
	w.Publisher.Log = logTo(said)
	w.Show("/herald", "Cranes move again in the harbour")
	w.Collect()
	w.Down = true
	w.Send(false)
	w.look(5 * time.Minute)
	w.Down = false
	w.Send(false)
	w.look(5 * time.Minute)
	for _, words := range []string{"needs a person", "well again"} {
		if n := strings.Count(said.String(), fmt.Sprintf("msg=%q", words)); n != 1 {
			t.Errorf("%q is logged %d times: %s", words, n, said)
		}
	}
}

// A mailbox that can't be read is told once it is so for half an hour, and its end too.
func TestAnUnreadMailboxIsTold(t *testing.T) {
	w, o := newAlertedTown(t)
	w.rooms.Alerts.read(errors.New("the server does not let us in"), w.Now)
	w.look(29 * time.Minute)
	w.rooms.Alerts.read(errors.New("the server does not let us in"), w.Now)
	o.heard(t)
	w.look(5 * time.Minute)
	o.heard(t, "bounces and requests to leave have not been read for 31m: the server does not let us in")
	w.rooms.Alerts.read(nil, w.Now)
	w.look(5 * time.Minute)
	o.heard(t, "well again")
}

// A test says to be one, and clears what an earlier failure left.
func TestATestIsToldAsOne(t *testing.T) {
	w, o := newAlertedTown(t)
	o.deaf = errors.New("exit status 1")
	if err := w.rooms.Alerts.Test(t.Context(), w.Config, w.Now); !errors.Is(err, o.deaf) || w.rooms.Alerts.Known().Untold == nil {
		t.Errorf("a failing command: %v", err)
	}
	o.deaf = nil
	if err := w.rooms.Alerts.Test(t.Context(), w.Config, w.Now); err != nil || w.rooms.Alerts.Known().Untold != nil {
		t.Error(err)
	}
	o.heard(t, "digestd on mail.example.org: a test")
}
