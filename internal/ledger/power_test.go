package ledger

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"digestd/digest"
	"digestd/internal/ledger/store"
	"digestd/internal/ledger/store/bolt"
	"digestd/internal/ledger/store/storetest"
	"digestd/internal/needs"
)

// cuts is how many power cuts the test below replays; DIGESTD_CUTS changes it.
const cuts = 75

// TestALifeToReplay is the process whose system calls TestPowerCuts replays. It lives in a directory, and writes a line
// after each thing that is done for good.
func TestALifeToReplay(t *testing.T) {
	dir := os.Getenv("DIGESTD_TEST_LIFE")
	if dir == "" {
		t.Skip("it is run by TestPowerCuts alone")
	}
	marks, err := os.Create(filepath.Join(dir, "marks"))
	if err != nil {
		t.Fatal(err)
	}
	done := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(what, ": ", err)
		}
		if _, err := marks.WriteString(what + "\n"); err != nil {
			t.Fatal(err)
		}
	}
	c := &clock{morning}
	path := filepath.Join(dir, "digestd.db")
	open := func(eager bool) *Ledger {
		l, err := Open(bolt.At(path, bolt.Options{Eager: eager}), c.now)
		done("open", err)
		return l
	}
	l := open(false)
	for n := range 6 {
		var titles []string
		for i := range 1 + 40*(n%2) {
			titles = append(titles, fmt.Sprintf("Story %d of poll %d, about one thing among others", i, n))
		}
		poll(t, l, "https://example.org/a", titles...)
		done("poll", nil)
	}
	ctx := context.Background()
	edition := func(day string, readers, sent int) string {
		comp := composition(t, l, "2026-03-"+day+"T07:00", readers)
		comp.Variants[0].Body = []byte(strings.Repeat("What the edition says. ", 400))
		done("edition", l.Editions.Commit(comp))
		for i := 0; i < sent; i += 2 {
			var events []digest.Event
			for j := i; j < min(i+2, sent); j++ {
				events = append(events, digest.Event{Index: j, State: digest.Intent, At: c.t, Attempt: 1})
				if j > 1 {
					events = append(events, digest.Event{Index: j - 2, State: digest.Sent, At: c.t, Attempt: 1, Stage: "dot", Code: 250})
				}
			}
			done("step", l.Deliveries.Record(ctx, comp.Edition.ID, events))
		}
		return comp.Edition.ID
	}
	edition("18", 1100, 30)
	done("suppress", l.Readers.Suppress(digest.Suppression{Email: "gone@example.net", Source: "page"}))
	l.Close()
	l = open(true)
	poll(t, l, "https://example.org/b", "Another story after a restart")
	done("poll", nil)
	withdrawn := edition("19", 3, 0)
	done("withdraw", l.Editions.Withdraw(withdrawn))
	edition("20", 40, 12)
	_, _, err = l.Compact()
	done("compact", err)
	l = open(false)
	edition("21", 70, 60) // the later steps of it are journalled
	poll(t, l, "https://example.org/c", "The last story")
	done("poll", nil)
	l.Close()
}

// A disk is what a power cut leaves of files: what was synced stands there, and of what was written since, any part.
type disk struct {
	now, synced map[string]*inode // by name: as programs see it, and what is sure
	names       []naming          // changes of names that are not sure yet, in order
}

// inode is a file's content.
type inode struct {
	synced  []byte
	pending []stroke // since the last sync
}

// stroke is a write, or a new length.
type stroke struct {
	at     int64
	data   []byte
	length int64 // where data is nil
}

// naming gives a file a name; of nobody takes it away.
type naming struct {
	name string
	of   *inode
}

func newDisk() *disk { return &disk{now: map[string]*inode{}, synced: map[string]*inode{}} }

func (d *disk) name(name string, of *inode) {
	if d.now[name] = of; of == nil {
		delete(d.now, name)
	}
	d.names = append(d.names, naming{name, of})
}

// sync makes sure what was written to a file, and of the directory, the names.
func (d *disk) sync(name string) {
	if f := d.now[name]; f != nil {
		f.synced, f.pending = f.with(f.pending), nil
		return
	}
	for _, n := range d.names {
		if d.synced[n.name] = n.of; n.of == nil {
			delete(d.synced, n.name)
		}
	}
	d.names = nil
}

// with is a file's content with some of what was written since the last sync.
func (f *inode) with(some []stroke) []byte {
	content := append([]byte(nil), f.synced...)
	grow := func(length int64) {
		content = append(content, make([]byte, max(0, length-int64(len(content))))...)
	}
	for _, c := range some {
		if c.data == nil {
			grow(c.length)
			content = content[:c.length]
			continue
		}
		grow(c.at + int64(len(c.data)))
		copy(content[c.at:], c.data)
	}
	return content
}

// length is how long the file is, all that was written included.
func (f *inode) length() int64 {
	n := int64(len(f.synced))
	for _, c := range f.pending {
		if c.data == nil {
			n = c.length
		} else {
			n = max(n, c.at+int64(len(c.data)))
		}
	}
	return n
}

