//go:build ignore

// Mutants seeds small mistakes into digest/curate, one at a time, and tells which of them its tests let live.
//
//	go run docs/benchmarks/mutants.go -seed 1 -n 20
//
// The kinds take turns: a weight or threshold that is a fifth off, a veto or condition that is left out, one that is
// turned round, a word that is missing from a list, the opposite answer. The files themselves are left alone.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

const room = "digest/curate"

// site is a place where a mistake can be made: what stands there, and what would.
type site struct {
	file       string
	from, to   int
	line       int
	was, would string
}

func main() {
	log.SetFlags(0)
	seed, n := flag.Uint64("seed", 1, "seed"), flag.Int("n", 20, "how many")
	flag.Parse()
	kinds := sites()
	r := rand.New(rand.NewPCG(*seed, 0))
	lived := 0
	for i := range *n {
		kind := kinds[i%len(kinds)]
		s := kind[r.IntN(len(kind))]
		dies := try(s)
		if !dies {
			lived++
		}
		was, would := apart(s.was, s.would)
		fate := map[bool]string{true: "dies", false: "LIVES"}[dies]
		fmt.Printf("%-6s %s:%d: %.70q becomes %.70q\n", fate, s.file, s.line, was, would)
	}
	fmt.Printf("seed %d: %d of %d die\n", *seed, *n-lived, *n)
}

// apart is what differs of two texts, from a few characters before.
func apart(a, b string) (string, string) {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	n = max(0, n-20)
	return a[n:], b[n:]
}

// sites are all places, by kind.
func sites() [][]site {
	files, err := filepath.Glob(room + "/*.go")
	if err != nil {
		log.Fatal(err)
	}
	kinds := make([][]site, 5)
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			log.Fatal(err)
		}
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, path, raw, 0)
		if err != nil {
			log.Fatal(err)
		}
		add := func(kind int, n ast.Node, would string) {
			from, to := set.Position(n.Pos()).Offset, set.Position(n.End()).Offset
			kinds[kind] = append(kinds[kind], site{path, from, to, set.Position(n.Pos()).Line, string(raw[from:to]), would})
		}
		text := func(n ast.Node) string {
			return string(raw[set.Position(n.Pos()).Offset:set.Position(n.End()).Offset])
		}
		for _, d := range f.Decls {
			if g, ok := d.(*ast.GenDecl); ok {
				ast.Inspect(g, func(n ast.Node) bool {
					if lit, ok := n.(*ast.BasicLit); ok {
						seedLiteral(lit, add)
					}
					return true
				})
				continue
			}
			ast.Inspect(d, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.BinaryExpr:
					switch n.Op {
					case token.LOR, token.LAND:
						add(1, n, text(n.X))
						add(1, n, text(n.Y))
					}
				case *ast.IfStmt:
					add(2, n.Cond, "!("+text(n.Cond)+")")
				case *ast.BlockStmt:
					if k := len(n.List); k > 0 {
						if ret, ok := n.List[k-1].(*ast.ReturnStmt); ok && len(ret.Results) == 1 {
							switch text(ret.Results[0]) {
							case "true":
								add(4, ret.Results[0], "false")
							case "false":
								add(4, ret.Results[0], "true")
							}
						}
					}
				}
				return true
			})
		}
	}
	kinds[3] = append(kinds[3], missing()...)
	return kinds
}

// laterWord is one of a table that is not the first of its line, after which the others may be called.
var laterWord = regexp.MustCompile(` [a-z][a-z-]+`)

// missing are the words that may be left out of the tables.
func missing() (all []site) {
	for _, path := range [...]string{room + "/english.txt", room + "/world.txt"} {
		raw, err := os.ReadFile(path)
		if err != nil {
			log.Fatal(err)
		}
		from := 0
		for i, line := range strings.SplitAfter(string(raw), "\n") {
			for _, at := range laterWord.FindAllStringIndex(line, -1) {
				if line[0] != '#' {
					all = append(all, site{path, from + at[0], from + at[1], i + 1, line[at[0]:at[1]], ""})
				}
			}
			from += len(line)
		}
	}
	return all
}

// seedLiteral finds the mistakes in a literal of a declaration: a figure that is off, a word that is missing.
func seedLiteral(lit *ast.BasicLit, add func(kind int, n ast.Node, would string)) {
	switch lit.Kind {
	case token.FLOAT:
		if v, err := strconv.ParseFloat(lit.Value, 64); err == nil {
			add(0, lit, strconv.FormatFloat(v*1.2, 'g', -1, 64))
			add(0, lit, strconv.FormatFloat(v*0.8, 'g', -1, 64))
		}
	case token.INT:
		if v, err := strconv.Atoi(lit.Value); err == nil && v > 1 {
			add(0, lit, strconv.Itoa(v+max(1, v/5)))
			add(0, lit, strconv.Itoa(v-max(1, v/5)))
		}
	case token.STRING:
		words := strings.Fields(strings.Trim(lit.Value, "`"))
		if len(words) < 3 || lit.Value[0] != '`' || strings.ContainsAny(lit.Value, "\\%(") {
			return
		}
		for _, w := range words[1 : len(words)-1] {
			for _, end := range []string{" ", "\n"} {
				if strings.Contains(lit.Value, " "+w+end) {
					add(3, lit, strings.Replace(lit.Value, " "+w+end, end, 1))
					break
				}
			}
		}
	}
}

// try reports whether the tests find a mistake.
func try(s site) bool {
	raw, err := os.ReadFile(s.file)
	if err != nil {
		log.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path, err := filepath.Abs(s.file)
	if err != nil {
		log.Fatal(err)
	}
	mutant, overlay := filepath.Join(dir, filepath.Base(s.file)), filepath.Join(dir, "overlay.json")
	text := string(raw[:s.from]) + s.would + string(raw[s.to:])
	list, err := json.Marshal(map[string]any{"Replace": map[string]string{path: mutant}})
	if err != nil {
		log.Fatal(err)
	}
	if os.WriteFile(mutant, []byte(text), 0o600) != nil || os.WriteFile(overlay, list, 0o600) != nil {
		log.Fatal("cannot write to ", dir)
	}
	// The two tests that count comparisons take longer than all others, so they come last.
	const slow = "ComparesFew|TwiceTheWork"
	for _, which := range [...]string{"-skip", "-run"} {
		out, err := exec.Command("go", "test", "-overlay", overlay, "-failfast", "-timeout", "300s", which, slow,
			"./"+room).CombinedOutput()
		if err != nil && strings.Contains(string(out), "[build failed]") {
			fmt.Println("does not build, which no test needs to find:", strings.SplitN(string(out), "\n", 3)[1])
		}
		if err != nil {
			return true
		}
	}
	return false
}
