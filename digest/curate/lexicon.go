package curate

import (
	_ "embed"
	"strings"
	"sync"
)

// The tables of words, as english.txt and world.txt say what each is for.
var (
	//go:embed english.txt
	englishTables string
	//go:embed world.txt
	worldTables string
)

// tablesOf are the lines of each table of a file, by its heading.
func tablesOf(file string) map[string][]string {
	tables, heading := make(map[string][]string), ""
	for line := range strings.Lines(file) {
		switch line = strings.TrimSpace(line); {
		case line == "" || line[0] == '#':
		case line[0] == '[' && line[len(line)-1] == ']':
			heading = strings.Trim(line, "[]")
		default:
			tables[heading] = append(tables[heading], line)
		}
	}
	return tables
}

// place is a country, or a city that stands for its government.
type place struct {
	name    string // of the country, or of the city itself
	country string // whose capital it is; empty for countries
}

// side is a word's place in a pair of opposites: the pair, and which of its two sides.
type side struct {
	pair    int
	second  bool
	outcome bool // the pair is of what becomes of something, and not of what it is
}

// lexicon is the built-in knowledge of English and of the world, made ready for looking up. All keys
// are folded.
type lexicon struct {
	common    map[string]bool   // stems of everyday words
	stems     map[string]string // irregular forms to the first of their line
	synonyms  map[string]string // stems to the first of their line
	opposites map[string][]side // by synonym's or own stem
	pairs     int               // of opposites
	roles     map[string]bool   // stems of what one does to another
	labels    map[string]bool   // words that say what kind of piece it is
	places    map[string]place
	phrases   map[string]string // two or more words, with single spaces, to what they are
	begins    map[string]bool   // the first words of phrases
}

// english is read when it is first needed; its tables never change.
var english = sync.OnceValue(newLexicon)

func newLexicon() *lexicon {
	known, world := tablesOf(englishTables), tablesOf(worldTables)
	x := &lexicon{
		common: make(map[string]bool), stems: make(map[string]string), synonyms: make(map[string]string),
		opposites: make(map[string][]side), roles: make(map[string]bool), labels: words(strings.Join(known["kickers"], " ")),
		places: make(map[string]place), phrases: make(map[string]string), begins: make(map[string]bool),
	}
	for _, line := range known["irregular"] {
		forms := strings.Fields(line)
		for _, f := range forms {
			if _, ok := x.stems[f]; !ok {
				x.stems[f] = forms[0]
			}
		}
	}
	for _, w := range strings.Fields(strings.Join(known["common"], " ")) {
		x.common[x.stem(w)] = true
	}
	for _, line := range known["synonyms"] {
		group := strings.Fields(line)
		for _, w := range group {
			if s := x.stem(w); x.synonyms[s] == "" {
				x.synonyms[s] = x.stem(group[0])
			}
		}
	}
	for _, w := range strings.Fields(strings.Join(known["roles"], " ")) {
		x.roles[x.stem(w)] = true
	}
	x.addOpposites(known["opposites"], true)
	x.addOpposites(known["contraries"], false)
	for _, line := range world["countries"] {
		cols := strings.Split(line, "|")
		country := strings.TrimSpace(cols[0])
		for _, name := range append(strings.Fields(cols[1]), country) {
			x.addPlace(name, place{name: country})
		}
		if len(cols) > 2 {
			for _, city := range strings.Fields(cols[2]) {
				x.addPlace(city, place{name: city, country: country})
			}
		}
	}
	for _, name := range strings.Fields(strings.Join(world["places"], " ")) {
		x.addPlace(name, place{name: name})
	}
	for _, line := range world["short"] {
		short, long, _ := strings.Cut(line, " = ")
		x.places[short] = place{name: long}
	}
	for _, line := range append(known["phrases"], world["phrases"]...) {
		phrase, meaning, _ := strings.Cut(line, " = ")
		x.phrases[phrase] = meaning
	}
	for _, line := range world["phrases"] {
		_, name, _ := strings.Cut(line, " = ")
		if _, ok := x.places[name]; !ok {
			x.places[name] = place{name: name}
		}
	}
	for phrase := range x.phrases {
		first, _, _ := strings.Cut(phrase, " ")
		x.begins[first] = true
	}
	return x
}

// addOpposites takes in pairs of opposite words: of what becomes of something, or of what it is.
func (x *lexicon) addOpposites(pairs []string, outcome bool) {
	for _, line := range pairs {
		x.pairs++
		left, right, _ := strings.Cut(line, "|")
		for i, half := range [...]string{left, right} {
			for _, w := range strings.Fields(half) {
				s := x.stem(w)
				x.opposites[s] = append(x.opposites[s], side{x.pairs, i == 1, outcome})
			}
		}
	}
}

