// Package staking elects the validators by the stakes behind them, pays those
// who validated and those who nominated them, and takes from those who did
// harm (pallet_staking).
//
// A stash bonds tokens, and then validates or nominates with them. Time is
// counted in eras of some sessions. In the last session of an era the
// election runs, in one block and in full; who wins validates from the next
// era on. At the end of an era it is known how much its validators earned;
// anybody may have each page of it paid. What was bonded may be slashed until
// it is withdrawn, some eras after it was unbonded.
package staking

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
	// For how many eras past what was earned in them can be had.
	HistoryDepth uint32
	// The sessions in an era.
	SessionsPerEra uint32
	// How many eras what is unbonded can still be slashed.
	BondingDuration uint32
	// How many eras a slash waits, in which it can be cancelled.
	SlashDeferDuration uint32
	// The most nominators in a page.
	MaxExposurePageSize uint32
	// The most parts of a bond that are being unbonded.
	MaxUnlockingChunks uint32
	// The most validators that one can nominate.
	MaxNominations uint32
	// The most nominators whose votes count. Where there are that many, who bonds more takes the place of who bonds the least.
	MaxElectingVoters uint32
	// The most candidates. Where there are that many, who bonds more takes the place of who is worth the least.
	MaxElectableTargets uint32
	// MaxValidators is the most validators.
	MaxValidators uint32 `scale:"-"`
	// MaxJudgedStakes is how many stakes are judged or slashed at once at most: those behind one validator, and others as far as there is room.
	MaxJudgedStakes uint32 `scale:"-"`
	// ExistentialDeposit is the least that can be bonded.
	ExistentialDeposit chain.Balance `scale:"-"`
	// Reason is what the bonds are held for.
	Reason frame.HoldReason `scale:"-"`
}

// State is what the pallet stores.
type State struct {
	// How many validators are wanted; with 0 there are no elections, and root says who validates.
	ValidatorCount storage.Value[uint32]
	// The fewest validators; an election of fewer does not count.
	MinimumValidatorCount storage.Value[uint32]
	// Who is never slashed.
	Invulnerables storage.Value[[]chain.AccountID]
	// The controller of a stash, which is the stash.
	Bonded storage.OptMap[chain.AccountID, chain.AccountID, storage.Twox64Concat]
	// The least bond with which one can nominate.
	MinNominatorBond storage.Value[chain.Balance]
	// The least bond with which one can validate.
	MinValidatorBond storage.Value[chain.Balance]
	// The least bond that voted in the last election.
	MinimumActiveStake storage.Value[chain.Balance]
	// The least commission.
	MinCommission storage.Value[Perbill]
	// What a stash has bonded.
	Ledger storage.OptMap[chain.AccountID, Ledger, storage.Blake2Concat]
	// Where a stash's rewards go.
	Payee storage.OptMap[chain.AccountID, RewardDestination, storage.Twox64Concat]
	// Who wants to validate.
	Validators storage.Map[chain.AccountID, ValidatorPrefs, storage.Twox64Concat]
	// How many want to validate.
	CounterForValidators storage.Value[uint32]
	// The most that may want to validate.
	MaxValidatorsCount storage.OptValue[uint32]
	// What a candidate's place is worth: its bond, or what stands behind it where it is elected and that is more.
	CandidateStakes storage.OptMap[chain.AccountID, chain.Balance, storage.Twox64Concat]
	// The candidates by what their places are worth, the least first.
	CandidateRanks storage.Map[Rank, bool, storage.Identity]
	// Whom a nominator nominates.
	Nominators storage.OptMap[chain.AccountID, Nominations, storage.Twox64Concat]
	// How many nominate.
	CounterForNominators storage.Value[uint32]
	// The most that may nominate.
	MaxNominatorsCount storage.OptValue[uint32]
	// The nominators by their bonds, the least first.
	NominatorRanks storage.Map[Rank, bool, storage.Identity]
	// The newest era that is planned; its validators may not validate yet.
	CurrentEra storage.OptValue[uint32]
	// The era whose validators validate.
	ActiveEra storage.OptValue[ActiveEraInfo]
	// The session in which an era begins.
	ErasStartSessionIndex storage.OptMap[uint32, uint32, storage.Twox64Concat]
	// What stands behind a validator in an era.
	ErasStakersOverview storage.OptDoubleMap[uint32, chain.AccountID, PagedExposureMetadata, storage.Twox64Concat, storage.Twox64Concat]
	// The nominators of a validator in an era, page by page.
	ErasStakersPaged storage.OptTripleMap[uint32, chain.AccountID, uint32, ExposurePage, storage.Twox64Concat, storage.Twox64Concat, storage.Twox64Concat]
	// The pages of a validator in an era whose rewards were paid.
	ClaimedRewards storage.DoubleMap[uint32, chain.AccountID, []uint32, storage.Twox64Concat, storage.Twox64Concat]
	// What a validator asked and allowed in an era.
	ErasValidatorPrefs storage.DoubleMap[uint32, chain.AccountID, ValidatorPrefs, storage.Twox64Concat, storage.Twox64Concat]
	// What all validators and nominators of an era earned together.
	ErasValidatorReward storage.OptMap[uint32, chain.Balance, storage.Twox64Concat]
	// Who did how much in an era.
	ErasRewardPoints storage.Map[uint32, EraRewardPoints, storage.Twox64Concat]
	// What stands behind all validators in an era.
	ErasTotalStake storage.Map[uint32, chain.Balance, storage.Twox64Concat]
	// Whether eras begin by themselves.
	ForceEra storage.Value[Forcing]
	// The most of an era's payout that validators and nominators get; the rest is the treasury's.
	MaxStakedRewards storage.OptValue[Percent]
	// The part of a slash of which reporters get theirs.
	SlashRewardFraction storage.Value[Perbill]
	// The slashes that wait for an era.
	UnappliedSlashes storage.Map[uint32, []UnappliedSlash, storage.Twox64Concat]
	// The eras whose bonds can be slashed, and the sessions in which they began.
	BondedEras storage.Value[[]BondedEra]
	// The greatest slash of a validator in an era.
	ValidatorSlashInEra storage.OptDoubleMap[uint32, chain.AccountID, EraSlash, storage.Twox64Concat, storage.Twox64Concat]
	// What a nominator lost in an era.
	NominatorSlashInEra storage.OptDoubleMap[uint32, chain.AccountID, chain.Balance, storage.Twox64Concat, storage.Twox64Concat]
	// The offences that wait to be judged: no more stakes than so many are judged in a block.
	WaitingOffences storage.OptMap[EraOffender, WaitingOffence, storage.Twox64Concat]
	// The spans of a stash in which the greatest slash alone counts.
	SlashingSpans storage.OptMap[chain.AccountID, SlashingSpans, storage.Twox64Concat]
	// What a stash lost in a span.
	SpanSlash storage.Map[SpanKey, SpanRecord, storage.Twox64Concat]
	// How near to their most nominators or validators must be before anybody may chill those below the least bond.
	ChillThreshold storage.OptValue[Percent]
}

