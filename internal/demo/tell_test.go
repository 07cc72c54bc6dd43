package demo

import (
	"errors"
	"strings"
	"testing"

	"digestd/digest"
)

func TestTeller(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var out strings.Builder
	tell := Teller{Out: &out}
	tell.Feeds(w)
	tell.Feed("Harbour Post", 9, nil, nil)
	tell.Feed("The Seld Observer", 7, []string{"cut off"}, nil)
	tell.Feed("The Aldmere Record", 0, nil, errors.New("feed The Aldmere Record: out of order"))
	tell.Edition(digest.Edition{Read: 84, Stories: []digest.Story{
		{Items: []digest.Item{{Title: "Ports reopen", Source: "Harbour Post"}, {Title: "Reopened", Source: "Nordic Herald"}}},
		{Items: []digest.Item{{Title: "Old bell", Source: "Harbour Post"}, {Title: "Bell", Source: "Harbour Post"}}},
	}})
	tell.Mail(Message{To: "ana@example.org", Raw: []byte(mailToAna)})
	tell.Mail(Message{To: "ana@example.org", Raw: []byte("nothing")})
	tell.Saved([]string{"out/ana@example.org-1.eml"})
	want := `Collecting 17 feeds of 15 invented outlets
  9 items  Harbour Post
  7 items  The Seld Observer, repaired: cut off
   failed  feed The Aldmere Record: out of order
Composing: 84 new items make 2 stories
  2 outlets  Ports reopen
             Harbour Post, Nordic Herald
             and 1 told by one outlet
  0.7 KB  ana@example.org: Café <b>
  0.0 KB  ana@example.org: read the message: malformed header line: nothing
Saved
  out/ana@example.org-1.eml
`
	if got := out.String(); got != want {
		t.Errorf("tells\n%swant\n%s", got, want)
	}
}
