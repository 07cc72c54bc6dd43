// Package setup turns a newcomer's answers into a configuration. It knows who takes mail by SMTP, and which keys a first
// newsletter needs; it asks nobody, and writes no file.
package setup

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"text/template"
	"time"

	"digestd/digest/collect/opml"
	"digestd/subscribers"
)

// Answers are what a first configuration is made of.
type Answers struct {
	Name         string // of the newsletter
	From         string // an address, or "Name <address>"
	Provider     Provider
	User         string // whom to log in as; empty: no login
	PasswordFile string // where the password stands, as the configuration is to name it
	Feeds        opml.List
	Readers      []string
	ReaderFile   string // CSV, as the configuration is to name it
	Hour         string // "07:00"
	Zone         string // IANA name
}

//go:embed config.toml.tmpl
var configText string

// TOML is the configuration.
func (a Answers) TOML() ([]byte, error) {
	schedule, err := Schedule(a.Hour)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	t := template.Must(template.New("config.toml").Funcs(template.FuncMap{"toml": opml.Quote}).Parse(configText))
	err = t.Execute(&b, struct {
		Answers
		Schedule, Topics string
	}{a, schedule, opml.TOML(a.Feeds, nil)})
	return b.Bytes(), err
}

// Schedule is the cron line of a time of day: "7", "7:30", "07:00".
func Schedule(hour string) (string, error) {
	for _, layout := range []string{"15:04", "15"} {
		if at, err := time.Parse(layout, hour); err == nil {
			return fmt.Sprintf("%d %d * * *", at.Minute(), at.Hour()), nil
		}
	}
	return "", fmt.Errorf("%q is no time of day: write it as 07:00", hour)
}

// From checks whom a mail is from: an address, or "Name <address>". It returns the address alone.
func From(s string) (address string, err error) {
	m, err := mail.ParseAddress(s)
	if err != nil {
		return "", fmt.Errorf("%q is no address: write digest@your-domain", s)
	}
	if address, err = subscribers.ParseAddress(m.Address); err != nil {
		return "", fmt.Errorf("%s %w", m.Address, err)
	}
	return address, nil
}

// Readers takes addresses apart that are separated by commas or spaces.
func Readers(s string) ([]string, error) {
	var all []string
	for _, word := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(" ,;\t", r) }) {
		email, err := subscribers.ParseAddress(word)
		if err != nil {
			return nil, fmt.Errorf("%s %w", word, err)
		}
		all = append(all, email)
	}
	if len(all) == 0 {
		return nil, errors.New("there must be a reader: your own address will do")
	}
	return all, nil
}

// Sample are feeds for those who have none at hand.
func Sample() opml.List {
	return opml.List{Feeds: []opml.Feed{
		{URL: "https://feeds.bbci.co.uk/news/world/rss.xml", Title: "BBC News", Topic: "World"},
		{URL: "https://www.theguardian.com/world/rss", Title: "The Guardian", Topic: "World"},
		{URL: "https://rss.dw.com/rdf/rss-en-world", Title: "DW", Topic: "World"},
		{URL: "https://news.un.org/feed/subscribe/en/news/all/rss.xml", Title: "UN News", Topic: "World"},
		{URL: "https://thediplomat.com/feed/", Title: "The Diplomat", Topic: "Diplomacy"},
		{URL: "https://foreignpolicy.com/feed/", Title: "Foreign Policy", Topic: "Diplomacy"},
	}}
}
