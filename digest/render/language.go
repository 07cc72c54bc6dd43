package render

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"reflect"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/feature/plural"
	xlanguage "golang.org/x/text/language"
)

// fallback is the language of a reader whose own has no catalogue.
const fallback = "en"

// Words are the frame's strings in one language, as the catalogue lang/XX.json has them. What stands
// in braces is filled in; the tag holds names what must stand there.
type Words struct {
	FiveThings   string `json:"five_things"`
	FromEditor   string `json:"from_editor"` // above the editor's note
	YouWatch     string `json:"you_watch"`
	Developments string `json:"developments"`
	SinceTold    string `json:"since_told" holds:"{since} {headline}"` // what a development follows
	Opinion      string `json:"opinion"`
	LatestNews   string `json:"latest_news"`
	Coverage     string `json:"coverage"`
	Number       string `json:"number" holds:"{n}"`
	AlsoIn       string `json:"also_in" holds:"{list}"`
	At           string `json:"at" holds:"{time}"` // a time of day after "updated"
	Updated      string `json:"updated" holds:"{time}"`
	Photo        string `json:"photo" holds:"{credit}"`
	Byline       string `json:"byline" holds:"{author} {source}"`
	Silent       string `json:"silent" holds:"{name} {since}"`
	SilentAlways string `json:"silent_always"`
	Zone         string `json:"zone" holds:"{zone}"`
	ZonePlace    string `json:"zone_place" holds:"{place}"`
	Nothing      string `json:"nothing" holds:"{since}"`
	Plus         string `json:"plus" holds:"{headlines}"`
	Why          string `json:"why" holds:"{name} {address}"`
	WhyText      string `json:"why_text" holds:"{name}"` // the address stands on the next line
	Unsubscribe  string `json:"unsubscribe"`
	Preferences  string `json:"preferences"`
	Browser      string `json:"browser"`   // leads to the edition's public page
	Change       string `json:"change"`    // leads to the preferences
	Forwarded    string `json:"forwarded"` // asks before the link to sign up
	Personal     string `json:"personal"`  // after the link that leaves
	MoreLike     string `json:"more_like"`
	LessLike     string `json:"less_like"`
	Subscribe    string `json:"subscribe"`
	Feedback     string `json:"feedback"`
	Privacy      string `json:"privacy"`
	RSS          string `json:"rss"`
	Comma        string `json:"comma"`                // between the names of a list
	Colon        string `json:"colon"`                // between a name and its link
	Clause       string `json:"clause"`               // between the parts of a sentence
	Stop         string `json:"stop"`                 // ends a sentence
	Space        string `json:"space" empty:"may be"` // between two sentences

	Reading    forms `json:"reading" holds:"{n}"`
	AlsoInMore forms `json:"also_in_more" holds:"{list} {n}"`
	Outlets    forms `json:"outlets" holds:"{n}"`
	FeedsRead  forms `json:"feeds_read" holds:"{ok} {n} {since}"`
	Items      forms `json:"items" holds:"{n}"`
	Stories    forms `json:"stories" holds:"{n}"`
	SilentMore forms `json:"silent_more" holds:"{n}"`

	MoreHeadlines forms `json:"more_headlines" holds:"{n}"` // of the public page
}

// forms are the plural forms of a phrase by CLDR's names: zero, one, two, few, many, other.
type forms map[string]string

// UnmarshalJSON replaces all forms: one left over from another language would be wrong.
func (f *forms) UnmarshalJSON(b []byte) error {
	var m map[string]string
	if err := json.Unmarshal(b, &m); err != nil {
		return err
	}
	for name := range m {
		switch name {
		case "zero", "one", "two", "few", "many", "other":
		default:
			return fmt.Errorf("%q is no plural form: they are zero, one, two, few, many, other", name)
		}
	}
	*f = m
	return nil
}

var formNames = map[plural.Form]string{plural.Zero: "zero", plural.One: "one", plural.Two: "two",
	plural.Few: "few", plural.Many: "many", plural.Other: "other"}

// language is a catalogue: words, and how dates are written.
type language struct {
	tag  string
	cldr xlanguage.Tag

	Name          string     `json:"name"` // in itself
	Dir           string     `json:"dir"`  // "ltr" or "rtl"
	Weekdays      [7]string  `json:"weekdays"`
	WeekdaysShort [7]string  `json:"weekdays_short"`
	Months        [12]string `json:"months"`
	FirstDay      string     `json:"first_day" empty:"may be"` // how the first of a month is written
	Date          string     `json:"date" holds:"{day} {month} {year}"`
	DateShort     string     `json:"date_short" holds:"{day} {month} {year}"`
	Day           string     `json:"day" holds:"{day} {month}"`           // of an item older than a week
	DayTime       string     `json:"day_time" holds:"{weekday} {time}"`   // of an item of an earlier day: short {weekday}, {time}
	SinceTime     string     `json:"since_time" holds:"{weekday} {time}"` // after "since": {weekday}, {time}
	SinceWeekday  string     `json:"since_weekday" holds:"{weekday}"`
	SinceDate     string     `json:"since_date" holds:"{day} {month}"`
	Words
	Web WebWords `json:"web"`
}

