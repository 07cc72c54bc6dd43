// Package templates carries the built-in templates and language catalogues inside the binary. It
// holds files and no code; digest/render knows what is in them.
package templates

import "embed"

// FS has the templates at its root ("digest.html.tmpl", and "web-*.html.tmpl" with "web.css" of the readers'
// pages) and the catalogues in "lang" ("lang/en.json").
//
//go:embed *.tmpl web.css lang/*.json
var FS embed.FS
