package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tacit-network/tacit/client/receipt"
)

// What is no receipt, or is not to be believed, makes the command fail, in JSON
// too; relay's tests have those that are.
func TestVerifyReceipt(t *testing.T) {
	const zero = `"0x0000000000000000000000000000000000000000000000000000000000000000"`
	made := `{"version": 1, "genesis": ` + zero + `, "worker": ` + zero + `, "contract": ` + zero + `, "envelope": "0x", "message": "0x", "query": {"answer": "0x"}, "chain": {}}`
	for _, tt := range []struct {
		name, file string
		args       []string
		error, out string
	}{
		{"made up", made, nil, "the receipt is not valid", "FAIL signature"},
		{"made up, in JSON", made, []string{"--json"}, "the receipt is not valid", `"valid": false`},
		{"noise", "noise", nil, "invalid character", ""},
		{"bad genesis", made, []string{"--genesis", "0x12"}, "is not a hash", ""},
		{"empty genesis", made, []string{"--genesis", ""}, "is not a hash", ""},
	} {
		file := filepath.Join(t.TempDir(), "receipt.json")
		if err := os.WriteFile(file, []byte(tt.file), 0o600); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		cmd := root()
		cmd.SetOut(&out)
		cmd.SetArgs(append([]string{"verify", "receipt", file}, tt.args...))
		err := cmd.Execute()
		if err == nil || !strings.Contains(err.Error(), tt.error) || !strings.Contains(out.String(), tt.out) {
			t.Errorf("%s: %v, printed %q", tt.name, err, out.String())
		}
		if tt.out != "" && !errors.Is(err, errNoReceipt) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// What a contract says cannot hide what stands above it.
func TestReceiptText(t *testing.T) {
	var out bytes.Buffer
	printReceipt(&out, &receipt.Verdict{Valid: true, Simulated: true, Error: "no\x1b[2J\u009b1A\r\u202egood"})
	if !strings.Contains(out.String(), "(no\uFFFD[2J\uFFFD1A\uFFFD\uFFFDgood)") || !strings.Contains(out.String(), simulated) {
		t.Errorf("printed %q", out.String())
	}
}
