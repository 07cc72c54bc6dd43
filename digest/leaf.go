package digest

import (
	"strconv"
	"strings"
	"time"
)

// Leaf is what of an edition is public, in the frame of one language, as it was rendered when the edition was composed:
// all topics, and nothing of a reader. What stands around it, the way to other editions, is not part of it.
type Leaf struct {
	Language    string `json:"lang"` // of the frame
	Dir         string `json:"dir"`
	Subject     string `json:"subject"`
	Description string `json:"description,omitempty"` // a sentence or two
	Picture     string `json:"picture,omitempty"`     // https
	Masthead    string `json:"masthead"`              // what the digest is called
	Date        string `json:"date"`                  // as the masthead has it
	Style       string `json:"style"`                 // CSS
	Head        string `json:"head"`                  // HTML: masthead and five things
	Body        string `json:"body"`                  // the stories
	Foot        string `json:"foot"`                  // what it was made from, and the imprint
}

// LeafNames are the names that an edition's public page may have below its digest, the nicest first. They derive from the
// wall time of its slot; that of the first edition of a day is the day. other says that the lane is not the one whose
// editions the archive lists: its zone then is part of the name.
func (e Edition) LeafNames(other bool) []string {
	id := strings.TrimPrefix(e.ID, e.Digest+"/"+e.Zone+"/")
	wall, extra, _ := strings.Cut(id, "+")
	at, err := time.Parse("2006-01-02T15:04", wall)
	if err != nil { // no edition has such an id
		return []string{wall}
	}
	tail := ""
	zone := "-" + strings.ToLower(strings.NewReplacer("/", "-", "_", "-", "+", "plus").Replace(e.Zone))
	if other {
		tail = zone
	}
	if n, err := strconv.Atoi(extra); err == nil {
		tail += "-" + strconv.Itoa(n)
	}
	timed := at.Format("2006-01-02-1504")
	names := []string{at.Format(time.DateOnly) + tail, timed + tail}
	if !other {
		names = append(names, timed+zone+strings.TrimPrefix(tail, zone))
	}
	return names
}
