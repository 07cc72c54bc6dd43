package cli

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"digestd/digest"
	"digestd/internal/config"
	"digestd/internal/ledger"
	"digestd/subscribers"
)

func subscribersCommand(p *program) *cobra.Command {
	c := &cobra.Command{Use: "subscribers", Short: "Who gets it, and who does not any more"}
	c.AddCommand(subscribersListCommand(p), addReaderCommand(p), removeReaderCommand(p), pauseReaderCommand(p), resumeReaderCommand(p),
		exportCommand(p), suppressCommand(p), restoreCommand(p), linkCommand(p), forgetCommand(p), importCommand(p), formCommand(p))
	return c
}

// hasDigest admits what is about a digest only where the configuration has it, and all that is about none.
func hasDigest(id string) func(*config.Config) error {
	if id == "" {
		return nil
	}
	return areDigests(id)
}

// isDigest admits an id that is a digest's, or "" where there is one alone, and finds it.
func isDigest(id string, d *digest.Digest) func(*config.Config) error {
	return func(cfg *config.Config) (err error) {
		*d, err = findDigest(cfg, id)
		return err
	}
}

// areDigests admits arguments that are digests of the configuration.
func areDigests(ids ...string) func(*config.Config) error {
	return func(cfg *config.Config) error {
		for _, id := range ids {
			if _, err := findDigest(cfg, id); err != nil {
				return err
			}
		}
		return nil
	}
}

func subscribersListCommand(p *program) *cobra.Command {
	var csvOut bool
	var only listFilter
	var since string
	list := &cobra.Command{
		Use:   "list",
		Short: "List the subscribers and the suppressed",
		Long: "List the subscribers of the configuration with where they stand, what keeps mail from them, and what they chose\n" +
			"themselves; after them those whom only the ledger knows.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if csvOut && p.json {
				return usagef("--csv does not go with --json")
			}
			if since != "" {
				span, err := config.ParseDuration(since)
				if err != nil || !only.suppressed {
					return usagef("--since goes with --suppressed, and is a time such as 30d, not %q", since)
				}
				only.since = p.now().Add(-span)
			}
			o, err := p.open(c.Context(), want{mayMiss: true, admit: hasDigest(only.digest)})
			if err != nil {
				return err
			}
			defer o.close()
			rows, err := listed(o, only)
			if err != nil {
				return err
			}
			if csvOut {
				return writeCSV(p.stdout, rows)
			}
			return p.print(map[string]any{"subscribers": rows}, func(w io.Writer) { printListed(w, rows) })
		},
	}
	list.Flags().BoolVar(&csvOut, "csv", false, "print CSV")
	list.Flags().BoolVar(&only.suppressed, "suppressed", false, "only those that are suppressed")
	list.Flags().StringVar(&since, "since", "", "of the suppressed, only those of this `TIME`: 30d, 12h")
	list.Flags().BoolVar(&only.chosen, "chosen", false, "only those who chose something themselves")
	list.Flags().BoolVar(&only.signedUp, "signed-up", false, "only those who signed up themselves")
	list.Flags().StringVar(&only.digest, "digest", "", "only those who are to get this `DIGEST`")
	list.Flags().StringVar(&only.words, "match", "", "only those with these `WORDS` in address or name")
	return list
}

func exportCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "export",
		Short: "Print all who get it, as CSV",
		Long: "Print all who get it, as CSV that [subscriber_files] can name: where each of them stands, and what they chose\n" +
			"themselves. Whoever gets nothing any more is not among them: `subscribers list --suppressed --csv` has those.",
		Args: cobra.NoArgs,
		RunE: withOpened(p, want{mayMiss: true}, func(_ *cobra.Command, o *opened, _ []string) error {
			rows, err := listed(o, listFilter{})
			if err != nil {
				return err
			}
			rows = slices.DeleteFunc(rows, func(r listedSubscriber) bool {
				return r.Profile == nil || slices.ContainsFunc(r.Suppressed,
					func(s digest.Suppression) bool { return s.Digest == "" })
			})
			if p.json {
				return p.print(map[string]any{"subscribers": rows}, nil)
			}
			return writeCSV(p.stdout, rows)
		}),
	}
}

