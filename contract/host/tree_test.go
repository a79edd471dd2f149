package host

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"

	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/scale"
)

// treeCode is the name of a code of the tests below.
func treeCode(n int) hash.H256 { return hash.H256{0x7e, byte(n)} }

// treeProgram is a contract that stores, pays, calls, delegates, makes others,
// changes its code and ends, in random order, and now and then fails. Its
// constructor does the same.
func treeProgram(rng *rand.Rand, codes int, who [][32]byte) []byte {
	const ids, names, amounts, text = 1024, 2048, 3072, 4096
	p := new(program).put(atSize, []byte{0, 8, 0, 0}).put(text, bytes.Repeat([]byte{7}, 200))
	for i, id := range who {
		p.put(ids+32*i, id[:])
	}
	for i := range codes {
		name := treeCode(i)
		p.put(names+32*i, name[:])
	}
	for i := range 4 {
		p.put(amounts+16*i, amount(uint64(i*i)))
	}
	id := func() int { return ids + 32*rng.IntN(len(who)) }
	code := func() int { return names + 32*rng.IntN(codes) }
	value := func() int { return amounts + 16*rng.IntN(4) }
	key := func() int { return text + rng.IntN(4) }
	const skip = 0xffffffff
	for range 2 + rng.IntN(6) {
		p.put(atSize, []byte{0, 8, 0, 0})
		switch rng.IntN(16) {
		case 0, 1, 2:
			p.do("seal2.set_storage", key(), 1+rng.IntN(3), text, rng.IntN(100))
		case 3:
			p.do("seal1.clear_storage", key(), 1+rng.IntN(3))
		case 4:
			p.do("seal0.take_storage", key(), 1+rng.IntN(3), 8192, atSize).store(atSize, 2048)
		case 5:
			p.do("seal0.transfer", id(), 32, value(), 16)
		case 6, 7, 8:
			flags := []int{0, flagAllowReentry, flagAllowReentry, flagAllowReentry, flagReadOnly | flagAllowReentry, flagCloneInput | flagAllowReentry, flagForwardInput, flagTailCall}[rng.IntN(8)]
			gas := []int64{0, 0, 0, 30_000_000, 200_000_000}[rng.IntN(5)]
			p.do("seal1.seal_call", flags, id(), gas, value(), 0, 0, skip, 0)
		case 9, 10:
			p.do("seal0.delegate_call", flagTailCall*rng.IntN(2), code(), 0, 0, skip, 0)
		case 11, 12:
			p.do("seal1.instantiate", code(), int64(0), value(), 0, 0, skip, 0, skip, 0, text, rng.IntN(6))
		case 13:
			p.do("seal0.set_code_hash", code())
		case 14:
			switch rng.IntN(6) {
			case 0:
				p.do("seal1.terminate", id())
			case 1:
				p.do("seal0.lock_delegate_dependency", code())
			case 2:
				p.do("seal0.unlock_delegate_dependency", code())
			case 3:
				p.do("seal0.seal_return", vm.FlagRevert, 0, 0)
			case 4:
				p.code = append(p.code, 0) // unreachable
			}
		case 15:
			p.do("seal0.deposit_event", 0, 0, text, rng.IntN(50)).do("seal0.set_transient_storage", key(), 1, text, 3)
		}
	}
	// The constructor is the same function.
	n := byte(len(p.imports))
	return bytes.Replace(p.module(), append([]byte("\x06deploy\x00"), n+1), append([]byte("\x06deploy\x00"), n), 1)
}

// counted is what a contract stores: entries, bytes as growth counts them, as its
// own limit does, and as the cluster's.
type counted struct{ items, bytes, usage, cluster int64 }

func count(s State) (c counted) {
	for key, v := range s.(Memory) {
		if key == usageKey {
			continue
		}
		c.items++
		c.bytes += int64(len(key) - 1 + len(v))
		c.usage += int64(entryBytes(key, v))
		c.cluster += int64(clusterEntry + len(key) + len(v))
	}
	return c
}

