package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"digestd/digest/render"
	"digestd/internal/config"
	"digestd/internal/ledger"
	"digestd/mailer/message"
	"digestd/templates"
)

// Limits of a request: a reader's is a line, a few header fields, and a form of a few fields.
const (
	maxHeader = 16 << 10 // bytes; net/http adds 4 KiB of its own
	maxBody   = 64 << 10 // bytes
)

// limits are those of a listener.
type limits struct {
	connections         int
	perAddress          int           // of those; a proxy on this machine has no limit of its own
	header, read, write time.Duration // for a request's header; with its body; with its answer
	idle                time.Duration // between two requests
	end                 time.Duration // for answers that are under way when the listener closes
}

var usualLimits = limits{connections: 512, perAddress: 64, header: 10 * time.Second, read: 20 * time.Second,
	write: 30 * time.Second, idle: time.Minute, end: 5 * time.Second}

// Site is what the pages show of a configuration.
type Site struct {
	Config *config.Config
	Sets   map[string]*render.Set // by digest
	// SignUps takes what new readers ask for; nil: nobody does.
	SignUps Registrar
}

// Server answers readers, at message.UnsubscribePath and message.PreferencesPath. It knows nothing of the
// name under which it is reached: pages refer to each other by relative addresses, so that they work
// behind any proxy, and no request's Host ends up in an answer.
type Server struct {
	Also map[string]http.Handler // what else the listener answers, by exact path

	ledger  *ledger.Ledger
	site    func() Site
	now     func() time.Time
	log     *slog.Logger
	pages   *pages
	library library
	builtin *render.Set // words where no digest has any
	limits  limits
	asking  chan struct{} // forms of new readers that are being worked on
	wait    func(context.Context, time.Duration)
}

// New makes a server for a ledger. It asks for the site, which a reload changes, at each request.
func New(l *ledger.Ledger, site func() Site, now func() time.Time, log *slog.Logger) (*Server, error) {
	pages, err := loadPages(templates.FS)
	if err != nil {
		return nil, err
	}
	builtin, err := render.Load(templates.FS, "", "")
	if err != nil {
		return nil, err
	}
	return &Server{ledger: l, site: site, now: now, log: log, pages: pages, builtin: builtin, limits: usualLimits,
		asking: make(chan struct{}, atOnce), wait: pause}, nil
}

// Handler is all that the listener answers. It takes a path as it is, with or without that of base_url
// before it: a mux would clean it, and redirect to what it has cleaned, and RFC 8058 §3.1 wants no redirect.
func (s *Server) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.pages.guard(w.Header())
		site := s.site()
		for _, path := range site.paths(r.URL) {
			if also := s.Also[path]; also != nil {
				also.ServeHTTP(w, r)
				return
			}
			if v, page := s.pageOf(w, r, site, path); page != nil {
				s.answer(w, r, v, page)
				return
			}
			if found, err := s.public(w, r, site, path); err != nil {
				s.refuse(w, r, site, err)
				return
			} else if found {
				return
			}
		}
		s.notice(w, r, site, http.StatusNotFound)
	})
}

// paths are what a request's path may mean: below the path of base_url, where a proxy hands it on as it came,
// and as it is. Both with their escapes: no path of ours needs any, and each would be another spelling of
// the same token.
func (s Site) paths(u *url.URL) []string {
	path := u.EscapedPath()
	if s.Config.Web == nil {
		return []string{path}
	}
	base, err := url.Parse(s.Config.Web.BaseURL)
	if err != nil || base.Path == "" { // the config has checked it
		return []string{path}
	}
	if below, ok := strings.CutPrefix(path, base.EscapedPath()); ok {
		return []string{below, path}
	}
	return []string{path}
}

