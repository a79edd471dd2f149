// Package registry admits workers. A worker shows by a quote of its hardware
// which program it is and that its keys are its own; there is no other way in.
// What it proved stands here, for a limited time, for whoever wants to encrypt
// to it or to give it work.
package registry

import (
	_ "embed"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/attest/report"
	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/frame"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/runtime/pallet/registry/words"
)

//go:embed pallet.go
var source string

// Config is what a chain chooses.
type Config struct {
	// How many blocks back the block may be whose hash a quote binds.
	MaxBlockAge uint32
	// How long a registration lasts at most, in milliseconds.
	MaxAge uint64
	// How long a registration outlives the collateral that it was checked against, in milliseconds.
	CollateralGrace uint64
}

// The calls.
type (
	// Register registers a worker of the signer: info is what the worker says, quote proves it, and signature is by the worker's identity key.
	Register struct {
		Info      report.RegistrationInfo
		Quote     []byte
		Nonce     [32]byte
		Signature [64]byte
	}
	// SetEndpoints publishes the addresses at which a worker of the signer answers queries.
	SetEndpoints struct {
		Worker    [32]byte
		Endpoints [][]byte
	}
	// Deregister takes a worker of the signer out. It may come back with a new quote.
	Deregister struct{ Worker [32]byte }
	// BanPlatform refuses a machine, or admits it again. Its workers are out at once.
	BanPlatform struct {
		Platform hash.H256
		Banned   bool
	}
)

// The events.
type (
	// WorkerRegistered says that a worker proved what it is.
	WorkerRegistered struct {
		Worker    [32]byte
		Operator  chain.AccountID
		Image     hash.H256
		Class     attest.Class
		BootEpoch uint64
		ExpiresAt uint64
	}
	// EndpointsSet says that a worker has other addresses.
	EndpointsSet struct{ Worker [32]byte }
	// WorkerRemoved says that a worker is registered no longer.
	WorkerRemoved struct{ Worker [32]byte }
	// PlatformBanned says that a machine is refused, or admitted again.
	PlatformBanned struct {
		Platform hash.H256
		Banned   bool
	}
)

// The errors.
var (
	// ErrBadInfo means that what the worker says of itself is malformed.
	ErrBadInfo = frame.NewError(0, "BadInfo")
	// ErrNotOperator means that the signer is not the worker's operator.
	ErrNotOperator = frame.NewError(1, "NotOperator")
	// ErrBadBlock means that the block that the quote binds is too old, or none of this chain.
	ErrBadBlock = frame.NewError(2, "BadBlock")
	// ErrOldBootEpoch means that a later instance of the worker was registered.
	ErrOldBootEpoch = frame.NewError(3, "OldBootEpoch")
	// ErrBadSignature means that the signature is not the identity key's.
	ErrBadSignature = frame.NewError(4, "BadSignature")
	// ErrWrongReportData means that the quote is about something else.
	ErrWrongReportData = frame.NewError(5, "WrongReportData")
	// ErrPlatformBanned means that the machine is refused.
	ErrPlatformBanned = frame.NewError(6, "PlatformBanned")
	// ErrUnknownWorker means that there is no such worker.
	ErrUnknownWorker = frame.NewError(7, "UnknownWorker")
	// ErrBadEndpoints means that there are too many addresses, or that one is malformed.
	ErrBadEndpoints = frame.NewError(8, "BadEndpoints")
	// ErrUnknownPlatform means that no worker ran on such a machine.
	ErrUnknownPlatform = frame.NewError(9, "UnknownPlatform")
)

// Pallet is the workers of one chain.
type Pallet struct {
	Config
	words.State
	Attestation Attestation
	Queue       Queue
	Blocks      Blocks
	Clock       Clock
}

// Attestation is what the pallet needs of the judge of quotes.
type Attestation interface {
	// Admit checks a quote, and that it shows the image with the configuration
	// whose hash is config.
	Admit(ctx *frame.Context, quote []byte, image hash.H256, config attest.Digest) (*attest.Evidence, attest.Admission, uint8, error)
	// Active reports whether workers may run an image at this block.
	Active(ctx *frame.Context, image hash.H256) bool
	// Trusted reports whether an anchor is enabled.
	Trusted(ctx *frame.Context, anchor uint8) bool
}

// Queue is what the pallet needs of the queues.
type Queue interface {
	Push(ctx *frame.Context, to queue.Destination, origin queue.MessageOrigin, payload []byte) (uint64, error)
}

// Blocks is what the pallet needs of the system.
type Blocks interface {
	Now(*frame.Context) chain.BlockNumber
	HashOf(*frame.Context, chain.BlockNumber) (hash.H256, bool)
}

// Clock tells the time of the block in milliseconds since 1970.
type Clock interface{ Time(*frame.Context) uint64 }

// Declare implements frame.Module.
func (p *Pallet) Declare() frame.Pallet {
	small := frame.Time(100 * frame.Microsecond)
	return frame.Pallet{
		Name: "Registry", Source: source, State: &p.State, Config: p.Config,
		Calls: []frame.CallDef{
			frame.Call(0, p.register, frame.Time(1500*frame.Microsecond)),
			frame.Call(1, p.setEndpoints, small),
			frame.Call(2, p.deregister, small),
			frame.Call(3, p.banPlatform, small),
		},
		Events: []frame.EventDef{
			frame.Event[WorkerRegistered](0), frame.Event[EndpointsSet](1), frame.Event[WorkerRemoved](2), frame.Event[PlatformBanned](3),
		},
		Errors: []*frame.Error{
			ErrBadInfo, ErrNotOperator, ErrBadBlock, ErrOldBootEpoch, ErrBadSignature, ErrWrongReportData,
			ErrPlatformBanned, ErrUnknownWorker, ErrBadEndpoints, ErrUnknownPlatform,
		},
	}
}
