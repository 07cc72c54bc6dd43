package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"digestd/digest/render"
)

// pages are the templates of the readers' pages.
type pages struct {
	templates *template.Template
	style     string
}

// sheet is what all pages show.
type sheet struct {
	render.Catalogue
	Title     string
	Publisher string // name of the newsletter
	Style     template.CSS
	Long      bool // it is set smaller
	Languages []languageChoice
}

// languageChoice is a language to choose.
type languageChoice struct {
	Tag, Name, Dir string
	Current        bool
}

// shown is a page to show: a template with its data.
type shown struct {
	template string
	status   int
	data     interface{ css() template.CSS }
}

func loadPages(files fs.FS) (*pages, error) {
	style, err := fs.ReadFile(files, "web.css")
	if err != nil {
		return nil, fmt.Errorf("pages for readers: %w", err)
	}
	t, err := template.New("pages").Funcs(template.FuncMap{
		"phrase": phrase,
	}).ParseFS(files, "web-*.html.tmpl")
	if err != nil {
		return nil, fmt.Errorf("pages for readers: %w", err)
	}
	return &pages{t, string(style)}, nil
}

// policy is the Content-Security-Policy of a page with one style element, of a style.
func policy(style template.CSS) string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; " +
		"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
}

// css is the style of a page with that of the sheet.
func (s sheet) css() template.CSS { return s.Style }

// phrase fills a name into a pattern, kept apart from it where the two run in different directions.
func phrase(pattern, name string) template.HTML {
	before, after, _ := strings.Cut(pattern, "{name}")
	return template.HTML(template.HTMLEscapeString(before) + "<bdi>" + template.HTMLEscapeString(name) + "</bdi>" +
		template.HTMLEscapeString(after))
}

// guard sets what every answer says to browsers and to whatever stands between: load nothing, frame
// nothing, keep nothing, and tell nobody where you came from, since the address is a reader's own.
func (p *pages) guard(h http.Header) {
	h.Set("Content-Security-Policy", policy(""))
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Robots-Tag", "noindex, nofollow")
}

// write sends a page that is complete.
func (p *pages) write(w http.ResponseWriter, log *slog.Logger, s shown) {
	var b bytes.Buffer
	if err := p.templates.ExecuteTemplate(&b, s.template, s.data); err != nil {
		log.Error("a page for readers can't be made", "page", s.template, "error", err)
		http.Error(w, "this page can't be made", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Security-Policy", policy(s.data.css()))
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(b.Len()))
	w.WriteHeader(s.status)
	w.Write(b.Bytes())
}
