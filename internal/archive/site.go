// Package archive makes the public side of a newsletter: its front, the lists of its editions, their pages and feeds. What
// an edition says was rendered when it was composed, and stands in the ledger; here it gets what stands around it. It
// serves nothing, knows no reader, and writes nothing but the files of Export.
package archive

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"

	"digestd/digest"
	"digestd/digest/render"
	"digestd/internal/config"
	"digestd/internal/ledger"
	"digestd/templates"
)

// How many editions stand where.
const (
	onFront = 5
	onList  = 30
	inFeed  = 30
)

// Shelf is what the ledger has of the archive.
type Shelf interface {
	Rows() (rows []ledger.Archived, version uint64, err error)
	Leaf(path string, language int) (digest.Leaf, error)
}

// Page is one file of the public side.
type Page struct {
	Path     string // below the archive's address, without a slash before it; a page ends in one
	Status   int    // 200, 301 or 410
	Type     string // of the content
	Body     []byte
	Policy   string // for Content-Security-Policy; empty: none
	Location string // of a 301, relative
}

// Site is the public side as one configuration and one state of the archive have it. It is never changed, and may be used
// by several goroutines.
type Site struct {
	Until time.Time // from when on there is more to show; zero: not by time alone

	config   *config.Config
	shelf    Shelf
	base     string // address of the archive
	signUp   string // address where new readers sign up; empty: they can't
	words    render.Catalogue
	css      string // of front and lists
	pages    *template.Template
	digests  []*collection
	byPath   map[string]*ledger.Archived
	formerly map[string]string // ids of digests by those that they had before
}

// collection is a digest with its public editions.
type collection struct {
	digest.Digest
	set    *render.Set
	words  render.Catalogue
	listed []*ledger.Archived // the newest first
}

// New makes the public side of a configuration, as it is at a time. Digests without an archive have none.
func New(c *config.Config, sets map[string]*render.Set, shelf Shelf, now time.Time) (*Site, error) {
	rows, _, err := shelf.Rows()
	if err != nil {
		return nil, err
	}
	s := &Site{config: c, shelf: shelf, base: c.ArchiveURL(), byPath: map[string]*ledger.Archived{},
		formerly: map[string]string{}, signUp: c.Newsletter.Subscribe}
	if s.pages, err = template.New("site").ParseFS(templates.FS, "site.html.tmpl"); err != nil {
		return nil, fmt.Errorf("public pages: %w", err)
	}
	for _, name := range []string{"web.css", "site.css"} {
		css, err := templates.FS.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("public pages: %w", err)
		}
		s.css += string(css)
	}
	for _, d := range c.Digests {
		if !d.Archive {
			continue
		}
		set := sets[d.ID]
		s.digests = append(s.digests, &collection{Digest: d, set: set, words: set.Catalogue(c.Newsletter.Language)})
		for _, before := range d.Formerly {
			s.formerly[before] = d.ID
		}
	}
	if len(s.digests) > 0 {
		s.words = s.digests[0].words
	}
	s.collect(rows, now)
	return s, nil
}

// collect sorts the rows into the digests that have them.
func (s *Site) collect(rows []ledger.Archived, now time.Time) {
	for i := range rows {
		row := &rows[i]
		of := s.collection(row.Digest)
		if of == nil {
			continue
		}
		if row.From.After(now) {
			if s.Until.IsZero() || row.From.Before(s.Until) {
				s.Until = row.From
			}
			continue
		}
		s.byPath[row.Path] = row
		if row.Listed && !row.Withdrawn {
			of.listed = append(of.listed, row)
		}
	}
	for _, of := range s.digests {
		slices.SortFunc(of.listed, func(a, b *ledger.Archived) int {
			return cmp.Or(b.Slot.Compare(a.Slot), b.Composed.Compare(a.Composed), strings.Compare(b.Path, a.Path))
		})
	}
}

// Empty reports whether there is no public side at all.
func (s *Site) Empty() bool { return len(s.digests) == 0 }