// The calls.
type (
	// Bond puts tokens of the signer at stake, and says where rewards go.
	Bond struct {
		Value chain.Balance `scale:"compact"`
		Payee RewardDestination
	}
	// BondExtra puts more of the signer's tokens at stake.
	BondExtra struct {
		MaxAdditional chain.Balance `scale:"compact"`
	}
	// Unbond takes tokens from stake; they can be withdrawn some eras later.
	Unbond struct {
		Value chain.Balance `scale:"compact"`
	}
	// WithdrawUnbonded frees what was unbonded long enough ago. Where nothing is left it needs the number of the stash's slashing spans.
	WithdrawUnbonded struct{ NumSlashingSpans uint32 }
	// Validate makes the signer a candidate.
	Validate struct{ Prefs ValidatorPrefs }
	// Nominate votes for up to sixteen candidates with the signer's bond.
	Nominate struct{ Targets []chain.MultiAddress }
	// Chill ends the signer's candidacy or nomination; the bond stays.
	Chill struct{}
	// SetPayee says where the signer's rewards go.
	SetPayee struct{ Payee RewardDestination }
	// SetController is of a time when stashes had controllers; each stash is its own.
	SetController struct{}
	// SetValidatorCount says how many validators are wanted; root alone may.
	SetValidatorCount struct {
		New uint32 `scale:"compact"`
	}
	// IncreaseValidatorCount wants more validators; root alone may.
	IncreaseValidatorCount struct {
		Additional uint32 `scale:"compact"`
	}
	// ScaleValidatorCount wants more validators by a part of those that are wanted; root alone may.
	ScaleValidatorCount struct{ Factor Percent }
	// ForceNoEras lets no era begin; root alone may.
	ForceNoEras struct{}
	// ForceNewEra lets an era begin as soon as can be; root alone may.
	ForceNewEra struct{}
	// SetInvulnerables says who is never slashed; root alone may.
	SetInvulnerables struct{ Invulnerables []chain.AccountID }
	// ForceUnstake takes all of a stash from stake at once; root alone may.
	ForceUnstake struct {
		Stash            chain.AccountID
		NumSlashingSpans uint32
	}
	// ForceNewEraAlways lets an era begin with each session; root alone may.
	ForceNewEraAlways struct{}
	// CancelDeferredSlash cancels slashes that wait for an era; root alone may.
	CancelDeferredSlash struct {
		Era          uint32
		SlashIndices []uint32
	}
	// PayoutStakers pays what a validator and its nominators earned in an era: the next page of them. Anybody may.
	PayoutStakers struct {
		ValidatorStash chain.AccountID
		Era            uint32
	}
	// Rebond puts tokens that are being unbonded at stake again.
	Rebond struct {
		Value chain.Balance `scale:"compact"`
	}
	// ReapStash removes a stash with next to nothing at stake. Anybody may, and it is free.
	ReapStash struct {
		Stash            chain.AccountID
		NumSlashingSpans uint32
	}
	// Kick ends nominations of the signer.
	Kick struct{ Who []chain.MultiAddress }
	// SetStakingConfigs changes the least bonds, the most validators and nominators and their like; root alone may.
	SetStakingConfigs struct {
		MinNominatorBond  ConfigOp[chain.Balance]
		MinValidatorBond  ConfigOp[chain.Balance]
		MaxNominatorCount ConfigOp[uint32]
		MaxValidatorCount ConfigOp[uint32]
		ChillThreshold    ConfigOp[Percent]
		MinCommission     ConfigOp[Perbill]
		MaxStakedRewards  ConfigOp[Percent]
	}
	// ChillOther chills a stash that bonds less than the least, where there are too many.
	ChillOther struct{ Stash chain.AccountID }
	// ForceApplyMinCommission raises a validator's commission to the least. Anybody may.
	ForceApplyMinCommission struct{ ValidatorStash chain.AccountID }
	// SetMinCommission sets the least commission; root alone may.
	SetMinCommission struct{ New Perbill }
	// PayoutStakersByPage pays what a validator and a page of its nominators earned in an era. Anybody may.
	PayoutStakersByPage struct {
		ValidatorStash chain.AccountID
		Era, Page      uint32
	}
)

