package demo

import (
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/html"

	"digestd/internal/preview"
	"digestd/mailer/message"
)

// inboxes is the page's desk: the readers, and what has arrived for them.
type inboxes struct{ world *World }

// Page is the demo's page: the inboxes of the readers, and each mail in all ways in which a preview shows one. It
// loads nothing from elsewhere.
func Page(w *World) (http.Handler, error) {
	blocks, err := fs.Sub(files, "page")
	if err != nil {
		return nil, err
	}
	away, err := template.ParseFS(blocks, "away.html.tmpl")
	if err != nil {
		return nil, err
	}
	page, err := preview.New(func() (preview.Desk, []string, error) { return inboxes{w}, nil, nil }, preview.Options{
		Blocks: blocks, Arrived: true, Pictures: "'self'",
		Also: map[string]http.Handler{
			"GET /images/": http.FileServerFS(files),
			// What a mail links to: the outlets do not exist.
			"GET /away": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/html; charset=utf-8")
				away.Execute(w, r.URL.Query().Get("to"))
			}),
		},
	}, time.Now)
	if err != nil {
		return nil, err
	}
	w.Post.arrived = page.Reload
	return page, nil
}

// Digests are the one of the demo.
func (inboxes) Digests() [][2]string { return [][2]string{{"daily", "Morning Wire"}} }

// Readers are the addresses of all.
func (in inboxes) Readers() []string {
	var all []string
	for _, r := range in.world.everybody() {
		all = append(all, r.Email)
	}
	return all
}

// Mail is a letter of a reader, the last one where none is chosen; of the first reader where nobody is.
func (in inboxes) Mail(c preview.Choice) (preview.Mail, error) {
	reader, ok := in.reader(c)
	letters := in.world.Post.Of(reader.Email)
	switch {
	case !ok, c.Letter < 0, c.Letter > len(letters):
		return preview.Mail{}, fmt.Errorf("%s has no letter %d: %w", c.Reader, c.Letter, fs.ErrNotExist)
	case len(letters) == 0:
		return preview.Mail{
			Nothing: "Nothing has arrived for " + reader.Name + " yet. This page looks again every two seconds.",
		}, nil
	case c.Letter == 0:
		c.Letter = len(letters)
	}
	m := letters[c.Letter-1]
	letter, _ := message.TakeApart(m.Raw) // the page tells what is wrong with it
	return preview.Mail{Raw: m.Raw, File: m.FileName(), Language: reader.Language, Shown: localised(letter.HTML, in.world.Pages, "")}, nil
}

func (in inboxes) reader(c preview.Choice) (Reader, bool) {
	if c.Reader == "" {
		return in.world.Readers[0], true
	}
	all := in.world.everybody()
	i := slices.IndexFunc(all, func(r Reader) bool { return r.Email == c.Reader })
	if i < 0 {
		return Reader{}, false
	}
	return all[i], true
}

// inbox is a reader as the page shows them.
type inbox struct {
	Reader
	Choice  string // in words: topics, language, format
	Href    string
	Current bool
	Letters []letter // of the current reader, newest first
}

type letter struct {
	Subject string
	At      time.Time
	Href    string
	Current bool
}

// Inboxes are those of all readers, for the page's template.
func (in inboxes) Inboxes(c preview.Choice) []inbox {
	chosen, _ := in.reader(c)
	var all []inbox
	for _, reader := range in.world.everybody() {
		row := inbox{Reader: reader, Choice: choiceOf(reader), Href: href(reader.Email, 0), Current: reader.Email == chosen.Email}
		if row.Current {
			letters := in.world.Post.Of(reader.Email)
			for _, m := range slices.Backward(letters) {
				l, err := message.TakeApart(m.Raw)
				if err != nil {
					l.Subject = "(" + err.Error() + ")"
				}
				current := m.Number == c.Letter || c.Letter == 0 && m.Number == len(letters)
				row.Letters = append(row.Letters, letter{l.Subject, m.At, href(reader.Email, m.Number), current})
			}
		}
		all = append(all, row)
	}
	return all
}

func href(email string, number int) string {
	return "/" + preview.Choice{Digest: "daily", Reader: email, Letter: number}.Query()
}

// Feeds are those that the edition was made from, for the page's template.
func (in inboxes) Feeds() []feedRow {
	var all []feedRow
	for _, f := range in.world.Feeds {
		all = append(all, feedRow{Outlet: f.Outlet, Format: f.Format, Href: f.path()})
	}
	return all
}

type feedRow struct{ Outlet, Format, Href string }

// SMTP is the address of the mail server, for the page's template.
func (in inboxes) SMTP() string { return in.world.SMTPAddr() }

// choiceOf tells in words what a reader has asked for.
func choiceOf(r Reader) string {
	if r.Format == "" {
		return "Asked for it on the page"
	}
	topics := "All topics"
	if r.Topics != nil {
		topics = strings.Join(r.Topics, ", ") + " only"
		topics = strings.ToUpper(topics[:1]) + topics[1:]
	}
	languages := map[string]string{"en": "English", "fr": "French", "ja": "Japanese"}
	formats := map[string]string{"html": "HTML with text", "text": "text"}
	return topics + " · " + languages[r.Language] + " · " + formats[r.Format]
}

// localised makes a mail or a page showable without a network: the outlets' pictures come from here, which is at home, and
// their links lead to a page that says where they would, but for those to digestd's own pages, where there are some. All
// else stays as it was sent.
func localised(body, pages, home string) string {
	var out strings.Builder
	z := html.NewTokenizer(strings.NewReader(body))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return out.String()
		}
		raw := string(z.Raw()) // before Token, which unescapes in place
		token := z.Token()
		if kind != html.StartTagToken && kind != html.SelfClosingTagToken || token.Data != "a" && token.Data != "img" {
			out.WriteString(raw)
			continue
		}
		for i, attr := range token.Attr {
			switch {
			case token.Data == "a" && attr.Key == "href":
				if !strings.Contains(attr.Val, ":") || pages != "" && strings.HasPrefix(attr.Val, pages+"/") {
					continue // a place on the same page, or one of ours
				}
				token.Attr[i].Val = home + "/away?to=" + url.QueryEscape(attr.Val)
				token.Attr = append(token.Attr, html.Attribute{Key: "target", Val: "_blank"}, html.Attribute{Key: "rel", Val: "noopener"})
			case token.Data == "img" && attr.Key == "src":
				token.Attr[i].Val = localPicture(attr.Val, home)
			}
		}
		out.WriteString(token.String())
	}
}

// localPicture is the demo's copy of an outlet's picture, or the address itself where there is none.
func localPicture(address, home string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	name := "images/" + path.Base(u.Path)
	if _, err := fs.Stat(files, name); err != nil {
		return address
	}
	return home + "/" + name
}

// kilobytes words a size. KB is 1,024 bytes.
func kilobytes(n int) string { return fmt.Sprintf("%.1f KB", float64(n)/1024) }
