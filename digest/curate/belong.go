package curate

import (
	"math"
	"slices"
	"strings"
	"unicode"

	"digestd/digest"
)

// Of topics that carry a story alike, one is its own that is by so much the likelier by the words of its headlines and
// the sections of its links, as the natural logarithm has it. Each topic needs so many stories that it alone carries to
// be known by.
const (
	likelier   = 2.5
	enoughOwn  = 5
	smoothedBy = 4
)

// kinship is what the stories are like that one topic alone carries.
type kinship struct {
	seen    map[string]map[string]float64 // stories of a topic that have a word
	stories map[string]float64            // of a topic
	all     map[string]float64            // stories that have a word
	from    map[string]string             // the outlet that has a word; empty: several have
	total   float64
}

// newKinship learns from the stories that one topic alone carries.
func newKinship(stories []digest.Story, carries []map[string]int) kinship {
	k := kinship{seen: map[string]map[string]float64{}, stories: map[string]float64{}, all: map[string]float64{},
		from: map[string]string{}}
	for i, s := range stories {
		if len(carries[i]) != 1 {
			continue
		}
		id := s.Topics[0]
		if k.seen[id] == nil {
			k.seen[id] = map[string]float64{}
		}
		for _, word := range tellingWords(s) {
			k.seen[id][word]++
			k.all[word]++
			if outlet, ok := k.from[word]; !ok {
				k.from[word] = s.Lead().Source
			} else if outlet != s.Lead().Source {
				k.from[word] = ""
			}
		}
		k.stories[id]++
		k.total++
	}
	return k
}

// of is how much a story is like those of a topic rather than like all; ok is whether the topic is known.
func (k kinship) of(words []string, topic string) (score float64, ok bool) {
	n := k.stories[topic]
	for _, word := range words {
		if outlet, ok := k.from[word]; ok && outlet == "" { // what one outlet alone says tells of the outlet
			p := k.all[word] / k.total
			score += math.Log((k.seen[topic][word]/p + smoothedBy) / (n + smoothedBy))
		}
	}
	return score, n >= enoughOwn
}

// order puts the likeliest of some topics first, where all are known and one is likelier than each other one.
func (k kinship) order(s digest.Story, topics []string) {
	if len(topics) < 2 {
		return
	}
	words := tellingWords(s)
	best, second, at := math.Inf(-1), math.Inf(-1), 0
	for i, id := range topics {
		score, ok := k.of(words, id)
		if !ok {
			return
		}
		if score > best {
			best, second, at = score, best, i
		} else {
			second = max(second, score)
		}
	}
	if best-second < likelier {
		return
	}
	id := topics[at]
	copy(topics[1:at+1], topics[:at])
	topics[0] = id
}

// tellingWords are the words of a story's headlines, but the shortest, and the first two sections of its links, each
// once.
func tellingWords(s digest.Story) []string {
	var words []string
	for _, it := range s.Items {
		for word := range strings.FieldsFuncSeq(it.Title, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			if low := strings.ToLower(word); len(low) > 3 || word != low && strings.ToUpper(word) == word {
				words = append(words, english().stem(low))
			}
		}
		for _, section := range sections(it.Link) {
			if strings.IndexFunc(section, unicode.IsLetter) >= 0 {
				words = append(words, "/"+section)
			}
		}
	}
	slices.Sort(words)
	return slices.Compact(words)
}
