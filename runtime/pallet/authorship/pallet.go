// Package authorship says who made the block: the slot in the header tells
// which of the authorities it was, and the chain which account that one has
// (pallet_authorship).
package authorship

import (
	_ "embed"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/storage"
)

//go:embed pallet.go
var source string

// State is what the pallet stores.
type State struct {
	// The account of the author of this block, while the block lasts.
	Author storage.OptValue[chain.AccountID]
}

// Pallet is the authorship of one chain.
type Pallet struct {
	State
	Slots   Slots
	Authors Authors
	// Events hears who made a block; nil is nobody.
	Events Events
}

// Events hears of authors.
type Events interface {
	// NoteAuthor says who made the block under way.
	NoteAuthor(ctx *frame.Context, who chain.AccountID)
}

// Slots says which of the authorities made the block.
type Slots interface {
	// Proposer is the index of the author in the set of authorities.
	Proposer(*frame.Context) (index uint32, ok bool)
}

// Authors knows the accounts of the authorities.
type Authors interface {
	// AuthorOf is the account of the authority with an index; ok is false for
	// one that has none.
	AuthorOf(ctx *frame.Context, index uint32) (who chain.AccountID, ok bool)
}

// Declare implements frame.Module.
func (p *Pallet) Declare() frame.Pallet {
	return frame.Pallet{Name: "Authorship", Source: source, State: &p.State}
}
