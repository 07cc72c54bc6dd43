package subscribers

import (
	"reflect"
	"strings"
	"testing"
)

// TestCSVIsReadBackAsItWasWritten writes a list, reads that, and writes it again.
func TestCSVIsReadBackAsItWasWritten(t *testing.T) {
	write := func(l *List, more ...Subscriber) string {
		t.Helper()
		var out strings.Builder
		err := WriteCSV(&out, func(yield func(Subscriber, [len(beside)]string) bool) {
			for _, s := range l.All() {
				if !yield(s, [4]string{"list.csv:2", "operator of daily", "chose by page: no sport, plain text"}) {
					return
				}
			}
			for _, s := range more {
				if !yield(s, [4]string{"", "mailto", ""}) {
					return
				}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	first := read(t, "email,name,digests,topics,timezone,language,format,paused_until\n"+
		"ana@example.org,\"Ruiz, \"\"Ana\"\"\",daily;weekly,diplomacy global,America/New_York,pt-br,text,2026-12-24\n"+
		"bea@example.org,\"=HYPERLINK(\"\"x\"\")\",,,,,,\n"+
		"cas@example.org,+49 30 123,,,,,,\n"+
		"dan@example.org,-Dan,,,,,,\n"+
		"eva@example.org,@eva,,,,,,\n"+
		"fay@example.org,''=1+1,,,,,,\n"+
		"gil@example.org,'Gil',,,,,,\n"+
		"+hal@example.org,Hal,,,,,,\n"+
		"=ivy@example.org,Ivy,,,,,,\n")
	text := write(first, Subscriber{Email: "left@example.org"})
	for line := range strings.Lines(text) {
		for cell := range strings.SplitSeq(strings.TrimSpace(line), ",") {
			if cell = strings.TrimLeft(cell, `"`); cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
				t.Errorf("a spreadsheet would run %s", cell)
			}
		}
	}
	again := read(t, text)
	if again.Len() != first.Len() {
		t.Fatalf("%d readers of %d were read back:\n%s", again.Len(), first.Len(), text)
	}
	for i, was := range first.All() {
		is := again.At(i)
		if is.Email != was.Email || is.Name != was.Name || !reflect.DeepEqual(is.Profile, was.Profile) {
			t.Errorf("%+v %+v was read back as %+v %+v", was, was.Profile, is, is.Profile)
		}
	}
	if _, ok := again.Find("left@example.org"); ok {
		t.Error("whoever has left is a subscriber again")
	}
	if second := write(again, Subscriber{Email: "left@example.org"}); second != text {
		t.Errorf("it was written anew as\n%s\nnot\n%s", second, text)
	}
}