func (s *Site) collection(id string) *collection {
	for _, of := range s.digests {
		if of.ID == id {
			return of
		}
	}
	return nil
}

// Page makes the page at a path; nil: there is none.
func (s *Site) Page(path string) (*Page, error) {
	first, rest, deeper := strings.Cut(path, "/")
	of := s.collection(first)
	switch {
	case s.Empty():
		return nil, nil
	case path == "":
		return s.front()
	case s.byPath[strings.TrimSuffix(path, "/")] != nil:
		return s.edition(s.byPath[strings.TrimSuffix(path, "/")], "", strings.HasSuffix(path, "/"))
	case s.formerly[first] != "" && rest == "":
		return moved(path, strings.Repeat("../", strings.Count(path, "/"))+s.formerly[first]+"/"), nil
	case of != nil && !deeper:
		return moved(path, first+"/"), nil
	case of != nil && rest == "":
		return s.list(of, "")
	case of != nil && (rest == feedAtom || rest == feedJSON):
		return s.feed(of, rest)
	case of != nil && of.hasMonth(strings.TrimSuffix(rest, "/")):
		if !strings.HasSuffix(rest, "/") {
			return moved(path, rest+"/"), nil
		}
		return s.list(of, strings.TrimSuffix(rest, "/"))
	}
	trimmed := strings.TrimSuffix(path, "/")
	at := strings.LastIndexByte(trimmed, '/')
	if at < 0 || s.byPath[trimmed[:at]] == nil {
		return nil, nil
	}
	return s.edition(s.byPath[trimmed[:at]], trimmed[at+1:], strings.HasSuffix(path, "/"))
}

func moved(path, to string) *Page {
	return &Page{Path: path, Status: http.StatusMovedPermanently, Location: to}
}

// hasMonth reports whether there is an edition of a month, "2026-11".
func (of *collection) hasMonth(month string) bool {
	return len(month) == len("2026-11") && slices.ContainsFunc(of.listed,
		func(row *ledger.Archived) bool { return strings.HasPrefix(row.Wall, month) })
}

// frame is what all pages show.
type frame struct {
	Words       render.Catalogue
	Policy      string
	Index       bool
	Publisher   string
	Long        bool
	Title       string // of the window
	Heading     string
	Description string
	Canonical   string
	Picture     string
	Published   string
	Style       template.CSS
	Feeds       []feedLink
	Others      []otherLanguage
	Previous    *rowLink
	Next        *rowLink
	List        string // address of the digest's list
	SignUp      string
	Links       []render.Link
}

type feedLink struct{ Type, Title, Name, Href string }

type otherLanguage struct{ Tag, Href string }

// rowLink is an edition in a list.
type rowLink struct{ Href, Date, Subject, Description string }

// newFrame makes the frame of the page at a path. Addresses in it are relative, so that it works below any other, and as
// a file.
func (s *Site) newFrame(path, heading string, words render.Catalogue, style string) frame {
	n := s.config.Newsletter
	f := frame{Words: words, Publisher: n.Name, Heading: heading, Title: heading, Canonical: s.base + "/" + path,
		Style: template.CSS(style), SignUp: s.signUp, Index: s.config.Web != nil && s.config.Web.Index}
	f.Long = len([]rune(n.Name)) > 12 // as in the mail
	if heading != n.Name {
		f.Title += " · " + n.Name
	}
	for _, l := range []render.Link{{Name: words.Feedback, URL: n.Feedback}, {Name: words.Privacy, URL: n.Privacy}} {
		if l.URL != "" {
			f.Links = append(f.Links, l)
		}
	}
	sum := sha256.Sum256([]byte(style))
	f.Policy = "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; img-src https:; form-action 'self'; base-uri 'none'"
	return f
}

// up leads from the page at a path to the archive's own address.
func up(path string) string { return cmp.Or(strings.Repeat("../", strings.Count(path, "/")), "./") }

