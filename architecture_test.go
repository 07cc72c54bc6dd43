package main_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// module is the name by which the packages of this program import each other.
const module = "digestd"

// topLevel is all that may stand at the root beside dot-files, tests and what .gitignore names.
var topLevel = []string{
	"main.go", "config.toml", "go.mod", "go.sum", "README.md", "CHANGELOG.md", "LICENSE",
	"digest", "mailer", "subscribers", "templates", "internal", "docs", "packaging",
}

// onlyIn says which room may import a library: tests elsewhere may not either, since a test that
// needs bbolt outside its engine reads what it should ask for.
var onlyIn = map[string]string{
	"go.etcd.io/bbolt":                       "internal/ledger/store/bolt",
	"github.com/jackc/pgx/v5":                "internal/ledger/store/postgres",
	"github.com/mmcdole/gofeed":              "digest/collect",
	"codeberg.org/readeck/go-readability/v2": "digest/collect",
	"github.com/wneessen/go-mail":            "mailer",
	"github.com/emersion/go-imap/v2":         "mailer/mailbox",
	"github.com/robfig/cron/v3":              "digest/schedule",
	"github.com/yuin/goldmark":               "digest/note",
}

// reach says which rooms of the program a room may import; a room stands for those of its sub-packages
// that are not listed themselves. Data goes one way. internal/cli wires the rooms together, and is not listed.
var reach = map[string][]string{
	"digest":              {},
	"digest/collect":      {"digest", "internal/lazyregexp"},
	"digest/curate":       {"digest", "internal/lazyregexp"},
	"digest/compose":      {"digest"},
	"digest/render":       {"digest", "internal/lazyregexp", "internal/regular", "internal/spelling", "templates"},
	"digest/schedule":     {"digest"},
	"digest/note":         {"digest"},
	"templates":           {},
	"subscribers":         {"digest", "internal/regular", "internal/spelling"},
	"mailer":              {"digest", "internal/lazyregexp", "subscribers"},
	"internal/ledger":     {"digest", "digest/curate", "internal/ledger/store", "subscribers"},
	"internal/archive":    {"digest", "digest/render", "internal/config", "internal/ledger", "templates"},
	"internal/command":    {},
	"internal/control":    {},
	"internal/demo":       {"digest", "internal/preview", "mailer"},
	"internal/setup":      {"digest/collect", "subscribers"},
	"internal/lint":       {"digest", "internal/lazyregexp"},
	"internal/regular":    {},
	"internal/vectors":    {"internal/regular"},
	"internal/lazyregexp": {},
	"internal/preview":    {"internal/lint", "mailer"},
	"internal/newsroom":   {"digest", "digest/collect", "digest/compose", "digest/curate", "digest/render", "digest/note", "digest/schedule", "internal/archive", "internal/config", "internal/ledger", "internal/lint", "internal/spelling", "internal/vectors", "mailer", "subscribers"},
	"internal/report":     {"digest", "digest/compose", "digest/curate", "digest/schedule", "internal/config", "internal/ledger", "mailer", "subscribers"},
	"internal/daemon":     {"digest", "digest/schedule", "internal/command", "internal/config", "internal/ledger", "internal/newsroom", "internal/report"},
	"internal/web":        {"digest", "digest/render", "internal/archive", "internal/config", "internal/ledger", "internal/report", "mailer", "subscribers", "templates"},
	"internal/lint/gen":   {}, // run by hand: it reads a package and writes support.json

	// the ledger knows none of its engines
	"internal/ledger/store":          {},
	"internal/ledger/store/bolt":     {"internal/ledger/store"},
	"internal/ledger/store/memory":   {"internal/ledger/store"},
	"internal/ledger/store/postgres": {"internal/ledger/store"},

	// for tests alone
	"internal/golden":        {},
	"internal/needs":         {},
	"internal/needs/browser": {"internal/needs"},
	"internal/newsroom/town": {"digest", "digest/collect", "digest/render", "internal/config", "internal/ledger", "internal/ledger/store", "internal/ledger/store/storetest", "internal/newsroom", "internal/report", "mailer", "templates"},

	"internal/ledger/store/storetest": {"internal/ledger/store", "internal/ledger/store/bolt", "internal/ledger/store/memory", "internal/ledger/store/postgres", "internal/needs"},
}

