package host

import (
	"context"

	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/hash"
)

// Records is what a cluster keeps about its contracts: [Contracts] without
// compiled codes, for who keeps state and executes nothing. An error means that
// this machine does not know.
type Records interface {
	// Contract returns what is kept of a contract; found is false when there is no
	// such contract, and then Ended tells whether there was one.
	Contract(ctx context.Context, id [32]byte) (r Record, found bool, err error)
	// Code tells whether the cluster was told of a code and can run it.
	Code(ctx context.Context, code hash.H256) (found bool, err error)
	// Address is what a contract is called that another one makes.
	Address(deployer [32]byte, code hash.H256, salt []byte) [32]byte
	// State is the storage of a contract.
	State(id [32]byte) State
	// Put makes a contract, gives it another code, or ends it for ever.
	Put(id [32]byte, r Record)
}

// Codes finds compiled codes. An error means that this machine cannot run the
// code, or wraps vm.ErrRefused: then none can.
type Codes interface {
	Module(ctx context.Context, code hash.H256) (*vm.Module, error)
}

// Join makes a cluster's contracts of what is kept about them and of compiled
// codes.
func Join(r Records, c Codes) Contracts { return joined{r, c} }

type joined struct {
	Records
	Codes
}
