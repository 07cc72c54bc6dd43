package render

import (
	"bytes"
	"fmt"
	htmltemplate "html/template"
	texttemplate "text/template"
	"text/template/parse"
)

// What a template may come to in one part of one mail. A template of an owner's that loops without end stops there, in
// words; an edition is a hundredth of it.
const (
	mostBytes   = 16 << 20 // of the part
	mostSteps   = 500_000  // rounds of loops, templates called and pieces written
	mostPrinted = 1 << 20  // bytes of one value that is put together
)

// bounded is what a template writes to. Each round of a loop and each template called begins with a text (see watched):
// so what writes nothing is counted, too.
type bounded struct {
	name  string // of the template, for the error
	buf   bytes.Buffer
	steps int
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.steps++; b.steps > mostSteps {
		return 0, fmt.Errorf("%s:1: does not end: it was stopped after %d rounds of its loops", b.name, mostSteps)
	}
	if b.buf.Len()+len(p) > mostBytes {
		return 0, fmt.Errorf("%s:1: does not end: it was stopped when the part had %d MB", b.name, mostBytes>>20)
	}
	return b.buf.Write(p)
}

// watched puts an empty text at the beginning of each loop and of each template: executing one is a call of Write.
func watched(t *parse.Tree) {
	if t == nil {
		return
	}
	eachList(t.Root, func(n *parse.ListNode) {
		n.Nodes = append([]parse.Node{&parse.TextNode{NodeType: parse.NodeText, Pos: n.Pos}}, n.Nodes...)
	})
}

// eachList calls visit with a list of nodes and with those within it.
func eachList(n *parse.ListNode, visit func(*parse.ListNode)) {
	if n == nil {
		return
	}
	visit(n)
	for _, child := range n.Nodes {
		switch child := child.(type) {
		case *parse.RangeNode:
			eachList(child.List, visit)
			eachList(child.ElseList, visit)
		case *parse.IfNode:
			eachList(child.List, visit)
			eachList(child.ElseList, visit)
		case *parse.WithNode:
			eachList(child.List, visit)
			eachList(child.ElseList, visit)
		}
	}
}

// newHTML parses an HTML template whose loops are counted.
func newHTML(name, text string) (*htmltemplate.Template, error) {
	t, err := htmltemplate.New(name).Funcs(printing).Funcs(htmlFuncs).Parse(text)
	if err != nil {
		return nil, templateError(err)
	}
	for _, one := range t.Templates() {
		watched(one.Tree)
	}
	return t, nil
}

// newText is newHTML for a text template.
func newText(name, text string, funcs texttemplate.FuncMap) (*texttemplate.Template, error) {
	t, err := texttemplate.New(name).Funcs(printing).Funcs(funcs).Parse(text)
	if err != nil {
		return nil, templateError(err)
	}
	for _, one := range t.Templates() {
		watched(one.Tree)
	}
	return t, nil
}

// printing are Go's own functions that put values together, of which a loop could make one twice as long at each round.
var printing = texttemplate.FuncMap{
	"print":   func(v ...any) (string, error) { return short(fmt.Sprint(v...)) },
	"println": func(v ...any) (string, error) { return short(fmt.Sprintln(v...)) },
	"printf":  func(format string, v ...any) (string, error) { return short(fmt.Sprintf(format, v...)) },
	"js":      func(v ...any) (string, error) { return short(texttemplate.JSEscaper(v...)) },
}

func short(s string) (string, error) {
	if len(s) > mostPrinted {
		return "", fmt.Errorf("a value of more than %d MB", mostPrinted>>20)
	}
	return s, nil
}
