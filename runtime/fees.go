package runtime

import (
	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/scale"
)

// treasuryShare is the treasury's part of fees in percent. The rest is the
// author's, and so are tips.
const treasuryShare = 80

// takers are who gets the fees of this chain.
type takers struct{ *Runtime }

// Take implements payment.Takers. What the author of the block cannot take,
// since he has no account or it has ended, is the treasury's; what that cannot
// take ceases to exist.
func (t takers) Take(ctx *frame.Context, fee, tip chain.Balance) {
	common, ok := fee.MulDiv(scale.U64(treasuryShare), scale.U64(100))
	if !ok {
		common = fee
	}
	author := fee.SubSat(common).AddSat(tip)
	who, known := t.Authorship.Find(ctx)
	if !known || t.Balances.CanTake(ctx, who, author) != nil {
		common, author = common.AddSat(author), chain.Balance{}
	}
	if err := t.Treasury.Take(ctx, common); err != nil {
		t.Balances.Drop(ctx, common)
	}
	if err := t.Balances.Deposit(ctx, who, author); err != nil {
		t.Balances.Drop(ctx, author)
	}
}

// validators are the accounts of this chain's validators.
type validators struct{ *Runtime }

// AuthorOf implements authorship.Authors. Who finalises the block before makes
// this one.
func (v validators) AuthorOf(ctx *frame.Context, index uint32) (who chain.AccountID, ok bool) {
	now := v.System.Now(ctx)
	list, _ := v.Session.Finalisers(ctx, now-min(now, 1))
	if uint64(index) >= uint64(len(list)) {
		return who, false
	}
	return list[index], true
}
