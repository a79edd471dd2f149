package balances_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/frame/frametest"
	"github.com/tacit-network/tacit/runtime/pallet/balances"
	"github.com/tacit-network/tacit/runtime/pallet/system"
	"github.com/tacit-network/tacit/scale"
)

var (
	alice, bob = chain.AccountID{1}, chain.AccountID{2}
	stake      = balances.LockID([]byte("staking "))
	vote       = balances.LockID([]byte("pyconvot"))
)

func n(x uint64) chain.Balance { return scale.U64(x) }

type world struct {
	*frametest.Chain
	money *balances.Pallet
	sys   *system.Pallet
}

// start is a chain on which Alice has 1000, and an account lives on 10.
func start(t *testing.T) *world {
	w := &world{Chain: frametest.New(t), sys: &system.Pallet{}}
	w.money = &balances.Pallet{Accounts: w.sys, Config: balances.Config{ExistentialDeposit: n(10), MaxLocks: 2, MaxFreezes: 2, MaxHolds: 2}}
	w.Start(frame.At{Index: 0, Module: w.sys}, frame.At{Index: 3, Module: w.money})
	if err := w.money.Endow(w.Context(), alice, n(1000)); err != nil {
		t.Fatal(err)
	}
	w.Take()
	return w
}

func (w *world) expect(t *testing.T, what string, want ...any) {
	t.Helper()
	got := w.Take()
	if len(got) == 0 && len(want) == 0 {
		return
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: events\n got %+v\nwant %+v", what, got, want)
	}
}

func (w *world) data(who chain.AccountID) frame.AccountData {
	return w.sys.Account.Get(w.Context(), who).Data
}

func id(who chain.AccountID) chain.MultiAddress { return chain.AddressID{ID: who} }

func frozen(e frame.TokenError) error { return frame.ErrToken{Kind: e} }

// Locks overlay: the greatest counts, and it is so of the whole, so that what
// is reserved counts for it (pallet_balances: reducible_balance).
func TestLocks(t *testing.T) {
	w := start(t)
	ctx := w.Context()
	lock := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	lock(w.money.SetLock(ctx, alice, stake, n(600), balances.All))
	w.expect(t, "lock", balances.Locked{Who: alice, Amount: n(600)})
	lock(w.money.SetLock(ctx, alice, vote, n(400), balances.Misc))
	w.expect(t, "a lesser lock")
	if got := w.money.Spendable(ctx, alice, true); got != n(400) {
		t.Errorf("spendable %s under a lock of 600 of 1000", got)
	}
	if err := w.Signed(alice, balances.TransferAllowDeath{Dest: id(bob), Value: n(401)}); !errors.Is(err, frozen(frame.Frozen)) {
		t.Errorf("a transfer of what is locked: %v", err)
	}
	if err := w.money.Reserve(ctx, alice, n(401)); !errors.Is(err, balances.ErrLiquidityRestrictions) {
		t.Errorf("a reserve of what is locked: %v", err)
	}
	lock(w.money.Reserve(ctx, alice, n(100)))
	w.Take()
	if got := w.money.Spendable(ctx, alice, true); got != n(400) {
		t.Errorf("spendable %s of 900 with 100 reserved and 600 locked", got)
	}
	lock(w.money.ExtendLock(ctx, alice, vote, n(700), balances.Fee))
	w.expect(t, "extend", balances.Locked{Who: alice, Amount: n(100)})
	lock(w.money.ExtendLock(ctx, alice, vote, n(1), balances.Misc))
	w.expect(t, "extend by less")
	want := []balances.BalanceLock{{ID: stake, Amount: n(600), Reasons: balances.All}, {ID: vote, Amount: n(700), Reasons: balances.All}}
	if got := w.money.Locks.Get(ctx, alice); !reflect.DeepEqual(got, want) {
		t.Errorf("locks %+v, want %+v", got, want)
	}
	if err := w.money.SetLock(ctx, alice, balances.LockID{3}, n(1), balances.All); err == nil {
		t.Error("more locks than there may be")
	}
	lock(w.money.RemoveLock(ctx, alice, vote))
	w.expect(t, "remove the greater", balances.Unlocked{Who: alice, Amount: n(100)})
	lock(w.money.RemoveLock(ctx, alice, stake))
	w.expect(t, "remove the last", balances.Unlocked{Who: alice, Amount: n(600)})
	if _, there := w.money.Locks.Find(ctx, alice); there {
		t.Error("an empty list of locks is stored")
	}
	if info := w.sys.Info(ctx, alice); info.Consumers != 1 || !info.Data.Frozen.IsZero() {
		t.Errorf("after the locks: %+v, want one consumer for what is reserved", info)
	}
	if err := w.money.SetLock(ctx, bob, stake, n(1), balances.All); err == nil {
		t.Error("a lock on an account that is not there")
	}
}

