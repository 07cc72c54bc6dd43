package config

import (
	"errors"
	"strconv"

	"digestd/subscribers"
)

func filesKeys(paths *[]cell) []key {
	return []key{
		list("paths", paths, "[]", "list of paths",
			"CSV files with the columns of [[subscribers]], of which only email is needed; digests and topics "+
				"separated by \";\" or spaces. Read again on reload.",
			func(r *reader, v *value) (cell, bool) {
				s, ok := r.line(v, "paths", "")
				if ok && s == "" {
					ok = false
					r.bad(v, "paths", errors.New("must not have an empty path"))
				}
				return cell{s, v.place}, ok
			}),
	}
}

// cell is a word of the file that is looked up once all of the file is known.
type cell struct {
	text string
	place
}

// rowKeys are the keys of [[subscribers]]: a reader's attributes.
func rowKeys(row *subscribers.Row) []key {
	var keys []key
	for i, a := range subscribers.Attributes() {
		add := func(v *value) {
			row.Cells[i] = append(row.Cells[i], subscribers.Cell{Text: v.text, Line: v.line, Col: v.col})
		}
		k := key{name: a.Name, typ: a.Type, meaning: a.Meaning, needed: a.Needed}
		is, example := textKind, ""
		if a.Kind == subscribers.Date {
			is, example = dateKind, "2026-12-24, without quotes"
		}
		switch a.Kind {
		case subscribers.Word, subscribers.Date:
			if a.Kind == subscribers.Word && !a.Needed {
				k.def = `""`
			}
			k.read = func(r *reader, v *value) {
				if r.is(v, a.Name, is, example) && (v.text != "" || a.Needed) { // else it says as much as a key that is not there
					add(v)
				}
			}
		case subscribers.Names, subscribers.Phrases:
			k.read = func(r *reader, v *value) {
				for _, e := range r.elements(v, a.Name) {
					if r.is(e, a.Name, textKind, "") {
						add(e)
					}
				}
				if v.kind == listKind && len(v.list) == 0 && a.Kind == subscribers.Names {
					r.report(v.place, "%s is empty: that reader would get nothing; leave the key out for all", r.of(a.Name))
				}
			}
		}
		keys = append(keys, k)
	}
	return keys
}

// subscribers reads [[subscribers]] and the files of [subscriber_files].
func (r *reader) subscribers(c *Config, root *table, files []cell) {
	rules := subscribers.Rules{Zone: c.Newsletter.Timezone, Language: c.Newsletter.Language, Topics: defined(root, "topics")}
	for _, id := range defined(root, "digests") {
		rules.Digests = append(rules.Digests, subscribers.DigestRule{ID: id, Topics: r.known[id]})
	}
	sources := []subscribers.Rows{r.rows(root)}
	for i, f := range files {
		path := resolve(r.dir, f.text)
		for _, other := range files[:i] {
			if resolve(r.dir, other.text) == path {
				r.report(f.place, "paths of [subscriber_files] names %q twice", f.text)
				path = ""
			}
		}
		if path == "" {
			continue
		}
		if !isFile(path) {
			r.report(f.place, "paths of [subscriber_files]: there is no file %s", r.shown(path))
			continue
		}
		c.SubscriberFiles = append(c.SubscriberFiles, path)
		sources = append(sources, subscribers.ReadCSV(path, r.shown(path)))
	}
	list, problems := subscribers.Validate(subscribers.Concat(sources...), rules)
	r.problems = append(r.problems, problems...)
	c.Subscribers = list
}

// rows yields the rows of [[subscribers]], and reports what can't be one.
func (r *reader) rows(root *table) subscribers.Rows {
	return func(yield func(*subscribers.Row, *subscribers.Problem) bool) {
		v := root.values["subscribers"]
		if v == nil {
			return
		}
		if v.kind != listKind {
			r.report(v.place, "subscribers must be a list of tables: [[subscribers]], with two brackets")
			return
		}
		var row subscribers.Row
		keys := rowKeys(&row)
		for _, e := range v.list {
			if e.kind != tableKind {
				r.report(e.place, "each of subscribers must be a table: [[subscribers]]")
				continue
			}
			what := "[[subscribers]]"
			if email := e.table.values["email"]; email != nil && email.kind == textKind {
				what = "subscriber " + strconv.Quote(shorten(email.text))
			}
			row = subscribers.NewRow(r.file, e.line, e.col)
			readTable(r, what, e.table, keys)
			if e.table.values["email"] == nil {
				continue // reported by the table
			}
			if row.Email().Line == 0 {
				continue // not text, reported
			}
			if !yield(&row, nil) {
				return
			}
		}
	}
}
