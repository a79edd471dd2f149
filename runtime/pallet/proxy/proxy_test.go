package proxy_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/frame/frametest"
	"github.com/tacit-network/tacit/runtime/pallet/balances"
	"github.com/tacit-network/tacit/runtime/pallet/proxy"
	"github.com/tacit-network/tacit/runtime/pallet/system"
	"github.com/tacit-network/tacit/scale"
)

// What the calls do otherwise is compared with a real runtime, in package
// runtime's TestPaseo. The rules here are those of pallet_proxy's poke_deposit,
// kill_pure and limits.
var alice, bob = chain.AccountID{1}, chain.AccountID{2}

type everything struct{}

func (everything) Allows(proxy.ProxyType, frame.AnyCall) bool     { return true }
func (everything) Includes(proxy.ProxyType, proxy.ProxyType) bool { return true }

type world struct {
	*frametest.Chain
	money *balances.Pallet
	proxy *proxy.Pallet
}

func start(t *testing.T) *world {
	w := &world{Chain: frametest.New(t)}
	sys := &system.Pallet{}
	w.money = &balances.Pallet{Accounts: sys, Config: balances.Config{ExistentialDeposit: scale.U64(10)}}
	w.proxy = &proxy.Pallet{Money: w.money, Blocks: w.Chain, Permit: everything{}, Config: proxy.Config{
		ProxyDepositBase: scale.U64(100), ProxyDepositFactor: scale.U64(10), MaxProxies: 2, MaxPending: 2,
		AnnouncementDepositBase: scale.U64(50), AnnouncementDepositFactor: scale.U64(5),
	}}
	w.Start(frame.At{Index: 0, Module: sys}, frame.At{Index: 3, Module: w.money}, frame.At{Index: 14, Module: w.proxy})
	for _, who := range []chain.AccountID{alice, bob} {
		if err := w.money.Endow(w.Context(), who, scale.U64(1000)); err != nil {
			t.Fatal(err)
		}
	}
	w.Take()
	return w
}

func (w *world) reserved(who chain.AccountID) uint64 {
	return w.money.Accounts.Info(w.Context(), who).Data.Reserved.Lo
}

func id(who chain.AccountID) chain.MultiAddress { return chain.AddressID{ID: who} }

func TestPokeDeposit(t *testing.T) {
	w := start(t)
	for _, err := range []error{
		w.Signed(alice, proxy.AddProxy{Delegate: id(bob)}), w.Signed(bob, proxy.AddProxy{Delegate: id(alice)}),
		w.Signed(bob, proxy.Announce{Real: id(alice), CallHash: hash.H256{1}}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	w.Take()
	if pays, err := w.PaysFee(bob, proxy.PokeDeposit{}); err != nil || !pays || w.reserved(bob) != 165 {
		t.Errorf("unchanged: %v, pays %v, reserved %d", err, pays, w.reserved(bob))
	}
	w.proxy.ProxyDepositBase, w.proxy.AnnouncementDepositFactor = scale.U64(70), scale.U64(9)
	if pays, err := w.PaysFee(bob, proxy.PokeDeposit{}); err != nil || pays || w.reserved(bob) != 139 {
		t.Errorf("changed: %v, pays %v, reserved %d", err, pays, w.reserved(bob))
	}
	want := []any{
		balances.Unreserved{Who: bob, Amount: scale.U64(30)},
		proxy.DepositPoked{Who: bob, Kind: proxy.ForProxies, OldDeposit: scale.U64(110), NewDeposit: scale.U64(80)},
		balances.Reserved{Who: bob, Amount: scale.U64(4)},
		proxy.DepositPoked{Who: bob, Kind: proxy.ForAnnouncements, OldDeposit: scale.U64(55), NewDeposit: scale.U64(59)},
	}
	if got := w.Take(); !reflect.DeepEqual(got, want) {
		t.Errorf("events\n got %+v\nwant %+v", got, want)
	}
	if pays, err := w.PaysFee(chain.AccountID{9}, proxy.PokeDeposit{}); err != nil || !pays {
		t.Errorf("nothing to poke: %v, pays %v", err, pays)
	}
}

func TestLimits(t *testing.T) {
	w := start(t)
	for i := range byte(3) {
		err := w.Signed(alice, proxy.AddProxy{Delegate: id(chain.AccountID{10 + i})})
		if (i == 2) != errors.Is(err, proxy.ErrTooMany) || i < 2 && err != nil {
			t.Errorf("proxy %d of at most 2: %v", i+1, err)
		}
	}
	if err := w.Signed(alice, proxy.RemoveProxies{}); err != nil || w.reserved(alice) != 0 {
		t.Fatalf("remove all: %v, reserved %d", err, w.reserved(alice))
	}
	if err := w.Signed(alice, proxy.AddProxy{Delegate: id(bob)}); err != nil {
		t.Fatal(err)
	}
	for i := range byte(3) {
		err := w.Signed(bob, proxy.Announce{Real: id(alice), CallHash: hash.H256{i}})
		if (i == 2) != errors.Is(err, proxy.ErrTooMany) || i < 2 && err != nil {
			t.Errorf("announcement %d of at most 2: %v", i+1, err)
		}
	}
}

func TestKillPure(t *testing.T) {
	w := start(t)
	w.Number, w.Index = 77, 3
	if err := w.Signed(alice, proxy.CreatePure{ProxyType: proxy.Any, Index: 5}); err != nil {
		t.Fatal(err)
	}
	pure := proxy.Pure(alice, proxy.Any, 5, 77, 3)
	kill := proxy.KillPure{Spawner: id(alice), Index: 5, Height: 77, ExtIndex: 3}
	w.Take()
	if err := w.Signed(pure, kill); err != nil || w.reserved(alice) != 0 {
		t.Errorf("kill: %v, %d reserved", err, w.reserved(alice))
	}
	want := []any{
		balances.Unreserved{Who: alice, Amount: scale.U64(110)}, proxy.PureKilled{Pure: pure, Spawner: alice, DisambiguationIndex: 5},
	}
	if got := w.Take(); !reflect.DeepEqual(got, want) {
		t.Errorf("events\n got %+v\nwant %+v", got, want)
	}
}
