package config

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"digestd/digest"
	"digestd/internal/regular"
	"digestd/internal/spelling"
	"digestd/subscribers"
)

// Problem is something wrong in the configuration: FILE:LINE:COL: words.
type Problem = subscribers.Problem

// Problems are all that is wrong, in the order of the files and lines. As an error it has a line each.
type Problems []Problem

func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.Error()
	}
	return strings.Join(lines, "\n")
}

// Env is what a configuration depends on besides its files.
type Env struct {
	// Getenv is asked for STATE_DIRECTORY and CREDENTIALS_DIRECTORY, as systemd sets them. Nil: neither
	// is set.
	Getenv func(name string) string
	// Version of the program, for the default user_agent.
	Version string
	// CheckTemplates tries a digest's subject and templates, as render.Load does. An error that begins
	// with "subject:" is reported where the digest has its subject, any other (several may be joined)
	// where it names its template directory. Nil: nothing is tried.
	CheckTemplates func(d digest.Digest) error
}

func (e Env) getenv(name string) string {
	if e.Getenv == nil {
		return ""
	}
	return e.Getenv(name)
}

// Load reads a configuration and all files that it names. It returns a Config, or every problem that
// there is, and no Config. A relative path is shown in problems as it was given.
func Load(path string, env Env) (*Config, Problems) {
	r, root, absolute := open(path, env)
	if root == nil {
		return nil, r.problems
	}
	c := r.config(root)
	c.Path = absolute
	if len(r.problems) > 0 {
		r.sort(r.problems)
		return nil, r.problems
	}
	r.sort(r.warnings)
	c.Warnings = r.warnings
	return c, nil
}

// open reads a file as TOML. Without a root it can't be read at all.
func open(path string, env Env) (r *reader, root *table, absolute string) {
	r = &reader{file: path, env: env}
	absolute, err := filepath.Abs(path)
	if err == nil {
		r.dir, r.state = filepath.Dir(absolute), filepath.Dir(absolute)
		if state, _, _ := strings.Cut(env.getenv("STATE_DIRECTORY"), ":"); state != "" {
			r.state = state
		}
	}
	file, readErr := regular.Read(path, regular.MaxConfig)
	if err := cmp.Or(err, readErr); err != nil {
		r.report(place{}, "can't be read: %v", reason(err))
		return r, nil, absolute
	}
	root, whole := parse(file, r.report)
	r.cut = !whole
	return r, root, absolute
}

// sort puts problems in the order of the files and their lines.
func (r *reader) sort(problems Problems) {
	order := map[string]int{r.file: 0}
	for _, p := range problems {
		if _, known := order[p.File]; !known {
			order[p.File] = len(order) // rows are read in the order of their files
		}
	}
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(order[a.File], order[b.File]), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
	})
}

// section reads a table that may be absent and then has its defaults. It reports whether it is there.
func (r *reader) section(root *table, name string, keys []key) (*table, bool) {
	v := root.values[name]
	if v != nil && !r.is(v, name, tableKind, "["+name+"]") {
		v = nil
	}
	var t *table
	if v != nil {
		t = v.table
	}
	readTable(r, "["+name+"]", t, keys)
	return t, t != nil
}

// sections are the names at the root of the file.
func sections() []string {
	var all []string
	for _, t := range Reference() {
		all = append(all, strings.Split(t.Name, ".")[0])
	}
	return slices.Compact(all)
}

func (r *reader) config(root *table) *Config {
	c := &Config{}
	c.note(root)
	r.unknown(root, sections())
	r.section(root, "newsletter", newsletterKeys(&c.Newsletter))
	mailTable, ok := r.section(root, "mail", mailKeys(&c.Mail))
	if !ok && root.values["mail"] == nil && !r.cut && !misspelt(root, "mail") {
		r.report(root.place, `needs a table [mail] with the key from: whom the mail is from`)
	}
	r.mail(c, mailTable)
	r.section(root, "delivery", deliveryKeys(&c.Delivery))
	smtp, _ := r.section(root, "smtp", smtpKeys(&c.SMTP))
	r.smtp(c, root, smtp)
	r.section(root, "sendmail", sendmailKeys(&c.Sendmail))
	if t, ok := c.transport(); ok {
		t.check(r, c, root)
	}
	dkim := DKIM{}
	if t, ok := r.section(root, "dkim", dkimKeys(&dkim)); ok {
		c.DKIM = &dkim
		r.dkim(c, t)
	}
	r.section(root, "collect", collectKeys(&c.Collect))
	if _, address := from(c); c.Collect.UserAgent == "" && address != "" {
		c.Collect.UserAgent = fmt.Sprintf("digestd/%s (+mailto:%s)", cmp.Or(r.env.Version, "dev"), url.PathEscape(address))
	}
	curates, _ := r.section(root, "curate", curateKeys(&c.Curate))
	r.curate(&c.Curate, curates)
	remembers, _ := r.section(root, "ledger", ledgerKeys(&c.Ledger))
	r.ledger(&c.Ledger, remembers)
	inbound, _ := r.section(root, "inbound", inboundKeys(&c.Inbound))
	r.inbound(c, inbound)
	web := Web{}
	if _, ok := r.section(root, "web", webKeys(&web)); ok {
		c.Web = &web
	} else {
		unread := ""
		if c.Inbound.IMAP == "" {
			unread = "; imap of [inbound] can read that mailbox"
		}
		r.warn(place{}, "without [web] readers unsubscribe by mail only, to %s%s", c.Mail.UnsubscribeTo, unread)
	}
	r.section(root, "archive", archiveKeys(&c.Archive))
	r.section(root, "alerts", alertsKeys(&c.Alerts))
	var files []cell
	r.section(root, "subscriber_files", filesKeys(&files))

	c.Topics = r.topics(root, c.Newsletter.Language)
	c.Digests = r.digests(root, c.Newsletter, c.Topics)
	if r.cut {
		return c // what refers to what can't be known
	}
	checkArchive(r, c, root)
	r.templates(c, root)
	r.editors(c, root)
	r.subscribers(c, root, files)
	if len(r.problems) == 0 {
		if c.Web != nil && c.Web.SignUp && c.Newsletter.Subscribe == "" {
			c.Newsletter.Subscribe = c.Web.BaseURL + "/subscribe"
		}
		r.idle(c, root)
		r.placeholders(c, root)
	}
	return c
}

