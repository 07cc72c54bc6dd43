package config

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

var durationUnits = []struct {
	name string
	size time.Duration
}{
	{"ms", time.Millisecond}, {"s", time.Second}, {"m", time.Minute}, {"h", time.Hour},
	{"d", 24 * time.Hour}, {"w", 7 * 24 * time.Hour},
}

var errDuration = errors.New(`must be a duration such as "30m", "1h30m" or "400d"`)

// ParseDuration reads "30m", "1h30m", "400d": whole numbers with the units ms, s, m, h, d (24 hours) and
// w, none negative. Longer than 100 years is an error.
func ParseDuration(s string) (time.Duration, error) {
	var sum time.Duration
	rest := s
	for {
		digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
		n, err := strconv.ParseInt(rest[:digits], 10, 64)
		if err != nil {
			return 0, errDuration
		}
		rest = rest[digits:]
		letters := len(rest) - len(strings.TrimLeft(rest, "abcdefghijklmnopqrstuvwxyz"))
		var size time.Duration
		for _, u := range durationUnits {
			if u.name == rest[:letters] {
				size = u.size
			}
		}
		if size == 0 {
			return 0, errDuration
		}
		const most = 100 * 366 * 24 * time.Hour
		if n > int64(most/size) || sum+time.Duration(n)*size > most {
			return 0, errors.New("is longer than 100 years")
		}
		sum += time.Duration(n) * size
		if rest = rest[letters:]; rest == "" {
			return sum, nil
		}
	}
}

// FormatDuration writes a duration as the config does, in its largest units first: "36h" is "1d12h".
func FormatDuration(d time.Duration) string {
	if d == 0 {
		return "0s"
	}
	var b strings.Builder
	for i := len(durationUnits) - 2; i >= 0; i-- { // nobody thinks of 400d in weeks
		if u := durationUnits[i]; d >= u.size {
			fmt.Fprintf(&b, "%d%s", d/u.size, u.name)
			d %= u.size
		}
	}
	return b.String()
}

// ParseSize reads "95KB": a whole number of B, KB (1,024 bytes), MB or GB. The result is in bytes.
func ParseSize(s string) (int64, error) {
	digits := len(s) - len(strings.TrimLeft(s, "0123456789"))
	n, err := strconv.ParseInt(s[:digits], 10, 64)
	if err == nil {
		for shift, unit := range []string{"B", "KB", "MB", "GB"} {
			if s[digits:] == unit && n <= math.MaxInt64>>(10*shift) {
				return n << (10 * shift), nil
			}
		}
	}
	return 0, errors.New(`must be a size such as "95KB" or "10MB"`)
}

// ParseRate reads "20/s", "90/m", "500/h", or "unlimited".
func ParseRate(s string) (Rate, error) {
	if s == "unlimited" {
		return 0, nil
	}
	number, unit, ok := strings.Cut(s, "/")
	n, err := strconv.ParseUint(number, 10, 32)
	per, known := map[string]float64{"s": 1, "m": 60, "h": 3600, "d": 86400}[unit]
	if !ok || err != nil || !known {
		return 0, errors.New(`must be a rate such as "20/s" or "500/h", or "unlimited"`)
	}
	if n == 0 {
		return 0, errors.New("must let at least one message pass")
	}
	return Rate(float64(n) / per), nil
}

const (
	day  = 24 * time.Hour
	year = 366 * day
)
