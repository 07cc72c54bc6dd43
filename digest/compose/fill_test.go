package compose

import (
	"testing"
	"time"

	"digestd/digest"
)

// A topic with fewer than three stories of its own gets the best that it carries with another one, as long as that one
// keeps three.
func TestEachTopicHasThree(t *testing.T) {
	under := func(stories ...digest.Story) string {
		r, err := Compose(Input{Digest: daily(topic("g", 9, 9), topic("d", 9, 9)), Stories: stories, Edition: digest.Edition{Composed: noon, Since: noon.Add(-12 * time.Hour)}})
		if err != nil {
			t.Fatal(err)
		}
		out := ""
		for _, s := range r.Edition.Stories {
			out += s.ID + s.Topics[0] + " "
		}
		return out
	}
	own := []digest.Story{story("a", "f", 0, "d"), story("b", "f", 0, "d")}
	both := []digest.Story{story("v", "f", 0, "g", "d"), story("w", "f", 0, "g", "d"), story("x", "f", 0, "g", "d"), story("y", "f", 0, "g"), story("z", "f", 0, "g")}
	follow := story("n", "f", 0, "d")
	follow.Follows = &digest.Follows{}
	for _, c := range []struct {
		name, want string
		stories    []digest.Story
	}{
		{"one is missing", "ad bd vd wg xg yg zg ", append(own[:2:2], both...)},
		{"none is", "ad bd ed vg wg xg yg zg ", append(append(own[:2:2], story("e", "f", 0, "d")), both...)},
		{"two are, and one can go", "ad vd wg xg yg ", append(own[:1:1], both[:4]...)},
		{"none can go", "ad vg wg xg ", append(own[:1:1], both[:3]...)},
		{"what stands elsewhere is none", "od nd ad bd vd wg xg yg zg ", append(append([]digest.Story{opinion(story("o", "f", 0, "d")), follow}, own...), both...)},
		{"what is old is none, and does not go", "ad bd wd xg yg zg vg pd ", append([]digest.Story{own[0], own[1], ago(30, story("v", "f", 0, "g", "d")), ago(30, story("p", "f", 0, "d"))}, both[1:]...)},
	} {
		if got := under(c.stories...); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	if both[0].Topics[0] != "g" {
		t.Error("the stories given were changed")
	}
}
