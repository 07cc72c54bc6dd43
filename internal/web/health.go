// Package web is what digestd answers over HTTP: pages for readers, health and figures for the operator. It
// composes and sends nothing, and decides nothing about news.
package web

import (
	"fmt"
	"net/http"
	"sync"
	"time"

	"digestd/internal/report"
)

// healthKept is how long an answer of Health is given again: whoever asks often costs nothing.
const healthKept = 5 * time.Second

// Health answers 200 while all is well, and 503 when something needs a person. It says how many problems
// there are and not which: others may ask, too, and the operator has `digestd status`.
func Health(problems func() []report.Problem, now func() time.Time) http.Handler {
	h := &health{problems: problems, now: now}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "only GET and HEAD", http.StatusMethodNotAllowed)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		switch n := h.count(); n {
		case 0:
			fmt.Fprintln(w, "ok")
		case 1:
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprintln(w, "1 problem needs a person: digestd status tells which")
		default:
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprintf(w, "%d problems need a person: digestd status tells which\n", n)
		}
	})
}

// health remembers the last count for a while.
type health struct {
	problems func() []report.Problem
	now      func() time.Time

	mu    sync.Mutex
	asked time.Time
	last  int
}

func (h *health) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.now()
	if since := now.Sub(h.asked); h.asked.IsZero() || since < 0 || since >= healthKept {
		h.last, h.asked = len(h.problems()), now
	}
	return h.last
}
