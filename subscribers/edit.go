package subscribers

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"digestd/internal/regular"
)

// NoteColumn is a column of a subscriber file that says who put a row there, and when. Nothing reads it.
const NoteColumn = "note"

// Table is a subscriber file in memory, to be edited. Its cells are as they stand in the file.
type Table struct {
	header []string
	rows   [][]string
}

// ErrNoRow is the error of an address that no row of a table has.
var ErrNoRow = errors.New("no row has that address")

// OneRow yields a row that says something by the names of columns, to be validated.
func OneRow(cells map[string]string) Rows {
	return func(yield func(*Row, *Problem) bool) {
		row, attributes := NewRow("", 1, 0), Attributes()
		for i, a := range attributes {
			if cell := cells[a.Name]; cell != "" {
				row.set(attributes, i, Cell{Text: cell, Line: 1})
			}
		}
		yield(&row, nil)
	}
}

// Rewrite puts what change makes of a file in its place, all of it at once or not at all: whoever reads it meanwhile
// sees the old one or the new one. Two that rewrite it at the same time wait for each other. Its owner and its mode stay.
func Rewrite(path string, change func(old io.Reader) ([]byte, error)) error {
	f, err := lockFile(path)
	if err != nil {
		return err
	}
	defer f.Close()
	text, err := change(f)
	if err != nil {
		return err
	}
	return replace(f, path, text)
}

// EditCSV rewrites a subscriber file.
func EditCSV(path string, change func(*Table) error) error {
	return Rewrite(path, func(old io.Reader) ([]byte, error) { return edited(path, old, change) })
}

func edited(path string, old io.Reader, change func(*Table) error) ([]byte, error) {
	records := csv.NewReader(readable(old))
	records.FieldsPerRecord = -1
	all, err := records.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s is empty; its first line must name the columns: email, name, paused_until, %s", path, NoteColumn)
	}
	t := &Table{header: all[0], rows: all[1:]}
	if t.column("email") < 0 {
		return nil, fmt.Errorf(`%s: the first line names no column "email"`, path)
	}
	if err := change(t); err != nil {
		return nil, err
	}
	var text bytes.Buffer
	out := csv.NewWriter(&text)
	if err := out.WriteAll(append([][]string{t.header}, t.rows...)); err != nil {
		return nil, err
	}
	return text.Bytes(), nil
}

// lockFile opens a file that nobody else edits until it is closed.
func lockFile(path string) (*os.File, error) {
	for {
		f, err := regular.Open(path, maxEdited)
		if err != nil {
			return nil, err
		}
		if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
			f.Close()
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		held, err1 := f.Stat()
		now, err2 := os.Stat(path)
		if err := errors.Join(err1, err2); err != nil {
			f.Close()
			return nil, err
		}
		if os.SameFile(held, now) { // else somebody has replaced it while this one waited
			return f, nil
		}
		f.Close()
	}
}

// maxEdited bounds a file that is edited, which is read whole, in bytes.
const maxEdited = 256 << 20

// replace puts a text in the place of a file.
func replace(old *os.File, path string, text []byte) (err error) {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer func() {
		f.Close()
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	info, err := old.Stat()
	if err != nil {
		return err
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); ok {
		if err := f.Chown(int(owner.Uid), int(owner.Gid)); err != nil && !errors.Is(err, fs.ErrPermission) {
			return err
		}
	}
	if err := f.Chmod(info.Mode().Perm()); err != nil {
		return err
	}
	if _, err := io.Copy(f, bytes.NewReader(text)); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// column is where a column stands; -1 where there is none.
func (t *Table) column(name string) int {
	return slices.IndexFunc(t.header, func(h string) bool { return strings.EqualFold(strings.TrimSpace(h), name) })
}

// find is the row of an address.
func (t *Table) find(email string) (int, error) {
	at := t.column("email")
	for i, row := range t.rows {
		if at >= len(row) {
			continue
		}
		if a, err := ParseAddress(strings.TrimSpace(unguarded(row[at]))); err == nil && Key(a) == Key(email) {
			return i, nil
		}
	}
	return -1, ErrNoRow
}

// Add appends a row. cells are by the names of columns; those that the file does not have are added to it.
func (t *Table) Add(cells map[string]string) {
	t.rows = append(t.rows, make([]string, len(t.header)))
	if at := t.column(beside[0]); at >= 0 { // whoever has none there is no subscriber (ReadCSV)
		t.rows[len(t.rows)-1][at] = cells[NoteColumn]
	}
	t.fill(len(t.rows)-1, cells)
}

// Set changes cells of the row of an address. The error is ErrNoRow.
func (t *Table) Set(email string, cells map[string]string) error {
	i, err := t.find(email)
	if err == nil {
		t.fill(i, cells)
	}
	return err
}

// removed is what stands before the address of a row that is there for its note alone.
const removed = "# "

// Remove makes the row of an address one that only says who was removed, with a note. The error is ErrNoRow.
func (t *Table) Remove(email, note string) error {
	i, err := t.find(email)
	if err != nil {
		return err
	}
	for j := range t.rows[i] { // what else it says is nobody's business any more
		t.rows[i][j] = ""
	}
	t.fill(i, map[string]string{"email": removed + email, NoteColumn: note})
	return nil
}

// Erase takes out the rows that Remove has left of an address. The error is ErrNoRow.
func (t *Table) Erase(email string) error {
	n, at := len(t.rows), t.column("email")
	t.rows = slices.DeleteFunc(t.rows, func(row []string) bool {
		return at < len(row) && strings.HasPrefix(row[at], removed) && Key(strings.TrimPrefix(row[at], removed)) == Key(email)
	})
	if len(t.rows) == n {
		return ErrNoRow
	}
	return nil
}

func (t *Table) fill(i int, cells map[string]string) {
	for _, name := range append(Columns(), NoteColumn) {
		cell, said := cells[name]
		if !said {
			continue
		}
		at := t.column(name)
		if at < 0 {
			if cell == "" {
				continue
			}
			at = len(t.header)
			t.header = append(t.header, name)
		}
		for j := range t.rows { // a row has as many cells as the first line names
			for len(t.rows[j]) > 1 && len(t.rows[j]) < len(t.header) {
				t.rows[j] = append(t.rows[j], "")
			}
		}
		for len(t.rows[i]) < len(t.header) {
			t.rows[i] = append(t.rows[i], "")
		}
		t.rows[i][at] = guarded(cell)
	}
}
