package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"digestd/internal/archive"
	"digestd/internal/config"
)

// mostKept is how many bytes of public pages are kept ready.
const mostKept = 8 << 20

// publicly is how long others may keep a public page without asking. One that is withdrawn is gone everywhere after it.
const publicly = "public, max-age=60"

// library has the public pages ready, as the configuration and the archive are now. What is asked for again costs
// neither a template nor the ledger more than the question whether there is something new.
type library struct {
	mu      sync.Mutex
	site    *archive.Site
	of      *config.Config
	version uint64
	changed time.Time // when the site was made anew
	ready   map[string]*readyPage
	kept    int // bytes in ready
}

// readyPage is a page as it goes over the wire.
type readyPage struct {
	*archive.Page
	tag     string // ETag
	changed time.Time
	zipped  []byte // nil: not worth it
}

// page finds or makes a page; nil: there is none. One is made at a time, so that a crowd that asks for the same costs
// no more than one who does.
func (l *library) page(site Site, shelf archive.Shelf, path string, now time.Time) (*readyPage, error) {
	_, version, err := shelf.Rows()
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.site == nil || l.of != site.Config || l.version != version || !l.site.Until.IsZero() && !now.Before(l.site.Until) {
		made, err := archive.New(site.Config, site.Sets, shelf, now)
		if err != nil {
			return nil, err
		}
		l.site, l.of, l.version, l.changed = made, site.Config, version, now.UTC().Truncate(time.Second)
		l.ready, l.kept = map[string]*readyPage{}, 0
	}
	if p := l.ready[path]; p != nil {
		return p, nil
	}
	p, err := l.site.Page(path)
	if p == nil || err != nil {
		return nil, err
	}
	ready, err := getReady(p, l.changed)
	if err != nil || p.Status != http.StatusOK {
		return ready, err
	}
	size := len(ready.Body) + len(ready.zipped)
	if l.kept+size > mostKept {
		l.ready, l.kept = map[string]*readyPage{}, 0
	}
	l.ready[path], l.kept = ready, l.kept+size
	return ready, nil
}

func getReady(p *archive.Page, changed time.Time) (*readyPage, error) {
	sum := sha256.Sum256(p.Body)
	// Weak, since it stands for the page packed and unpacked.
	r := &readyPage{Page: p, tag: fmt.Sprintf(`W/"%x"`, sum[:12]), changed: changed}
	if len(p.Body) < 1<<10 {
		return r, nil
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(p.Body); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	r.zipped = b.Bytes()
	return r, nil
}

// public answers with a public page. It reports whether there is one at the path, which begins with a slash.
func (s *Server) public(w http.ResponseWriter, r *http.Request, site Site, path string) (bool, error) {
	p, err := s.library.page(site, s.ledger.Archive, strings.TrimPrefix(path, "/"), s.now())
	if p == nil || err != nil {
		return false, err
	}
	h := w.Header()
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "only GET and HEAD", http.StatusMethodNotAllowed)
		return true, nil
	}
	if p.Location != "" {
		h.Set("Location", p.Location)
		h.Set("Cache-Control", publicly)
		w.WriteHeader(p.Status)
		return true, nil
	}
	if p.Policy != "" {
		h.Set("Content-Security-Policy", p.Policy+"; frame-ancestors 'none'")
	}
	h.Set("Cache-Control", publicly)
	if site.Config.Web != nil && site.Config.Web.Index && p.Status == http.StatusOK {
		h.Del("X-Robots-Tag")
	} else {
		h.Set("X-Robots-Tag", "noindex")
	}
	h.Set("Vary", "Accept-Encoding")
	body := p.Body
	if p.zipped != nil && acceptsGzip(r.Header.Get("Accept-Encoding")) {
		h.Set("Content-Encoding", "gzip")
		body = p.zipped
	}
	h.Set("Content-Type", p.Type)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if p.Status == http.StatusOK {
		h.Set("ETag", p.tag)
		http.ServeContent(w, r, "", p.changed, bytes.NewReader(body))
		return true, nil
	}
	w.WriteHeader(p.Status)
	if r.Method == http.MethodGet {
		w.Write(body)
	}
	return true, nil
}

// acceptsGzip reads an Accept-Encoding (RFC 9110 §12.5.3): gzip, or anything, unless with a weight of 0.
func acceptsGzip(header string) bool {
	any := false
	for part := range strings.SplitSeq(strings.ToLower(header), ",") {
		coding, weight, _ := strings.Cut(part, ";")
		none := strings.Trim(strings.TrimPrefix(strings.TrimSpace(weight), "q="), "0.") == "" && strings.Contains(weight, "q=")
		switch strings.TrimSpace(coding) {
		case "gzip", "x-gzip":
			return !none
		case "*":
			any = !none
		}
	}
	return any
}
