package p2p

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/grandpa"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/node/store"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/trie"
)

// warpAll follows warp proofs from genesis as a light client does, and returns
// the set and the block that it ends at, and how many proofs it took.
func warpAll(t testing.TB, a answers, set grandpa.AuthoritySet) (grandpa.AuthoritySet, chain.Header, int) {
	t.Helper()
	at, rounds := a.app.Genesis(), 0
	for {
		raw, err := a.warp(at[:])
		if err != nil {
			t.Fatal(err)
		}
		if len(raw) > a.maxWarp {
			t.Fatalf("%d bytes, and %d are the most", len(raw), a.maxWarp)
		}
		proof, err := grandpa.DecodeWarpProof(raw)
		if err != nil {
			t.Fatal(err)
		}
		var h chain.Header
		if set, h, err = proof.Verify(set); err != nil {
			t.Fatal(err)
		}
		at = h.Hash()
		if rounds++; proof.Finished {
			return set, h, rounds
		}
	}
}

// A warp proof leads over all changes of the set to the newest final block,
// also in pieces and where the old states are gone.
func TestWarp(t *testing.T) {
	for name, keep := range map[string]uint32{"archive": 0, "pruned": 4} {
		t.Run(name, func(t *testing.T) {
			c := newChain(t, 3, keep)
			c.changes(20)
			c.step(5)
			final := c.header(c.app.Final())
			want, err := c.app.Voters(c.app.Head().Number)
			if err != nil || want.ID < 15 {
				t.Fatal(want.ID, err)
			}
			whole, h, n := warpAll(t, answers{c.app, grandpa.MaxWarpProof}, c.genesisSet())
			if n != 1 || whole.ID != want.ID || h.Hash() != final.Hash() {
				t.Errorf("%d proofs to set %d and block %d, want 1 to %d and %d", n, whole.ID, h.Number, want.ID, final.Number)
			}
			pieces, h, n := warpAll(t, answers{c.app, 3000}, c.genesisSet())
			if n < 3 || pieces.ID != want.ID || h.Hash() != final.Hash() {
				t.Errorf("%d proofs to set %d and block %d, want more to %d and %d", n, pieces.ID, h.Number, want.ID, final.Number)
			}
			// From any block, the sets before it are left out.
			a := answers{c.app, grandpa.MaxWarpProof}
			for i := chain.BlockNumber(0); i <= final.Number; i++ {
				from := c.header(i).Hash()
				raw, err := a.warp(from[:])
				if err != nil {
					t.Fatal(err)
				}
				proof, err := grandpa.DecodeWarpProof(raw)
				if err != nil || !proof.Finished || len(proof.Fragments) == 0 != (i == final.Number) {
					t.Fatalf("from %d: %d fragments, %v, %v", i, len(proof.Fragments), proof.Finished, err)
				}
				for _, f := range proof.Fragments {
					if f.Header.Number <= i {
						t.Errorf("from %d: a fragment of block %d", i, f.Header.Number)
					}
				}
			}
		})
	}
}

func TestWarpNoAnswer(t *testing.T) {
	c := newChain(t, 1, 0)
	c.step(3)
	a := answers{c.app, grandpa.MaxWarpProof}
	head := c.app.Head().Hash()
	if _, err := a.warp(head[:]); !errors.Is(err, errNoAnswer) {
		t.Errorf("from a block that is not final: %v", err)
	}
	if _, err := a.warp(make([]byte, 32)); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("from an unknown block: %v", err)
	}
	if _, err := a.warp(make([]byte, 31)); !errors.Is(err, errGarbage) {
		t.Errorf("from 31 bytes: %v", err)
	}
}

// block is one of a BlockResponse, read with no code of ours.
type block struct {
	hash, header, justification []byte
	body                        [][]byte
}

func readBlocks(t *testing.T, raw []byte) (list []block) {
	t.Helper()
	each := func(raw []byte, f func(num protowire.Number, b []byte)) {
		for len(raw) > 0 {
			num, typ, n := protowire.ConsumeTag(raw)
			if n < 0 || typ != protowire.BytesType {
				t.Fatalf("tag %d %d", num, typ)
			}
			b, m := protowire.ConsumeBytes(raw[n:])
			if m < 0 {
				t.Fatal("bytes")
			}
			f(num, b)
			raw = raw[n+m:]
		}
	}
	each(raw, func(_ protowire.Number, one []byte) {
		var b block
		each(one, func(num protowire.Number, v []byte) {
			switch num {
			case 1:
				b.hash = v
			case 2:
				b.header = v
			case 3:
				b.body = append(b.body, v)
			case 8:
				b.justification = v
			default:
				t.Errorf("field %d", num)
			}
		})
		list = append(list, b)
	})
	return list
}

