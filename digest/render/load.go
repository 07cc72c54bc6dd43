package render

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"digestd/digest"
	"digestd/internal/lazyregexp"
	"digestd/internal/regular"
)

// The files that a Set is made of.
const (
	htmlFile    = "digest.html.tmpl"
	textFile    = "digest.txt.tmpl"
	leafFile    = "archive.html.tmpl"
	leafStyle   = "archive.css"
	languageDir = "lang"
)

// Replaceable are the names of the built-in files that a directory of templates may replace.
func Replaceable(builtin fs.FS) ([]string, error) {
	catalogues, err := fs.Glob(builtin, languageDir+"/*.json")
	return append([]string{htmlFile, textFile, leafFile, leafStyle}, catalogues...), err
}

// SubjectName is how errors name the subject template, which stands in the config and not in a file:
// "subject:1:3: …".
const SubjectName = "subject"

// Load parses the templates of a digest: the built-in ones, each replaced by the file of the same name
// in dir where there is one; dir "" replaces none. A catalogue in dir changes the words that it names
// and leaves the others, or adds a language. Load tries everything on a sample edition, so that a
// template that can't be executed is found here. Errors name file:line, and all files are looked at:
// several are joined.
func Load(builtin fs.FS, dir, subject string) (*Set, error) {
	src := source{builtin: builtin, dir: dir}
	var own fs.FS
	if dir != "" {
		info, err := os.Stat(dir)
		switch {
		case err != nil:
			return nil, fmt.Errorf("template directory: %w", err)
		case !info.IsDir():
			return nil, fmt.Errorf("template directory %s: not a directory", dir)
		}
		own = regular.In(dir, regular.MaxText)
		src.own = own
	}

	s := &Set{}
	var problems []error
	note := func(err error) {
		if err != nil {
			problems = append(problems, err)
		}
	}
	note(src.strangers())
	note(s.parseHTML(src))
	note(s.parseText(src))
	note(s.parseLeaf(src))
	note(s.parseSubject(subject))
	note(s.parseAsking(builtin))
	var err error
	s.languages, err = loadLanguages(src)
	note(err)
	if len(problems) == 0 {
		note(s.try(subject))
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	return s, nil
}

// source reads a file from the owner's directory or else from the built-in ones.
type source struct {
	builtin fs.FS
	own     fs.FS // nil: none
	dir     string
}

// read returns a file and the name by which errors call it.
func (s source) read(name string) (text, shown string, err error) {
	if s.own != nil {
		b, err := fs.ReadFile(s.own, name)
		if err == nil {
			return unixLines(string(b)), filepath.Join(s.dir, filepath.FromSlash(name)), nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", "", fmt.Errorf("template directory %s: %w", s.dir, err)
		}
	}
	b, err := fs.ReadFile(s.builtin, name)
	if err != nil {
		return "", "", fmt.Errorf("built-in template: %w", err)
	}
	return string(b), name, nil
}

// unixLines ends lines as a mail's parts do before they are encoded, whatever editor wrote them.
func unixLines(text string) string { return strings.ReplaceAll(text, "\r\n", "\n") }

// strangers reports templates in the owner's directory that replace nothing: most likely a misspelt name.
func (s source) strangers() error {
	if s.own == nil {
		return nil
	}
	entries, err := fs.ReadDir(s.own, ".")
	if err != nil {
		return fmt.Errorf("template directory %s: %w", s.dir, err)
	}
	var problems []error
	for _, e := range entries {
		if e.IsDir() || !strings.HasSuffix(e.Name(), ".tmpl") {
			continue
		}
		if e.Name() != htmlFile && e.Name() != textFile && e.Name() != leafFile {
			problems = append(problems, fmt.Errorf("%s:1: replaces no template: there are %s, %s and %s",
				filepath.Join(s.dir, e.Name()), htmlFile, textFile, leafFile))
		}
	}
	return errors.Join(problems...)
}

func (s *Set) parseHTML(src source) error {
	text, name, err := src.read(htmlFile)
	if err != nil {
		return err
	}
	s.htmlName, s.htmlText = name, text
	s.html, err = newHTML(name, text)
	return err
}

func (s *Set) parseText(src source) error {
	text, name, err := src.read(textFile)
	if err != nil {
		return err
	}
	s.textParts = strings.Contains(text, ".Cut}}")
	s.text, err = newText(name, text, textFuncs)
	return err
}

func (s *Set) parseLeaf(src source) error {
	text, name, err := src.read(leafFile)
	if err != nil {
		return err
	}
	if s.leafStyle, _, err = src.read(leafStyle); err != nil {
		return err
	}
	if strings.Contains(strings.ToLower(s.leafStyle), "</style") {
		return fmt.Errorf("%s:1: ends the element that it stands in", leafStyle)
	}
	s.leaf, err = newHTML(name, text)
	return err
}

// actions are what a template has beside its fixed text.
var actions = lazyregexp.New(`(?s){{.*?}}`)

func (s *Set) parseSubject(subject string) error {
	var err error
	s.subject, err = newText(SubjectName, subject, nil)
	return err
}

// loadLanguages reads every built-in catalogue and lays the owner's over them.
func loadLanguages(src source) (map[string]*language, error) {
	names, err := fs.Glob(src.builtin, path.Join(languageDir, "*.json"))
	if err != nil {
		return nil, err
	}
	languages := make(map[string]*language, len(names))
	var problems []error
	add := func(from fs.FS, name, shown string) {
		b, err := fs.ReadFile(from, name)
		if err == nil {
			err = addLanguage(languages, name, shown, b)
		}
		if err != nil {
			problems = append(problems, err)
		}
	}
	for _, name := range names {
		add(src.builtin, name, name)
	}
	if languages[fallback] == nil && len(problems) == 0 {
		problems = append(problems, fmt.Errorf("built-in catalogue %s/%s.json is missing", languageDir, fallback))
	}
	if src.own == nil || len(problems) > 0 {
		return languages, errors.Join(problems...)
	}
	names, err = fs.Glob(src.own, path.Join(languageDir, "*.json"))
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		add(src.own, name, filepath.Join(src.dir, filepath.FromSlash(name)))
	}
	return languages, errors.Join(problems...)
}

