package subscribers

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
)

// Export is what another program's list of readers says: who gets its mail, who does not any more, and why.
type Export struct {
	From    string       // whose export it seems to be; empty where that is not known
	Readers []Subscriber // address, name and place alone
	Kept    []Kept       // from whom mail is to be kept
	Waiting int          // who never confirmed: they are neither
	Twice   int          // rows of an address that stands there already
	Passed  []string     // columns of which nothing is taken over
	Wrong   []Problem    // rows without an address that mail can be sent to
}

// Left is the source of what a reader stopped elsewhere: their own wish, which they can take back.
const Left = "import"

// What a row's status comes to.
const (
	takes   = ""
	waits   = "waits"
	leaves  = Left
	bounces = "bounce"
	objects = "complaint"
	barred  = "operator" // by the one who sent it
)

// exporter is a program whose exports are known by a column that only it has.
type exporter struct {
	name   string
	known  string            // the column
	states map[string]string // column → what it comes to when it says something, but for what says says
	says   map[string]string // "column=value" → what it comes to; column and value in lower case
}

// exporters are what is known of their columns. Those with a state that is not known are left out, and told.
func exporters() []exporter {
	return []exporter{
		{name: "Mailchimp", known: "leid", states: map[string]string{"unsub_time": leaves, "clean_time": bounces}},
		{name: "listmonk", known: "uuid", says: map[string]string{"status=enabled": takes, "status=disabled": barred, "status=blocklisted": leaves}},
		{name: "Substack", known: "email_disabled", says: map[string]string{"email_disabled=true": leaves, "email_disabled=false": takes}},
		{name: "Ghost", known: "subscribed_to_emails", states: map[string]string{"deleted_at": barred},
			says: map[string]string{"subscribed_to_emails=true": takes, "subscribed_to_emails=false": leaves}},
		{name: "Buttondown", known: "email_address", states: map[string]string{"unsubscription_date": leaves}, says: buttondown()},
		{name: "Google Groups", known: "group status", says: map[string]string{"group status=member": takes, "group status=owner": takes,
			"group status=manager": takes, "group status=banned": barred, "group status=pending": waits, "group status=invited": waits,
			"email status=bouncing": bounces, "email status=deliverable": takes, "email preference=no email": leaves, "email preference=none": leaves,
			"email preference=all email": takes, "email preference=each email": takes, "email preference=digest": takes, "email preference=abridged": takes}},
		{name: "Google Contacts", known: "e-mail 1 - value"},
		{says: map[string]string{"status=subscribed": takes, "status=active": takes, "status=enabled": takes, "status=confirmed": takes,
			"status=unsubscribed": leaves, "status=cleaned": bounces, "status=bounced": bounces, "status=complained": objects,
			"status=pending": waits, "status=unconfirmed": waits, "status=unactivated": waits}},
	}
}

// buttondown are the types of its subscribers, under both names of the column.
func buttondown() map[string]string {
	says := map[string]string{}
	for state, types := range map[string]string{
		takes:  "regular premium gifted trialed churning churned past_due paused unpaid upcoming",
		leaves: "unsubscribed", waits: "unactivated", bounces: "undeliverable", objects: "complained", barred: "removed blocked spammy disabled",
	} {
		for name := range strings.FieldsSeq(types) {
			says["type="+name], says["subscriber_type="+name] = state, state
		}
	}
	return says
}

// nameColumns are how exports call names, whole ones before parts.
var nameColumns = [][]string{{"name"}, {"full name"}, {"first name", "last name"}, {"first_name", "last_name"}, {"given name", "family name"}, {"nickname"}}

