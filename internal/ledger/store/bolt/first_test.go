package bolt

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"digestd/internal/ledger/store"
)

func TestMain(m *testing.M) {
	foldAfter = time.Hour // a test that is slow must not find less in the journal
	os.Exit(m.Run())
}

func opened(t *testing.T, path string, opt Options) (*DB, error) {
	t.Helper()
	s, err := At(path, opt)()
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { s.Close() })
	return s.(*DB), nil
}

// filled makes a file with a bucket b of n rows, and closes it.
func filled(t *testing.T, path string, n int) {
	t.Helper()
	d, err := opened(t, path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range n + 1 {
		if err := d.Update(nil, func(tx store.Tx) error {
			if i == 0 {
				return tx.Create("b")
			}
			return tx.Bucket("b").Put(fmt.Appendf(nil, "row %04d", i), bytes.Repeat([]byte("v"), 300))
		}); err != nil {
			t.Fatal(err)
		}
	}
	d.Close()
}

// TestTheFirstMomentLeavesAWholeFileOrNone stops a first start wherever it can stop: the next one begins as if it had not been.
func TestTheFirstMomentLeavesAWholeFileOrNone(t *testing.T) {
	for _, left := range []string{"", "half of a page", strings.Repeat("\x00", 16<<10)} {
		path := filepath.Join(t.TempDir(), "digestd.db")
		if err := os.WriteFile(path+".new", []byte(left), 0o600); err != nil { // killed, before its first commit
			t.Fatal(err)
		}
		d, err := opened(t, path, Options{})
		if err != nil {
			t.Fatalf("behind %q: %v", left, err)
		}
		if _, err := os.Lstat(path); err == nil {
			t.Error("the file has its name before anything is committed")
		}
		if _, err := opened(t, path, Options{Timeout: 20 * time.Millisecond}); !errors.Is(err, store.ErrBusy) {
			t.Errorf("a second one that begins: %v", err)
		}
		failed := errors.New("no")
		if err := d.Update(nil, func(store.Tx) error { return failed }); !errors.Is(err, failed) {
			t.Error(err)
		}
		if err := d.Update(nil, func(tx store.Tx) error { return tx.Create("b") }); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Lstat(path); err != nil {
			t.Error("a commit, and the file has no name: ", err)
		}
		d.Close()
		if _, err := os.Lstat(path + ".new"); err == nil {
			t.Error("the first name is still there")
		}
		filled(t, path, 3)
	}
	path := filepath.Join(t.TempDir(), "digestd.db")
	d, err := opened(t, path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	d.Close()
	if names, _ := os.ReadDir(filepath.Dir(path)); len(names) > 0 {
		t.Errorf("an end without a commit leaves %v", names)
	}
}

// TestWhatAnOlderVersionBegan: it made the file under its own name, and could leave it at any point before its first commit.
func TestWhatAnOlderVersionBegan(t *testing.T) {
	path := filepath.Join(t.TempDir(), "digestd.db")
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	db.Close()
	if _, err := opened(t, path, Options{ReadOnly: true}); !errors.Is(err, store.ErrMissing) || !strings.Contains(err.Error(), "was begun") {
		t.Errorf("for reading: %v", err)
	}
	if err := os.WriteFile(path+".marker", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := opened(t, path, Options{}); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("its marker tells of a ledger: %v", err)
	}
	os.Remove(path + ".marker")
	filled(t, path, 2)
	if err := os.WriteFile(path, make([]byte, 16<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := opened(t, path, Options{}); !errors.Is(err, store.ErrEmpty) || !strings.Contains(err.Error(), "was begun") {
		t.Errorf("zeros: %v", err)
	}
}

// TestARootThatReadsAsEmptyMakesNoNewLedger: bbolt would show a file without buckets.
func TestARootThatReadsAsEmptyMakesNoNewLedger(t *testing.T) {
	path := filepath.Join(t.TempDir(), "digestd.db")
	filled(t, path, 2)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	both, _ := metas(bytes.NewReader(raw))
	root := raw[later(both).root*uint64(os.Getpagesize()):][:os.Getpagesize()]
	clear(root[10:12]) // no entries
	for _, rest := range []string{"their bytes are there", "their bytes are gone"} {
		if strings.HasSuffix(rest, "gone") {
			clear(root[pageHeader:])
		}
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := opened(t, path, Options{}); !errors.Is(err, store.ErrDamaged) {
			t.Errorf("%s: %v", rest, err)
		}
		if now, _ := os.ReadFile(path); !bytes.Equal(now, raw) {
			t.Errorf("%s: it was written to", rest)
		}
		if problems := Examine(path); len(problems) == 0 || len(problems) > maxProblems {
			t.Errorf("%s: %v", rest, problems)
		}
	}
}

func TestABadMetaPageIsSaid(t *testing.T) {
	path := filepath.Join(t.TempDir(), "digestd.db")
	filled(t, path, 5)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		damaged := bytes.Clone(raw)
		damaged[i*os.Getpagesize()+40] ^= 4
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		d, err := opened(t, path, Options{ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		if problems := d.Verify(); len(problems) != 1 || !errors.Is(problems[0], errMeta) || !errors.Is(d.Passed(), errMeta) {
			t.Errorf("meta page %d: %v, and passed over was %v", i, problems, d.Passed())
		}
		d.Close()
	}
}

// TestRowsWithoutASealAreRead: ledgers from before there were any.
func TestRowsWithoutASealAreRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "digestd.db")
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]string{"a": `{"id":"x"}`, "b": "", "c": "seven b", "d": strings.Repeat("w", 5000)}
	if err := db.Update(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucket([]byte("b"))
		for k, v := range values {
			err = errors.Join(err, b.Put([]byte(k), []byte(v)))
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	db.Close()
	d, err := opened(t, path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.View(func(tx store.Tx) error {
		for k, want := range values {
			if got, err := tx.Bucket("b").Get([]byte(k)); err != nil || string(got) != want {
				t.Errorf("%s is %q, %v", k, got, err)
			}
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	if problems := d.Verify(); len(problems) > 0 {
		t.Error(problems)
	}
}

// TestAFileThatShrinksIsAnErrorAndNoSignal: SIGBUS is what reading behind its end is.
func TestAFileThatShrinksIsAnErrorAndNoSignal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "digestd.db")
	filled(t, path, 400)
	d, err := opened(t, path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, int64(3*os.Getpagesize())); err != nil {
		t.Fatal(err)
	}
	err = d.View(func(tx store.Tx) error {
		for _, err := range tx.Bucket("b").Rows(store.Range{}) {
			if err != nil {
				return err
			}
		}
		return nil
	})
	if !errors.Is(err, store.ErrDamaged) {
		t.Error(err)
	}
	if problems := d.Verify(); len(problems) == 0 {
		t.Error("nothing is wrong with a file that is cut off")
	}
}

func TestLinksAndPipesAreNotOpened(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "digestd.db")
	victim := filepath.Join(dir, "victim")
	if err := os.Symlink(victim, path); err != nil {
		t.Fatal(err)
	}
	if d, err := opened(t, path, Options{}); err == nil {
		d.Close()
		t.Error("a link to nothing was opened")
	}
	if _, err := os.Lstat(victim); err == nil {
		t.Error("what a link leads to was made")
	}
	os.Remove(path)
	if err := os.WriteFile(victim, []byte("keep me"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, trap := range []string{path + ".new", path + ".marker.new", path + ".compact"} {
		if err := os.Symlink(victim, trap); err != nil {
			t.Fatal(err)
		}
	}
	filled(t, path, 3)
	d, err := opened(t, path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Mark("0123", time.Unix(0, 0)); err != nil {
		t.Error(err)
	}
	if _, _, err := d.Compact(); err != nil {
		t.Error(err)
	}
	if now, _ := os.ReadFile(victim); string(now) != "keep me" {
		t.Errorf("the victim says %q", now)
	}
	os.Remove(path)
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := opened(t, path, Options{}); !errors.Is(err, store.ErrForeign) {
		t.Errorf("a pipe: %v", err)
	}
	os.Remove(path)
	if err := os.Symlink(path+".gone", path); err != nil {
		t.Fatal(err)
	}
	if _, err := opened(t, path, Options{}); err == nil || !strings.Contains(err.Error(), "is a link to "+path+".gone, which is not there") {
		t.Errorf("a link to nowhere: %v", err)
	}
	if _, err := openRegular(path+".gone", os.O_RDONLY); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("nothing: %v", err) // the engine of databases begins with no marker
	}
	if os.Geteuid() != 0 {
		t.Skip("only root can give a link to somebody else")
	}
	os.Remove(path)
	real := filepath.Join(dir, "real.db")
	filled(t, real, 1)
	if err := errors.Join(os.Symlink(real, path), os.Lchown(path, 65534, 65534)); err != nil {
		t.Fatal(err)
	}
	if _, err := opened(t, path, Options{}); err == nil || !strings.Contains(err.Error(), "runuser -u ") {
		t.Errorf("root follows a link of another user: %v", err)
	}
}

func TestWhatRootMakesBelongsToTheOwnerOfTheDirectory(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give a file to somebody else")
	}
	const service = 65534
	dir := t.TempDir()
	if err := os.Chown(dir, service, service); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "digestd.db")
	filled(t, path, 2)
	d, err := opened(t, path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(d.Mark("0123", time.Unix(0, 0)), d.Keep(".schema0")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.Compact(); err != nil {
		t.Fatal(err)
	}
	names, err := os.ReadDir(dir)
	if err != nil || len(names) != 3 {
		t.Errorf("%v, %v", names, err)
	}
	for _, name := range names {
		if info, err := name.Info(); err != nil || ownerOf(info) != service {
			t.Errorf("%s belongs to %d, %v", name.Name(), ownerOf(info), err)
		}
	}
}

// TestDamagedPagesCostLittle: whatever the pages say, looking at them takes no more memory than the file has bytes.
func TestDamagedPagesCostLittle(t *testing.T) {
	path := filepath.Join(t.TempDir(), "digestd.db")
	filled(t, path, 200)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	size := os.Getpagesize()
	allocated := testing.AllocsPerRun(1, func() {
		for page := 2; page < 40; page++ {
			for _, at := range []int{8, 10, 12, 16, 20, 24, 28} {
				damaged := bytes.Clone(raw)
				for i := range 4 {
					damaged[page*size+at+i] = 0xff
				}
				both, _ := metas(bytes.NewReader(damaged))
				look(bytes.NewReader(damaged), int64(len(damaged)), *later(both), true, maxProblems)
			}
		}
	})
	if allocated > 38*7*5000 {
		t.Errorf("%.0f allocations", allocated)
	}
}

// FuzzLook holds that no file makes the reader of pages panic, or go on without end.
func FuzzLook(f *testing.F) {
	path := filepath.Join(f.TempDir(), "small.db")
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{PageSize: 1 << 10})
	if err != nil {
		f.Fatal(err)
	}
	if err := db.Update(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucket([]byte("b"))
		for i := range 30 {
			err = errors.Join(err, b.Put(fmt.Appendf(nil, "row %d", i), make([]byte, 60)))
		}
		return err
	}); err != nil {
		f.Fatal(err)
	}
	db.Close()
	raw, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	raw = raw[:7<<10]
	f.Add(raw)
	f.Fuzz(func(t *testing.T, raw []byte) {
		both, _ := metas(bytes.NewReader(raw))
		for _, m := range both {
			if m != nil {
				look(bytes.NewReader(raw), int64(len(raw)), *m, true, maxProblems)
			}
		}
		// Whatever its meta pages say, as if they led to the pages that are there.
		for root := range uint64(8) {
			m := meta{pageSize: 1 << 10, root: root, freelist: 2, pages: uint64(len(raw)) >> 10, txid: 2}
			look(bytes.NewReader(raw), int64(len(raw)), m, true, maxProblems)
		}
	})
}
