package web

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.yaml.in/yaml/v3"

	"digestd/digest"
	"digestd/internal/report"
)

var noon = time.Date(2026, 3, 12, 12, 0, 0, 0, time.UTC)

func figures() (report.Figures, error) {
	return report.Figures{
		Feeds: map[string]int{"well": 14, "failing": 1}, Items: 812, Editions: map[string]int{"complete": 30, "open": 1}, Paused: 1,
		Delivered: map[string]int{"sent": 200, "in doubt": 1, "nothing in your topics": 3}, Problems: 2, Bytes: 4 << 20, LastWrite: noon,
		Lanes: []report.LaneFigures{
			{Lane: digest.Lane{Digest: "daily", Zone: "Europe/Paris"}, Next: noon.Add(18 * time.Hour), Last: noon.Add(-6 * time.Hour),
				Delay: 2 * time.Second, Deliveries: map[string]int{"sent": 100, "deferred": 2}},
			{Lane: digest.Lane{Digest: "daily", Zone: "Asia/Tokyo"}, Lag: 90 * time.Minute},
		},
	}, nil
}

func get(t *testing.T, h http.Handler) (status int, body string) {
	t.Helper()
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/", nil))
	raw, err := io.ReadAll(rec.Body)
	if err != nil {
		t.Fatal(err)
	}
	return rec.Code, string(raw)
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	status, body := get(t, Metrics("1.2.3", figures))
	if status != http.StatusOK {
		t.Fatalf("status %d: %s", status, body)
	}
	for _, line := range []string{
		`digestd_build_info{version="1.2.3"} 1`,
		`digestd_feeds{state="well"} 14`,
		`digestd_feeds{state="gone"} 0`,
		`digestd_items_total 812`,
		`digestd_editions{state="open"} 1`,
		`digestd_editions_paused 1`,
		`digestd_deliveries_total{outcome="sent"} 200`,
		`digestd_deliveries_total{outcome="in_doubt"} 1`,
		`digestd_deliveries_total{outcome="nothing"} 3`,
		`digestd_problems 2`,
		`digestd_ledger_bytes 4.194304e+06`,
		`digestd_last_edition_deliveries{digest="daily",state="deferred",zone="Europe/Paris"} 2`,
		`digestd_last_edition_delay_seconds{digest="daily",zone="Europe/Paris"} 2`,
		`digestd_slot_lag_seconds{digest="daily",zone="Asia/Tokyo"} 5400`,
		`digestd_slot_lag_seconds{digest="daily",zone="Europe/Paris"} 0`,
		`digestd_next_slot_timestamp_seconds{digest="daily",zone="Europe/Paris"} 1.7733816e+09`,
		`digestd_last_slot_timestamp_seconds{digest="daily",zone="Europe/Paris"} 1.7732952e+09`,
	} {
		if !strings.Contains(body, "\n"+line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
	for _, name := range []string{"go_goroutines", "process_open_fds"} {
		if !strings.Contains(body, "\n"+name+" ") {
			t.Errorf("no %s: what the process takes is not told", name)
		}
	}
	problems, err := testutil.CollectAndLint(newFiguresCollector("1.2.3", figures))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	if t.Failed() {
		t.Log(body)
	}
}

func TestMetricsOfALedgerThatCannotBeRead(t *testing.T) {
	t.Parallel()
	status, body := get(t, Metrics("1.2.3", func() (report.Figures, error) { return report.Figures{}, errors.New("input/output error") }))
	if status != http.StatusInternalServerError || !strings.Contains(body, "input/output error") {
		t.Errorf("status %d: %s", status, body)
	}
}

// The example rules must ask for what there is.
func TestExampleRulesKnowTheMetrics(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../packaging/prometheus-alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []struct {
			Name  string `yaml:"name"`
			Rules []struct {
				Alert       string            `yaml:"alert"`
				Expr        string            `yaml:"expr"`
				For         string            `yaml:"for"`
				Labels      map[string]string `yaml:"labels"`
				Annotations map[string]string `yaml:"annotations"`
			} `yaml:"rules"`
		} `yaml:"groups"`
	}
	in := yaml.NewDecoder(strings.NewReader(string(raw)))
	in.KnownFields(true)
	if err := in.Decode(&file); err != nil {
		t.Fatal(err)
	}
	_, body := get(t, Metrics("1.2.3", figures))
	metric := regexp.MustCompile(`digestd_\w+`)
	state := regexp.MustCompile(`state=~?"([^"]+)"`)
	states := []string{"well", "failing", "gone", "unread", "failed", "expired", "held", "sent", "deferred"}
	rules := 0
	for _, group := range file.Groups {
		for _, rule := range group.Rules {
			rules++
			for _, name := range metric.FindAllString(rule.Expr, -1) {
				if !strings.Contains(body, "# TYPE "+name+" ") {
					t.Errorf("%s asks for %s, which does not exist", rule.Alert, name)
				}
			}
			for _, m := range state.FindAllStringSubmatch(rule.Expr, -1) {
				for s := range strings.SplitSeq(m[1], "|") {
					if !slices.Contains(states, s) {
						t.Errorf("%s asks for the state %s, which does not exist", rule.Alert, s)
					}
				}
			}
			if rule.Annotations["summary"] == "" || rule.Labels["severity"] == "" {
				t.Errorf("%s has no summary or no severity", rule.Alert)
			}
		}
	}
	if rules < 5 {
		t.Errorf("%d rules", rules)
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	var problems []report.Problem
	asked, now := 0, noon
	h := Health(func() []report.Problem { asked++; return problems }, func() time.Time { return now })
	secret := report.Problem{ID: "feed x", Words: "feed https://example.org/secret has not answered"}
	for _, step := range []struct {
		problems []report.Problem
		later    time.Duration
		status   int
		body     string
	}{
		{nil, 0, http.StatusOK, "ok\n"},
		{[]report.Problem{secret}, time.Second, http.StatusOK, "ok\n"}, // still the answer of before
		{[]report.Problem{secret}, healthKept, http.StatusServiceUnavailable, "1 problem needs a person: digestd status tells which\n"},
		{[]report.Problem{secret, secret}, healthKept, http.StatusServiceUnavailable, "2 problems need a person: digestd status tells which\n"},
		{nil, -time.Hour, http.StatusOK, "ok\n"}, // the clock was set back
	} {
		problems, now = step.problems, now.Add(step.later)
		if status, body := get(t, h); status != step.status || body != step.body {
			t.Errorf("%d problems: %d %q, want %d %q", len(step.problems), status, body, step.status, step.body)
		}
	}
	if asked != 4 {
		t.Errorf("asked %d times", asked)
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/healthz", nil))
	if rec.Code != http.StatusMethodNotAllowed || rec.Header().Get("Allow") == "" {
		t.Errorf("POST: %d, Allow %q", rec.Code, rec.Header().Get("Allow"))
	}
}

// TestFiguresHaveAnAddressOfTheirOwn: readers find neither health nor figures beside their pages.
func TestFiguresHaveAnAddressOfTheirOwn(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	at, err := ListenForFigures("127.0.0.1:0", map[string]http.Handler{"/metrics": Metrics("1", figures)}, d.server.log)
	if err != nil {
		t.Fatal(err)
	}
	defer at.Close()
	for address, status := range map[string]int{
		"http://" + at.Addr().String() + "/metrics":           http.StatusOK,
		"http://" + at.Addr().String() + "/u/" + d.token(ana): http.StatusNotFound,
		"http://" + d.listen().Addr().String() + "/metrics":   http.StatusNotFound,
	} {
		answer, err := http.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != status {
			t.Errorf("%s: status %d, want %d", address, answer.StatusCode, status)
		}
	}
}
