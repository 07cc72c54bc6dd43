package collect

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"

	"digestd/digest/collect/loosexml"
)

// maxJSONItem bounds one item of a JSON feed, in bytes.
const maxJSONItem = 2 << 20

// parseJSON reads a JSON Feed (jsonfeed.org, 1.0 and 1.1), in which any member may be of any type: what
// can be read as the type that it should have is, the rest is left out. Items are decoded one by one,
// so that a feed cut in the middle yields those that are whole.
func parseJSON(ctx context.Context, text []byte, fetched *url.URL, whole bool) (*channel, error) {
	doc, err := decodeJSONFeed(ctx, text)
	if err != nil {
		return nil, err
	}
	page := func(items []map[string]any) []byte {
		doc.head["items"] = items
		b, err := json.Marshal(doc.head)
		if err != nil {
			panic(err) // maps of strings always marshal
		}
		return b
	}
	head, err := gofeedParse(page(nil))
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrNotFeed, err)
	}
	ch := &channel{
		title:    oneLine(stringOf(doc.head["title"]), maxTitle),
		format:   strings.TrimSpace("json " + doc.version),
		language: languageTag(head.Language),
		repairs:  doc.repairs,
		cut:      doc.cut,
	}
	base := fetched
	ch.link = siteLink(head, base)
	if site := resolve(nil, ch.link); site != nil {
		base = site
	}
	conv := converter{base: base, language: ch.language, whole: whole}
	if len(head.Authors) > 0 {
		conv.author = personName(head.Authors[0].Name)
	}
	for from := 0; from < len(doc.items); from += pageEntries {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		items := doc.items[from:min(len(doc.items), from+pageEntries)]
		parsed, err := gofeedParse(page(items))
		if err != nil || len(parsed.Items) != len(items) {
			return nil, fmt.Errorf("%w: %v", ErrNotFeed, err)
		}
		for i, it := range parsed.Items {
			ch.add(conv.item(it, originOf(parsed, i), entry{lang: stringOf(items[i]["language"])}), whole)
		}
	}
	return ch, nil
}

// stringOf is v if it is a string.
func stringOf(v any) string {
	s, _ := v.(string)
	return s
}

// jsonDocument is a JSON Feed whose members have the types that they should.
type jsonDocument struct {
	version string
	head    map[string]any
	items   []map[string]any
	repairs []string
	cut     bool // it ended early
}

func decodeJSONFeed(ctx context.Context, text []byte) (*jsonDocument, error) {
	doc := &jsonDocument{head: make(map[string]any)}
	dec := json.NewDecoder(bytes.NewReader(text))
	if tok, err := dec.Token(); err != nil || tok != json.Delim('{') {
		return nil, fmt.Errorf("%w: it is JSON, but no JSON Feed", ErrNotFeed)
	}
	var sawItems bool
	var mended int
	err := func() error {
		for dec.More() {
			key, err := dec.Token()
			if err != nil {
				return err
			}
			if key == "items" {
				sawItems = true
				if err := doc.decodeItems(ctx, dec, &mended); err != nil {
					return err
				}
				continue
			}
			var raw json.RawMessage
			if err := dec.Decode(&raw); err != nil {
				return err
			}
			if len(raw) <= maxJSONItem {
				doc.member(stringOf(any(key)), raw, &mended)
			}
		}
		return nil
	}()
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, ErrTooBig), ctx.Err() != nil:
		return nil, err
	case err != nil && (len(doc.items) == 0 || !sawItems):
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, fmt.Errorf("%w: its JSON ends in the middle", ErrNotFeed)
		}
		return nil, fmt.Errorf("%w: its JSON is broken: %v", ErrNotFeed, err)
	case errors.As(err, &syntax) && !strings.Contains(syntax.Error(), "unexpected end"):
		doc.repairs = append(doc.repairs, fmt.Sprintf("its JSON is broken after item %d: what follows was left out", len(doc.items)))
	case err != nil:
		doc.cut = true
		doc.repairs = append(doc.repairs, fmt.Sprintf("the feed ends in the middle of item %d, which was left out", len(doc.items)+1))
	}
	address := stringOf(doc.head["version"])
	if !sawItems && !strings.Contains(address, "jsonfeed.org") {
		return nil, fmt.Errorf("%w: it is JSON, but no JSON Feed", ErrNotFeed)
	}
	if i := strings.LastIndexByte(address, '/'); i >= 0 && strings.Contains(address, "jsonfeed.org") {
		doc.version = address[i+1:]
		if doc.version == "1" {
			doc.version = "1.0"
		}
	}
	if mended > 0 {
		doc.repairs = append(doc.repairs, fmt.Sprintf("%d values of a wrong type", mended))
	}
	return doc, nil
}

