package curate

import (
	"math"
	"regexp/syntax"
	"slices"
	"strings"

	"digestd/internal/lazyregexp"
)

// sieve is a list of expressions, of which only those are tried on a text that it has a piece for. Nearly no text has
// any, and finding the pieces is far cheaper than trying the expressions.
type sieve struct {
	expressions []*lazyregexp.Regexp
	always      []int              // places of those without a piece of two bytes or more
	begins      []uint64           // bits: with which two bytes pieces begin
	pieces      map[uint16][]piece // by these
}

// piece is a piece of text in lower case without which an expression does not match.
type piece struct {
	text         string
	of           int  // the expression's place
	first        bool // it stands at the beginning of a text
	begins, ends bool // it begins a word, or ends one
}

// How a piece has the beginning of a text and the boundary of a word, which no text has.
const (
	atBegin = "\x02"
	atWord  = "\x08"
)

var unmarked = strings.NewReplacer(atBegin, "", atWord, "")

// newPiece is a piece of an expression, as piecesOf has it.
func newPiece(marked string, of int) piece {
	p := piece{text: unmarked.Replace(marked), of: of}
	before := marked[:strings.IndexByte(marked, p.text[0])]
	p.first = strings.Contains(before, atBegin)
	p.begins = strings.Contains(before, atWord) && isWordByte(p.text[0])
	p.ends = strings.HasSuffix(marked, atWord) && isWordByte(p.text[len(p.text)-1])
	return p
}

// isIn reports whether a piece stands at a place of a text in lower case.
func (p piece) isIn(text string, at int) bool {
	end := at + len(p.text)
	return (!p.first || at == 0) && strings.HasPrefix(text[at:], p.text) &&
		!(p.begins && at > 0 && isWordByte(text[at-1])) && !(p.ends && end < len(text) && isWordByte(text[end]))
}

// isWordByte reports whether expressions take a byte for a part of a word.
func isWordByte(b byte) bool {
	return b == '_' || '0' <= b && b <= '9' || 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z'
}

// newSieve reads expressions; letters match in either case, and a dot matches line ends. One that can't be read is a
// mistake of this program.
func newSieve(expressions []string) sieve {
	s := sieve{begins: make([]uint64, 1<<16/64), pieces: make(map[uint16][]piece)}
	for i, expression := range expressions {
		expression = "(?is)" + expression
		tree, err := syntax.Parse(expression, syntax.Perl)
		if err != nil {
			panic(err)
		}
		pieces := piecesOf(tree)
		if pieces == nil {
			s.always = append(s.always, i)
		}
		for _, marked := range pieces {
			p := newPiece(marked, i)
			begin := twoBytes(p.text, 0)
			s.begins[begin/64] |= 1 << (begin % 64)
			s.pieces[begin] = append(s.pieces[begin], p)
		}
		s.expressions = append(s.expressions, lazyregexp.New(expression))
	}
	return s
}

func twoBytes(text string, at int) uint16 { return uint16(text[at])<<8 | uint16(text[at+1]) }

// candidates are the places of the expressions that may match a text, in their order.
func (s sieve) candidates(text string) []int {
	lower := strings.ToLower(text)
	out := s.always[:len(s.always):len(s.always)]
	for i := range len(lower) - 1 {
		begin := twoBytes(lower, i)
		if s.begins[begin/64]>>(begin%64)&1 == 0 {
			continue
		}
		for _, p := range s.pieces[begin] {
			if p.isIn(lower, i) {
				out = append(out, p.of)
			}
		}
	}
	if len(out) > len(s.always) {
		slices.Sort(out)
		out = slices.Compact(out)
	}
	return out
}

// match is where in a text an expression matches, nil if it does not: its group, if it has one.
func (s sieve) match(i int, text string) []int {
	found := s.expressions[i].FindStringSubmatchIndex(text)
	return found[max(0, len(found)-2):]
}

// find is where in a text the first of the expressions matches, nil if none does.
func (s sieve) find(text string) []int {
	_, found := s.first(text)
	return found
}

// first is find, with the place of the expression.
func (s sieve) first(text string) (at int, found []int) {
	for _, i := range s.candidates(text) {
		if found := s.match(i, text); found != nil {
			return i, found
		}
	}
	return 0, nil
}

// piecesOf are pieces of text in lower case of which each match of an expression has one: those of the part whose
// shortest is longest. nil: no part has any of two bytes or more.
func piecesOf(re *syntax.Regexp) []string {
	if all := exact(re); shortest(all) > 1 {
		return all
	}
	var best []string
	switch {
	case re.Op == syntax.OpCapture, re.Op == syntax.OpPlus, re.Op == syntax.OpRepeat && re.Min > 0:
		return piecesOf(re.Sub[0])
	case re.Op == syntax.OpConcat:
		take := func(pieces []string) {
			if n := shortest(pieces); n > 1 && n > shortest(best) {
				best = pieces
			}
		}
		run := []string{""} // of neighbours that are exact
		for _, sub := range re.Sub {
			if all := joinedWith(run, exact(sub)); all != nil {
				run = all
				continue
			}
			take(run)
			take(piecesOf(sub))
			run = []string{""}
		}
		take(run)
	case re.Op == syntax.OpAlternate:
		for _, sub := range re.Sub {
			pieces := piecesOf(sub)
			if pieces == nil {
				return nil
			}
			best = append(best, pieces...)
		}
	}
	return best
}

// mostTexts bounds how many texts of an expression are told apart.
const mostTexts = 64

// exact are all texts that an expression matches, in lower case; nil where they are many.
func exact(re *syntax.Regexp) []string {
	var out []string
	switch re.Op {
	case syntax.OpLiteral:
		return []string{strings.ToLower(string(re.Rune))}
	case syntax.OpEmptyMatch, syntax.OpEndText:
		return []string{""}
	case syntax.OpBeginText:
		return []string{atBegin}
	case syntax.OpWordBoundary:
		return []string{atWord}
	case syntax.OpCapture:
		return exact(re.Sub[0])
	case syntax.OpQuest:
		if out = exact(re.Sub[0]); out != nil {
			out = append(out, "")
		}
	case syntax.OpCharClass:
		for i := 0; i < len(re.Rune); i += 2 {
			if re.Rune[i+1]-re.Rune[i] > 8 {
				return nil
			}
			for r := re.Rune[i]; r <= re.Rune[i+1]; r++ {
				out = append(out, strings.ToLower(string(r)))
			}
		}
	case syntax.OpConcat:
		out = []string{""}
		for _, sub := range re.Sub {
			out = joinedWith(out, exact(sub))
		}
	case syntax.OpAlternate:
		for _, sub := range re.Sub {
			texts := exact(sub)
			if texts == nil {
				return nil
			}
			out = append(out, texts...)
		}
	}
	slices.Sort(out)
	if out = slices.Compact(out); len(out) > mostTexts {
		return nil
	}
	return out
}

// joinedWith is each of some texts followed by each of others; nil where they are many.
func joinedWith(heads, tails []string) []string {
	var out []string
	if len(heads)*len(tails) > mostTexts {
		return nil
	}
	for _, head := range heads {
		for _, tail := range tails {
			out = append(out, head+tail)
		}
	}
	return out
}

func shortest(texts []string) int {
	if len(texts) == 0 {
		return 0
	}
	least := math.MaxInt
	for _, text := range texts {
		least = min(least, len(unmarked.Replace(text)))
	}
	return least
}
