package collect

import (
	"fmt"
	"slices"
	"strings"

	"digestd/digest"
	"digestd/internal/lazyregexp"
)

// What programs put where an entry has no guid or no link.
var placeholders = map[string]bool{
	"n/a": true, "na": true, "null": true, "(null)": true, "none": true, "nil": true, "undefined": true, "nan": true, "unknown": true,
	"tbd": true, "guid": true, "link": true, "url": true, "id": true, "empty": true, "no link": true,
	"0": true, "-1": true, "about:blank": true, "http://": true, "https://": true,
}

// isPlaceholder reports whether a guid or a link only stands for a missing one.
func isPlaceholder(value string) bool {
	value = strings.ToLower(strings.TrimSpace(value))
	return placeholders[value] || strings.Trim(value, "-–—_.?#*/ ") == ""
}

// errorTitle matches the entry that a bridge puts into a feed when it can't get at the news: RSS-Bridge's "Bridge
// returned error 403! (20420)", a Nitter instance's answer to a program that it does not know.
var errorTitle = lazyregexp.New(`(?i)(?:\bbridge returned error -?\d+|^rss reader not yet whitelisted|^rss-?(?:bridge|hub) (?:error|exception)\b)`)

// errorAlone matches what may be a headline too, and is an error where a feed has nothing else.
var errorAlone = lazyregexp.New(`(?i)^(?:` +
	`(?:http )?(?:status |error )*[45]\d\d(?:\s*[-:!]?\s*(?:bad request|unauthorized|forbidden|not found|gone|too many requests|` +
	`internal server error|bad gateway|service (?:temporarily )?unavailable|gateway time-?out))?|` +
	`(?:http )?error(?: -?\d+)?|access denied|forbidden|too many requests|rate limit(?:ed| exceeded| reached)|` +
	`(?:an )?(?:internal |unknown |unexpected )?(?:server )?error (?:has )?occurr?ed|` +
	`(?:this |the )?(?:rss )?feed (?:is |was |has been |could not be |can ?not be )?(?:not found|not available|unavailable|no longer available|` +
	`removed|disabled|suspended|expired|loaded|fetched|generated|error)|` +
	`(?:failed|unable) to (?:fetch|load|generate|retrieve|parse)(?: the)? (?:rss |feed|page|content|data)[\w ]*|` +
	`\w*(?:error|exception)\s*[-:]\s*.*\b(?:[45]\d\d|timed? ?out|could not|cannot|failed|exceeded)\b.*|request failed with status code \d+|` +
	`just a moment|attention required! \| cloudflare` +
	`)[\s.!…]*(?:\(\d+\))?$`)

// withoutErrors drops the entries by which a server or a bridge says that it has no news. What is left is news;
// where nothing is, the feed has failed, in those words.
func (ch *channel) withoutErrors() error {
	isError := func(it digest.Item) bool { return errorTitle.MatchString(it.Title) }
	if !slices.ContainsFunc(ch.items,
		func(it digest.Item) bool { return !isError(it) && !errorAlone.MatchString(it.Title) }) {
		isError = func(digest.Item) bool { return true }
	}
	said, kept := "", 0
	for i, it := range ch.items {
		if isError(it) {
			said = it.Title
			continue
		}
		ch.items[kept] = it
		if len(ch.skipped) > 0 {
			ch.skipped[kept] = ch.skipped[i]
		}
		kept++
	}
	if said == "" {
		return nil
	}
	ch.items, ch.skipped = ch.items[:kept], ch.skipped[:min(kept, len(ch.skipped))]
	if kept == 0 {
		return fmt.Errorf("its server gives an error in place of news: %q", said)
	}
	ch.repairs = append(ch.repairs, fmt.Sprintf("an entry that is an error of its server was left out: %q", said))
	return nil
}