// forTests are the rooms that only tests may import.
var forTests = []string{"internal/golden", "internal/needs", "internal/needs/browser", "internal/ledger/store/storetest", "internal/newsroom/town", "mailer/smtp/smtptest"}

// pure rooms do no I/O and take the clock as a value.
var pure = []string{"digest", "digest/curate", "digest/compose", "digest/render", "digest/schedule", "digest/note", "internal/lint"}

// opensTemplates is the one file of a pure room that touches the file system: it turns the owner's
// template directory into the fs.FS that the rest of render reads.
const opensTemplates = "digest/render/load.go"

// effects are the parts of the standard library that a pure room has no use for. io/fs is not among
// them: render reads its templates through it.
var effects = []string{"os", "net", "net/http", "net/smtp", "net/textproto", "syscall", "log", "log/slog", "math/rand", "math/rand/v2", "crypto/rand"}

// source is one Go file of the program.
type source struct {
	name string // path from the root, with slashes
	room string // its directory
	file *ast.File
	test bool
}

func (s source) imports() []string {
	var paths []string
	for _, spec := range s.file.Imports {
		p, _ := strconv.Unquote(spec.Path.Value)
		paths = append(paths, p)
	}
	return paths
}

// within reports whether a directory or import path is root or lies below it.
func within(p, root string) bool { return p == root || strings.HasPrefix(p, root+"/") }

// sources parses every Go file of the program, whatever its build constraints.
func sources(t *testing.T) (*token.FileSet, []source) {
	t.Helper()
	fset := token.NewFileSet()
	var all []source
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		hidden := name != "." && strings.HasPrefix(entry.Name(), ".")
		if entry.IsDir() && (hidden || entry.Name() == "testdata") {
			return filepath.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		file, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		all = append(all, source{name: name, room: path.Dir(name), file: file, test: strings.HasSuffix(name, "_test.go")})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 2 {
		t.Fatal("no Go files found: is this the root of the program?")
	}
	return fset, all
}

func TestLibrariesStayInTheirRooms(t *testing.T) {
	_, all := sources(t)
	for _, s := range all {
		for _, imported := range s.imports() {
			for library, room := range onlyIn {
				if within(imported, library) && !within(s.room, room) {
					t.Errorf("%s imports %s: only %s may", s.name, imported, room)
				}
			}
		}
	}
}

func TestDependenciesPointOneWay(t *testing.T) {
	_, all := sources(t)
	for _, s := range all {
		if s.test {
			continue
		}
		for _, imported := range s.imports() {
			target, ours := strings.CutPrefix(imported, module+"/")
			if !ours {
				continue
			}
			room := roomOf(s.room)
			allowed, limited := reach[room]
			if limited && roomOf(target) != room && !slices.Contains(allowed, roomOf(target)) {
				t.Errorf("%s imports %s: %s may import only %q", s.name, imported, room, allowed)
			}
			switch {
			case within(target, "internal/cli") && s.room != "." && !within(s.room, "internal/cli"):
				t.Errorf("%s imports %s: only main.go may", s.name, imported)
			case within(target, "internal/daemon") && !within(s.room, "internal/daemon") && !within(s.room, "internal/cli"):
				t.Errorf("%s imports %s: only internal/cli knows the daemon", s.name, imported)
			case slices.Contains(forTests, target) && !slices.Contains(forTests, s.room):
				t.Errorf("%s imports %s: only tests may", s.name, imported)
			}
		}
	}
}

// roomOf is the longest name of reach that dir stands in, or dir itself. digest does not stand for
// the rooms below it.
func roomOf(dir string) string {
	for room := dir; room != "."; room = path.Dir(room) {
		if _, ok := reach[room]; ok && (room != "digest" || dir == "digest") {
			return room
		}
	}
	return dir
}

func TestDigestKnowsNobody(t *testing.T) {
	_, all := sources(t)
	for _, s := range all {
		if s.room != "digest" || s.test {
			continue
		}
		for _, imported := range s.imports() {
			if first, _, _ := strings.Cut(imported, "/"); strings.Contains(first, ".") || first == module {
				t.Errorf("%s imports %s: digest imports the standard library alone", s.name, imported)
			}
		}
	}
}

func TestPureRoomsDoNoInputAndOutput(t *testing.T) {
	fset, all := sources(t)
	for _, s := range all {
		if s.test || !slices.Contains(pure, roomOf(s.room)) {
			continue
		}
		for _, imported := range s.imports() {
			if imported == "os" && s.name == opensTemplates {
				continue
			}
			if slices.Contains(effects, imported) || within(imported, "os") {
				t.Errorf("%s imports %s: %s does no I/O", s.name, imported, s.room)
			}
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				x, named := sel.X.(*ast.Ident)
				if named && x.Name == "time" && slices.Contains([]string{"Now", "Since", "Until", "Sleep", "After", "Tick"}, sel.Sel.Name) {
					t.Errorf("%s: time.%s: %s takes the clock as a value", fset.Position(sel.Pos()), sel.Sel.Name, s.room)
				}
			}
			return true
		})
	}
}

