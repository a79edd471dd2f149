package engine_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/node/engine"
	"github.com/tacit-network/tacit/node/pool"
	"github.com/tacit-network/tacit/node/store"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/pallet/sudo"
	"github.com/tacit-network/tacit/runtime/pallet/system"
	"github.com/tacit-network/tacit/runtime/pallet/utility"
	"github.com/tacit-network/tacit/scale"
)

// second is a version that differs from the first: its batches are short.
func second() runtime.Version {
	v := runtime.Versions()[0]
	v.Spec, v.BatchedCalls = 2, 2
	return v
}

func both() *runtime.Runtime { return runtime.Carrying(runtime.Versions()[0], second()) }

// openWith opens a chain of Alice's with a program.
func openWith(t *testing.T, rt *runtime.Runtime, fs vfs.FS) (*net, error) {
	pairs, spec := validators(t, 4)
	root := account(t, "//Alice").AccountID()
	spec.Genesis.Sudo = &root
	db, err := store.Open(store.Config{Dir: "chain", FS: fs})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	app, err := engine.NewApp(engine.Config{Spec: spec, Runtime: rt, Store: db})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	p := pool.New(app)
	app.UsePool(p)
	return &net{T: t, app: app, pool: p, solo: engine.NewSolo(app, pairs), now: 1_000_000 + uint64(app.Head().Number)*1000}, nil
}

// signFor signs a call for a spec version.
func (n *net) signFor(spec, nonce uint32, call any) []byte {
	implicit := chain.Implicit{SpecVersion: spec, TxVersion: 1, Genesis: n.app.Genesis(), EraBlock: n.app.Genesis()}
	return chain.SignExtrinsic(account(n, "//Alice"), scale.Marshal(n.app.Runtime().CallOf(call)), chain.Extra{Nonce: nonce}, implicit).Encode()
}

func (n *net) submit(raw []byte) {
	n.Helper()
	if _, err := n.pool.Submit(raw); err != nil {
		n.Fatal(err)
	}
}

// authorize authorizes version 2 after a block.
func (n *net) authorize(nonce uint32, height chain.BlockNumber) {
	n.Helper()
	call := n.app.Runtime().CallOf(system.AuthorizeUpgrade{SpecVersion: 2, Height: height})
	n.submit(n.signFor(1, nonce, sudo.Sudo{Call: call}))
	n.step()
}

func batchOf(n *net, calls int) any {
	return utility.Batch{Calls: slices.Repeat([]frame.AnyCall{n.app.Runtime().CallOf(system.Remark{})}, calls)}
}

