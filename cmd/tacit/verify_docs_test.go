package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every command that docs/attestation.md and README.md show for verifying is run as
// it stands, one after the other in one folder; `# fails` says that it does.
// The tree that the docs print is what the command before it printed.
func TestVerifyDocs(t *testing.T) {
	repository, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, doc := range []string{"docs/attestation.md", "README.md"} {
		t.Run(doc, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(repository, doc))
			if err != nil {
				t.Fatal(err)
			}
			t.Chdir(t.TempDir())
			commands, out := 0, ""
			for line := range strings.Lines(string(text)) {
				line = strings.TrimSpace(line)
				if commands > 0 && (strings.HasPrefix(line, "├─ ") || strings.HasPrefix(line, "│")) {
					if !strings.Contains(out, line+"\n") {
						t.Errorf("the last command did not print %q:\n%s", line, out)
					}
					continue
				}
				words, ok := strings.CutPrefix(line, "bin/tacit verify ")
				if !ok {
					continue
				}
				commands++
				words, comment, _ := strings.Cut(words, "#")
				out, err = run(t, append([]string{"verify"}, strings.Fields(words)...)...)
				if fails := strings.Contains(comment, "fails"); fails != errors.Is(err, errNotAccepted) || err != nil && !fails {
					t.Errorf("%s: %v", line, err)
				}
			}
			if commands < 2 {
				t.Errorf("%d commands found", commands)
			}
		})
	}
}