func ofDigest(id string) string {
	if id == "" {
		return ""
	}
	return " of " + id
}

// listedSubscriber is a row of subscribers list.
type listedSubscriber struct {
	Email string `json:"email"`
	Name  string `json:"name,omitempty"`
	*subscribers.Profile
	Source      string               `json:"source,omitempty"` // file:line; absent when no list has them
	Suppressed  []digest.Suppression `json:"suppressed,omitempty"`
	Preferences *digest.Preferences  `json:"preferences,omitempty"` // what the reader chose; it narrows the above
	Consent     *consent             `json:"consent,omitempty"`     // of those who signed up
}

// consent is what a reader said yes to, and when.
type consent struct {
	Asked     time.Time `json:"asked"`
	Confirmed time.Time `json:"confirmed"`
	Words     string    `json:"words"`
}

func (c consent) String() string {
	return fmt.Sprintf("asked %s, confirmed %s: %s", c.Asked.Format(time.RFC3339), c.Confirmed.Format(time.RFC3339), c.Words)
}

// of is the reader as a subscriber file would have them.
func (r listedSubscriber) of(a subscribers.Attribute) []string {
	return a.Of(subscribers.Subscriber{Email: r.Email, Name: r.Name, Profile: r.Profile})
}

// listFilter says which subscribers to list; the zero value is all.
type listFilter struct {
	suppressed, chosen, signedUp bool
	digest, words                string
	since                        time.Time // of a suppression; zero: any
}

// recent reports whether a suppression is of the time that is asked for.
func (f listFilter) recent(s digest.Suppression) bool { return !s.At.Before(f.since) }

func (f listFilter) passes(r listedSubscriber) bool {
	words := strings.ToLower(f.words)
	return (!f.suppressed || slices.ContainsFunc(r.Suppressed, f.recent)) && (!f.chosen || r.Preferences != nil) && (!f.signedUp || r.Consent != nil) &&
		(f.digest == "" || r.Profile != nil && r.Wants(f.digest)) &&
		(strings.Contains(strings.ToLower(r.Email), words) || strings.Contains(strings.ToLower(r.Name), words))
}

