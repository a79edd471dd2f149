// Command guess is a game: the contract draws a secret number, everybody guesses,
// and whoever guesses learns whether the number is higher or lower. What
// somebody guessed, and what the contract answered, nobody else sees.
package main

import (
	"encoding/binary"

	"github.com/tacit-network/tacit/contract/sdk"
)

// Errors of the contract.
var (
	NoNumbers = sdk.NewError("NoNumbers") // there is nothing to choose from
	Over      = sdk.NewError("Over")      // somebody has won
	NotOver   = sdk.NewError("NotOver")   // the round still runs
	Command   = sdk.NewError("Command")   // guesses count: they are commands, not queries
)

// Hint is what a guess teaches.
type Hint uint8

// The hints.
const (
	Higher Hint = iota // the number is higher
	Lower
	Right
)

// Win is the end of a round.
type Win struct {
	Winner  sdk.AccountID
	Number  uint32
	Guesses uint32
}

var (
	most    = sdk.NewCell("most", sdk.Uint32)
	number  = sdk.NewCell("number", sdk.Uint32)
	guesses = sdk.NewCell("guesses", sdk.Uint32)
	winner  = sdk.NewCell("winner", sdk.Account)
)

// Somebody has won a round.
var won = sdk.NewEvent("Won",
	sdk.Topic("winner", sdk.Account, func(w *Win) *sdk.AccountID { return &w.Winner }),
	sdk.Field("number", sdk.Uint32, func(w *Win) *uint32 { return &w.Number }),
	sdk.Field("guesses", sdk.Uint32, func(w *Win) *uint32 { return &w.Guesses }))

var contract = sdk.Contract{
	Name:         "guess",
	Version:      "1.0.0",
	Storage:      []sdk.Stored{most, number, guesses, winner},
	Errors:       []*sdk.Error{NoNumbers, Over, NotOver, Command},
	Events:       []sdk.EventInfo{won.EventInfo},
	Constructors: []sdk.Entry{sdk.Constructor1("new", sdk.Arg("most", sdk.Uint32), create)},
	Messages: []sdk.Entry{
		sdk.Action1("guess", sdk.Arg("n", sdk.Uint32), sdk.Enum[Hint]("Hint", "Higher", "Lower", "Right"), guess),
		sdk.View0("winner", sdk.Option(sdk.Account), whoWon),
		sdk.Change0("again", again),
	},
}

// Draws a number from 1 to most.
func create(c *sdk.Call, n uint32) error {
	if n == 0 {
		return NoNumbers
	}
	most.Set(c, n)
	draw(c)
	return nil
}

// draw begins a round. Numbers that would make some likelier than others are
// drawn again.
func draw(c *sdk.Call) {
	n := uint64(most.Get(c))
	var b [8]byte
	for {
		c.Random(b[:])
		if r := binary.LittleEndian.Uint64(b[:]); r < 1<<63/n*n {
			number.Set(c, uint32(r%n)+1)
			guesses.Set(c, 0)
			winner.Clear(c)
			return
		}
	}
}

// Guesses. Who guesses right has won.
func guess(c *sdk.Call, n uint32) (Hint, error) {
	// A query's changes are dropped: without this check anybody could ask for
	// hints, as many as it takes, and send nothing but the right guess.
	if !c.InTransaction() {
		return 0, Command
	}
	if winner.Has(c) {
		return 0, Over
	}
	count := guesses.Get(c) + 1
	guesses.Set(c, count)
	switch secret := number.Get(c); {
	case secret > n:
		return Higher, nil
	case secret < n:
		return Lower, nil
	}
	winner.Set(c, c.Caller())
	won.Emit(c, Win{c.Caller(), n, count})
	return Right, nil
}

// Tells who has won, if somebody has.
func whoWon(c *sdk.Call) (sdk.Optional[sdk.AccountID], error) {
	if !winner.Has(c) {
		return sdk.Optional[sdk.AccountID]{}, nil
	}
	return sdk.Some(winner.Get(c)), nil
}

// Begins another round when one is over.
func again(c *sdk.Call) error {
	if !winner.Has(c) {
		return NotOver
	}
	draw(c)
	return nil
}
