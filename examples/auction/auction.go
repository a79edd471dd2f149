// Command auction is a sealed-bid auction: who bids sees nobody else's bid, nor
// does who sells. When it is over the highest bidder has won, and pays what the
// second bid (Vickrey's rule: it pays to bid what the thing is worth to you).
// Bids that lost stay secret.
//
// The auction says who won and at what price, and moves no money: example wallet
// does.
package main

import "github.com/tacit-network/tacit/contract/sdk"

// Errors of the contract.
var (
	Over     = sdk.NewError("Over")     // the time for bids is over
	NotOver  = sdk.NewError("NotOver")  // the time for bids is not over yet
	TooLow   = sdk.NewError("TooLow")   // a bid is more than nothing, and more than one's last
	TooMany  = sdk.NewError("TooMany")  // 1000 bidders are the most
	NoBid    = sdk.NewError("NoBid")    // the caller has not bid
	TooShort = sdk.NewError("TooShort") // an auction lasts a second at least, and a year at most
)

// maxBids bounds what it costs to find the highest.
const maxBids = 1000

// Bid is somebody's bid. Of two that are equal the one with the smaller order,
// the earlier, wins.
type Bid struct {
	Who    sdk.AccountID
	Amount sdk.U128
	Order  uint32
}

var bidCodec = sdk.Struct("Bid",
	sdk.Field("who", sdk.Account, func(b *Bid) *sdk.AccountID { return &b.Who }),
	sdk.Field("amount", sdk.Amount, func(b *Bid) *sdk.U128 { return &b.Amount }),
	sdk.Field("order", sdk.Uint32, func(b *Bid) *uint32 { return &b.Order }))

// Outcome is how an auction ended.
type Outcome struct {
	Winner sdk.AccountID
	Price  sdk.U128
	Bids   uint32
}

var outcomeCodec = sdk.Struct("Outcome",
	sdk.Field("winner", sdk.Account, func(r *Outcome) *sdk.AccountID { return &r.Winner }),
	sdk.Field("price", sdk.Amount, func(r *Outcome) *sdk.U128 { return &r.Price }),
	sdk.Field("bids", sdk.Uint32, func(r *Outcome) *uint32 { return &r.Bids }))

var (
	item = sdk.NewCell("item", sdk.String)
	end  = sdk.NewCell("end", sdk.Uint64)
	bids = sdk.NewList("bids", bidCodec)
	made = sdk.NewCell("made", sdk.Uint32) // so many bids were made
	// mine is where in bids an account's is.
	mine = sdk.NewMap("mine", sdk.Account, sdk.Uint32)
)

// The seller's log tells that somebody bid, and not what.
const bidPlaced = "somebody bid"

var contract = sdk.Contract{
	Name:    "auction",
	Version: "1.0.0",
	Storage: []sdk.Stored{item, end, bids, made, mine},
	Errors:  []*sdk.Error{Over, NotOver, TooLow, TooMany, NoBid, TooShort},
	Constructors: []sdk.Entry{
		sdk.Constructor2("new", sdk.Arg("item", sdk.String), sdk.Arg("seconds", sdk.Uint64), create),
	},
	Messages: []sdk.Entry{
		sdk.Change1("bid", sdk.Arg("amount", sdk.Amount), bid),
		sdk.View0("mine", sdk.Amount, myBid),
		sdk.View0("item", sdk.String, whatFor),
		sdk.View0("result", sdk.Option(outcomeCodec), result),
	},
}

// Begins an auction that takes bids for so many seconds.
func create(c *sdk.Call, what string, seconds uint64) error {
	if seconds == 0 || seconds > 365*24*3600 {
		return TooShort
	}
	item.Set(c, what)
	end.Set(c, c.Now()+seconds*1000)
	c.Log(sdk.LevelInfo, "the auction begins")
	return nil
}

// Bids, or raises the caller's bid.
func bid(c *sdk.Call, amount sdk.U128) error {
	if c.Now() >= end.Get(c) {
		return Over
	}
	next := Bid{c.Caller(), amount, made.Get(c)}
	at, again := mine.Find(c, next.Who)
	old, _ := bids.Get(c, at)
	switch {
	case again && !less(old.Amount, amount), !less(sdk.U128{}, amount):
		return TooLow
	case again:
		bids.Set(c, at, next)
	case bids.Len(c) >= maxBids:
		return TooMany
	default:
		mine.Set(c, next.Who, bids.Push(c, next))
	}
	made.Set(c, next.Order+1)
	c.Log(sdk.LevelInfo, bidPlaced)
	return nil
}

func less(a, b sdk.U128) bool { return a.Hi < b.Hi || a.Hi == b.Hi && a.Lo < b.Lo }

// Tells the caller's own bid.
func myBid(c *sdk.Call) (sdk.U128, error) {
	at, ok := mine.Find(c, c.Caller())
	if !ok {
		return sdk.U128{}, NoBid
	}
	b, _ := bids.Get(c, at)
	return b.Amount, nil
}

// Tells what is sold.
func whatFor(c *sdk.Call) (string, error) { return item.Get(c), nil }

// Tells who has won, at what price, when the time is over; nobody when nobody bid.
func result(c *sdk.Call) (r sdk.Optional[Outcome], _ error) {
	if c.Now() < end.Get(c) {
		return r, NotOver
	}
	var best, second Bid
	n := uint32(0)
	for _, b := range bids.All(c) {
		if n++; less(best.Amount, b.Amount) || b.Amount == best.Amount && b.Order < best.Order {
			best, second = b, best
		} else if less(second.Amount, b.Amount) {
			second = b
		}
	}
	if n == 0 {
		return r, nil
	}
	if n == 1 { // there is no second: the only bid is the price
		second = best
	}
	return sdk.Some(Outcome{best.Who, second.Amount, n}), nil
}