func TestHolds(t *testing.T) {
	w := start(t)
	ctx := w.Context()
	staking, other := frame.HoldReason{Pallet: 6}, frame.HoldReason{Pallet: 24, Reason: 1}
	for _, c := range []struct {
		name   string
		do     func() error
		err    error
		onHold uint64
	}{
		{"hold", func() error { return w.money.Hold(ctx, alice, staking, n(300)) }, nil, 300},
		{"more", func() error { return w.money.Hold(ctx, alice, staking, n(100)) }, nil, 400},
		{"all but what keeps it alive", func() error { return w.money.Hold(ctx, alice, staking, n(591)) }, frozen(frame.FundsUnavailable), 400},
		{"of nobody", func() error { return w.money.Hold(ctx, bob, staking, n(1)) }, frozen(frame.CannotCreateHold), 400},
		{"too many", func() error {
			if err := w.money.Hold(ctx, alice, other, n(1)); err != nil {
				return err
			}
			return w.money.Hold(ctx, alice, frame.HoldReason{Pallet: 9}, n(1))
		}, frozen(frame.CannotCreateHold), 400},
		{"release", func() error { return w.money.Release(ctx, alice, staking, n(150)) }, nil, 250},
		{"release more than there is", func() error { return w.money.Release(ctx, alice, staking, n(251)) }, frozen(frame.FundsUnavailable), 250},
		{"freeze what is held too", func() error { return w.money.SetFreeze(ctx, alice, frame.FreezeReason{Pallet: 26}, n(800)) }, nil, 250},
		{"hold what is frozen", func() error { return w.money.Hold(ctx, alice, staking, n(50)) }, nil, 300},
	} {
		if err := c.do(); !errors.Is(err, c.err) {
			t.Errorf("%s: %v, want %v", c.name, err, c.err)
		}
		if got := w.money.OnHold(ctx, alice, staking); got != n(c.onHold) {
			t.Errorf("%s: %s on hold, want %d", c.name, got, c.onHold)
		}
	}
	w.Take()
	// 700 are free or held, 800 frozen of the whole of 1000: 301 of them are reserved.
	if got := w.money.Spendable(ctx, alice, true); got != n(200) {
		t.Errorf("spendable %s, want 200", got)
	}
	if got := w.money.SlashHeld(ctx, alice, staking, n(1000)); got != n(300) {
		t.Errorf("slashed %s of 300", got)
	}
	if err := w.money.Deposit(ctx, bob, n(300)); err != nil {
		t.Fatal(err)
	}
	w.expect(t, "slashed into another's account", system.NewAccount{Account: bob}, balances.Endowed{Account: bob, FreeBalance: n(300)}, balances.Deposit{Who: bob, Amount: n(300)})
	if a := w.data(alice); a.Free != n(699) || a.Reserved != n(1) {
		t.Errorf("Alice has %s and %s reserved", a.Free, a.Reserved)
	}
	if got := w.money.TotalIssuance.Get(ctx); got != n(1000) {
		t.Errorf("the issuance is %s", got)
	}
}

func TestFreezes(t *testing.T) {
	w := start(t)
	ctx := w.Context()
	pool := frame.FreezeReason{Pallet: 26}
	for _, c := range []struct {
		name   string
		amount uint64
		want   []any
	}{
		{"freeze", 500, []any{balances.FrozenEvent{Who: alice, Amount: n(500)}}},
		{"more", 700, []any{balances.FrozenEvent{Who: alice, Amount: n(200)}}},
		{"less", 100, []any{balances.Thawed{Who: alice, Amount: n(600)}}},
		{"nothing", 0, []any{balances.Thawed{Who: alice, Amount: n(100)}}},
	} {
		if err := w.money.SetFreeze(ctx, alice, pool, n(c.amount)); err != nil {
			t.Fatal(err)
		}
		w.expect(t, c.name, c.want...)
	}
	for i := range uint8(3) {
		err := w.money.SetFreeze(ctx, alice, frame.FreezeReason{Pallet: i}, n(1))
		if (err != nil) != (i == 2) || err != nil && !errors.Is(err, balances.ErrTooManyFreezes) {
			t.Errorf("freeze %d of at most 2: %v", i+1, err)
		}
	}
}

