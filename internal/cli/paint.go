package cli

import (
	"io"
	"os"
	"strings"

	"github.com/rivo/uniseg"
)

// paint puts words into colour on a terminal, and leaves them as they are elsewhere.
type paint bool

// paintFor is colour when w is a terminal that knows it, and nobody asked for none (https://no-color.org).
func paintFor(w io.Writer, getenv func(string) string) paint {
	return paint(isTerminal(w) && getenv("NO_COLOR") == "" && getenv("TERM") != "dumb")
}

// A hue is what stands between ESC [ and m (ECMA-48, SGR).
type hue string

const (
	plain  hue = ""
	bold   hue = "1"
	dim    hue = "2"
	red    hue = "31"
	green  hue = "32"
	yellow hue = "33"
)

func (p paint) in(h hue, s string) string {
	if !p || h == plain || s == "" {
		return s
	}
	return "\x1b[" + string(h) + "m" + s + "\x1b[0m"
}

// cell is one place of a table.
type cell struct {
	text string
	hue  hue
}

// cells are a row of a table without colour.
func cells(texts ...string) []cell {
	row := make([]cell, len(texts))
	for i, text := range texts {
		row[i].text = text
	}
	return row
}

// table writes rows of cells with two spaces between the columns, the last one as long as it is. Widths are those
// that a terminal shows.
func (p paint) table(w io.Writer, rows [][]cell) error {
	var widths []int
	for _, row := range rows {
		for i, c := range row[:max(0, len(row)-1)] {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], uniseg.StringWidth(c.text))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		for i, c := range row {
			b.WriteString(p.in(c.hue, c.text))
			if i < len(row)-1 {
				b.WriteString(strings.Repeat(" ", widths[i]-uniseg.StringWidth(c.text)+2))
			}
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// meterWidth is how many characters a meter takes.
const meterWidth = 20

// meter shows how much of a whole is done. It is full only when all of it is.
func meter(done, all int) string {
	n := 0
	if all > 0 {
		n = min(done, all) * meterWidth / all
	}
	return strings.Repeat("█", n) + strings.Repeat("░", meterWidth-n)
}

// sparkline draws numbers as a row of small columns, the largest one as high as a line. Nought is a dot.
func sparkline(numbers []int) string {
	columns := []rune("▁▂▃▄▅▆▇█")
	largest := 0
	for _, n := range numbers {
		largest = max(largest, n)
	}
	var b strings.Builder
	for _, n := range numbers {
		if n <= 0 {
			b.WriteRune('·')
			continue
		}
		b.WriteRune(columns[(n*len(columns)-1)/largest])
	}
	return b.String()
}

func (p *program) paint() paint { return paintFor(p.stdout, os.Getenv) }
