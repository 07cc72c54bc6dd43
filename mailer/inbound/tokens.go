package inbound

import (
	"slices"
	"strings"

	"digestd/internal/lazyregexp"
	"digestd/subscribers"
)

// maxTokens of one message are kept: a real one has two or three, and each costs a look into the ledger.
const maxTokens = 16

// sideLength is how long a token is that stands before an @.
const sideLength = 26

var (
	// leaving is how the subject of List-Unsubscribe's mailto begins, whatever a mail program put before it.
	leaving = lazyregexp.New(`(?i)^\s*(?:(?:re|fwd?|aw|wg|tr|rv|sv|vs)\s*:\s*)*unsubscribe(?:$|[^\pL-])`)
	// linkOut is a link of List-Unsubscribe, or one in the mail, up to its token.
	linkOut = lazyregexp.New(`(?:/[up]/|unsubscribe(?:%20|=20| ))(?:=\r?\n)?([A-Za-z0-9_-]+)`)
)

// isArrival reports whether a field says to which address a message came.
func isArrival(name string) bool {
	switch name {
	case "to", "cc", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-delivered-to", "apparently-to",
		"received":
		return true
	}
	return false
}

// asksToLeave reports whether a subject is that of a mailto unsubscribe.
func asksToLeave(subject string) bool { return leaving.MatchString(subject) }

// tokenBefore is the token that ends at an @ of text, the left side of a Message-ID or the tag of a reverse path. It
// looks back from the @: a message that comes back whole may have megabytes.
func tokenBefore(text []byte, at int) (token string, p subscribers.Purpose, ok bool) {
	start := at - sideLength
	if start < 0 {
		return "", p, false
	}
	for _, c := range text[start:at] {
		if !('0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'v') {
			return "", p, false
		}
	}
	p = subscribers.ForMessageID
	if start > 0 {
		switch c := text[start-1]; {
		case c == '+':
			p = subscribers.ForBounce
		case isAlphanumeric(c), strings.IndexByte("._=-", c) >= 0:
			return "", p, false
		}
	}
	return strings.ToLower(string(text[start:at])), p, true // some mail systems change the case of addresses
}

func isAlphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}

// tokens finds what may be tokens of ours. Mail systems return them in the header of the message that came
// back, or quote it as text, or put it into In-Reply-To and References. asked are those by which somebody leaves.
func tokens(m *part, c *content, asked []string) (found []Token) {
	seen := map[Token]bool{}
	take := func(t Token) {
		if !seen[t] && len(found) < maxTokens {
			seen[t] = true
			found = append(found, t)
		}
	}
	links := func(text []byte) {
		for _, match := range linkOut.FindAllSubmatch(text, -1) {
			if len(match[1]) == subscribers.TokenLen {
				take(Token{Text: string(match[1]), Purpose: subscribers.ForUnsubscribe})
			}
		}
	}
	scan := func(text []byte, wanted []subscribers.Purpose, arrived bool) {
		for at, c := range text {
			if c != '@' {
				continue
			}
			if token, p, ok := tokenBefore(text, at); ok && slices.Contains(wanted, p) {
				take(Token{Text: token, Purpose: p, Arrived: arrived})
			}
		}
	}
	for _, token := range asked {
		take(Token{Text: token, Purpose: subscribers.ForUnsubscribe, Arrived: true})
	}
	ids, tags := []subscribers.Purpose{subscribers.ForMessageID}, []subscribers.Purpose{subscribers.ForBounce}
	for _, f := range m.header {
		if isArrival(f.name) {
			scan([]byte(f.value), tags, true)
		}
		if f.name == "in-reply-to" || f.name == "references" {
			scan([]byte(f.value), ids, false)
		}
	}
	parts := append(append([]*part{}, c.returned...), c.texts...)
	for _, p := range append(parts, c.status, c.feedback, c.disposition) {
		if p != nil {
			scan(p.content(), append(ids, tags...), false)
		}
	}
	// the links last, of which a mail has many: relays replace the Message-ID, and none of them
	for _, p := range parts {
		if p != nil {
			links(p.content())
		}
	}
	return found
}
