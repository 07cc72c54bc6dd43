package archive

import (
	"net/http"
	"strings"
	"time"
)

// digestOnFront is a digest as the front shows it.
type digestOnFront struct {
	Href, Title, Topics string
	Rows                []rowLink
}

// front makes the newsletter's own page.
func (s *Site) front() (*Page, error) {
	look := s.config.Newsletter.Look
	f := s.newFrame("", s.config.Newsletter.Name, s.words, s.style(look, s.words.Dir))
	var all []digestOnFront
	for _, of := range s.digests {
		d := digestOnFront{Href: of.ID + "/", Title: of.heading(s.words.Web.Latest, f.Publisher), Topics: of.topics()}
		for _, row := range of.listed[:min(onFront, len(of.listed))] {
			d.Rows = append(d.Rows, linkTo(row, ""))
		}
		all = append(all, d)
		f.Feeds = append(f.Feeds, feedsOf(of, "")...)
	}
	if len(s.digests) > 1 {
		for i := range f.Feeds {
			f.Feeds[i].Name = f.Feeds[i].Title + ": " + f.Feeds[i].Name
		}
	}
	return s.show("", http.StatusOK, "front", f.Policy, struct {
		frame
		Digests []digestOnFront
	}{f, all})
}

// heading is the digest's title, or other words where the masthead says it already.
func (of *collection) heading(words, masthead string) string {
	if of.Title == masthead {
		return words
	}
	return of.Title
}

// topics are the titles of a digest's topics in a line.
func (of *collection) topics() string {
	var titles []string
	for _, t := range of.Topics {
		titles = append(titles, t.Name().In(of.words.Tag))
	}
	return strings.Join(titles, " · ")
}

// month is one of a list, with its editions; year one of the way to all of them.
type (
	month struct {
		Name, Short, Href string
		Rows              []rowLink
	}
	year struct {
		Name   string
		Months []month
	}
)

// list makes the list of a digest's editions: the newest, with the way to all months, or those of a month.
func (s *Site) list(of *collection, only string) (*Page, error) {
	path, heading := of.ID+"/", of.heading(of.words.Web.Archive, s.config.Newsletter.Name)
	if only != "" {
		path, heading = path+only+"/", of.Title+" · "+of.monthName(only)
	}
	f := s.newFrame(path, heading, of.words, s.style(of.Look, of.words.Dir))
	f.Feeds = feedsOf(of, up(path))
	var months []month
	var years []year
	inYears := ""
	for i, row := range of.listed {
		name := row.Wall[:len("2026-11")]
		if name != inYears {
			if inYears == "" || inYears[:4] != name[:4] {
				years = append(years, year{Name: name[:4]})
			}
			last := &years[len(years)-1]
			last.Months = append(last.Months, month{Name: of.monthName(name), Short: name[5:], Href: up(path) + of.ID + "/" + name + "/"})
			inYears = name
		}
		if only != "" && name != only || only == "" && i >= onList {
			continue
		}
		if len(months) == 0 || months[len(months)-1].Name != of.monthName(name) {
			months = append(months, month{Name: of.monthName(name)})
		}
		last := &months[len(months)-1]
		last.Rows = append(last.Rows, linkTo(row, up(path)))
	}
	if only == "" && len(of.listed) <= onList {
		years = nil
	}
	return s.show(path, http.StatusOK, "list", f.Policy, struct {
		frame
		Months []month
		Years  []year
	}{f, months, years})
}

// monthName is "2026-11" as a heading.
func (of *collection) monthName(name string) string {
	at, err := time.Parse("2006-01", name)
	if err != nil { // an edition's wall time begins with a month
		return name
	}
	return of.set.Month(of.words.Tag, at)
}