// decodeItems reads the array of items. What is no object is no item, but is counted as an entry with
// nothing to show.
func (doc *jsonDocument) decodeItems(ctx context.Context, dec *json.Decoder, mended *int) error {
	tok, err := dec.Token()
	if err != nil {
		return err
	}
	if tok != json.Delim('[') {
		*mended++
		if delim, ok := tok.(json.Delim); ok && delim == '{' { // items as an object: skip it
			for depth := 1; depth > 0; {
				tok, err := dec.Token()
				if err != nil {
					return err
				}
				switch tok {
				case json.Delim('{'), json.Delim('['):
					depth++
				case json.Delim('}'), json.Delim(']'):
					depth--
				}
			}
		}
		return nil
	}
	for dec.More() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if len(doc.items) >= maxEntries {
			return fmt.Errorf("%w: it has more than %d entries", ErrTooBig, maxEntries)
		}
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return err
		}
		item := make(map[string]any)
		var members map[string]json.RawMessage
		if len(raw) > maxJSONItem || json.Unmarshal(raw, &members) != nil || members == nil {
			*mended++
		}
		for key, value := range members {
			itemMember(item, key, value, mended)
		}
		if html, ok := item["content_text"].(string); ok { // gofeed tells the two apart no more
			if _, both := item["content_html"]; !both {
				item["content_html"] = strings.ReplaceAll(loosexml.Escape(html), "\n", "<br>")
			}
			delete(item, "content_text")
		}
		doc.items = append(doc.items, item)
	}
	_, err = dec.Token()
	return err
}

// member keeps a member of the feed itself.
func (doc *jsonDocument) member(key string, raw json.RawMessage, mended *int) {
	switch key {
	case "version", "title", "home_page_url", "feed_url", "description", "language":
		keepText(doc.head, key, raw, mended)
	case "author":
		if a := person(raw); a != nil {
			doc.head[key] = a
		}
	case "authors":
		doc.head[key] = people(raw, mended)
	}
}

// itemMember keeps a member of an item. Titles and summaries are plain text in JSON feeds, so they
// become HTML, as which the rest of the package reads them.
func itemMember(item map[string]any, key string, raw json.RawMessage, mended *int) {
	switch key {
	case "id", "url", "external_url", "image", "banner_image", "date_published", "date_modified", "language",
		"content_html", "content_text":
		keepText(item, key, raw, mended)
	case "title", "summary":
		keepText(item, key, raw, mended)
		if s, ok := item[key].(string); ok {
			item[key] = loosexml.Escape(s)
		}
	case "author":
		if a := person(raw); a != nil {
			item[key] = a
		} else {
			*mended++
		}
	case "authors":
		if list := people(raw, mended); len(list) > 0 {
			item[key] = list
		}
	case "tags":
		var tags []json.RawMessage
		if json.Unmarshal(raw, &tags) != nil {
			tags = []json.RawMessage{raw}
			*mended++
		}
		var words []string
		for _, tag := range tags {
			if s, ok := scalar(tag); ok && s != "" {
				words = append(words, loosexml.Escape(s))
			}
		}
		item[key] = words
	case "attachments":
		var list []map[string]json.RawMessage
		if json.Unmarshal(raw, &list) != nil {
			*mended++
			return
		}
		var kept []map[string]any
		for _, a := range list {
			attachment := make(map[string]any)
			keepText(attachment, "url", a["url"], mended)
			keepText(attachment, "mime_type", a["mime_type"], mended)
			kept = append(kept, attachment)
		}
		item[key] = kept
	}
}

// keepText keeps a member that should be a string; numbers and truth values become one.
func keepText(into map[string]any, key string, raw json.RawMessage, mended *int) {
	s, ok := scalar(raw)
	if !ok {
		*mended++
		return
	}
	if len(raw) > 0 && raw[0] != '"' && s != "" {
		*mended++
	}
	if s != "" {
		into[key] = s
	}
}

// scalar is the text of a string, number or truth value; null is empty.
func scalar(raw json.RawMessage) (string, bool) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
		return "", true
	}
	var v any
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if dec.Decode(&v) != nil {
		return "", false
	}
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}

// person reads an author: an object with a name, or just the name.
func person(raw json.RawMessage) map[string]any {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) == nil {
		raw = members["name"]
	}
	if name, ok := scalar(raw); ok && name != "" {
		return map[string]any{"name": name}
	}
	return nil
}

func people(raw json.RawMessage, mended *int) []map[string]any {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		*mended++
		list = []json.RawMessage{raw}
	}
	var out []map[string]any
	for _, one := range list {
		if p := person(one); p != nil {
			out = append(out, p)
		}
	}
	return out
}
