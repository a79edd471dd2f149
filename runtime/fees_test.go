package runtime_test

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/pallet/balances"
	"github.com/tacit-network/tacit/runtime/pallet/multisig"
	"github.com/tacit-network/tacit/runtime/pallet/payment"
	"github.com/tacit-network/tacit/runtime/pallet/proxy"
	"github.com/tacit-network/tacit/runtime/pallet/sudo"
	"github.com/tacit-network/tacit/runtime/pallet/system"
	"github.com/tacit-network/tacit/runtime/pallet/utility"
	"github.com/tacit-network/tacit/runtime/storage"
	"github.com/tacit-network/tacit/scale"
)

func (x *tester) tipped(who keys.Pair, nonce uint32, tip chain.Balance, call any) []byte {
	implicit := chain.Implicit{SpecVersion: runtime.SpecVersion, TxVersion: runtime.TransactionVersion, Genesis: x.genesis, EraBlock: x.genesis}
	return chain.SignExtrinsic(who, scale.Marshal(x.rt.CallOf(call)), chain.Extra{Nonce: nonce, Tip: tip}, implicit).Encode()
}

func (x *tester) issuance() chain.Balance {
	return x.rt.Balances.TotalIssuance.Get(storage.NewOverlay(backend{x.state}, verify))
}

func paid(t *testing.T, events []any) payment.TransactionFeePaid {
	t.Helper()
	for _, e := range events {
		if p, ok := e.(payment.TransactionFeePaid); ok {
			return p
		}
	}
	t.Fatalf("no fee was paid: %+v", events)
	return payment.TransactionFeePaid{}
}

// Four fifths of a fee are the treasury's, the rest and the tip the author's;
// nothing is lost on the way, as by polkadot-runtime-common's DealWithFees but
// for what an author cannot take.
func TestFees(t *testing.T) {
	alice, bob, nobody := pair(t, "//Alice"), pair(t, "//Bob").AccountID(), chain.AccountID{77}
	rich := alice.AccountID()
	for _, c := range []struct {
		name   string
		author chain.AccountID
		tip    chain.Balance
		takes  bool
	}{
		{"an author", rich, scale.U64(500), true},
		{"an author too poor to be", nobody, scale.U64(500), false},
		{"an author who comes to be by a tip", nobody, runtime.Unit, true},
	} {
		x := start(t, func(g *runtime.Genesis) { g.Validators[0].Account = c.author })
		pot := x.rt.Treasury.PotAccount
		treasury, issued := x.free(pot), x.issuance()
		author := x.free(c.author)
		results, events := x.block(x.tipped(alice, 0, c.tip, balances.TransferKeepAlive{Dest: chain.AddressID{ID: bob}, Value: runtime.Unit}))
		if !results[0].OK || !results[0].Value.OK {
			t.Fatalf("%s: %+v", c.name, results)
		}
		p := paid(t, events)
		if p.Tip != c.tip {
			t.Errorf("%s: a tip of %s, want %s", c.name, p.Tip, c.tip)
		}
		fee := p.ActualFee.SubSat(c.tip)
		common, _ := fee.MulDiv(scale.U64(80), scale.U64(100))
		share := fee.SubSat(common).AddSat(c.tip)
		if !c.takes {
			common, share = p.ActualFee, chain.Balance{}
		}
		if got := x.free(pot).SubSat(treasury); got != common {
			t.Errorf("%s: the treasury got %s of %s, want %s", c.name, got, p.ActualFee, common)
		}
		switch {
		case c.author == rich: // who paid the fee, and the transfer too
			if got := author.SubSat(x.free(rich)); got != runtime.Unit.AddSat(p.ActualFee).SubSat(share) {
				t.Errorf("%s: Alice has %s less", c.name, got)
			}
		default:
			if got := x.free(c.author).SubSat(author); got != share {
				t.Errorf("%s: the author got %s, want %s", c.name, got, share)
			}
		}
		if got := x.issuance(); got != issued {
			t.Errorf("%s: the issuance went from %s to %s", c.name, issued, got)
		}
	}
}

// A transaction, and its call alone, cost what the runtime's APIs say; what
// nobody signed costs nothing (pallet_transaction_payment: query_info).
func TestFeeAPIs(t *testing.T) {
	x := start(t)
	alice := pair(t, "//Alice")
	call := balances.TransferKeepAlive{Dest: chain.AddressID{ID: chain.AccountID{5}}, Value: runtime.Unit}
	whole := x.sign(alice, 0, call)
	ask := func(method string, what []byte) chain.Balance {
		info, err := scale.Decode[payment.RuntimeDispatchInfo](x.call(method, append(what, scale.Marshal(uint32(len(whole)))...)))
		if err != nil {
			t.Fatal(err)
		}
		return info.PartialFee
	}
	fee := ask("TransactionPaymentApi_query_info", whole)
	if got := ask("TransactionPaymentCallApi_query_call_info", scale.Marshal(x.rt.CallOf(call))); got != fee {
		t.Errorf("the call costs %s, the transaction %s", got, fee)
	}
	if got := ask("TransactionPaymentApi_query_info", scale.AppendBytes(nil, x.rt.Bare(call))); !got.IsZero() {
		t.Errorf("what nobody signed costs %s", got)
	}
	_, events := x.block(whole)
	if got := paid(t, events).ActualFee; got != fee {
		t.Errorf("paid %s, told %s", got, fee)
	}
}

