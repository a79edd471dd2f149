package main

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"go/build"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"text/template"

	"github.com/spf13/cobra"

	"github.com/tacit-network/tacit/hash"
	clusters "github.com/tacit-network/tacit/runtime/pallet/clusters/words"
)

//go:embed template
var templates embed.FS

// module is the source that contracts are written against.
const module = "github.com/tacit-network/tacit"

var contractName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)

// checkName says why a contract cannot be called name: files are called after it.
func checkName(name string) error {
	if !contractName.MatchString(name) {
		return hint(fmt.Errorf("%q is no name for a contract", name), "use lower-case letters, digits and _, beginning with a letter")
	}
	// On no machine at all, Go builds the files alone that it builds on all.
	everywhere := build.Context{Compiler: "gc", OpenFile: func(string) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader("package main\n")), nil
	}}
	built, err := everywhere.MatchFile("", name+".go")
	if err != nil {
		return err
	}
	if !built || strings.HasSuffix(name, "_test") || name == "main_native" {
		return hint(fmt.Errorf("%q is no name for a contract: Go does not build %s.go everywhere", name, name), "choose a name with another end")
	}
	return nil
}

func contractNew() *cobra.Command {
	var f userFlags
	var source string
	cmd := &cobra.Command{
		Use: "new NAME", Short: "Begin a contract in Go, in a new folder", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path := filepath.Clean(args[0]) // with no / at its end
			name, parent := filepath.Base(path), filepath.Dir(path)
			if err := checkName(name); err != nil {
				return err
			}
			if info, err := os.Stat(parent); err != nil || !info.IsDir() {
				return hint(fmt.Errorf("%s is no folder", parent), "choose another name, in a folder that is there")
			}
			inside := inModule(cmd.Context(), parent)
			if !inside && source == "" {
				return hint(fmt.Errorf("%s is not in the source of Tacit", parent), "make it there, or name the source with --source DIR")
			}
			if !inside {
				if err := isSource(source); err != nil {
					return hint(err, "--source names the folder with the source of Tacit")
				}
			}
			if err := os.Mkdir(path, 0o755); err != nil {
				return hint(err, "choose another name, in a folder that is there")
			}
			for file, from := range map[string]string{
				name + ".go": "contract.go.txt", name + "_test.go": "contract_test.go.txt",
				"main_wasip1.go": "main_wasip1.go.txt", "main_native.go": "main_native.go.txt",
			} {
				t, err := template.ParseFS(templates, "template/"+from)
				if err != nil {
					return err
				}
				var b bytes.Buffer
				if err := t.Execute(&b, map[string]string{"Name": name}); err != nil {
					return err
				}
				if err := os.WriteFile(filepath.Join(path, file), b.Bytes(), 0o644); err != nil {
					return err
				}
			}
			if !inside {
				if err := goMod(path, name, source); err != nil {
					return err
				}
			}
			return f.print(cmd.OutOrStdout(), map[string]any{"name": name, "dir": path}, func(w io.Writer) {
				fmt.Fprintf(w, "%s is there. Next:\n  tacit contract test %s\n  tacit contract build %s\n", path, path, path)
			})
		},
	}
	cmd.Flags().BoolVar(&f.json, "json", false, "print one JSON object")
	cmd.Flags().StringVar(&source, "source", "", "folder with the source of Tacit, for a contract outside of it")
	return cmd
}

// inModule says whether a folder is in the source of Tacit.
func inModule(ctx context.Context, dir string) bool {
	list := exec.CommandContext(ctx, "go", "list", "-m")
	list.Dir = dir
	out, err := list.Output()
	return err == nil && strings.TrimSpace(string(out)) == module
}

// isSource says why a folder is not the source of Tacit.
func isSource(dir string) error {
	text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(text)) {
		if strings.TrimSpace(line) == "module "+module {
			return nil
		}
	}
	return fmt.Errorf("%s is not the source of Tacit", dir)
}

// goMod makes the contract a module of its own that uses the source. It is called
// as no package of Go's library is.
func goMod(dir, name, source string) error {
	abs, err := filepath.Abs(source)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(abs, "go.mod"))
	if err != nil {
		return err
	}
	// The same requirements make the same code.
	own := strings.Replace(string(text), "module "+module, "module contract/"+name, 1)
	own += fmt.Sprintf("\nrequire %s v0.0.0\n\nreplace %s => %q\n", module, module, abs)
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte(own), 0o644); err != nil {
		return err
	}
	sums, err := os.ReadFile(filepath.Join(abs, "go.sum"))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "go.sum"), sums, 0o644)
}

func contractBuild() *cobra.Command {
	var f userFlags
	var out string
	cmd := &cobra.Command{
		Use: "build [DIR]", Short: "Build a contract in Go, to the same bytes everywhere", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			abs, err := filepath.Abs(dir)
			if err != nil {
				return err
			}
			if out == "" {
				out = dir
			}
			base := filepath.Join(out, filepath.Base(abs))
			if err := buildContract(cmd.Context(), abs, base); err != nil {
				return err
			}
			code, packed, err := readCode(cmd.Context(), base+".wasm")
			if err != nil {
				return err
			}
			v := map[string]any{
				"wasm": base + ".wasm", "metadata": base + ".json", "bytes": len(code), "compressed": len(packed),
				"hash": hash.Blake2b256(code), "code": clusters.CodeHash(clusters.Chunks(packed)),
			}
			return f.print(cmd.OutOrStdout(), v, func(w io.Writer) {
				fmt.Fprintf(w, "%s.wasm  %d bytes, %d compressed\n%s.json  its metadata\nhash %v\ncode %v\n",
					base, len(code), len(packed), base, v["hash"], v["code"])
			})
		},
	}
	cmd.Flags().StringVarP(&out, "out", "o", "", "folder for the results; that of the contract by default")
	cmd.Flags().BoolVar(&f.json, "json", false, "print one JSON object")
	return cmd
}

// native makes a command of Go's build for this machine, also where variables of
// the environment name another, such as that of contracts.
func native(cmd *exec.Cmd) *exec.Cmd {
	cmd.Env = append(cmd.Environ(), "GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH)
	return cmd
}

// buildContract builds the Go package in dir into base.wasm and base.json, which
// stay as they are when it cannot.
func buildContract(ctx context.Context, dir, base string) error {
	abs, err := filepath.Abs(base)
	if err != nil {
		return err
	}
	part := abs + ".wasm.part"
	defer os.Remove(part)
	build := exec.CommandContext(ctx, "go", "build", "-buildmode=c-shared", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid=", "-o", part, ".")
	build.Dir = dir
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "GOFLAGS=", "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		err = fmt.Errorf("build %s: %w\n%s", dir, err, bytes.TrimSpace(text))
		if hasGo(dir) { // the compiler says what is wrong
			return err
		}
		return hint(err, "name the folder of a contract; `tacit contract new` begins one")
	}
	describe := exec.CommandContext(ctx, "go", "run", ".", part)
	describe.Dir = dir
	describe.Stderr = os.Stderr
	text, err := native(describe).Output()
	if err != nil {
		return fmt.Errorf("describe %s: %w", dir, err)
	}
	if err := os.WriteFile(abs+".json", text, 0o644); err != nil {
		return err
	}
	return os.Rename(part, abs+".wasm")
}

// hasGo tells whether there is a Go file in a folder.
func hasGo(dir string) bool {
	files, err := os.ReadDir(dir)
	return err == nil && slices.ContainsFunc(files, func(f os.DirEntry) bool { return strings.HasSuffix(f.Name(), ".go") })
}