// listed joins the subscribers with what the ledger has of them, also of addresses that left the config.
func listed(o *opened, only listFilter) ([]listedSubscriber, error) {
	l := o.Ledger.Readers
	signups, err := o.Ledger.Signups.All()
	if err != nil {
		return nil, err
	}
	ledgered, err := l.Suppressions()
	if err != nil {
		return nil, err
	}
	chosen, err := l.Preferences()
	if err != nil {
		return nil, err
	}
	forgotten, err := l.Forgotten()
	if err != nil {
		return nil, err
	}
	own := func(key string) *digest.Preferences {
		if p, ok := chosen[key]; ok {
			return &p
		}
		return nil
	}
	byKey := map[string][]digest.Suppression{}
	for _, s := range ledgered {
		key := subscribers.Key(s.Email)
		byKey[key] = append(byKey[key], s)
	}
	rows := []listedSubscriber{}
	for _, s := range o.Config.Readers().All() {
		key := subscribers.Key(s.Email)
		row := listedSubscriber{Email: s.Email, Name: s.Name, Profile: s.Profile,
			Source: subscribers.Place{File: s.File, Line: s.Line}.String(), Suppressed: byKey[key], Preferences: own(key)}
		if forgotten(key) {
			row.Suppressed = []digest.Suppression{{Email: s.Email, Source: ledger.ByForgetting}}
		}
		if u, ok := signups[key]; ok {
			row.Consent = &consent{u.Asked, u.Confirmed, u.Words}
		}
		delete(byKey, key)
		delete(chosen, key)
		rows = append(rows, row)
	}
	for _, s := range ledgered { // in the ledger's order
		key := subscribers.Key(s.Email)
		if left, ok := byKey[key]; ok {
			rows = append(rows, listedSubscriber{Email: s.Email, Suppressed: left, Preferences: own(key)})
			delete(byKey, key)
			delete(chosen, key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(chosen)) {
		rows = append(rows, listedSubscriber{Email: chosen[key].Email, Preferences: own(key)})
	}
	return slices.DeleteFunc(rows, func(r listedSubscriber) bool { return !only.passes(r) }), nil
}

func printListed(w io.Writer, rows []listedSubscriber) {
	var lines [][]cell
	attributes := subscribers.Attributes()
	for _, r := range rows {
		row := []string{r.Email}
		var notes []string
		for _, a := range attributes {
			said := strings.Join(r.of(a), ", ")
			switch {
			case a.Name == "email" || a.Name == "name":
			case a.Kind == subscribers.Date && said != "":
				notes = append(notes, strings.ReplaceAll(a.Name, "_", " ")+" "+said)
			case a.Kind == subscribers.Date:
			case said == "" && r.Profile != nil:
				row = append(row, a.Unsaid)
			default:
				row = append(row, said)
			}
		}
		if r.Profile == nil {
			row[1] = "not in the configuration"
		}
		if r.Consent != nil {
			notes = append(notes, "signed up on "+r.Consent.Confirmed.Format(time.DateOnly))
		}
		for _, s := range r.Suppressed {
			if s.Source == ledger.ByForgetting {
				notes = append(notes, "suppressed: the address was erased")
				continue
			}
			notes = append(notes, fmt.Sprintf("suppressed%s by %s on %s", ofDigest(s.Digest), s.Source,
				s.At.Format(time.DateOnly)))
		}
		if r.Preferences != nil {
			notes = append(notes, chose(*r.Preferences))
		}
		lines = append(lines, cells(append(row, strings.Join(notes, "; "))...))
	}
	paint(false).table(w, lines) // w keeps its first error, and print tells it
	fmt.Fprintf(w, "%s\n", plural(len(rows), "subscriber"))
}

// chose tells in words what a reader chose.
func chose(p digest.Preferences) string {
	var what []string
	if len(p.Without) > 0 {
		what = append(what, "no "+strings.Join(p.Without, ", "))
	}
	if p.PlainText {
		what = append(what, "plain text")
	}
	for _, word := range []struct{ what, chosen string }{{"in ", p.Language}, {"length ", p.Length}} {
		if word.chosen != "" {
			what = append(what, word.what+word.chosen)
		}
	}
	for _, words := range []struct {
		what string
		list []string
	}{{"no mail on ", p.WithoutDays}, {"watches ", p.Watch}, {"mutes ", p.Mute}} {
		if len(words.list) > 0 {
			what = append(what, words.what+strings.Join(words.list, ", "))
		}
	}
	if p.PausedUntil != "" {
		what = append(what, "no mail until "+p.PausedUntil)
	}
	return fmt.Sprintf("chose by %s on %s: %s", p.Source, p.At.Format(time.DateOnly), strings.Join(what, "; "))
}

// writeCSV prints rows as a subscriber file that can be read back, and beside them what the ledger adds.
func writeCSV(w io.Writer, rows []listedSubscriber) error {
	return subscribers.WriteCSV(w, func(yield func(subscribers.Subscriber, [4]string) bool) {
		for _, r := range rows {
			suppressed, preferences, consent := "", "", ""
			for _, s := range r.Suppressed {
				suppressed = strings.TrimSpace(suppressed + " " + s.Source + ofDigest(s.Digest))
			}
			if r.Preferences != nil {
				preferences = chose(*r.Preferences)
			}
			if r.Consent != nil {
				consent = r.Consent.String()
			}
			if !yield(subscribers.Subscriber{Email: r.Email, Name: r.Name, Profile: r.Profile},
				[4]string{r.Source, suppressed, preferences, consent}) {
				return
			}
		}
	})
}
