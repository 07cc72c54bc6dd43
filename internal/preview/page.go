package preview

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"digestd/internal/lint"
	"digestd/mailer/message"
)

// Rules for what a browser may do with the page, and with the mail within it. The page loads nothing
// from anywhere else. The mail may fetch its pictures, as it may in an inbox, unless they are turned
// off, and runs no script.
const (
	pagePolicy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; frame-src 'self'; img-src data:; " +
		"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
	mailPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src %s; base-uri 'none'; form-action 'none'; " +
		"frame-ancestors 'self'; sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox"
)

// option is one of the ways in which a mail is shown: a key of the query and its values, of which the
// first is the one without a word.
type option struct {
	key    string
	name   string
	values [][2]string // value, label
}

var (
	news  = option{"news", "News", [][2]string{{"", "New since the last edition"}, {sample, "A sample of everything"}}}
	views = option{"view", "View",
		[][2]string{{"", "Mail"}, {"text", "Text"}, {"source", "HTML source"}, {"message", "Headers and message"}}}
	widths = option{"width", "Width", [][2]string{{"", "720"}, {"375", "375"}, {"320", "320"}}}
	scheme = option{"scheme", "Colours", [][2]string{{"", "Light"}, {"dark", "Dark"}}}
	images = option{"images", "Pictures", [][2]string{{"", "On"}, {"off", "Off"}}}
	styles = option{"styles", "Styles",
		[][2]string{{allStyles, "All"}, {inlineStyles, "No <style>"}, {noStyles, "None"}}}
)

// sample is the value of news that asks for invented news.
const sample = "sample"

// options in the order in which the page shows them; the first stands by itself.
var options = []option{views, news, widths, scheme, images, styles}

// of is the value that a query chooses, or the first.
func (o option) of(query url.Values) string {
	got := query.Get(o.key)
	if slices.ContainsFunc(o.values, func(v [2]string) bool { return v[0] == got }) {
		return got
	}
	return o.values[0][0]
}

// group is an option as the page shows it.
type group struct {
	Name  string
	Links []link
}

type link struct {
	Label, Href string
	Current     bool
}

// sheet is what the page's template shows.
type sheet struct {
	Title   string
	Version int
	News    string
	Problem []string // lines; nil: all is well
	Stale   bool     // the mail is not of now
	Missing bool     // what was chosen is nowhere
	Choice  Choice
	Desk    Desk
	Keep    [][2]string // of the query, for the form

	Mail   *Mail // nil: there is none to show
	Letter message.Apart
	View   string
	Views  group
	Looks  []group
	Width  string
	Frame  string // address of the mail by itself
	Source []string
	Sizes  []size
	Rules  []rule
	EML    string
	Sample string // address of the same with invented news
	Token  string // of a form
	Back   string // query of this very page
}

// size is a part against the limits.
type size struct {
	Name  string
	Bytes int
	Limit int // 0: none
	Over  bool
}

// rule is a check with what it has found.
type rule struct {
	lint.Rule
	ID       string
	Worst    string // level of the worst finding; empty: nothing was found
	Findings []finding
	Notes    []finding
}

type finding struct {
	lint.Finding
	Where    string // in words
	Href     string // of the place; empty: there is none to show
	Template string // "digest.html.tmpl:4:1", or empty
}

