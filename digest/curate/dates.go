package curate

import (
	"slices"
	"strconv"
	"strings"
)

// dates are the days that a headline names. A daily column says little else that is new: "What the
// papers say, June 25" is not yesterday's.
type dates struct {
	months   uint16 // bit 1 is January
	days     uint64 // month × day folded into bits, 0 where no day stands beside the month
	weekdays uint8  // bit 0 is Sunday
	nth      []nth
}

// nth is a place in a count: the third day, the second week.
type nth struct {
	of string
	n  int
}

// ordinals are the small ones as words.
var ordinals = func() map[string]int {
	out := make(map[string]int)
	for i, w := range strings.Fields("first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth") {
		out[w] = i + 1
	}
	return out
}()

// nthOf is the place in a count that a lexeme says, with what stands after it.
func nthOf(lex []lexeme) (nth, bool) {
	n, after := ordinals[lex[0].folded], 1
	if v, _ := strconv.Atoi(lex[0].text); len(lex) > 2 {
		switch lex[1].folded {
		case "st", "nd", "rd", "th":
			n, after = v, 2
		}
	}
	if n == 0 || len(lex) <= after || lex[after].number {
		return nth{}, false
	}
	return nth{english().stem(lex[after].folded), n}, true
}

// monthNames and weekdayNames are the beginnings by which names of months and days are told, folded.
var monthNames, weekdayNames = calendarTable(
	"january jan janvier januar enero gennaio janeiro", "february feb fevrier februar febrero febbraio fevereiro",
	"march mar mars marz maerz marzo marco", "april apr avril abril aprile", "may mai mayo maggio maio", "june jun juin juni junio giugno junho",
	"july jul juillet juli julio luglio julho", "august aug aout agosto", "september sept sep septembre septiembre settembre setembro",
	"october oct octobre oktober octubre ottobre outubro", "november nov novembre noviembre novembro", "december dec decembre dezember diciembre dicembre dezembro",
), calendarTable(
	"sunday dimanche sonntag domingo domenica", "monday lundi montag lunes lunedi", "tuesday mardi dienstag martes martedi",
	"wednesday mercredi mittwoch miercoles mercoledi", "thursday jeudi donnerstag jueves giovedi", "friday vendredi freitag viernes venerdi",
	"saturday samedi samstag sonnabend sabado sabato",
)

func calendarTable(lines ...string) map[string]int {
	out := make(map[string]int)
	for i, line := range lines {
		for _, w := range strings.Fields(line) {
			out[w] = i
		}
	}
	return out
}

// datesOf finds the days that a text names. A name of a month that is also a word, or short for one,
// counts only beside a number.
func datesOf(lex []lexeme) dates {
	var d dates
	for i, l := range lex {
		if place, ok := nthOf(lex[i:]); ok {
			d.nth = append(d.nth, place)
		}
		if l.number {
			continue
		}
		if day, ok := weekdayNames[l.folded]; ok {
			d.weekdays |= 1 << day
		}
		month, ok := monthNames[l.folded]
		if !ok {
			continue
		}
		day := 0
		for _, j := range [...]int{i - 1, i + 1} {
			if j >= 0 && j < len(lex) {
				if n, _ := strconv.Atoi(lex[j].text); n <= 31 && day == 0 { // no number is 0
					day = n
				}
			}
		}
		if day == 0 && (len(l.folded) <= 4 || l.folded == "march" || l.folded == "marzo" || l.folded == "marco") {
			continue
		}
		d.months |= 1 << (month + 1)
		if day > 0 {
			d.days |= 1 << ((month*31 + day) % 64)
		}
	}
	return d
}

// conflict reports whether two headlines name days of the same kind and none in common.
func (d dates) conflict(o dates) bool {
	if d.months != 0 && o.months != 0 && d.months&o.months == 0 || d.days != 0 && o.days != 0 && d.days&o.days == 0 ||
		d.weekdays != 0 && o.weekdays != 0 && d.weekdays&o.weekdays == 0 {
		return true
	}
	for _, a := range d.nth {
		if slices.ContainsFunc(o.nth, func(b nth) bool { return a.of == b.of }) &&
			!slices.Contains(o.nth, a) {
			return true
		}
	}
	return false
}