// The events.
type (
	// EraPaid says how much an era's stakers earned, and what the treasury got.
	EraPaid struct {
		EraIndex                   uint32
		ValidatorPayout, Remainder chain.Balance
	}
	// Rewarded says that a stash got a reward.
	Rewarded struct {
		Stash  chain.AccountID
		Dest   RewardDestination
		Amount chain.Balance
	}
	// Slashed says that a stash lost some of its bond.
	Slashed struct {
		Staker chain.AccountID
		Amount chain.Balance
	}
	// SlashReported says that a validator is to be slashed by a part of what stands behind it.
	SlashReported struct {
		Validator chain.AccountID
		Fraction  Perbill
		SlashEra  uint32
	}
	// OldSlashingReportDiscarded says that a report came too late.
	OldSlashingReportDiscarded struct{ SessionIndex uint32 }
	// StakersElected says that an election was held.
	StakersElected struct{}
	// BondedEvent says that a stash bonded amount.
	BondedEvent struct {
		Stash  chain.AccountID
		Amount chain.Balance
	}
	// Unbonded says that a stash unbonded amount.
	Unbonded struct {
		Stash  chain.AccountID
		Amount chain.Balance
	}
	// Withdrawn says that amount of a stash is free again.
	Withdrawn struct {
		Stash  chain.AccountID
		Amount chain.Balance
	}
	// Kicked says that a validator ended a nomination.
	Kicked struct{ Nominator, Stash chain.AccountID }
	// StakingElectionFailed says that too few were elected; those who validate go on.
	StakingElectionFailed struct{}
	// Chilled says that a stash validates or nominates no more.
	Chilled struct{ Stash chain.AccountID }
	// PayoutStarted says that a page of rewards is being paid, and which is the next that was not.
	PayoutStarted struct {
		EraIndex       uint32
		ValidatorStash chain.AccountID
		Page           uint32
		Next           *uint32
	}
	// ValidatorPrefsSet says what a validator asks and allows.
	ValidatorPrefsSet struct {
		Stash chain.AccountID
		Prefs ValidatorPrefs
	}
	// ForceEraEvent says whether eras begin by themselves.
	ForceEraEvent struct{ Mode Forcing }
)

