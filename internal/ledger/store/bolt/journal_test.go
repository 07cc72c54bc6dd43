package bolt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"digestd/internal/ledger/store"
)

// journalling opens a new file whose journal is in use: there are the buckets b and p, and n rows in each were
// journalled and not folded.
func journalling(t *testing.T, n int) *DB {
	t.Helper()
	d, err := opened(t, filepath.Join(t.TempDir(), "digestd.db"), Options{Eager: true})
	if err != nil {
		t.Fatal(err)
	}
	do(t, d, func(tx store.Tx) error { return errors.Join(tx.Create("b"), tx.Create("p")) })
	do(t, d, func(store.Tx) error { return nil })
	for i := range n {
		do(t, d, row(i))
		if !d.journal.waits.Load() || len(d.journal.done) != i+1 {
			t.Fatalf("row %d was not journalled", i)
		}
	}
	return d
}

// row puts the row of a number, and a numbered one, of the length of three slots now and then.
func row(i int) func(store.Tx) error {
	return func(tx store.Tx) error {
		part := tx.Part("p", "part")
		n, err := part.Next()
		if err == nil && n != uint64(i+1) {
			err = fmt.Errorf("row %d has number %d", i, n)
		}
		return errors.Join(err, part.Put(binary.BigEndian.AppendUint64(nil, n), bytes.Repeat([]byte{byte(i)}, i%7/6*2*slot)),
			tx.Bucket("b").Put(fmt.Appendf(nil, "row %05d", i), fmt.Append(nil, i)))
	}
}

func do(t *testing.T, d *DB, f func(store.Tx) error) {
	t.Helper()
	if err := d.Update(nil, f); err != nil {
		t.Fatal(err)
	}
}

// has looks how many rows there are, each of which must be as row put it, one after the other, the numbered ones too.
func has(t *testing.T, d *DB) int {
	t.Helper()
	n := 0
	if err := d.View(func(tx store.Tx) error {
		for r, err := range tx.Bucket("b").Rows(store.Range{}) {
			if err != nil || string(r.Key) != fmt.Sprintf("row %05d", n) || string(r.Value) != fmt.Sprint(n) {
				return fmt.Errorf("row %d is %q %q, %v", n, r.Key, r.Value, err)
			}
			n++
		}
		part := tx.Part("p", "part")
		if last, err := part.Sequence(); err != nil || last != uint64(n) {
			return fmt.Errorf("%d rows, and the sequence is at %d, %v", n, last, err)
		}
		for i := range n {
			v, err := part.Get(binary.BigEndian.AppendUint64(nil, uint64(i+1)))
			if want := bytes.Repeat([]byte{byte(i)}, i%7/6*2*slot); err != nil || v == nil || !bytes.Equal(v, want) {
				return fmt.Errorf("numbered row %d has %d bytes, %v", i, len(v), err)
			}
		}
		names, err := tx.Buckets()
		if strings.Join(names, " ") != "b p" {
			return fmt.Errorf("the buckets are %q, %v", names, err)
		}
		return nil
	}); err != nil {
		t.Error(err)
		return -1
	}
	return n
}

