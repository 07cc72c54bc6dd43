package curate

import (
	"math"

	"digestd/digest"
)

// Threshold is the score from which two documents tell the same story.
const Threshold = 0.62

// Document is a headline with its summary, taken apart for comparing.
type Document struct {
	tokens []token
	norm   float64
}

// NewDocument takes a headline and a summary (which may be empty) apart. language is what the feed
// declares (BCP 47) or empty.
func NewDocument(title, summary, language string) Document {
	d := Document{tokens: tokenize(title, language)}
	for _, t := range d.tokens {
		d.norm += t.weight * t.weight
	}
	d.norm = math.Sqrt(d.norm)
	return d
}

func documentOf(it digest.Item) Document {
	return NewDocument(it.Title, it.Summary.Plain(), it.Language)
}

// Score tells from 0 to 1 how surely two documents tell the same story. It depends on nothing but the
// two, and is symmetric.
func Score(a, b Document) float64 {
	if a.norm == 0 || b.norm == 0 {
		return 0
	}
	w := make(map[string]float64, len(a.tokens))
	for _, t := range a.tokens {
		w[t.stem] = t.weight
	}
	var dot float64
	for _, t := range b.tokens {
		dot += w[t.stem] * t.weight
	}
	return min(1, dot/(a.norm*b.norm))
}

// Pair is the Score of two bare headlines.
func Pair(a, b string) float64 {
	return Score(NewDocument(a, "", ""), NewDocument(b, "", ""))
}