// sector is what a disk writes as a whole, in bytes.
const sector = 512

// How a power cut treats what is not sure.
var kinds = []string{"all of it", "nothing of it", "the last write torn", "any part of it", "any part of it, each write torn"}

// left is what a power cut leaves of a disk.
func (d *disk) left(kind string, random *rand.Rand) map[string][]byte {
	names := map[string]*inode{}
	for name, f := range d.synced {
		names[name] = f
	}
	sure := len(d.names)
	switch kind {
	case kinds[0]:
	case kinds[1]:
		sure = 0
	default:
		sure = random.IntN(sure + 1)
	}
	for _, n := range d.names[:sure] {
		if names[n.name] = n.of; n.of == nil {
			delete(names, n.name)
		}
	}
	content := map[string][]byte{}
	for name, f := range names {
		var some []stroke
		for i, c := range f.pending {
			torn := kind == kinds[4] || kind == kinds[2] && i == len(f.pending)-1
			switch {
			case kind == kinds[1], (kind == kinds[3] || kind == kinds[4]) && random.IntN(2) == 0:
			case torn && len(c.data) > sector:
				for from := 0; from < len(c.data); from += sector {
					if random.IntN(2) == 0 {
						some = append(some, stroke{at: c.at + int64(from), data: c.data[from:min(from+sector, len(c.data))]})
					}
				}
			default:
				some = append(some, c)
			}
		}
		content[name] = f.with(some)
	}
	return content
}

// call is a system call that changes a disk, or a mark.
type call struct {
	do   func(*disk)
	mark string
}

var (
	traced  = regexp.MustCompile(`^(\d+) +(\w+)\((.*)$`)
	resumed = regexp.MustCompile(`^(\d+) +<\.\.\. (\w+) resumed>`)
	onFD    = regexp.MustCompile(`^\d+<([^>]*)>(?:, "([^"]*)")?(?:, (\d+))?(?:, (\d+))?`)
	strs    = regexp.MustCompile(`"([^"]*)"`)
)