// show makes a page by a template.
func (s *Site) show(path string, status int, name, policy string, data any) (*Page, error) {
	var b bytes.Buffer
	if err := s.pages.ExecuteTemplate(&b, name, data); err != nil {
		return nil, fmt.Errorf("public page %q: %w", path, err)
	}
	return &Page{Path: path, Status: status, Type: "text/html; charset=utf-8", Body: b.Bytes(), Policy: policy}, nil
}

// style is the style sheet of front and lists in a look.
func (s *Site) style(look digest.Look, dir string) string {
	return render.LookOf(look, dir).CSS() + s.css
}

// feedsOf are the links to a digest's feeds from a page.
func feedsOf(of *collection, root string) []feedLink {
	return []feedLink{
		{typeAtom, of.Title, "Atom", root + of.ID + "/" + feedAtom},
		{typeJSON, of.Title, "JSON Feed", root + of.ID + "/" + feedJSON},
	}
}

// linkTo is an edition in a list.
func linkTo(row *ledger.Archived, root string) rowLink {
	return rowLink{Href: root + row.Path + "/", Date: row.Date, Subject: row.Subject, Description: row.Description}
}

// edition makes the page of an edition in one of its languages; of the first where none is named.
func (s *Site) edition(row *ledger.Archived, language string, slash bool) (*Page, error) {
	of := s.collection(row.Digest)
	at := slices.Index(row.Languages, cmp.Or(language, row.Languages[0]))
	if at < 0 || language != "" && at == 0 {
		return nil, nil
	}
	path := row.Path + "/"
	if language != "" {
		path += language + "/"
	}
	if !slash {
		return moved(strings.TrimSuffix(path, "/"), path[strings.LastIndexByte(path[:len(path)-1], '/')+1:]), nil
	}
	root := up(path)
	if row.Withdrawn {
		f := s.newFrame(path, of.words.Web.Gone, of.words, s.style(of.Look, of.words.Dir))
		f.Canonical, f.Index, f.List = "", false, root+of.ID+"/"
		return s.show(path, http.StatusGone, "gone", f.Policy, f)
	}
	leaf, err := s.shelf.Leaf(row.Path, at)
	if err != nil {
		return nil, err
	}
	f := s.newFrame(path, leaf.Subject, of.set.Catalogue(leaf.Language), leaf.Style)
	f.Title = leaf.Subject + " · " + leaf.Masthead
	f.Description, f.Picture, f.Published = leaf.Description, leaf.Picture, row.Composed.UTC().Format(time.RFC3339)
	f.Canonical, f.List, f.Feeds = s.base+"/"+row.Path+"/", root+of.ID+"/", feedsOf(of, root)
	f.Previous, f.Next = of.near(row, root)
	for i, tag := range row.Languages {
		if len(row.Languages) == 1 {
			break
		}
		href := s.base + "/" + row.Path + "/"
		if i > 0 {
			href += tag + "/"
		}
		f.Others = append(f.Others, otherLanguage{tag, href})
	}
	return s.show(path, http.StatusOK, "edition", f.Policy, struct {
		frame
		Head, Body, Foot template.HTML // as they were rendered
		Later            bool
	}{f, template.HTML(leaf.Head), template.HTML(leaf.Body), template.HTML(leaf.Foot), row.Later})
}

// near are the editions before and after one, as its page links to them.
func (of *collection) near(row *ledger.Archived, root string) (previous, next *rowLink) {
	before, after := of.neighbours(row)
	if before != nil {
		l := linkTo(before, root)
		previous = &l
	}
	if after != nil {
		l := linkTo(after, root)
		next = &l
	}
	return previous, next
}

// neighbours are the listed editions before and after one, which need not be listed itself.
func (of *collection) neighbours(row *ledger.Archived) (before, after *ledger.Archived) {
	at, found := slices.BinarySearchFunc(of.listed, row, func(a, b *ledger.Archived) int {
		return cmp.Or(b.Slot.Compare(a.Slot), b.Composed.Compare(a.Composed), strings.Compare(b.Path, a.Path))
	})
	if at > 0 {
		after = of.listed[at-1]
	}
	if found {
		at++
	}
	if at < len(of.listed) {
		before = of.listed[at]
	}
	return before, after
}
