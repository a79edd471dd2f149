// Package runtime is the chain's state machine: the pallets bound together,
// the execution of blocks, and the runtime APIs through which a node asks.
//
// It is pure. It reaches the world through storage.Host alone, and the same
// source runs natively inside the node and as WebAssembly.
package runtime

import (
	"fmt"
	"reflect"
	"sync"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/pallet/attestation"
	"github.com/tacit-network/tacit/runtime/pallet/aura"
	"github.com/tacit-network/tacit/runtime/pallet/authorship"
	"github.com/tacit-network/tacit/runtime/pallet/balances"
	"github.com/tacit-network/tacit/runtime/pallet/clusters"
	"github.com/tacit-network/tacit/runtime/pallet/contracts"
	"github.com/tacit-network/tacit/runtime/pallet/grandpa"
	"github.com/tacit-network/tacit/runtime/pallet/imonline"
	"github.com/tacit-network/tacit/runtime/pallet/multisig"
	"github.com/tacit-network/tacit/runtime/pallet/offences"
	"github.com/tacit-network/tacit/runtime/pallet/payment"
	"github.com/tacit-network/tacit/runtime/pallet/proxy"
	"github.com/tacit-network/tacit/runtime/pallet/queue"
	queuewords "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/runtime/pallet/registry"
	"github.com/tacit-network/tacit/runtime/pallet/session"
	"github.com/tacit-network/tacit/runtime/pallet/staking"
	"github.com/tacit-network/tacit/runtime/pallet/sudo"
	"github.com/tacit-network/tacit/runtime/pallet/system"
	"github.com/tacit-network/tacit/runtime/pallet/timestamp"
	"github.com/tacit-network/tacit/runtime/pallet/treasury"
	"github.com/tacit-network/tacit/runtime/pallet/utility"
	"github.com/tacit-network/tacit/runtime/storage"
	"github.com/tacit-network/tacit/scale"
)

// The numbers of the newest version of the runtime.
const (
	SpecVersion        = 1
	TransactionVersion = 1
	StateVersion       = 1
)

// maxValidators is the most validators of a chain.
const maxValidators = 1000

// Decimals is how many decimal places the token has, Unit is one token.
const Decimals = 12

// Unit is one token.
var Unit = scale.U64(1_000_000_000_000)

// Runtime is the chain's state machine in one version, which knows the others.
// It does not change once made, and is safe for concurrent use.
type Runtime struct {
	*frame.Runtime
	carried    []*Runtime                     // all versions, the oldest first
	migrate    func(*Runtime, *frame.Context) // of the state of the version before
	System     *system.Pallet
	Timestamp  *timestamp.Pallet
	Balances   *balances.Pallet
	Payment    *payment.Pallet
	Authorship *authorship.Pallet
	Session    *session.Pallet
	Staking    *staking.Pallet
	Offences   *offences.Pallet
	ImOnline   *imonline.Pallet
	Grandpa    *grandpa.Pallet
	Treasury   *treasury.Pallet
	Sudo       *sudo.Pallet
	Multisig   *multisig.Pallet
	Proxy      *proxy.Pallet
	Aura       *aura.Pallet

	Attestation *attestation.Pallet
	Registry    *registry.Pallet
	Queue       *queue.Pallet
	Clusters    *clusters.Pallet
	Contracts   *contracts.Pallet

	meta sync.Once
	v14  []byte
	v15  []byte
}