func TestPackagesAreNamedForWhatTheyAre(t *testing.T) {
	_, all := sources(t)
	documented := make(map[string]bool)
	for _, s := range all {
		name := s.file.Name.Name
		if slices.Contains([]string{"util", "utils", "common", "helper", "helpers", "model", "models", "misc", "shared", "base"}, name) {
			t.Errorf("%s: package %s says nothing of what it is for", s.name, name)
		}
		if s.test {
			continue
		}
		documented[s.room] = documented[s.room] || s.file.Doc.Text() != ""
	}
	for room, ok := range documented {
		if !ok {
			t.Errorf("package %s/%s has no package comment: what is it for, what must it not know?", module, room)
		}
	}
}

func TestTopLevelHoldsOnlyWhatIsExpected(t *testing.T) {
	ignored, err := os.ReadFile(".gitignore")
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		name := entry.Name()
		if strings.HasPrefix(name, ".") || strings.HasSuffix(name, "_test.go") || slices.Contains(topLevel, name) {
			continue
		}
		if !slices.ContainsFunc(strings.Fields(string(ignored)), func(pattern string) bool {
			match, err := path.Match(strings.Trim(pattern, "/"), name)
			return err == nil && match
		}) {
			t.Errorf("%s stands at the top level: it belongs into a room, or .gitignore", name)
		}
	}
}

// TestNoPackageKeepsState type-checks each package by itself, with its imports left empty, which is
// enough to know a package-level variable wherever it is used.
func TestNoPackageKeepsState(t *testing.T) {
	fset, all := sources(t)
	rooms := make(map[string][]*ast.File)
	for _, s := range all {
		if !s.test {
			rooms[s.room] = append(rooms[s.room], s.file)
		}
	}
	for _, files := range rooms {
		info := &types.Info{Defs: make(map[*ast.Ident]types.Object), Uses: make(map[*ast.Ident]types.Object)}
		config := types.Config{Importer: noImports{}, Error: func(error) {}}
		pkg, _ := config.Check("checked", fset, files, info) // its errors are those of the empty imports

		global := func(x ast.Expr) *types.Var {
			for {
				switch e := x.(type) {
				case *ast.ParenExpr:
					x = e.X
				case *ast.SelectorExpr:
					x = e.X
				case *ast.IndexExpr:
					x = e.X
				case *ast.StarExpr:
					x = e.X
				case *ast.Ident:
					v, ok := info.Uses[e].(*types.Var)
					if ok && v.Parent() == pkg.Scope() {
						return v
					}
					return nil
				default:
					return nil
				}
			}
		}
		written := func(at ast.Node, x ast.Expr) {
			if v := global(x); v != nil {
				t.Errorf("%s: %s is package-level state: make it a field", fset.Position(at.Pos()), v.Name())
			}
		}
		for _, file := range files {
			for _, decl := range file.Decls {
				switch d := decl.(type) {
				case *ast.GenDecl:
					checkVariables(t, fset, d)
				case *ast.FuncDecl:
					if d.Name.Name == "init" && d.Recv == nil {
						t.Errorf("%s: init: nothing happens before main", fset.Position(d.Pos()))
					}
				}
			}
			ast.Inspect(file, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.AssignStmt:
					for _, x := range n.Lhs {
						written(n, x)
					}
				case *ast.IncDecStmt:
					written(n, n.X)
				case *ast.UnaryExpr:
					if n.Op == token.AND {
						written(n, n.X)
					}
				case *ast.CallExpr:
					if f, ok := n.Fun.(*ast.Ident); ok && (f.Name == "delete" || f.Name == "clear") && len(n.Args) > 0 {
						written(n, n.Args[0])
					}
				}
				return true
			})
		}
	}
}

