package digest

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Look is what an owner chooses of how the mail looks. What is empty is the built-in choice.
type Look struct {
	Accent     string // "#9C1F1F", of labels and section heads
	AccentDark string // on a dark ground
	Logo       *Logo  // in place of the title; nil: none
	Density    string // "compact", "usual" or "airy"
	Serif      string // one of the names in Serifs: of what the outlets wrote
	Sans       string // one of the names in Sans: of what the newsletter adds
}

// Logo is a picture that stands for a title.
type Logo struct {
	URL, Dark     string // https; Dark is for dark grounds, and may be empty
	Width, Height int    // CSS px
}

// The grounds that words stand on: the page, and the box of five things.
const (
	Ground, Wash         = "#FFFFFF", "#F3F3F1"
	DarkGround, DarkWash = "#17181A", "#232427"
)

// The accents of who chooses none.
const (
	DefaultAccent     = "#9C1F1F"
	DefaultAccentDark = "#F2938A"
)

// LeastContrast is what words need on their ground (WCAG 2.2, success criterion 1.4.3).
const LeastContrast = 4.5

// Colour is one of sRGB.
type Colour struct{ R, G, B uint8 }

func (c Colour) String() string { return fmt.Sprintf("#%02X%02X%02X", c.R, c.G, c.B) }

// ParseColour reads #rrggbb and #rgb.
func ParseColour(s string) (Colour, error) {
	hex, ok := strings.CutPrefix(s, "#")
	if len(hex) == 3 {
		hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
	}
	n, err := strconv.ParseUint(hex, 16, 32)
	if !ok || len(hex) != 6 || err != nil {
		return Colour{}, fmt.Errorf("must be a colour such as %q, not %q", DefaultAccent, s)
	}
	return Colour{uint8(n >> 16), uint8(n >> 8), uint8(n)}, nil
}

// Contrast is WCAG's ratio of two colours, from 1 to 21.
func (c Colour) Contrast(d Colour) float64 {
	x, y := c.luminance(), d.luminance()
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func (c Colour) luminance() float64 {
	linear := func(v uint8) float64 {
		x := float64(v) / 255
		if x <= 0.04045 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}

// LeastOn is a colour's contrast with the page or the box, whichever is less.
func (c Colour) LeastOn(dark bool) float64 {
	least := 21.0
	for _, ground := range grounds(dark) {
		least = min(least, c.Contrast(ground))
	}
	return least
}

func grounds(dark bool) []Colour {
	if dark {
		return []Colour{{0x17, 0x18, 0x1A}, {0x23, 0x24, 0x27}}
	}
	return []Colour{{0xFF, 0xFF, 0xFF}, {0xF3, 0xF3, 0xF1}}
}

// Readable is the nearest colour of the same hue that can be read on the grounds: itself, where it can.
func (c Colour) Readable(dark bool) Colour {
	h, s, l := c.hsl()
	for step := 0; c.LeastOn(dark) < LeastContrast && step <= 512; step++ {
		if dark {
			l = min(1, l+1.0/512)
		} else {
			l = max(0, l-1.0/512)
		}
		c = fromHSL(h, s, l)
	}
	return c
}

// ForDark is the colour that stands for this one on a dark ground: as light as the built-in accent is there, of less
// saturation, and readable.
func (c Colour) ForDark() Colour {
	const lightness, most = 0.75, 0.8
	h, s, _ := c.hsl()
	return fromHSL(h, min(s, most), lightness).Readable(true)
}

// hsl is the colour as hue (0 to 6), saturation and lightness (0 to 1).
func (c Colour) hsl() (h, s, l float64) {
	r, g, b := float64(c.R)/255, float64(c.G)/255, float64(c.B)/255
	hi, lo := max(r, g, b), min(r, g, b)
	l = (hi + lo) / 2
	if hi == lo {
		return 0, 0, l
	}
	d := hi - lo
	s = d / (1 - math.Abs(2*l-1))
	switch hi {
	case r:
		h = math.Mod((g-b)/d+6, 6)
	case g:
		h = (b-r)/d + 2
	default:
		h = (r-g)/d + 4
	}
	return h, s, l
}

func fromHSL(h, s, l float64) Colour {
	chroma := (1 - math.Abs(2*l-1)) * s
	x := chroma * (1 - math.Abs(math.Mod(h, 2)-1))
	m := l - chroma/2
	rgb := [6][3]float64{{chroma, x, 0}, {x, chroma, 0}, {0, chroma, x}, {0, x, chroma}, {x, 0, chroma},
		{chroma, 0, x}}[int(h)%6]
	to := func(v float64) uint8 { return uint8(math.Round(min(1, max(0, v+m)) * 255)) }
	return Colour{to(rgb[0]), to(rgb[1]), to(rgb[2])}
}

// Serifs are the faces of headlines and summaries, as families that mail programs have. No name has a quote or a comma
// in it.
func Serifs() map[string]string {
	return map[string]string{
		"georgia":  "Georgia,serif",
		"times":    "Times New Roman,Times,serif",
		"palatino": "Palatino Linotype,Palatino,Book Antiqua,serif",
		"cambria":  "Cambria,Georgia,serif",
	}
}

// Sans are the faces of labels, outlets and the footer, likewise.
func Sans() map[string]string {
	return map[string]string{
		"helvetica": "Helvetica,Arial,sans-serif",
		"verdana":   "Verdana,Geneva,sans-serif",
		"tahoma":    "Tahoma,Geneva,sans-serif",
		"trebuchet": "Trebuchet MS,Tahoma,sans-serif",
		"segoe":     "Segoe UI,Helvetica,Arial,sans-serif",
	}
}
