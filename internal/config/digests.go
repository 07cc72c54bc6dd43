package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"digestd/digest"
	"digestd/digest/schedule"
	"digestd/internal/spelling"
)

// digestTable is [digests.ID] as it is written.
type digestTable struct {
	digest.Digest
	before []cell // of formerly
	topics []cell
}

func digestKeys(d *digestTable) []key {
	return append([]key{
		text("title", &d.Title, `""`, "text", "The masthead. Without it, the newsletter's name."),
		text("subject", &d.Subject, `"{{.Headlines}}"`, "template", "Subject, a Go text/template over the edition."),
		text("schedule", &d.Schedule, `"0 7 * * *"`, "cron line",
			"When an edition is due, on the wall clock: minute, hour, day of month, month, day of week.", func(_ *reader, s string) (string, error) {
				if _, err := schedule.Parse(s); err != nil {
					return "", fmt.Errorf("%q: %w", s, cmp.Or(errors.Unwrap(err), err))
				}
				return s, nil
			}),
		text("timezone", &d.Zone, `""`, "time zone",
			"Set: the schedule is read in this zone for all. Empty: each subscriber's own.", zone),
		list("topics", &d.topics, "", "list of topics",
			"Names of topics, in the order of the page. Without it, all topics in the order of this file.", func(r *reader, v *value) (cell, bool) {
				s, ok := r.line(v, "topics", "")
				return cell{s, v.place}, ok
			}),
		text("of", &d.Of, `""`, "digest",
			"Another digest: this one sums up what that one's editions told since its own last one, and has its "+
				"topics. What was told most, longest and with most developments comes first."),
		duration("catch_up", &d.CatchUp, `"6h"`, 0, 366*day,
			"A slot missed by less is sent late, once; by more, and its items go into the next edition."),
		boolean("send_empty", &d.SendEmpty, "false", "Send an edition that has nothing in it."),
		whole("max_headlines", &d.MaxHeadlines, "15", 1, 500,
			"Headlines in latest news, from one feed a third of them while others wait."),
		choice("length", &d.Length, `"usual"`, []string{"short", "usual", "long"},
			"How much there is to read: two minutes, four or five, or whatever the topics' limits and max_size "+
				"let in."),
		choice("asides", &d.Asides, `"last"`, []string{"last", "off"},
			"What is no news stands last in latest news, where room is left, or nowhere: live pages, briefings, "+
				"clips, galleries, offers, bets, puzzles, recipes, horoscopes, gossip, and headlines that only explain."),
		list("aside_paths", &d.AsidePaths, "[]", "list of text",
			"Parts of links whose items are asides too: [\"sport\", \"celebrity\"].", func(r *reader, v *value) (string, bool) {
				s, ok := r.line(v, "aside_paths", "")
				return strings.ToLower(strings.Trim(s, "/")), ok
			}),
		choice("approve", &d.Approve, `""`, []string{ApproveSend, ApproveHold},
			"Compose before the slot and send the editor a test copy. send: it goes at the slot whatever "+
				"happens. hold: only when `digestd desk` or its page approves it."),
		duration("approve_before", &d.ApproveBefore, `"45m"`, time.Minute, day,
			"How long before the slot, where approve is set. What comes after that waits for the next edition."),
		text("editor", &d.Editor, `""`, "address",
			"Who gets the test copies, where approve is set. Without it, [alerts] command.", address),
		boolean("developments", &d.Developments, "true",
			"What is new in a story that an edition told stands in a section of its own, with what it follows; "+
				"false: among its topic's stories."),
		choice("images", &d.Images, `"remote"`, []string{"remote", "none"},
			"Pictures from the outlets' servers, or none. A server is asked once for the size of a new picture "+
				"whose feed does not say it, unless no digest shows it."),
		size("max_size", &d.MaxSize, `"95KB"`, 16<<10, 10<<20,
			"Of each encoded part of a mail. Gmail cuts a mail off at about 102KB."),
		boolean("archive", &d.Archive, "false",
			"Keep a public page of each edition, without anything of a reader, and feeds of them. It needs "+
				"[web] or base_url of [archive]."),
		text("template", &d.Template, `""`, "path",
			"Directory with templates that replace the built-in ones of the same name.", input),
		list("formerly", &d.before, "[]", "list of names",
			"Names that this digest had before: who left it, its number and what it told go along with it.", func(r *reader, v *value) (cell, bool) {
				s, ok := r.line(v, "formerly", "")
				if ok && !validID(s) {
					r.report(v.place, "%s: %q was never the name of a digest", r.of("formerly"), s)
				}
				return cell{s, v.place}, ok && validID(s)
			}),
	}, lookKeys(" Empty: that of [newsletter].", &d.Look)...)
}

