package receipt_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tacit-network/tacit/client/receipt"
)

const zero = `"0x0000000000000000000000000000000000000000000000000000000000000000"`

func text(version int, parts string) string {
	return fmt.Sprintf(`{"version": %d, "genesis": %s, "worker": %s, "contract": %s, "envelope": "0x", "message": "0x"%s, "chain": {}}`, version, zero, zero, zero, parts)
}

// Files that are none say why; that good ones are believed, and changed ones not,
// is tested where there is a chain, in package relay.
func TestParse(t *testing.T) {
	command := `, "command": {"up": "0x01", "seq": 1, "kem": 32, "key": "0x"}`
	for _, tt := range []struct{ name, file, want string }{
		{"no JSON", "receipt", "invalid character"},
		{"another version", text(2, command), "version 2"},
		{"of nothing", text(1, ""), "that of a query, or of a command"},
		{"of both", text(1, command+`, "query": {}`), "that of a query, or of a command"},
		{"no digits", strings.Replace(text(1, command), "0x01", "0xzz", 1), "is not hexadecimal"},
		{"too many changes", strings.Replace(text(1, command), `"chain": {}`, `"chain": {"changes": [`+strings.Repeat("{},", 10_000)+"{}]}", 1), "10001 changes"},
		{"too large", strings.Repeat(" ", receipt.MaxFile+1), "are the most"},
	} {
		if _, err := receipt.Parse([]byte(tt.file)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.want)
		}
	}
}

// No file makes a panic, and none that is made up is believed.
func FuzzCheck(f *testing.F) {
	f.Add([]byte(text(1, `, "command": {"up": "0x01", "seq": 1, "kem": 32, "key": "0x"}`)))
	f.Add([]byte(text(1, `, "query": {"answer": "0x00"}`)))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := receipt.Parse(data)
		if err != nil {
			return
		}
		if v := r.Check(nil); v.Valid {
			t.Errorf("%s is valid", data)
		}
	})
}

func ExampleFile_Check() {
	f, err := receipt.Parse([]byte(text(1, `, "query": {"answer": "0x00"}`)))
	if err != nil {
		fmt.Println(err)
		return
	}
	v := f.Check(nil)
	fmt.Println(v.Valid, v.Steps[0].Name, v.Steps[0].OK)
	// Output: false signature false
}
