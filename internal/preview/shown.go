package preview

import (
	"regexp"
	"strings"

	"golang.org/x/net/html"
)

// Styles of a mail that a client may keep.
const (
	allStyles    = ""       // as it was sent
	inlineStyles = "inline" // without the style element, as Gmail shows it to accounts of others
	noStyles     = "none"   // without any
)

// asShown is a mail as one client shows it: in the dark or the light, whatever the browser is set
// to, and with the styles that the client keeps. Links open beside the page.
func asShown(body, scheme, styles string) string {
	var out strings.Builder
	inStyle := false
	z := html.NewTokenizer(strings.NewReader(body))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return out.String()
		}
		raw := string(z.Raw()) // before Token, which unescapes in place
		token := z.Token()
		switch {
		case token.Data == "style" && kind != html.TextToken:
			inStyle = kind == html.StartTagToken
			if styles == allStyles {
				out.WriteString(raw)
			}
		case inStyle:
			if styles == allStyles {
				out.WriteString(settled(raw, scheme))
			}
		case kind != html.StartTagToken && kind != html.SelfClosingTagToken:
			out.WriteString(raw)
		case token.Data == "head":
			out.WriteString(raw + `<base target="_blank">`)
		case token.Data == "meta" && strings.Contains(strings.ToLower(value(token, "name")), "color-scheme"),
			styles == noStyles && value(token, "style") != "":
			for i, a := range token.Attr {
				switch {
				case a.Key == "content" && token.Data == "meta":
					token.Attr[i].Val = scheme
				case a.Key == "style":
					token.Attr[i].Val = ""
				}
			}
			out.WriteString(token.String())
		default:
			out.WriteString(raw)
		}
	}
}

func value(token html.Token, key string) string {
	for _, a := range token.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

var prefers = regexp.MustCompile(`(?i)\(\s*prefers-color-scheme\s*:\s*(dark|light)\s*\)`)

// settled puts a condition that always or never holds in the place of the one on the colour scheme.
func settled(css, scheme string) string {
	return prefers.ReplaceAllStringFunc(css, func(condition string) string {
		if strings.EqualFold(prefers.FindStringSubmatch(condition)[1], scheme) {
			return "(min-width:0)"
		}
		return "(max-width:0)"
	})
}