// ask is a BlockRequest.
func ask(fields uint64, hash []byte, number []byte, direction, most uint64) (raw []byte) {
	raw = protowire.AppendVarint(protowire.AppendTag(raw, 1, protowire.VarintType), fields)
	if hash != nil {
		raw = protowire.AppendBytes(protowire.AppendTag(raw, 2, protowire.BytesType), hash)
	}
	if number != nil {
		raw = protowire.AppendBytes(protowire.AppendTag(raw, 3, protowire.BytesType), number)
	}
	raw = protowire.AppendVarint(protowire.AppendTag(raw, 5, protowire.VarintType), direction)
	raw = protowire.AppendVarint(protowire.AppendTag(raw, 6, protowire.VarintType), most)
	return protowire.AppendVarint(protowire.AppendTag(raw, 7, protowire.VarintType), 1)
}

func TestBlocks(t *testing.T) {
	c := newChain(t, 3, 0)
	c.changes(6)
	c.step(200)
	a := answers{c.app, 0}
	head := c.app.Head()
	top := head.Hash()
	for _, tt := range []struct {
		name        string
		raw         []byte
		first, last chain.BlockNumber
	}{
		{"descending by hash", ask(wantHeader|wantJustification, top[:], nil, 1, 5), head.Number, head.Number - 4},
		{"descending to genesis", ask(wantHeader, nil, []byte{3}, 1, 100), 3, 0},
		{"ascending by number", ask(wantHeader|wantBody, nil, []byte{1, 0, 0, 0}, 0, 12), 1, 12},
		{"ascending to the head", ask(wantHeader, nil, []byte{byte(head.Number - 2)}, 0, 100), head.Number - 2, head.Number},
		{"as many as there are", ask(wantHeader, nil, []byte{0}, 0, 0), 0, maxBlocks - 1},
		{"more than is given", ask(wantHeader, nil, []byte{0}, 0, 1<<40), 0, maxBlocks - 1},
	} {
		raw, err := a.blocks(tt.raw)
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		n := tt.first
		list := readBlocks(t, raw)
		for _, b := range list {
			want := c.header(n)
			h := want.Hash()
			if !bytes.Equal(b.hash, h[:]) || !bytes.Equal(b.header, want.Encode()) {
				t.Fatalf("%s: block %d is %x %x", tt.name, n, b.hash, b.header)
			}
			if n != tt.last && tt.first > tt.last {
				n--
			} else if n != tt.last {
				n++
			}
		}
		if want := max(tt.first, tt.last) - min(tt.first, tt.last) + 1; len(list) != int(want) {
			t.Errorf("%s: %d blocks, want %d", tt.name, len(list), want)
		}
	}
	// Justifications are those of blocks that end a set, which verify.
	raw, err := a.blocks(ask(wantHeader|wantBody|wantJustification, nil, []byte{1}, 0, 20))
	if err != nil {
		t.Fatal(err)
	}
	set, ends := c.genesisSet(), 0
	for _, b := range readBlocks(t, raw) {
		h, err := chain.DecodeHeader(b.header)
		if err != nil {
			t.Fatal(err)
		}
		body, err := c.app.Store().Body(h.Hash())
		if err != nil || !slices.EqualFunc(body, b.body, bytes.Equal) || len(body) == 0 {
			t.Errorf("block %d: %d extrinsics, %v", h.Number, len(b.body), err)
		}
		if b.justification == nil {
			continue
		}
		ends++
		list, err := scale.Decode[[]struct {
			Engine chain.Engine
			Data   []byte
		}](b.justification)
		if err != nil || len(list) != 1 || list[0].Engine != chain.EngineGrandpa {
			t.Fatal(list, err)
		}
		j, err := grandpa.DecodeJustification(list[0].Data)
		if err != nil {
			t.Fatal(err)
		}
		if err := grandpa.Verify(j, set, h); err != nil {
			t.Errorf("block %d: %v", h.Number, err)
		}
		logs, _ := grandpa.Logs(h)
		change, _ := grandpa.FindChanges(logs)
		if change == nil {
			t.Fatalf("block %d changes no set", h.Number)
		}
		set = grandpa.AuthoritySet{ID: set.ID + 1, Authorities: change.Next}
	}
	if ends < 5 {
		t.Errorf("%d sets ended", ends)
	}
	for name, raw := range map[string][]byte{
		"an unknown hash": ask(wantHeader, make([]byte, 32), nil, 1, 5), "a number to come": ask(wantHeader, nil, []byte{0, 0, 0, 0xff}, 0, 5),
	} {
		if raw, err := a.blocks(raw); err != nil || raw == nil || len(raw) != 0 {
			t.Errorf("%s: %x, %v", name, raw, err)
		}
	}
}

