// Package imonline knows which validators are there: by the blocks that they
// make, by their votes for finality, and by heartbeats. Candidates that wait to
// be elected show by heartbeats that they are; who was not seen within an era
// is not elected (pallet_im_online).
package imonline

import (
	_ "embed"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/storage"
)

//go:embed pallet.go
var source string

// Config is what a chain chooses.
type Config struct {
	// The priority of heartbeats in the pool.
	UnsignedPriority uint64
	// ShortestSession is how many blocks a session must have for it to tell who is offline.
	ShortestSession chain.BlockNumber `scale:"-"`
	// Kept is for how many sessions it is known when somebody was seen.
	Kept uint32 `scale:"-"`
}

// Public is the sr25519 session key that signs heartbeats.
type Public [32]byte

// Heartbeat says that who holds a session key is there.
type Heartbeat struct {
	// SessionIndex is the session under way.
	SessionIndex uint32
	AuthorityID  Public
}

// State is what the pallet stores.
type State struct {
	// The validators of this session that sent a heartbeat, by their places.
	ReceivedHeartbeats storage.OptDoubleMap[uint32, uint32, bool, storage.Twox64Concat, storage.Twox64Concat]
	// How many blocks a validator made in this session.
	AuthoredBlocks storage.DoubleMap[uint32, chain.AccountID, uint32, storage.Twox64Concat, storage.Twox64Concat]
	// A bit for each validator of this session, by its place: whether it was seen.
	Seen storage.Value[[]byte]
	// The last session in which an account was seen.
	LastSeen storage.OptMap[chain.AccountID, uint32, storage.Twox64Concat]
}

// The calls.
type (
	// HeartbeatCall says that a validator or a candidate is there; its node sends one in each session, signed by a session key.
	HeartbeatCall struct {
		Heartbeat Heartbeat
		Signature [64]byte
	}
)

// The events.
type (
	// HeartbeatReceived says that who holds a session key is there.
	HeartbeatReceived struct{ AuthorityID Public }
	// AllGood says that in the session that ends all validators were there.
	AllGood struct{}
	// SomeOffline says which validators were not there in the session that ends.
	SomeOffline struct{ Offline []chain.AccountID }
)

// The errors.
var (
	// ErrInvalidKey means that the key is no validator's and no candidate's.
	ErrInvalidKey = frame.NewError(0, "InvalidKey")
	// ErrDuplicatedHeartbeat means that there was one in this session.
	ErrDuplicatedHeartbeat = frame.NewError(1, "DuplicatedHeartbeat")
)

// Pallet is who is online on one chain.
type Pallet struct {
	Config
	State
	Sessions Sessions
	Blocks   Blocks
	Offences Offences
}

// Sessions is what the pallet needs of the sessions and of staking.
type Sessions interface {
	// Index is the number of the session under way.
	Index(*frame.Context) uint32
	// Length is how many blocks it has.
	Length(*frame.Context) chain.BlockNumber
	// Now are the validators of the session under way.
	Now(*frame.Context) []chain.AccountID
	// Holder is who named a key as its session key, if it validates or wants to,
	// or who validates with it still.
	Holder(ctx *frame.Context, key Public) (chain.AccountID, bool)
}

// Blocks is what the pallet needs of the system.
type Blocks interface {
	HashOf(*frame.Context, chain.BlockNumber) ([32]byte, bool)
}

// Offences takes reports.
type Offences interface {
	// ReportOffline says who was not there in a session.
	ReportOffline(ctx *frame.Context, session uint32, who []chain.AccountID)
}

// Declare implements frame.Module.
func (p *Pallet) Declare() frame.Pallet {
	return frame.Pallet{
		Name: "ImOnline", Source: source, State: &p.State, Config: p.Config,
		Calls: []frame.CallDef{frame.Call(0, p.heartbeat, frame.Time(150*frame.Microsecond)).Named("heartbeat")},
		Events: []frame.EventDef{
			frame.Event[HeartbeatReceived](0), frame.Event[AllGood](1), frame.Event[SomeOffline](2),
		},
		Errors: []*frame.Error{ErrInvalidKey, ErrDuplicatedHeartbeat},
	}
}
