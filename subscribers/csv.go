package subscribers

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"math"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"digestd/internal/regular"
	"digestd/internal/spelling"
)

// ReadCSV yields the rows of a CSV file (RFC 4180), which it opens when the iteration begins. Its first
// line names the columns, in any order; only email is needed. The cells of digests and topics hold
// names separated by ";" or spaces. Problems call the file by its label.
//
// What WriteCSV wrote is read back: the columns beside a row's are passed over, and so are rows of those whom only the
// ledger knew. Nobody becomes a subscriber by having left.
func ReadCSV(path, label string) Rows {
	return func(yield func(*Row, *Problem) bool) {
		f, err := regular.Open(path, math.MaxInt64)
		if err != nil {
			var pe *fs.PathError
			if errors.As(err, &pe) {
				err = pe.Err
			}
			yield(nil, &Problem{Place{File: label}, "can't be read: " + err.Error()})
			return
		}
		defer f.Close()
		readCSV(f, label, yield)
	}
}

// maxLine is how many bytes a line may have, or the lines of a quoted cell: a file without line ends, or with a
// quotation mark too few, would be read into memory as a whole.
const maxLine = 1 << 16

var errLongLine = fmt.Errorf("has a line of more than %d KB; is a closing quotation mark missing?", maxLine>>10)

// lines is a reader that fails when a line is too long. What is read ahead of a line is no longer than one.
type lines struct {
	from io.Reader
	left int
}

func (l *lines) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, errLongLine
	}
	n, err := l.from.Read(p[:min(len(p), l.left)])
	l.left -= n
	return n, err
}

func (l *lines) next() { l.left = 2 * maxLine }

// readable is a text as this program reads it, in UTF-8 and with line ends of today: spreadsheets also write UTF-16, byte
// order marks (else the header would be called "\ufeffemail"), and lines that end with CR alone.
func readable(r io.Reader) io.Reader {
	buffered := bufio.NewReaderSize(r, maxLine)
	begin, _ := buffered.Peek(4)
	little := bytes.HasPrefix(begin, []byte("\xff\xfe")) || len(begin) == 4 && begin[1] == 0 && begin[3] == 0
	if big := bytes.HasPrefix(begin, []byte("\xfe\xff")) || len(begin) == 4 && begin[0] == 0 && begin[2] == 0; big || little {
		endian := unicode.BigEndian
		if little {
			endian = unicode.LittleEndian
		}
		decoded := transform.NewReader(buffered, unicode.UTF16(endian, unicode.IgnoreBOM).NewDecoder())
		buffered = bufio.NewReaderSize(decoded, maxLine)
	}
	if mark, _ := buffered.Peek(3); string(mark) == "\xef\xbb\xbf" {
		buffered.Discard(len(mark))
	}
	if first, _ := buffered.Peek(maxLine); bytes.IndexByte(first, '\r') >= 0 && bytes.IndexByte(first, '\n') < 0 {
		return returns{buffered}
	}
	return buffered
}

// returns reads lines that end with CR alone.
type returns struct{ from io.Reader }

func (r returns) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	for i, c := range p[:n] {
		if c == '\r' {
			p[i] = '\n'
		}
	}
	return n, err
}

func readCSV(r io.Reader, label string, yield func(*Row, *Problem) bool) {
	bounded := &lines{from: r, left: 2 * maxLine}
	records := csv.NewReader(readable(bounded))
	records.ReuseRecord = true
	records.FieldsPerRecord = -1 // counted below, in words that name the header
	problem := func(line, col int, format string, args ...any) *Problem {
		return &Problem{Place{label, line, col}, fmt.Sprintf(format, args...)}
	}

	header, err := records.Read()
	if err == io.EOF {
		yield(nil, problem(1, 1, `is empty; its first line must name the columns, "email" at least`))
		return
	}
	if err != nil {
		yield(nil, unreadable(err, label, 0))
		return
	}
	columns, problems := readHeader(header, func(i int, format string, args ...any) *Problem {
		line, col := records.FieldPos(i)
		return problem(line, col, format, args...)
	})
	if len(problems) > 0 {
		for _, p := range problems {
			if !yield(nil, p) {
				return
			}
		}
		return // without its columns no line of the file means anything
	}

	attributes, row := Attributes(), NewRow(label, 0, 0)
	for {
		bounded.next()
		record, err := records.Read()
		if err == io.EOF {
			return
		}
		if err != nil {
			var pe *csv.ParseError
			if !yield(nil, unreadable(err, label, max(row.Line, 1))) || !errors.As(err, &pe) {
				return
			}
			continue
		}
		if !slices.ContainsFunc(record, func(s string) bool { return strings.TrimSpace(s) != "" }) {
			continue // spreadsheets leave lines of nothing but commas
		}
		if line, col := records.FieldPos(0); len(record) != len(columns) {
			if !yield(nil, problem(line, col, "has %d columns where the first line names %d", len(record),
				len(columns))) {
				return
			}
			continue
		}
		if fill(&row, attributes, columns, record, records.FieldPos) && !yield(&row, nil) {
			return
		}
	}
}

// fill reads a record into a row. It reports false where the record is of somebody whom only the ledger knew, or who was
// removed.
func fill(row *Row, attributes []Attribute, columns []int, record []string, at func(field int) (line, col int)) bool {
	row.Line, row.Col = at(0)
	for i := range row.Cells {
		row.Cells[i] = row.Cells[i][:0]
	}
	listed := true
	for i, field := range record {
		field, shift := trim(field)
		switch {
		case columns[i] == sourceAt:
			listed = field != ""
		case columns[i] >= 0 && attributes[columns[i]].Name == "email" && strings.HasPrefix(field, removed):
			return false
		case columns[i] == besideAt, field == "":
		default:
			line, col := at(i)
			row.set(attributes, columns[i], Cell{unguarded(field), line, col + shift})
		}
	}
	return listed
}