func lightRead(num, keys protowire.Number, block []byte, list ...[]byte) []byte {
	b := protowire.AppendBytes(protowire.AppendTag(nil, 2, protowire.BytesType), block)
	for _, k := range list {
		b = protowire.AppendBytes(protowire.AppendTag(b, keys, protowire.BytesType), k)
	}
	return protowire.AppendBytes(protowire.AppendTag(nil, num, protowire.BytesType), b)
}

func lightCall(block []byte, method string, args []byte) []byte {
	b := protowire.AppendBytes(protowire.AppendTag(nil, 2, protowire.BytesType), block)
	b = protowire.AppendBytes(protowire.AppendTag(b, 3, protowire.BytesType), []byte(method))
	b = protowire.AppendBytes(protowire.AppendTag(b, 4, protowire.BytesType), args)
	return protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), b)
}

// proofIn takes the proof out of an answer.
func proofIn(t *testing.T, num protowire.Number, raw []byte) (items [][]byte, ok bool) {
	t.Helper()
	got, typ, n := protowire.ConsumeTag(raw)
	inner, m := protowire.ConsumeBytes(raw[max(n, 0):])
	if got != num || typ != protowire.BytesType || m < 0 || n+m != len(raw) {
		t.Fatalf("answer %x", raw)
	}
	if len(inner) == 0 {
		return nil, false
	}
	got, _, n = protowire.ConsumeTag(inner)
	proof, m := protowire.ConsumeBytes(inner[n:])
	if got != 2 || m < 0 {
		t.Fatalf("answer %x", raw)
	}
	items, err := scale.Decode[[][]byte](proof)
	if err != nil {
		t.Fatal(err)
	}
	return items, true
}

// Proofs are strict: they prove what was asked, and have nothing else.
func TestLight(t *testing.T) {
	c := newChain(t, 1, 4)
	c.step(8)
	a := answers{c.app, 0}
	head := c.app.Head()
	at, old := head.Hash(), c.header(1).Hash()
	rt := c.app.Runtime()
	who := c.alice.AccountID()
	account, absent := rt.System.Account.Key(who), []byte("nothing")
	raw, err := a.light(lightRead(2, 3, at[:], account, absent, runtime.CodeKey, account))
	if err != nil {
		t.Fatal(err)
	}
	items, _ := proofIn(t, 2, raw)
	values, err := trie.ReadProof(head.StateRoot, items, account, absent, runtime.CodeKey)
	if err != nil || len(values[0]) == 0 || values[1] != nil || !bytes.Equal(values[2], rt.Code()) {
		t.Errorf("read: %v", err)
	}
	raw, err = a.light(lightCall(at[:], "AccountNonceApi_account_nonce", who[:]))
	if err != nil {
		t.Fatal(err)
	}
	items, _ = proofIn(t, 1, raw)
	if values, err = trie.ReadProof(head.StateRoot, items, account); err != nil || len(values[0]) == 0 {
		t.Errorf("call: %v", err)
	}
	raw, err = a.light(lightCall(at[:], "Core_version", nil))
	if err != nil {
		t.Fatal(err)
	}
	if items, ok := proofIn(t, 1, raw); !ok || len(items) != 1 || hash.Blake2b256(items[0]) != head.StateRoot {
		t.Errorf("a call that reads nothing is proved by %d items", len(items))
	}
	for name, q := range map[string]struct {
		num protowire.Number
		raw []byte
	}{
		"unknown block":  {2, lightRead(2, 3, make([]byte, 32), account)},
		"pruned state":   {2, lightRead(2, 3, old[:], account)},
		"unknown method": {1, lightCall(at[:], "Core_execute_block", nil)},
		"bad arguments":  {1, lightCall(at[:], "AccountNonceApi_account_nonce", []byte{1})},
	} {
		raw, err := a.light(q.raw)
		if err != nil {
			t.Fatal(name, err)
		}
		if items, ok := proofIn(t, q.num, raw); ok {
			t.Errorf("%s: %d items", name, len(items))
		}
	}
	if _, err := a.light(lightRead(4, 6, at[:], account)); !errors.Is(err, errNoAnswer) {
		t.Errorf("child trie: %v", err)
	}
}
