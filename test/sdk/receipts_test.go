package sdk

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/tacit-network/tacit/client/receipt"
)

// TestReceipts holds Go to what sdk/ts/testdata/receipts.json says of two receipts,
// to which the SDK's own tests hold the SDK. They were made by `tacit contract call
// --save` and `tacit contract query --save` in `tacit dev --validators 4`, and the
// verdicts by `tacit verify receipt --json`; envelopes are random, so that there is
// nothing to make again.
func TestReceipts(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "sdk", "ts", "testdata", "receipts.json"))
	if err != nil {
		t.Fatal(err)
	}
	var list map[string]struct{ File, Verdict json.RawMessage }
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatal(err)
	}
	if len(list) != 2 {
		t.Errorf("%d receipts", len(list))
	}
	for kind, r := range list {
		f, err := receipt.Parse(r.File)
		if err != nil {
			t.Fatal(err)
		}
		got, err := json.Marshal(f.Check(nil))
		if err != nil {
			t.Fatal(err)
		}
		var want bytes.Buffer
		if err := json.Compact(&want, r.Verdict); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want.Bytes()) {
			t.Errorf("%s: %s\nwant %s", kind, got, want.Bytes())
		}
	}
}