// beside are the columns that WriteCSV writes after those of a row: where the row stands, what keeps mail from the
// reader, what they chose, and to what they said yes. The first is empty of those whom no file names.
var beside = [...]string{"source", "suppressed", "preferences", "consent"}

// What stands in the place of an attribute for such a column.
const besideAt, sourceAt = -1, -2

// WriteCSV writes rows in the columns of a subscriber file. Its caller gives, of each reader, what stands in the
// columns beside them.
func WriteCSV(w io.Writer, rows iter.Seq2[Subscriber, [len(beside)]string]) error {
	out := csv.NewWriter(w)
	if err := out.Write(append(Columns(), beside[:]...)); err != nil {
		return err
	}
	attributes := Attributes()
	for s, more := range rows {
		var cells []string
		for _, a := range attributes {
			cells = append(cells, guarded(strings.Join(a.Of(s), a.Kind.parting())))
		}
		for _, cell := range more {
			cells = append(cells, guarded(cell))
		}
		if err := out.Write(cells); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// formula matches a cell that a spreadsheet would take for a formula, and run.
var formula = regexp.MustCompile(`^'*[=+\-@\t\r]`)

// guarded is a cell that every spreadsheet takes for text, and unguarded what it was.
func guarded(cell string) string {
	if formula.MatchString(cell) {
		return "'" + cell
	}
	return cell
}

func unguarded(cell string) string {
	if cell == "" {
		return cell
	}
	if cell[0] == '\'' && formula.MatchString(cell) {
		return cell[1:]
	}
	return cell
}

func isEmail(column string) bool { return strings.EqualFold(strings.TrimSpace(column), "email") }

// readHeader maps positions to attributes.
func readHeader(header []string,
	problem func(i int, format string, args ...any) *Problem) (columns []int, problems []*Problem) {
	known := Columns()
	for i, field := range header {
		name := strings.ToLower(strings.TrimSpace(field))
		at := slices.Index(known, name)
		if name == NoteColumn {
			columns = append(columns, besideAt)
			continue
		}
		if i := slices.Index(beside[:], name); i >= 0 {
			at = besideAt
			if i == 0 {
				at = sourceAt
			}
			columns = append(columns, at)
			continue
		}
		switch {
		case at >= 0 && slices.Contains(columns, at):
			problems = append(problems, problem(i, "column %q stands twice in the first line", name))
		case at < 0:
			hint := spelling.Hint(name, known)
			if strings.ContainsAny(name, ";\t") {
				hint = "; columns are separated by commas"
			} else if strings.Contains(name, "@") {
				hint = `; the first line must name the columns, "email" at least`
			} else if hint == "" && len(problems) == 0 && !slices.ContainsFunc(header, isEmail) {
				hint = `; the address must stand in a column "email". What other programs export, ` +
					"`digestd subscribers import` takes over"
			}
			problems = append(problems, problem(i, "unknown column %q%s", name, hint))
		}
		columns = append(columns, at)
	}
	if len(problems) == 0 && !slices.Contains(columns, emailAt) {
		problems = append(problems, problem(0, `the first line names no column "email"`))
	}
	return columns, problems
}

// set adds what a cell says to the row.
func (r *Row) set(attributes []Attribute, at int, c Cell) {
	switch attributes[at].Kind {
	case Names:
		r.Cells[at] = split(c, r.Cells[at], "; ")
		return
	case Phrases:
		r.Cells[at] = split(c, r.Cells[at], ";")
		return
	}
	r.Cells[at] = append(r.Cells[at], c)
}

// split appends the names in a cell, which any of some characters part, each with its own place.
func split(c Cell, names []Cell, parting string) []Cell {
	for i := 0; i < len(c.Text); {
		end := i + strings.IndexAny(c.Text[i:], parting)
		if end < i {
			end = len(c.Text)
		}
		if end > i {
			if name, before := trim(c.Text[i:end]); name != "" {
				names = append(names, Cell{name, c.Line, c.Col + i + before})
			}
		}
		i = end + 1
	}
	return names
}

// trim returns s without the spaces around it, and how many stood before it.
func trim(s string) (string, int) {
	left := strings.TrimLeft(s, " \t")
	return strings.TrimRight(left, " \t"), len(s) - len(left)
}

// unreadable says why a record can't be read that comes after a line.
func unreadable(err error, label string, after int) *Problem {
	var pe *csv.ParseError
	if errors.As(err, &pe) {
		words := pe.Err.Error()
		switch {
		case errors.Is(pe.Err, csv.ErrBareQuote):
			words = `has a quotation mark inside an unquoted cell; quote the cell and double the mark`
		case errors.Is(pe.Err, csv.ErrQuote):
			words = fmt.Sprintf("has a quoted cell, begun on line %d, whose closing mark is missing or does not end the cell", pe.StartLine)
		}
		return &Problem{Place{label, pe.Line, pe.Column}, words}
	}
	if errors.Is(err, errLongLine) {
		return &Problem{Place{label, after + 1, 0}, err.Error()}
	}
	return &Problem{Place{File: label}, "can't be read: " + err.Error()}
}
