package ledger

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"
)

// filled is a lane's state in which no field is zero, and none as in one that is filled with another n.
func filled(t *testing.T, n int) (st LaneState) {
	t.Helper()
	fill(t, "LaneState", reflect.ValueOf(&st).Elem(), n)
	return st
}

func fill(t *testing.T, name string, v reflect.Value, n int) {
	t.Helper()
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(morning.Add(time.Duration(n) * time.Hour)))
	case v.Kind() == reflect.String:
		v.SetString(fmt.Sprint(name, n))
	case v.Kind() == reflect.Bool:
		v.SetBool(n == 1)
	case v.CanUint():
		v.SetUint(uint64(n))
	case v.CanInt():
		v.SetInt(int64(n))
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			fill(t, name, v.Index(i), n)
		}
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, name, v.Elem(), n)
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Type().Field(i).Name, v.Field(i), n)
		}
	default:
		t.Fatalf("%s: this test can't fill a %s", name, v.Type())
	}
}

// TestWithdrawingForgetsNoFieldOfALane holds that a lane gets its past back as a whole, but for what is listed here. Who
// adds a field to LaneState says here if it is one that an edition uses up for good, and in keeping as well.
func TestWithdrawingForgetsNoFieldOfALane(t *testing.T) {
	kept := []string{"Lane", "Slot", "Wall", "Asleep", "Position", "Began", "Passed", "Pool", "Skipped", "Draft"}
	restored := []string{"Composed", "Number", "Edition"}
	past, now := filled(t, 1), filled(t, 2)
	got := reflect.ValueOf(past.keeping(now))
	for i := range got.NumField() {
		name := got.Type().Field(i).Name
		from := reflect.ValueOf(past)
		switch {
		case slices.Contains(kept, name):
			from = reflect.ValueOf(now)
		case !slices.Contains(restored, name):
			t.Errorf("LaneState.%s: what does withdrawing an edition do with it?", name)
		}
		if !reflect.DeepEqual(got.Field(i).Interface(), from.Field(i).Interface()) {
			t.Errorf("%s is %v after withdrawing, want %v", name, got.Field(i), from.Field(i))
		}
	}
}

// TestWithdrawnEditionGivesTheLaneItsPast holds that against the ledger: nothing of a lane changes by an edition that
// comes and goes but what is used up.
func TestWithdrawnEditionGivesTheLaneItsPast(t *testing.T) {
	l, c := opened(t)
	poll(t, l, "a", "Cranes move again")
	if err := l.Editions.Commit(composition(t, l, "2026-03-12T07:00", 1)); err != nil {
		t.Fatal(err)
	}
	before, err := l.Lanes.Get(lane)
	if err != nil {
		t.Fatal(err)
	}
	c.t = c.t.Add(24 * time.Hour)
	poll(t, l, "a", "Ferry runs late")
	next := composition(t, l, "2026-03-13T07:00", 1)
	next.Edition.Slot = c.t
	if err := l.Editions.Commit(next); err != nil {
		t.Fatal(err)
	}
	if err := l.Editions.Withdraw(next.Edition.ID); err != nil {
		t.Fatal(err)
	}
	after, err := l.Lanes.Get(lane)
	want := before
	want.Slot, want.Wall, want.Position, want.Pool = c.t, "2026-03-13T07:00", 2, []Pooled{{Item: 2}}
	if err != nil || !reflect.DeepEqual(after, want) {
		t.Errorf("the lane is %+v, %v; want %+v", after, err, want)
	}
}
