package mailer

import (
	"fmt"
	"log/slog"
	"time"
)

// domains is what a run learns of the domains that it sends to: which of them refuse everybody while others don't. The
// run's mutex guards it.
type domains struct {
	pace *pace
	log  *slog.Logger

	underWay map[string]int    // messages under way, by domain
	blamed   map[string]int    // refusals by domain, since the domain last took something
	doubted  string            // the domain about which a message to another one is to tell; empty: none
	cleared  bool              // a message to another domain was refused as well, since the server last took something
	proven   map[string]int    // how often a message to another domain was taken, by the doubted one
	aside    map[string]string // why nothing more goes to a domain in this run: it refuses everybody while others don't
}

func newDomains(p *pace, log *slog.Logger) domains {
	return domains{pace: p, log: log, underWay: map[string]int{}, blamed: map[string]int{}, proven: map[string]int{},
		aside: map[string]string{}}
}

// doubt lets the next message go to another domain, at once. Nothing else begins before its answer, which tells whether
// a refusal is the server's or that domain's. doubt reports false when there is no such message, or when the answer is
// known.
func (d *domains) doubt(q *queue, now time.Time, domain string, o Outcome) bool {
	if d.cleared {
		return false
	}
	if !q.hasOther(now, map[string]bool{domain: true}) {
		return d.others(domain) // which are under way, and will tell
	}
	d.doubted = domain
	d.pace.probe(now, o.String())
	return true
}

// noteUnderWay notes that a message to a domain is under way, or is no longer.
func (d *domains) noteUnderWay(domain string, n int) {
	if d.underWay[domain] += n; d.underWay[domain] == 0 {
		delete(d.underWay, domain)
	}
}

// others reports whether messages to other domains are under way.
func (d *domains) others(domain string) bool {
	return len(d.underWay) > 1 || len(d.underWay) == 1 && d.underWay[domain] == 0
}

// opened notes that a try was answered: sent tells that it was taken.
func (d *domains) opened(sent bool) {
	domain := d.doubted
	d.doubted, d.cleared = "", false
	if domain == "" || !sent {
		return
	}
	if d.proven[domain]++; d.proven[domain] > 1 || d.blamed[domain] >= refusalsInARow {
		d.blamed[domain] = max(d.blamed[domain], refusalsInARow)
		d.setAside(domain, d.pace.reason())
	}
}

// setAside lets nothing go to a domain any more in this run, if it has refused too many while others took some.
func (d *domains) setAside(domain, words string) {
	if d.blamed[domain] < refusalsInARow || d.aside[domain] != "" {
		return
	}
	d.aside[domain] = fmt.Sprintf("not tried: %s refuses everybody, the last at %s", domain, words)
	d.log.Warn("a domain refuses all of its readers; the others go on", "domain", domain, "words", words)
}

// avoid are the domains to which a message that tries should not go: not to those of closed mailboxes in the row
// either.
func (d *domains) avoid(probing bool, row []refused) map[string]bool {
	if d.doubted == "" && len(d.blamed) == 0 && len(row) == 0 {
		return nil
	}
	all := map[string]bool{}
	for _, x := range row {
		if isClosed(x) {
			all[domainOf(x.to.Email)] = true
		}
	}
	if d.doubted != "" {
		all[d.doubted] = true
	}
	for domain := range d.blamed {
		all[domain] = all[domain] || probing
	}
	return all
}