func build(version Version) *Runtime {
	r := &Runtime{migrate: version.Migrate}
	weights, length := system.Limits(frame.Weight{RefTime: 600 * frame.Millisecond, ProofSize: 5 << 20}, 5<<20, 75)
	r.System = &system.Pallet{Config: system.Config{
		BlockWeights: weights, BlockLength: length, BlockHashCount: 4096,
		DbWeight: system.DbWeight{Read: 10 * frame.Microsecond, Write: 20 * frame.Microsecond}, SS58Prefix: 42,
		Version: system.RuntimeVersion{
			SpecName: "tacit", ImplName: "tacit", AuthoringVersion: 1, SpecVersion: version.Spec, ImplVersion: 1,
			TransactionVersion: version.Transaction, SystemVersion: StateVersion, Apis: []system.APIVersion{},
		},
	}}
	r.Timestamp = &timestamp.Pallet{Config: timestamp.Config{MinimumPeriod: 1}}
	r.Balances = &balances.Pallet{Accounts: r.System, Config: balances.Config{
		ExistentialDeposit: existentialDeposit, MaxLocks: 50, MaxReserves: 50, MaxFreezes: 8, MaxHolds: 16,
	}}
	r.Payment = &payment.Pallet{Money: r.Balances, Load: r.System, Takers: takers{r}, Config: payment.Config{
		OperationalFeeMultiplier: 5, FeePerByte: scale.U64(1_000_000), MaxBlock: weights.MaxBlock,
		MaxLength: length.Max.Normal, Base: weights.PerClass.Normal.BaseExtrinsic, MaxNormal: *weights.PerClass.Normal.MaxTotal,
		// Polkadot's SlowAdjustingFeeUpdate, but for the least: an idle chain's fees are those of its constants.
		Adjustment: payment.Adjustment{Target: 25, Variable: payment.Ratio(75, 1_000_000), Min: payment.One, Max: payment.Multiplier{Inner: scale.MaxU128}},
	}}
	r.Session = &session.Pallet{Config: session.Config{MaxValidators: maxValidators, History: sessionsPerEra * (bondingDuration + 2)}, Accounts: r.System, Blocks: r.System, Handler: handover{r}}
	r.Grandpa = &grandpa.Pallet{
		Config: grandpa.Config{MaxAuthorities: maxValidators, MaxSetIDSessionEntries: 1024}, Blocks: r.System,
	}
	r.Sudo = &sudo.Pallet{}
	r.Aura = &aura.Pallet{Config: aura.Config{SlotDuration: 1}, Digest: r.System}
	r.Authorship = &authorship.Pallet{Slots: r.Aura, Authors: validators{r}}
	r.accounts()
	r.stakes()
	r.confidential()
	apis := r.apis()
	for _, api := range apis {
		v := &r.System.Version
		v.Apis = append(v.Apis, system.APIVersion{ID: api.ID(), Version: api.Version})
	}
	r.Runtime = frame.New(frame.Config{
		Pallets:    r.pallets(version),
		Deposit:    r.System.Deposit,
		Extensions: append(r.System.Extensions(), r.Payment.Extension()),
		APIs:       apis,
		Naming:     Naming,
		Extrinsic:  reflect.TypeFor[Extrinsic](),
	})
	return r
}

// existentialDeposit is the least that an account may hold.
var existentialDeposit = scale.U64(1_000_000_000)

// maxEnvelope is the most bytes of a message to a cluster.
const maxEnvelope = 128 << 10

// deposit is what storing so many items and bytes costs as long as it lasts.
func deposit(items, bytes uint64) chain.Balance {
	return scale.U64(100_000_000_000*items + 1_000_000*bytes)
}

// accounts makes the pallets that act on behalf of accounts, or spend for all.
func (r *Runtime) accounts() {
	const days = 24 * 60 * 60 // in blocks of a second
	pot := treasury.PalletID{ID: [8]byte([]byte("py/trsry"))}
	r.Treasury = &treasury.Pallet{
		Config: treasury.Config{PalletID: pot, PayoutPeriod: 30 * days, PotAccount: treasury.Account(pot)},
		Money:  r.Balances, Blocks: r.System,
	}
	r.Multisig = &multisig.Pallet{
		Config: multisig.Config{DepositBase: deposit(1, 88), DepositFactor: deposit(0, 32), MaxSignatories: 100},
		Money:  r.Balances, Blocks: r.System,
	}
	r.Proxy = &proxy.Pallet{
		Config: proxy.Config{
			ProxyDepositBase: deposit(1, 8), ProxyDepositFactor: deposit(0, 33), MaxProxies: 32, MaxPending: 32,
			AnnouncementDepositBase: deposit(1, 8), AnnouncementDepositFactor: deposit(0, 66),
		},
		Money: r.Balances, Blocks: r.System, Permit: permit{},
	}
}

