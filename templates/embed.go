// Package templates carries the built-in templates and language catalogues inside the binary. It
// holds files and no code; digest/render knows what is in them.
package templates

import "embed"

// FS has the templates at its root ("digest.html.tmpl", "archive.html.tmpl" with "archive.css" of the public pages, and
// "web-*.html.tmpl" with "web.css" of all other pages) and the catalogues in "lang" ("lang/en.json").
//
//go:embed *.tmpl *.css lang/*.json
var FS embed.FS
