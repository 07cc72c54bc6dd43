package newsroom

import (
	"cmp"
	"slices"
	"time"

	"digestd/digest"
	"digestd/digest/render"
	"digestd/internal/lint"
	"digestd/mailer/message"
)

// Checked is what the checks of a mail have found.
type Checked struct {
	Template string // the owner's HTML template, in which Finding.Template is a place; empty for the built-in one
	Language string
	Findings []lint.Finding
}

// samples are the links of a sample edition.
const (
	sampleUnsubscribe = "https://news.example.org/u/sample"
	samplePreferences = "https://news.example.org/p/sample"
)

// languages are those of the newsletter and of its readers.
func (r Renderer) languages() []string {
	all := []string{r.Config.Newsletter.Language}
	for _, profile := range r.Config.Readers().Profiles() {
		if !slices.Contains(all, profile.Language) {
			all = append(all, profile.Language)
		}
	}
	return all
}

// Unspoken are the languages of readers for which a digest has no words: they get English ones.
func (r Renderer) Unspoken(d digest.Digest) []string {
	return slices.DeleteFunc(r.languages(), r.Templates[d.ID].Knows)
}

// sample is a page of invented news in which stands every thing that an edition can have.
func (r Renderer) sample(d digest.Digest, language, zone string) digest.Page {
	p := render.Sample(language)
	p.Edition.Digest, p.Edition.Title, p.Edition.Zone = d.ID, d.Title, zone
	if d.Archive {
		p.Edition.Public = d.ID + "/" + p.Edition.Slot.Format(time.DateOnly)
	}
	return p
}

// CheckSample looks at a sample edition of a digest, in each language of its readers. It needs no ledger.
func (r Renderer) CheckSample(d digest.Digest) ([]Checked, error) {
	var all []Checked
	for _, language := range r.languages() {
		page := r.sample(d, language, cmp.Or(d.Zone, r.Config.Newsletter.Timezone))
		c, err := r.checkPage(d, page, r.frame(d, page, Anybody, sampleUnsubscribe, samplePreferences))
		if err != nil {
			return all, err
		}
		all = append(all, c)
	}
	return all, nil
}

// Check looks at a previewed mail.
func (r Renderer) Check(d digest.Digest, v Preview) (Checked, error) {
	return r.checkPage(d, v.Page, v.frame)
}

func (r Renderer) checkPage(d digest.Digest, page digest.Page, f render.Frame) (Checked, error) {
	out := Checked{Language: page.Variant.Language}
	set := r.Templates[d.ID]
	rendered, err := set.Render(page, f)
	if err != nil {
		return out, err
	}
	trace, err := set.Trace(page, f)
	if err != nil {
		return out, err
	}
	out.Template = trace.File
	m := lint.Mail{
		Subject: rendered.Subject, HTML: rendered.HTML, Text: rendered.Text, MaxSize: d.MaxSize,
		Unsubscribe: f.UnsubscribeURL, HTMLSize: message.EncodedLen(rendered.HTML),
		TextSize: message.EncodedLen(rendered.Text),
	}
	for _, s := range trace.Stories {
		m.Stories = append(m.Stories, lint.Story{Title: s.Title, URL: s.URL})
	}
	for _, at := range trace.Tags {
		m.Tags = append(m.Tags, lint.Place(at))
	}
	out.Findings = lint.Check(m)
	return out, nil
}
