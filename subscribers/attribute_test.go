package subscribers

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// other is a value of a profile's field that differs from the one it has.
func other(t *testing.T, field reflect.StructField, v reflect.Value) {
	t.Helper()
	switch was := v.Interface().(type) {
	case string:
		v.SetString(was + "x")
	case []string:
		v.Set(reflect.ValueOf(append(slices.Clone(was), "x")))
	case time.Time:
		v.Set(reflect.ValueOf(was.Add(time.Hour)))
	default:
		t.Fatalf("this test does not know how to change %s, a %s", field.Name, field.Type)
	}
}

// TestProfilesThatDifferInAnythingAreTwo holds whatever fields a profile will have: readers whose profiles were taken
// for one would get each other's mail.
func TestProfilesThatDifferInAnythingAreTwo(t *testing.T) {
	paris, err := LoadZone("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	full := Profile{Digests: []string{"daily"}, Topics: []string{"global"}, Zone: "Europe/Paris", Language: "en", Format: "text", Length: "short", Watch: []string{"grain"}, Mute: []string{"gossip"},
		PausedUntil: time.Date(2026, 12, 24, 0, 0, 0, 0, paris)}
	for _, base := range []Profile{full, {}} {
		for _, field := range reflect.VisibleFields(reflect.TypeFor[Profile]()) {
			if !field.IsExported() {
				t.Fatalf("the field %s is not exported: Meaning does not see it", field.Name)
			}
			p := base
			other(t, field, reflect.ValueOf(&p).Elem().FieldByIndex(field.Index))
			if p.Meaning() == base.Meaning() {
				t.Errorf("two profiles that differ in %s mean the same: %s", field.Name, p.Meaning())
			}
		}
	}
	none, all := Profile{Topics: []string{}}, Profile{}
	if none.Meaning() == all.Meaning() {
		t.Error("no topic means the same as all topics")
	}
}

// said is what a row of the test says for each attribute. One that is not here makes the tests fail that use it.
var said = map[string]string{
	"email": "ana@example.org", "name": "Ana Ruiz", "digests": "weekly", "topics": "sport", "timezone": "Asia/Tokyo",
	"language": "pt-BR", "format": "text", "length": "short", "days": "mon sat", "watch": "/grain|wheat/; climate change", "mute": "royal wedding", "paused_until": "2026-12-24",
}

// TestEachAttributeIsReadIntoOneFieldAndBack says of each column alone what it changes, and that what is written of
// the reader is what was read.
func TestEachAttributeIsReadIntoOneFieldAndBack(t *testing.T) {
	plain := read(t, "email\nbea@example.org\n").At(0)
	fields := map[string]string{} // of the profile, by the attribute that fills it
	for i, a := range Attributes() {
		text := said[a.Name]
		if text == "" {
			t.Fatalf("say here what a row says for %s", a.Name)
		}
		header, line := "email", "cas@example.org"
		switch {
		case i == emailAt:
			line = text
		default:
			header, line = "email,"+a.Name, line+","+text
		}
		s := read(t, header+"\n"+line+"\n").At(0)
		if got := strings.Join(a.Of(s), a.Kind.parting()); got != text {
			t.Errorf("%s: read %q, and would write %q", a.Name, text, got)
		}
		var changed []string
		for _, field := range reflect.VisibleFields(reflect.TypeFor[Profile]()) {
			was, is := reflect.ValueOf(*plain.Profile).FieldByIndex(field.Index), reflect.ValueOf(*s.Profile).FieldByIndex(field.Index)
			if !reflect.DeepEqual(was.Interface(), is.Interface()) {
				changed = append(changed, field.Name)
				fields[field.Name] = a.Name
			}
		}
		if want := a.read != nil; len(changed) > 1 || want != (len(changed) == 1) {
			t.Errorf("%s changes the fields %v of the profile", a.Name, changed)
		}
	}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[Profile]()) {
		if fields[field.Name] == "" {
			t.Errorf("no attribute fills the field %s of a profile", field.Name)
		}
	}
}

// TestRowsThatDifferInOneCellAreTwoProfiles goes through the cache of profiles by their cells as written: every pair of
// rows that differ in one column must not share.
func TestRowsThatDifferInOneCellAreTwoProfiles(t *testing.T) {
	header := strings.Join(Columns(), ",")
	var text strings.Builder
	text.WriteString(header + "\n")
	var profiles []string
	for i, a := range Attributes() {
		if a.read == nil {
			continue
		}
		cells := make([]string, len(Columns()))
		cells[emailAt] = "reader" + a.Name + "@example.org"
		cells[i] = said[a.Name]
		text.WriteString(strings.Join(cells, ",") + "\n")
		profiles = append(profiles, a.Name)
	}
	l := read(t, text.String())
	if got := len(l.Profiles()); got != len(profiles) {
		t.Errorf("%d profiles of rows that differ in %v", got, profiles)
	}
}

// What a reader may watch: words and expressions, but none that holds an edition up.
func TestCheckPhrase(t *testing.T) {
	for phrase, wrong := range map[string]string{
		"Kosovo":         "",
		"climate change": "",
		"/grain|wheat/":  "",
		`/\b(grain|wheat|barley|maize|corn|rice|soy)s?\b.*\b(price|export|harvest)s?/`: "",
		"":                       "has no word in it",
		" - ":                    "has no word in it",
		"//":                     "has no word in it",
		"a\nb":                   "has no word in it",
		strings.Repeat("x", 101): "has more than 100 characters",
		"/(/":                    "is no regular expression",
		"/(x{1,1000}){1,1000}/":  "is no regular expression",
		"/" + strings.Repeat(".{0,999}", 11) + "~/": "would take too long",
		"/(a|b|.){0,900}~/":                         "would take too long",
	} {
		err := CheckPhrase(phrase)
		if (err == nil) != (wrong == "") || err != nil && !strings.HasPrefix(err.Error(), wrong) {
			t.Errorf("%q: %v, want %q", phrase, err, wrong)
		}
	}
}
