// Package queue carries messages between the chain and the enclaves. Down, it
// keeps a numbered queue for each worker and cluster, of which the state holds
// a hash chain and the block holds the bodies. Up, it takes messages that a
// registered worker signed, each once and in order.
package queue

import (
	_ "embed"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/pallet/queue/words"
)

//go:embed pallet.go
var source string

// Config is what a chain chooses.
type Config struct {
	// The most bytes that a message to an enclave may have.
	MaxPayload uint32
	// The most bytes that a message from an enclave may have.
	MaxUp uint32
}

// The calls.
type (
	// Sync brings a message of a worker; it needs no signature but the worker's.
	Sync struct{ Message words.SignedMessage }
)

// The events.
type (
	// MessagePushed says that a message was put into a queue.
	MessagePushed struct {
		To  words.Destination
		Seq uint64
	}
	// MessageReceived says that a worker's message was taken.
	MessageReceived struct {
		Worker [32]byte
		Seq    uint64
	}
	// MessageRefused says that a worker's message was taken, but meant nothing or something that it may not say.
	MessageRefused struct {
		Worker [32]byte
		Seq    uint64
		Error  frame.DispatchError
	}
)

// The errors.
var (
	// ErrBadSender means that the sender is no registered worker.
	ErrBadSender = frame.NewError(0, "BadSender")
	// ErrBadEpoch means that the sender was started again since.
	ErrBadEpoch = frame.NewError(1, "BadEpoch")
	// ErrBadSequence means that the message is not the sender's next.
	ErrBadSequence = frame.NewError(2, "BadSequence")
	// ErrTooLong means that the message is too long.
	ErrTooLong = frame.NewError(3, "TooLong")
	// ErrUndecodable means that the message is none that the chain knows.
	ErrUndecodable = frame.NewError(4, "Undecodable")
)

// Pallet is the queues of one chain.
type Pallet struct {
	Config
	words.State
	Workers Workers
	Blocks  Blocks
	Clock   Clock
	Fees    Fees
	// Receiver acts on what workers say.
	Receiver Receiver
}

// Workers is what the pallet needs of the registry.
type Workers interface {
	// Session returns the operator and the boot epoch of a worker that may
	// speak now.
	Session(ctx *frame.Context, identity [32]byte) (operator chain.AccountID, bootEpoch uint64, ok bool)
}

// Blocks is what the pallet needs of the system.
type Blocks interface {
	Now(*frame.Context) chain.BlockNumber
	HashOf(*frame.Context, chain.BlockNumber) (hash.H256, bool)
}

// Clock tells the time of the block in milliseconds since 1970.
type Clock interface{ Time(*frame.Context) uint64 }

// Fees charges a worker's operator for its messages.
type Fees interface {
	CanPay(ctx *frame.Context, who chain.AccountID, w frame.Weight, length int) bool
	Charge(ctx *frame.Context, who chain.AccountID, w frame.Weight, length int) error
}

// Receiver acts on a worker's message, and returns ErrUndecodable for one that
// it does not know.
type Receiver interface {
	Receive(ctx *frame.Context, worker [32]byte, payload []byte) error
}

// Declare implements frame.Module.
func (p *Pallet) Declare() frame.Pallet {
	return frame.Pallet{
		Name: "Queue", Source: source, State: &p.State, Config: p.Config,
		Calls: []frame.CallDef{frame.CallBy(0, p.sync, weighSync).Free()},
		Events: []frame.EventDef{
			frame.Event[MessagePushed](0), frame.Event[MessageReceived](1), frame.Event[MessageRefused](2),
		},
		Errors: []*frame.Error{ErrBadSender, ErrBadEpoch, ErrBadSequence, ErrTooLong, ErrUndecodable},
	}
}
