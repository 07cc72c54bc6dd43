package config

// Web is [web].
type Web struct {
	Listen  string
	BaseURL string // no trailing slash
	Metrics string // where health and metrics are answered; empty: nowhere
	Index   bool   // search engines may list the public pages
}

func webKeys() []key[Web] {
	return []key[Web]{
		text("listen", `"127.0.0.1:8080"`, "host:port", "Where to listen, behind a reverse proxy. Changing it needs a restart.",
			func(w *Web) *string { return &w.Listen }, listen),
		need(text("base_url", "", "URL", "How readers reach it: the address that stands in the mail.",
			func(w *Web) *string { return &w.BaseURL }, baseURL)),
		text("metrics", `""`, "host:port", "Where to answer `/healthz` and `/metrics`, which are nothing for readers: an address of its own, or that of listen. Empty: nowhere. Changing it needs a restart.",
			func(w *Web) *string { return &w.Metrics }, listen),
		boolean("index", "false", "Search engines may list the archive. Without it, its pages ask them not to.",
			func(w *Web) *bool { return &w.Index }),
	}
}
