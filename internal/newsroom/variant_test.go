package newsroom

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"digestd/digest"
	"digestd/subscribers"
)

// TestWhatReadersAskForMakesTheirVariant holds whatever a profile will say: either readers who differ in it get
// different variants, or it stands here as something that only decides which editions they get.
func TestWhatReadersAskForMakesTheirVariant(t *testing.T) {
	which := []string{"Digests", "Zone", "PausedUntil", "Days", "Watch", "Mute"} // of the last two, parts of a variant
	d := digest.Digest{Topics: []digest.Topic{{ID: "global"}, {ID: "diplomacy"}}}
	base := subscribers.Profile{Topics: []string{"global"}, Zone: "Europe/Paris", Language: "en", Format: "html"}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[subscribers.Profile]()) {
		p := base
		switch v := reflect.ValueOf(&p).Elem().FieldByIndex(field.Index); v.Kind() {
		case reflect.String:
			v.SetString("another")
		case reflect.Slice:
			v.Set(reflect.ValueOf([]string{"diplomacy"}))
		case reflect.Struct:
			v.Set(reflect.ValueOf(time.Now()))
		default:
			t.Fatalf("this test does not know how to change %s", field.Name)
		}
		same := reflect.DeepEqual(variantOf(&base, d), variantOf(&p, d))
		if same != slices.Contains(which, field.Name) {
			t.Errorf("readers who differ in %s share a variant: %v", field.Name, same)
		}
	}
}
