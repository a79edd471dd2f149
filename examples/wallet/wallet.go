// Command wallet is a purse that many share, and in which nobody sees what is
// another's: its users put tokens of the chain into it, pay each other, and take
// them out again. It also issues a token of its own, of which nobody sees who has
// how much but that all that was issued is there.
package main

import "github.com/tacit-network/tacit/contract/sdk"

// Errors of the contract.
var (
	Nothing    = sdk.NewError("Nothing")    // the amount is nothing
	TooLittle  = sdk.NewError("TooLittle")  // the caller has less than that
	TooMuch    = sdk.NewError("TooMuch")    // nobody can have so much
	NotOwner   = sdk.NewError("NotOwner")   // only who made the wallet issues tokens
	LongSymbol = sdk.NewError("LongSymbol") // the symbol of a token has 1 to 12 bytes
)

var (
	// coins are tokens of the chain: the contract holds their sum in the cluster's
	// ledger.
	coins = sdk.NewMap("coins", sdk.Account, sdk.Amount)
	// tokens are the wallet's own, supply is their sum.
	tokens = sdk.NewMap("tokens", sdk.Account, sdk.Amount)
	supply = sdk.NewCell("supply", sdk.Amount)
	symbol = sdk.NewCell("symbol", sdk.String)
)

// Holding is what somebody has in the wallet.
type Holding struct {
	Coins, Tokens sdk.U128
}

var holdingCodec = sdk.Struct("Holding",
	sdk.Field("coins", sdk.Amount, func(h *Holding) *sdk.U128 { return &h.Coins }),
	sdk.Field("tokens", sdk.Amount, func(h *Holding) *sdk.U128 { return &h.Tokens }))

// Token is what everybody may know of the wallet's own token.
type Token struct {
	Symbol string
	Supply sdk.U128
}

var tokenCodec = sdk.Struct("Token",
	sdk.Field("symbol", sdk.String, func(t *Token) *string { return &t.Symbol }),
	sdk.Field("supply", sdk.Amount, func(t *Token) *sdk.U128 { return &t.Supply }))

var (
	toArg     = sdk.Arg("to", sdk.Account)
	amountArg = sdk.Arg("amount", sdk.Amount)
)

var contract = sdk.Contract{
	Name:         "wallet",
	Version:      "1.0.0",
	Storage:      []sdk.Stored{coins, tokens, supply, symbol},
	Errors:       []*sdk.Error{Nothing, TooLittle, TooMuch, NotOwner, LongSymbol},
	Constructors: []sdk.Entry{sdk.Constructor1("new", sdk.Arg("symbol", sdk.String), create)},
	Messages: []sdk.Entry{
		sdk.Payable(sdk.Change0("deposit", deposit)),
		sdk.Change2("send", toArg, amountArg, send),
		sdk.Change1("withdraw", amountArg, withdraw),
		sdk.Change2("issue", toArg, amountArg, issue),
		sdk.Change2("send_tokens", toArg, amountArg, sendTokens),
		sdk.View0("mine", holdingCodec, mine),
		sdk.View0("token", tokenCodec, token),
	},
}

// Makes a wallet whose own token has the symbol.
func create(c *sdk.Call, name string) error {
	if len(name) == 0 || len(name) > 12 {
		return LongSymbol
	}
	symbol.Set(c, name)
	return nil
}

// Puts what is given with the call into the caller's part of the wallet.
func deposit(c *sdk.Call) error { return add(c, coins, c.Caller(), c.Value()) }

// Gives coins to somebody in the wallet. Nobody else learns of it.
func send(c *sdk.Call, to sdk.AccountID, amount sdk.U128) error { return move(c, coins, to, amount) }

// Takes coins out of the wallet, into the caller's account of the cluster.
func withdraw(c *sdk.Call, amount sdk.U128) error {
	if err := take(c, coins, c.Caller(), amount); err != nil {
		return err
	}
	if !c.Transfer(c.Caller(), amount) {
		panic("the wallet holds less than its users")
	}
	return nil
}

// Issues tokens to somebody. Only who made the wallet may.
func issue(c *sdk.Call, to sdk.AccountID, amount sdk.U128) error {
	if c.Caller() != c.Owner() {
		return NotOwner
	}
	sum, fits := supply.Get(c).Add(amount)
	if !fits {
		return TooMuch
	}
	supply.Set(c, sum)
	return add(c, tokens, to, amount)
}

// Gives tokens to somebody in the wallet. Nobody else learns of it.
func sendTokens(c *sdk.Call, to sdk.AccountID, amount sdk.U128) error {
	return move(c, tokens, to, amount)
}

// Tells what the caller has.
func mine(c *sdk.Call) (Holding, error) {
	return Holding{coins.Get(c, c.Caller()), tokens.Get(c, c.Caller())}, nil
}

// Tells the symbol of the wallet's token, and how many there are.
func token(c *sdk.Call) (Token, error) { return Token{symbol.Get(c), supply.Get(c)}, nil }

type book = sdk.Map[sdk.AccountID, sdk.U128]

func move(c *sdk.Call, b book, to sdk.AccountID, amount sdk.U128) error {
	if err := take(c, b, c.Caller(), amount); err != nil {
		return err
	}
	return add(c, b, to, amount)
}

func take(c *sdk.Call, b book, from sdk.AccountID, amount sdk.U128) error {
	left, enough := b.Get(c, from).Sub(amount)
	switch {
	case amount.IsZero():
		return Nothing
	case !enough:
		return TooLittle
	case left.IsZero():
		b.Remove(c, from)
	default:
		b.Set(c, from, left)
	}
	return nil
}

func add(c *sdk.Call, b book, to sdk.AccountID, amount sdk.U128) error {
	if amount.IsZero() {
		return Nothing
	}
	sum, fits := b.Get(c, to).Add(amount)
	if !fits {
		return TooMuch
	}
	b.Set(c, to, sum)
	return nil
}
