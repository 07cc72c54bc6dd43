package collect

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"strconv"
	"strings"

	"digestd/digest/collect/loosexml"
)

// maxJSONMember bounds a member of a JSON feed, or of one of its items, that is no text, in bytes.
const maxJSONMember = 2 << 20

// parseJSON reads a JSON Feed (jsonfeed.org, 1.0 and 1.1), in which any member may be of any type: what
// can be read as the type that it should have is, the rest is left out. A feed cut in the middle yields the items that
// are whole, and only a page of them is taken apart at a time.
func parseJSON(ctx context.Context, text []byte, fetched *url.URL, whole bool) (*channel, error) {
	text, slips := mendJSON(text)
	doc := &jsonDocument{members: make(map[string]any), slips: slips}
	if err := doc.walk(ctx, text); err != nil {
		return nil, err
	}
	head, err := gofeedParse(doc.page(nil))
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrNotFeed, err)
	}
	ch := &channel{
		title:    plainTitle(loosexml.Escape(stringOf(doc.members["title"]))),
		format:   strings.TrimSpace("json " + doc.version()),
		language: languageTag(head.Language),
		cut:      doc.cut,
	}
	base := fetched
	ch.link = siteLink(head, base)
	if site := resolve(nil, ch.link); site != nil {
		base = site
	}
	conv := converter{base: base, title: ch.title, language: ch.language, text: loosexml.Once, whole: whole}
	if len(head.Authors) > 0 {
		conv.author = personName(head.Authors[0].Name)
	}
	for rest := doc.items; len(rest) > 0; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var items []map[string]any
		for held := 0; len(rest) > 0 && len(items) < pageEntries && held < pageBytes; rest = rest[1:] {
			items = append(items, doc.item(rest[0]))
			held += len(rest[0])
		}
		page, err := gofeedParse(doc.page(items))
		if err != nil || len(page.Items) != len(items) {
			return nil, fmt.Errorf("%w: its items can't be read: %v", ErrNotFeed, err)
		}
		for i, it := range page.Items {
			ch.add(conv.item(it, originOf(page, i), entry{lang: stringOf(items[i]["language"])}), whole)
		}
	}
	ch.repairs = doc.repairs()
	return ch, nil
}

// stringOf is v if it is a string.
func stringOf(v any) string {
	s, _ := v.(string)
	return s
}

// jsonDocument is what is known of a JSON Feed after a walk over it.
type jsonDocument struct {
	members  map[string]any // of the feed itself, of the types that they should have
	items    [][]byte       // as they stand in the document
	mended   int            // values of a wrong type
	overlong int            // texts that were cut
	slips    int            // of its JSON that were mended before it was read
	cut      bool           // it ended early
	broken   error          // where its JSON went wrong
}

// page is the feed with some of its items, as gofeed reads it.
func (doc *jsonDocument) page(items []map[string]any) []byte {
	members := maps.Clone(doc.members)
	members["items"] = items
	b, err := json.Marshal(members)
	if err != nil {
		panic(err) // maps of strings always marshal
	}
	return b
}

func (doc *jsonDocument) version() string {
	address := stringOf(doc.members["version"])
	if !strings.Contains(address, "jsonfeed.org") {
		return ""
	}
	if version := address[strings.LastIndexByte(address, '/')+1:]; version != "1" {
		return version
	}
	return "1.0"
}

func (doc *jsonDocument) repairs() []string {
	var repairs []string
	switch {
	case doc.cut:
		repairs = append(repairs, fmt.Sprintf("the feed ends in the middle of entry %d, which was left out",
			len(doc.items)+1))
	case doc.broken != nil:
		repairs = append(repairs, fmt.Sprintf("its JSON is broken after entry %d (%v): what follows was left out",
			len(doc.items), doc.broken))
	}
	if doc.slips > 0 {
		repairs = append(repairs, fmt.Sprintf("%d slips in its JSON: commas too many, or line breaks in texts",
			doc.slips))
	}
	if doc.overlong > 0 {
		repairs = append(repairs, fmt.Sprintf("%d texts were cut at %d KB", doc.overlong, maxValue>>10))
	}
	if doc.mended > 0 {
		repairs = append(repairs, fmt.Sprintf("%d values of a wrong type", doc.mended))
	}
	return repairs
}

