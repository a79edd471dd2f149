// Package frametest runs pallets in tests without a chain around them: a
// state in memory, a clock and block hashes that the test sets, and the
// events as Go values.
package frametest

import (
	"reflect"
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/metadata"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/storage"
	"github.com/tacit-network/tacit/scale"
)

// Chain is pallets over an empty state. It serves them as system and clock.
type Chain struct {
	*storage.Overlay
	Runtime *frame.Runtime
	// Number is that of the block under way, Millis its time.
	Number chain.BlockNumber
	Millis uint64
	// Index is that of the extrinsic under way in the block.
	Index uint32
	// Events are those since the last call of Take.
	Events []any

	tb testing.TB
}

// New returns a chain at block 1. Add pallets with Start, once they have been
// bound to the chain.
func New(tb testing.TB) *Chain {
	c := &Chain{tb: tb, Number: 1}
	c.Overlay = storage.NewOverlay(empty{}, func(scheme uint8, account, message, signature []byte) bool {
		return len(account) == 32 && keys.VerifyAccount(keys.Scheme(scheme), keys.AccountID(account), message, signature)
	})
	return c
}

// Start compiles the pallets.
func (c *Chain) Start(pallets ...frame.At) {
	c.Runtime = frame.New(frame.Config{Pallets: pallets, Deposit: c.deposit, Naming: unnamed})
}

// unnamed leaves all types to their Go names.
func unnamed(reflect.Type) (metadata.Form, bool) { return metadata.Form{}, false }

func (c *Chain) deposit(_ *frame.Context, record []byte) {
	event, err := c.Runtime.Event(scale.NewDecoder(record))
	if err != nil {
		c.tb.Fatal(err)
	}
	c.Events = append(c.Events, event)
}

// Context returns a context of root outside any call.
func (c *Chain) Context() *frame.Context { return c.Runtime.Context(c.Overlay) }

// Root makes a call, a struct that a pallet declares, as root.
func (c *Chain) Root(call any) error { return c.as(frame.Root{}, call) }

// Signed makes a call that an account signed.
func (c *Chain) Signed(who chain.AccountID, call any) error {
	return c.as(frame.Signed{Who: who}, call)
}

// Bare makes a call that nobody signed.
func (c *Chain) Bare(call any) error { return c.as(frame.None{}, call) }

// as makes a call by way of its bytes, as a transaction does.
func (c *Chain) as(origin frame.Origin, call any) error {
	c.tb.Helper()
	decoded, err := c.Runtime.DecodeCall(scale.Marshal(c.Runtime.CallOf(call)))
	if err != nil {
		c.tb.Fatal(err)
	}
	_, err = c.Context().Dispatch(origin, decoded)
	return err
}

// Spent is what a call that an account signed really weighed.
func (c *Chain) Spent(who chain.AccountID, call any) (frame.Weight, error) {
	of := c.Runtime.CallOf(call)
	post, err := c.Context().Dispatch(frame.Signed{Who: who}, of)
	return c.Runtime.Spent(of, post), err
}

// PaysFee reports whether a successful call that an account signed costs a fee.
func (c *Chain) PaysFee(who chain.AccountID, call any) (bool, error) {
	of := c.Runtime.CallOf(call)
	post, err := c.Context().Dispatch(frame.Signed{Who: who}, of)
	return post.Fee(c.Runtime.Info(of)) == frame.PaysYes, err
}

// Take returns the events so far, and forgets them.
func (c *Chain) Take() []any {
	events := c.Events
	c.Events = nil
	return events
}

// Now returns the number of the block under way.
func (c *Chain) Now(*frame.Context) chain.BlockNumber { return c.Number }

// ExtrinsicIndex returns the index of the extrinsic under way.
func (c *Chain) ExtrinsicIndex(*frame.Context) uint32 { return c.Index }

// Time returns the time of the block under way.
func (c *Chain) Time(*frame.Context) uint64 { return c.Millis }

// Hash returns what stands for the hash of a block.
func (c *Chain) Hash(number chain.BlockNumber) hash.H256 {
	return hash.Blake2b256([]byte("block"), scale.Marshal(number))
}

// HashOf returns the hash of a block before the one under way.
func (c *Chain) HashOf(_ *frame.Context, number chain.BlockNumber) (hash.H256, bool) {
	return c.Hash(number), number < c.Number
}

// empty is a state without anything in it.
type empty struct{}

func (empty) Get([]byte) ([]byte, bool)     { return nil, false }
func (empty) NextKey([]byte) ([]byte, bool) { return nil, false }
func (empty) RootWith([]storage.Change, uint8) hash.H256 {
	return hash.H256{}
}
