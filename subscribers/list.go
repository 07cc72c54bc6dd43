package subscribers

import (
	"hash/maphash"
	"iter"
	"slices"
	"sort"
	"strings"
)

// List is the subscribers of a configuration in the order of its files: config.toml first. It never
// changes, so any number of goroutines may read it. A million of them take about 70 MB: their addresses
// and names stand in large blocks, what they asked for is shared, and the index is a table of numbers.
type List struct {
	base     *List // of With: those before
	text     arena
	at       []uint32 // where a subscriber's address and name stand in text
	line     []uint32
	asked    []uint32 // index into profiles
	hash     []uint32 // of Key(email)
	index    []uint32 // open-addressed hash table; its size is a power of two; 0 is free, else subscriber + 1
	seed     maphash.Seed
	profiles []*Profile
	files    []fileStart
}

// fileStart says that the subscribers from one on stand in a file.
type fileStart struct {
	first int
	file  string
}

func newList() *List { return &List{seed: maphash.MakeSeed(), index: make([]uint32, 64)} }

// Len is the number of subscribers.
func (l *List) Len() int {
	if l == nil {
		return 0
	}
	return l.base.Len() + len(l.at)
}

// With is the list with others after it, of whom those that it has already are left out. It copies nothing of
// the list.
func (l *List) With(others []Subscriber) *List {
	joined := newList()
	joined.base = l
	places := map[string]uint32{}
	for _, s := range others {
		key := Key(s.Email)
		if _, there := joined.find(key); there {
			continue
		}
		meaning := s.Meaning()
		place, known := places[meaning]
		if !known {
			place = uint32(len(joined.profiles))
			places[meaning] = place
			joined.profiles = append(joined.profiles, s.Profile)
		}
		joined.add(key, s.Email, s.Name, place, s.File, s.Line)
	}
	return joined
}

// At is the subscriber at a position, from 0. It panics when there is none.
func (l *List) At(i int) Subscriber {
	n := l.base.Len()
	if i < n {
		return l.base.At(i)
	}
	email, name := l.words(i)
	i -= n
	file := l.files[sort.Search(len(l.files), func(f int) bool { return l.files[f].first > i })-1].file
	return Subscriber{Email: email, Name: name, Profile: l.profiles[l.asked[i]], File: file, Line: int(l.line[i])}
}

// All yields every subscriber with its position.
func (l *List) All() iter.Seq2[int, Subscriber] {
	return func(yield func(int, Subscriber) bool) {
		for i := range l.Len() {
			if !yield(i, l.At(i)) {
				return
			}
		}
	}
}

// Find is the subscriber with that address, whatever the case it is written in.
func (l *List) Find(email string) (Subscriber, bool) {
	if normal, err := ParseAddress(email); err == nil {
		email = normal
	}
	if i, ok := l.find(Key(email)); ok {
		return l.At(i), true
	}
	return Subscriber{}, false
}

// Profiles are the different profiles of the list, in the order in which they first stand there.
func (l *List) Profiles() []*Profile {
	if l == nil {
		return nil
	}
	return slices.Concat(l.base.Profiles(), l.profiles)
}

func (l *List) words(i int) (email, name string) {
	n := l.base.Len()
	if i < n {
		return l.base.words(i)
	}
	s := l.text.from(l.at[i-n])
	email = s[1 : 1+s[0]]
	s = s[1+s[0]:]
	return email, s[1 : 1+s[0]]
}

func (l *List) find(key string) (int, bool) {
	if l == nil {
		return 0, false
	}
	if i, ok := l.base.find(key); ok {
		return i, true
	}
	h := uint32(maphash.String(l.seed, key))
	mask := uint32(len(l.index) - 1)
	for place := h & mask; l.index[place] != 0; place = (place + 1) & mask {
		i := int(l.index[place] - 1)
		if l.hash[i] != h {
			continue
		}
		if email, _ := l.words(l.base.Len() + i); Key(email) == key {
			return l.base.Len() + i, true
		}
	}
	return 0, false
}

// add appends a subscriber whose key is not in the list yet.
func (l *List) add(key, email, name string, profile uint32, file string, line int) {
	if n := len(l.files); n == 0 || l.files[n-1].file != file {
		l.files = append(l.files, fileStart{len(l.at), file})
	}
	l.at = append(l.at, l.text.add(email, name))
	l.line = append(l.line, uint32(line))
	l.asked = append(l.asked, profile)
	l.hash = append(l.hash, uint32(maphash.String(l.seed, key)))
	if 4*len(l.at) > 3*len(l.index) {
		l.index = make([]uint32, 2*len(l.index))
		for i := range l.at {
			l.enter(i)
		}
		return
	}
	l.enter(len(l.at) - 1)
}

func (l *List) enter(i int) {
	mask := uint32(len(l.index) - 1)
	place := l.hash[i] & mask
	for l.index[place] != 0 {
		place = (place + 1) & mask
	}
	l.index[place] = uint32(i + 1)
}

// arena keeps pairs of short texts in blocks of 64 KiB, each text after a byte with its length: a
// million pairs are then a thousand objects and not two million. Its offsets reach 4 GiB.
type arena struct {
	sealed []string
	open   strings.Builder
}

const (
	blockBits = 16
	blockSize = 1 << blockBits
	maxText   = 255 // what the length byte can say
)

func (a *arena) add(one, two string) uint32 {
	if a.open.Len()+len(one)+len(two)+2 > blockSize {
		a.sealed = append(a.sealed, a.open.String())
		a.open = strings.Builder{}
	}
	if a.open.Cap() == 0 {
		a.open.Grow(blockSize)
	}
	at := uint32(len(a.sealed))<<blockBits | uint32(a.open.Len())
	a.open.WriteByte(byte(len(one)))
	a.open.WriteString(one)
	a.open.WriteByte(byte(len(two)))
	a.open.WriteString(two)
	return at
}

// from is the text at an offset and all that follows it in its block.
func (a *arena) from(at uint32) string {
	block := int(at >> blockBits)
	if block == len(a.sealed) {
		return a.open.String()[at&(blockSize-1):]
	}
	return a.sealed[block][at&(blockSize-1):]
}
