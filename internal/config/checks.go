package config

import (
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"digestd/subscribers"
)

// The checks of single values. Each returns what the value becomes, or an error that follows the name
// of the key: "must be …, not …".

func language(_ *reader, s string) (string, error) { return subscribers.ParseLanguage(s) }

func zone(_ *reader, s string) (string, error) {
	_, err := subscribers.LoadZone(s)
	return s, err
}

func address(_ *reader, s string) (string, error) {
	a, err := subscribers.ParseAddress(s)
	if err != nil {
		return "", fmt.Errorf("%q %w", s, err)
	}
	return a, nil
}

// ownAddress is an address that mail is from, or comes back to. RFC 5322 writes it into a header, where no server needs to
// take another part before the "@" than one in ASCII.
func ownAddress(r *reader, s string) (string, error) {
	a, err := address(r, s)
	if err != nil {
		return "", err
	}
	if local, _, _ := strings.Cut(a, "@"); strings.ContainsFunc(local, func(c rune) bool { return c >= 0x80 }) {
		return "", fmt.Errorf("%q can't be sent: the part before the @ must be ASCII", s)
	}
	return a, nil
}

// helloName is how this machine names itself to a mail server: a name, or an address in brackets (RFC 5321 §4.1.3).
func helloName(_ *reader, s string) (string, error) {
	if ip := strings.TrimPrefix(strings.Trim(s, "[]"), "IPv6:"); strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		if _, err := netip.ParseAddr(ip); err == nil {
			return s, nil
		}
	}
	d, err := subscribers.ParseDomain(s)
	if err != nil {
		return "", fmt.Errorf(`must be the full name of this machine, such as "news.example.org", not %q`, s)
	}
	return d, nil
}

// mailbox reads `Name <address>` or a bare address, and returns it in a writing that net/mail reads.
func mailbox(r *reader, s string) (string, error) {
	bare, name := s, ""
	if strings.Contains(s, "<") && !strings.HasSuffix(s, ">") {
		return "", fmt.Errorf(`%q must be "Name <address>", and nothing more`, s)
	}
	if strings.HasSuffix(s, ">") {
		open := strings.LastIndexByte(s, '<')
		if open < 0 {
			return "", fmt.Errorf(`%q must be "Name <address>"`, s)
		}
		bare = s[open+1 : len(s)-1]
		name = strings.TrimSpace(s[:open])
		// A quoted name is as RFC 5322 has it. Without quotes people write what it would have quoted:
		// commas, dots, letters of any language.
		if strings.HasPrefix(name, `"`) {
			m, err := mail.ParseAddress(name + " <a@example.org>")
			if err != nil {
				return "", fmt.Errorf("%q has a name whose quotation marks don't match", s)
			}
			name = m.Name
		}
	}
	a, err := ownAddress(r, bare)
	if err != nil {
		return "", err
	}
	if name == "" {
		return a, nil
	}
	return (&mail.Address{Name: name, Address: a}).String(), nil
}

func domain(_ *reader, s string) (string, error) {
	d, err := subscribers.ParseDomain(s)
	if err != nil {
		return "", fmt.Errorf("must be a domain name, not %q", s)
	}
	return d, nil
}

func host(r *reader, s string) (string, error) {
	if ip, err := netip.ParseAddr(s); err == nil {
		return ip.String(), nil
	}
	d, err := subscribers.ParseDomain(s)
	if err != nil {
		hint := ""
		if name, port, err := net.SplitHostPort(s); err == nil && name != "" && port != "" {
			hint = fmt.Sprintf(`; the port is a key of its own: host = %q, port = %s`, name, port)
		}
		return "", fmt.Errorf("must be a host name or an IP address, not %q%s", s, hint)
	}
	return d, nil
}

func selector(_ *reader, s string) (string, error) {
	d, err := subscribers.ParseDomain(s)
	if err != nil || d != strings.ToLower(s) {
		return "", fmt.Errorf(`must be letters, digits and "-", such as "digest", not %q`, s)
	}
	return d, nil
}

// link is something for the footer of a mail.
func link(_ *reader, s string) (string, error) {
	u, err := url.Parse(s)
	switch {
	case err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil:
		return s, nil
	case err == nil && u.Scheme == "mailto" && u.Opaque != "":
		to, err := url.PathUnescape(u.Opaque)
		if err == nil {
			_, err = subscribers.ParseAddress(to)
		}
		if err != nil {
			return "", fmt.Errorf("must hold an address after mailto:, as in mailto:editor@example.org")
		}
		return s, nil
	}
	return "", fmt.Errorf(`must be an address such as "https://example.org/page" or "mailto:editor@example.org", not %q`, redacted(s))
}

func webURL(_ *reader, s string) (string, error) {
	if u, err := url.Parse(s); err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" {
		return "", fmt.Errorf(`must be an address such as "https://example.org/page", not %q`, redacted(s))
	}
	return s, nil
}

// longestBase is how many bytes base_url may have: with a token after it, it must fit a line of a mail.
const longestBase = 200

// baseURL is what the links in the mail begin with, in a header too. RFC 8058 knows https only; http is for
// trying it out on one machine.
func baseURL(_ *reader, s string) (string, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		return "", fmt.Errorf(`must be an address such as "https://news.example.org", not %q`, redacted(s))
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())):
		return "", fmt.Errorf(`must begin with "https://" (RFC 8058), not %q`, redacted(s))
	case len(s) > longestBase || strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c >= 0x7f || strings.ContainsRune("<>\"\\^`{|}", c) }):
		return "", fmt.Errorf("must be ASCII as it goes over the wire (xn--… for a domain in another script, %%20 for a space), %d characters at most, not %q", longestBase, redacted(s))
	}
	return strings.TrimRight(s, "/"), nil
}

func listen(_ *reader, s string) (string, error) {
	h, p, err := net.SplitHostPort(s)
	if err == nil {
		if _, err = strconv.ParseUint(p, 10, 16); err == nil && h != "" {
			if _, err = netip.ParseAddr(h); err != nil {
				_, err = subscribers.ParseDomain(h)
			}
		}
	}
	if err != nil {
		return "", fmt.Errorf(`must be an address and a port such as "127.0.0.1:8080", not %q`, s)
	}
	return s, nil
}

func ascii(_ *reader, s string) (string, error) {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x7f {
			return "", errors.New("must be ASCII, as all of an HTTP request's header is")
		}
	}
	return s, nil
}

// loopback reports whether a host is this machine and no other.
func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// redacted is a URL for a message: without its password, and without all that stands before its "@"
// when it can't be read well enough to tell.
func redacted(s string) string {
	u, err := url.Parse(s)
	switch {
	case err == nil && u.User != nil:
		u.User = url.User("…") // the name too: some services take a token there
		return shorten(strings.Replace(u.String(), url.User("…").String(), "…", 1))
	case err == nil && u.Scheme == "mailto":
		return shorten(s)
	}
	if i := strings.LastIndexByte(s, '@'); i >= 0 {
		s = "…" + s[i:]
	}
	return shorten(s)
}
