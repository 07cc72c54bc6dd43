package compose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"digestd/digest"
)

const asidesOff = "off"

// How much a page holds.
const (
	firstEach      = 5  // stories that each topic has before any has more
	oldShare       = 10 // one entry in so many may be old while something newer finds no room
	summaryWords   = 27 // that are shown of a summary at most, about
	headlineWords  = 10 // that one takes, about
	opinionSection = "\x00opinion"
	developments   = "\x00developments"
)

// wordsOf is how many words each length of a digest has: two minutes and four screens of a phone, four minutes and
// eight screens, or whatever there is. Headlines of the latest news take a minute more.
func wordsOf(length string) int {
	switch length {
	case "short":
		return 380
	case "usual":
		return 760
	}
	return 0
}

// selector chooses what the readers of some topics see.
//
// First comes the lead: the best story that is new. Then each topic takes its next best in turn, until each has
// firstEach. Then come the best of all that are left, up to the topic's MaxStories, MaxPerFeed of one feed in a topic,
// and the digest's length. What a feed has beyond fills what nobody else wants. Opinion takes its turns like a topic.
// Then come headlines, up to MaxHeadlines, and after them what is no news. What was carried stands after what is new.
// What tells nothing beyond a better story of its affair has no place beside it: a reader would have it twice.
// What is old comes in only when all that is newer has a place, or as one entry in ten.
type selector struct {
	in      Input
	choice  digest.Choice
	section []string // of each story on this page: a topic's id, opinionSection, or none
	class   []int
	behind  []bool // a better story of the same affair is there for this page, and tells as much
	taken   []bool
	full    []int
	brief   []int
	words   int // that may still be taken; negative: as many as there are
	limited bool
	bySect  map[string]int
	byFeed  map[[2]string]int
	olds    int
}

func newSelector(in Input, choice digest.Choice) *selector {
	s := &selector{in: in, choice: choice, section: make([]string, len(in.Stories)),
		class: make([]int, len(in.Stories)), behind: make([]bool, len(in.Stories)), taken: make([]bool, len(in.Stories)),
		bySect: map[string]int{}, byFeed: map[[2]string]int{}}
	for i, story := range in.Stories {
		s.class[i] = classOf(in, story)
		for _, id := range story.Topics {
			if choice.Topics == nil || slices.Contains(choice.Topics, id) {
				s.section[i] = id
				break
			}
		}
		switch {
		case s.section[i] == "":
		case story.Kind == digest.Opinion:
			s.section[i] = opinionSection
		case story.Follows != nil:
			s.section[i] = developments
		}
	}
	for i := range in.Stories {
		j := betterOf(in.Stories, i)
		s.behind[i] = j >= 0 && s.section[j] != "" && s.class[j] <= s.class[i] && in.Stories[j].Kind == digest.News
	}
	s.leaveEach()
	s.words = wordsOf(cmp.Or(choice.Length, in.Digest.Length))
	s.limited = s.words > 0
	s.words -= headlineWords * min(s.in.Digest.MaxHeadlines, len(in.Stories))
	return s
}

// leaveEach lets what a better story of another section tells stand all the same where its section has leastEach with it,
// and not without.
func (s *selector) leaveEach() {
	all, own := map[string]int{}, map[string]int{}
	counts := func(i int) bool { return s.in.Stories[i].Kind == digest.News && s.class[i] != old }
	for i := range s.in.Stories {
		if counts(i) {
			all[s.section[i]]++
		}
		if counts(i) && !s.behind[i] {
			own[s.section[i]]++
		}
	}
	for i, section := range s.section {
		if s.behind[i] && counts(i) && own[section] < leastEach && all[section] >= leastEach && section != s.section[betterOf(s.in.Stories, i)] {
			s.behind[i] = false
			own[section]++
		}
	}
}

// fresh takes what is not old, as far as there is room.
func (s *selector) fresh() {
	s.best(func(i int) bool { return s.class[i] != old && s.hasRoom(i) && s.feedHasRoom(i) })
	s.best(func(i int) bool { return s.class[i] != old && s.hasRoom(i) })
	s.headlines(func(i int) bool { return s.class[i] != old && s.in.Stories[i].Kind != digest.Aside })
}

