package main

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func buildImage(t *testing.T, source string) built {
	t.Helper()
	out, err := run(t, "image", "build", "--source", source, "--out", t.TempDir(), "--json")
	var b built
	if err != nil || json.Unmarshal([]byte(out), &b) != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return b
}

// The same source makes the same image, in another folder and with another
// cache as well.
func TestImageBuild(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the worker")
	}
	here := buildImage(t, "../..")
	again := buildImage(t, "../..")
	if here.SHA256 != again.SHA256 || len(here.SHA256) != 64 || !strings.HasPrefix(here.Simulated, "0x") {
		t.Errorf("%+v, then %+v", here, again)
	}
	if os.Getenv("TACIT_LONG") == "" {
		t.Log("TACIT_LONG=1 builds it in another folder with another cache as well")
		return
	}
	elsewhere := t.TempDir()
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		rel, _ := filepath.Rel("../..", path)
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || d.Name() == "node_modules" || d.Name() == "testdata"):
			return fs.SkipDir
		case d.IsDir():
			return os.MkdirAll(filepath.Join(elsewhere, rel), 0o755)
		case !d.Type().IsRegular():
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(elsewhere, rel), data, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOCACHE", t.TempDir())
	if there := buildImage(t, elsewhere); there.SHA256 != here.SHA256 {
		t.Errorf("here %+v, elsewhere %+v", here, there)
	}
}

func TestImageMisuse(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("no kernel"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ line, want, hint string }{
		{"image measure " + file, "a kernel is needed", "--kernel"},
		{"image measure " + file + " --kernel " + file, "no bzImage", "/boot/vmlinuz"},
		{"image measure nowhere --kernel " + file, "no such file", ""},
		{"image measure " + file + " --kernel " + file + " --memory 0", "--memory 0", "-m"},
		{"image build --source " + dir, "has no cmd/tacit-worker", "--source"},
	} {
		if _, err := run(t, strings.Fields(c.line)...); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(hintOf(err), c.hint) {
			t.Errorf("%s: %v, hint %q; want %q, hint %q", c.line, err, hintOf(err), c.want, c.hint)
		}
	}
}
