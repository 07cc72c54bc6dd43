package preview

import (
	"context"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// follower looks at the files for edits.
type follower struct {
	server *Server
	known  uint64 // fingerprint
	turn   int
}

func (s *Server) follower() *follower {
	paths, _ := s.watched()
	return &follower{server: s, known: fingerprint(paths)}
}

// follow looks at each tick, until ctx ends.
func (f *follower) follow(ctx context.Context, ticks <-chan time.Time) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks:
			f.look()
		}
	}
}

// look reads everything anew when a file has changed. While something is wrong it does so at every other
// turn in any case: what would mend it may be a file that is not known.
func (f *follower) look() {
	f.turn++
	paths, broken := f.server.watched()
	now := fingerprint(paths)
	if now == f.known && (!broken || f.turn%2 == 0) {
		return
	}
	f.known = now // of before reading: what changes meanwhile is found at the next turn
	f.server.Reload()
	if after, _ := f.server.watched(); !slices.Equal(after, paths) {
		f.known = fingerprint(after)
	}
}

// watched are the paths to look at, and whether something was wrong when they were read.
func (s *Server) watched() (paths []string, broken bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.paths, s.problem != nil
}

// fingerprint changes when a file does, by its time or size, and when one comes or goes.
func fingerprint(paths []string) uint64 {
	h := fnv.New64a()
	for _, root := range paths {
		filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				fmt.Fprintln(h, path, "missing")
				return nil
			}
			if info, err := os.Stat(path); err == nil && !info.IsDir() { // Stat, since a link's target is what changes
				fmt.Fprintln(h, path, info.Size(), info.ModTime().UnixNano())
			}
			return nil
		})
	}
	return h.Sum64()
}
