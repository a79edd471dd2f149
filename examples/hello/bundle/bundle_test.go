package bundle

import (
	"bytes"
	"compress/gzip"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "write the committed files anew")

// The committed files are what the source builds to, byte for byte.
func TestRebuild(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a contract")
	}
	wasm := filepath.Join(t.TempDir(), "hello.wasm")
	build := exec.Command("go", "build", "-buildmode=c-shared", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid=", "-o", wasm, "..")
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "GOFLAGS=")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	code, err := os.ReadFile(wasm)
	if err != nil {
		t.Fatal(err)
	}
	var zipped bytes.Buffer
	w, err := gzip.NewWriterLevel(&zipped, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(code); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	describe := exec.Command("go", "run", "..", wasm)
	json, err := describe.Output()
	if err != nil {
		t.Fatalf("metadata: %v", err)
	}
	if *rewrite {
		for name, data := range map[string][]byte{"hello.wasm.gz": zipped.Bytes(), "hello.json": json} {
			if err := os.WriteFile(name, data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		return
	}
	if !bytes.Equal(zipped.Bytes(), packed) {
		t.Errorf("hello.wasm.gz is not what the source builds to: %d bytes, want %d", len(packed), zipped.Len())
	}
	if !bytes.Equal(json, metadata) {
		t.Errorf("hello.json is not what the source generates")
	}
}

func Example() {
	code, err := Code()
	fmt.Println(string(code[:4]) == "\x00asm", err)
	// Output: true <nil>
}
