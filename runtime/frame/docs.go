package frame

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
)

// docs are the comments of a pallet.go: of the package under "", of a type or
// variable under its name, of a field under type.field.
type docs map[string][]string

// parseDocs reads the comments of source. It panics when source is no Go,
// since it is embedded by the compiler that just read it.
func parseDocs(source string) docs {
	d := docs{}
	if source == "" {
		return d
	}
	file, err := parser.ParseFile(token.NewFileSet(), "pallet.go", source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		panic(err)
	}
	d[""] = lines(file.Doc)
	for _, decl := range file.Decls {
		g, ok := decl.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range g.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				d.typ(s, g)
			case *ast.ValueSpec:
				for _, name := range s.Names {
					d[name.Name] = lines(s.Doc)
				}
			}
		}
	}
	return d
}

func (d docs) typ(s *ast.TypeSpec, g *ast.GenDecl) {
	d[s.Name.Name] = lines(s.Doc)
	if len(d[s.Name.Name]) == 0 && len(g.Specs) == 1 {
		d[s.Name.Name] = lines(g.Doc)
	}
	st, ok := s.Type.(*ast.StructType)
	if !ok {
		return
	}
	for _, f := range st.Fields.List {
		for _, name := range f.Names {
			d[s.Name.Name+"."+name.Name] = lines(f.Doc)
		}
	}
}

func lines(c *ast.CommentGroup) []string {
	text := strings.TrimSpace(c.Text())
	if text == "" {
		return []string{}
	}
	return strings.Split(text, "\n")
}

// fields are the docs of typ's fields by their names.
func (d docs) fields(typ string) map[string][]string {
	out := map[string][]string{}
	for key, text := range d {
		if field, ok := strings.CutPrefix(key, typ+"."); ok {
			out[field] = text
		}
	}
	return out
}
