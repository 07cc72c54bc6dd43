package cli

import (
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"digestd/digest/render"
	"digestd/internal/config"
	"digestd/templates"
)

// Only our own page says that readers' links come to us: a proxy has many that look like an answer.
func TestLinksAreFollowed(t *testing.T) {
	set, err := render.Load(templates.FS, "", "")
	if err != nil {
		t.Fatal(err)
	}
	ours := html.EscapeString(set.Catalogue("fr").Web.BadLinkWhy)
	for name, row := range map[string]struct {
		answer func(w http.ResponseWriter, r *http.Request)
		want   string
	}{
		"our own page": {func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprintf(w, "<p>%s</p>", ours)
		}, ""},
		"the proxy's 404":           {func(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }, "404 Not Found, and not from digestd"},
		"somebody's front page":     {func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, ours) }, "200 OK, and not from digestd"},
		"a proxy that finds nobody": {func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusBadGateway) }, "nobody answers: 502 Bad Gateway"},
		"a redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://www.harbour.test"+r.URL.Path, http.StatusMovedPermanently)
		}, "it redirects to https://www.harbour.test/wire/u/check"},
		"a path that is taken off": {func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/wire/u/check" {
				t.Errorf("%s is asked", r.URL.Path)
			}
		}, "200 OK"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(row.answer))
			defer server.Close()
			cfg := &config.Config{Newsletter: config.Newsletter{Language: "fr"}, Web: &config.Web{BaseURL: server.URL + "/wire", Listen: "127.0.0.1:8080"}}
			_, err := checkLinks(t.Context(), cfg, map[string]*render.Set{"daily": set})
			if row.want == "" && err != nil || row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want)) {
				t.Errorf("got %v, want %q", err, row.want)
			}
		})
	}
	if _, err := checkLinks(t.Context(), &config.Config{}, nil); err != nil {
		t.Errorf("without [web]: %v", err)
	}
}
