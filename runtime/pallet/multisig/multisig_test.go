package multisig_test

import (
	"errors"
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/frame/frametest"
	"github.com/tacit-network/tacit/runtime/pallet/balances"
	"github.com/tacit-network/tacit/runtime/pallet/multisig"
	"github.com/tacit-network/tacit/runtime/pallet/system"
	"github.com/tacit-network/tacit/scale"
)

// What the calls do otherwise is compared with a real runtime, in package
// runtime's TestPaseo. The rules here are those of pallet_multisig's
// poke_deposit and limits.
var alice, bob, carol = chain.AccountID{1}, chain.AccountID{2}, chain.AccountID{3}

type world struct {
	*frametest.Chain
	money *balances.Pallet
	multi *multisig.Pallet
}

func start(t *testing.T) *world {
	w := &world{Chain: frametest.New(t)}
	sys := &system.Pallet{}
	w.money = &balances.Pallet{Accounts: sys, Config: balances.Config{ExistentialDeposit: scale.U64(10)}}
	w.multi = &multisig.Pallet{Money: w.money, Blocks: w.Chain, Config: multisig.Config{
		DepositBase: scale.U64(100), DepositFactor: scale.U64(10), MaxSignatories: 3,
	}}
	w.Start(frame.At{Index: 0, Module: sys}, frame.At{Index: 3, Module: w.money}, frame.At{Index: 13, Module: w.multi})
	for _, who := range []chain.AccountID{alice, bob, carol} {
		if err := w.money.Endow(w.Context(), who, scale.U64(1000)); err != nil {
			t.Fatal(err)
		}
	}
	w.Take()
	return w
}

func (w *world) pay(n uint64) frame.AnyCall {
	return w.Runtime.CallOf(balances.TransferAllowDeath{Dest: chain.AddressID{ID: carol}, Value: scale.U64(n)})
}

func (w *world) reserved(who chain.AccountID) uint64 {
	return w.money.Accounts.Info(w.Context(), who).Data.Reserved.Lo
}

func TestPokeDeposit(t *testing.T) {
	w := start(t)
	hash := multisig.CallHash{7}
	others := []chain.AccountID{bob}
	if err := w.Signed(alice, multisig.ApproveAsMulti{Threshold: 2, OtherSignatories: others, CallHash: hash}); err != nil {
		t.Fatal(err)
	}
	poke := multisig.PokeDeposit{Threshold: 2, OtherSignatories: others, CallHash: hash}
	for _, c := range []struct {
		name     string
		base     uint64
		pays     bool
		reserved uint64
	}{{"unchanged", 100, true, 120}, {"more", 150, false, 170}, {"less", 30, false, 50}, {"again", 30, true, 50}} {
		w.multi.DepositBase = scale.U64(c.base)
		pays, err := w.PaysFee(alice, poke)
		if err != nil || pays != c.pays || w.reserved(alice) != c.reserved {
			t.Errorf("%s: %v, pays %v, want %v, reserved %d, want %d", c.name, err, pays, c.pays, w.reserved(alice), c.reserved)
		}
	}
	w.multi.DepositBase = scale.U64(5000)
	if err := w.Signed(alice, poke); !errors.Is(err, balances.ErrInsufficientBalance) || w.reserved(alice) != 50 {
		t.Errorf("more than Alice has: %v, reserved %d", err, w.reserved(alice))
	}
	for _, c := range []struct {
		name string
		who  chain.AccountID
		call multisig.PokeDeposit
		want error
	}{
		{"not the depositor", bob, multisig.PokeDeposit{Threshold: 2, OtherSignatories: []chain.AccountID{alice}, CallHash: hash}, multisig.ErrNotOwner},
		{"another call", alice, multisig.PokeDeposit{Threshold: 2, OtherSignatories: others}, multisig.ErrNotFound},
		{"one approval", alice, multisig.PokeDeposit{Threshold: 1, OtherSignatories: others, CallHash: hash}, multisig.ErrMinimumThreshold},
		{"too many owners", alice, multisig.PokeDeposit{Threshold: 2, OtherSignatories: []chain.AccountID{bob, carol, {9}}, CallHash: hash}, multisig.ErrTooManySignatories},
		{"one twice", alice, multisig.PokeDeposit{Threshold: 2, OtherSignatories: []chain.AccountID{bob, bob}, CallHash: hash}, multisig.ErrSignatoriesOutOfOrder},
	} {
		if err := w.Signed(c.who, c.call); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

// What the signer allows the call to weigh is given back where it was not made.
func TestWeights(t *testing.T) {
	w := start(t)
	w.Index = 4
	most := frame.Weight{RefTime: frame.Second, ProofSize: 1 << 20}
	others := []chain.AccountID{bob, carol}
	spent, err := w.Spent(alice, multisig.AsMulti{Threshold: 2, OtherSignatories: others, Call: w.pay(5), MaxWeight: most})
	if err != nil || spent.RefTime >= frame.Second || spent.ProofSize != 0 {
		t.Errorf("the first approval weighs %+v, %v", spent, err)
	}
	account := multisig.Account([]chain.AccountID{alice, bob, carol}, 2)
	if err := w.money.Transfer(w.Context(), alice, account, scale.U64(100), true); err != nil {
		t.Fatal(err)
	}
	when := multisig.Timepoint{Height: w.Number, Index: 4}
	spent, err = w.Spent(bob, multisig.AsMulti{
		Threshold: 2, OtherSignatories: []chain.AccountID{alice, carol}, MaybeTimepoint: &when, Call: w.pay(5), MaxWeight: most,
	})
	if err != nil || spent.RefTime >= frame.Second || spent.RefTime <= w.Runtime.Weight(w.pay(5)).RefTime {
		t.Errorf("the last approval weighs %+v, %v", spent, err)
	}
	if w.reserved(alice) != 0 {
		t.Errorf("%d of Alice's stay reserved", w.reserved(alice))
	}
}