// confidential makes the pallets of the confidential part and binds them.
func (r *Runtime) confidential() {
	const hour = 60 * 60 * 1000
	r.Attestation = &attestation.Pallet{Config: attestation.Config{MaxName: 64, RecoveryGrace: 14 * 24 * hour}, Blocks: r.System, Clock: r.Timestamp}
	r.Queue = &queue.Pallet{
		Config: queue.Config{MaxPayload: queuewords.MaxPayload, MaxUp: queuewords.MaxUp},
		Blocks: r.System, Clock: r.Timestamp, Fees: r.Payment, Receiver: receiver{r},
	}
	r.Registry = &registry.Pallet{
		Config: registry.Config{
			MaxBlockAge: 300, MaxAge: 24 * hour, CollateralGrace: 7 * 24 * hour, MaxPerPlatform: 4, KeepEnded: 30 * 24 * hour,
			TierStake: Unit.MulSat(scale.U64(1000)), UnstakeDelay: 7 * 24 * 60 * 60, MaxEndorsers: 32,
			DeviationSlash: 100, ReporterReward: 10,
		},
		Attestation: r.Attestation, Queue: r.Queue, Money: r.Balances, Treasury: r.Treasury, Blocks: r.System, Clock: r.Timestamp,
	}
	r.Attestation.Workers = r.Registry
	r.Queue.Workers = r.Registry
	r.Clusters = &clusters.Pallet{
		Config: clusters.Config{
			MaxReplicas: 16, ClusterDeposit: Unit, EscrowDeposit: existentialDeposit, MaxEnvelope: maxEnvelope, SnapshotEvery: 256, MaxClaims: 1024,
			TermsNotice: 128,
		},
		Workers: roster{r}, Queue: r.Queue, Money: r.Balances, Blocks: r.System, Seed: seed{r},
	}
	r.Contracts = &contracts.Pallet{
		Config:   contracts.Config{DepositPerByte: scale.U64(1_000_000), MaxEnvelope: maxEnvelope, MaxSalt: 64},
		Clusters: r.Clusters, Queue: r.Queue, Money: r.Balances,
	}
	r.Clusters.Contracts = r.Contracts
	r.Registry.Disputes = r.Clusters
}

// receiver acts on what workers say.
type receiver struct{ *Runtime }

// Receive implements queue.Receiver.
func (r receiver) Receive(ctx *frame.Context, worker [32]byte, payload []byte) error {
	known, err := r.Clusters.Receive(ctx, worker, payload)
	if !known {
		return queue.ErrUndecodable
	}
	return err
}

// roster is the workers that clusters are made of.
type roster struct{ *Runtime }

// Eligible implements clusters.Workers.
func (r roster) Eligible(ctx *frame.Context, tier uint8) [][32]byte {
	return r.Registry.Eligible(ctx, tier)
}

// MayServe implements clusters.Workers.
func (r roster) MayServe(ctx *frame.Context, worker [32]byte, tier uint8) bool {
	return r.Registry.MayServe(ctx, worker, tier)
}

// Live implements clusters.Workers.
func (r roster) Live(ctx *frame.Context, worker [32]byte) bool {
	_, _, ok := r.Registry.Session(ctx, worker)
	return ok
}

// Slash implements clusters.Workers.
func (r roster) Slash(ctx *frame.Context, worker [32]byte, first *[32]byte) {
	r.Registry.Slash(ctx, worker, first)
}

// handover tells those that follow sessions.
type handover struct{ *Runtime }

// OnNewSession implements session.Handler.
func (h handover) OnNewSession(ctx *frame.Context, changed bool, index uint32, keys []session.Keys) {
	h.Grandpa.OnNewSession(ctx, changed, index, finality(keys))
	if changed {
		h.Aura.OnNewSession(ctx, len(keys))
	}
}

// finality returns the GRANDPA keys.
func finality(list []session.Keys) [][32]byte {
	out := make([][32]byte, len(list))
	for i, k := range list {
		out[i] = k.Grandpa
	}
	return out
}

