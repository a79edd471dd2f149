package abi

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"github.com/tacit-network/tacit/contract/sdk"
	"github.com/tacit-network/tacit/hash"
)

// Docs are the comments in a contract's source that its metadata shows, line by
// line: the package's, and those of the handlers, the errors and the events.
type Docs struct {
	Contract []string
	Entries  map[string][]string // by the name of the constructor or message
	Errors   map[string][]string
	Events   map[string][]string
}

// ReadDocs reads the comments in all Go files of source.
func ReadDocs(source fs.FS) (Docs, error) {
	d := Docs{Entries: map[string][]string{}, Errors: map[string][]string{}, Events: map[string][]string{}}
	names, err := fs.Glob(source, "*.go")
	if err != nil {
		return d, fmt.Errorf("read contract source: %w", err)
	}
	handlers := map[string]string{} // by the name of the message
	functions := map[string][]string{}
	for _, name := range names {
		text, err := fs.ReadFile(source, name)
		if err != nil {
			return d, fmt.Errorf("read contract source: %w", err)
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return d, fmt.Errorf("read contract source: %w", err)
		}
		if file.Doc != nil {
			d.Contract = append(d.Contract, words(file.Doc.Text())...)
		}
		for _, decl := range file.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				functions[decl.Name.Name] = words(decl.Doc.Text())
			case *ast.GenDecl:
				d.values(decl)
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if name, handler, ok := handled(n); ok {
				handlers[name] = handler
			}
			return true
		})
	}
	for name, handler := range handlers {
		d.Entries[name] = functions[handler]
	}
	return d, nil
}

// values reads the comments of variables that are errors or events.
func (d Docs) values(decl *ast.GenDecl) {
	for _, spec := range decl.Specs {
		v, ok := spec.(*ast.ValueSpec)
		if !ok || len(v.Values) != 1 {
			continue
		}
		fn, args := call(v.Values[0])
		name := literal(args)
		text := words(v.Doc.Text())
		if text == nil {
			text = words(v.Comment.Text())
		}
		if text == nil && !decl.Lparen.IsValid() {
			text = words(decl.Doc.Text())
		}
		switch {
		case fn == "NewError" && name != "":
			d.Errors[name] = text
		case fn == "NewEvent" && name != "":
			d.Events[name] = text
		}
	}
}

// handled reads sdk.View1("name", …, handler) and its like.
func handled(n ast.Node) (name, handler string, ok bool) {
	e, isExpr := n.(ast.Expr)
	if !isExpr {
		return "", "", false
	}
	fn, args := call(e)
	kind := strings.TrimRight(fn, "0123456789")
	if kind != "Constructor" && kind != "View" && kind != "Action" && kind != "Change" || literal(args) == "" {
		return "", "", false
	}
	id, ok := args[len(args)-1].(*ast.Ident)
	if !ok {
		return "", "", false
	}
	return literal(args), id.Name, true
}

// call returns the function of package sdk that e calls, and the arguments.
func call(e ast.Expr) (string, []ast.Expr) {
	c, ok := e.(*ast.CallExpr)
	if !ok {
		return "", nil
	}
	fun := c.Fun
	switch f := fun.(type) { // with type arguments
	case *ast.IndexExpr:
		fun = f.X
	case *ast.IndexListExpr:
		fun = f.X
	}
	if s, ok := fun.(*ast.SelectorExpr); ok {
		if pkg, ok := s.X.(*ast.Ident); ok && pkg.Name == "sdk" {
			return s.Sel.Name, c.Args
		}
	}
	return "", nil
}

// literal is the text of the first argument, or "".
func literal(args []ast.Expr) string {
	if len(args) == 0 {
		return ""
	}
	if l, ok := args[0].(*ast.BasicLit); ok && l.Kind == token.STRING {
		s, err := strconv.Unquote(l.Value)
		if err == nil {
			return s
		}
	}
	return ""
}

// Print is the program of a contract that runs natively: args name the built
// code, and its metadata goes to w. source holds the contract's Go files.
func Print(w io.Writer, k *sdk.Contract, source fs.FS, compiler string, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("usage: %s CODE.wasm", k.Name)
	}
	code, err := os.ReadFile(args[0])
	if err != nil {
		return fmt.Errorf("describe contract: %w", err)
	}
	docs, err := ReadDocs(source)
	if err != nil {
		return err
	}
	out, err := Generate(k, docs, hash.Blake2b256(code), compiler)
	if err != nil {
		return err
	}
	_, err = w.Write(out)
	return err
}
