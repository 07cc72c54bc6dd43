package render

import (
	"cmp"

	"digestd/digest"
)

// look is what stands in the styles of a part of the page that runs to a side. Right-to-left scripts have their own serif,
// since the faces that an owner can choose have no letters of theirs.
func (b *builder) look(side Side) Look { return lookOf(b.frame.Look, side) }

// LookOf is a look with the built-in choices for what is left open, as pages in a direction have it.
func LookOf(chosen digest.Look, dir string) Look { return lookOf(chosen, sideOf(dir)) }

func lookOf(chosen digest.Look, side Side) Look {
	l := Look{
		Accent: cmp.Or(chosen.Accent, digest.DefaultAccent), AccentDark: chosen.AccentDark,
		Serif: digest.Serifs()[cmp.Or(chosen.Serif, "georgia")], Sans: digest.Sans()[cmp.Or(chosen.Sans, "helvetica")],
		Gap: 7, Space: 20,
	}
	if l.AccentDark == "" {
		l.AccentDark = digest.DefaultAccentDark
		if c, err := digest.ParseColour(l.Accent); err == nil && l.Accent != digest.DefaultAccent {
			l.AccentDark = c.ForDark().String()
		}
	}
	switch chosen.Density {
	case "compact":
		l.Gap, l.Space = 4, 16
	case "airy":
		l.Gap, l.Space = 20, 36
	}
	if side.RTL {
		l.Serif = "Times New Roman,serif"
	}
	return l
}

// logo is the picture of the masthead, where pictures are shown.
func (b *builder) logo() *digest.Logo {
	if b.frame.Images == "none" || b.frame.Look.Logo == nil {
		return nil
	}
	l := *b.frame.Look.Logo
	var ok bool
	if l.URL, ok = pictureURL(l.URL); !ok {
		return nil
	}
	if l.Dark, ok = pictureURL(l.Dark); !ok {
		l.Dark = ""
	}
	return &l
}