// Values of approve.
const (
	ApproveSend = "send"
	ApproveHold = "hold"
)

// gmailCut is where Gmail cuts an HTML part off, in bytes, with the unsubscribe link in what it hides.
const gmailCut = 102 << 10

// digests reads [digests.…], and finds the topics that they name.
func (r *reader) digests(root *table, newsletter Newsletter, topics []digest.Topic) []digest.Digest {
	var found []digest.Digest
	known := defined(root, "topics")
	r.known = map[string][]string{}
	former := map[string]string{} // who had a name before
	r.named(root, "digests", func(id, what string, t *table) {
		d := digestTable{}
		readTable(r, what, t, digestKeys(&d))
		v := t.values["topics"]
		all := v == nil || v.kind != listKind // which is reported
		d.ID = id
		if d.Title == "" {
			d.Title = newsletter.Name
		}
		d.Look = inherit(d.Look, newsletter.Look)
		if all {
			d.Topics = slices.Clone(topics)
		} else if len(v.list) == 0 {
			r.report(v.place, "%s has no topics; leave the key out for all", what)
		}
		for i, c := range d.topics {
			same := func(t digest.Topic) bool { return t.ID == c.text }
			switch j := slices.IndexFunc(topics, same); {
			case !slices.Contains(known, c.text):
				r.report(c.place, "topic %q of %s is not defined%s", c.text, what, spelling.Hint(c.text, known))
			case slices.ContainsFunc(d.topics[:i], func(o cell) bool { return o.text == c.text }):
				r.report(c.place, "topic %q of %s is named twice", c.text, what)
			case j >= 0:
				d.Topics = append(d.Topics, topics[j])
			}
		}
		if d.Template != "" && !isDirectory(d.Template) {
			r.report(t.values["template"].place, "template of %s: there is no directory %s", what, r.shown(d.Template))
		}
		if len(d.Topics) == len(d.topics) || all {
			r.known[id] = []string{}
			for _, t := range d.Topics {
				r.known[id] = append(r.known[id], t.ID)
			}
		}
		if v := t.values["max_size"]; v != nil && d.MaxSize > gmailCut {
			r.warn(v.place, "max_size of %s is more than the 102KB at which Gmail cuts a mail off", what)
		}
		for _, c := range d.before {
			d.Formerly = append(d.Formerly, c.text)
			switch {
			case slices.Contains(defined(root, "digests"), c.text):
				r.report(c.place, "formerly of %s: there is a digest %q still", what, c.text)
			case former[c.text] != "":
				r.report(c.place, "formerly of %s: %q is named by %s already", what, c.text, former[c.text])
			}
			former[c.text] = what
		}
		found = append(found, d.Digest)
	})
	for i, d := range found {
		if d.Of != "" {
			r.sumUp(&found[i], found, root.values["digests"].table.values[d.ID].table)
		}
	}
	return found
}

// sumUp gives a digest of another one's editions the topics of that one.
func (r *reader) sumUp(d *digest.Digest, all []digest.Digest, t *table) {
	i := slices.IndexFunc(all, func(o digest.Digest) bool { return o.ID == d.Of })
	names := make([]string, len(all))
	for j, o := range all {
		names[j] = o.ID
	}
	at, what := t.values["of"].place, fmt.Sprintf("of of digest %q", d.ID)
	switch {
	case d.Of == d.ID:
		r.report(at, "%s names the digest itself; it names the one whose editions are summed up", what)
	case i < 0:
		r.report(at, "%s: there is no digest %q%s", what, d.Of, spelling.Hint(d.Of, names))
	case all[i].Of != "":
		r.report(at, "%s: digest %q sums up another one itself, %q; name that one", what, d.Of, all[i].Of)
	case t.values["topics"] != nil:
		r.report(t.values["topics"].place, "digest %q has the topics of digest %q, whose editions it sums up; leave topics out", d.ID, d.Of)
	default:
		d.Topics, r.known[d.ID] = all[i].Topics, r.known[d.Of]
	}
}
