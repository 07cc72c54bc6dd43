package subscribers

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Kept is an address that a file says mail is kept from, or kept no more.
type Kept struct {
	Email  string // as ParseAddress has it
	Digest string // id; empty: all
	Source string // who asked for it, where the file says so
}

// emailColumns are what other programs call the column of the address in what they export.
var emailColumns = []string{"email", "e-mail", "email address", "e-mail address", "email_address", "address", "mail",
	"subscriber", "recipient"}

// ReadKept reads addresses: one on each line, or a CSV file with a column for them, of `subscribers list` or of another
// program. Of the former it is those that are suppressed, each with the digest and the source that stand there.
// An empty line, and one that begins with "#", says nothing. Problems call the file by its label.
func ReadKept(r io.Reader, label string) (all []Kept, problems []Problem) {
	bounded := &lines{from: r, left: 2 * maxLine}
	buffered := bufio.NewReaderSize(bounded, maxLine)
	if bom, err := buffered.Peek(3); err == nil && string(bom) == "\xef\xbb\xbf" {
		buffered.Discard(len(bom))
	}
	records := csv.NewReader(buffered)
	records.FieldsPerRecord, records.Comment, records.LazyQuotes = -1, '#', true
	email, suppressed, first, after := 0, -1, true, 0
	for {
		bounded.next()
		record, err := records.Read()
		if err == io.EOF {
			return all, problems
		}
		if err != nil {
			p := unreadable(err, label, after)
			if problems = append(problems, *p); !errors.As(err, new(*csv.ParseError)) {
				return all, problems
			}
			continue
		}
		after, _ = records.FieldPos(0)
		if first {
			first = false
			if at := slices.IndexFunc(record, isEmailColumn); at >= 0 {
				email = at
				suppressed = slices.IndexFunc(record,
					func(s string) bool { return strings.EqualFold(strings.TrimSpace(s), beside[1]) })
				continue
			}
		}
		cell := ""
		if email < len(record) {
			cell, _ = trim(record[email])
		}
		switch {
		case cell == "" && !slices.ContainsFunc(record, func(s string) bool { return strings.TrimSpace(s) != "" }):
		case suppressed >= 0 && (suppressed >= len(record) || strings.TrimSpace(record[suppressed]) == ""):
		default:
			line, col := records.FieldPos(min(email, len(record)-1))
			address, err := ParseAddress(unguarded(cell))
			if err != nil {
				problems = append(problems, Problem{Place{label, line, col}, fmt.Sprintf("address %q %v", cell, err)})
				continue
			}
			said := []Kept{{Email: address}}
			if suppressed >= 0 {
				said = whatKeeps(address, unguarded(strings.TrimSpace(record[suppressed])))
			}
			all = append(all, said...)
		}
	}
}

func isEmailColumn(name string) bool {
	return slices.Contains(emailColumns, strings.ToLower(strings.TrimSpace(name)))
}

// whatKeeps reads what `subscribers list` writes of suppressions: "bounce mailto of daily".
func whatKeeps(email, cell string) (all []Kept) {
	words := strings.Fields(cell)
	for i := 0; i < len(words); i++ {
		k := Kept{Email: email, Source: words[i]}
		if i+2 < len(words) && words[i+1] == "of" {
			k.Digest = words[i+2]
			i += 2
		}
		all = append(all, k)
	}
	return all
}
