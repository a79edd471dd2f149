package engine_test

import (
	"bytes"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/node/engine"
	"github.com/tacit-network/tacit/runtime/pallet/system"
)

// TestProposeLeavesNoTrace proposes a block of which much is refused, in every
// place and for every reason, and executes what is left of it elsewhere.
func TestProposeLeavesNoTrace(t *testing.T) {
	n, other := open(t, 1, vfs.NewMem()), open(t, 1, vfs.NewMem())
	alice := account(t, "//Alice")
	remark := func(nonce uint32, size int) []byte {
		return n.sign(alice, nonce, system.Remark{Remark: make([]byte, size)})
	}
	first, second := n.pay(0), remark(1, 100)
	forged := bytes.Clone(first)
	forged[60] ^= 1
	poor := n.sign(account(t, "//Nobody"), 0, system.Remark{})
	rt := n.app.Runtime()
	stamp := rt.Bare(rt.SetTime(7))
	in := engine.Input{Time: 2_000_000, Validators: 1, Txs: [][]byte{
		{1, 2, 3}, forged, first, poor, first, append([]byte{byte(len(stamp) << 2)}, stamp...), n.pay(5), second, forged,
	}}
	// What does not fit any more stands before what would.
	for i := range uint32(30) {
		in.Txs = append(in.Txs, remark(2+i, 400_000))
	}
	txs, err := n.app.Propose(in)
	if err != nil {
		t.Fatal(err)
	}
	if len(txs) < 4 || len(txs) >= 30 || !bytes.Equal(txs[0], first) || !bytes.Equal(txs[1], second) {
		t.Fatalf("%d transactions stand in the block", len(txs))
	}
	in.Txs = txs
	kept, err := n.app.Execute(in)
	if err != nil {
		t.Fatal(err)
	}
	again, err := other.app.Execute(in)
	if err != nil {
		t.Fatal(err)
	}
	for i, refused := range again.Refused {
		if refused != nil {
			t.Errorf("transaction %d, which was proposed: %v", i, refused)
		}
	}
	if kept.Header.Hash() != again.Header.Hash() || len(kept.Body) != len(again.Body) || len(kept.Refused) != len(txs) {
		t.Errorf("proposed %v, executed %v", kept.Header, again.Header)
	}
	if err := other.app.Check(in); err != nil {
		t.Error(err)
	}
}

// The proof of a block that comes after that of a newer one is kept too, so
// that no block is without.
func TestLateJustification(t *testing.T) {
	n, other := open(t, 1, vfs.NewMem()), open(t, 1, vfs.NewMem())
	for range 6 {
		h := n.step()
		if _, err := other.app.Execute(engine.Input{Time: n.now, Validators: 1, Txs: bodyOf(t, n.app, h)}); err != nil {
			t.Fatal(err)
		}
		if err := other.app.Commit(); err != nil {
			t.Fatal(err)
		}
	}
	for _, number := range []uint32{3, 2, 4, 1} {
		j, err := n.app.Store().Justification(number)
		if err != nil {
			t.Fatal(err)
		}
		if err := other.app.Finalize(number, j); err != nil {
			t.Fatal(err)
		}
	}
	if got := other.app.Final(); got != 4 {
		t.Errorf("block %d is final, want 4", got)
	}
	for number := uint32(1); number <= 4; number++ {
		if _, err := other.app.Store().Justification(number); err != nil {
			t.Error(err)
		}
	}
}

// bodyOf returns the transactions of a block without the time.
func bodyOf(t *testing.T, app *engine.App, h chain.Header) [][]byte {
	t.Helper()
	body, err := app.Store().Body(h.Hash())
	if err != nil {
		t.Fatal(err)
	}
	return body[1:]
}
