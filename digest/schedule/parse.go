package schedule

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// field is one of the five columns of a cron line.
type field struct {
	name     string
	min, max int
	values   []string // names of the values, the first is min's
}

var fields = [...]field{
	{name: "minute", min: 0, max: 59},
	{name: "hour", min: 0, max: 23},
	{name: "day of month", min: 1, max: 31},
	{name: "month", min: 1, max: 12, values: []string{"jan", "feb", "mar", "apr", "may", "jun", "jul",
		"aug", "sep", "oct", "nov", "dec"}},
	{name: "day of week", min: 0, max: 6, values: []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}},
}

const (
	fiveFields  = `five fields are allowed: minute, hour, day of month, month, day of week, as in "0 7 * * *"`
	descriptors = "@hourly, @daily, @midnight, @weekly, @monthly, @yearly and @annually"
)

// Parse reads a cron line: five fields, or one of @hourly, @daily, @midnight, @weekly, @monthly, @yearly
// and @annually. It is stricter than cron's own parser, which lets pass what never fires, what carries
// a zone of its own, and what has no place on a wall clock (@every). As in cron, a line that limits both
// days is due on either.
//
// Errors name the field and its value, and say what is allowed.
func Parse(line string) (Schedule, error) {
	line = strings.TrimSpace(line)
	if err := check(line); err != nil {
		return Schedule{}, fmt.Errorf("schedule %s: %w", quote(line), err)
	}
	parsed, err := cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor).Parse(line)
	if err != nil {
		return Schedule{}, fmt.Errorf("schedule %s: %w", quote(line), err)
	}
	spec, ok := parsed.(*cron.SpecSchedule)
	if !ok {
		return Schedule{}, fmt.Errorf("schedule %s: not a wall-clock time", quote(line))
	}
	spec.Location = time.UTC
	// From 2000, a leap year, on: cron looks five years ahead, and what does not fire then never does.
	if spec.Next(time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC).Add(-1)).IsZero() {
		cols := strings.Fields(line)
		return Schedule{}, fmt.Errorf("schedule %s: never due: no month %s has a day of month %s",
			quote(line), quote(cols[3]), quote(cols[2]))
	}
	return Schedule{line: line, spec: spec}, nil
}

// check refuses what cron's parser would accept or panic on, and says in better words what it would
// refuse.
func check(line string) error {
	switch {
	case line == "":
		return fmt.Errorf("is empty: %s", fiveFields)
	case strings.HasPrefix(line, "TZ="), strings.HasPrefix(line, "CRON_TZ="):
		return fmt.Errorf("a time zone does not belong into the line: take it out and set the timezone of the digest")
	case strings.HasPrefix(line, "@every"):
		return fmt.Errorf("@every has no place on a wall clock: write five fields, as in %q for every six hours",
			"0 */6 * * *")
	case strings.HasPrefix(line, "@"):
		switch line {
		case "@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually":
			return nil
		}
		return fmt.Errorf("not a known name: allowed are %s", descriptors)
	}
	cols := strings.Fields(line)
	switch {
	case len(cols) == 6:
		return fmt.Errorf("has six fields, but there is none for seconds or years: %s", fiveFields)
	case len(cols) != len(fields):
		return fmt.Errorf("does not have five fields but %d: %s", len(cols), fiveFields)
	}
	for i, col := range cols {
		for term := range strings.SplitSeq(col, ",") {
			if err := fields[i].check(term); err != nil {
				if term != col {
					err = fmt.Errorf("in %s: %w", quote(col), err)
				}
				return fmt.Errorf("%s %w", fields[i].name, err)
			}
		}
	}
	return nil
}

// check reads one term of a field's list: *, a value, or a range, with a step or without.
func (f field) check(term string) error {
	if term == "" {
		return fmt.Errorf("%s has an empty place in its list: %s", quote(term), f.allowed())
	}
	span, step, stepped := strings.Cut(term, "/")
	if stepped {
		n, ok := number(step)
		if count := f.max - f.min + 1; !ok || n < 1 || n > count {
			return fmt.Errorf("%s: a step is a number from 1 to %d, as in \"*/2\"", quote(term), count)
		}
	}
	if span == "*" {
		return nil
	}
	from, to, ranged := strings.Cut(span, "-")
	low, ok := f.value(from)
	if !ok {
		return f.refuse(term, from)
	}
	if !ranged {
		return nil
	}
	high, ok := f.value(to)
	if !ok {
		return f.refuse(term, to)
	}
	if low > high {
		return fmt.Errorf("%s runs backwards: write it as two ranges, \"%s-%d,%d-%s\"", quote(term), from,
			f.max, f.min, to)
	}
	return nil
}

// refuse says why a value is none of the field's.
func (f field) refuse(term, value string) error {
	if n, ok := number(value); ok && n == 7 && f.name == "day of week" {
		return fmt.Errorf("%s: Sunday is 0, not 7: %s", quote(term), f.allowed())
	}
	if value == "?" {
		return fmt.Errorf("%s: any value is written \"*\": %s", quote(term), f.allowed())
	}
	return fmt.Errorf("%s: %s", quote(term), f.allowed())
}

// value is the number that a word of the field stands for.
func (f field) value(word string) (int, bool) {
	if i := slices.Index(f.values, strings.ToLower(word)); i >= 0 {
		return f.min + i, true
	}
	n, ok := number(word)
	return n, ok && n >= f.min && n <= f.max
}

// allowed says what the field takes.
func (f field) allowed() string {
	names := ""
	if len(f.values) > 0 {
		names = fmt.Sprintf(" or %s to %s", f.values[0], f.values[len(f.values)-1])
	}
	return fmt.Sprintf("allowed are %d to %d%s, *, ranges (%d-%d), steps (*/2) and lists (%d,%d)",
		f.min, f.max, names, f.min, f.min+2, f.min, f.min+2)
}

// number reads one to three ASCII digits; strconv alone would take signs.
func number(s string) (int, bool) {
	if len(s) == 0 || len(s) > 3 {
		return 0, false
	}
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return 0, false
		}
	}
	n, err := strconv.Atoi(s)
	return n, err == nil
}

// quote shows what was written, cut to a length that an error line can bear.
func quote(s string) string {
	const longest = 60
	if r := []rune(s); len(r) > longest {
		s = string(r[:longest]) + "…"
	}
	return strconv.Quote(s)
}