// Whatever contracts do to one another, what is told of a transaction is what came
// of it: how much each stores more, what the cluster does, who holds what; and
// nothing comes of one that fails.
func TestRandomTrees(t *testing.T) {
	worlds := uint64(150)
	if testing.Short() {
		worlds = 50
	}
	e := engines(t)[0]
	seen := map[vm.Status]int{}
	made, ended := 0, 0
	for seed := range worlds {
		rng := rand.New(rand.NewPCG(seed, 11))
		const codes = 5
		who := [][32]byte{{1}, {2}, {3}, {4}, bob}
		o := newOthers(map[[32]byte]Contract{})
		money := purse{payer: scale.U64(500), bob: scale.U64(3)}
		for i := range codes {
			for salt := range 2 { // addresses of contracts that they make
				who = append(who, o.Address(who[i%4], treeCode(i), bytes.Repeat([]byte{7}, salt)))
			}
		}
		for i := range codes {
			o.codes[treeCode(i)] = load(t, e, treeProgram(rng, codes, who))
		}
		for i := range 4 {
			o.contracts[who[i]] = Contract{Record{Code: treeCode(i), Owner: alice}, o.codes[treeCode(i)], Memory{}}
			money[who[i]] = scale.U64(100)
		}
		for range 12 {
			id := who[rng.IntN(4)]
			c := o.contracts[id]
			if c.Ended {
				continue
			}
			before := map[[32]byte]counted{}
			for id, c := range o.contracts {
				before[id] = count(c.State)
			}
			text := func() string { return fmt.Sprint(o.contracts, money) }
			was, records, rich := text(), maps.Clone(o.contracts), maps.Clone(money)
			env := Env{State: c.State, Code: c.Code, Owner: c.Owner, Others: o, Caller: payer, Address: id, Value: scale.U64(rng.Uint64N(3)), Seed: hash.H256{byte(seed)}, Money: money, Input: []byte("in")}
			tx := newTransaction(env)
			if !tx.move(env.Caller, env.Address, env.Value) {
				t.Fatal("the payer is poor")
			}
			x := &execution{t: tx, env: env, origin: env.Caller, reentry: true}
			out, err := c.Module.Execute(context.Background(), "call", x, 2e8)
			if err != nil || tx.fault != nil {
				t.Fatal(err, tx.fault)
			}
			seen[out.Status]++
			if out.Status != vm.OK {
				if text() != was {
					t.Fatalf("world %d: %v leaves something", seed, out.Status)
				}
				continue
			}
			grown := map[[32]byte]Growth{}
			for _, g := range tx.commit(o) {
				grown[g.Contract] = g
			}
			var cluster int64
			var sum tally
			for id, c := range o.contracts {
				now := count(c.State)
				want := Growth{Contract: id, Items: now.items - before[id].items, Bytes: now.bytes - before[id].bytes}
				if c.Ended && !records[id].Ended {
					want = Growth{Contract: id, Ended: true, Heir: grown[id].Heir}
					ended++
				}
				if got := grown[id]; (want.Items != 0 || want.Bytes != 0 || want.Ended) && got != want || want == (Growth{Contract: id}) && got != (Growth{}) {
					t.Fatalf("world %d: %x grows by %+v, told is %+v", seed, id[0], want, got)
				}
				if usage, _ := c.State.Get([]byte(usageKey)); !c.Ended && (len(usage) == 8 && binary.LittleEndian.Uint64(usage) != uint64(now.usage) || len(usage) == 0 && now.usage != 0) {
					t.Fatalf("world %d: %x stores %d, and counts %x", seed, id[0], now.usage, usage)
				}
				if c.Ended && money[id] != (scale.U128{}) {
					t.Fatalf("world %d: what ended holds %v", seed, money[id])
				}
				sum = sum.plus(tally{want.Items, want.Bytes})
				if c.Ended { // what it stored goes with it
					now.cluster = 0
				}
				if !records[id].Ended {
					cluster += now.cluster - before[id].cluster
				}
				if _, old := records[id]; !old {
					cluster += clusterContract
					made++
				}
			}
			for id := range money {
				if rich[id].IsZero() {
					cluster += clusterBalance
				}
			}
			if tx.grown < cluster {
				t.Fatalf("world %d: the cluster stores %d more, and counts %d", seed, cluster, tx.grown)
			}
			if money.sum() != scale.U64(903) {
				t.Fatalf("world %d: %v tokens of 903", seed, money.sum())
			}
			if all := tx.all; all != sum {
				t.Fatalf("world %d: all contracts grow by %+v, counted is %+v", seed, sum, all)
			}
		}
	}
	t.Log(seen, made, ended)
	if seen[vm.OK] == 0 || seen[vm.Trapped] == 0 || made == 0 || ended == 0 {
		t.Errorf("the trees are too much alike: %v, %d made, %d ended", seen, made, ended)
	}
}
