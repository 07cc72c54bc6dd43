package config

import (
	"slices"
	"strings"

	"digestd/digest"
	"digestd/internal/spelling"
	"digestd/subscribers"
)

// TableDoc is a table of config.toml as docs/configuration.md describes it.
type TableDoc struct {
	Name    string // as its header has it, without brackets: "mail", "topics.NAME", "subscribers"
	Header  string // "[mail]", "[topics.NAME]", "[[subscribers]]"
	Meaning string
	Keys    []KeyDoc
}

// KeyDoc is a key of config.toml.
type KeyDoc struct {
	Name    string
	Type    string
	Default string // TOML; empty when there is none
	Needed  bool
	Meaning string
}

//go:generate go test -run TestReferenceInDocs . -update

// Reference describes every table and key, in the order of the file. It is made from what reads them.
func Reference() []TableDoc {
	return []TableDoc{
		describe("newsletter", "[newsletter]", "What the newsletter is.", newsletterKeys(new(Newsletter))),
		describe("mail", "[mail]", "Whose mail it is.", mailKeys(new(Mail))),
		describe("delivery", "[delivery]", "How the mail is handed over.", deliveryKeys(new(Delivery))),
		describe("smtp", "[smtp]", "The mail server of transport \"smtp\".", smtpKeys(new(SMTP))),
		describe("sendmail", "[sendmail]", "The command of transport \"sendmail\".", sendmailKeys(new(Sendmail))),
		describe("dkim", "[dkim]", "Signatures. Without this table the mail is not signed here.", dkimKeys(new(DKIM))),
		describe("collect", "[collect]", "How feeds are read.", collectKeys(new(Collect))),
		describe("curate", "[curate]", "How items are made into stories.", curateKeys(new(Curate))),
		describe("ledger", "[ledger]", "The program's memory.", ledgerKeys(new(Ledger))),
		describe("web", "[web]",
			"The pages for readers. Without this table readers unsubscribe by mail only.", webKeys(new(Web))),
		describe("archive", "[archive]",
			"Where the public pages of the editions go beside the listener.", archiveKeys(new(Archive))),
		describe("inbound", "[inbound]",
			"The mailbox where bounces and requests to leave arrive. Without this table, `digestd inbound` "+
				"takes them from a mail server's pipe or a Maildir.", inboundKeys(new(Inbound))),
		describe("alerts", "[alerts]", "Whom to tell when something needs a person.", alertsKeys(new(Alerts))),
		describe("topics.NAME", "[topics.NAME]",
			"A set of feeds. Its name is letters, digits, \"-\" and \"_\".", topicKeys(new(topicTable))),
		describe("topics.NAME.feeds", "a table in feeds",
			"A feed with more to say than its address.", feedKeys(new(digest.Feed))),
		describe("digests.NAME", "[digests.NAME]",
			"A newsletter with its topics and its schedule. Its name is letters, digits, \"-\" and \"_\".", digestKeys(new(digestTable))),
		describe("subscribers", "[[subscribers]]", "One such table for each reader.", rowKeys(new(subscribers.Row))),
		describe("subscriber_files", "[subscriber_files]", "Long lists of readers.", filesKeys(new([]cell))),
	}
}

func describe(name, header, meaning string, keys []key) TableDoc {
	t := TableDoc{Name: name, Header: header, Meaning: meaning}
	for _, k := range keys {
		t.Keys = append(t.Keys, KeyDoc{Name: k.name, Type: k.typ, Default: k.def, Needed: k.needed, Meaning: k.meaning})
	}
	return t
}

// homesOf are the headers of the tables that have a key of that name, or of one that is near it.
func homesOf(name string) []string {
	var homes, near []string
	for _, t := range Reference() {
		if !strings.HasPrefix(t.Header, "[") {
			continue
		}
		known := t.names()
		if slices.Contains(known, name) {
			homes = append(homes, t.Header)
		} else if n := spelling.Nearest(name, known); n != "" {
			near = append(near, t.Header+" as "+n)
		}
	}
	if len(homes) == 0 {
		return near
	}
	return homes
}

func (t TableDoc) names() []string {
	all := make([]string, len(t.Keys))
	for i, k := range t.Keys {
		all[i] = k.Name
	}
	return all
}