// checkVariables refuses package-level variables that can only be meant to change: those without a
// value (but for embedded files), and those made empty.
func checkVariables(t *testing.T, fset *token.FileSet, decl *ast.GenDecl) {
	t.Helper()
	if decl.Tok != token.VAR {
		return
	}
	for _, spec := range decl.Specs {
		spec := spec.(*ast.ValueSpec)
		embedded := strings.Contains(comments(decl.Doc)+comments(spec.Doc), "//go:embed")
		if len(spec.Values) == 0 && !embedded {
			t.Errorf("%s: %s starts empty, so it is package-level state: make it a field", fset.Position(spec.Pos()), spec.Names[0])
		}
		for _, value := range spec.Values {
			call, ok := value.(*ast.CallExpr)
			if !ok {
				continue
			}
			if f, ok := call.Fun.(*ast.Ident); ok && (f.Name == "make" || f.Name == "new") {
				t.Errorf("%s: %s starts empty, so it is package-level state: make it a field", fset.Position(spec.Pos()), spec.Names[0])
			}
		}
	}
}

// comments is the raw text of a comment group; its Text method leaves directives out.
func comments(group *ast.CommentGroup) string {
	if group == nil {
		return ""
	}
	var b strings.Builder
	for _, c := range group.List {
		b.WriteString(c.Text)
	}
	return b.String()
}

// noImports answers every import with an empty package.
type noImports struct{}

func (noImports) Import(p string) (*types.Package, error) {
	pkg := types.NewPackage(p, path.Base(p))
	pkg.MarkComplete()
	return pkg, nil
}

// The files that the map and the paths of changes name are there.
func TestDocumentsNameWhatIsThere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)
	quoted := regexp.MustCompile("`((?:digest|mailer|subscribers|templates|internal|packaging|docs)/[A-Za-z0-9_./-]+)`")
	for _, name := range []string{"README.md", "docs/CONTRIBUTING.md", "docs/architecture.md"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var paths []string
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			paths = append(paths, path.Join(path.Dir(name), m[1]))
		}
		for _, m := range quoted.FindAllStringSubmatch(string(text), -1) {
			paths = append(paths, m[1])
		}
		if len(paths) < 5 {
			t.Errorf("%s names %d files", name, len(paths))
		}
		for _, p := range paths {
			if strings.Contains(p, "NAME") { // of a file that is to be made
				continue
			}
			if _, err := os.Stat(p); err != nil {
				t.Errorf("%s: there is no %s", name, p)
			}
		}
	}
}

// mostMethods and mostLines are how big a type and a function may be, so that somebody can hold one in mind.
const mostMethods, mostLines = 30, 70

// big are the types and functions that may be bigger, and why.
var big = map[string]string{
	"internal/config.reader": "a method for each table of the file, which share where they stand in it",
}

func TestTypesAndFunctionsAreSmall(t *testing.T) {
	fset, all := sources(t)
	methods := map[string]int{}
	for _, s := range all {
		for _, decl := range s.file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || s.test {
				continue
			}
			name := s.room + "."
			if f.Recv != nil {
				receiver := receiverOf(f)
				methods[name+receiver]++
				name += receiver + "."
			}
			lines := fset.Position(f.End()).Line - fset.Position(f.Pos()).Line + 1
			if name += f.Name.Name; lines > mostLines && big[name] == "" {
				t.Errorf("%s: %s has %d lines: split it, %d are the most", fset.Position(f.Pos()), name, lines, mostLines)
			}
		}
	}
	for name, n := range methods {
		if n > mostMethods && big[name] == "" {
			t.Errorf("%s has %d methods: give some to a type of their own, %d are the most", name, n, mostMethods)
		}
	}
}

// receiverOf is the name of the type that a method belongs to.
func receiverOf(method *ast.FuncDecl) string {
	name := ""
	ast.Inspect(method.Recv.List[0].Type, func(n ast.Node) bool {
		if ident, ok := n.(*ast.Ident); ok && name == "" {
			name = ident.Name
		}
		return true
	})
	return name
}
