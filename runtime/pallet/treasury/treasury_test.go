package treasury_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/frame/frametest"
	"github.com/tacit-network/tacit/runtime/pallet/balances"
	"github.com/tacit-network/tacit/runtime/pallet/system"
	"github.com/tacit-network/tacit/runtime/pallet/treasury"
	"github.com/tacit-network/tacit/scale"
)

var alice, bob = chain.AccountID{1}, chain.AccountID{2}

// The constants pot_account and PalletId of Substrate's kitchensink runtime.
func TestAccount(t *testing.T) {
	got := treasury.Account(treasury.PalletID{ID: [8]byte([]byte("py/trsry"))})
	if got.Hex() != "0x6d6f646c70792f74727372790000000000000000000000000000000000000000" {
		t.Errorf("the treasury's account is %s", got.Hex())
	}
}

// The life of a spend, by the rules of pallet_treasury's documentation.
func TestSpend(t *testing.T) {
	w := frametest.New(t)
	sys := &system.Pallet{}
	money := &balances.Pallet{Accounts: sys, Config: balances.Config{ExistentialDeposit: scale.U64(10)}}
	pot := treasury.Account(treasury.PalletID{ID: [8]byte([]byte("py/trsry"))})
	p := &treasury.Pallet{Money: money, Blocks: w, Config: treasury.Config{PayoutPeriod: 100, PotAccount: pot}}
	w.Start(frame.At{Index: 0, Module: sys}, frame.At{Index: 3, Module: money}, frame.At{Index: 11, Module: p})
	for _, who := range []chain.AccountID{pot, alice} {
		if err := money.Endow(w.Context(), who, scale.U64(1000)); err != nil {
			t.Fatal(err)
		}
	}
	w.Take()
	w.Number = 50
	to, later, past := chain.AddressID{ID: bob}, chain.BlockNumber(60), chain.BlockNumber(1)
	for _, c := range []struct {
		name  string
		block chain.BlockNumber
		do    func() error
		want  error
		event any
	}{
		{"by a user", 50, func() error { return w.Signed(alice, treasury.Spend{Amount: scale.U64(1), Beneficiary: to}) }, frame.ErrBadOrigin{}, nil},
		{"at once", 50, func() error { return w.Root(treasury.Spend{Amount: scale.U64(300), Beneficiary: to}) }, nil,
			treasury.AssetSpendApproved{Index: 0, Amount: scale.U64(300), Beneficiary: bob, ValidFrom: 50, ExpireAt: 150}},
		{"later", 50, func() error {
			return w.Root(treasury.Spend{Amount: scale.U64(5000), Beneficiary: to, ValidFrom: &later})
		}, nil,
			treasury.AssetSpendApproved{Index: 1, Amount: scale.U64(5000), Beneficiary: bob, ValidFrom: 60, ExpireAt: 160}},
		{"expired", 150, func() error { return w.Root(treasury.Spend{Amount: scale.U64(1), Beneficiary: to, ValidFrom: &past}) }, treasury.ErrSpendExpired, nil},
		{"from the past", 50, func() error { return w.Root(treasury.Spend{Amount: scale.U64(1), Beneficiary: to, ValidFrom: &past}) }, nil,
			treasury.AssetSpendApproved{Index: 2, Amount: scale.U64(1), Beneficiary: bob, ValidFrom: 1, ExpireAt: 101}},
		{"not there", 50, func() error { return w.Signed(alice, treasury.Payout{Index: 9}) }, treasury.ErrInvalidIndex, nil},
		{"too early", 50, func() error { return w.Signed(alice, treasury.Payout{Index: 1}) }, treasury.ErrEarlyPayout, nil},
		{"more than there is", 60, func() error { return w.Signed(alice, treasury.Payout{Index: 1}) }, treasury.ErrPayoutError, nil},
		{"not claimed", 60, func() error { return w.Signed(alice, treasury.CheckStatus{Index: 0}) }, treasury.ErrNotAttempted, nil},
		{"claimed", 60, func() error { return w.Signed(alice, treasury.Payout{Index: 0}) }, nil, treasury.Paid{Index: 0}},
		{"claimed again", 60, func() error { return w.Signed(alice, treasury.Payout{Index: 0}) }, treasury.ErrAlreadyAttempted, nil},
		{"taken back", 60, func() error { return w.Root(treasury.VoidSpend{Index: 0}) }, treasury.ErrAlreadyAttempted, nil},
		{"settled", 60, func() error { return w.Signed(alice, treasury.CheckStatus{Index: 0}) }, nil, treasury.SpendProcessed{Index: 0}},
		{"settled again", 60, func() error { return w.Signed(alice, treasury.CheckStatus{Index: 0}) }, treasury.ErrInvalidIndex, nil},
		{"taken back by a user", 60, func() error { return w.Signed(alice, treasury.VoidSpend{Index: 1}) }, frame.ErrBadOrigin{}, nil},
		{"taken back in time", 60, func() error { return w.Root(treasury.VoidSpend{Index: 1}) }, nil, treasury.AssetSpendVoided{Index: 1}},
		{"claimed too late", 101, func() error { return w.Signed(alice, treasury.Payout{Index: 2}) }, treasury.ErrSpendExpired, nil},
		{"not yet settled", 101, func() error { return w.Signed(alice, treasury.CheckStatus{Index: 2}) }, treasury.ErrNotAttempted, nil},
		{"expired and settled", 102, func() error { return w.Signed(alice, treasury.CheckStatus{Index: 2}) }, nil, treasury.SpendProcessed{Index: 2}},
	} {
		w.Number = c.block
		w.Take()
		if err := c.do(); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		if events := w.Take(); c.event != nil && (len(events) == 0 || !reflect.DeepEqual(events[len(events)-1], c.event)) {
			t.Errorf("%s: events %+v, want %+v", c.name, events, c.event)
		}
	}
	if got := money.Total(w.Context(), bob); got != scale.U64(300) {
		t.Errorf("Bob has %s", got)
	}
	if got := money.Total(w.Context(), pot); got != scale.U64(700) {
		t.Errorf("the treasury has %s", got)
	}
}
