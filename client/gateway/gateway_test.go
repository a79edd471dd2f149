package gateway

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/client"
	words "github.com/tacit-network/tacit/contract/frame"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/metadata"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/pallet/system"
	"github.com/tacit-network/tacit/scale"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

// What the enclave writes, the runtime that clients are shown reads.
func TestWords(t *testing.T) {
	d := describe()
	who, what := keys.AccountID{1}, hash.H256{2}
	var a words.Applied
	for index, e := range map[uint8]any{
		words.IndexInstantiated: words.Instantiated{Deployer: who, Contract: who}, words.IndexCodeStored: words.CodeStored{CodeHash: what, Uploader: who},
		words.IndexContractEmitted: words.ContractEmitted{Contract: who, Data: []byte{3}},
	} {
		a.Records = nil
		a.Emit(index, e, what)
		got, err := d.Event(scale.NewDecoder(a.Records[0].Event))
		if err != nil || !reflect.DeepEqual(got, e) || a.Records[0].Topics[0] != what {
			t.Errorf("event %d: %+v %v, want %+v", index, got, err, e)
		}
	}
	info := frame.DispatchInfo{Weight: frame.Weight{RefTime: 500}, PaysFee: frame.PaysNo}
	for _, e := range words.Errors {
		a.Records = nil
		a.End(5, e.Error.Dispatch())
		got, err := d.Event(scale.NewDecoder(a.Records[0].Event))
		failed, ok := got.(system.ExtrinsicFailed)
		if err != nil || !ok || failed.DispatchInfo != info {
			t.Fatalf("%s: %+v %v", e.Name, got, err)
		}
		pallet, name, ok := d.Names(failed.DispatchError.(frame.ErrModule).Module)
		if !ok || pallet != "Contracts" || name != e.Name {
			t.Errorf("%s is %s.%s", e.Name, pallet, name)
		}
	}
	a.Records = nil
	a.End(5, nil)
	if got, err := d.Event(scale.NewDecoder(a.Records[0].Event)); err != nil || got != (system.ExtrinsicSuccess{DispatchInfo: info}) {
		t.Errorf("success: %+v %v", got, err)
	}
	for _, call := range []words.RuntimeCall{
		words.UploadCode{Code: []byte{1}}, words.Call{Dest: chain.AddressID{ID: who}, Data: []byte{1}},
		words.InstantiateWithCode{Code: []byte{1}, Data: []byte{2}, Salt: []byte{3}}, words.Instantiate{CodeHash: what, Data: []byte{2}, Salt: []byte{3}},
	} {
		if got, err := d.DecodeCall(words.EncodeCall(call)); err != nil || !reflect.DeepEqual(got.Args, call) {
			t.Errorf("%T: %+v %v", call, got, err)
		}
	}
}

