package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tacit-network/tacit/attest/devamd"
	"github.com/tacit-network/tacit/attest/snp"
	"github.com/tacit-network/tacit/runtime/pallet/attestation"
)

// What somebody brings is matched with a root, or it is said why it is not under
// any; files of nobody's are refused before anything is asked.
func TestUploads(t *testing.T) {
	dir := t.TempDir()
	file := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	now := time.Now()
	milan := devamd.New(snp.Milan)
	ask, list := file("ask", milan.Intermediate(snp.VCEK)), file("crl", milan.List(uint64(now.Unix())-3600, false, false))
	bring, err := readUpload([]string{ask, list}, uint64(now.Unix()))
	if err != nil {
		t.Fatal(err)
	}
	call, err := bring(3, attestation.Anchor{Kind: attestation.DevelopmentAMD, Certificate: milan.Root(), Enabled: true})
	if c, ok := call.(attestation.UploadAmd); err != nil || !ok || c.Anchor != 3 {
		t.Errorf("got %T, %v", call, err)
	}
	if _, err := bring(3, attestation.Anchor{Kind: attestation.DevelopmentAMD, Certificate: devamd.New(snp.Genoa).Root()}); err == nil {
		t.Error("it is under another product's root")
	}
	if _, err := bring(0, attestation.Anchor{Kind: attestation.Intel}); err == nil || !strings.Contains(err.Error(), "AMD's form") {
		t.Errorf("under Intel's root: %v", err)
	}
	for name, row := range map[string]struct {
		files []string
		want  string
	}{
		"no list":        {[]string{ask}, "missing"},
		"nothing":        {[]string{file("empty", nil)}, ""},
		"JSON of no use": {[]string{file("json", []byte("{}"))}, "tcb_info"},
		"no file":        {[]string{filepath.Join(dir, "none")}, "no such file"},
	} {
		if _, err := readUpload(row.files, uint64(now.Unix())); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want %q", name, err, row.want)
		}
	}
}