// At the height that was authorized the header and the code change; the block
// is still executed by the old version, and all after it by the new one. What
// is asked about a block is answered by the version in force after it.
func TestUpgrade(t *testing.T) {
	fs := vfs.NewMem()
	n, err := openWith(t, both(), fs)
	if err != nil {
		t.Fatal(err)
	}
	n.step()
	n.authorize(0, 5)
	n.step()
	waiting, err := n.pool.SubmitAndWatch(n.signFor(1, 2, batchOf(n, 3))) // waits for the nonce before
	if err != nil {
		t.Fatal(err)
	}
	n.step()
	n.submit(n.signFor(1, 1, batchOf(n, 3)))
	if n.step(); n.app.Head().Number != 5 {
		t.Fatalf("at block %d", n.app.Head().Number)
	}
	if body, err := n.app.Store().Body(n.app.Head().Hash()); err != nil || len(body) != 4 { // the time, a proof and both batches
		t.Errorf("block 5 has %d extrinsics, %v", len(body), err)
	}
	if got := kinds(waiting); !equal(got, []pool.Kind{pool.Future, pool.Ready, pool.Broadcast, pool.InBlock}) {
		t.Errorf("the batch in the last block of version 1: %v", got)
	}
	for number := chain.BlockNumber(0); number <= 5; number++ {
		header, err := n.app.Store().HeaderAt(number)
		if err != nil {
			t.Fatal(err)
		}
		want := uint32(1)
		if number == 5 {
			want = 2
		}
		if header.RuntimeUpdated() != (number == 5) {
			t.Errorf("block %d says that the runtime changed: %v", number, header.RuntimeUpdated())
		}
		check(n, header, want)
	}
	if last := n.app.Head().Digest; len(last) != 3 {
		t.Errorf("the digest of block 5 has %d items, want a slot, the change and a seal", len(last))
	} else if _, ok := last[2].(chain.DigestSeal); !ok {
		t.Errorf("the digest of block 5 ends with a %T", last[2])
	}

	// From now on what was signed for version 1 has a bad signature, and the
	// shorter batches are in force.
	if _, err := n.pool.Submit(n.signFor(1, 3, system.Remark{})); err != (frame.Invalid{Reason: frame.BadProof{}}) {
		t.Errorf("signed for version 1: %v", err)
	}
	n.submit(n.signFor(2, 3, batchOf(n, 3)))
	n.submit(n.signFor(2, 4, batchOf(n, 2)))
	n.step()
	check(n, n.app.Head(), 2)
	var failed int
	for _, event := range events(n) {
		if f, ok := event.(system.ExtrinsicFailed); ok {
			failed++
			if got := n.app.Runtime().Explain(f.DispatchError); got != "Utility.TooManyCalls" {
				t.Errorf("the batch of three: %s", got)
			}
		}
	}
	if failed != 1 {
		t.Errorf("%d batches failed, want 1", failed)
	}
	n.step()
	if n.app.Final() != 6 {
		t.Errorf("block %d is final, want 6", n.app.Final())
	}

	// Another program executes the same blocks to the same states: the first of
	// them again from genesis.
	again, err := openWith(t, both(), vfs.NewMem())
	if err != nil {
		t.Fatal(err)
	}
	for number := chain.BlockNumber(1); number <= 7; number++ {
		want, err := n.app.Store().HeaderAt(number)
		if err != nil {
			t.Fatal(err)
		}
		body, err := n.app.Store().Body(want.Hash())
		if err != nil {
			t.Fatal(err)
		}
		again.now += 1000
		in := engine.Input{Time: again.now, Proposer: int(number-1) % 4, Validators: 4, Txs: body[1:]}
		if s, err := again.app.Execute(in); err != nil || s.Header.Hash() != want.Hash() {
			t.Fatalf("block %d is %v again, want %v: %v", number, s.Header, want, err)
		}
		if err := again.app.Commit(); err != nil {
			t.Fatal(err)
		}
	}
}

// check asks about a block in all ways.
func check(n *net, h chain.Header, want uint32) {
	n.Helper()
	rt, err := n.app.RuntimeAt(h.Hash())
	if err != nil || rt.Spec() != want {
		n.Fatalf("block %d has version %v, want %d: %v", h.Number, rt, want, err)
	}
	raw, err := n.app.Call(h.Hash(), "Core_version", nil)
	if err != nil {
		n.Fatal(err)
	}
	if v, err := scale.Decode[system.RuntimeVersion](raw); err != nil || v.SpecVersion != want {
		n.Errorf("block %d answers as version %d, want %d: %v", h.Number, v.SpecVersion, want, err)
	}
	if got, err := n.app.Metadata(h.Hash()); err != nil || !bytes.Equal(got, rt.Metadata().EncodeV14()) {
		n.Errorf("block %d: the metadata is not version %d's: %v", h.Number, want, err)
	}
	state, err := n.app.StateAt(h.Hash())
	if err != nil {
		n.Fatal(err)
	}
	if code, _ := state.Get(runtime.CodeKey); !bytes.Equal(code, rt.Code()) {
		n.Errorf("block %d: the code is not version %d's", h.Number, want)
	}
	// frame_system::LastRuntimeUpgradeInfo is a compact number and a string;
	// the key is twox128("System") ‖ twox128("LastRuntimeUpgrade"), as
	// Polkadot's storage has it.
	key, _ := hex.DecodeString("26aa394eea5630e07c48ae0c9558cef7f9cce9c888469bb1a0dceaa129672ef8")
	if got, _ := state.Get(key); !bytes.Equal(got, append([]byte{byte(want << 2), 5 << 2}, "tacit"...)) {
		n.Errorf("block %d: the last upgrade is %x", h.Number, got)
	}
}

