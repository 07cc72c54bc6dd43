package preview

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"net/url"
	"strings"
)

// Wish is what an editor asks for on the page; what is zero is not asked for.
type Wish struct {
	Lead, Drop string // links of stories
	Note       string // Markdown
	Instead    string // number of the note that the page has shown, "0" for none
	Skip       bool   // the slot
	Undo       string // number of an order
	Clear      bool   // all orders
	Approve    string // zone of the edition that may go
	Seen       string // numbers of the orders that the page has shown for it
}

// Story is a story on a mail, for the editor.
type Story struct {
	Title  string
	Source string
	Where  string // its section
	Link   string // empty: nothing can be ordered of it
	Leads  bool
}

// Standing is what an editor has ordered for a digest, and what waits for them.
type Standing struct {
	Orders  []Order // but for the note
	Note    string  // Markdown
	NoteID  uint64  // number of that order; 0: there is none
	Skipped bool
	Waiting []Waiting
}

// Order is an order that stands.
type Order struct {
	ID    uint64
	Does  string // "leads", "left out"
	Words string // what it is about
}

// Waiting is an edition that waits for the editor.
type Waiting struct {
	Edition string
	Zone    string
	Words   string // what becomes of it
	Seen    string // numbers of the orders that stand for it
	Asks    bool   // an approval changes something
}

// mostForm is how long an order may be, in bytes: a note, percent-encoded, and some links.
const mostForm = 32 << 10

// order takes an order. It must come from this very page: its address is in Origin, and its token in the form. That
// Host is a loopback address was looked at before.
func (s *Server) order(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, mostForm)
	if r.Header.Get("Origin") != "http://"+r.Host || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		http.Error(w, "an order must come from this page", http.StatusForbidden)
		return
	}
	if err := r.ParseForm(); err != nil {
		http.Error(w, "this order can't be read: "+err.Error(), http.StatusBadRequest)
		return
	}
	form := r.PostForm
	if subtle.ConstantTimeCompare([]byte(form.Get("token")), []byte(s.token)) != 1 {
		http.Error(w, "this page is of an earlier digestd preview: load it anew", http.StatusForbidden)
		return
	}
	wish := Wish{Lead: form.Get("lead"), Drop: form.Get("drop"), Skip: form.Has("skip"), Undo: form.Get("undo"), Clear: form.Has("clear")}
	wish.Approve, wish.Seen, _ = strings.Cut(form.Get("approve"), " ")
	if wish == (Wish{}) { // the other buttons of the note's form send it along
		wish.Note, wish.Instead = strings.ReplaceAll(form.Get("note"), "\r\n", "\n"), form.Get("instead")
		if strings.TrimSpace(wish.Note) == "" {
			wish = Wish{Undo: wish.Instead}
		}
	}
	if err := s.options.Order(r.Context(), form.Get("digest"), wish); err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	back, err := url.ParseQuery(form.Get("back"))
	if err != nil {
		back = nil
	}
	http.Redirect(w, r, "/?"+back.Encode(), http.StatusSeeOther)
}

// Ordering takes the orders of a page.
type Ordering func(ctx context.Context, digest string, w Wish) error

// newToken is what tells the forms of this server from those of anybody else.
func newToken() string { return rand.Text() }