// ReadExport reads a CSV file in which another program lists its readers: Mailchimp, listmonk, Substack, Ghost, Buttondown,
// Google Groups and Contacts, or one with a column for the address. Columns may be in any order, and be separated by commas,
// semicolons or tabs. Problems call the file by its label; the error is that of a file that is none.
func ReadExport(raw []byte, label string) (Export, error) {
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))
	records := csv.NewReader(bytes.NewReader(raw))
	records.FieldsPerRecord, records.LazyQuotes, records.ReuseRecord = -1, true, true
	records.Comma = separator(raw)
	var e Export
	var columns exportColumns
	for {
		record, err := records.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			p := unreadable(err, label, 0)
			if !errors.As(err, new(*csv.ParseError)) {
				return e, p
			}
			e.Wrong = append(e.Wrong, *p)
			continue
		}
		line, _ := records.FieldPos(0)
		switch {
		case columns.email != nil:
			e.row(record, columns, Place{label, line, 0})
		case columns.read(record):
			e.From, e.Passed = columns.from.name, columns.passed(record)
		case line > 2: // Google Groups has a line with the name of the group before it
			return e, Problem{Place{label, 1, 0}, `no column is called "email", "Email Address" or alike: is this an export of readers?`}
		}
	}
	if columns.email == nil {
		return e, Problem{Place{label, 1, 0}, `has no readers: its first line must name the columns`}
	}
	e.settle()
	return e, nil
}

// separator is what stands between the cells of the first line.
func separator(raw []byte) rune {
	first, _, _ := bytes.Cut(raw, []byte("\n"))
	best := ','
	for _, c := range ";\t" {
		if bytes.Count(first, []byte(string(c))) > bytes.Count(first, []byte(string(best))) {
			best = c
		}
	}
	return best
}

// exportColumns are where a file has what is taken over.
type exportColumns struct {
	from   exporter
	email  []int // all columns with addresses; of a row, the first that has one
	name   []int
	states map[int]string // by column, its name
}

// read finds the columns in a first line. It reports whether there is one for the address.
func (c *exportColumns) read(header []string) bool {
	names := make([]string, len(header))
	for i, cell := range header {
		names[i] = strings.ToLower(strings.Trim(strings.ToValidUTF8(cell, ""), " \t\u00a0*"))
	}
	at := func(name string) int { return slices.Index(names, name) }
	for _, c.from = range exporters() { // the last is anybody's
		if c.from.known != "" && at(c.from.known) >= 0 {
			break
		}
	}
	c.email, c.name, c.states = nil, nil, map[int]string{}
	for i, name := range names {
		if isEmailColumn(name) && name != "address" || c.from.name == "Google Contacts" && strings.HasPrefix(name, "e-mail ") && strings.HasSuffix(name, " - value") {
			c.email = append(c.email, i)
		}
		if c.from.states[name] != "" || slices.Contains(statesOf(c.from), name) {
			c.states[i] = name
		}
	}
	if len(c.email) == 0 && at("address") >= 0 {
		c.email = []int{at("address")}
	}
	for _, parts := range nameColumns {
		for _, part := range parts {
			if i := at(part); i >= 0 {
				c.name = append(c.name, i)
			}
		}
		if c.name != nil {
			break
		}
	}
	return len(c.email) > 0
}

// statesOf are the columns whose values an exporter gives a meaning.
func statesOf(x exporter) (names []string) {
	for said := range x.says {
		name, _, _ := strings.Cut(said, "=")
		names = append(names, name)
	}
	return names
}

// passed are the columns of which nothing is taken over.
func (c exportColumns) passed(header []string) (names []string) {
	for i, cell := range header {
		if _, state := c.states[i]; !state && !slices.Contains(c.email, i) && !slices.Contains(c.name, i) && strings.TrimSpace(cell) != "" {
			names = append(names, oneWord(cell))
		}
	}
	return names
}