// events are those of the newest block.
func events(n *net) (list []any) {
	n.Helper()
	state, err := n.app.StateAt(n.app.Head().Hash())
	if err != nil {
		n.Fatal(err)
	}
	raw, _ := state.Get(n.app.Runtime().System.Events.Key())
	d := scale.NewDecoder(raw)
	count, err := d.Len(3)
	if err != nil {
		n.Fatal(err)
	}
	for range count {
		var phase frame.Phase
		var topics [][32]byte
		if err := d.Value(&phase); err != nil {
			n.Fatal(err)
		}
		event, err := n.app.Runtime().Event(d)
		if err != nil {
			n.Fatal(err)
		}
		if err := d.Value(&topics); err != nil {
			n.Fatal(err)
		}
		list = append(list, event)
	}
	return list
}

// A program that lacks the version stops before the last block of the old one,
// starts no more, and the chain goes on with another program.
func TestOutdated(t *testing.T) {
	fs := vfs.NewMem()
	n, err := openWith(t, runtime.New(), fs)
	if err != nil {
		t.Fatal(err)
	}
	n.authorize(0, 4)
	if n.step(); n.app.Outdated() != nil {
		t.Errorf("two blocks before: %v", n.app.Outdated())
	}
	n.step()
	want := engine.Outdated{Block: 4, Lacks: runtime.NoVersion{Spec: 2, Oldest: 1, Newest: 1}}
	if err := n.app.Outdated(); err != want {
		t.Errorf("got %v, want %v", err, want)
	}
	if _, err := n.solo.Step(n.now + 1000); !errors.Is(err, want) {
		t.Errorf("block 4: %v, want %v", err, want)
	}
	if got := n.app.Head().Number; got != 3 {
		t.Errorf("it stops at block %d, want 3", got)
	}
	_ = n.app.Store().Close()
	for _, rt := range []*runtime.Runtime{runtime.New(), runtime.Carrying(second())} {
		// The second cannot make the genesis of a chain that began with version 1.
		if _, err := openWith(t, rt, fs); !errors.As(err, new(runtime.NoVersion)) {
			t.Errorf("a program with version %d starts: %v", rt.Spec(), err)
		}
	}
	n, err = openWith(t, both(), fs)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		n.step()
	}
	check(n, n.app.Head(), 2)
	// The old program does not take it back.
	_ = n.app.Store().Close()
	want.Block = 7
	if _, err := openWith(t, runtime.New(), fs); !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}

// What waits in the pool for a nonce, signed for the old version, is invalid
// after the upgrade, and cannot make a proposal that nobody votes for.
func TestUpgradePool(t *testing.T) {
	n, err := openWith(t, both(), vfs.NewMem())
	if err != nil {
		t.Fatal(err)
	}
	n.authorize(0, 2)
	var list []*pool.Watch
	for nonce := uint32(2); nonce < 302; nonce++ { // more than are judged again after each block
		w, err := n.pool.SubmitAndWatch(n.signFor(1, nonce, system.Remark{}))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, w)
	}
	n.step()
	for i, w := range list {
		if got := kinds(w); !equal(got, []pool.Kind{pool.Future, pool.Invalid}) {
			t.Fatalf("transaction %d: %v", i, got)
		}
	}
	n.submit(n.signFor(2, 1, system.Remark{}))
	n.step()
}

// A version changes what the one before left in the state, once and in the
// block that ends it; versions on the way to the next one do so too.
func TestMigration(t *testing.T) {
	moved := []byte("moved")
	versions := []runtime.Version{runtime.Versions()[0], second(), second()}
	versions[1].Migrate = func(_ *runtime.Runtime, ctx *frame.Context) { ctx.Set(moved, []byte{2}) }
	versions[2].Spec = 3
	versions[2].Migrate = func(r *runtime.Runtime, ctx *frame.Context) {
		old, _ := ctx.Get(moved)
		ctx.Set(moved, append(old, byte(r.Spec())))
	}
	n, err := openWith(t, runtime.Carrying(versions...), vfs.NewMem())
	if err != nil {
		t.Fatal(err)
	}
	n.step()
	call := n.app.Runtime().CallOf(system.AuthorizeUpgrade{SpecVersion: 3, Height: 4})
	n.submit(n.signFor(1, 0, sudo.Sudo{Call: call}))
	for _, want := range [][]byte{nil, nil, {2, 3}, {2, 3}} {
		h := n.step()
		state, err := n.app.StateAt(h.Hash())
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := state.Get(moved); !bytes.Equal(got, want) {
			t.Errorf("after block %d: %v, want %v", h.Number, got, want)
		}
	}
}
