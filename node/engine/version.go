package engine

import (
	"fmt"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/runtime/pallet/system"
	"github.com/tacit-network/tacit/trie"
)

// Outdated means that the program lacks the version of the runtime that comes
// with a block, so that the node cannot execute it.
type Outdated struct {
	// Block is the block that cannot be executed.
	Block chain.BlockNumber
	Lacks runtime.NoVersion
}

// Error implements error.
func (e Outdated) Error() string {
	return fmt.Sprintf("stopped before block %d: %v; the node goes on from here when a newer program starts it", e.Block, e.Lacks)
}

// Unwrap returns the runtime's NoVersion.
func (e Outdated) Unwrap() error { return e.Lacks }

// current is the head and what is known of the version in force at it.
type current struct {
	head     chain.Header
	at       hash.H256  // the head's hash
	state    *trie.Trie // after it, for Fork alone
	rt       *runtime.Runtime
	outdated error
}

// become makes a block the head. Its runtime is the one that is in force after
// it.
//
// Preconditions: the caller holds mu, or is alone.
func (a *App) become(header chain.Header, state *trie.Trie) error {
	rt, err := a.newest.In(state)
	if lacks, ok := err.(runtime.NoVersion); ok {
		return Outdated{header.Number + 1, lacks}
	} else if err != nil {
		return err
	}
	c := &current{head: header, at: header.Hash(), state: state, rt: rt}
	if u, ok := rt.System.AuthorizedUpgrade.Find(state); ok {
		c.outdated = a.foresee(header.Number, u)
	}
	a.head, a.state = header, state
	a.current.Store(c)
	return nil
}

// foresee returns Outdated when the next block ends with a version that the
// program lacks, and warns of such a block before.
func (a *App) foresee(head chain.BlockNumber, u system.UpgradeAuthorization) error {
	_, err := a.newest.At(u.SpecVersion)
	lacks, ok := err.(runtime.NoVersion)
	if !ok {
		return nil
	}
	if u.Height == head+1 {
		return Outdated{u.Height, lacks}
	}
	if left := u.Height - head; left%100 == 0 || left <= 10 || a.warned != u {
		a.warned = u
		a.log.Warn("the node will stop: this program lacks the next version of the runtime", "spec", u.SpecVersion, "block", u.Height, "left", left)
	}
	return nil
}

// Outdated returns an Outdated when the program cannot execute the next block.
func (a *App) Outdated() error { return a.current.Load().outdated }

// Runtime returns the version of the runtime that is in force at the head: it
// executes the next block, and is the one that transactions are signed for.
func (a *App) Runtime() *runtime.Runtime { return a.current.Load().rt }

// RuntimeAt returns the version of the runtime that is in force after a block.
// The block itself was executed by the one that is in force after its parent.
// Where the state is not kept any more the error is store.ErrPruned.
func (a *App) RuntimeAt(at hash.H256) (rt *runtime.Runtime, err error) {
	defer trie.Catch(&err)
	rt, _, err = a.open(at)
	return rt, err
}

// open opens the state of a block, with the version that is in force in it.
func (a *App) open(at hash.H256) (*runtime.Runtime, *trie.Trie, error) {
	state, err := a.StateAt(at)
	if err != nil {
		return nil, nil, err
	}
	if c := a.current.Load(); c.at == at {
		return c.rt, state, nil
	}
	rt, err := a.newest.In(state)
	return rt, state, err
}
