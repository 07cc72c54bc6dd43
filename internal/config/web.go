package config

// Web is [web].
type Web struct {
	Listen  string
	BaseURL string // no trailing slash
}

func webKeys() []key[Web] {
	return []key[Web]{
		text("listen", `"127.0.0.1:8080"`, "host:port", "Where to listen, behind a reverse proxy. Changing it needs a restart.",
			func(w *Web) *string { return &w.Listen }, listen),
		need(text("base_url", "", "URL", "How readers reach it: the address that stands in the mail.",
			func(w *Web) *string { return &w.BaseURL }, baseURL)),
	}
}
