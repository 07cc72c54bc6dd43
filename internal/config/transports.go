package config

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// transport is a way in which mail leaves, as the key transport of [delivery] names it.
type transport struct {
	name   string
	check  func(r *reader, c *Config, root *table) // what it needs of the other tables
	leaves bool                                    // whether the mail goes on from here
	route  func(c *Config) string                  // where the mail goes, in words
	other  func(c *Config, limit string) string    // who answers, within what time, in words
}

// transports are all that there are.
func transports() []transport {
	return []transport{
		{"smtp", needsHost, true, func(c *Config) string {
			as := "without a login"
			if c.SMTP.Username != "" {
				as = "as " + c.SMTP.Username
			}
			return fmt.Sprintf("through %s:%d %s", c.SMTP.Host, c.SMTP.Port, as)
		}, func(c *Config, limit string) string {
			return fmt.Sprintf("the mail server %s:%d, which has %s to answer (port of [smtp], %s)", c.SMTP.Host, c.SMTP.Port, limit,
				c.Where("smtp", "port"))
		}},
		{"sendmail", needsCommand, true, func(c *Config) string { return "by " + strings.Join(c.Sendmail.Command, " ") },
			func(*Config, string) string { return "the sendmail" }},
		{"maildir", func(*reader, *Config, *table) {}, false, func(c *Config) string {
			return "into the Maildir " + c.Delivery.Maildir + "; nothing leaves this machine"
		}, func(*Config, string) string { return "the maildir" }},
	}
}

// Route is where mails go, in words.
func (c *Config) Route() string {
	t, _ := c.transport()
	if !t.leaves {
		return t.route(c)
	}
	return fmt.Sprintf("from %s, %s", c.Mail.FromAddress, t.route(c))
}

// Other is who answers when a mail is given away, within a time that is given in words.
func (c *Config) Other(limit string) string {
	t, _ := c.transport()
	return t.other(c, limit)
}

func transportNames() []string {
	var names []string
	for _, t := range transports() {
		names = append(names, t.name)
	}
	return names
}

// transport is the one that is configured; the zero value where the key names none.
func (c *Config) transport() (t transport, ok bool) {
	all := transports()
	i := slices.IndexFunc(all, func(t transport) bool { return t.name == c.Delivery.Transport })
	if i < 0 {
		return transport{}, false
	}
	return all[i], true
}

func needsHost(r *reader, c *Config, root *table) {
	if v, at := root.find("smtp", "host"); c.SMTP.Host == "" && !r.cut && (v == nil || v.text == "") {
		r.report(at, `transport = "smtp" needs the key host in [smtp]`)
	}
}

func needsCommand(r *reader, c *Config, root *table) {
	command := c.Sendmail.Command
	if len(command) == 0 {
		return // reported
	}
	_, where := root.find("sendmail", "command")
	if strings.ContainsRune(command[0], filepath.Separator) && !filepath.IsAbs(command[0]) {
		r.report(where, "command of [sendmail] must begin with a program's name or its whole path, not %q", command[0])
		return
	}
	if _, err := exec.LookPath(command[0]); err != nil {
		r.report(where, "command of [sendmail]: there is no program %s; msmtp, Postfix and Exim bring one", command[0])
	}
	holds := func(mark string) bool {
		return slices.ContainsFunc(command[1:], func(a string) bool { return strings.Contains(a, mark) })
	}
	if !holds("{to}") {
		r.report(where, "command of [sendmail] must have {to} among its arguments: whom the mail is for")
	}
	if !holds("{from}") {
		r.warn(where,
			"command of [sendmail] has no {from} among its arguments: bounces go to whom the command likes, not "+
				"to bounce_to")
	}
}

// find is the value of a key in a table of the file, nil where there is none, and the place to speak of it: as near as the
// file comes to it.
func (t *table) find(section, key string) (v *value, at place) {
	v = t.values[section]
	if v == nil || v.kind != tableKind {
		return nil, t.place
	}
	if in := v.table.values[key]; in != nil {
		return in, in.place
	}
	return nil, v.table.place
}