// What a batch does not do is not paid for.
func TestRefund(t *testing.T) {
	x := start(t)
	alice, bob := pair(t, "//Alice"), pair(t, "//Bob").AccountID()
	pay := func(n uint64) frame.AnyCall {
		return x.rt.CallOf(balances.TransferKeepAlive{Dest: chain.AddressID{ID: bob}, Value: runtime.Unit.MulSat(scale.U64(n))})
	}
	whole := utility.Batch{Calls: []frame.AnyCall{pay(1), pay(1), pay(1)}}
	_, events := x.block(x.sign(alice, 0, whole))
	full := paid(t, events).ActualFee
	_, events = x.block(x.sign(alice, 1, utility.Batch{Calls: []frame.AnyCall{pay(999), pay(1), pay(1)}}))
	part := paid(t, events).ActualFee
	once := scale.U64(x.rt.Weight(pay(1)).RefTime)
	if saved := full.SubSat(part); saved.Less(once.AddSat(once)) {
		t.Errorf("a batch that ended at once costs %s of %s; two calls cost %s each", part, full, once)
	}
}

// The multiplier rises after a block that is fuller than a quarter, and comes
// down to one and not below.
func TestMultiplierFollowsLoad(t *testing.T) {
	x := start(t)
	alice := pair(t, "//Alice")
	at := func() payment.Multiplier {
		return x.rt.Payment.NextFeeMultiplier.Get(storage.NewOverlay(backend{x.state}, verify))
	}
	x.block()
	if got := at(); got != payment.One {
		t.Fatalf("an idle chain's multiplier is %s", got.Inner)
	}
	heavy := utility.WithWeight{Call: x.rt.CallOf(system.KillStorage{}), Weight: frame.Time(200 * frame.Millisecond)}
	results, _ := x.block(x.sign(alice, 0, sudo.Sudo{Call: x.rt.CallOf(heavy)}))
	if !results[0].OK || !results[0].Value.OK {
		t.Fatalf("%+v", results)
	}
	o := storage.NewOverlay(backend{x.state}, verify)
	used := x.rt.System.BlockWeight.Get(o)
	got := at()
	// sudo of an operational call is operational; as a normal one it counts.
	if used.Normal.RefTime != 0 || got != payment.One {
		t.Fatalf("an operational call of %d moved the multiplier to %s", used.Operational.RefTime, got.Inner)
	}
	heavy.Call = x.rt.CallOf(balances.ForceAdjustTotalIssuance{Delta: scale.U64(1)})
	x.block(x.sign(alice, 1, sudo.Sudo{Call: x.rt.CallOf(heavy)}))
	o = storage.NewOverlay(backend{x.state}, verify)
	used = x.rt.System.BlockWeight.Get(o)
	got = at()
	want := x.rt.Payment.Adjustment.Next(payment.One, used.Normal, x.rt.Payment.MaxNormal)
	if got != want || !payment.One.Inner.Less(got.Inner) {
		t.Fatalf("after %d of %d the multiplier is %s, want %s", used.Normal.RefTime, x.rt.Payment.MaxNormal.RefTime, got.Inner, want.Inner)
	}
	for range 3 {
		x.block()
	}
	if got := at(); got != payment.One {
		t.Errorf("after three idle blocks the multiplier is %s", got.Inner)
	}
}