// walk goes over the document: it reads the feed's own members, which may stand after the items, and finds these.
func (doc *jsonDocument) walk(ctx context.Context, text []byte) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	if tok, err := dec.Token(); err != nil || tok != json.Delim('{') {
		return fmt.Errorf("%w: it is JSON, but no JSON Feed", ErrNotFeed)
	}
	sawItems := false
	var err error
	for err == nil && dec.More() {
		var key json.Token
		if key, err = dec.Token(); err != nil {
			break
		}
		if key == "items" {
			sawItems = true
			if bytes.HasPrefix(bytes.TrimLeft(text[dec.InputOffset():], ": \t\r\n"), []byte("[")) {
				err = doc.walkItems(ctx, dec, text)
				continue
			}
			doc.mended++
		}
		var raw json.RawMessage
		if err = dec.Decode(&raw); err == nil && len(raw) <= maxJSONMember {
			doc.member(stringOf(any(key)), raw)
		}
	}
	switch {
	case err == nil:
	case ctx.Err() != nil, errors.Is(err, ErrTooBig):
		return err
	case len(doc.items) == 0:
		return fmt.Errorf("%w: its JSON is broken: %v", ErrNotFeed, err)
	default:
		doc.broken = err
		doc.cut = errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
			strings.Contains(err.Error(), "unexpected end")
	}
	if !sawItems && doc.version() == "" {
		return fmt.Errorf("%w: it is JSON, but no JSON Feed", ErrNotFeed)
	}
	return nil
}

// walkItems goes over the array of items. What is no object is no item, but is counted as an entry with
// nothing to show.
func (doc *jsonDocument) walkItems(ctx context.Context, dec *json.Decoder, text []byte) error {
	if _, err := dec.Token(); err != nil {
		return err
	}
	var raw json.RawMessage
	for dec.More() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := dec.Decode(&raw); err != nil {
			return err
		}
		end := int(dec.InputOffset())
		if doc.items = append(doc.items, text[end-len(raw):end]); len(doc.items) > maxEntries {
			return fmt.Errorf("%w: it has more than %d entries", ErrTooBig, maxEntries)
		}
	}
	_, err := dec.Token()
	return err
}

// item reads an item. Titles and summaries are plain text in JSON feeds, so they become HTML, as which
// the rest of the package reads them.
func (doc *jsonDocument) item(raw []byte) map[string]any {
	item := make(map[string]any)
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil || members == nil {
		doc.mended++
	}
	for key, value := range members {
		if len(value) > maxJSONMember && value[0] != '"' {
			doc.mended++
			continue
		}
		doc.itemMember(item, key, value)
	}
	if text, ok := item["content_text"].(string); ok { // gofeed tells the two apart no more
		if _, both := item["content_html"]; !both {
			item["content_html"] = strings.ReplaceAll(loosexml.Escape(text), "\n", "<br>")
		}
		delete(item, "content_text")
	}
	return item
}

// member keeps a member of the feed itself.
func (doc *jsonDocument) member(key string, raw json.RawMessage) {
	switch key {
	case "version", "title", "home_page_url", "feed_url", "description", "language":
		doc.keepText(doc.members, key, raw)
	case "author":
		if a := person(raw); a != nil {
			doc.members[key] = a
		}
	case "authors":
		doc.members[key] = doc.people(raw)
	}
}

// itemMember keeps a member of an item.
func (doc *jsonDocument) itemMember(item map[string]any, key string, raw json.RawMessage) {
	switch key {
	case "id", "url", "external_url", "image", "banner_image", "date_published", "date_modified", "language",
		"content_html", "content_text":
		doc.keepText(item, key, raw)
	case "title", "summary":
		doc.keepText(item, key, raw)
		if s, ok := item[key].(string); ok {
			item[key] = loosexml.Escape(s)
		}
	case "author":
		if a := person(raw); a != nil {
			item[key] = a
		} else {
			doc.mended++
		}
	case "authors":
		if list := doc.people(raw); len(list) > 0 {
			item[key] = list
		}
	case "tags":
		var tags []json.RawMessage
		if json.Unmarshal(raw, &tags) != nil {
			tags = []json.RawMessage{raw}
			doc.mended++
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
			doc.mended++
			return
		}
		var kept []map[string]any
		for _, a := range list {
			attachment := make(map[string]any)
			doc.keepText(attachment, "url", a["url"])
			doc.keepText(attachment, "mime_type", a["mime_type"])
			kept = append(kept, attachment)
		}
		item[key] = kept
	}
}

// keepText keeps a member that should be a string; numbers and truth values become one.
func (doc *jsonDocument) keepText(into map[string]any, key string, raw json.RawMessage) {
	s, ok := scalar(raw)
	if !ok {
		doc.mended++
		return
	}
	if len(raw) > 0 && raw[0] != '"' && s != "" {
		doc.mended++
	}
	if s = slimmer(s, maxValue); len(s) > maxValue {
		s = s[:cutAt(s, maxValue)]
		doc.overlong++
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

func (doc *jsonDocument) people(raw json.RawMessage) []map[string]any {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		doc.mended++
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
