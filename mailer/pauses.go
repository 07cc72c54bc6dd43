package mailer

import "time"

const (
	// usualPause is how long a run that paused waits, since many limits are of an hour: each try is one message.
	usualPause = 5 * time.Minute
	// usualPauses is after how many pauses in a row, a little more than an hour, each is longer than the last:
	// the server may begin its block anew with each try.
	usualPauses = 16
	// longestPause is as long as that of Postfix's queue manager (maximal_backoff_time), nearly.
	longestPause = time.Hour
)

// Shut counts the pauses in a row since a mail server last took something. Each process counts for itself.
type Shut int

// Paused is the count after one pause more: of a run that sent so many before it, and that was paused when it began or
// not. Where it sent some, but hardly any, the pause was right; of a run that was not paused and sent none, it says
// nothing about how long the server takes nothing.
func (n Shut) Paused(sent int, again bool) Shut {
	switch {
	case sent > refusalsInARow && n > usualPauses+4:
		return n - 4 // half of the pause
	case sent > refusalsInARow:
		return max(1, min(n, 4))
	case sent == 0 && again && n.Pause() < longestPause:
		return n + 1
	}
	return max(1, n)
}

// Pause is how long to wait before the server is asked again: 1, 2 and 4 minutes, then 5 for an hour, then each time
// longer by a fifth, up to an hour. So it comes late by a sixth of the time at most.
func (n Shut) Pause() time.Duration {
	if n <= usualPauses {
		return min(time.Minute<<max(0, min(n-1, 3)), usualPause)
	}
	pause := usualPause
	for ; n > usualPauses && pause < longestPause; n-- {
		pause += pause / 5
	}
	return min(pause, longestPause)
}

// Until is when the server is asked again: when it is expected to take some, but within an hour. What is owed ends at
// some times, and there is a try shortly before each. A zero time is none.
func (n Shut) Until(now, opens time.Time, ends ...time.Time) time.Time {
	pause := n.Pause()
	if opens.After(now) {
		pause = min(opens.Sub(now), longestPause)
	}
	for _, end := range ends {
		if left := end.Sub(now) * 9 / 10; left > 0 && left < pause {
			pause = max(left, min(pause, usualPause))
		}
	}
	return now.Add(pause)
}