// pageOf is the page at a path, if there is one, with what finds out whose it is.
func (s *Server) pageOf(w http.ResponseWriter, r *http.Request, site Site, path string) (v *visit, page func(*visit) (shown, error)) {
	v = &visit{site: site, css: s.pages.style, posted: r.Method == http.MethodPost}
	byToken := func(prefix string) (ok bool) {
		v.token, ok = strings.CutPrefix(path, prefix)
		return ok
	}
	v.resolve = func() (err error) {
		v.reader, err = s.resolve(site, v.token)
		return err
	}
	switch {
	case byToken(message.UnsubscribePath):
		return v, s.unsubscribe
	case byToken(message.PreferencesPath):
		return v, s.preferences
	case site.SignUps == nil:
		return nil, nil
	case byToken(message.ConfirmPath):
		v.resolve = func() (err error) {
			v.asked, err = s.asked(v.token)
			v.reader.language = v.asked.Language
			return err
		}
		return v, s.confirm
	case path == SubscribePath && site.Config.Web != nil && site.Config.Web.SignUp:
		v.resolve = func() error {
			v.reader.language = s.browsers(site, r.Header.Get("Accept-Language"))
			return nil
		}
		return v, func(v *visit) (shown, error) { return s.subscribe(w, r, v) }
	}
	return nil, nil
}

// visit is a request for a page of ours, mostly with a token.
type visit struct {
	site    Site
	token   string
	resolve func() error // finds out whose token it is
	reader  reader
	asked   ledger.Request // of a token that asks
	set     *render.Set
	css     string // of all pages
	words   render.Catalogue
	lang    string // that the address asks for, if it does
	form    url.Values
	posted  bool
}

// answer resolves the token and shows the page for it. Whoever has no token learns nothing: what can't be
// one, one that was forged, and one whose edition is forgotten all get the same answer.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, v *visit, page func(*visit) (shown, error)) {
	site := v.site
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost:
	case http.MethodOptions:
		w.Header().Set("Allow", allowed)
		w.WriteHeader(http.StatusNoContent)
		return
	default:
		w.Header().Set("Allow", allowed)
		http.Error(w, "only "+allowed, http.StatusMethodNotAllowed)
		return
	}
	err := v.resolve()
	if err != nil {
		s.refuse(w, r, site, err)
		return
	}
	s.speak(v, r)
	if v.posted {
		if v.form, err = readForm(w, r); err != nil {
			s.refuse(w, r, site, err)
			return
		}
	}
	out, err := page(v)
	if err != nil {
		s.refuse(w, r, site, err)
		return
	}
	s.pages.write(w, s.log, out)
}

// allowed are the methods of the readers' pages.
const allowed = "GET, HEAD, POST, OPTIONS"

// speak finds the language of a page: the one that its address asks for, the reader's own, the one that the configuration
// has for them now, or that of the mail with the link.
func (s *Server) speak(v *visit, r *http.Request) {
	v.set = s.setOf(v.site, v.reader.digest)
	if asked := r.URL.Query().Get("lang"); asked != "" && v.set.Knows(asked) {
		v.lang = v.set.Catalogue(asked).Tag
	}
	v.choosesWords()
}

// choosesWords takes the language of the page.
func (v *visit) choosesWords() {
	language := v.reader.language
	if v.reader.known {
		language = cmp.Or(v.reader.own.Language, v.reader.subscriber.Language)
	}
	v.words = v.set.Catalogue(cmp.Or(v.lang, language))
}

// setOf is the set with the words of a digest, or of the first that there is.
func (s *Server) setOf(site Site, digestID string) *render.Set {
	if set := site.Sets[digestID]; set != nil {
		return set
	}
	for _, d := range site.Config.Digests {
		if set := site.Sets[d.ID]; set != nil {
			return set
		}
	}
	return s.builtin
}

// refuse answers a request that failed.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, site Site, err error) {
	var bad *badRequest
	switch {
	case errors.Is(err, errNoReader):
		s.notice(w, r, site, http.StatusNotFound)
	case errors.As(err, &bad):
		http.Error(w, bad.Error(), bad.status)
	default:
		s.log.Error("a reader's request failed", "method", r.Method, "error", err)
		s.notice(w, r, site, http.StatusServiceUnavailable)
	}
}

