package report

import "testing"

func TestAFewFullMailboxesNeedNobody(t *testing.T) {
	for _, c := range []struct {
		owed, sent, recipients int
		want                   bool
	}{
		{0, 0, 0, false},
		{0, 500, 500, false},
		{1, 499, 500, false},
		{5, 495, 500, false},
		{6, 494, 500, true},
		{1, 1, 2, false},
		{2, 0, 2, true}, // nobody was reached
		{1, 0, 1, true},
		{50, 4950, 5000, false},
		{51, 4949, 5000, true},
		{900, 99_000, 100_000, false},
		{900, 0, 100_000, true},
	} {
		if got := tooManyOwed(c.owed, c.sent, c.recipients); got != c.want {
			t.Errorf("%d owed and %d sent of %d: %v, want %v", c.owed, c.sent, c.recipients, got, c.want)
		}
	}
}
