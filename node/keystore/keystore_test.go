package keystore

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	if k, err := Load(dir); err != nil || len(k.Engine) != 0 {
		t.Fatalf("no folder: %v, %v", k, err)
	}
	first, err := New()
	if err != nil {
		t.Fatal(err)
	}
	second, err := New()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []Session{first, second} {
		if err := s.Write(dir); err != nil {
			t.Fatal(err)
		}
	}
	if err := first.Write(dir); err == nil {
		t.Error("a key file is overwritten")
	}
	k, err := Load(dir)
	if err != nil || len(k.Grandpa) != 2 || len(k.Engine) != 2 || len(k.Beacon) != 2 {
		t.Fatalf("got %d, %d, %d keys, %v", len(k.Grandpa), len(k.Engine), len(k.Beacon), err)
	}
	if a, b := k.Grandpa[0].ID(), first.Grandpa.ID(); a != b && a != second.Grandpa.ID() {
		t.Errorf("the key %v was not written", a)
	}
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if info, _ := e.Info(); info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", e.Name(), info.Mode())
		}
	}
	if s := fmt.Sprintf("%v %+v", first, &first); strings.Contains(s, "0x") || len(s) > 40 {
		t.Errorf("keys print as %s", s)
	}
}

func TestBadFiles(t *testing.T) {
	good := `{"role":"grandpa","scheme":"ed25519","public":"0x88dc3417d5058ec4b4503e0c12ea1a0a89be200fe98922423d4334014fa6b0ee","seed":"0xabf8e5bdbe30c65656c0a3cbd181ff8a56294a69dfedd27982aace4a76909115"}`
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	write("good.key", good, 0o600) // the seed and key of //Alice, as Substrate documents them
	if k, err := Load(dir); err != nil || len(k.Grandpa) != 1 {
		t.Fatalf("got %v", err)
	}
	write("open.key", good, 0o644)
	write("other.key", strings.Replace(good, "0x88", "0x89", 1), 0o600)
	write("role.key", strings.Replace(good, "grandpa", "grandma", 1), 0o600)
	write("scheme.key", strings.Replace(good, "ed25519", "sr25519", 1), 0o600)
	write("seed.key", strings.Replace(good, "0xabf8", "0xab", 1), 0o600)
	write("more.key", strings.Replace(good, "{", `{"x":1,`, 1), 0o600)
	write("long.key", strings.Repeat(" ", maxFile)+good, 0o600)
	_, err := Load(dir)
	if err == nil {
		t.Fatal("all is taken")
	}
	for name, want := range map[string]string{
		"open": "chmod 600", "other": "its seed makes the public key", "role": "is none of", "scheme": `not "sr25519"`,
		"seed": "not 64 hex digits", "more": "unknown key", "long": "4096 are the most",
	} {
		found := false
		for _, line := range strings.Split(err.Error(), "\n") {
			found = found || strings.Contains(line, name+".key") && strings.Contains(line, want)
		}
		if !found {
			t.Errorf("%s: no %q in:\n%v", name, want, err)
		}
	}
	if strings.Contains(err.Error(), "abf8e5") {
		t.Error("an error shows a secret")
	}
}
