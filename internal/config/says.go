package config

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"digestd/digest"
)

// Says is a hash of all that decides what an edition says and to whom: two machines on one ledger should have the same.
// How mail leaves a machine is not in it, nor where its files are. A template that can't be read counts as none.
func (c *Config) Says() string {
	h := sha256.New()
	digests := slices.Clone(c.Digests)
	for i := range digests {
		if dir := digests[i].Template; dir != "" {
			hashFiles(h.Write, dir)
		}
		digests[i].Template = ""
	}
	base, from := "", c.Mail
	if c.Web != nil {
		base = c.Web.BaseURL
	}
	from.Letters = ""
	sender := ""
	if c.DKIM != nil {
		sender = c.DKIM.Domain + " " + c.DKIM.Selector
	}
	_ = json.NewEncoder(h).Encode(struct { // plain values: it can't fail
		Newsletter   Newsletter
		Mail         Mail
		Topics       []digest.Topic
		Digests      []digest.Digest
		Base, Sender string
		Model        string
		Vectors      bool
	}{c.Newsletter, from, c.Topics, digests, base, sender, c.Curate.Model, c.Curate.Vectors != ""})
	for _, s := range c.Subscribers.All() {
		fmt.Fprintf(h, "%s\x00%s\x00%v\n", s.Email, s.Name, *s.Profile)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// hashFiles takes in the files of a directory.
func hashFiles(write func([]byte) (int, error), dir string) {
	root := os.DirFS(dir)
	_ = fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil
		}
		if info, err := d.Info(); err != nil || info.Size() > 1<<20 { // no template is so long
			return nil
		}
		if text, err := fs.ReadFile(root, name); err == nil {
			_, _ = write(append([]byte(name+"\x00"), text...)) // a hash takes everything
		}
		return nil
	})
}
