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
	all    bool // topics is not named
}

func digestKeys() []key[digestTable] {
	return append([]key[digestTable]{
		text("title", `""`, "text", "The masthead. Without it, the newsletter's name.",
			func(d *digestTable) *string { return &d.Title }),
		text("subject", `"{{.Headlines}}"`, "template", "Subject, a Go text/template over the edition.",
			func(d *digestTable) *string { return &d.Subject }),
		text("schedule", `"0 7 * * *"`, "cron line", "When an edition is due, on the wall clock: minute, hour, day of month, month, day of week.",
			func(d *digestTable) *string { return &d.Schedule }, func(_ *reader, s string) (string, error) {
				if _, err := schedule.Parse(s); err != nil {
					return "", fmt.Errorf("%q: %w", s, cmp.Or(errors.Unwrap(err), err))
				}
				return s, nil
			}),
		text("timezone", `""`, "time zone", "Set: the schedule is read in this zone for all. Empty: each subscriber's own.",
			func(d *digestTable) *string { return &d.Zone }, zone),
		list("topics", "", "list of topics", "Names of topics, in the order of the page. Without it, all topics in the order of this file.",
			func(d *digestTable) { d.topics, d.all = nil, false },
			func(r *reader, v *value, d *digestTable) {
				if s, ok := r.line(v, "topics", ""); ok {
					d.topics = append(d.topics, cell{s, v.place})
				}
			}),
		text("of", `""`, "digest", "Another digest: this one sums up what that one's editions told since its own last one, and has its topics. What was told most, longest and with most developments comes first.",
			func(d *digestTable) *string { return &d.Of }),
		duration("catch_up", `"6h"`, 0, 366*day, "A slot missed by less is sent late, once; by more, and its items go into the next edition.",
			func(d *digestTable) *time.Duration { return &d.CatchUp }),
		boolean("send_empty", "false", "Send an edition that has nothing in it.",
			func(d *digestTable) *bool { return &d.SendEmpty }),
		whole("max_headlines", "15", 1, 500, "Headlines in latest news, from one feed a third of them while others wait.",
			func(d *digestTable) *int { return &d.MaxHeadlines }),
		choice("length", `"usual"`, []string{"short", "usual", "long"}, "How much there is to read: two minutes, four or five, or whatever the topics' limits and max_size let in.",
			func(d *digestTable) *string { return &d.Length }),
		choice("asides", `"last"`, []string{"last", "off"}, "What is no news stands last in latest news, where room is left, or nowhere: live pages, briefings, clips, galleries, offers, horoscopes, gossip.",
			func(d *digestTable) *string { return &d.Asides }),
		list("aside_paths", "[]", "list of text", "Parts of links whose items are asides too: [\"sport\", \"celebrity\"].",
			func(d *digestTable) { d.AsidePaths = nil },
			func(r *reader, v *value, d *digestTable) {
				if s, ok := r.line(v, "aside_paths", ""); ok {
					d.AsidePaths = append(d.AsidePaths, strings.ToLower(strings.Trim(s, "/")))
				}
			}),
		choice("approve", `""`, []string{ApproveSend, ApproveHold}, "Compose before the slot and send the editor a test copy. send: it goes at the slot whatever happens. hold: only when `digestd desk` or its page approves it.",
			func(d *digestTable) *string { return &d.Approve }),
		duration("approve_before", `"45m"`, time.Minute, day, "How long before the slot, where approve is set. What comes after that waits for the next edition.",
			func(d *digestTable) *time.Duration { return &d.ApproveBefore }),
		text("editor", `""`, "address", "Who gets the test copies, where approve is set. Without it, [alerts] command.",
			func(d *digestTable) *string { return &d.Editor }, address),
		boolean("developments", "true", "What is new in a story that an edition told stands in a section of its own, with what it follows; false: among its topic's stories.",
			func(d *digestTable) *bool { return &d.Developments }),
		choice("images", `"remote"`, []string{"remote", "none"}, "Pictures from the outlets' servers, or none.",
			func(d *digestTable) *string { return &d.Images }),
		size("max_size", `"95KB"`, 16<<10, 10<<20, "Of each encoded part of a mail. Gmail cuts a mail off at about 102KB.",
			func(d *digestTable) *int { return &d.MaxSize }),
		boolean("archive", "false", "Keep a public page of each edition, without anything of a reader, and feeds of them. It needs [web] or base_url of [archive].",
			func(d *digestTable) *bool { return &d.Archive }),
		text("template", `""`, "path", "Directory with templates that replace the built-in ones of the same name.",
			func(d *digestTable) *string { return &d.Template }, input),
		list("formerly", "[]", "list of names", "Names that this digest had before: who left it, its number and what it told go along with it.",
			func(d *digestTable) { d.Formerly, d.before = nil, nil },
			func(r *reader, v *value, d *digestTable) {
				s, ok := r.line(v, "formerly", "")
				if ok && !validID(s) {
					r.report(v.place, "%s: %q was never the name of a digest", r.of("formerly"), s)
				} else if ok {
					d.Formerly, d.before = append(d.Formerly, s), append(d.before, cell{s, v.place})
				}
			}),
	}, lookKeys(" Empty: that of [newsletter].", func(d *digestTable) *digest.Look { return &d.Look })...)
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
	var all []digest.Digest
	known := defined(root, "topics")
	r.known = map[string][]string{}
	former := map[string]string{} // who had a name before
	r.named(root, "digests", func(id, what string, t *table) {
		d := digestTable{all: true}
		readTable(r, what, t, digestKeys(), &d)
		d.ID = id
		if d.Title == "" {
			d.Title = newsletter.Name
		}
		d.Look = inherit(d.Look, newsletter.Look)
		if d.all {
			d.Topics = slices.Clone(topics)
		} else if v := t.values["topics"]; len(v.list) == 0 {
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
		if len(d.Topics) == len(d.topics) || d.all {
			r.known[id] = []string{}
			for _, t := range d.Topics {
				r.known[id] = append(r.known[id], t.ID)
			}
		}
		if v := t.values["max_size"]; v != nil && d.MaxSize > gmailCut {
			r.warn(v.place, "max_size of %s is more than the 102KB at which Gmail cuts a mail off", what)
		}
		for _, c := range d.before {
			switch {
			case slices.Contains(defined(root, "digests"), c.text):
				r.report(c.place, "formerly of %s: there is a digest %q still", what, c.text)
			case former[c.text] != "":
				r.report(c.place, "formerly of %s: %q is named by %s already", what, c.text, former[c.text])
			}
			former[c.text] = what
		}
		all = append(all, d.Digest)
	})
	for i, d := range all {
		if d.Of != "" {
			r.sumUp(&all[i], all, root.values["digests"].table.values[d.ID].table)
		}
	}
	return all
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
