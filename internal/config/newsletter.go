package config

import (
	"strings"

	"digestd/digest"
)

// Newsletter is [newsletter].
type Newsletter struct {
	Name          string
	Language      string
	Timezone      string
	Feedback      string
	Privacy       string
	Subscribe     string
	RSS           string
	PostalAddress string
	Desk          string // where editors reach the desk's page; without a slash at its end
	Look          digest.Look
}

func newsletterKeys(n *Newsletter) []key {
	return append([]key{
		text("name", &n.Name, `""`, "text",
			"What the newsletter is called: masthead, From name, List-Id. Without it, the name in mail.from."),
		text("language", &n.Language, `"en"`, "language tag",
			"Language of the mail for subscribers who name none.", language),
		text("timezone", &n.Timezone, `"Europe/Paris"`, "time zone", "Time zone of subscribers who name none.", zone),
		text("feedback", &n.Feedback, `""`, "link",
			"Footer link for readers who want to say something: https or mailto.", link),
		text("privacy", &n.Privacy, `""`, "link", "Footer link to your privacy notice.", link),
		text("subscribe", &n.Subscribe, `""`, "link", "Footer link to where new readers sign up.", link),
		text("rss", &n.RSS, `""`, "link", "Footer link to a feed of the editions, if you publish one.", link),
		text("postal_address", &n.PostalAddress, `""`, "text",
			"Where the sender can be reached by post; the law on bulk mail asks for it."),
		text("desk", &n.Desk, `"http://127.0.0.1:8025"`, "URL",
			"Where an editor's browser reaches the page of `digestd preview --serve`, for the link in test "+
				"copies that ask for approval. With such a digest, that page listens there.", webURL, func(_ *reader, s string) (string, error) { return strings.TrimRight(s, "/"), nil }),
	}, lookKeys("", &n.Look)...)
}