// misspelt reports whether an unknown table at the root was probably meant to have that name, so that
// its absence is no problem of its own.
func misspelt(root *table, name string) bool {
	return slices.ContainsFunc(root.names, func(n string) bool {
		return !slices.Contains(sections(), n) && spelling.Nearest(n, sections()) == name
	})
}

// credentialsDir is the directory beside the configuration from which the packaged service takes its
// credentials.
const credentialsDir = "credentials"

// elsewhere is a hint for those who may not look into that directory: the commands then miss what the service
// has.
func (r *reader) elsewhere() string {
	dir := filepath.Join(r.dir, credentialsDir)
	if _, err := os.Stat(filepath.Join(dir, "smtp-password")); r.env.getenv("CREDENTIALS_DIRECTORY") == "" && errors.Is(err, fs.ErrPermission) {
		return "; only root may look into " + r.shown(dir)
	}
	return ""
}

// secret checks a file with a secret, or finds the credential in its place. The path becomes absolute
// or stays empty.
func (r *reader) secret(at place, what string, path *string, credential string, wanted bool) {
	if *path != "" {
		r.readable(at, what, *path, regular.MaxSecret)
		if info, err := os.Stat(*path); err == nil && info.Mode().Perm()&0o004 != 0 {
			r.warn(at, "%s: everybody on this machine may read %s; chmod 0640 it", what, r.shown(*path))
		}
		return
	}
	dir := r.env.getenv("CREDENTIALS_DIRECTORY")
	if dir == "" { // a shell, where the operator runs the commands: what the service is given is looked for there
		dir = filepath.Join(r.dir, credentialsDir)
	}
	if wanted {
		if p := filepath.Join(dir, credential); exists(p) {
			*path = p
			r.readable(at, "credential "+credential, p, regular.MaxSecret)
		}
	}
}

// readable reports a file that can't be read, is empty, or has more than max bytes.
func (r *reader) readable(at place, what, path string, max int64) {
	f, err := regular.Open(path, max)
	if err == nil {
		defer f.Close()
		_, err = f.Read(make([]byte, 1))
		if err == io.EOF {
			err = errors.New("is empty")
		}
	}
	if err != nil {
		r.report(at, "%s: %s: %v", what, r.shown(path), reason(err))
	}
}

// templates tries the templates of each digest.
func (r *reader) templates(c *Config, root *table) {
	if r.env.CheckTemplates == nil {
		return
	}
	for _, d := range c.Digests {
		if d.Template != "" && !isDirectory(d.Template) {
			continue // reported
		}
		t := root.values["digests"].table.values[d.ID].table
		for _, err := range each(r.env.CheckTemplates(d)) {
			name := "template"
			if strings.HasPrefix(err.Error(), "subject:") {
				name = "subject"
			}
			r.report(t.at(name), "digest %q: %v", d.ID, err)
		}
	}
}

// editors holds that whoever is to approve hears of it.
func (r *reader) editors(c *Config, root *table) {
	for _, d := range c.Digests {
		t := root.values["digests"].table.values[d.ID].table
		switch {
		case d.Approve != "" && d.Editor == "" && c.Alerts.Command == "":
			r.report(t.values["approve"].place, "approve of digest %q: nobody would hear of it; name an editor = \"ADDRESS\", or [alerts] command", d.ID)
		case d.Approve == "" && d.Editor != "":
			r.warn(t.values["editor"].place, "editor of digest %q gets no test copies, since approve is not set", d.ID)
		}
	}
}

// each is the errors that were joined, or the one that there is.
func each(err error) []error {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}

// shown is the path of a file for a message: beside the config file it is called the way that is.
func (r *reader) shown(path string) string {
	if rel, err := filepath.Rel(r.dir, path); err == nil && filepath.IsLocal(rel) {
		return filepath.Join(filepath.Dir(r.file), rel)
	}
	return path
}

// reason is what a file system error says beyond the path, which the message names already.
func reason(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func isDirectory(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