// seed is the hash of the block before: its author could have withheld it,
// and no one could choose it.
type seed struct{ *Runtime }

// Seed implements clusters.Seed.
func (s seed) Seed(ctx *frame.Context) hash.H256 { return s.System.ParentHash.Get(ctx) }

// pallets are the chain's. Indices never move.
func (r *Runtime) pallets(version Version) []frame.At {
	return []frame.At{
		{Index: 0, Module: r.System},
		{Index: 1, Module: &utility.Pallet{Config: utility.Config{BatchedCallsLimit: version.BatchedCalls}}},
		{Index: 2, Module: r.Timestamp},
		{Index: 3, Module: r.Balances},
		{Index: 4, Module: r.Payment},
		{Index: 5, Module: r.Authorship},
		{Index: stakingIndex, Module: r.Staking},
		{Index: 7, Module: r.Offences},
		{Index: 8, Module: r.Session},
		{Index: 9, Module: r.Grandpa},
		{Index: 11, Module: r.Treasury},
		{Index: 12, Module: r.Sudo},
		{Index: 13, Module: r.Multisig},
		{Index: 14, Module: r.Proxy},
		{Index: 15, Module: r.ImOnline},
		{Index: 20, Module: r.Attestation},
		{Index: registry.Index, Module: r.Registry},
		{Index: 22, Module: r.Queue},
		{Index: 23, Module: r.Clusters},
		{Index: 24, Module: r.Contracts},
		{Index: 29, Module: r.Aura},
	}
}

// Genesis is the state that a chain begins with.
type Genesis struct {
	// SpecVersion is the version of the runtime that makes it; 0 means 1, the
	// first.
	SpecVersion uint32
	// Balances are what accounts hold.
	Balances []Endowment
	// Sudo is the account that may do what root may; nil for none.
	Sudo *chain.AccountID
	// SessionBlocks is how many blocks a session has; 0 means 600.
	SessionBlocks chain.BlockNumber
	// Validators are the first validators.
	Validators []session.Validator
	// Staking are the first stakes; without a number of validators there are no
	// elections, and root says who validates.
	Staking staking.Genesis
	// Attestation is whom and what the chain trusts.
	Attestation attestation.Genesis
	// EngineChain is the name by which the consensus engine knows the chain.
	EngineChain string
}

// Endowment is what an account holds at genesis.
type Endowment struct {
	Account chain.AccountID
	Amount  chain.Balance
}

// Build writes the state of block 0 into h. It returns an error when g is no
// good state to begin with.
//
// Preconditions: r is the version that g names.
func (r *Runtime) Build(h storage.Host, g Genesis) error {
	ctx := r.Context(h)
	h.Set(CodeKey, r.Code())
	r.System.Start(ctx)
	r.Payment.Start(ctx)
	if err := r.Balances.Endow(ctx, r.Treasury.PotAccount, existentialDeposit); err != nil {
		return fmt.Errorf("genesis opens the treasury: %w", err)
	}
	for _, e := range g.Balances {
		if err := r.Balances.Endow(ctx, e.Account, e.Amount); err != nil {
			return fmt.Errorf("genesis endows %s: %w", e.Account, err)
		}
	}
	if g.SessionBlocks == 0 {
		g.SessionBlocks = 600
	}
	if err := r.Session.Start(ctx, g.SessionBlocks, g.Validators); err != nil {
		return err
	}
	if err := r.Staking.Start(ctx, g.Staking); err != nil {
		return fmt.Errorf("genesis: %w", err)
	}
	r.Offences.EngineChain.Put(ctx, g.EngineChain)
	authorities := finality(r.Session.ActiveKeys.Get(ctx))
	if err := r.Grandpa.Start(ctx, authorities); err != nil {
		return err
	}
	r.Aura.Start(ctx, len(authorities))
	r.Registry.Start(ctx, authorities)
	if err := r.Attestation.Start(ctx, g.Attestation); err != nil {
		return err
	}
	if g.Sudo != nil {
		r.Sudo.Key.Put(ctx, *g.Sudo)
	}
	return nil
}