// Whatever accounts do with each other, what they hold together is what is
// issued, what is reserved of them is what their deposits say, and they are
// there as long as they hold enough or something rests on them.
func TestAccountsAddUp(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	x := start(t)
	rt, o := x.rt, storage.NewOverlay(backend{x.state}, verify)
	ctx := rt.Context(o)
	rt.System.Number.Put(ctx, 1)
	o.Set([]byte(":extrinsic_index"), scale.Marshal(uint32(0)))
	people := make([]chain.AccountID, 6)
	for i := range people {
		people[i] = chain.AccountID{byte(i + 1)}
		if err := rt.Balances.Endow(ctx, people[i], runtime.Unit); err != nil {
			t.Fatal(err)
		}
	}
	shared := []chain.AccountID{multisig.Account(people[:3], 2), multisig.Account(people[:3], 3), multisig.Account(people[:3], 1)}
	everybody := append(slices.Clone(people), shared...)
	someone := func() chain.AccountID { return everybody[rng.IntN(len(everybody))] }
	id := func(a chain.AccountID) chain.MultiAddress { return chain.AddressID{ID: a} }
	amount := func() chain.Balance {
		u := runtime.Unit.Lo
		return scale.U64([]uint64{0, 1, u / 2000, u / 1000, u / 7, u / 2, u, 2 * u}[rng.IntN(8)])
	}
	kinds := []proxy.ProxyType{proxy.Any, proxy.NonTransfer, proxy.CancelProxy}
	var call func(depth int) any
	call = func(depth int) any {
		inner := func() frame.AnyCall { return rt.CallOf(call(depth + 1)) }
		n := 15
		if depth > 2 {
			n = 9
		}
		i := rng.IntN(3)
		others := slices.Delete(slices.Clone(people[:3]), i, i+1)
		fixed := rt.CallOf(balances.TransferAllowDeath{Dest: id(people[4]), Value: scale.U64(runtime.Unit.Lo / 10)})
		when := &multisig.Timepoint{Height: 1}
		if rng.IntN(2) == 0 {
			when = nil
		}
		most := frame.Time(frame.Second)
		switch rng.IntN(n) {
		case 0, 1:
			return balances.TransferAllowDeath{Dest: id(someone()), Value: amount()}
		case 2:
			return balances.TransferAll{Dest: id(someone()), KeepAlive: rng.IntN(2) == 0}
		case 3:
			return balances.Burn{Value: scale.U64(runtime.Unit.Lo / 50), KeepAlive: rng.IntN(2) == 0}
		case 4:
			return proxy.AddProxy{Delegate: id(someone()), ProxyType: kinds[rng.IntN(3)]}
		case 5:
			return proxy.RemoveProxies{}
		case 6:
			return proxy.RemoveProxy{Delegate: id(someone()), ProxyType: kinds[rng.IntN(3)]}
		case 7:
			return proxy.Announce{Real: id(someone()), CallHash: hash.H256{byte(rng.IntN(2))}}
		case 8:
			return multisig.CancelAsMulti{Threshold: 2, OtherSignatories: others, Timepoint: multisig.Timepoint{Height: 1}, CallHash: multisig.CallHash(hash.Blake2b256(scale.Marshal(fixed)))}
		case 9:
			return multisig.AsMulti{Threshold: uint16(2 + rng.IntN(2)), OtherSignatories: others, MaybeTimepoint: when, Call: fixed, MaxWeight: most}
		case 10:
			return multisig.AsMultiThreshold1{OtherSignatories: others, Call: inner()}
		case 11:
			return utility.BatchAll{Calls: []frame.AnyCall{inner(), inner()}}
		case 12:
			return utility.ForceBatch{Calls: []frame.AnyCall{inner(), inner(), inner()}}
		case 13:
			return proxy.Proxy{Real: id(someone()), Call: inner()}
		}
		return utility.IfElse{Main: inner(), Fallback: inner()}
	}
	done := map[string]int{}
	for step := range 6000 {
		who, c := someone(), rt.CallOf(call(0))
		if step%100 == 0 { // some new money, so that it goes on
			_ = rt.Balances.Mint(ctx, who, runtime.Unit)
		}
		_, err := ctx.Dispatch(frame.Signed{Who: who}, c)
		pallet, name := rt.CallName(c)
		if err == nil {
			done[pallet+"."+name]++
		}
		var sum chain.Balance
		waiting := deposits(t, rt, o)
		for account, info := range rt.System.Account.All(o) {
			a := info.Data
			sum = sum.AddSat(a.Free).AddSat(a.Reserved)
			if account == theValidator { // it is there for its session keys
				continue
			}
			lives := !a.Free.Less(rt.Balances.ExistentialDeposit)
			if lives != (info.Providers == 1) || (info.Consumers == 1) == a.Reserved.IsZero() || info.Consumers == 1 && !lives {
				t.Fatalf("step %d, %s.%s: %s is %+v", step, pallet, name, account, info)
			}
			want := rt.Proxy.Proxies.Get(o, account).Deposit.AddSat(rt.Proxy.Announcements.Get(o, account).Deposit)
			if want = want.AddSat(waiting[account]); a.Reserved != want {
				t.Fatalf("step %d, %s.%s: %s has %s reserved, want %s", step, pallet, name, account, a.Reserved, want)
			}
		}
		if issued := rt.Balances.TotalIssuance.Get(o); sum != issued {
			t.Fatalf("step %d, %s.%s (%v): accounts hold %s, issued are %s", step, pallet, name, err, sum, issued)
		}
	}
	if len(done) < 14 {
		t.Errorf("only %d kinds of calls ever succeeded: %v", len(done), done)
	}
}

// deposits are those for calls that wait for approvals, by who made them.
func deposits(t *testing.T, rt *runtime.Runtime, o *storage.Overlay) map[chain.AccountID]chain.Balance {
	sums := map[chain.AccountID]chain.Balance{}
	prefix := rt.Multisig.Multisigs.PrefixOf(chain.AccountID{})[:32]
	for key, ok := o.NextKey(prefix); ok && bytes.HasPrefix(key, prefix); key, ok = o.NextKey(key) {
		raw, _ := o.Get(key)
		m, err := scale.Decode[multisig.Multisig](raw)
		if err != nil {
			t.Fatal(err)
		}
		sums[m.Depositor] = sums[m.Depositor].AddSat(m.Deposit)
	}
	return sums
}
