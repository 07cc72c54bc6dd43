package inbound

import (
	"regexp"
	"strings"

	"digestd/subscribers"
)

// maxTokens of one message are kept: a real one has two or three, and each costs a look into the ledger.
const maxTokens = 16

var (
	idToken     = regexp.MustCompile(`(?:^|[^0-9A-Za-z.+_=-])([0-9a-vA-V]{26})@`) // left side of a Message-ID
	bounceToken = regexp.MustCompile(`\+([0-9a-vA-V]{26})@`)                      // tag of a reverse path
	linkToken   = regexp.MustCompile(`(?:^|[^A-Za-z0-9_-])([A-Za-z0-9_-]{22})(?:[^A-Za-z0-9_-]|$)`)
	// leaving is how the subject of List-Unsubscribe's mailto begins, whatever a mail program put before it.
	leaving = regexp.MustCompile(`(?i)^\s*(?:(?:re|fwd?|aw|wg|tr|rv|sv|vs)\s*:\s*)*unsubscribe(?:$|[^\pL-])`)
)

// arrival are the fields that say to which address a message came.
var arrival = map[string]bool{"to": true, "cc": true, "delivered-to": true, "x-original-to": true, "envelope-to": true,
	"x-envelope-to": true, "x-delivered-to": true, "apparently-to": true, "received": true}

// asksToLeave reports whether a subject is that of a mailto unsubscribe.
func asksToLeave(subject string) bool { return leaving.MatchString(subject) }

// tokens finds what may be tokens of ours. Mail systems return them in the header of the message that came
// back, or quote it as text, or put it into In-Reply-To and References.
func tokens(m *part, c *content, subject string) (found []Token) {
	seen := map[Token]bool{}
	take := func(pattern *regexp.Regexp, text string, p subscribers.Purpose, arrived bool) {
		for _, match := range pattern.FindAllStringSubmatch(text, maxTokens) {
			t := Token{Text: match[1], Purpose: p, Arrived: arrived}
			if p != subscribers.ForUnsubscribe { // some mail systems change the case of addresses
				t.Text = strings.ToLower(t.Text)
			}
			if !seen[t] && len(found) < maxTokens {
				seen[t] = true
				found = append(found, t)
			}
		}
	}
	if asksToLeave(subject) {
		take(linkToken, subject, subscribers.ForUnsubscribe, true)
	}
	for _, f := range m.header {
		if arrival[f.name] {
			take(bounceToken, f.value, subscribers.ForBounce, true)
		}
		if f.name == "in-reply-to" || f.name == "references" {
			take(idToken, f.value, subscribers.ForMessageID, false)
		}
	}
	parts := append(append([]*part{}, c.returned...), c.texts...)
	for _, p := range append(parts, c.status, c.feedback, c.disposition) {
		if p == nil {
			continue
		}
		text := string(p.content())
		take(idToken, text, subscribers.ForMessageID, false)
		take(bounceToken, text, subscribers.ForBounce, false)
	}
	return found
}
