// Package proxy lets accounts act on behalf of others, within what a type of
// proxy allows, at once or after the call was announced for a while
// (pallet_proxy, as of the call poke_deposit).
//
// What a type does not allow, it does not allow inside a batch either: the
// filter goes with the origin.
package proxy

import (
	_ "embed"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/storage"
	"github.com/tacit-network/tacit/scale"
)

//go:embed pallet.go
var source string

// Config is what a chain chooses.
type Config struct {
	// What is reserved of an account that has proxies.
	ProxyDepositBase chain.Balance
	// What is reserved besides for each proxy.
	ProxyDepositFactor chain.Balance
	// The most proxies of one account.
	MaxProxies uint32
	// The most announcements of one proxy that are pending.
	MaxPending uint32
	// What is reserved of a proxy that has announcements.
	AnnouncementDepositBase chain.Balance
	// What is reserved besides for each announcement.
	AnnouncementDepositFactor chain.Balance
}

// State is what the pallet stores.
type State struct {
	// The proxies of an account, and what is reserved for them.
	Proxies storage.Map[chain.AccountID, Proxies, storage.Twox64Concat]
	// The announcements that a proxy made, and what is reserved for them.
	Announcements storage.Map[chain.AccountID, Announcements, storage.Twox64Concat]
}

// ProxyType says which calls a proxy may make; the chain's runtime says which
// those are.
type ProxyType uint8

// The types of proxies. Indices never move.
const (
	// Any may make all calls.
	Any ProxyType = iota
	// NonTransfer may make all calls that move no money but what staking moves.
	NonTransfer
	// Governance may make the calls of governance and of the treasury.
	Governance
	// Staking may make the calls of staking and sessions.
	Staking
	// Contracts may make the calls of clusters and contracts, which can take deposits.
	Contracts
	// CancelProxy may reject what other proxies announce, and nothing else.
	CancelProxy
)

// Variants implements scale.Units.
func (ProxyType) Variants() []string {
	return []string{"Any", "NonTransfer", "Governance", "Staking", "Contracts", "CancelProxy"}
}

// Definition is one proxy of an account.
type Definition struct {
	// Who may act on the account's behalf.
	Delegate chain.AccountID
	// Which calls it may make.
	ProxyType ProxyType
	// How many blocks before a call it must be announced; 0 for not at all.
	Delay chain.BlockNumber
}

// Announcement is a call that a proxy wants to make.
type Announcement struct {
	// On whose behalf.
	Real chain.AccountID
	// The BLAKE2b-256 of the encoded call.
	CallHash hash.H256
	// The block of the announcement.
	Height chain.BlockNumber
}

// Proxies are those of one account, in order, and what is reserved for them.
type Proxies struct {
	List    []Definition  `name:"-"`
	Deposit chain.Balance `name:"-"`
}

// Announcements are those of one proxy, and what is reserved for them.
type Announcements struct {
	List    []Announcement `name:"-"`
	Deposit chain.Balance  `name:"-"`
}

// DepositKind says what a deposit is for.
type DepositKind uint8

// The kinds.
const (
	ForProxies DepositKind = iota
	ForAnnouncements
)

// Variants implements scale.Units.
func (DepositKind) Variants() []string { return []string{"Proxies", "Announcements"} }

// The calls.
type (
	// Proxy makes a call on behalf of another account.
	Proxy struct {
		Real chain.MultiAddress
		// The type of proxy to act as, if not the first that the signer has.
		ForceProxyType *ProxyType
		Call           frame.AnyCall
	}
	// AddProxy makes another account a proxy of the signer's.
	AddProxy struct {
		Delegate  chain.MultiAddress
		ProxyType ProxyType
		// How many blocks before a call it must be announced.
		Delay chain.BlockNumber
	}
	// RemoveProxy ends what AddProxy began, with the same arguments.
	RemoveProxy struct {
		Delegate  chain.MultiAddress
		ProxyType ProxyType
		Delay     chain.BlockNumber
	}
	// RemoveProxies removes all proxies of the signer's. An account that create_pure made is lost by it.
	RemoveProxies struct{}
	// CreatePure makes an account that nobody has a key of, with the signer as its proxy.
	CreatePure struct {
		ProxyType ProxyType
		Delay     chain.BlockNumber
		// Tells apart the accounts that one transaction makes.
		Index uint16
	}
	// KillPure gives up an account that create_pure made, which itself must be the signer. What it holds is lost.
	KillPure struct {
		// Who made the account, and how.
		Spawner   chain.MultiAddress
		ProxyType ProxyType
		Index     uint16
		// The block in which it was made, and the transaction's index in it.
		Height   chain.BlockNumber `scale:"compact"`
		ExtIndex uint32            `scale:"compact"`
	}
	// Announce announces a call that the signer, a proxy, wants to make.
	Announce struct {
		Real chain.MultiAddress
		// The BLAKE2b-256 of the encoded call.
		CallHash hash.H256
	}
	// RemoveAnnouncement takes an announcement of the signer's back.
	RemoveAnnouncement struct {
		Real     chain.MultiAddress
		CallHash hash.H256
	}
	// RejectAnnouncement refuses what a proxy of the signer's announced.
	RejectAnnouncement struct {
		Delegate chain.MultiAddress
		CallHash hash.H256
	}
	// ProxyAnnounced makes a call that a proxy announced for long enough; anybody may.
	ProxyAnnounced struct {
		Delegate       chain.MultiAddress
		Real           chain.MultiAddress
		ForceProxyType *ProxyType
		Call           frame.AnyCall
	}
	// PokeDeposit brings the signer's deposits to what they would be today; it is free if that changes them.
	PokeDeposit struct{}
)

