// Package vectors finds the test vectors that live beside the repository:
// data of real chains, real TEEs and other implementations, which is read
// where it lies and never copied in.
package vectors

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Dir returns the folder with the test vectors, and skips the test when this
// machine has none.
func Dir(tb testing.TB) string {
	tb.Helper()
	_, file, _, ok := runtime.Caller(0)
	if !ok {
		tb.Skip("test vectors: the source path is not known")
	}
	dir := filepath.Join(filepath.Dir(file), "..", "..", "..", "shared", "vectors")
	if _, err := os.Stat(dir); err != nil {
		tb.Skip("test vectors are not beside this repository")
	}
	return dir
}