// leaveUntold lets stand what a better story tells that found no room, and reports whether there is any.
func (s *selector) leaveUntold() (any bool) {
	for i, behind := range s.behind {
		if behind && !s.taken[betterOf(s.in.Stories, i)] {
			s.behind[i], any = false, true
		}
	}
	return any
}

// selection chooses, and takes back what does not fit.
func (s *selector) selection() (digest.Selection, error) {
	s.lead()
	s.turns()
	s.fresh()
	if s.leaveUntold() {
		s.fresh()
	}
	s.best(func(i int) bool { return s.class[i] == old && s.hasRoom(i) && s.feedHasRoom(i) && s.mayBeOld() })
	s.headlines(func(i int) bool {
		return s.class[i] == old && s.in.Stories[i].Kind != digest.Aside && s.mayBeOld()
	})
	if s.in.Digest.Asides != asidesOff {
		s.headlines(func(i int) bool { return s.class[i] != old && s.in.Stories[i].Kind == digest.Aside })
	}
	return s.fitted()
}

// wants reports whether a story may still be taken for this page.
func (s *selector) wants(i int) bool { return s.section[i] != "" && !s.taken[i] && !s.behind[i] }

// betterOf is the place of the story of the same affair beyond which one tells nothing; -1: there is none.
func betterOf(stories []digest.Story, i int) int {
	if stories[i].Rank.Repeats == "" {
		return -1
	}
	return slices.IndexFunc(stories, func(s digest.Story) bool { return s.ID == stories[i].Rank.Repeats })
}

// lead takes the story that leads the page: the one that the editor wants, where the page may have it.
func (s *selector) lead() {
	for i, story := range s.in.Stories {
		if s.section[i] != "" && story.ID == s.in.Edition.Lead {
			s.take(i)
			return
		}
	}
	i := bestOf(s.in.Stories, func(i int) bool {
		return s.wants(i) && s.in.Stories[i].Kind == digest.News && s.class[i] != old
	})
	if i >= 0 {
		s.take(i)
	}
}

// farBetter is by how much a development, or what is light, must outrank other news to lead in its place.
const farBetter = 1.5

// bestOf is the place of the story that leads, of those that may: the best that is neither a development nor light, or
// one of those that is far better. -1: none may. Stories come best first.
func bestOf(stories []digest.Story, may func(i int) bool) int {
	lesser := -1
	for i, story := range stories {
		switch {
		case !may(i):
		case story.Follows == nil && !story.Rank.IsLight():
			if lesser >= 0 && stories[lesser].Rank.Total >= farBetter*story.Rank.Total {
				return lesser
			}
			return i
		case lesser < 0:
			lesser = i
		}
	}
	return lesser
}

// turns lets each topic take its next best until each has its first few.
func (s *selector) turns() {
	waiting := map[string][]int{}
	var order []string
	for i, story := range s.in.Stories {
		if s.wants(i) && s.class[i] != old && story.Kind != digest.Aside {
			if waiting[s.section[i]] == nil {
				order = append(order, s.section[i])
			}
			waiting[s.section[i]] = append(waiting[s.section[i]], i)
		}
	}
	for n := 1; n <= firstEach; n++ {
		for _, section := range order {
			for len(waiting[section]) > 0 && s.bySect[section] < n { // the lead was a turn
				i := waiting[section][0]
				waiting[section] = waiting[section][1:]
				if s.hasRoom(i) && s.feedHasRoom(i) {
					s.take(i)
				}
			}
		}
	}
}

// best takes the best stories that may be.
func (s *selector) best(may func(i int) bool) {
	for i, story := range s.in.Stories {
		if s.wants(i) && story.Kind != digest.Aside && may(i) {
			s.take(i)
		}
	}
}

// hasRoom reports whether a story's section and the page have room for one more in full.
func (s *selector) hasRoom(i int) bool {
	if s.limited && s.words < wordsIn(s.in.Stories[i]) {
		return false
	}
	switch s.section[i] {
	case opinionSection:
		return s.bySect[opinionSection] < MaxOpinions
	case developments:
		return s.bySect[developments] < MaxDevelopments
	}
	t := s.topic(s.section[i])
	return t.MaxStories <= 0 || s.bySect[t.ID] < t.MaxStories
}

// feedHasRoom reports whether a story's feed may have one more in its section.
func (s *selector) feedHasRoom(i int) bool {
	t := s.topic(s.section[i])
	return t.MaxPerFeed <= 0 || s.byFeed[[2]string{s.section[i], s.in.Stories[i].Lead().Feed}] < t.MaxPerFeed
}

