package arch

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

// root is the repository's folder.
const root = "../.."

type pkg struct {
	ImportPath, Dir, Name, Export string
	Standard, DepOnly             bool
	GoFiles, Imports              []string
}

func list(t *testing.T, args ...string) []pkg {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Dir,Name,Export,Standard,DepOnly,GoFiles,Imports"}, args...)...)
	cmd.Dir = root
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var pkgs []pkg
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return pkgs
		} else if err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
}

// folder is a package's folder in the repository; ok is false for others.
func folder(importPath string) (string, bool) {
	rest, ok := strings.CutPrefix(importPath, Module+"/")
	return rest, ok
}

func layerOf(dir string) (int, bool) {
	for d := dir; d != "."; d = path.Dir(d) {
		if l, ok := layers[d]; ok {
			return l, true
		}
	}
	return 0, false
}

// unit is the nearest listed folder.
func unit(dir string) string {
	for d := dir; d != "."; d = path.Dir(d) {
		if _, ok := layers[d]; ok {
			return d
		}
	}
	return dir
}

func TestLayers(t *testing.T) {
	for _, p := range list(t, "./...") {
		from, ok := folder(p.ImportPath)
		if !ok {
			continue
		}
		height, known := layerOf(from)
		if !known {
			t.Errorf("%s is in no layer: give it a row in arch.go", from)
			continue
		}
		if slices.Contains(banned, p.Name) {
			t.Errorf("%s: %q is a name that says nothing", from, p.Name)
		}
		for _, imported := range p.Imports {
			to, ok := folder(imported)
			if !ok {
				continue
			}
			below, _ := layerOf(to)
			same := unit(from) == unit(to)
			if isPallet(from) && isPallet(to) && from != to {
				t.Errorf("pallet %s imports pallet %s: declare a small interface instead", from, to)
			}
			if height >= 70 || same && !isPallet(from) {
				continue
			}
			if below >= height {
				t.Errorf("%s (layer %d) imports %s (layer %d)", from, height, to, below)
			}
			if a, b := program(from), program(to); a != "" && b != "" && a != b {
				t.Errorf("%s imports %s: programs share words, never code", from, to)
			}
		}
	}
}

// isPallet says whether a folder holds a pallet's handlers.
func isPallet(dir string) bool {
	return strings.HasPrefix(dir, "runtime/pallet/") && !strings.HasSuffix(dir, "/words")
}

func program(dir string) string {
	if slices.Contains(shared, dir) {
		return ""
	}
	for _, p := range apart {
		if dir == p || strings.HasPrefix(dir, p+"/") {
			return p
		}
	}
	return ""
}

// What the enclave's program links is what users trust. A new line in the
// golden file is a change to that, and its commit says why.
func TestEnclaveLinks(t *testing.T) {
	var links []string
	for _, p := range list(t, "-deps", "./cmd/tacit-worker") {
		if !p.Standard {
			links = append(links, p.ImportPath)
		}
	}
	slices.Sort(links)
	got := strings.Join(links, "\n") + "\n"
	golden := filepath.Join("testdata", "tacit-worker.links")
	if *rewrite {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(got) {
		if !strings.Contains("\n"+string(want), "\n"+line) {
			t.Errorf("the enclave links %s anew", strings.TrimSpace(line))
		}
	}
	for line := range strings.Lines(string(want)) {
		if !strings.Contains("\n"+got, "\n"+line) {
			t.Errorf("the enclave links %s no longer: take the line out", strings.TrimSpace(line))
		}
	}
}

func TestPackageComments(t *testing.T) {
	for _, p := range list(t, "./...") {
		comments := 0
		for _, name := range p.GoFiles {
			f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, parser.PackageClauseOnly|parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			if f.Doc == nil {
				continue
			}
			comments++
			start := "Package " + p.Name + " "
			if p.Name == "main" {
				start = "Command "
			}
			if !strings.HasPrefix(f.Doc.Text(), start) {
				t.Errorf("%s: its comment does not begin with %q", p.ImportPath, start)
			}
		}
		if len(p.GoFiles) > 0 && comments != 1 {
			t.Errorf("%s has %d package comments, 1 belongs", p.ImportPath, comments)
		}
	}
}

// Exported things have a comment that begins with their name.
func TestDocComments(t *testing.T) {
	for _, p := range list(t, "./...") {
		if p.Name == "main" {
			continue
		}
		for _, name := range p.GoFiles {
			fset := token.NewFileSet()
			f, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, decl := range f.Decls {
				switch d := decl.(type) {
				case *ast.FuncDecl:
					if d.Name.IsExported() && exportedReceiver(d) && d.Doc == nil && !trivial(d.Name.Name) {
						t.Errorf("%s: %s has no comment", fset.Position(d.Pos()), d.Name.Name)
					}
				case *ast.GenDecl:
					for _, s := range d.Specs {
						if ts, ok := s.(*ast.TypeSpec); ok && ts.Name.IsExported() && ts.Doc == nil && d.Doc == nil {
							t.Errorf("%s: %s has no comment", fset.Position(ts.Pos()), ts.Name.Name)
						}
					}
				}
			}
		}
	}
}

// trivial are methods whose interface says all.
func trivial(name string) bool { return name == "Error" || name == "Unwrap" || name == "String" }

func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	t := d.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		case *ast.Ident:
			return x.IsExported()
		default:
			return false
		}
	}
}

// ed25519 is verified by ZIP-215 everywhere; Go's own library has other rules
// for edge cases, and a node that used it would disagree with the others.
func TestNoOtherEd25519(t *testing.T) {
	for _, p := range list(t, "./...") {
		if slices.Contains(p.Imports, "crypto/ed25519") {
			t.Errorf("%s imports crypto/ed25519: use keys", p.ImportPath)
		}
	}
}
