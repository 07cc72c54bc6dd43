package render

// The two palettes: the grounds that words stand on, and the accent of who chooses none.
const (
	ground, wash         = "#FFFFFF", "#F3F3F1"
	darkGround, darkWash = "#17181A", "#232427"
	accent, darkAccent   = "#9C1F1F", "#F2938A"
)

// look is what stands in the styles of a part of the page that runs to a side.
func (b *builder) look(side Side) Look {
	l := Look{Serif: "Georgia,serif", Sans: "Helvetica,Arial,sans-serif", Accent: accent, AccentDark: darkAccent, Gap: 10, Space: 24}
	if side.RTL {
		l.Serif = "Times New Roman,serif"
	}
	return l
}
