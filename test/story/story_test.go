package story

import (
	"flag"
	"path/filepath"
	"strings"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "write what the stories print into their files")

func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.story")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".story"), func(t *testing.T) {
			if strings.HasPrefix(filepath.Base(file), "ancient") && testing.Short() {
				t.Skip("makes thousands of blocks")
			}
			if strings.HasPrefix(filepath.Base(file), "contract_") && testing.Short() {
				t.Skip("builds a contract")
			}
			t.Parallel()
			Play(t, file, *rewrite)
		})
	}
}
