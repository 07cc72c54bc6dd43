package cli

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"digestd/digest"
	"digestd/internal/config"
	"digestd/internal/regular"
	"digestd/subscribers"
)

// named are the addresses that suppress and restore are about.
type named struct {
	verb   string
	digest string // only this one
	file   string // in which more of them stand; "-" is stdin
}

func (n *named) flags(c *cobra.Command) *cobra.Command {
	n.verb = c.Name()
	c.Args = func(_ *cobra.Command, args []string) error {
		if len(args) == 1 && args[0] == "-" && n.file == "" {
			n.file = "-"
			return nil
		}
		if (len(args) == 0) == (n.file == "") {
			return usagef("%s takes addresses, or --file with a list of them", n.verb)
		}
		return nil
	}
	c.Flags().StringVar(&n.digest, "digest", "", "only this `DIGEST`")
	c.Flags().StringVar(&n.file, "file", "", "the addresses in `FILE`, one a line or CSV with a column email; - is stdin")
	return c
}

// read takes the addresses from arguments or file, all of them or none. A list goes on to the process that holds the
// ledger as its input: that one may not be allowed to read the file.
func (n named) read(p *program, args []string) ([]subscribers.Kept, error) {
	var all []subscribers.Kept
	if n.file == "" {
		for _, arg := range args {
			email, err := subscribers.ParseAddress(arg)
			if _, isFile := os.Stat(arg); err != nil && isFile == nil {
				return nil, usagef("%s is a file; a list of addresses is read with --file=%[1]s", arg)
			}
			if err != nil {
				return nil, usagef("%s: %w", arg, err)
			}
			all = append(all, subscribers.Kept{Email: email, Digest: n.digest})
		}
		return all, nil
	}
	var raw []byte
	var err error
	if n.file == "-" {
		raw, err = io.ReadAll(io.LimitReader(p.stdin, maxListFile+1))
		if err == nil && len(raw) > maxListFile {
			err = fmt.Errorf("what came on stdin has more than %d MB, and no list is that long", maxListFile>>20)
		}
	} else {
		raw, err = regular.Read(n.file, maxListFile)
	}
	if err != nil {
		return nil, usagef("%w", err)
	}
	all, problems := subscribers.ReadKept(bytes.NewReader(raw), n.file)
	if len(problems) > 0 {
		return nil, config.Problems(problems)
	}
	for i := range all {
		if n.digest != "" {
			all[i].Digest = n.digest
		}
	}
	p.input, p.args = raw, []string{"subscribers", n.verb, "--file=-"}
	if n.digest != "" {
		p.args = append(p.args, "--digest="+n.digest)
	}
	if p.json {
		p.args = append(p.args, "--json")
	}
	return all, nil
}

func suppressCommand(p *program) *cobra.Command {
	var who named
	return who.flags(&cobra.Command{
		Use:   "suppress ADDRESS…",
		Short: "Send nothing more to an address, whatever the configuration says",
		Long: "Send nothing more to addresses, whatever the configuration says. --file takes those who left elsewhere: a list of\n" +
			"addresses, the export of another program, or what `subscribers list --suppressed --csv` wrote, of which digest and\n" +
			"source are kept. All of a list is kept in one commit, or nothing is.",
		RunE: func(c *cobra.Command, args []string) error {
			all, err := who.read(p, args)
			if err != nil {
				return err
			}
			o, err := p.open(c.Context(), want{write: true, admit: hasDigest(who.digest)})
			if err != nil {
				return err
			}
			defer o.close()
			kept := make([]digest.Suppression, len(all))
			unknown := 0
			for i, k := range all {
				kept[i] = digest.Suppression{Email: k.Email, Digest: k.Digest, Source: cmp.Or(k.Source, "operator"), At: p.now().UTC()}
				if _, known := o.Config.Readers().Find(k.Email); !known {
					unknown++
				}
			}
			changed, err := o.Ledger.Readers.SuppressAll(kept)
			if err != nil {
				return err
			}
			if len(kept) == 1 {
				s := kept[0]
				if unknown > 0 {
					fmt.Fprintf(p.stderr, "no subscriber of %s has the address %s; should one come, it counts\n",
						o.Config.Path, s.Email)
				}
				return p.print(s, func(w io.Writer) {
					fmt.Fprintf(w, "%s gets nothing more%s\n", s.Email, ofDigest(s.Digest))
				})
			}
			return p.print(map[string]int{"addresses": len(kept), "changed": changed, "unknown": unknown}, func(w io.Writer) {
				fmt.Fprintf(w, "nothing more%[2]s goes to %[1]s: %[3]d new, %[4]d suppressed before; %[5]d on no list, for whom it counts should they come\n",
					plural(len(kept), "address"), ofDigest(who.digest), changed, len(kept)-changed, unknown)
			})
		},
	})
}

func restoreCommand(p *program) *cobra.Command {
	var who named
	return who.flags(&cobra.Command{
		Use:   "restore ADDRESS…",
		Short: "Forget a suppression: the configuration counts again",
		Long: "Forget what keeps mail from addresses, whoever asked for it, and what the reader chose on the page for their\n" +
			"preferences. With --digest, only what keeps that digest from them. --file takes a list, in one commit.",
		RunE: func(c *cobra.Command, args []string) error {
			all, err := who.read(p, args)
			if err != nil {
				return err
			}
			o, err := p.open(c.Context(), want{write: true})
			if err != nil {
				return err
			}
			defer o.close()
			var emails []string
			for _, k := range all {
				if !slices.Contains(emails[max(0, len(emails)-1):], k.Email) { // a reader's rows stand together
					emails = append(emails, k.Email)
				}
			}
			n, err := o.Ledger.Readers.RestoreAll(emails, who.digest)
			if err != nil {
				return err
			}
			if len(emails) != 1 {
				return p.print(map[string]int{"addresses": len(emails), "restored": n}, func(w io.Writer) {
					fmt.Fprintf(w, "%s get again what the configuration says%s: %d suppressions and choices forgotten\n",
						plural(len(emails), "address"), ofDigest(who.digest), n)
				})
			}
			email := emails[0]
			still, err := o.Ledger.Readers.Suppressed(email, who.digest)
			if err != nil {
				return err
			}
			return p.print(map[string]any{"email": email, "restored": n, "suppressed": still}, func(w io.Writer) {
				switch {
				case still:
					fmt.Fprintf(w, "%s is still kept from all digests: `digestd subscribers restore %[1]s` takes that back\n", email)
				case n == 0:
					fmt.Fprintf(w, "%s was not suppressed%s, and had chosen nothing\n", email, ofDigest(who.digest))
				default:
					fmt.Fprintf(w, "%s gets again what the configuration says%s\n", email, ofDigest(who.digest))
				}
			})
		},
	})
}
