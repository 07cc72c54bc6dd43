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

func newsletterKeys() []key[Newsletter] {
	return append([]key[Newsletter]{
		text("name", `""`, "text", "What the newsletter is called: masthead, From name, List-Id. Without it, the name in mail.from.",
			func(n *Newsletter) *string { return &n.Name }),
		text("language", `"en"`, "language tag", "Language of the mail for subscribers who name none.",
			func(n *Newsletter) *string { return &n.Language }, language),
		text("timezone", `"Europe/Paris"`, "time zone", "Time zone of subscribers who name none.",
			func(n *Newsletter) *string { return &n.Timezone }, zone),
		text("feedback", `""`, "link", "Footer link for readers who want to say something: https or mailto.",
			func(n *Newsletter) *string { return &n.Feedback }, link),
		text("privacy", `""`, "link", "Footer link to your privacy notice.",
			func(n *Newsletter) *string { return &n.Privacy }, link),
		text("subscribe", `""`, "link", "Footer link to where new readers sign up.",
			func(n *Newsletter) *string { return &n.Subscribe }, link),
		text("rss", `""`, "link", "Footer link to a feed of the editions, if you publish one.",
			func(n *Newsletter) *string { return &n.RSS }, link),
		text("postal_address", `""`, "text", "Where the sender can be reached by post; the law on bulk mail asks for it.",
			func(n *Newsletter) *string { return &n.PostalAddress }),
		text("desk", `"http://127.0.0.1:8025"`, "URL", "Where an editor's browser reaches the page of `digestd preview --serve`, for the link in test copies that ask for approval. With such a digest, that page listens there.",
			func(n *Newsletter) *string { return &n.Desk }, webURL, func(_ *reader, s string) (string, error) { return strings.TrimRight(s, "/"), nil }),
	}, lookKeys("", func(n *Newsletter) *digest.Look { return &n.Look })...)
}