// The errors.
var (
	// ErrNotController means that the signer has bonded nothing.
	ErrNotController = frame.NewError(0, "NotController")
	// ErrNotStash means that the account has bonded nothing.
	ErrNotStash = frame.NewError(1, "NotStash")
	// ErrAlreadyBonded means that the stash is bonded.
	ErrAlreadyBonded = frame.NewError(2, "AlreadyBonded")
	// ErrAlreadyPaired means that the stash is its controller.
	ErrAlreadyPaired = frame.NewError(3, "AlreadyPaired")
	// ErrEmptyTargets means that the list is empty.
	ErrEmptyTargets = frame.NewError(4, "EmptyTargets")
	// ErrInvalidSlashIndex means that there is no such slash.
	ErrInvalidSlashIndex = frame.NewError(6, "InvalidSlashIndex")
	// ErrInsufficientBond means that the bond is below what is needed.
	ErrInsufficientBond = frame.NewError(7, "InsufficientBond")
	// ErrNoMoreChunks means that too much is being unbonded apart.
	ErrNoMoreChunks = frame.NewError(8, "NoMoreChunks")
	// ErrNoUnlockChunk means that nothing is being unbonded.
	ErrNoUnlockChunk = frame.NewError(9, "NoUnlockChunk")
	// ErrFundedTarget means that the stash has something at stake.
	ErrFundedTarget = frame.NewError(10, "FundedTarget")
	// ErrInvalidEraToReward means that nothing can be had for the era.
	ErrInvalidEraToReward = frame.NewError(11, "InvalidEraToReward")
	// ErrNotSortedAndUnique means that a list is not sorted or has something twice.
	ErrNotSortedAndUnique = frame.NewError(13, "NotSortedAndUnique")
	// ErrAlreadyClaimed means that the rewards were paid.
	ErrAlreadyClaimed = frame.NewError(14, "AlreadyClaimed")
	// ErrInvalidPage means that the validator had no such page.
	ErrInvalidPage = frame.NewError(15, "InvalidPage")
	// ErrIncorrectSlashingSpans means that the stash has more slashing spans.
	ErrIncorrectSlashingSpans = frame.NewError(17, "IncorrectSlashingSpans")
	// ErrTooManyTargets means that more than sixteen are nominated.
	ErrTooManyTargets = frame.NewError(19, "TooManyTargets")
	// ErrBadTarget means that a validator takes no new nominations.
	ErrBadTarget = frame.NewError(20, "BadTarget")
	// ErrCannotChillOther means that only the stash itself may be chilled by its owner.
	ErrCannotChillOther = frame.NewError(21, "CannotChillOther")
	// ErrTooManyNominators means that there is no place for a nominator with so little.
	ErrTooManyNominators = frame.NewError(22, "TooManyNominators")
	// ErrTooManyValidators means that there are as many validators as may be.
	ErrTooManyValidators = frame.NewError(23, "TooManyValidators")
	// ErrCommissionTooLow means that the commission is below the least.
	ErrCommissionTooLow = frame.NewError(24, "CommissionTooLow")
	// ErrBoundNotMet means that a number is out of its bounds.
	ErrBoundNotMet = frame.NewError(25, "BoundNotMet")
)

// Pallet is the stakes of one chain.
type Pallet struct {
	Config
	State
	Money    Money
	Treasury Treasury
	Sessions Sessions
	Alive    Alive
	Clock    Clock
}

// Money is what the pallet needs of the balances.
type Money interface {
	Holdable(ctx *frame.Context, who chain.AccountID) chain.Balance
	OnHold(ctx *frame.Context, who chain.AccountID, reason frame.HoldReason) chain.Balance
	Hold(ctx *frame.Context, who chain.AccountID, reason frame.HoldReason, amount chain.Balance) error
	Release(ctx *frame.Context, who chain.AccountID, reason frame.HoldReason, amount chain.Balance) error
	SlashHeld(ctx *frame.Context, who chain.AccountID, reason frame.HoldReason, amount chain.Balance) chain.Balance
	Mint(ctx *frame.Context, who chain.AccountID, amount chain.Balance) error
	MintHeld(ctx *frame.Context, who chain.AccountID, reason frame.HoldReason, amount chain.Balance) error
	Issue(ctx *frame.Context, amount chain.Balance) error
	Deposit(ctx *frame.Context, who chain.AccountID, amount chain.Balance) error
	Drop(ctx *frame.Context, amount chain.Balance)
	Issuance(ctx *frame.Context) chain.Balance
}