// The pallets as clients see them. Numbers never move.
func TestDescription(t *testing.T) {
	m := describe().Metadata()
	var b strings.Builder
	variants := func(what string, id *metadata.TypeID) {
		if id == nil {
			return
		}
		for _, v := range m.Types[*id].Type.Def.(metadata.VariantDef).Variants {
			fmt.Fprintf(&b, "  %s %d %s", what, v.Index, v.Name)
			for _, f := range v.Fields {
				fmt.Fprintf(&b, " %s", *f.Name)
			}
			fmt.Fprintln(&b)
		}
	}
	for _, p := range m.Pallets {
		fmt.Fprintln(&b, p.Index, p.Name)
		variants("call", p.Calls)
		variants("event", p.Event)
		variants("error", p.Error)
	}
	for _, api := range m.APIs {
		for _, f := range api.Methods {
			fmt.Fprintf(&b, "%s_%s", api.Name, f.Name)
			for _, in := range f.Inputs {
				fmt.Fprintf(&b, " %s", in.Name)
			}
			fmt.Fprintln(&b)
		}
	}
	const golden = "testdata/description.txt"
	if *rewrite {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || string(want) != b.String() {
		t.Errorf("%v; got\n%s", err, b.String())
	}
}

// Blocks keep what is done in order, and no more than they may.
func TestBlocks(t *testing.T) {
	var b blocks
	at := func(n int) hash.H256 { return hash.H256{byte(n), byte(n >> 8), 1} }
	if got := b.events(at(1)); !bytes.Equal(got, []byte{0}) {
		t.Errorf("no events are %x", got)
	}
	for n := range maxDone + 10 {
		b.add(at(n/2), done{raw: []byte{byte(n)}, events: []words.Record{{Event: []byte{7}}}})
	}
	if len(b.order) != maxDone || b.newest() != at((maxDone+9)/2) || b.count() != maxDone+10 || len(b.by) != maxDone/2 {
		t.Errorf("%d in %d blocks, %d in all", len(b.order), len(b.by), b.count())
	}
	// Two events, of extrinsics 0 and 1, each with its phase, and without topics.
	if got := b.events(b.newest()); !bytes.Equal(got, []byte{8, 0, 0, 0, 0, 0, 7, 0, 0, 1, 0, 0, 0, 7, 0}) {
		t.Errorf("events %x", got)
	}
	if len(b.of(at(0))) != 0 || len(b.of(at(5))) != 2 {
		t.Error("others than the oldest made room")
	}
	big := done{raw: make([]byte, maxDoneBytes/2)}
	for n := range 3 {
		b.add(at(10_000+n), big)
	}
	if len(b.order) != 2 || b.bytes != 2*big.size() {
		t.Errorf("%d of %d bytes", len(b.order), b.bytes)
	}
}

// Hashes are asked for by number or by a list of numbers, and by no more than that:
// lists in lists would ask the node for as many as they like, and be read again at
// each step.
func TestBlockHashes(t *testing.T) {
	alice, err := keys.FromURI(keys.Sr25519, "//Alice")
	if err != nil {
		t.Fatal(err)
	}
	g, err := New(Config{Client: new(client.Client), Payer: alice})
	if err != nil {
		t.Fatal(err)
	}
	first := `"` + g.Genesis().String() + `"`
	refused := `"code":-32602`
	for params, want := range map[string]string{
		`0`: `"result":` + first, `"0x0"`: `"result":` + first, `[0,"0x00"]`: `"result":[` + first + `,` + first + `]`, `[]`: `"result":[]`,
		`[[0]]`: refused, `[0,["0x0"]]`: refused, `[[]]`: refused, `{"a":0}`: refused, `[{}]`: refused,
		strings.Repeat("[", 9000) + "0" + strings.Repeat("]", 9000): refused, `[` + strings.Repeat("0,", maxKeys) + `0]`: refused,
	} {
		out := g.handle(t.Context(), &conn{g: g}, []byte(`{"id":1,"method":"chain_getBlockHash","params":[`+params+`]}`))
		if !strings.Contains(string(out), want) {
			t.Errorf("%.40s: %.200s, want %s", params, out, want)
		}
	}
}

// Whatever comes is answered by JSON, or not at all.
func FuzzHandle(f *testing.F) {
	alice, err := keys.FromURI(keys.Sr25519, "//Alice")
	if err != nil {
		f.Fatal(err)
	}
	g, err := New(Config{Client: new(client.Client), Payer: alice})
	if err != nil {
		f.Fatal(err)
	}
	for _, body := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"state_getMetadata","params":[]}`, `[{"id":"x","method":"rpc_methods"},1,{}]`, "[]", "{", "null",
		`{"id":1,"method":"state_call","params":["Core_version","0x"]}`, `{"id":1,"method":"author_submitExtrinsic","params":["0x0484"]}`,
		`{"id":1,"method":"tacit_certify","params":["0x00",1,"sr25519","0x"]}`, `{"id":1,"method":"chain_getBlockHash","params":[[0,"0x0"]]}`,
		`{"id":1,"method":"state_queryStorageAt","params":[["0x26aa394eea5630e07c48ae0c9558cef780d41e5e16056765bc8461851072c9d7"]]}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if out := g.handle(t.Context(), &conn{g: g}, body); out != nil && !json.Valid(out) {
			t.Errorf("%q is answered by %q", body, out)
		}
	})
}