func (s *Server) handler() (http.Handler, error) {
	page := template.Must(template.New("").Funcs(template.FuncMap{
		"kilobytes": func(n int) string { return fmt.Sprintf("%.1f KB", float64(n)/1024) },
		"inc":       func(n int) int { return n + 1 },
	}).ParseFS(files, "page/page.html.tmpl"))
	if s.options.Blocks != nil {
		if _, err := page.ParseFS(s.options.Blocks, "*.html.tmpl"); err != nil {
			return nil, err
		}
	}
	static, err := fs.Sub(files, "page")
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		var b bytes.Buffer
		sheet := s.sheet(r.URL.Query())
		if err := page.ExecuteTemplate(&b, "page.html.tmpl", sheet); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if sheet.Missing {
			w.WriteHeader(http.StatusNotFound)
		}
		w.Write(b.Bytes())
	})
	mux.HandleFunc("GET /mail.html", s.mail)
	mux.HandleFunc("GET /message.eml", s.message)
	mux.HandleFunc("GET /changes", s.changes)
	if s.options.Order != nil {
		mux.HandleFunc("POST /order", s.order)
	}
	mux.Handle("GET /page.css", http.FileServerFS(static))
	mux.Handle("GET /page.js", http.FileServerFS(static))
	for pattern, handler := range s.options.Also {
		mux.Handle(pattern, handler)
	}
	return mux, nil
}

// Query is the choice as the end of the page's address.
func (c Choice) Query() string {
	query := url.Values{"digest": {c.Digest}}
	if c.Reader != "" {
		query.Set("for", c.Reader)
	}
	if c.At != "" {
		query.Set("at", c.At)
	}
	if c.Sample {
		query.Set(news.key, sample)
	}
	if c.Letter > 0 {
		query.Set("letter", strconv.Itoa(c.Letter))
	}
	return "?" + query.Encode()
}

// chosen reads a choice from a query; the first digest is the one without a word.
func (s *Server) chosen(query url.Values) Choice {
	c := Choice{Digest: query.Get("digest"), Reader: strings.TrimSpace(query.Get("for")),
		At: strings.TrimSpace(query.Get("at")), Sample: news.of(query) == sample}
	if number := query.Get("letter"); number != "" {
		if n, err := strconv.Atoi(number); err == nil && n > 0 {
			c.Letter = n
		} else {
			c.Letter = -1 // there is none
		}
	}
	if c.Digest == "" {
		s.mu.Lock()
		c.Digest = s.desk.Digests()[0][0]
		s.mu.Unlock()
	}
	return c
}

func (s *Server) sheet(query url.Values) sheet {
	c := s.chosen(query)
	now := s.look(c)
	out := sheet{Title: c.Digest, Version: now.version, Choice: c, Desk: now.desk, Token: s.token, Back: with(query, "", "")}
	if s.options.News != nil {
		out.News = s.options.News()
	}
	if now.problem != nil {
		out.Problem = strings.Split(strings.TrimSpace(now.problem.Error()), "\n")
		out.Stale, out.Missing = now.shown, errors.Is(now.problem, fs.ErrNotExist)
	}
	for _, o := range options {
		if v := o.of(query); v != "" {
			out.Keep = append(out.Keep, [2]string{o.key, v})
		}
	}
	if !now.shown {
		return out
	}
	m := now.mail
	out.Mail = &m
	if m.Nothing != "" {
		return out
	}
	out.Letter = now.letter
	out.Title, out.View, out.Width = out.Letter.Subject, views.of(query), widths.of(query)
	if out.Width == "" {
		out.Width = widths.values[0][1]
	}
	if out.Letter.HTML == "" && (out.View == "" || out.View == "source") {
		out.View = "text"
	}
	if out.Letter.Text == "" && out.View == "text" {
		out.View = "message"
	}
	out.show(query, s.options.Arrived)
	return out
}