// Treasury takes what is in no account.
type Treasury interface {
	Take(ctx *frame.Context, amount chain.Balance) error
}

// Sessions is what the pallet needs of the sessions.
type Sessions interface {
	// Index is the number of the session under way.
	Index(*frame.Context) uint32
	// Now are the validators of the session under way.
	Now(*frame.Context) []chain.AccountID
	// HasKeys says whether an account named session keys.
	HasKeys(ctx *frame.Context, who chain.AccountID) bool
	// Disable keeps a validator from taking part for the rest of the session.
	Disable(ctx *frame.Context, who chain.AccountID)
	// IsDisabled says whether it may not take part.
	IsDisabled(ctx *frame.Context, who chain.AccountID) bool
}

// Alive knows who is online.
type Alive interface {
	// SeenSince says whether an account was seen online in a session or since.
	SeenSince(ctx *frame.Context, who chain.AccountID, session uint32) bool
}

// Clock tells the time of the block under way.
type Clock interface {
	// Time is in milliseconds since 1970.
	Time(*frame.Context) uint64
}

// Declare implements frame.Module.
func (p *Pallet) Declare() frame.Pallet {
	us := func(n uint64) frame.Weight { return frame.Time(n * frame.Microsecond) }
	return frame.Pallet{
		Name: "Staking", Source: source, State: &p.State, Config: p.Config, Holds: []string{"Staking"},
		Calls: []frame.CallDef{
			frame.Call(0, p.bond, us(120)), frame.Call(1, p.bondExtra, us(120)), frame.Call(2, p.unbond, us(150)),
			frame.CallBy(3, p.withdrawUnbonded, weighWithdraw), frame.Call(4, p.validate, us(120)),
			frame.CallBy(5, p.nominate, weighNominate), frame.Call(6, p.chill, us(100)), frame.Call(7, p.setPayee, us(40)),
			frame.Call(8, p.setController, us(40)), frame.Call(9, p.setValidatorCount, us(20)),
			frame.Call(10, p.increaseValidatorCount, us(20)), frame.Call(11, p.scaleValidatorCount, us(20)),
			frame.Call(12, p.forceNoEras, us(20)), frame.Call(13, p.forceNewEra, us(20)),
			frame.CallBy(14, p.setInvulnerables, weighInvulnerables), frame.CallBy(15, p.forceUnstake, weighUnstake),
			frame.Call(16, p.forceNewEraAlways, us(20)), frame.CallBy(17, p.cancelDeferredSlash, weighCancel),
			frame.CallBy(18, p.payoutStakers, p.weighPayout), frame.Call(19, p.rebond, us(150)),
			frame.CallBy(20, p.reapStash, weighReap), frame.CallBy(21, p.kick, weighKick),
			frame.Call(22, p.setStakingConfigs, us(60)), frame.Call(23, p.chillOther, us(120)),
			frame.Call(24, p.forceApplyMinCommission, us(40)), frame.Call(25, p.setMinCommission, us(20)),
			frame.CallBy(26, p.payoutStakersByPage, p.weighPage),
		},
		Events: []frame.EventDef{
			frame.Event[EraPaid](0), frame.Event[Rewarded](1), frame.Event[Slashed](2), frame.Event[SlashReported](3),
			frame.Event[OldSlashingReportDiscarded](4), frame.Event[StakersElected](5), frame.Event[BondedEvent](6),
			frame.Event[Unbonded](7), frame.Event[Withdrawn](8), frame.Event[Kicked](9), frame.Event[StakingElectionFailed](10),
			frame.Event[Chilled](11), frame.Event[PayoutStarted](12), frame.Event[ValidatorPrefsSet](13), frame.Event[ForceEraEvent](16),
		},
		Errors: []*frame.Error{
			ErrNotController, ErrNotStash, ErrAlreadyBonded, ErrAlreadyPaired, ErrEmptyTargets, ErrInvalidSlashIndex,
			ErrInsufficientBond, ErrNoMoreChunks, ErrNoUnlockChunk, ErrFundedTarget, ErrInvalidEraToReward, ErrNotSortedAndUnique,
			ErrAlreadyClaimed, ErrInvalidPage, ErrIncorrectSlashingSpans, ErrTooManyTargets, ErrBadTarget, ErrCannotChillOther,
			ErrTooManyNominators, ErrTooManyValidators, ErrCommissionTooLow, ErrBoundNotMet,
		},
	}
}
