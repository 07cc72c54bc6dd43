package digest

import (
	"slices"
	"strconv"
	"strings"
)

// Own are the parts of a variant of which one reader sees the opposite of what others do, ascending.
type Own []Part

// ReadOwn reads Recipient.Own.
func ReadOwn(s string) (own Own) {
	for number := range strings.SplitSeq(s, ",") {
		if n, err := strconv.Atoi(number); err == nil {
			own = append(own, Part(n))
		}
	}
	return own
}

// String is what ReadOwn reads.
func (o Own) String() string {
	parts := make([]string, len(o))
	for i, p := range o {
		parts[i] = strconv.Itoa(int(p))
	}
	return strings.Join(parts, ",")
}

// Seen reports whether a reader sees the part.
func (p Part) Seen(own Own) bool { return p == 0 || p%2 == 1 != slices.Contains(own, p) }
