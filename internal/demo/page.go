package demo

import (
	"bytes"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/html"
)

// Rules for what a browser may do with the page, and with a mail shown within it. The mail may load
// its pictures from here and nothing from anywhere else, and runs no script.
const (
	pagePolicy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; frame-src 'self'; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	mailPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; base-uri 'none'; form-action 'none'; " +
		"frame-ancestors 'self'; sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox"
)

// widths are those at which a mail is shown: a reading pane and a phone.
var widths = []int{600, 375}

// inbox serves the page.
type inbox struct {
	world *World
	page  *template.Template
}

// Page is the demo's page: the inboxes of the readers, and each mail as HTML, as text and as it came.
// It needs no script and loads nothing from elsewhere.
func Page(w *World) http.Handler {
	in := &inbox{world: w, page: template.Must(template.New("").Funcs(template.FuncMap{
		"kilobytes": kilobytes,
	}).ParseFS(files, "page/*.html.tmpl"))}

	static, err := fs.Sub(files, "page")
	if err != nil {
		panic(err) // the name is part of the program
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", in.front)
	mux.HandleFunc("GET /inbox/{reader}", in.front)
	mux.HandleFunc("GET /inbox/{reader}/{number}", in.letter)
	mux.HandleFunc("GET /inbox/{reader}/{number}/body.html", in.body)
	mux.HandleFunc("GET /inbox/{reader}/{number}/message.eml", in.eml)
	mux.HandleFunc("GET /away", in.away)
	mux.Handle("GET /images/", http.FileServerFS(files))
	mux.Handle("GET /page.css", http.FileServerFS(static))
	mux.Handle("GET /page.js", http.FileServerFS(static))
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Security-Policy", pagePolicy)
		rw.Header().Set("X-Content-Type-Options", "nosniff")
		rw.Header().Set("Referrer-Policy", "no-referrer")
		mux.ServeHTTP(rw, r)
	})
}

// sheet is what the page's template shows.
type sheet struct {
	Title   string
	Readers []readerRow
	Reader  Reader
	Letter  *letterView // nil: nothing has arrived yet
	Feeds   []feedRow
	SMTP    string
}

type readerRow struct {
	Reader
	Choice  string // in words: topics, language, format
	Href    string
	Current bool
	Letters []letterRow // of the current reader, newest first
}

type letterRow struct {
	Subject string
	At      time.Time
	Href    string
	Current bool
}

type letterView struct {
	letter
	Address string // of the message's pages
	Size    int
	View    string // "html", "text" or "source"
	Views   []choice
	Width   int
	Widths  []choice
}

// choice is a link among others of its kind.
type choice struct {
	Label   string
	Href    string
	Current bool
}

type feedRow struct{ Outlet, Format, Href string }

// front shows the newest letter of a reader, or of the first one.
func (in *inbox) front(w http.ResponseWriter, r *http.Request) {
	reader := in.world.Readers[0]
	if email := r.PathValue("reader"); email != "" {
		var ok bool
		if reader, ok = in.reader(email); !ok {
			http.NotFound(w, r)
			return
		}
	}
	in.show(w, r, reader, len(in.world.Post.Of(reader.Email)))
}

func (in *inbox) letter(w http.ResponseWriter, r *http.Request) {
	if reader, m, ok := in.find(w, r); ok {
		in.show(w, r, reader, m.Number)
	}
}

func (in *inbox) reader(email string) (Reader, bool) {
	i := slices.IndexFunc(in.world.Readers, func(r Reader) bool { return r.Email == email })
	if i < 0 {
		return Reader{}, false
	}
	return in.world.Readers[i], true
}

// find is the message that a request names; where there is none, the request is answered.
func (in *inbox) find(w http.ResponseWriter, r *http.Request) (Reader, Message, bool) {
	reader, ok := in.reader(r.PathValue("reader"))
	if ok {
		messages := in.world.Post.Of(reader.Email)
		if n, err := strconv.Atoi(r.PathValue("number")); err == nil && n >= 1 && n <= len(messages) {
			return reader, messages[n-1], true
		}
	}
	http.NotFound(w, r)
	return Reader{}, Message{}, false
}

