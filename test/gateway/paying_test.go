package gateway

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/client"
	"github.com/tacit-network/tacit/contract/frame"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	"github.com/tacit-network/tacit/scale"
)

// Where gas and storage are paid for, a client is told by a dry run what a call
// costs and pays exactly that; who cannot pay is refused as by a chain.
func TestPaying(t *testing.T) {
	s := begin(t, "terms gas=0.5 item=2 byte=0.01 to=Charlie by=Alice\ndeposit 100 by=Alice\nsettle\n")
	bob, unit := pair(t, "Bob"), scale.U64(1_000_000_000_000)
	half, _ := unit.DivMod(scale.U64(2))
	terms := words.Terms{GasPrice: half}
	source := code(t, "AssemblyScript")
	id := words.ContractID(bob.AccountID(), client.CodeName(client.Pack(source)), s.cluster, nil)
	if statuses, events := s.send(s.sign(bob, 0, frame.InstantiateWithCode{GasLimit: plenty, Code: source, Data: selNew})); statuses != "ready inBlock finalized" {
		t.Fatalf("%s %x", statuses, events)
	}
	// Two entries, of 48 bytes with their keys, as in docs/contracts/paying.md.
	before := s.account(bob).Free
	if least := unit.MulSat(scale.U64(100)).SubSat(unit.MulSat(scale.U64(4))); least.Less(before) {
		t.Errorf("Bob has %v after a constructor that stores", before)
	}
	input := binary.LittleEndian.AppendUint64(bytes.Clone(selIncrement), 7)
	dry := s.call(bob, id, input)
	charge, ok := dry.StorageDeposit.(frame.Charge)
	if !ok || !dry.Result.OK {
		t.Fatalf("a dry run gives %+v", dry)
	}
	want := before.SubSat(charge.Amount).SubSat(terms.Fee(dry.GasConsumed.RefTime / frame.RefTime))
	call := frame.Call{Dest: chain.AddressID{ID: keys.AccountID(id)}, GasLimit: plenty, Data: input}
	if statuses, events := s.send(s.sign(bob, 1, call)); statuses != "ready inBlock finalized" || s.account(bob).Free != want || want == before {
		t.Errorf("%s %x: Bob has %v of %v, want %v", statuses, events, s.account(bob).Free, before, want)
	}
	if statuses, _ := s.send(s.sign(pair(t, "Dave"), 0, call)); statuses != "ready invalid" {
		t.Errorf("without money: %s", statuses)
	}
}
