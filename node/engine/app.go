// Package engine makes blocks. App is the application: it executes blocks
// through the runtime, keeps the newest state, signs and collects GRANDPA
// precommits, and says what is new. Two drivers decide which transactions
// stand in the next block and when: Comet, which is CometBFT among validators,
// and Solo, which is nobody else, for tests and stories.
//
// A driver calls Build and Propose, or Check, for a proposal, Execute for what
// was decided, Commit to keep it, and then brings the precommits for the block
// before.
package engine

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/grandpa"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/node/snapshot"
	"github.com/tacit-network/tacit/node/store"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/runtime/pallet/session"
	"github.com/tacit-network/tacit/runtime/pallet/system"
	"github.com/tacit-network/tacit/runtime/storage"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/trie"
)

// Pool is where the transactions of the next block come from.
type Pool interface {
	// Ready returns transactions, whole, in the order in which they should
	// stand in the next block.
	Ready(maxBytes int) [][]byte
	// Imported says that a block came, with which transactions.
	Imported(header chain.Header, body [][]byte)
}

// App is the application of one node. It is safe for concurrent use.
type App struct {
	spec    Spec
	newest  *runtime.Runtime // knows the other versions
	db      *store.Store
	log     *slog.Logger
	seal    keys.Pair
	genesis hash.H256
	signed  *signatures

	// Hub says what is new.
	Hub *Hub

	current atomic.Pointer[current]

	mu     sync.Mutex // guards what follows
	pool   Pool
	head   chain.Header
	state  *trie.Trie
	staged *Staged
	warned system.UpgradeAuthorization
}

// Config is what an App is made of.
type Config struct {
	Spec Spec
	// Runtime is the newest version that the program carries; it knows the
	// others.
	Runtime *runtime.Runtime
	Store   *store.Store
	// Log is for the engine; nil is silence.
	Log *slog.Logger
}

// NewApp resumes the chain in the store, or begins it there. Where the program
// lacks the runtime for the next block, the error is an Outdated.
func NewApp(cfg Config) (app *App, err error) {
	defer trie.Catch(&err)
	if err := cfg.Spec.Validate(); err != nil {
		return nil, fmt.Errorf("chain spec: %w", err)
	}
	seal, err := keys.FromURI(keys.Sr25519, "//Alice")
	if err != nil {
		return nil, err
	}
	a := &App{spec: cfg.Spec, newest: cfg.Runtime, db: cfg.Store, log: cfg.Log, seal: seal, signed: newSignatures(), Hub: newHub()}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	header, state, err := begin(cfg.Spec, cfg.Runtime)
	if err != nil {
		return nil, err
	}
	a.genesis = header.Hash()
	number, ok, err := a.db.Head()
	if err != nil {
		return nil, err
	}
	if !ok {
		if err := a.db.Put(store.Block{Header: header, State: state}); err != nil {
			return nil, err
		}
		return a, a.become(header, state)
	}
	if known, err := a.db.HashOf(0); err != nil {
		return nil, err
	} else if known != a.genesis {
		return nil, fmt.Errorf("the database holds the chain %v, and not %v that the chain spec describes", known.Short(), a.genesis.Short())
	}
	if header, err = a.db.HeaderAt(number); err != nil {
		return nil, err
	}
	if err := a.become(header, a.db.State(header.StateRoot)); err != nil {
		return nil, err
	}
	return a, a.Outdated()
}

// begin makes block 0.
func begin(spec Spec, rt *runtime.Runtime) (chain.Header, *trie.Trie, error) {
	rt, err := rt.First(spec.Genesis)
	if err != nil {
		return chain.Header{}, nil, fmt.Errorf("genesis: %w", err)
	}
	state := trie.New(trie.V1)
	o := storage.NewOverlay(backend{state}, newSignatures().verify)
	genesis := spec.Genesis
	genesis.EngineChain = spec.ID
	if err := rt.Build(o, genesis); err != nil {
		return chain.Header{}, nil, fmt.Errorf("genesis: %w", err)
	}
	apply(state, o.Changes())
	return chain.Header{
		StateRoot: state.Root(), ExtrinsicsRoot: trie.EmptyRoot, Digest: []chain.DigestItem{},
	}, state, nil
}

// Spec returns the chain's spec.
func (a *App) Spec() Spec { return a.spec }

