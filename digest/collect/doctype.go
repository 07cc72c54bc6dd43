package collect

import (
	"errors"
	"fmt"
	"strings"

	"digestd/digest/collect/loosexml"
	"digestd/internal/lazyregexp"
)

// What a feed can be refused for, beside the errors of HTTP. Each comes wrapped in words.
var (
	ErrNotFeed   = errors.New("not a feed")
	ErrTooBig    = errors.New("too big")
	ErrUnsafe    = errors.New("not safe to read")
	ErrGone      = errors.New("gone for good")
	ErrForbidden = errors.New("address refused")
)

var (
	entityDeclaration = lazyregexp.New(`(?i)<!ENTITY\s+(%\s*)?[^\s"'>]+\s+(?:"([^"]*)"|'([^']*)'|SYSTEM|PUBLIC)`)
	entityReference   = lazyregexp.New(`[&%]([A-Za-z_][\w.-]*);`)
)

// doctype looks at a document type declaration. Nothing that it declares is ever resolved: no file
// and no address is opened, and entities of its own are left out of the text. One that builds
// entities out of entities can only be meant as a bomb, and its feed is refused.
func (t *tidier) doctype(declaration string) error {
	declared := entityDeclaration.FindAllStringSubmatch(declaration, -1)
	for _, d := range declared {
		for _, ref := range entityReference.FindAllStringSubmatch(d[2]+d[3], -1) {
			if !loosexml.Knows(ref[1]) {
				return fmt.Errorf("%w: its document type builds entities out of entities, which can grow without end",
					ErrUnsafe)
			}
		}
	}
	if len(declared) > 0 || strings.Contains(declaration, "%") {
		t.scan.ForgetEntities()
		t.repaired("the entities of its document type were left out")
	}
	return nil
}

func isHTMLDoctype(declaration string) bool {
	fields := strings.Fields(strings.ToLower(strings.TrimSuffix(declaration, ">")))
	return len(fields) > 1 && fields[0] == "<!doctype" && fields[1] == "html"
}
