//go:build !race

package collect

// underRace tells tests that memory is not the program's own: the race detector multiplies it.
const underRace = false
