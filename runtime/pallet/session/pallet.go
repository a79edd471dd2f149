// Package session keeps who validates, and with which keys (pallet_session).
//
// A validator names its session keys by set_keys. At the end of each session,
// which is a number of blocks, the set that was planned one session before
// takes over: its GRANDPA keys finalise, its engine keys make blocks. Who is
// in the set decides the Manager; until there are elections, that is root.
package session

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
	// The most validators.
	MaxValidators uint32
	// History is for how many sessions it is known who served with a key.
	History uint32 `scale:"-"`
}

// The keys of a session, each under the name of its role.
type (
	// GrandpaKey is the ed25519 key that finalises blocks.
	GrandpaKey [32]byte
	// EngineKey is the ed25519 key that votes in the consensus engine.
	EngineKey [32]byte
	// BeaconKey is the sr25519 key that makes randomness.
	BeaconKey [32]byte
)

// Keys are the session keys of one validator.
type Keys struct {
	Grandpa GrandpaKey
	Engine  EngineKey
	Beacon  BeaconKey
}

// KeyType is the role of a key: "gran", "engn" or "bcon".
type KeyType [4]byte

// TypedKey is a key with its role.
type TypedKey struct {
	Type KeyType `name:"-"`
	Key  []byte  `name:"-"`
}

// Validator is a validator and the keys that it uses.
type Validator struct {
	Account chain.AccountID `name:"-"`
	Keys    Keys            `name:"-"`
}

// Ended is a set of validators that another has followed.
type Ended struct {
	// At is the last block that this set finalises.
	At         chain.BlockNumber
	Validators []chain.AccountID
	Keys       []Keys
}

// State is what the pallet stores.
type State struct {
	// The validators of this session.
	Validators storage.Value[[]chain.AccountID]
	// The number of this session.
	CurrentIndex storage.Value[uint32]
	// Whether the next session has other validators or keys than this one.
	QueuedChanged storage.Value[bool]
	// The validators and keys of the next session.
	QueuedKeys storage.Value[[]Validator]
	// The validators of this session that must not take part, by their places.
	DisabledValidators storage.Value[[]uint32]
	// The keys that a validator will use from the session after the next.
	NextKeys storage.OptMap[chain.AccountID, Keys, storage.Twox64Concat]
	// Who uses a key.
	KeyOwner storage.OptMap[TypedKey, chain.AccountID, storage.Twox64Concat]
	// The keys of this session's validators, in their order.
	ActiveKeys storage.Value[[]Keys]
	// The sets before this one whose last blocks may still need a proof.
	EndedSets storage.Value[[]Ended]
	// The validators that root planned, until the next session takes them.
	PlannedValidators storage.OptValue[[]chain.AccountID]
	// The blocks in a session.
	Period storage.Value[chain.BlockNumber]
	// Who served with a key, and when; it is known for as long as that can be punished.
	Served storage.OptMap[TypedKey, Service, storage.Twox64Concat]
}

// Service is who served with a key, and when.
type Service struct {
	Owner chain.AccountID
	// From is the first session in which it did, Until the last; without Until
	// it still does.
	From  uint32
	Until *uint32
}

// The calls.
type (
	// SetKeys names the keys that the signer will validate with, and proves that it holds them.
	SetKeys struct {
		Keys  Keys
		Proof []byte
	}
	// PurgeKeys takes the signer's keys out; it can be chosen no more, and serves with them until it is not.
	PurgeKeys struct{}
	// SetValidators plans who validates from the next session but one; root alone may.
	SetValidators struct{ Validators []chain.AccountID }
)

// The events.
type (
	// NewSession says that a session has begun.
	NewSession struct{ SessionIndex uint32 }
	// NewQueued says that other validators or keys are planned.
	NewQueued struct{}
	// ValidatorDisabled says that a validator may not take part for the rest of the session.
	ValidatorDisabled struct{ Validator chain.AccountID }
	// ValidatorReenabled says that a validator may take part again.
	ValidatorReenabled struct{ Validator chain.AccountID }
)

// The errors.
var (
	// ErrInvalidProof means that the proof does not show that the signer holds the keys.
	ErrInvalidProof = frame.NewError(0, "InvalidProof")
	// ErrNoAssociatedValidatorID means that the account is no validator's.
	ErrNoAssociatedValidatorID = frame.NewError(1, "NoAssociatedValidatorId")
	// ErrDuplicatedKey means that somebody has the key already.
	ErrDuplicatedKey = frame.NewError(2, "DuplicatedKey")
	// ErrNoKeys means that the account has no keys.
	ErrNoKeys = frame.NewError(3, "NoKeys")
	// ErrNoAccount means that the account does not exist.
	ErrNoAccount = frame.NewError(4, "NoAccount")
	// ErrLowOrderKey means that a key is of low order: anybody could sign under it.
	ErrLowOrderKey = frame.NewError(10, "LowOrderKey")
	// ErrBadSet means that the validators are none, too many, not distinct, or without keys.
	ErrBadSet = frame.NewError(11, "BadSet")
)

// Pallet is the sessions of one chain.
type Pallet struct {
	Config
	State
	// Accounts counts that an account is needed.
	Accounts Accounts
	// Blocks tells the block under way.
	Blocks Blocks
	// Manager says who validates; nil leaves it to root.
	Manager Manager
	// Handler is told of every session.
	Handler Handler
}

// Accounts is what the pallet needs of the system.
type Accounts interface {
	// Consume keeps an account, which must be there, from ending.
	Consume(*frame.Context, chain.AccountID) error
	Unconsume(*frame.Context, chain.AccountID)
	// Provide makes an account be there.
	Provide(*frame.Context, chain.AccountID)
}

// Blocks is what the pallet needs of the system besides.
type Blocks interface {
	Now(*frame.Context) chain.BlockNumber
}

// Manager decides who validates.
type Manager interface {
	// NewSession returns the validators of the session with the given number,
	// or ok false to leave them as they are.
	NewSession(ctx *frame.Context, index uint32) (validators []chain.AccountID, ok bool)
	// Weigh is what it weighs to ask that, once all before it is done.
	Weigh(ctx *frame.Context, index uint32) frame.Weight
	// WeighEnd is what it weighs to end a session and to begin the next one.
	WeighEnd(ctx *frame.Context, index uint32) frame.Weight
	// EndSession is told that a session ends, StartSession that one begins.
	EndSession(ctx *frame.Context, index uint32)
	StartSession(ctx *frame.Context, index uint32)
}

// Handler is told of sessions.
type Handler interface {
	// OnNewSession says that a session begins with these keys. Changed says
	// that they are not those of the session before.
	OnNewSession(ctx *frame.Context, changed bool, index uint32, keys []Keys)
}

// Declare implements frame.Module.
func (p *Pallet) Declare() frame.Pallet {
	return frame.Pallet{
		Name: "Session", Source: source, State: &p.State, Config: p.Config,
		Calls: []frame.CallDef{
			frame.Call(0, p.setKeys, frame.Time(250*frame.Microsecond)),
			frame.Call(1, p.purgeKeys, frame.Time(60*frame.Microsecond)),
			frame.CallBy(10, p.setValidators, weighSet),
		},
		Events: []frame.EventDef{
			frame.Event[NewSession](0), frame.Event[NewQueued](1), frame.Event[ValidatorDisabled](2), frame.Event[ValidatorReenabled](3),
		},
		Errors: []*frame.Error{
			ErrInvalidProof, ErrNoAssociatedValidatorID, ErrDuplicatedKey, ErrNoKeys, ErrNoAccount, ErrLowOrderKey, ErrBadSet,
		},
	}
}