// addPlace takes in a name; one of several words is a phrase as well.
func (x *lexicon) addPlace(name string, p place) {
	if _, ok := x.places[name]; ok {
		return
	}
	x.places[name] = p
	if strings.Contains(name, "-") {
		x.phrases[strings.ReplaceAll(name, "-", " ")] = name
	}
}

// meaning is what the tables say of a folded word.
type meaning struct {
	key     uint64 // of what is put for one another
	place   uint64 // key of a country or a capital; 0: it is none
	country uint64 // of a capital: its country's key
	sides   []side
	tense   tense // of the word after it

	common, label, role, everyday bool
	begins                        bool // phrases begin with it
	about, negates                bool // the word after it
}

// meaning looks a folded word up.
func (x *lexicon) meaning(folded string) meaning {
	stem := x.stem(folded)
	m := meaning{
		key: hashKey(stem), sides: x.opposites[stem], tense: futureEnglish[folded],
		common: x.common[stem], label: x.labels[folded], role: x.roles[stem], everyday: x.common[stem] || noSubjects[folded],
		begins: x.begins[folded], about: aboutEnglish[folded], negates: negationsEnglish[folded],
	}
	if s, ok := x.synonyms[stem]; ok {
		m.key = hashKey(s)
	}
	if p, ok := x.places[folded]; ok {
		m.place = hashKey("@" + p.name)
		if p.country != "" {
			m.country = hashKey("@" + p.country)
		}
	}
	return m
}

// stem is the form in which the inflections of a folded English word are one.
func (x *lexicon) stem(w string) string {
	if s, ok := x.stems[w]; ok {
		return s
	}
	if len(w) < 4 {
		return w
	}
	switch {
	case strings.HasSuffix(w, "ies") && len(w) > 4:
		w = w[:len(w)-3] + "y"
	case hasAnySuffix(w, "sses", "shes", "ches", "xes", "zes"):
		w = w[:len(w)-2]
	case strings.HasSuffix(w, "s") && !hasAnySuffix(w, "ss", "us", "is"):
		w = w[:len(w)-1]
	}
	for _, suffix := range [...]string{"ing", "ed"} {
		base, ok := strings.CutSuffix(w, suffix)
		if !ok || len(base) < 3 || !strings.ContainsAny(base, "aeiouy") {
			continue
		}
		w = base
		if n := len(w); n > 3 && w[n-1] == w[n-2] && !strings.ContainsRune("lsz", rune(w[n-1])) {
			w = w[:n-1]
		}
		break
	}
	if n := len(w); n > 3 && w[n-1] == 'e' {
		w = w[:n-1]
	}
	if n := len(w); n > 3 && w[n-1] == 'y' {
		w = w[:n-1] + "i"
	}
	if s, ok := x.stems[w]; ok {
		return s
	}
	return w
}

func hasAnySuffix(s string, suffixes ...string) bool {
	for _, suffix := range suffixes {
		if strings.HasSuffix(s, suffix) {
			return true
		}
	}
	return false
}

// lightStem is the stem of a folded word of another language: its commonest endings are cut off where
// enough is left. It joins numbers and genders, not verbs; see near for the rest.
func lightStem(language, w string) string {
	switch language {
	case "ar":
		for _, p := range [...]string{"وال", "بال", "كال", "فال", "لل", "ال"} {
			if rest, ok := strings.CutPrefix(w, p); ok && len([]rune(rest)) >= 3 {
				w = rest
				break
			}
		}
		return cutSuffix(w, 3, "ات", "ين", "ون", "ان", "ية", "يه", "ها", "هم", "ه", "ة", "ي")
	case "hi":
		return cutSuffix(w, 2, "ियों", "ाओं", "ियां", "ों", "ें", "ीं", "ां", "ी", "े", "ा", "ि", "ु", "ू", "ो")
	case "de":
		return cutSuffix(w, 4, "innen", "ern", "en", "er", "es", "em", "e", "n", "s")
	case "fr":
		return cutSuffix(w, 4, "ennes", "enne", "aises", "aise", "ais", "es", "s", "x", "e")
	case "es", "pt":
		return cutSuffix(w, 4, "es", "os", "as", "s", "o", "a", "e")
	case "it":
		return cutSuffix(w, 4, "i", "e", "o", "a")
	case "nl":
		return cutSuffix(w, 4, "en", "s", "e")
	}
	return w
}

// cutSuffix cuts the first of the suffixes that a word has, where so many letters are left.
func cutSuffix(w string, least int, suffixes ...string) string {
	for _, suffix := range suffixes {
		if rest, ok := strings.CutSuffix(w, suffix); ok && len([]rune(rest)) >= least {
			return rest
		}
	}
	return w
}
