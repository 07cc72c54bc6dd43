package cli

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"digestd/internal/config"
	"digestd/internal/regular"
	"digestd/mailer/dkim"
)

func dkimCommand(p *program) *cobra.Command {
	c := &cobra.Command{Use: "dkim", Short: "Keys for signing mail"}
	var kind, domain, selector string
	keygen := &cobra.Command{
		Use:   "keygen FILE",
		Short: "Make a key and print the DNS record for it",
		Long: "Make a private key in FILE, which must not exist, mode 0600, and print the DNS record that lets receivers check what\n" +
			"it signs. Domain and selector come from [dkim], or from the flags.",
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if domain == "" || selector == "" {
				cfg, _, err := p.load()
				if err != nil { // [dkim] without its key is a mistake as well, and this command is the way out
					return usagef("%w\nwith --domain and --selector, no configuration is needed", err)
				}
				if cfg.DKIM == nil {
					return usagef("%s has no [dkim]: give --domain and --selector", cfg.Path)
				}
				domain, selector = cmp.Or(domain, cfg.DKIM.Domain), cmp.Or(selector, cfg.DKIM.Selector)
			}
			if kind != "rsa" && kind != "ed25519" {
				return usagef("--type %s: rsa or ed25519", kind)
			}
			key, pem, err := dkim.Generate(kind, rand.Reader)
			if err != nil {
				return err
			}
			signer, err := dkim.NewSigner(domain, selector, key)
			if err != nil {
				return usageError{err}
			}
			record, err := dkim.Record(key.Public())
			if err != nil {
				return err
			}
			file, err := os.OpenFile(args[0], os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
			if errors.Is(err, fs.ErrExist) {
				return usagef("key file: %s exists, and a key is never written over: name another file", args[0])
			}
			if err != nil {
				return usageError{fmt.Errorf("key file: %w", err)}
			}
			_, err = file.Write(pem)
			if err = errors.Join(err, file.Close()); err != nil {
				return err
			}
			return p.print(map[string]string{"key_file": args[0], "name": signer.Name(), "record": record},
				func(w io.Writer) {
					fmt.Fprintf(w, "%s is the private key. Put this into the zone of %s:\n\n%s\n", args[0], domain,
						dkim.ZoneLine(signer.Name(), record))
				})
		},
	}
	keygen.Flags().StringVar(&kind, "type", "rsa", "rsa (2048 bits, understood everywhere) or ed25519")
	keygen.Flags().StringVar(&domain, "domain", "", "signing domain")
	keygen.Flags().StringVar(&selector, "selector", "", "name of the key under the domain")
	c.AddCommand(keygen)
	return c
}

// signer reads the key of [dkim]; nil when mails go unsigned.
func signer(cfg *config.Config) (*dkim.Signer, error) {
	if cfg.DKIM == nil {
		return nil, nil
	}
	path := cfg.DKIM.KeyFile
	raw, err := regular.Read(path, regular.MaxSecret)
	if err != nil {
		return nil, usagef("%s: [dkim] key_file: %w", cfg.Path, err)
	}
	key, err := dkim.ParseKey(raw)
	if err != nil {
		return nil, usagef("%s: [dkim] key_file %s: %w", cfg.Path, path, err)
	}
	s, err := dkim.NewSigner(cfg.DKIM.Domain, cfg.DKIM.Selector, key)
	if err != nil {
		return nil, usagef("%s: [dkim]: %w", cfg.Path, err)
	}
	return s, nil
}
