package staking

import (
	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/npos"
	"github.com/tacit-network/tacit/scale"
)

// Perbill is a part in billionths; more than a billion counts as a billion.
type Perbill uint32

// One is all of it.
const One Perbill = 1_000_000_000

// of returns the part of x, rounded to the nearest, and of two to the lower.
func (p Perbill) of(x chain.Balance) chain.Balance { return npos.Perbill.Mul(uint64(min(p, One)), x) }

// part returns p/q, rounded down; it is all where q is 0 or less than p.
func part(p, q chain.Balance) Perbill { return Perbill(npos.Perbill.Ratio(p, q)) }

// Percent is a part in hundredths.
type Percent uint8

func (p Percent) of(x chain.Balance) chain.Balance { return npos.Percent.Mul(uint64(min(p, 100)), x) }

// ofCount is of, rounded down.
func (p Percent) ofCount(n uint32) uint64 { return uint64(min(p, 100)) * uint64(n) / 100 }

// RewardDestination says where rewards go.
type RewardDestination interface{ isRewardDestination() }

// The destinations.
type (
	// Staked adds them to the bond.
	Staked struct{}
	// Stash leaves them free in the stash.
	Stash struct{}
	// Controller is the stash: there are no controllers apart from it.
	Controller struct{}
	// Account gives them to an account.
	Account struct {
		Who chain.AccountID `name:"-"`
	}
	// None gives them up.
	None struct{}
)

func (Staked) isRewardDestination()     {}
func (Stash) isRewardDestination()      {}
func (Controller) isRewardDestination() {}
func (Account) isRewardDestination()    {}
func (None) isRewardDestination()       {}

var _ = scale.Enum(scale.V[RewardDestination]{0: Staked{}, 1: Stash{}, 2: Controller{}, 3: Account{}, 4: None{}})

// ValidatorPrefs is what a validator asks and allows.
type ValidatorPrefs struct {
	// Commission is the part of the rewards that it takes before all share.
	Commission Perbill `scale:"compact"`
	// Blocked says that nobody new may nominate it.
	Blocked bool
}

// Ledger is what a stash has bonded (StakingLedger).
type Ledger struct {
	Stash chain.AccountID
	// Total is all of it, Active what counts; the rest is being unbonded.
	Total  chain.Balance `scale:"compact"`
	Active chain.Balance `scale:"compact"`
	// Unlocking is what may be withdrawn from an era on, the soonest first.
	Unlocking []UnlockChunk
	// LegacyClaimedRewards is of other chains' past, and empty.
	LegacyClaimedRewards []uint32
}

// UnlockChunk is a part of a bond that may be withdrawn from an era on.
type UnlockChunk struct {
	Value chain.Balance `scale:"compact"`
	Era   uint32        `scale:"compact"`
}

// Nominations are whom a nominator nominates.
type Nominations struct {
	Targets []chain.AccountID
	// SubmittedIn is the era in which it did.
	SubmittedIn uint32
	Suppressed  bool
}

// ActiveEraInfo is the era whose validators validate.
type ActiveEraInfo struct {
	Index uint32
	// Start is when it began, in milliseconds since 1970, once that is known.
	Start *uint64
}

// EraRewardPoints are who did how much in an era.
type EraRewardPoints struct {
	Total      uint32
	Individual PointMap
}

// PointMap has the points of each account, sorted by account.
type PointMap []Points

// Points is what an account did.
type Points struct {
	Who    chain.AccountID `name:"-"`
	Points uint32          `name:"-"`
}

// Of returns an account's points.
func (m PointMap) Of(who chain.AccountID) uint32 {
	if i, ok := m.find(who); ok {
		return m[i].Points
	}
	return 0
}

// IndividualExposure is what a nominator stands behind a validator with.
type IndividualExposure struct {
	Who   chain.AccountID
	Value chain.Balance `scale:"compact"`
}

// PagedExposureMetadata is what stands behind a validator in an era.
type PagedExposureMetadata struct {
	Total          chain.Balance `scale:"compact"`
	Own            chain.Balance `scale:"compact"`
	NominatorCount uint32
	PageCount      uint32
}