// match tries a tag, then what stands before its first hyphen.
func match(tag string, known func(string) bool) (string, bool) {
	tag = strings.ToLower(strings.ReplaceAll(tag, "_", "-"))
	if known(tag) {
		return tag, true
	}
	base, _, _ := strings.Cut(tag, "-")
	return base, known(base)
}

// addLanguage lays a catalogue over what is known of its language; a new one starts as English.
func addLanguage(languages map[string]*language, file, shown string, text []byte) error {
	tag := strings.ToLower(strings.TrimSuffix(path.Base(file), ".json"))
	l := &language{}
	switch {
	case languages[tag] != nil:
		*l = *languages[tag]
	case languages[fallback] != nil:
		*l = *languages[fallback]
	}
	l.tag = tag
	var err error
	if l.cldr, err = xlanguage.Parse(tag); err != nil {
		return fmt.Errorf("%s:1: the file's name is no language: name it like fr.json", shown)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(l); err != nil {
		return fmt.Errorf("%s:%d: %w", shown, errorLine(text, err, d.InputOffset()), catalogueError(err))
	}
	if d.More() {
		return fmt.Errorf("%s:%d: something stands behind the catalogue", shown, lineAt(text, d.InputOffset()))
	}
	if err := l.validate(); err != nil {
		return fmt.Errorf("%s:1: %w", shown, err)
	}
	languages[tag] = l
	return nil
}

// catalogueError says what the JSON decoder says in the words of who writes a catalogue.
func catalogueError(err error) error {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return fmt.Errorf("%s can't be of the type %s: the built-in lang/en.json shows how it is written", strings.TrimPrefix(kind.Field, "Words."), kind.Value)
	}
	if _, key, ok := strings.Cut(err.Error(), "unknown field "); ok {
		return fmt.Errorf("unknown key %s: the built-in lang/en.json shows all that there are", key)
	}
	return err
}

// errorLine finds the line that an error of the JSON decoder is about; an unknown key has no offset.
func errorLine(text []byte, err error, read int64) int {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return lineAt(text, syntax.Offset)
	case errors.As(err, &kind):
		return lineAt(text, kind.Offset)
	}
	if _, key, ok := strings.Cut(err.Error(), "unknown field "); ok {
		if i := bytes.Index(text, []byte(key)); i >= 0 {
			return lineAt(text, int64(i))
		}
	}
	return lineAt(text, read)
}

func lineAt(text []byte, offset int64) int {
	return 1 + bytes.Count(text[:min(int(offset), len(text))], []byte("\n"))
}

// validate says what a catalogue lacks.
func (l *language) validate() error {
	if l.Dir != "ltr" && l.Dir != "rtl" {
		return fmt.Errorf("dir is %q: it must be \"ltr\" or \"rtl\"", l.Dir)
	}
	return complete(reflect.ValueOf(l).Elem(), "")
}