// killed is what a kill at this moment leaves, as a file of its own.
func killed(t *testing.T, d *DB) string {
	t.Helper()
	raw, err := os.ReadFile(d.path)
	path := filepath.Join(t.TempDir(), "digestd.db")
	if err == nil {
		err = os.WriteFile(path, raw, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// holds opens a file, in which there must be so many rows, and which must be whole, go on, and know of no journal when
// it was closed.
func holds(t *testing.T, path string, readOnly bool, rows int) {
	t.Helper()
	d, err := opened(t, path, Options{ReadOnly: readOnly})
	if err != nil {
		t.Error(err)
		return
	}
	if n := has(t, d); n != rows {
		t.Errorf("%d rows of %d", n, rows)
	}
	if problems := d.Verify(); len(problems) > 0 {
		t.Error(problems)
	}
	if !readOnly {
		do(t, d, row(rows))
		if n := has(t, d); n != rows+1 {
			t.Errorf("%d rows of %d, and one more", n, rows)
		}
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if !readOnly && hasJournal(t, path) {
		t.Error("a closed file has a journal")
	}
	if problems := Examine(path); len(problems) > 0 {
		t.Error(problems)
	}
}

// hasJournal asks bbolt itself.
func hasJournal(t *testing.T, path string) (yes bool) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, Timeout: time.Second})
	if err == nil {
		defer db.Close()
		err = db.View(func(tx *bbolt.Tx) error {
			yes = tx.Bucket([]byte(journalName)) != nil
			return nil
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	return yes
}

func TestAKillLosesNothingThatWasJournalled(t *testing.T) {
	d := journalling(t, 0)
	for i := range 25 {
		do(t, d, row(i))
		switch i % 9 {
		case 4:
			d.foldNow()
		case 8:
			has(t, d)
		}
		path := killed(t, d)
		if problems := Examine(path); len(problems) > 0 {
			t.Error(problems)
		}
		holds(t, path, i%2 == 0, i+1)
		holds(t, path, i%2 == 0, i+1+i%2)
	}
}

// TestAJournalOnlyWhereItPays: a few Updates are commits as they were, and so are those that follow a Look that folded,
// but none that follows a View that folded many records.
func TestAJournalOnlyWhereItPays(t *testing.T) {
	d, err := opened(t, filepath.Join(t.TempDir(), "digestd.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	do(t, d, func(tx store.Tx) error { return errors.Join(tx.Create("b"), tx.Create("p")) })
	i := 0
	rows := func(n int) {
		for range n {
			do(t, d, row(i))
			i++
		}
	}
	look := func() {
		if err := d.Look(func(store.Tx) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	if rows(roomAfter - 1); d.journal.at > 0 {
		t.Errorf("a journal after %d rows", i)
	}
	rows(1)
	for between, want := range map[int]bool{1: false, recordAfter: false, recordAfter + 1: true, roomAfter: true} {
		for records, want := range map[int]bool{readAmong: true, readAmong + 1: false} {
			rows(recordAfter + 1)
			look()
			rows(recordAfter + records)
			if has(t, d); d.journal.waits.Load() != want {
				t.Errorf("%d records: read where they stand is %v", records, !want)
			}
			if rows(1); !d.journal.waits.Load() {
				t.Errorf("an Update after a View of %d records is not journalled", records)
			}
		}
		rows(recordAfter + 1)
		look()
		rows(between)
		if got := d.journal.waits.Load(); got != want {
			t.Errorf("%d Updates after a Look: journalled is %v", between, got)
		}
	}
	rows(journalSize / slot) // and through a journal that is full
	path := killed(t, d)
	holds(t, path, false, i)
	do(t, d, func(tx store.Tx) error { return tx.Bucket("b").Delete([]byte("none")) })
	do(t, d, row(i))
	waits := d.journal.waits.Load()
	do(t, d, func(tx store.Tx) error { return tx.Bucket("b").Put([]byte("row 99999"), make([]byte, 2*maxLog)) })
	do(t, d, row(i+1))
	do(t, d, func(tx store.Tx) error { return tx.Bucket("b").Delete([]byte("row 99999")) })
	if !waits || d.journal.waits.Load() {
		t.Error("what removes a row is journalled, or what removes none is not")
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	holds(t, d.path, false, i+2)
}

// TestATornRecord leaves some sectors of the last record unwritten, or of one before it.
func TestATornRecord(t *testing.T) {
	d := journalling(t, 14)
	raw, err := os.ReadFile(d.path)
	if err != nil {
		t.Fatal(err)
	}
	j := &d.journal
	last := j.next - 3*slot // which is three slots long
	random := rand.New(rand.NewPCG(1, 22))
	for i := range 24 {
		torn := bytes.Clone(raw)
		sectors := random.Perm(3*slot/512 - 7)[:1+i%12] // the rest is nothing but zeros
		for _, s := range sectors {
			clear(torn[last+int64(512*s):][:512])
		}
		path := filepath.Join(t.TempDir(), "digestd.db")
		write := func(content []byte) {
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		write(torn)
		d, err := opened(t, path, Options{ReadOnly: i%2 == 0})
		if err != nil {
			t.Fatal(err)
		}
		if told, head := errors.Is(d.Passed(), errTorn), len(bytes.Trim(torn[last:last+recordHead], "\x00")) > 0; told != head {
			t.Errorf("sectors %v are gone: passed over was %v", sectors, d.Passed())
		}
		d.Close()
		holds(t, path, false, 13)

		torn = bytes.Clone(raw)
		torn[j.at+int64(slot*random.IntN(6))+random.Int64N(60)] ^= 1 << random.IntN(8)
		write(torn)
		for _, readOnly := range []bool{true, false} {
			if _, err := opened(t, path, Options{ReadOnly: readOnly}); !errors.Is(err, store.ErrDamaged) || !strings.Contains(err.Error(), "journal") {
				t.Errorf("a record before the last is damaged: %v", err)
			}
		}
		if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, torn) {
			t.Error("it was written to ", err)
		}
	}
}

// TestALostCommitBelowTheJournal damages the meta page from which the journal goes on.
func TestALostCommitBelowTheJournal(t *testing.T) {
	for _, folded := range []bool{true, false} {
		d := journalling(t, 5)
		d.foldNow()
		if !folded {
			do(t, d, row(5))
		}
		path := killed(t, d)
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		both, _ := metas(bytes.NewReader(raw))
		raw[later(both).at+40] ^= 4
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		if folded { // what that commit folded is in the journal still
			if d, err = opened(t, path, Options{}); err == nil && !errors.Is(d.Passed(), errMeta) {
				err = fmt.Errorf("passed over was %w", d.Passed())
			}
			if err != nil {
				t.Fatal(err)
			}
			d.Close()
			holds(t, path, false, 5)
		} else if _, err := opened(t, path, Options{}); !errors.Is(err, store.ErrDamaged) || !strings.Contains(err.Error(), "goes on from commit") {
			t.Error(err)
		}
	}
}

// TestAFullDiskFoldsLater: what is journalled is read, copied, gone on with and kept, and folded when there is room.
func TestAFullDiskFoldsLater(t *testing.T) {
	d := journalling(t, 3)
	d.db.MaxSize = 1
	full := func(when string) {
		t.Helper()
		if err := d.Update(nil, func(tx store.Tx) error { return tx.Bucket("b").Put([]byte("x"), make([]byte, 64<<20)) }); err == nil {
			t.Errorf("%s: the disk is not full", when)
		}
	}
	d.db.AllocSize = 0
	full("at first")
	i := 3
	for ; d.Update(nil, row(i)) == nil; i++ {
		if i > 1000 {
			t.Fatal("no end of room")
		}
	}
	if len(d.journal.done) < 100 {
		t.Fatalf("no more room after %d records", len(d.journal.done))
	}
	full("when the journal is full")
	if n := has(t, d); n != i {
		t.Errorf("%d rows of %d", n, i)
	}
	if err := d.View(func(tx store.Tx) error { return tx.Bucket("b").Put([]byte("x"), nil) }); err == nil {
		t.Error("a view changed something")
	}
	if err := d.View(func(store.Tx) error { panic("damage") }); !errors.Is(err, store.ErrDamaged) {
		t.Error(err)
	}
	holds(t, killed(t, d), true, i)
	var backup bytes.Buffer
	if _, err := d.Backup(&backup); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "digestd.db")
	if err := os.WriteFile(path, backup.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	holds(t, path, false, i)
	if err := d.Close(); err == nil || !strings.Contains(err.Error(), "nothing is lost") {
		t.Errorf("an end without room: %v", err)
	}
	if err := d.Close(); err != nil {
		t.Errorf("a second end: %v", err)
	}
	holds(t, d.path, false, i)
}

// TestWhatFailsTakesNothingJournalledAlong: an Update that fails, that panics, whose record can't be written.
func TestWhatFailsTakesNothingJournalledAlong(t *testing.T) {
	d := journalling(t, 4)
	no := errors.New("no")
	for i, end := range []func() error{func() error { return no }, func() error { panic("damage") }} {
		if err := d.Update(nil, func(tx store.Tx) error {
			_ = row(4)(tx)
			_ = tx.Bucket("b").Delete([]byte("row 00000"))
			_ = tx.Drop("p", "part")
			return end()
		}); !errors.Is(err, []error{no, store.ErrDamaged}[i]) {
			t.Error(err)
		}
		holds(t, killed(t, d), true, 4)
	}
	do(t, d, row(4))
	file := d.file
	reading, err := os.Open(d.path)
	if err != nil {
		t.Fatal(err)
	}
	defer reading.Close()
	d.file = reading // nothing can be written through it
	do(t, d, row(5))
	if d.journal.waits.Load() {
		t.Error("a record that failed counts")
	}
	d.file = file
	do(t, d, row(6))
	if !d.journal.waits.Load() {
		t.Error("no record after the next commit")
	}
	holds(t, killed(t, d), false, 7)
	if n := has(t, d); n != 7 {
		t.Errorf("%d rows of 7", n)
	}
}

// TestARefusedRowIsInNoRecord: whoever goes on after a row that bbolt does not take leaves a journal that can be read.
func TestARefusedRowIsInNoRecord(t *testing.T) {
	d := journalling(t, 2)
	do(t, d, func(tx store.Tx) error {
		if tx.Bucket("b").Put(nil, []byte("x")) == nil || tx.Bucket("b").Put(make([]byte, 40<<10), nil) == nil {
			t.Error("bbolt takes any key")
		}
		return row(2)(tx)
	})
	holds(t, killed(t, d), false, 3)
	_ = d.Update(nil, func(store.Tx) error { return errors.New("no") })
	if n := has(t, d); n != 3 {
		t.Errorf("%d rows of 3", n)
	}
}

// TestAnUpdateThatFailedTwice: its record is on the disk, though its sync failed, and so did the commit that followed.
// After a kill it is there, as a whole; where the process goes on, it counts no more.
func TestAnUpdateThatFailedTwice(t *testing.T) {
	d, no := journalling(t, 3), errors.New("no")
	j := &d.journal
	u := &tx{Tx: j.tx}
	if err := row(3)(u); err != nil {
		t.Fatal(err)
	}
	raw := encodeRecord(nil, u.log, j.salt, j.id, 3)
	if _, err := d.file.WriteAt(raw, j.next); err != nil {
		t.Fatal(err)
	}
	j.doubt = true
	if err := d.undo(no); err != no {
		t.Error(err)
	}
	holds(t, killed(t, d), true, 4)
	if n := has(t, d); n != 3 {
		t.Errorf("%d rows of 3", n)
	}
	holds(t, killed(t, d), false, 4)
	do(t, d, func(tx store.Tx) error { return nil })
	if j.waits.Load() {
		t.Error("a record before the next commit")
	}
	holds(t, killed(t, d), false, 3)
	do(t, d, row(3))
	holds(t, killed(t, d), false, 4)
}

// TestACommitOfWhichNobodyKnows is valid, and its sync fails: the journal that is there still goes at the end.
func TestACommitOfWhichNobodyKnows(t *testing.T) {
	for _, compact := range []bool{true, false} {
		d, no := journalling(t, 3), errors.New("no")
		d.journal.Lock()
		if err := errors.Join(d.journal.tx.Commit(), d.undo(no)); !errors.Is(err, no) || d.journal.lost != nil {
			t.Error(err)
		}
		d.journal.Unlock()
		do(t, d, row(3))
		if d.journal.waits.Load() {
			t.Error("a record before the next commit")
		}
		do(t, d, row(4))
		holds(t, killed(t, d), false, 5)
		err := error(nil)
		if compact {
			_, _, err = d.Compact()
		} else {
			err = d.Close()
		}
		if err != nil || hasJournal(t, d.path) {
			t.Error("a journal is left, or ", err)
		}
		holds(t, d.path, false, 5)
	}
}

func TestReadingAfterAKillFoldsOrSaysWhy(t *testing.T) {
	path := killed(t, journalling(t, 6))
	other, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := syscall.Flock(int(other.Fd()), syscall.LOCK_SH); err != nil {
		t.Fatal(err)
	}
	_, err = opened(t, path, Options{ReadOnly: true, Timeout: 20 * time.Millisecond})
	if !errors.Is(err, store.ErrBusy) || !strings.Contains(err.Error(), "a digestd was killed") {
		t.Errorf("another one reads: %v", err)
	}
	other.Close()
	holds(t, path, true, 6)
}

// TestTheEndWaitsForNobody closes files while Updates fail.
func TestTheEndWaitsForNobody(t *testing.T) {
	for range 30 {
		d := journalling(t, 1)
		ended := make(chan bool)
		go func() {
			defer close(ended)
			for no := errors.New("no"); errors.Is(d.Update(nil, func(store.Tx) error { return no }), no); {
			}
		}()
		time.Sleep(time.Duration(rand.IntN(300)) * time.Microsecond)
		closed := make(chan error, 1)
		go func() { closed <- d.Close() }()
		select {
		case err := <-closed:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(20 * time.Second):
			t.Fatal("the end hangs")
		}
		<-ended
		holds(t, d.path, true, 1)
	}
}

// TestWhatIsFoldedIsReadBesideAllElse: another View and an Update come meanwhile. A few records are read unfolded.
func TestWhatIsFoldedIsReadBesideAllElse(t *testing.T) {
	d := journalling(t, 3)
	if err := d.View(func(store.Tx) error {
		if n := len(d.journal.done); n != 3 {
			t.Errorf("%d records of 3", n)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	d.foldNow()
	if err := d.View(func(store.Tx) error {
		if n := has(t, d); n != 3 {
			t.Errorf("%d rows of 3", n)
		}
		do(t, d, row(3))
		return nil
	}); err != nil {
		t.Error(err)
	}
	if n := has(t, d); n != 4 {
		t.Errorf("%d rows of 4", n)
	}
}

// TestNobodyWaitsForALongLook has an Update come in the middle of one that began beside a few records.
func TestNobodyWaitsForALongLook(t *testing.T) {
	d := journalling(t, 3)
	ended := make(chan error, 1)
	if err := d.Look(func(tx store.Tx) error {
		go func() { ended <- d.Update(nil, row(3)) }()
		select {
		case err := <-ended:
			ended <- err
		case <-time.After(20 * time.Second):
			t.Error("the Update waits")
		}
		if v, err := tx.Bucket("b").Get([]byte("row 00003")); v != nil || err != nil {
			t.Errorf("what came meanwhile is %q, %v", v, err)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if n := has(t, d); n != 4 {
		t.Errorf("%d rows of 4", n)
	}
}

func TestWhatIsJournalledIsFoldedWhenNothingFollows(t *testing.T) {
	d := journalling(t, 0)
	foldAfter = time.Millisecond
	do(t, d, row(0))
	foldAfter = time.Hour
	for deadline := time.Now().Add(20 * time.Second); d.journal.waits.Load(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it is not folded")
		}
	}
	holds(t, killed(t, d), true, 1)
}

// TestCopiesOfAMoment copies, compacts and checks while others journal: a copy has the rows of one moment, and no
// journal.
func TestCopiesOfAMoment(t *testing.T) {
	d := journalling(t, 2)
	end, ended := make(chan bool), make(chan int)
	go func() {
		for i := 2; ; i++ {
			select {
			case <-end:
				ended <- i
				return
			default:
			}
			if i == 5000 {
				<-end
				ended <- i
				return
			}
			if err := d.Update(nil, row(i)); err != nil {
				t.Error(err)
			}
		}
	}()
	before := 0
	for i := range 12 {
		path := filepath.Join(t.TempDir(), "digestd.db")
		var backup bytes.Buffer
		if _, err := d.Backup(&backup); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, backup.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		if hasJournal(t, path) {
			t.Error("a copy has a journal")
		}
		copied, err := opened(t, path, Options{ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		if n := has(t, copied); n < before {
			t.Errorf("copy %d has %d rows, and the one before had %d", i, n, before)
		} else {
			before = n
		}
		copied.Close()
		if problems := d.Verify(); len(problems) > 0 {
			t.Error(problems)
		}
	}
	close(end)
	rows := <-ended
	if _, _, err := d.Compact(); err != nil {
		t.Fatal(err)
	}
	if hasJournal(t, d.path) {
		t.Error("a compacted file has a journal")
	}
	holds(t, d.path, false, rows)
}

// TestNothingIsTakenIntoAFileThatWasCompacted goes on with Updates beside a compaction: the new file has each that was
// said to be durable.
func TestNothingIsTakenIntoAFileThatWasCompacted(t *testing.T) {
	d := journalling(t, 10)
	do(t, d, func(tx store.Tx) error { // so that it takes long enough for an Update to be the next
		return tx.Part("p", "another").Put([]byte("long"), make([]byte, 16<<20))
	})
	begun, ended := make(chan bool), make(chan int)
	go func() {
		i := 10
		for ; d.Update(nil, row(i)) == nil; i++ {
			if i == 10 {
				close(begun)
			}
		}
		ended <- i
	}()
	<-begun
	if _, _, err := d.Compact(); err != nil {
		t.Error(err)
	}
	holds(t, d.path, false, <-ended)
}

// TestManyLives journals, reads, fails, removes, is copied and killed at random, and holds at each end what a map
// holds.
func TestManyLives(t *testing.T) {
	for seed := range uint64(3) {
		random := rand.New(rand.NewPCG(seed, 22))
		path := filepath.Join(t.TempDir(), "digestd.db")
		want, begun := map[string]string{}, false
		for range 8 {
			d, err := opened(t, path, Options{Eager: random.IntN(4) > 0})
			if err != nil {
				t.Fatal(err)
			}
			for range random.IntN(150) {
				next := map[string]string{}
				for k, v := range want {
					next[k] = v
				}
				fails := random.IntN(12) == 0
				err := d.Update(nil, func(tx store.Tx) error {
					if !begun {
						if err := tx.Create("p"); err != nil {
							return err
						}
					}
					for range 1 + random.IntN(4) {
						part, key := fmt.Sprint("part", random.IntN(3)), fmt.Sprint(random.IntN(40))
						switch random.IntN(12) {
						case 0:
							_ = tx.Part("p", part).Delete([]byte(key))
							delete(next, part+" "+key)
						default:
							value := strings.Repeat(fmt.Sprint(random.Uint32()), random.IntN(400))
							_ = tx.Part("p", part).Put([]byte(key), []byte(value))
							next[part+" "+key] = value
						}
					}
					if fails {
						return errJournal
					}
					return nil
				})
				if (err != nil) != fails {
					t.Fatal(err)
				}
				if !fails {
					want, begun = next, true
				}
				if random.IntN(30) == 0 {
					holdsMap(t, d, want)
				}
			}
			switch {
			case !begun:
			case random.IntN(2) == 0:
				path = killed(t, d)
			default:
				d.Close()
			}
		}
		d, err := opened(t, path, Options{ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		holdsMap(t, d, want)
		if problems := d.Verify(); len(problems) > 0 {
			t.Error(problems)
		}
	}
}

func holdsMap(t *testing.T, d *DB, want map[string]string) {
	t.Helper()
	n := 0
	if err := d.View(func(tx store.Tx) error {
		for _, part := range []string{"part0", "part1", "part2"} {
			for r, err := range tx.Part("p", part).Rows(store.Range{}) {
				if n++; err != nil || string(r.Value) != want[part+" "+string(r.Key)] {
					t.Errorf("%s %s is another one, %v", part, r.Key, err)
				}
			}
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	if n != len(want) {
		t.Errorf("%d rows, want %d", n, len(want))
	}
}

// FuzzRecords holds that no journal makes whoever reads it panic, or do what no record says.
func FuzzRecords(f *testing.F) {
	salt := []byte("salt")
	var area []byte
	u := &tx{}
	for i := range 3 {
		b := &bucket{tx: u, name: "b", part: strings.Repeat("p", i)}
		b.note(notedRow, []byte("key"), bytes.Repeat([]byte("v"), i*slot))
		b.note(notedSequence, nil, make([]byte, 8))
		area = append(area, encodeRecord(nil, u.log, salt, 7, uint64(i))...)
	}
	f.Add(area, uint64(7))
	f.Add(area[:slot+100], uint64(7))
	f.Add(u.log, uint64(0))
	db, err := bbolt.Open(filepath.Join(f.TempDir(), "digestd.db"), 0o600, &bbolt.Options{NoSync: true})
	if err != nil {
		f.Fatal(err)
	}
	defer db.Close()
	f.Fuzz(func(t *testing.T, raw []byte, id uint64) {
		logs, length, _, err := readRecords(raw, salt, id)
		if err == nil && (length > len(raw)+slot || len(logs)*slot > len(raw)+slot) {
			t.Errorf("%d records in %d of %d bytes", len(logs), length, len(raw))
		}
		_ = db.Update(func(t *bbolt.Tx) error {
			t.CreateBucket([]byte("b"))
			for _, log := range append(logs, raw) {
				_ = redo(&tx{Tx: t}, log)
			}
			return errors.New("nothing stays")
		})
	})
}