// Store returns the node's database.
func (a *App) Store() *store.Store { return a.db }

// Genesis returns the hash of block 0.
func (a *App) Genesis() hash.H256 { return a.genesis }

// UsePool says where transactions come from. It is called once, before the
// first block.
func (a *App) UsePool(p Pool) { a.pool = p }

// Head returns the newest block's header.
// It does not wait for a block that is being executed.
func (a *App) Head() chain.Header { return a.current.Load().head }

// Finalized returns the header of the newest block that is proven final;
// before there is one, that is genesis.
func (a *App) Finalized() (chain.Header, error) {
	n, _, err := a.db.Finalized()
	if err != nil {
		return chain.Header{}, err
	}
	return a.db.HeaderAt(n)
}

// Commit keeps the block that was executed last, as the new head.
func (a *App) Commit() (err error) {
	defer trie.Catch(&err)
	s, err := a.commit()
	if err != nil {
		return err
	}
	if a.pool != nil {
		a.pool.Imported(s.Header, s.Body)
	}
	a.Hub.publish()
	return nil
}

func (a *App) commit() (*Staged, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.staged
	if s == nil || s.Header.Number != a.head.Number+1 {
		return nil, errors.New("commit: no block was executed")
	}
	b := store.Block{Header: s.Header, Body: s.Body, State: s.state, Index: s.index}
	if logs, err := grandpa.Logs(s.Header); err != nil {
		return nil, err
	} else if scheduled, _ := grandpa.FindChanges(logs); scheduled != nil {
		id := a.Runtime().Grandpa.CurrentSetID.Get(a.state)
		b.EndsSet = &id
	}
	if err := a.db.Put(b); err != nil {
		return nil, err
	}
	a.staged = nil
	state := s.state
	if state.Resident() > maxResident {
		state = a.db.State(s.Header.StateRoot)
	}
	return s, a.become(s.Header, state)
}

// maxResident is how many nodes of the state are held in memory, about 400
// bytes each, before they are read from the database anew.
const maxResident = 250_000

// Voters are the validators whose precommits prove that a block is final.
type Voters struct {
	grandpa.AuthoritySet
	// Engine are their keys for consensus, in the order of the authorities.
	Engine []session.EngineKey
}

// Voters returns the validators that finalise the block with the given number,
// who also decide the block after it. A block that changes the set is finalised
// by the old one.
func (a *App) Voters(number chain.BlockNumber) (v Voters, err error) {
	defer trie.Catch(&err)
	header, err := a.db.HeaderAt(number)
	if err != nil {
		return v, err
	}
	return a.votersIn(a.db.State(header.StateRoot), number)
}

// votersIn reads the voters for a block from its state, or from that of one of
// the few blocks after it.
func (a *App) votersIn(state *trie.Trie, number chain.BlockNumber) (Voters, error) {
	rt, err := a.newest.In(state)
	if err != nil {
		return Voters{}, err
	}
	v := Voters{AuthoritySet: rt.Grandpa.SetFor(state, number)}
	_, list := rt.Session.Finalisers(state, number)
	for _, k := range list {
		v.Engine = append(v.Engine, k.Engine)
	}
	return v, nil
}

// Handover returns the validators that finalise a block that was executed, and
// those that finalise the block after it.
func (a *App) Handover(s *Staged) (now, next Voters, err error) {
	defer trie.Catch(&err)
	if now, err = a.votersIn(s.state, s.Header.Number); err != nil {
		return now, next, err
	}
	next, err = a.votersIn(s.state, s.Header.Number+1)
	return now, next, err
}

// Adopt makes a block that was built from a snapshot the head of a chain that
// is at its begin.
func (a *App) Adopt(info snapshot.Info) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.head.Number != 0 {
		return fmt.Errorf("adopt block %d: the chain is at block %d already", info.Header.Number, a.head.Number)
	}
	if err := a.db.Adopt(info.Header, info.Parents, info.Justification); err != nil {
		return err
	}
	a.staged = nil
	if err := a.become(info.Header, a.db.State(info.Header.StateRoot)); err != nil {
		return err
	}
	a.Hub.publish()
	return nil
}

