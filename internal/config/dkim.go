package config

import (
	"strings"
)

// DKIM is [dkim].
type DKIM struct {
	Domain, Selector string
	KeyFile          string // absolute or empty; $CREDENTIALS_DIRECTORY/dkim-key likewise
}

func dkimKeys(d *DKIM) []key {
	return []key{
		need(text("domain", &d.Domain, "", "domain", "The signing domain: that of mail.from, or one above it.", domain)),
		need(text("selector", &d.Selector, "", "text",
			"Selects the key: its record stands at SELECTOR._domainkey.DOMAIN.", selector)),
		text("key_file", &d.KeyFile, `""`, "path",
			"PEM file with the private key, RSA or Ed25519. Without it, the systemd credential dkim-key; in a "+
				"shell, the file credentials/dkim-key beside this one.", input),
	}
}

func (r *reader) dkim(c *Config, t *table) {
	at := t.place
	if v := t.values["key_file"]; v != nil {
		at = v.place
	}
	r.secret(at, "key_file of [dkim]", &c.DKIM.KeyFile, "dkim-key", true)
	if c.DKIM.KeyFile == "" && !r.cut {
		r.report(at, "[dkim] needs a key: name key_file, or give the systemd credential dkim-key; `digestd dkim keygen` makes one%s", r.elsewhere())
	}
	_, address := from(c)
	domain := address[strings.LastIndexByte(address, '@')+1:]
	if d := c.DKIM.Domain; d != "" && domain != "" && domain != d && !strings.HasSuffix(domain, "."+d) {
		r.warn(at, "[dkim] signs for %s, but the mail is from %s: DMARC does not count such a signature", d, domain)
	}
}
