package render

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"digestd/internal/lazyregexp"
	"digestd/internal/spelling"
)

var (
	// executing is how Go's templates begin to say where they are, beside file and line.
	executing   = lazyregexp.New(`executing "[^"]*" at `)
	noField     = lazyregexp.New(`<(.*)>: can't evaluate field (\w+) in type (\S+)$`)
	noFunction  = lazyregexp.New(`function "(\w+)" not defined$`)
	unfinished  = lazyregexp.New(`unexpected EOF$`)
	goFunctions = []string{"and", "call", "eq", "ge", "gt", "html", "index", "js", "le", "len", "lt", "ne", "not", "or",
		"print", "printf", "println", "slice", "urlquery"}
)

// inWords says what Go's templates say about a slip in words that know no Go: what there is in its place.
func inWords(said string) string {
	said = executing.ReplaceAllString(said, "")
	if m := noField.FindStringSubmatch(said); m != nil {
		return strings.TrimSuffix(said, m[0]) + fmt.Sprintf("%s: there is no %s; %s", m[1], m[2], instead(m[2], m[3]))
	}
	if m := noFunction.FindStringSubmatch(said); m != nil {
		known := slices.Concat(goFunctions, slices.Collect(maps.Keys(htmlFuncs)), slices.Collect(maps.Keys(textFuncs)))
		slices.Sort(known)
		known = slices.Compact(known)
		return strings.TrimSuffix(said, m[0]) + fmt.Sprintf("there is no function %s%s: the functions are %s", m[1],
			spelling.Hint(m[1], known), strings.Join(known, ", "))
	}
	return unfinished.ReplaceAllString(said, "the file ends, and an {{end}} is missing that ends an {{if}}, {{range}}, {{with}} or {{define}}")
}

// instead says what stands where a template wants a field that is not there.
func instead(field, goType string) string {
	t := shownTypes()[strings.TrimLeft(goType, "*")]
	switch {
	case strings.HasPrefix(goType, "[]"):
		return "that is a list: {{range}} goes through it"
	case t == nil:
		return "that is a single value, and has nothing in it"
	}
	names := fieldsOf(t)
	if near := spelling.Nearest(field, names); near != "" {
		return fmt.Sprintf("did you mean %s? There are %s", near, strings.Join(names, ", "))
	}
	return "there are " + strings.Join(names, ", ")
}

// fieldsOf are what templates find in a value.
func fieldsOf(t reflect.Type) (names []string) {
	for _, f := range reflect.VisibleFields(t) {
		if f.IsExported() && !f.Anonymous {
			names = append(names, f.Name)
		}
	}
	for _, of := range []reflect.Type{t, reflect.PointerTo(t)} {
		for i := range of.NumMethod() {
			names = append(names, of.Method(i).Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// shownTypes are the types of what templates see, by Go's names for them.
func shownTypes() map[string]reflect.Type {
	all := map[string]reflect.Type{}
	var add func(reflect.Type)
	add = func(t reflect.Type) {
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct || all[t.String()] != nil {
			return
		}
		all[t.String()] = t
		for _, f := range reflect.VisibleFields(t) {
			if f.IsExported() {
				add(f.Type)
			}
		}
		for i := range reflect.PointerTo(t).NumMethod() {
			if m := reflect.PointerTo(t).Method(i).Type; m.NumOut() > 0 {
				add(m.Out(0))
			}
		}
	}
	add(reflect.TypeFor[View]())
	return all
}
