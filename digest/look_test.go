package digest

import (
	"math/rand/v2"
	"testing"
)

// Whatever accent is accepted can be read on every ground, and so can what is proposed for one that is not, and what
// stands for either in the dark.
func TestEveryAccentCanBeRead(t *testing.T) {
	check := func(c Colour) {
		t.Helper()
		for _, dark := range []bool{false, true} {
			near := c.Readable(dark)
			if near.LeastOn(dark) < LeastContrast {
				t.Errorf("%s: the nearest, %s, has a contrast of %.2f (dark: %v)", c, near, near.LeastOn(dark), dark)
			}
			if c.LeastOn(dark) >= LeastContrast && near != c {
				t.Errorf("%s can be read, and becomes %s", c, near)
			}
		}
		if d := c.ForDark(); d.LeastOn(true) < LeastContrast {
			t.Errorf("%s in the dark is %s, with a contrast of %.2f", c, d, d.LeastOn(true))
		}
	}
	for _, c := range []Colour{{}, {255, 255, 255}, {255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {255, 255, 0}, {0, 255, 255}, {255, 0, 255}, {128, 128, 128}} {
		check(c)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 2_000 {
		n := random.Uint32()
		check(Colour{uint8(n), uint8(n >> 8), uint8(n >> 16)})
	}
}

func TestPalettes(t *testing.T) {
	for name, c := range map[string]struct {
		accent, ground string
		least          float64
	}{
		"light":             {DefaultAccent, Ground, 7},
		"light, in the box": {DefaultAccent, Wash, 7},
		"dark":              {DefaultAccentDark, DarkGround, 7},
		"dark, in the box":  {DefaultAccentDark, DarkWash, 6.5},
		"black on white":    {"#000", "#fff", 21},
	} {
		a, errA := ParseColour(c.accent)
		b, errB := ParseColour(c.ground)
		if errA != nil || errB != nil || a.Contrast(b) < c.least {
			t.Errorf("%s: contrast %.2f, want %.1f at least; %v %v", name, a.Contrast(b), c.least, errA, errB)
		}
	}
	for _, bad := range []string{"", "#", "red", "9C1F1F", "#9C1F1", "#9C1F1G", "#-9C1F1", "#9C1F1F00"} {
		if c, err := ParseColour(bad); err == nil {
			t.Errorf("%q is %s", bad, c)
		}
	}
	if c, _ := ParseColour("#FF9900"); c.Readable(false).String() == c.String() {
		t.Error("orange on white can be read")
	} else {
		t.Log(c.Readable(false), c.ForDark(), Colour{0x1F, 0x4E, 0x79}.ForDark(), Colour{0x9C, 0x1F, 0x1F}.ForDark())
	}
}
