package compose

import (
	"fmt"
	"strings"
	"testing"

	"digestd/digest"
)

// outline writes a page as one line: the lead, then each section with its entries.
func outline(p digest.Page) string {
	if p.Lead == nil {
		return "empty"
	}
	var parts []string
	if len(p.Five) > 0 {
		five := "five"
		for _, en := range p.Five {
			five += " " + en.ID
		}
		parts = append(parts, five)
	}
	parts = append(parts, "lead "+p.Lead.ID+"/"+p.Lead.Topic)
	for _, s := range p.Sections {
		name := string(s.Kind)
		if s.Topic != "" {
			name = s.Topic
		}
		var ids []string
		for _, en := range s.Entries {
			ids = append(ids, en.ID)
		}
		parts = append(parts, fmt.Sprintf("%s %s", name, strings.Join(ids, " ")))
	}
	return strings.Join(parts, ", ")
}

func brief(s digest.Story) digest.Story {
	s.Brief = true
	return s
}

func TestPageOf(t *testing.T) {
	edition := digest.Edition{
		Topics: []digest.TopicName{{ID: "g", Title: "Global"}, {ID: "d", Title: "Diplomacy"}},
		Stories: []digest.Story{opinion(story("o", "f", 0, "g", "d")), story("a", "f", 1, "g"), story("b", "f", 3, "g", "d"), story("c", "f", 0, "d"),
			story("e", "f", 1, "d"), brief(story("x", "f", 0, "g")), brief(story("y", "f", 2, "d"))},
	}
	for _, c := range []struct {
		name  string
		v     digest.VariantKey
		drops int // stories taken off the edition's front
		want  string
	}{
		{"all topics", digest.VariantKey{}, 0, "five a b c e o, lead a/g, g b, d c e, opinion o, latest news x y"},
		{"one topic", digest.VariantKey{Topics: []string{"d"}}, 0, "lead b/d, d c e, opinion o, latest news y"},
		{"the digest's order of topics, not the reader's", digest.VariantKey{Topics: []string{"d", "g"}}, 0, "five a b c e o, lead a/g, g b, d c e, opinion o, latest news x y"},
		{"six stories are more than five", digest.VariantKey{Except: []string{"c"}}, 0, "five a b e o x, lead a/g, g b, d e, opinion o, latest news x y"},
		{"five are no more", digest.VariantKey{Except: []string{"c", "x"}}, 0, "lead a/g, g b, d e, opinion o, latest news y"},
		{"without what the readers had", digest.VariantKey{Except: []string{"a", "b", "y"}}, 0, "lead c/d, d e, opinion o, latest news x"},
		{"no topics", digest.VariantKey{Topics: []string{}}, 0, "empty"},
		{"an unknown topic", digest.VariantKey{Topics: []string{"z"}}, 0, "empty"},
		{"only headlines", digest.VariantKey{}, 5, "lead x/g, latest news y"},
		{"only opinion", digest.VariantKey{Except: []string{"a", "b", "c", "e", "x", "y"}}, 0, "lead o/g"},
		{"nothing", digest.VariantKey{}, 7, "empty"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := edition
			e.Stories = e.Stories[c.drops:]
			p := PageOf(e, c.v)
			if got := outline(p); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if p.Empty() != (c.want == "empty") {
				t.Errorf("empty: %v", p.Empty())
			}
		})
	}
}

// A headline alone makes a poor lead where a story that is nearly as good has more to say.
func TestLeadHasSomethingToSay(t *testing.T) {
	ranked := func(s digest.Story, total float64, summary string) digest.Story {
		s.Rank.Total, s.Items[0].Summary = total, digest.PlainText(summary)
		return s
	}
	for _, c := range []struct {
		best, second digest.Story
		want         string
	}{
		{ranked(story("a", "f", 0, "g"), 2, "Words."), ranked(story("b", "f", 0, "g"), 1.9, "Words."), "a"},
		{ranked(story("a", "f", 0, "g"), 2, ""), ranked(story("b", "f", 0, "g"), 1.3, "Words."), "b"},
		{ranked(story("a", "f", 0, "g"), 2, ""), ranked(story("b", "f", 0, "g"), 1.1, "Words."), "a"},
		{ranked(story("a", "f", 0, "g"), 2, ""), ranked(story("b", "f", 0, "g"), 1.9, ""), "a"},
		{ranked(story("a", "f", 0, "g"), 2, ""), ranked(opinion(story("b", "f", 0, "g")), 1.9, "Words."), "a"},
	} {
		e := digest.Edition{Topics: []digest.TopicName{{ID: "g"}}, Stories: []digest.Story{c.best, c.second}}
		if p := PageOf(e, digest.VariantKey{}); p.Lead.ID != c.want {
			t.Errorf("%s leads, want %s", p.Lead.ID, c.want)
		}
	}
}
