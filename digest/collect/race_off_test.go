//go:build !race

package collect

// underRace tells tests that memory and time are not the program's own: the race detector multiplies them.
const underRace = false
