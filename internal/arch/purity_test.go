package arch

import (
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// allowed are the exceptions from what the runtime must not do, each by its
// function and with the reason.
var allowed = map[string]string{
	"scale Enum":                "fills two maps, when the program starts",
	"keys crypto/rand":          "makes keys and signatures; the runtime only verifies",
	"keys log/slog":             "for the method that hides secrets in logs",
	"runtime/frame docs.fields": "fills a map",
	"grandpa Evidence.ghost":    "sums weights, and seeks the one highest block; the runtime uses the strict rules",
	"trie Proof.Finish":         "says that some item is unused, whichever",
}

// impure are packages that a pure program has no use for.
var impure = []string{
	"time", "os", "os/exec", "net", "net/http", "math/rand", "math/rand/v2", "crypto/rand", "log", "log/slog", "runtime", "unsafe",
}

// The runtime and every package of ours that it links must do the same on all
// machines: no clock, no randomness, no goroutine, no float, no map in its
// random order.
func TestRuntimeIsPure(t *testing.T) {
	pkgs := list(t, "-export", "-deps", "./runtime")
	exports := map[string]string{}
	for _, p := range pkgs {
		exports[p.ImportPath] = p.Export
	}
	fset := token.NewFileSet()
	imp := importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) {
		if file := exports[path]; file != "" {
			return os.Open(file)
		}
		return nil, fmt.Errorf("no export data for %s", path)
	})
	used := map[string]bool{}
	for _, p := range pkgs {
		dir, ours := folder(p.ImportPath)
		if !ours {
			continue
		}
		var files []*ast.File
		for _, name := range p.GoFiles {
			f, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, f)
		}
		info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
		if _, err := (&types.Config{Importer: imp}).Check(p.ImportPath, fset, files, info); err != nil {
			t.Fatal(err)
		}
		excused := func(what string) bool {
			key := dir + " " + what
			if _, ok := allowed[key]; ok {
				used[key] = true
				return true
			}
			return false
		}
		for _, i := range p.Imports {
			if slices.Contains(impure, i) && !excused(i) {
				t.Errorf("%s imports %s", dir, i)
			}
		}
		for _, f := range files {
			for _, decl := range f.Decls {
				name := "init"
				if fn, ok := decl.(*ast.FuncDecl); ok {
					name = funcName(fn)
				}
				ast.Inspect(decl, func(n ast.Node) bool {
					fault := ""
					switch n := n.(type) {
					case *ast.GoStmt:
						fault = "starts a goroutine"
					case *ast.SelectStmt:
						fault = "selects"
					case *ast.RangeStmt:
						if tv, ok := info.Types[n.X]; ok {
							if _, isMap := tv.Type.Underlying().(*types.Map); isMap {
								fault = "runs over a map"
							}
						}
					case ast.Expr:
						if tv, ok := info.Types[n]; ok && tv.Value == nil {
							if b, ok := tv.Type.Underlying().(*types.Basic); ok && b.Info()&types.IsFloat != 0 && !tv.IsType() {
								fault = "computes with floats"
							}
						}
					}
					if fault != "" && !excused(name) {
						t.Errorf("%s: %s %s", fset.Position(n.Pos()), name, fault)
					}
					return true
				})
			}
		}
	}
	for key := range allowed {
		if !used[key] {
			t.Errorf("the exception %q is not needed", key)
		}
	}
}

func funcName(fn *ast.FuncDecl) string {
	if fn.Recv == nil {
		return fn.Name.Name
	}
	t := fn.Recv.List[0].Type
	if s, ok := t.(*ast.StarExpr); ok {
		t = s.X
	}
	if i, ok := t.(*ast.IndexExpr); ok {
		t = i.X
	}
	if i, ok := t.(*ast.IndexListExpr); ok {
		t = i.X
	}
	if id, ok := t.(*ast.Ident); ok {
		return strings.Join([]string{id.Name, fn.Name.Name}, ".")
	}
	return fn.Name.Name
}