// calls reads what strace wrote of a life in a directory.
func calls(t *testing.T, trace, dir string) (all []call) {
	t.Helper()
	file, err := os.Open(trace)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	waiting := map[string]call{} // a sync that has not returned, by thread
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		if m := resumed.FindStringSubmatch(lines.Text()); m != nil {
			if c, ok := waiting[m[1]]; ok {
				all = append(all, c)
				delete(waiting, m[1])
			}
			continue
		}
		m := traced.FindStringSubmatch(lines.Text())
		if m == nil || strings.Contains(m[3], ") = -1") {
			continue
		}
		c, ok := callOf(t, m[2], m[3], dir)
		switch {
		case !ok:
		case strings.HasSuffix(m[2], "sync") && strings.Contains(m[3], "<unfinished"):
			waiting[m[1]] = c
		default:
			all = append(all, c)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// callOf reads one call; ok is false where it has nothing to do with the directory.
func callOf(t *testing.T, name, args, dir string) (c call, ok bool) {
	t.Helper()
	if m := onFD.FindStringSubmatch(args); m != nil {
		path := unhex(t, m[1])
		file, inside := strings.CutPrefix(path, dir)
		if !inside {
			return c, false
		}
		file = strings.TrimPrefix(file, "/")
		data := unhex(t, m[2])
		switch number := func(s string) int64 { n, _ := strconv.ParseInt(s, 10, 64); return n }; name {
		case "write":
			if file == "marks" {
				return call{mark: strings.TrimSpace(data)}, true
			}
			return call{do: func(d *disk) {
				f := d.now[file]
				f.pending = append(f.pending, stroke{at: f.length(), data: []byte(data)})
			}}, true
		case "pwrite64":
			return call{do: func(d *disk) {
				d.now[file].pending = append(d.now[file].pending, stroke{at: number(m[4]), data: []byte(data)})
			}}, true
		case "ftruncate":
			return call{do: func(d *disk) {
				d.now[file].pending = append(d.now[file].pending, stroke{length: number(m[3])})
			}}, true
		case "fsync", "fdatasync":
			return call{do: func(d *disk) { d.sync(file) }}, true
		}
		return c, false
	}
	var paths []string
	for _, m := range strs.FindAllStringSubmatch(args, -1) {
		path, inside := strings.CutPrefix(unhex(t, m[1]), dir+"/")
		if !inside {
			return c, false
		}
		paths = append(paths, path)
	}
	switch {
	case len(paths) == 0 || paths[0] == "marks":
		return c, false
	case name == "openat" && strings.Contains(args, "O_CREAT"):
		return call{do: func(d *disk) {
			if d.now[paths[0]] == nil {
				d.name(paths[0], &inode{})
			}
		}}, true
	case strings.HasPrefix(name, "unlink"):
		return call{do: func(d *disk) { d.name(paths[0], nil) }}, true
	case strings.HasPrefix(name, "rename"):
		return call{do: func(d *disk) {
			d.name(paths[1], d.now[paths[0]])
			d.name(paths[0], nil)
		}}, true
	}
	return c, false
}

func unhex(t *testing.T, s string) string {
	t.Helper()
	raw, err := hex.DecodeString(strings.ReplaceAll(s, `\x`, ""))
	if err != nil {
		t.Fatalf("%.80s: %v", s, err)
	}
	return string(raw)
}

// TestPowerCuts records the system calls of a ledger's life, and replays power cuts between any two of them: of what
// was not synced, everything is there, nothing, or any part in any order, of a torn write some sectors. Each time, what
// was done for good is there, of what was under way all or nothing, and the ledger is whole and goes on.
func TestPowerCuts(t *testing.T) {
	t.Parallel()
	storetest.NeedsFile(t)
	strace := needs.Program(t, "strace", "strace")
	n := cuts
	if asked := os.Getenv("DIGESTD_CUTS"); asked != "" {
		var err error
		if n, err = strconv.Atoi(asked); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	life, trace := filepath.Join(dir, "life"), filepath.Join(dir, "trace")
	if err := os.Mkdir(life, 0o700); err != nil {
		t.Fatal(err)
	}
	run := exec.Command(strace, "-f", "-y", "-xx", "-s", "16777216", "-o", trace,
		"-e", "trace=pwrite64,write,ftruncate,fdatasync,fsync,rename,renameat,renameat2,unlink,unlinkat,openat",
		os.Args[0], "-test.run", "^TestALifeToReplay$")
	run.Env = append(os.Environ(), "DIGESTD_TEST_LIFE="+life, storetest.Variable+"=bolt")
	said, err := run.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	all := calls(t, trace, life)
	after := lives(t, all, filepath.Join(dir, "clean"))
	if len(after) < 30 {
		t.Fatalf("only %d things were done for good\n%s", len(after)-1, said)
	}
	t.Logf("%d system calls, %d things done for good", len(all), len(after)-1)

	random := rand.New(rand.NewPCG(uint64(n), 16))
	count := map[string]int{}
	for i := range n {
		at, kind := random.IntN(len(all)+1), kinds[i%len(kinds)]
		d, marks := newDisk(), 0
		for _, c := range all[:at] {
			if c.mark != "" {
				marks++
			} else {
				c.do(d)
			}
		}
		what := afterCut(t, filepath.Join(dir, "cut"), d.left(kind, random), after[marks:min(marks+2, len(after))])
		if count[what]++; strings.HasPrefix(what, "wrong") {
			t.Errorf("power cut before call %d of %d, after %d things done, of what was not synced %s: %s", at, len(all), marks, kind, what)
		}
	}
	t.Logf("%d power cuts: %v", n, count)
}

// lives is what the ledger says after each mark, beginning with none.
func lives(t *testing.T, all []call, dir string) []*content {
	t.Helper()
	after := []*content{nil}
	d := newDisk()
	for _, c := range all {
		if c.mark == "" {
			c.do(d)
			continue
		}
		lay(t, dir, d.left(kinds[0], nil))
		l, err := Open(bolt.At(filepath.Join(dir, "digestd.db"), bolt.Options{}), nil)
		if err != nil {
			t.Fatalf("after %q: %v", c.mark, err)
		}
		after = append(after, read(l))
		l.Close()
	}
	return after
}

// lay writes the files of a directory.
func lay(t *testing.T, dir string, files map[string][]byte) {
	t.Helper()
	if err := errors.Join(os.RemoveAll(dir), os.Mkdir(dir, 0o700)); err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		write(t, filepath.Join(dir, name), content)
	}
}

// afterCut opens what a power cut left, and says whether it is one of those two that it may be.
func afterCut(t *testing.T, dir string, left map[string][]byte, may []*content) string {
	t.Helper()
	lay(t, dir, left)
	path := filepath.Join(dir, "digestd.db")
	l, err := Open(bolt.At(path, bolt.Options{}), func() time.Time { return morning.Add(time.Hour) })
	if err != nil {
		return "wrong: " + err.Error()
	}
	defer l.Close()
	now := read(l)
	if problems := l.Check(); len(problems) > 0 {
		return "wrong: " + errors.Join(problems...).Error()
	}
	what := "wrong: it says something else"
	for i, want := range may {
		if want == nil && len(now.mails) == 0 && now.others["items"] == "[]" ||
			want != nil && reflect.DeepEqual(now.mails, want.mails) && reflect.DeepEqual(now.others, want.others) {
			what = []string{"as before what was under way", "as after it"}[i]
			break
		}
	}
	if err := l.store.Update(nil, func(tx store.Tx) error { return tx.Bucket(bucketMeta).Put([]byte("x"), []byte("x")) }); err != nil {
		return "wrong: it does not go on: " + err.Error()
	}
	return what
}