// Snapshot writes the state of a block that is final into a folder.
func (a *App) Snapshot(number chain.BlockNumber, into *snapshot.Folder) (err error) {
	defer trie.Catch(&err)
	header, err := a.db.HeaderAt(number)
	if err != nil {
		return err
	}
	info := snapshot.Info{Header: header, Parents: []chain.Header{}}
	for n := number; n > 0 && len(info.Parents) < snapshot.Before; n-- {
		h, err := a.db.HeaderAt(n - 1)
		if err != nil {
			return err
		}
		info.Parents = append(info.Parents, h)
	}
	if info.Justification, err = a.db.Justification(number); err != nil {
		return err
	}
	state, err := a.StateAt(header.Hash())
	if err != nil {
		return err
	}
	var failed error
	return errors.Join(into.Write(info, state.Iterate(nil), a.db.Indexed(&failed)), failed)
}

// Finalize keeps a justification whose signatures were checked, unless there is
// one, and says so when the block is the newest that is final.
func (a *App) Finalize(number chain.BlockNumber, justification []byte) error {
	last, ok, err := a.db.Finalized()
	if err != nil {
		return err
	}
	older := ok && number <= last
	if older {
		if _, err := a.db.Justification(number); !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	if err := a.db.Finalize(number, justification); err != nil {
		return err
	}
	if !older {
		a.Hub.publish()
	}
	return nil
}

// Call calls a runtime API on the state of a block. What it changes is thrown
// away.
func (a *App) Call(at hash.H256, method string, args []byte) (out []byte, err error) {
	defer trie.Catch(&err)
	rt, state, err := a.open(at)
	if err != nil {
		return nil, err
	}
	return rt.Call(storage.NewOverlay(backend{state}, a.signed.verify), method, args)
}

// StateAt opens the state of a block. Where it is not kept any more the error
// is store.ErrPruned.
func (a *App) StateAt(at hash.H256) (*trie.Trie, error) {
	if c := a.current.Load(); c.at == at {
		return c.state.Fork(), nil
	}
	header, err := a.db.Header(at)
	if err != nil {
		return nil, err
	}
	if oldest, err := a.db.Oldest(); err != nil {
		return nil, err
	} else if header.Number < oldest {
		return nil, fmt.Errorf("%w for %v", store.ErrPruned, at)
	}
	return a.db.State(header.StateRoot), nil
}

// Final returns the number of the newest block that is proven final.
func (a *App) Final() chain.BlockNumber {
	n, _, err := a.db.Finalized()
	if err != nil {
		a.log.Warn("the newest final block cannot be read", "err", err)
	}
	return n
}

// Metadata returns the metadata, version 14, at a block.
func (a *App) Metadata(at hash.H256) ([]byte, error) {
	out, err := a.Call(at, "Metadata_metadata", nil)
	if err != nil {
		return nil, err
	}
	return scale.Decode[[]byte](out)
}

// Nonce returns the next nonce of an account at a block.
func (a *App) Nonce(at hash.H256, who chain.AccountID) (uint32, error) {
	out, err := a.Call(at, "AccountNonceApi_account_nonce", who[:])
	if err != nil {
		return 0, err
	}
	return scale.Decode[uint32](out)
}

// DryRun applies a whole extrinsic in the block after the one with the given
// hash, and returns how it ended, encoded.
func (a *App) DryRun(at hash.H256, whole []byte) (out []byte, err error) {
	defer trie.Catch(&err)
	header, err := a.db.Header(at)
	if err != nil {
		return nil, err
	}
	rt, state, err := a.open(at)
	if err != nil {
		return nil, err
	}
	if _, err := rt.Inspect(whole); err != nil {
		return nil, err
	}
	o := storage.NewOverlay(backend{state}, a.signed.verify)
	previous, _ := chain.AuraSlotOf(header)
	start := chain.Header{
		ParentHash: at, Number: header.Number + 1, Digest: []chain.DigestItem{chain.AuraPreRuntime(previous + 1)},
	}
	if _, err := rt.Call(o, "Core_initialize_block", scale.Marshal(start)); err != nil {
		return nil, err
	}
	return rt.Call(o, "BlockBuilder_apply_extrinsic", whole)
}

// Time returns the time of the head, in milliseconds since 1970.
func (a *App) Time() (ms uint64, err error) {
	defer trie.Catch(&err)
	return a.Runtime().Timestamp.Now.Get(a.db.State(a.Head().StateRoot)), nil
}
