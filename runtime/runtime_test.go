package runtime_test

import (
	"bytes"
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/metadata"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/pallet/balances"
	"github.com/tacit-network/tacit/runtime/pallet/session"
	"github.com/tacit-network/tacit/runtime/pallet/utility"
	"github.com/tacit-network/tacit/runtime/storage"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/trie"
)

// tester runs blocks on a trie in memory.
type tester struct {
	*testing.T
	rt      *runtime.Runtime
	state   *trie.Trie
	head    chain.Header
	genesis hash.H256
	o       *storage.Overlay
}

type backend struct{ *trie.Trie }

func (b backend) RootWith(changes []storage.Change, _ uint8) hash.H256 {
	t := b.Snapshot()
	apply(t, changes)
	return t.Root()
}

func apply(t *trie.Trie, changes []storage.Change) {
	for _, c := range changes {
		if c.Deleted {
			t.Delete(c.Key)
		} else {
			t.Put(c.Key, c.Value)
		}
	}
}

func verify(scheme uint8, account, message, signature []byte) bool {
	return keys.VerifyAccount(keys.Scheme(scheme), keys.AccountID(account), message, signature)
}

func pair(t testing.TB, uri string) keys.Pair {
	p, err := keys.FromURI(keys.Sr25519, uri)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// theValidator is the account of the only validator.
var theValidator = chain.AccountID{200}

func start(t *testing.T, choose ...func(*runtime.Genesis)) *tester {
	x := &tester{T: t, rt: runtime.New(), state: trie.New(trie.V1)}
	x.o = storage.NewOverlay(backend{x.state}, verify)
	alice := pair(t, "//Alice").AccountID()
	g := runtime.Genesis{
		Balances:   []runtime.Endowment{{Account: alice, Amount: runtime.Unit.MulSat(scale.U64(1000))}},
		Sudo:       &alice,
		Validators: []session.Validator{{Account: theValidator, Keys: session.Keys{Grandpa: [32]byte{1, 2, 3}, Engine: [32]byte{4}, Beacon: [32]byte{5}}}},
	}
	for _, f := range choose {
		f(&g)
	}
	if err := x.rt.Build(x.o, g); err != nil {
		t.Fatal(err)
	}
	apply(x.state, x.o.Changes())
	x.head = chain.Header{StateRoot: x.state.Root(), ExtrinsicsRoot: trie.EmptyRoot, Digest: []chain.DigestItem{}}
	x.genesis = x.head.Hash()
	return x
}

func (x *tester) call(method string, args []byte) []byte {
	x.Helper()
	out, err := x.rt.Call(x.o, method, args)
	if err != nil {
		x.Fatal(err)
	}
	return out
}

// block runs a block with the given whole extrinsics and returns how they ended.
func (x *tester) block(txs ...[]byte) (results []runtime.Applied, events []any) {
	x.Helper()
	x.o = storage.NewOverlay(backend{x.state}, verify)
	number := x.head.Number + 1
	x.call("Core_initialize_block", scale.Marshal(chain.Header{
		ParentHash: x.head.Hash(), Number: number, Digest: []chain.DigestItem{chain.AuraPreRuntime(uint64(number))},
	}))
	txs = append([][]byte{scale.AppendBytes(nil, x.rt.Bare(x.rt.SetTime(uint64(number)*1000)))}, txs...)
	var body [][]byte
	for i, tx := range txs {
		res, err := scale.Decode[runtime.Applied](x.call("BlockBuilder_apply_extrinsic", tx))
		if err != nil {
			x.Fatal(err)
		}
		if res.OK {
			body = append(body, tx)
		}
		if i > 0 {
			results = append(results, res)
		}
	}
	header, err := chain.DecodeHeader(x.call("BlockBuilder_finalize_block", nil))
	if err != nil {
		x.Fatal(err)
	}
	before := x.state.Snapshot()
	apply(x.state, x.o.Changes())
	if got := x.state.Root(); got != header.StateRoot {
		x.Fatalf("state root %v, header says %v", got, header.StateRoot)
	}
	if got := trie.OrderedRoot(trie.V0, body); got != header.ExtrinsicsRoot {
		x.Fatalf("extrinsics root %v, header says %v", got, header.ExtrinsicsRoot)
	}
	// The block, executed as one that somebody else made, leads to the same.
	again := storage.NewOverlay(backend{before}, verify)
	block := scale.Marshal(chain.Block{Header: header, Body: body})
	if _, err := x.rt.Call(again, "Core_execute_block", block); err != nil {
		x.Fatal(err)
	}
	x.head = header
	raw, _ := x.state.Get(x.rt.System.Events.Key())
	d := scale.NewDecoder(raw)
	n, err := d.Compact()
	for ; err == nil && n > 0; n-- {
		var phase frame.Phase
		var event any
		if err = d.Value(&phase); err == nil {
			if event, err = x.rt.Event(d); err == nil {
				events = append(events, event)
				var topics []hash.H256
				err = d.Value(&topics)
			}
		}
	}
	if err != nil {
		x.Fatalf("events: %v", err)
	}
	return results, events
}

func (x *tester) sign(who keys.Pair, nonce uint32, call any) []byte {
	implicit := chain.Implicit{SpecVersion: runtime.SpecVersion, TxVersion: runtime.TransactionVersion, Genesis: x.genesis, EraBlock: x.genesis}
	return chain.SignExtrinsic(who, scale.Marshal(x.rt.CallOf(call)), chain.Extra{Nonce: nonce}, implicit).Encode()
}

func (x *tester) free(who chain.AccountID) chain.Balance {
	o := storage.NewOverlay(backend{x.state}, verify)
	return x.rt.System.Account.Get(o, who).Data.Free
}

func TestTransfer(t *testing.T) {
	x := start(t)
	alice, bob := pair(t, "//Alice"), pair(t, "//Bob").AccountID()
	results, events := x.block(x.sign(alice, 0, balances.TransferKeepAlive{Dest: chain.AddressID{ID: bob}, Value: runtime.Unit}))
	if !results[0].OK || !results[0].Value.OK {
		t.Fatalf("transfer: %+v", results[0])
	}
	if got := x.free(bob); got != runtime.Unit {
		t.Fatalf("Bob has %s", got)
	}
	found := false
	for _, e := range events {
		if tr, ok := e.(balances.Transfer); ok && tr.To == bob && tr.Amount == runtime.Unit {
			found = true
		}
	}
	if !found {
		t.Fatalf("no Transfer among %+v", events)
	}
}

func TestRefused(t *testing.T) {
	x := start(t)
	alice, bob := pair(t, "//Alice"), pair(t, "//Bob")
	pay := balances.TransferKeepAlive{Dest: chain.AddressID{ID: bob.AccountID()}, Value: runtime.Unit}
	good := x.sign(alice, 0, pay)
	forged := bytes.Clone(good)
	forged[50] ^= 1
	old := chain.SignExtrinsic(alice, scale.Marshal(x.rt.CallOf(pay)), chain.Extra{Era: chain.MortalEra(64, 20)},
		chain.Implicit{SpecVersion: 1, TxVersion: 1, Genesis: x.genesis, EraBlock: x.genesis}).Encode()
	for _, c := range []struct {
		name string
		tx   []byte
		want frame.ValidityError
	}{
		{"future nonce", x.sign(alice, 1, pay), frame.Invalid{Reason: frame.Future{}}},
		{"bad signature", forged, frame.Invalid{Reason: frame.BadProof{}}},
		{"no money", x.sign(bob, 0, pay), frame.Invalid{Reason: frame.Payment{}}},
		{"unknown birth block", old, frame.Invalid{Reason: frame.AncientBirthBlock{}}},
		{"good", good, nil},
		{"again", good, frame.Invalid{Reason: frame.Stale{}}},
	} {
		before := x.free(alice.AccountID())
		results, _ := x.block(c.tx)
		res := results[0]
		if c.want == nil {
			if !res.OK || !res.Value.OK {
				t.Errorf("%s: %+v", c.name, res)
			}
			continue
		}
		if res.OK || res.Err != c.want {
			t.Errorf("%s: got %+v, want %v", c.name, res, c.want)
		}
		if after := x.free(alice.AccountID()); after != before {
			t.Errorf("%s: changed a balance from %s to %s", c.name, before, after)
		}
	}
}

func TestBatchRollsBack(t *testing.T) {
	x := start(t)
	alice, bob := pair(t, "//Alice"), pair(t, "//Bob").AccountID()
	pay := func(n uint64) frame.AnyCall {
		return x.rt.CallOf(balances.TransferKeepAlive{Dest: chain.AddressID{ID: bob}, Value: runtime.Unit.MulSat(scale.U64(n))})
	}
	results, _ := x.block(x.sign(alice, 0, utility.BatchAll{Calls: []frame.AnyCall{pay(1), pay(1000)}}))
	if !results[0].OK || results[0].Value.OK {
		t.Fatalf("batch_all: %+v", results[0])
	}
	if got, want := x.rt.Explain(results[0].Value.Err), "Token.FundsUnavailable"; got != want {
		t.Errorf("batch_all failed with %s, want %s", got, want)
	}
	if !x.free(bob).IsZero() {
		t.Errorf("Bob has %s after a batch that failed", x.free(bob))
	}
	results, _ = x.block(x.sign(alice, 1, utility.Batch{Calls: []frame.AnyCall{pay(1), pay(1000), pay(1)}}))
	if !results[0].OK || !results[0].Value.OK || x.free(bob) != runtime.Unit {
		t.Errorf("batch: %+v, Bob has %s", results[0], x.free(bob))
	}
}

func TestMetadata(t *testing.T) {
	rt := runtime.New()
	for _, version := range []byte{14, 15} {
		out, err := rt.Call(storage.NewOverlay(backend{trie.New(trie.V1)}, verify), "Metadata_metadata_at_version", []byte{version, 0, 0, 0})
		if err != nil {
			t.Fatal(err)
		}
		raw, err := scale.Decode[*[]byte](out)
		if err != nil || raw == nil {
			t.Fatalf("version %d: %v", version, err)
		}
		m, err := metadata.Decode(*raw)
		if err != nil {
			t.Fatal(err)
		}
		again := m.EncodeV14()
		if version == 15 {
			again = m.EncodeV15()
		}
		if !bytes.Equal(again, *raw) {
			t.Errorf("version %d does not encode as it was decoded", version)
		}
		t.Logf("version %d: %d bytes, %d types, %d pallets", version, len(*raw), len(m.Types), len(m.Pallets))
	}
}