// Outcome is how a call ended.
type Outcome = scale.Result[struct{}, frame.DispatchError]

// The events.
type (
	// ProxyExecuted says that a proxy made a call, and how it ended.
	ProxyExecuted struct{ Result Outcome }
	// PureCreated says that an account without a key was made.
	PureCreated struct {
		Pure, Who           chain.AccountID
		ProxyType           ProxyType
		DisambiguationIndex uint16
	}
	// PureKilled says that an account without a key was given up.
	PureKilled struct {
		Pure, Spawner       chain.AccountID
		ProxyType           ProxyType
		DisambiguationIndex uint16
	}
	// Announced says that a proxy wants to make a call.
	Announced struct {
		Real, Proxy chain.AccountID
		CallHash    hash.H256
	}
	// ProxyAdded says that an account has a new proxy.
	ProxyAdded struct {
		Delegator, Delegatee chain.AccountID
		ProxyType            ProxyType
		Delay                chain.BlockNumber
	}
	// ProxyRemoved says that an account has one proxy less.
	ProxyRemoved struct {
		Delegator, Delegatee chain.AccountID
		ProxyType            ProxyType
		Delay                chain.BlockNumber
	}
	// DepositPoked says that a deposit was brought to what it would be today.
	DepositPoked struct {
		Who                    chain.AccountID
		Kind                   DepositKind
		OldDeposit, NewDeposit chain.Balance
	}
)

// The errors.
var (
	// ErrTooMany means too many proxies, or announcements that are pending.
	ErrTooMany = frame.NewError(0, "TooMany")
	// ErrNotFound means that there is no such proxy or announcement.
	ErrNotFound = frame.NewError(1, "NotFound")
	// ErrNotProxy means that the sender is no such proxy of the account.
	ErrNotProxy = frame.NewError(2, "NotProxy")
	// ErrUnproxyable means that the type of proxy does not allow the call.
	ErrUnproxyable = frame.NewError(3, "Unproxyable")
	// ErrDuplicate means that the proxy is there already.
	ErrDuplicate = frame.NewError(4, "Duplicate")
	// ErrNoPermission means that the account was not made by such a call.
	ErrNoPermission = frame.NewError(5, "NoPermission")
	// ErrUnannounced means that the call was not announced, or too recently.
	ErrUnannounced = frame.NewError(6, "Unannounced")
	// ErrNoSelfProxy means that nobody is a proxy of his own.
	ErrNoSelfProxy = frame.NewError(7, "NoSelfProxy")
)

// Pallet is the proxies of one chain.
type Pallet struct {
	Config
	State
	Money  Money
	Blocks Blocks
	Permit Permit
}

// Money is what the pallet needs of the balances.
type Money interface {
	Reserve(ctx *frame.Context, who chain.AccountID, amount chain.Balance) error
	Unreserve(ctx *frame.Context, who chain.AccountID, amount chain.Balance) (missing chain.Balance)
}

// Blocks is what the pallet needs of the system.
type Blocks interface {
	Now(*frame.Context) chain.BlockNumber
	ExtrinsicIndex(*frame.Context) uint32
}

// Permit is what the chain says of the types of proxies.
type Permit interface {
	// Allows says whether a proxy of type t may make call.
	Allows(t ProxyType, call frame.AnyCall) bool
	// Includes says whether t allows all that other allows.
	Includes(t, other ProxyType) bool
}

// Declare implements frame.Module.
func (p *Pallet) Declare() frame.Pallet {
	list, pending := p.weightList(), p.weightPending()
	return frame.Pallet{
		Name: "Proxy", Source: source, State: &p.State, Config: p.Config,
		Calls: []frame.CallDef{
			frame.CallWith(0, p.proxy, p.weighProxy, func(c Proxy) []frame.AnyCall { return []frame.AnyCall{c.Call} }),
			frame.Call(1, p.addProxy, list), frame.Call(2, p.removeProxy, list), frame.Call(3, p.removeProxies, list),
			frame.Call(4, p.createPure, list), frame.Call(5, p.killPure, list),
			frame.Call(6, p.announce, pending), frame.Call(7, p.removeAnnouncement, pending),
			frame.Call(8, p.rejectAnnouncement, pending),
			frame.CallWith(9, p.proxyAnnounced, p.weighAnnounced, func(c ProxyAnnounced) []frame.AnyCall { return []frame.AnyCall{c.Call} }),
			frame.Call(10, p.pokeDeposit, pending),
		},
		Events: []frame.EventDef{
			frame.Event[ProxyExecuted](0), frame.Event[PureCreated](1), frame.Event[PureKilled](2), frame.Event[Announced](3),
			frame.Event[ProxyAdded](4), frame.Event[ProxyRemoved](5), frame.Event[DepositPoked](6),
		},
		Errors: []*frame.Error{
			ErrTooMany, ErrNotFound, ErrNotProxy, ErrUnproxyable, ErrDuplicate, ErrNoPermission, ErrUnannounced, ErrNoSelfProxy,
		},
	}
}
