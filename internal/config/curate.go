package config

import (
	"errors"
	"fmt"
	"math"
	"net/url"
	"strings"
)

// Curate is [curate].
type Curate struct {
	Vectors string // absolute path of a file, or an address; empty: none
	Model   string // asked for at the address
	KeyFile string // absolute or empty; $CREDENTIALS_DIRECTORY/vectors-key is used when empty and there
}

// Asks reports whether the vectors come from an address.
func (c Curate) Asks() bool { return isWeb(c.Vectors) }

func isWeb(s string) bool {
	return strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://")
}

func curateKeys(c *Curate) []key {
	return []key{
		text("vectors", &c.Vectors, `""`, "path or URL", "What words mean, to tell better which items are one story: a file of word vectors as fastText and GloVe write them (docs/operations.md), or an address that makes vectors of texts as OpenAI's does: \"http://127.0.0.1:11434/v1/embeddings\", which is sent headlines and summaries. Empty: words alone tell.", meanings),
		text("model", &c.Model, `""`, "text", "The model to ask for at such an address."),
		text("key_file", &c.KeyFile, `""`, "path", "File that holds the key for such an address. Without it, the systemd credential vectors-key; in a shell, the file credentials/vectors-key beside this one; else none is sent.", input),
	}
}

func meanings(r *reader, s string) (string, error) {
	if !isWeb(s) {
		return input(r, s)
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Hostname() == "" || u.Fragment != "" || !strings.HasSuffix(u.Path, "/embeddings"):
		return "", fmt.Errorf(`must be an address such as "http://127.0.0.1:11434/v1/embeddings", or the path of a file, not %q`, redacted(s))
	case u.User != nil:
		return "", errors.New("names a user: what lets you in stands in a file that key_file names")
	}
	return s, nil
}

// curate checks what the keys of [curate] mean together.
func (r *reader) curate(c *Curate, t *table) {
	if t == nil || r.cut {
		return
	}
	if !c.Asks() {
		if c.Vectors != "" {
			r.readable(t.at("vectors"), "vectors of [curate]", c.Vectors, math.MaxInt64)
		}
		for _, name := range []string{"model", "key_file"} {
			if v := t.values[name]; v != nil {
				r.report(v.place, "%s of [curate] is for vectors that an address makes, and vectors names none", name)
			}
		}
		return
	}
	if c.Model == "" {
		r.report(t.at("vectors"), "vectors of [curate] needs the key model: which one the address is to use")
	}
	r.secret(t.at("key_file"), "key_file of [curate]", &c.KeyFile, "vectors-key", true)
	if u, err := url.Parse(c.Vectors); err == nil && u.Scheme == "http" && !loopback(u.Hostname()) {
		if c.KeyFile != "" {
			r.report(t.at("vectors"), "vectors of [curate] would send the key in the open to %s: use https://", u.Hostname())
		} else {
			r.warn(t.at("vectors"), "vectors of [curate] sends headlines and summaries in the open to %s", u.Hostname())
		}
	}
}