// show settles how the mail is shown.
func (s *sheet) show(query url.Values, arrived bool) {
	m := s.Letter
	for _, o := range options {
		if arrived && o.key == news.key {
			continue
		}
		g := group{Name: o.name}
		for _, v := range o.values {
			if m.HTML == "" && o.key == "view" && (v[0] == "" || v[0] == "source") ||
				m.Text == "" && o.key == "view" && v[0] == "text" {
				continue
			}
			current := o.of(query) == v[0]
			if o.key == "view" {
				current = s.View == v[0]
			}
			g.Links = append(g.Links, link{Label: v[1], Href: "/?" + with(query, o.key, v[0]), Current: current})
		}
		if o.key == "view" {
			s.Views = g
		} else if s.View == "" || o.key == news.key {
			s.Looks = append(s.Looks, g)
		}
	}
	s.Frame = "/mail.html?" + with(query, "version", strconv.Itoa(s.Version))
	s.Sample = "/?" + with(query, news.key, sample)
	s.EML = "/message.eml?" + with(query, "view", "")
	s.Source = strings.Split(strings.TrimRight(m.HTML, "\n"), "\n")
	if m.HTML != "" {
		s.Sizes = append(s.Sizes, size{"HTML part, encoded", m.HTMLSize, lint.ClipLimit, m.HTMLSize > lint.ClipLimit})
	}
	most := s.Mail.MaxSize
	s.Sizes = append(s.Sizes, size{"Text part, encoded", m.TextSize, most, most > 0 && m.TextSize > most},
		size{"Whole message", len(s.Mail.Raw), 0, false})
	for _, r := range lint.Rules() {
		if m.HTML == "" && r.HTML {
			continue
		}
		one := rule{Rule: r, ID: "notes-" + strings.ReplaceAll(r.Check, " ", "-")}
		for _, f := range s.Mail.Findings {
			if f.Check != r.Check {
				continue
			}
			shown := finding{Finding: f, Where: f.Part}
			if f.Place.Line > 0 {
				shown.Where = fmt.Sprintf("%s, line %d", f.Part, f.Place.Line)
			}
			if f.Part == lint.HTML && f.Place.Line > 0 {
				shown.Href = "/?" + with(query, "view", "source") + "#L" + strconv.Itoa(f.Place.Line)
			}
			if s.Mail.Template != "" && f.Template.Line > 0 {
				shown.Template = fmt.Sprintf("%s:%d:%d", s.Mail.Template, f.Template.Line, f.Template.Column)
			}
			if f.Level == lint.Note {
				one.Notes = append(one.Notes, shown)
				continue
			}
			if one.Worst == "" {
				one.Worst = f.Level.String()
			}
			one.Findings = append(one.Findings, shown)
		}
		s.Rules = append(s.Rules, one)
	}
}

// with is a query with one value changed; empty takes it away.
func with(query url.Values, key, value string) string {
	changed := make(url.Values, len(query))
	for k, v := range query {
		if k != key && len(v) > 0 && v[0] != "" {
			changed.Set(k, v[0])
		}
	}
	if value != "" {
		changed.Set(key, value)
	}
	return changed.Encode()
}

// mail is the HTML part by itself, for the frame within the page.
func (s *Server) mail(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	now := s.look(s.chosen(query))
	if !now.shown || now.letter.HTML == "" {
		http.NotFound(w, r)
		return
	}
	sources := cmp.Or(s.options.Pictures, "https: data:")
	if images.of(query) == "off" {
		sources = "'none'"
	}
	light := "light"
	if scheme.of(query) == "dark" {
		light = "dark"
	}
	w.Header().Set("Content-Security-Policy", fmt.Sprintf(mailPolicy, sources))
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprint(w, asShown(cmp.Or(now.mail.Shown, now.letter.HTML), light, styles.of(query)))
}

func (s *Server) message(w http.ResponseWriter, r *http.Request) {
	now := s.look(s.chosen(r.URL.Query()))
	if !now.shown || now.mail.Nothing != "" {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "message/rfc822")
	w.Header().Set("Content-Disposition", `attachment; filename="`+cmp.Or(now.mail.File, "preview.eml")+`"`)
	w.Write(now.mail.Raw)
}

// changes tells a page, as server-sent events, of which version it should be.
func (s *Server) changes(w http.ResponseWriter, r *http.Request) {
	out := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	versions, stop := s.watch()
	defer stop()
	for {
		select {
		case <-r.Context().Done():
			return
		case v := <-versions:
			_, err := fmt.Fprintf(w, "retry: 1000\ndata: %d\n\n", v)
			if err := errors.Join(err, out.Flush()); err != nil {
				return
			}
		}
	}
}