// try renders the sample edition in a left-to-right and a right-to-left language, and an empty page,
// so that an error of execution is met before an edition meets it.
func (s *Set) try(subject string) error {
	braces := strings.Count(actions.ReplaceAllString(subject, ""), "{")
	for _, lang := range []string{"en", "ar"} {
		for _, p := range []digest.Page{Sample(lang), emptySample(lang)} {
			out, err := s.Render(p, sampleFrame)
			if err != nil {
				return err
			}
			if _, err := s.Leaf(p, sampleFrame, nil); err != nil {
				return err
			}
			if strings.Count(out.Subject, "{") > braces { // no word of the sample has one
				return &TemplateError{fmt.Errorf("%s:1: makes %q: an action prints a whole record, where {{.Lead.Title}} is one field of it",
					SubjectName, shorten(out.Subject, 60))}
			}
			for _, part := range []struct{ name, text string }{{s.html.Name(), out.HTML}, {s.text.Name(), out.Text}} {
				if !strings.Contains(part.text, sampleFrame.UnsubscribeURL) {
					return fmt.Errorf("%s:1: shows no unsubscribe link: it must contain {{.UnsubscribeURL}}", part.name)
				}
			}
		}
	}
	return nil
}

// templateError makes "file:line:column: what" of the error of a template.
func templateError(err error) error {
	if err == nil {
		return nil
	}
	return &TemplateError{err}
}

// TemplateError is an error in a template: its text begins with file:line.
type TemplateError struct{ err error }

func (e *TemplateError) Error() string {
	text := e.err.Error()
	for _, prefix := range []string{"template: ", "html/template:"} {
		text = strings.TrimPrefix(text, prefix)
	}
	return inWords(strings.TrimSpace(text))
}

// Unwrap gives the error of text/template or html/template.
func (e *TemplateError) Unwrap() error { return e.err }