// row takes one reader over.
func (e *Export) row(record []string, c exportColumns, at Place) {
	cell := func(i int) string {
		if i >= len(record) {
			return ""
		}
		return strings.TrimSpace(record[i])
	}
	address := ""
	for _, i := range c.email {
		if address, _, _ = strings.Cut(cell(i), " ::: "); address != "" { // of a contact with several
			break
		}
	}
	if address == "" {
		if slices.ContainsFunc(record, func(s string) bool { return strings.TrimSpace(s) != "" }) && c.from.name != "Google Contacts" {
			e.Wrong = append(e.Wrong, Problem{at, "has no address"})
		}
		return
	}
	email, err := ParseAddress(address)
	if err != nil {
		e.Wrong = append(e.Wrong, Problem{at, fmt.Sprintf("address %q %v", oneWord(address), err)})
		return
	}
	state := takes
	for i, name := range c.states {
		value := strings.ToLower(cell(i))
		says, known := c.from.says[name+"="+value]
		switch {
		case value == "":
			continue
		case c.from.states[name] != "":
			says = c.from.states[name]
		case !known:
			e.Wrong = append(e.Wrong, Problem{at, fmt.Sprintf("%s is %q, which is not known: the reader is left out", name, oneWord(value))})
			return
		}
		state = graver(state, says)
	}
	switch state {
	case takes:
		var parts []string
		for _, i := range c.name {
			parts = append(parts, cell(i))
		}
		e.Readers = append(e.Readers, Subscriber{Email: email, Name: plainName(strings.Join(parts, " ")), File: at.File, Line: at.Line})
	case waits:
		e.Waiting++
	default:
		e.Kept = append(e.Kept, Kept{Email: email, Source: state})
	}
}

// graver is the one of two states that a reader with both is in.
func graver(a, b string) string {
	order := []string{takes, waits, leaves, bounces, barred, objects}
	if slices.Index(order, a) > slices.Index(order, b) {
		return a
	}
	return b
}

// settle leaves one row of each address. Who left by one of them has left.
func (e *Export) settle() {
	seen := map[string]bool{}
	for _, k := range e.Kept {
		seen[Key(k.Email)] = true
	}
	e.Readers = slices.DeleteFunc(e.Readers, func(s Subscriber) bool {
		twice := seen[Key(s.Email)]
		seen[Key(s.Email)] = true
		if twice {
			e.Twice++
		}
		return twice
	})
}

// plainName is a name as a subscriber file can have it.
func plainName(s string) string {
	s = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, ""))), " ")
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "")
	}
	return s
}

// oneWord is what a file says as a message can quote it.
func oneWord(s string) string {
	s = plainName(s)
	if r := []rune(s); len(r) > 60 {
		s = string(r[:60]) + "…"
	}
	return s
}

// AppendCSV is a subscriber file with readers added, in the columns that it has: each with address and name, and with
// the digests that are named, if any are. An empty file gets those columns. The error says what it lacks.
func AppendCSV(raw []byte, readers []Subscriber, digests []string) ([]byte, error) {
	columns := []string{"email", "name", "digests"}
	var out bytes.Buffer
	out.Write(raw)
	w := csv.NewWriter(&out)
	if len(bytes.TrimSpace(raw)) > 0 {
		header, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf")))).Read()
		if err != nil {
			return nil, err
		}
		for i := range header {
			header[i] = strings.ToLower(strings.TrimSpace(header[i]))
		}
		if columns = header; raw[len(raw)-1] != '\n' {
			out.WriteByte('\n')
		}
	} else {
		out.Reset()
		w.Write(columns)
	}
	if !slices.Contains(columns, "email") || len(digests) > 0 && !slices.Contains(columns, "digests") {
		return nil, errors.New(`its first line must name the columns "email" and, where digests are to be written, "digests"`)
	}
	for _, s := range readers {
		cells := make([]string, len(columns))
		for i, column := range columns {
			switch column {
			case "email":
				cells[i] = guarded(s.Email)
			case "name":
				cells[i] = guarded(s.Name)
			case "digests":
				cells[i] = strings.Join(digests, " ")
			case beside[0]: // a row without it is none of a subscriber's
				cells[i] = guarded(s.File)
			}
		}
		w.Write(cells)
	}
	w.Flush()
	return out.Bytes(), w.Error()
}