func (in *inbox) show(w http.ResponseWriter, r *http.Request, reader Reader, number int) {
	s := sheet{Title: reader.Name, Reader: reader, SMTP: in.world.SMTPAddr()}
	for _, f := range in.world.Feeds {
		s.Feeds = append(s.Feeds, feedRow{Outlet: f.Outlet, Format: f.Format, Href: f.path()})
	}
	for _, one := range in.world.Readers {
		row := readerRow{Reader: one, Choice: in.choiceOf(one), Href: "/inbox/" + url.PathEscape(one.Email), Current: one.Email == reader.Email}
		if row.Current {
			for _, m := range slices.Backward(in.world.Post.Of(one.Email)) {
				l, err := takeApart(m.Raw)
				if err != nil {
					l.Subject = "(" + err.Error() + ")"
				}
				row.Letters = append(row.Letters, letterRow{Subject: l.Subject, At: m.At, Href: address(m), Current: m.Number == number})
				if m.Number == number {
					s.Letter = view(l, m, r.URL.Query())
				}
			}
		}
		s.Readers = append(s.Readers, row)
	}
	if s.Letter != nil {
		s.Title = s.Letter.Subject
	}
	in.write(w, "page.html.tmpl", s)
}

// view settles how a letter is shown. What a letter has not got, it is not asked for.
func view(l letter, m Message, query url.Values) *letterView {
	v := &letterView{letter: l, Address: address(m), Size: len(m.Raw), View: query.Get("view"), Width: widths[0]}
	if width, err := strconv.Atoi(query.Get("width")); err == nil && slices.Contains(widths, width) {
		v.Width = width
	}
	var views []choice
	if l.HTML != "" {
		views = append(views, choice{Label: "HTML", Href: "html"})
	}
	if l.Text != "" {
		views = append(views, choice{Label: "Text", Href: "text"})
	}
	views = append(views, choice{Label: "Source", Href: "source"})
	if !slices.ContainsFunc(views, func(c choice) bool { return c.Href == v.View }) {
		v.View = views[0].Href
	}
	for _, c := range views {
		v.Views = append(v.Views, choice{Label: c.Label, Current: c.Href == v.View, Href: fmt.Sprintf("%s?view=%s&width=%d", v.Address, c.Href, v.Width)})
	}
	for _, width := range widths {
		v.Widths = append(v.Widths, choice{Label: strconv.Itoa(width), Current: width == v.Width, Href: fmt.Sprintf("%s?view=html&width=%d", v.Address, width)})
	}
	return v
}

// choiceOf tells in words what a reader has asked for.
func (in *inbox) choiceOf(r Reader) string {
	topics := "All topics"
	if r.Topics != nil {
		topics = strings.Join(r.Topics, ", ") + " only"
		topics = strings.ToUpper(topics[:1]) + topics[1:]
	}
	languages := map[string]string{"en": "English", "fr": "French", "ja": "Japanese"}
	formats := map[string]string{"html": "HTML with text", "text": "text"}
	return topics + " · " + languages[r.Language] + " · " + formats[r.Format]
}

func address(m Message) string {
	return path.Join("/inbox", url.PathEscape(m.To), strconv.Itoa(m.Number))
}

// body is the HTML of a mail by itself, for the frame within the page.
func (in *inbox) body(w http.ResponseWriter, r *http.Request) {
	_, m, ok := in.find(w, r)
	if !ok {
		return
	}
	l, err := takeApart(m.Raw)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Security-Policy", mailPolicy)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprint(w, in.localised(l.HTML))
}

func (in *inbox) eml(w http.ResponseWriter, r *http.Request) {
	_, m, ok := in.find(w, r)
	if !ok {
		return
	}
	w.Header().Set("Content-Type", "message/rfc822")
	w.Header().Set("Content-Disposition", `attachment; filename="`+m.FileName()+`"`)
	w.Write(m.Raw)
}

// away stands in for what a mail links to: the outlets do not exist.
func (in *inbox) away(w http.ResponseWriter, r *http.Request) {
	in.write(w, "away.html.tmpl", r.URL.Query().Get("to"))
}

func (in *inbox) write(w http.ResponseWriter, name string, data any) {
	var b bytes.Buffer
	if err := in.page.ExecuteTemplate(&b, name, data); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Write(b.Bytes())
}

// localised makes a mail showable without a network: the outlets' pictures come from here, and their
// links lead to a page that says where they would. All else stays as it was sent.
func (in *inbox) localised(body string) string {
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
				token.Attr[i].Val = "/away?to=" + url.QueryEscape(attr.Val)
				token.Attr = append(token.Attr, html.Attribute{Key: "target", Val: "_blank"}, html.Attribute{Key: "rel", Val: "noopener"})
			case token.Data == "img" && attr.Key == "src":
				token.Attr[i].Val = localPicture(attr.Val)
			}
		}
		out.WriteString(token.String())
	}
}

// localPicture is the demo's copy of an outlet's picture, or the address itself where there is none.
func localPicture(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	name := "images/" + path.Base(u.Path)
	if _, err := fs.Stat(files, name); err != nil {
		return address
	}
	return "/" + name
}

// kilobytes words a size. KB is 1,024 bytes.
func kilobytes(n int) string { return fmt.Sprintf("%.1f KB", float64(n)/1024) }
