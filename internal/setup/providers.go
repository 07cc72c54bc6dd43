package setup

import (
	_ "embed"
	"net"
	"strconv"
	"strings"
)

// Provider is somebody who takes mail by SMTP: what [smtp] must say of them, and what their customers must know.
type Provider struct {
	Name string // as people type it
	Host string
	Port int
	TLS  string // as [smtp] tls has it
	User string // whom to log in as: a word of theirs; empty: the address that the mail is from
	IMAP string // where bounces and requests to leave can be read; empty: they have no mailbox
	Note string // what is different with them; one line
}

const (
	starttls = "starttls"
	implicit = "implicit"
)

//go:embed providers.txt
var providerTable string

// Providers are those that are known, in the order of their names, as providers.txt has them.
func Providers() (all []Provider) {
	for line := range strings.Lines(providerTable) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		cells := strings.Split(line, "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		p, _ := ProviderAt(cells[1])
		p.Name, p.User, p.IMAP, p.Note = cells[0], cells[2], cells[3], cells[4]
		all = append(all, p)
	}
	return all
}

// UserUnknown is the User of a provider who gives each customer one.
const UserUnknown = "?"

// FindProvider is the provider of a name or host; ok is false where nobody is known by it.
func FindProvider(word string) (p Provider, ok bool) {
	for _, p := range Providers() {
		if strings.EqualFold(p.Name, word) || strings.EqualFold(p.Host, word) {
			return p, true
		}
	}
	return Provider{}, false
}

// ProviderAt is a server of one's own: HOST or HOST:PORT. Port 465 is encrypted from the first byte; one on this
// machine need not be.
func ProviderAt(word string) (Provider, bool) {
	p := Provider{Host: word, Port: 587, TLS: starttls}
	if host, port, err := net.SplitHostPort(word); err == nil {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return p, false
		}
		p.Host, p.Port = host, int(n)
	}
	if p.Port == 465 {
		p.TLS = implicit
	}
	return p, strings.Contains(p.Host, ".") || p.Host == "localhost" || strings.Contains(p.Host, ":")
}

// OnThisMachine is the mail server of this machine, which wants no login.
func OnThisMachine() Provider {
	return Provider{Name: "local", Host: "localhost", Port: 25, TLS: "none"}
}