// What something rests on cannot end, whoever takes the money.
func TestSlash(t *testing.T) {
	w := start(t)
	ctx := w.Context()
	if err := w.money.Reserve(ctx, alice, n(100)); err != nil {
		t.Fatal(err)
	}
	w.Take()
	if got := w.money.Slash(ctx, alice, n(5000)); got != n(890) {
		t.Errorf("slashed %s of 900 free, of which 10 keep the account alive", got)
	}
	w.money.Drop(ctx, n(890))
	w.expect(t, "slash", balances.Slashed{Who: alice, Amount: n(890)})
	w.money.Unreserve(ctx, alice, n(100))
	w.Take()
	if got := w.money.Slash(ctx, alice, n(5000)); got != n(110) {
		t.Errorf("slashed %s of 110", got)
	}
	w.expect(t, "slash all", system.KilledAccount{Account: alice}, balances.Slashed{Who: alice, Amount: n(110)})
	if got := w.money.Slash(ctx, alice, n(1)); !got.IsZero() {
		t.Errorf("slashed %s of nothing", got)
	}
}

func TestBurnAndIssuance(t *testing.T) {
	w := start(t)
	for _, c := range []struct {
		name   string
		do     func() error
		err    error
		issued uint64
		events []any
	}{
		{"burn", func() error { return w.Signed(alice, balances.Burn{Value: n(100), KeepAlive: true}) }, nil, 900,
			[]any{balances.Burned{Who: alice, Amount: n(100)}}},
		{"burn all, and live", func() error { return w.Signed(alice, balances.Burn{Value: n(891), KeepAlive: true}) }, frozen(frame.FundsUnavailable), 900, nil},
		{"by a user", func() error { return w.Signed(alice, balances.ForceAdjustTotalIssuance{Delta: n(1)}) }, frame.ErrBadOrigin{}, 900, nil},
		{"by nothing", func() error { return w.Root(balances.ForceAdjustTotalIssuance{}) }, balances.ErrDeltaZero, 900, nil},
		{"more", func() error { return w.Root(balances.ForceAdjustTotalIssuance{Delta: n(50)}) }, nil, 950,
			[]any{balances.TotalIssuanceForced{Old: n(900), New: n(950)}}},
		{"less", func() error {
			return w.Root(balances.ForceAdjustTotalIssuance{Direction: balances.Decrease, Delta: n(50)})
		}, nil, 900, []any{balances.TotalIssuanceForced{Old: n(950), New: n(900)}}},
		{"less than is inactive", func() error {
			w.money.InactiveIssuance.Put(w.Context(), n(890))
			return w.Root(balances.ForceAdjustTotalIssuance{Direction: balances.Decrease, Delta: n(11)})
		}, balances.ErrIssuanceDeactivated, 900, nil},
		{"burn all, with dust", func() error { return w.Signed(alice, balances.Burn{Value: n(895)}) }, nil, 0,
			[]any{system.KilledAccount{Account: alice}, balances.DustLost{Account: alice, Amount: n(5)}, balances.Burned{Who: alice, Amount: n(895)}}},
	} {
		if err := c.do(); !errors.Is(err, c.err) {
			t.Errorf("%s: %v, want %v", c.name, err, c.err)
		}
		w.expect(t, c.name, c.events...)
		if got := w.money.TotalIssuance.Get(w.Context()); got != n(c.issued) {
			t.Errorf("%s: the issuance is %s, want %d", c.name, got, c.issued)
		}
	}
}

// An account of older rules reserved without a consumer; upgrading it is free
// (pallet_balances: ensure_upgraded).
func TestUpgradeAccounts(t *testing.T) {
	w := start(t)
	ctx := w.Context()
	w.sys.Account.Put(ctx, bob, frame.AccountInfo{Providers: 1, Data: frame.AccountData{Free: n(50), Reserved: n(20)}})
	pays, err := w.PaysFee(alice, balances.UpgradeAccounts{Who: []chain.AccountID{bob}})
	if err != nil || pays {
		t.Fatalf("upgrade: %v, pays %v", err, pays)
	}
	w.expect(t, "upgrade", balances.Upgraded{Who: bob})
	if info := w.sys.Info(ctx, bob); info.Consumers != 1 || info.Data.Flags.Hi != 1<<63 {
		t.Errorf("upgraded to %+v", info)
	}
	for name, list := range map[string][]chain.AccountID{"again": {bob}, "nobody": {}, "one that is not there": {{9}}} {
		if pays, err := w.PaysFee(alice, balances.UpgradeAccounts{Who: list}); err != nil || !pays {
			t.Errorf("%s: %v, pays %v", name, err, pays)
		}
	}
}