// notice says that a link is none, or that something failed here.
func (s *Server) notice(w http.ResponseWriter, r *http.Request, site Site, status int) {
	v := &visit{site: site, css: s.pages.style, reader: reader{language: site.Config.Newsletter.Language}}
	s.speak(v, r)
	p := notice{sheet: v.sheet(v.words.Web.BadLink), Why: v.words.Web.BadLinkWhy}
	if status != http.StatusNotFound {
		p = notice{sheet: v.sheet(v.words.Web.Failed), Why: v.words.Web.FailedWhy}
	}
	s.pages.write(w, s.log, shown{"web-notice.html.tmpl", status, p})
}

// notice is what its template shows.
type notice struct {
	sheet
	Why string
}

// link is the address of another page of the same reader, as seen from one, in the language that was asked for.
func (v *visit) link(path string) string {
	to := ".." + path
	if v.lang != "" {
		to += "?lang=" + v.lang
	}
	return to
}

// sheet is what all pages show.
func (v *visit) sheet(title string) sheet {
	n := v.site.Config.Newsletter
	p := sheet{Catalogue: v.words, Title: title, Publisher: n.Name,
		Style: template.CSS(render.LookOf(n.Look, v.words.Dir).CSS() + v.css)}
	p.Long = len([]rune(p.Publisher)) > 12 // as in the mail
	p.Languages = v.languages(v.words.Tag)
	return p
}

// languages are those that there are words in, one of them current.
func (v *visit) languages(current string) (all []languageChoice) {
	names := v.set.Languages()
	slices.Sort(names)
	for _, name := range names {
		c := v.set.Catalogue(name)
		all = append(all, languageChoice{Tag: c.Tag, Name: c.Name, Dir: c.Dir, Current: c.Tag == current})
	}
	return all
}

// Listener is a listener that is served.
type Listener struct {
	server *http.Server
	addr   net.Addr
	end    time.Duration
	served chan struct{}
}

// Listen answers readers at an address until Close.
func (s *Server) Listen(address string) (*Listener, error) {
	return listen("listen", address, s.Handler(), s.limits, s.log)
}

// ListenForFigures answers what a monitoring system asks for, by exact path, at an address until Close.
func ListenForFigures(address string, paths map[string]http.Handler, log *slog.Logger) (*Listener, error) {
	return listen("metrics", address, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler := paths[r.URL.Path]
		if handler == nil {
			handler = http.NotFoundHandler()
		}
		handler.ServeHTTP(w, r)
	}), usualLimits, log)
}

// listen serves a handler at the address of a key of [web].
func listen(key, address string, handler http.Handler, limits limits, log *slog.Logger) (*Listener, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("[web] %s: %w", key, err)
	}
	entrance := newEntrance(listener, limits)
	l := &Listener{
		server: &http.Server{
			Handler: handler, MaxHeaderBytes: maxHeader, ReadHeaderTimeout: limits.header,
			ReadTimeout: limits.read, WriteTimeout: limits.write, IdleTimeout: limits.idle,
			ConnState: entrance.watch,
			ErrorLog:  slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		},
		addr: listener.Addr(), end: limits.end, served: make(chan struct{}),
	}
	go func() {
		defer close(l.served)
		if err := l.server.Serve(entrance); !errors.Is(err, http.ErrServerClosed) {
			log.Error("nobody is answered any more: restart digestd", key, address, "error", err)
		}
	}()
	return l, nil
}

// Addr is where it listens.
func (l *Listener) Addr() net.Addr { return l.addr }

// Close stops listening, lets the answers that are under way end, and cuts off what lasts too long.
func (l *Listener) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), l.end)
	defer cancel()
	if l.server.Shutdown(ctx) != nil {
		l.server.Close()
	}
	<-l.served
}