// ExposurePage is a page of a validator's nominators.
type ExposurePage struct {
	PageTotal chain.Balance `scale:"compact"`
	Others    []IndividualExposure
}

// Forcing says whether eras begin by themselves.
type Forcing uint8

// The modes.
const (
	// NotForcing lets an era have its sessions.
	NotForcing Forcing = iota
	// ForceNew begins one as soon as can be, and then none out of turn.
	ForceNew
	// ForceNone begins none.
	ForceNone
	// ForceAlways begins one with each session.
	ForceAlways
)

// Variants implements scale.Units.
func (Forcing) Variants() []string {
	return []string{"NotForcing", "ForceNew", "ForceNone", "ForceAlways"}
}

// UnappliedSlash is a slash that waits for its era.
type UnappliedSlash struct {
	Validator chain.AccountID
	Own       chain.Balance
	Others    []OtherSlash
	Reporters []chain.AccountID
	// Payout is what the reporters get of it.
	Payout chain.Balance
}

// EraOffender is a validator that did something in an era.
type EraOffender struct {
	Era uint32          `name:"-"`
	Who chain.AccountID `name:"-"`
}

// WaitingOffence is an offence of a validator that waits to be judged.
type WaitingOffence struct {
	Fraction  Perbill
	Reporters []chain.AccountID
}

// OtherSlash is what a nominator loses by a slash.
type OtherSlash struct {
	Who   chain.AccountID `name:"-"`
	Value chain.Balance   `name:"-"`
}

// BondedEra is an era and the session in which it began.
type BondedEra struct {
	Era     uint32 `name:"-"`
	Session uint32 `name:"-"`
}

// EraSlash is the greatest slash of a validator in an era.
type EraSlash struct {
	Fraction Perbill       `name:"-"`
	Own      chain.Balance `name:"-"`
}

// SlashingSpans are the times of a stash that count as one, as far as slashes
// go: in each, the greatest slash counts and no other.
type SlashingSpans struct {
	// SpanIndex is the present span's, LastStart the era in which it began.
	SpanIndex        uint32
	LastStart        uint32
	LastNonzeroSlash uint32
	// Prior are the lengths of the spans before, the newest first.
	Prior []uint32
}

// SpanKey names a span of a stash.
type SpanKey struct {
	Stash chain.AccountID `name:"-"`
	Span  uint32          `name:"-"`
}

// SpanRecord is what was slashed in a span, and paid to reporters.
type SpanRecord struct{ Slashed, PaidOut chain.Balance }

// Rank is a nominator's or a candidate's place by its stake: keys sort as the
// stakes do.
type Rank struct {
	// Stake is big-endian.
	Stake [16]byte
	Who   chain.AccountID
}

// ConfigOp changes a setting, or not.
type ConfigOp[T any] interface{ isConfigOp(T) }

// The operations.
type (
	// Noop leaves it.
	Noop[T any] struct{}
	// Set sets it.
	Set[T any] struct {
		To T `name:"-"`
	}
	// Remove sets it to nothing.
	Remove[T any] struct{}
)

func (Noop[T]) isConfigOp(T)   {}
func (Set[T]) isConfigOp(T)    {}
func (Remove[T]) isConfigOp(T) {}

var (
	_ = scale.Enum(scale.V[ConfigOp[chain.Balance]]{0: Noop[chain.Balance]{}, 1: Set[chain.Balance]{}, 2: Remove[chain.Balance]{}})
	_ = scale.Enum(scale.V[ConfigOp[uint32]]{0: Noop[uint32]{}, 1: Set[uint32]{}, 2: Remove[uint32]{}})
	_ = scale.Enum(scale.V[ConfigOp[Percent]]{0: Noop[Percent]{}, 1: Set[Percent]{}, 2: Remove[Percent]{}})
	_ = scale.Enum(scale.V[ConfigOp[Perbill]]{0: Noop[Perbill]{}, 1: Set[Perbill]{}, 2: Remove[Perbill]{}})
)
