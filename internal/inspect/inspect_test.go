package inspect

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tacit-network/tacit/internal/vectors"
)

// All vectors must get the verdicts that they expect.
func TestVectors(t *testing.T) {
	dir := vectors.Dir(t)
	run := func(pattern string, judge func(file string) ([]Case, error)) {
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(files), err)
		}
		for _, file := range files {
			if file == filepath.Join(dir, "grandpa", "checkpoints", "index.json") || strings.Contains(file, "polkadot-1089327") || strings.HasSuffix(file, ".tar.xz") ||
				strings.HasSuffix(file, ".bin") {
				continue
			}
			cases, err := judge(file)
			if err != nil || len(cases) == 0 {
				t.Errorf("%s: %d cases, %v", filepath.Base(file), len(cases), err)
			}
			for _, c := range cases {
				if c.Unexpected || c.OK == (c.Error != "") {
					t.Errorf("%s: %+v", filepath.Base(file), c)
				}
			}
		}
	}
	for _, rules := range []Rules{Substrate, Strict, Smoldot} {
		by := func(file string) ([]Case, error) { return JustificationFile(file, rules) }
		run("grandpa/real/*", by)
		run("grandpa/synthetic/*", by)
	}
	by := func(file string) ([]Case, error) { return JustificationFile(file, Substrate) }
	run("grandpa/headers/*", by)
	run("grandpa/checkpoints/*", by)
	run("trie/state/*", TrieFile)
	run("trie/spec/*", TrieFile)
	run("trie/blocks/*", TrieFile)
	run("trie/proofs/*", ProofFile)
}

func TestBadFiles(t *testing.T) {
	dir := t.TempDir()
	for i, text := range []string{"", "{}", "[]", "null", "7", `{"a": 1}`, `[1, 2]`, "{", `{"top": 3}`} {
		file := filepath.Join(dir, fmt.Sprintf("%d.json", i))
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		for name, judge := range map[string]func(string) ([]Case, error){
			"justification": func(f string) ([]Case, error) { return JustificationFile(f, Substrate) },
			"trie-root":     TrieFile, "proof": ProofFile,
		} {
			cases, err := judge(file)
			if err == nil && (len(cases) == 0 || cases[0].OK) {
				t.Errorf("%s of %q passes: %v", name, text, cases)
			}
		}
	}
	if _, err := TrieFile(filepath.Join(dir, "none.json")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	// A wrong verdict and a broken field show.
	file := filepath.Join(dir, "case.json")
	if err := os.WriteFile(file, []byte(`{"vectors": [{"name": "x", "set_id": 1, "authorities": [["00", 1]], "justification": "00", "expect": {"substrate": "ok"}}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	cases, err := JustificationFile(file, Substrate)
	if err != nil || len(cases) != 1 || cases[0].OK || !cases[0].Unexpected {
		t.Errorf("got %+v, %v", cases, err)
	}
}

func ExampleParseRules() {
	_, err := ParseRules("lax")
	fmt.Println(err)
	// Output: no rules "lax": know substrate, strict and smoldot
}