func (s *selector) topic(id string) digest.Topic {
	if i := slices.IndexFunc(s.in.Digest.Topics, func(t digest.Topic) bool { return t.ID == id }); i >= 0 {
		return s.in.Digest.Topics[i]
	}
	return digest.Topic{}
}

// mayBeOld reports whether one more old entry may stand on the page.
func (s *selector) mayBeOld() bool {
	for i := range s.in.Stories {
		if s.section[i] != "" && !s.taken[i] && s.class[i] != old &&
			(s.in.Stories[i].Kind != digest.Aside || s.in.Digest.Asides != asidesOff) {
			return (s.olds+1)*oldShare <= len(s.full)+len(s.brief)+1
		}
	}
	return true
}

func (s *selector) take(i int) {
	s.taken[i] = true
	s.full = append(s.full, i)
	s.bySect[s.section[i]]++
	s.byFeed[[2]string{s.section[i], s.in.Stories[i].Lead().Feed}]++
	s.words -= wordsIn(s.in.Stories[i])
	if s.class[i] == old {
		s.olds++
	}
}

// headlines takes stories as headlines: from each feed its share at first, then what room is left.
func (s *selector) headlines(may func(i int) bool) {
	limit := s.in.Digest.MaxHeadlines
	perFeed := map[string]int{}
	for _, share := range []int{(limit + 2) / 3, limit} {
		for i, story := range s.in.Stories {
			feed := story.Lead().Feed
			if !s.wants(i) || limit > 0 && (len(s.brief) >= limit || perFeed[feed] >= share) || !may(i) {
				continue
			}
			s.taken[i] = true
			s.brief = append(s.brief, i)
			perFeed[feed]++
			if s.class[i] == old {
				s.olds++
			}
		}
	}
}

// wordsIn is how many words of a story are read where it stands in full.
func wordsIn(s digest.Story) int {
	return len(strings.Fields(s.Lead().Title)) + min(summaryWords, len(strings.Fields(s.Lead().Summary.Plain())))
}

// Words is how many words a page has to read.
func Words(p digest.Page) int {
	n := 0
	for _, s := range p.All() {
		for _, e := range s.Entries {
			if s.Kind == digest.SectionLatest {
				n += len(strings.Fields(e.Lead().Title))
			} else {
				n += wordsIn(e.Story)
			}
		}
	}
	return n
}

// fitted is the selection with as much of it as the digest's size allows: headlines are left out from the last, then
// full entries from the last to come in; where not even one fits, headlines alone.
func (s *selector) fitted() (digest.Selection, error) {
	if s.in.Measure == nil || s.in.Digest.MaxSize <= 0 {
		return s.page(s.full, s.brief), nil
	}
	fits := func(full, brief []int) (bool, error) {
		e, p := s.in.Edition, s.page(full, brief)
		e.Pages = []digest.Selection{p}
		n, err := s.in.Measure(e, s.choice)
		if err != nil {
			return false, fmt.Errorf("measure edition %s: %w", e.ID, err)
		}
		return n <= s.in.Digest.MaxSize, nil
	}
	both := func(n int) ([]int, []int) { return s.full[:min(n, len(s.full))], s.brief[:max(0, n-len(s.full))] }
	n, err := most(1, len(s.full)+len(s.brief), func(n int) (bool, error) { return fits(both(n)) })
	if err != nil || n > 0 {
		full, brief := both(n)
		return s.page(full, brief), err
	}
	alone := slices.Concat(s.full, s.brief)
	n, err = most(1, len(alone), func(n int) (bool, error) { return fits(nil, alone[:n]) })
	return s.page(nil, alone[:max(0, n)]), err
}

// page puts what was chosen into the order of the page: in full by rank, headlines from the latest on, what is no news
// last.
func (s *selector) page(full, brief []int) digest.Selection {
	p := digest.Selection{Choice: s.choice, Full: slices.Sorted(slices.Values(full)), Brief: slices.Clone(brief)}
	aside := func(i int) int {
		if s.in.Stories[i].Kind == digest.Aside {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(p.Brief, func(i, j int) int {
		return cmp.Or(aside(i)-aside(j), -s.in.Stories[i].Lead().When().Compare(s.in.Stories[j].Lead().When()))
	})
	return p
}