// complete holds the words of a catalogue, or of a part of it, against the tags of their fields: holds names what must
// stand in a phrase, once what must stand there a single time, and only what has the tag empty may be left empty.
func complete(words reflect.Value, prefix string) error {
	for i := range words.NumField() {
		field := words.Type().Field(i)
		if !field.IsExported() {
			continue
		}
		key := prefix + field.Tag.Get("json")
		var err error
		switch v := words.Field(i); {
		case field.Anonymous:
			err = complete(v, prefix)
		case v.Kind() == reflect.Struct:
			err = complete(v, key+".")
		case v.Kind() == reflect.Array:
			for n := range v.Len() {
				if v.Index(n).String() == "" {
					return fmt.Errorf("%s needs %d names", key, v.Len())
				}
			}
		case v.Kind() == reflect.Map:
			if other := v.Interface().(forms)["other"]; other == "" {
				err = fmt.Errorf("%s needs the form \"other\"", key)
			} else {
				err = phraseHolds(key+".other", other, field.Tag)
			}
		default:
			err = phraseHolds(key, v.String(), field.Tag)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func phraseHolds(key, text string, tag reflect.StructTag) error {
	if text == "" && tag.Get("empty") == "" {
		return fmt.Errorf("%s is empty", key)
	}
	for _, hole := range strings.Fields(tag.Get("holds")) {
		if !strings.Contains(text, hole) {
			return fmt.Errorf("%s is %q: it must contain %s", key, text, hole)
		}
	}
	if hole := tag.Get("once"); hole != "" && strings.Count(text, hole) != 1 {
		return fmt.Errorf("%s is %q: it must contain %s once", key, text, hole)
	}
	return nil
}

// plural picks the form for a number and fills it in; pairs are further names and values.
func (l *language) plural(f forms, n int, pairs ...string) string {
	return fill(l.form(f, n), append(pairs, "n", strconv.Itoa(n))...)
}

func (l *language) form(f forms, n int) string {
	text, ok := f[formNames[plural.Cardinal.MatchPlural(l.cldr, n, 0, 0, 0, 0)]]
	if !ok {
		text = f["other"]
	}
	return text
}

// fill replaces {name} by its value in one pass, so that a value with braces stays what it is.
func fill(pattern string, pairs ...string) string {
	var b strings.Builder
	for _, p := range split(pattern, pairs...) {
		b.WriteString(p.S)
	}
	return b.String()
}

// split is fill that keeps the values apart: Piece.Name is the hole that a piece stood in.
func split(pattern string, pairs ...string) []Piece {
	var out []Piece
	for {
		open := strings.IndexByte(pattern, '{')
		if open < 0 {
			break
		}
		end := strings.IndexByte(pattern[open:], '}')
		if end < 0 {
			break
		}
		name, found := pattern[open+1:open+end], false
		for i := 0; i+1 < len(pairs); i += 2 {
			if pairs[i] == name {
				if open > 0 {
					out = append(out, Piece{S: pattern[:open]})
				}
				out, found = append(out, Piece{S: pairs[i+1], Name: name}), true
				break
			}
		}
		if !found { // braces that are no hole
			out = append(out, Piece{S: pattern[:open+end+1]})
		}
		pattern = pattern[open+end+1:]
	}
	if pattern != "" {
		out = append(out, Piece{S: pattern})
	}
	return out
}

func (l *language) fillDate(pattern string, weekdays *[7]string, t time.Time) string {
	day := strconv.Itoa(t.Day())
	if t.Day() == 1 && l.FirstDay != "" {
		day = l.FirstDay
	}
	return fill(pattern, "weekday", weekdays[t.Weekday()], "day", day, "month", l.Months[t.Month()-1],
		"year", strconv.Itoa(t.Year()), "time", t.Format("15:04"))
}

// date is the masthead's: it begins a line, so it begins with a capital where the script has them.
func (l *language) date(t time.Time) string { return capital(l.fillDate(l.Date, &l.Weekdays, t)) }

// moment is how an entry shows its time under a masthead of today: "06:40", "Wed 22:15", "3 March", and with the
// year what is so old that it could be of two. An edition that comes late may tell of the day after its own. Both
// times are in the lane's zone.
func (l *language) moment(t, today time.Time) string {
	switch days := daysBetween(t, today); {
	case days == 0:
		return t.Format("15:04")
	case days > -7 && days < 7:
		return l.fillDate(l.DayTime, &l.WeekdaysShort, t)
	case days >= 180:
		return l.fillDate(l.DateShort, &l.WeekdaysShort, t)
	}
	return l.fillDate(l.Day, &l.WeekdaysShort, t)
}

// since is moment as it stands after "since": "Wednesday 07:00", "3 March".
func (l *language) since(t, now time.Time) string {
	if days := daysBetween(t, now); days >= 0 && days < 7 {
		return l.fillDate(l.SinceTime, &l.Weekdays, t)
	}
	return l.fillDate(l.SinceDate, &l.Weekdays, t)
}

// sinceDay is since without the time of day.
func (l *language) sinceDay(t, now time.Time) string {
	if days := daysBetween(t, now); days >= 0 && days < 7 {
		return l.fillDate(l.SinceWeekday, &l.Weekdays, t)
	}
	return l.fillDate(l.SinceDate, &l.Weekdays, t)
}

// daysBetween counts calendar days from t to now, both read in their own zone.
func daysBetween(t, now time.Time) int {
	a := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
	b := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC)
	return int(b.Sub(a) / (24 * time.Hour))
}

// zone says whose time an edition's times are: that of a place, which readers know, where its zone has one.
func (l *language) zone(t time.Time) string {
	if place := placeOf(t); place != "" {
		return fill(l.ZonePlace, "place", place)
	}
	return fill(l.Zone, "zone", zoneName(t))
}

// placeOf is the place that a time's zone is named after, or empty.
func placeOf(t time.Time) string {
	area, place, ok := strings.Cut(t.Location().String(), "/")
	if !ok || area == "Etc" {
		return ""
	}
	return strings.ReplaceAll(place[strings.LastIndexByte(place, '/')+1:], "_", " ") // America/Argentina/Buenos_Aires
}

// zoneName is the zone of a time as readers know it: "CET", or "UTC+3" where it has no letters.
func zoneName(t time.Time) string {
	name, offset := t.Zone()
	if name != "" && name[0] != '+' && name[0] != '-' {
		return name
	}
	text := fmt.Sprintf("UTC%+d", offset/3600)
	if m := offset / 60 % 60; m != 0 {
		text += fmt.Sprintf(":%02d", max(m, -m))
	}
	return text
}
