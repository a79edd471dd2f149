package comet

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cometbft/cometbft/crypto/ed25519"
	"github.com/cometbft/cometbft/types"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/grandpa"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/node/engine"
	"github.com/tacit-network/tacit/node/snapshot"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/runtime/pallet/session"
	"github.com/tacit-network/tacit/scale"
)

// extensionVersion is the first byte of a vote extension:
//
//	version u8 ‖ signature[64]
//
// The signature is a GRANDPA precommit for the block before the one that is
// voted on, in the round of that block's number.
const extensionVersion = 1

// codeRefused is the code of a transaction that is not in the block.
const codeRefused = 1

// Pool is where the transactions of peers go, and those for peers come from.
type Pool interface {
	// Enqueue takes a transaction without looking at it; false means that too
	// many wait.
	Enqueue(raw []byte) bool
	// Since returns the transactions that could be in a block since a turn, of at
	// most so many bytes, and the turn after which the rest could; 0 is before all.
	Since(turn uint64, limit int) (txs [][]byte, next uint64)
}

// application is the App as CometBFT drives it.
type application struct {
	abci.BaseApplication
	app  *engine.App
	pool Pool
	log  *slog.Logger
	// guards are the node's GRANDPA keys; none where it is no validator.
	guards map[keys.GrandpaID]*guard
	// justify makes what justifications can be made by now.
	justify func()
	// syncing says whether CometBFT fetches old blocks.
	syncing func() bool
	fault   *fault
	pace    *pace
	// wait is CometBFT's setting of how long to wait after a block. FinalizeBlock
	// alone writes it, in the routine that reads it afterwards.
	wait *time.Duration

	// extension makes a vote extension of a precommit.
	extension func(precommit [64]byte) []byte

	snapshots *snapshot.Folder // nil where none are served
	restore   restoring

	refusedVotes atomic.Uint64 // votes of others without a good precommit
	guardStops   atomic.Uint64 // precommits that a guard refused

	brought []byte // the justification in the block that is being executed

	// accuse reports the double votes that a block tells of.
	accuse  func(height int64)
	accused bool // the block that is being executed tells of some

	mu        sync.Mutex         // guards what follows
	good      map[hash.H256]bool // extensions that hold, of the current height
	goodFor   int64
	announced uint64 // the pool's turn up to which peers were told
	reaps     int
	sets      map[int64]voters // by the height, the last few
}

// voters are the validators of a height, with their places by their addresses
// in CometBFT.
type voters struct {
	engine.Voters
	place map[string]int
}

func addressOf(key session.EngineKey) string { return string(ed25519.PubKey(key[:]).Address()) }

func newVoters(v engine.Voters) voters {
	out := voters{v, make(map[string]int, len(v.Engine))}
	for i, key := range v.Engine {
		out.place[addressOf(key)] = i
	}
	return out
}

func newApplication(app *engine.App, pool Pool, guards map[keys.GrandpaID]*guard, log *slog.Logger) *application {
	return &application{
		app: app, pool: pool, guards: guards, log: log, fault: newFault(), sets: map[int64]voters{},
		pace: paceOf(app.Spec()), wait: new(time.Duration),
		justify: func() {}, accuse: func(int64) {}, syncing: func() bool { return false },
		extension: func(precommit [64]byte) []byte { return append([]byte{extensionVersion}, precommit[:]...) },
	}
}

// Info implements abci.Application: how far the node is.
func (a *application) Info(context.Context, *abci.RequestInfo) (*abci.ResponseInfo, error) {
	head := a.app.Head()
	h := head.Hash()
	return &abci.ResponseInfo{LastBlockHeight: int64(head.Number), LastBlockAppHash: h[:]}, nil
}

// InitChain implements abci.Application. The chain spec gave CometBFT the
// validators already.
func (a *application) InitChain(context.Context, *abci.RequestInitChain) (*abci.ResponseInitChain, error) {
	h := a.app.Genesis()
	return &abci.ResponseInitChain{AppHash: h[:]}, nil
}

// CheckTx implements abci.Application. The pool judges.
func (a *application) CheckTx(context.Context, *abci.RequestCheckTx) (*abci.ResponseCheckTx, error) {
	return &abci.ResponseCheckTx{Code: codeRefused}, nil
}

// InsertTx implements abci.Application. It runs in the routine that also
// carries a peer's votes, so that it only puts the transaction aside.
func (a *application) InsertTx(_ context.Context, req *abci.RequestInsertTx) (*abci.ResponseInsertTx, error) {
	if a.pool == nil || !a.pool.Enqueue(req.Tx) {
		return &abci.ResponseInsertTx{Code: abci.CodeTypeRetry}, nil
	}
	return &abci.ResponseInsertTx{Code: abci.CodeTypeOK}, nil
}

// reannounce is after how many reaps peers are told everything again, as some
// came later.
const reannounce = 300

// ReapTxs implements abci.Application: what peers are to be told.
func (a *application) ReapTxs(_ context.Context, req *abci.RequestReapTxs) (*abci.ResponseReapTxs, error) {
	if a.pool == nil {
		return &abci.ResponseReapTxs{}, nil
	}
	limit := math.MaxInt
	if req.MaxBytes > 0 && req.MaxBytes < math.MaxInt {
		limit = int(req.MaxBytes)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.reaps++; a.reaps%reannounce == 0 {
		a.announced = 0
	}
	res := &abci.ResponseReapTxs{}
	res.Txs, a.announced = a.pool.Since(a.announced, limit)
	return res, nil
}

// voters returns the validators that vote at a height; they sign the block
// before it.
func (a *application) voters(height int64) (voters, error) {
	a.mu.Lock()
	v, known := a.sets[height]
	a.mu.Unlock()
	if known {
		return v, nil
	}
	list, err := a.app.Voters(chain.BlockNumber(height - 1))
	if err != nil {
		return voters{}, fmt.Errorf("voters of height %d: %w", height, err)
	}
	v = newVoters(list)
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.sets) >= keptSets {
		a.sets = map[int64]voters{}
	}
	a.sets[height] = v
	return v, nil
}

// keptSets is of how many heights the voters are remembered.
const keptSets = 8

// input makes the input of a block of what CometBFT says about it.
func (a *application) input(height int64, ms int64, proposer []byte, txs [][]byte) (engine.Input, error) {
	if head := a.app.Head(); int64(head.Number)+1 != height {
		return engine.Input{}, fmt.Errorf("block %d is wanted after block %d", height, head.Number)
	}
	set, err := a.voters(height)
	if err != nil {
		return engine.Input{}, err
	}
	index, ok := set.place[string(proposer)]
	if !ok {
		return engine.Input{}, fmt.Errorf("the proposer %X of block %d is no validator", proposer, height)
	}
	return engine.Input{Time: uint64(max(ms, 0)), Proposer: index, Validators: len(set.Authorities), Txs: txs}, nil
}

// PrepareProposal implements abci.Application. CometBFT panics on an error and
// on too many bytes, so that an empty proposal is the answer to all trouble.
func (a *application) PrepareProposal(_ context.Context, req *abci.RequestPrepareProposal) (*abci.ResponsePrepareProposal, error) {
	a.justify()
	txs := fit(a.app.Build(int(req.MaxTxBytes)), req.MaxTxBytes)
	in, err := a.input(req.Height, req.Time.UnixMilli(), req.ProposerAddress, txs)
	if err == nil {
		txs, err = a.app.Propose(in)
	}
	if err != nil {
		a.log.Warn("the proposal does not hold, an empty one is made", "block", req.Height, "err", err)
		txs = nil
	}
	return &abci.ResponsePrepareProposal{Txs: txs}, nil
}

// fit cuts transactions off until CometBFT's encoding of them fits.
func fit(txs [][]byte, most int64) [][]byte {
	size := int64(0)
	for i, tx := range txs {
		if size += types.ComputeProtoSizeForTxs([]types.Tx{tx}); size > most {
			return txs[:i]
		}
	}
	return txs
}

// ProcessProposal implements abci.Application.
func (a *application) ProcessProposal(_ context.Context, req *abci.RequestProcessProposal) (*abci.ResponseProcessProposal, error) {
	in, err := a.input(req.Height, req.Time.UnixMilli(), req.ProposerAddress, req.Txs)
	if err == nil {
		err = a.app.Check(in)
	}
	if err == nil {
		err = a.handsOver(req.Height, req.Txs)
	}
	if err != nil {
		a.log.Warn("proposal refused", "block", req.Height, "err", err)
		return &abci.ResponseProcessProposal{Status: abci.ResponseProcessProposal_REJECT}, nil
	}
	return &abci.ResponseProcessProposal{Status: abci.ResponseProcessProposal_ACCEPT}, nil
}

// handsOver refuses a block that does not bring the proof that the block two
// before is final, where that one changes the authorities.
func (a *application) handsOver(height int64, txs [][]byte) error {
	if height < 3 {
		return nil
	}
	header, err := a.app.Store().HeaderAt(chain.BlockNumber(height - 2))
	if err != nil {
		return err
	}
	logs, err := grandpa.Logs(header)
	if err != nil {
		return err
	}
	scheduled, forced := grandpa.FindChanges(logs)
	if scheduled == nil && forced == nil {
		return nil
	}
	if len(txs) > 0 {
		if kind, err := a.app.Runtime().Inspect(txs[0]); err == nil && kind == runtime.FinalityInherent {
			return nil
		}
	}
	return fmt.Errorf("block %d changes the authorities and block %d does not prove that it is final", height-2, height)
}

// FinalizeBlock implements abci.Application. An error stops the consensus of
// this node, which must not go on with a state of its own.
func (a *application) FinalizeBlock(_ context.Context, req *abci.RequestFinalizeBlock) (*abci.ResponseFinalizeBlock, error) {
	for _, m := range req.Misbehavior {
		a.log.Warn("a validator voted twice", "validator", fmt.Sprintf("%X", m.Validator.Address), "height", m.Height, "block", req.Height)
	}
	if a.syncing() {
		a.pace.forget()
	} else {
		*a.wait = a.pace.next(time.Now())
	}
	a.accused = len(req.Misbehavior) > 0
	res, err := a.execute(req)
	return res, a.stopped(err)
}

func (a *application) execute(req *abci.RequestFinalizeBlock) (*abci.ResponseFinalizeBlock, error) {
	in, err := a.input(req.Height, req.Time.UnixMilli(), req.ProposerAddress, req.Txs)
	if err != nil {
		return nil, err
	}
	s, err := a.app.Execute(in)
	if err != nil {
		return nil, err
	}
	res := &abci.ResponseFinalizeBlock{TxResults: make([]*abci.ExecTxResult, len(req.Txs))}
	for i, refused := range s.Refused {
		res.TxResults[i] = &abci.ExecTxResult{}
		if refused != nil {
			res.TxResults[i].Code = codeRefused
		}
	}
	if res.ValidatorUpdates, err = a.updates(s); err != nil {
		return nil, err
	}
	a.brought = nil
	if len(s.Refused) > 0 && s.Refused[0] == nil {
		a.brought = a.broughtBy(req.Txs[0])
	}
	h := s.Header.Hash()
	res.AppHash = h[:]
	return res, nil
}

// updates tells CometBFT the change of validators in a block. It takes over two
// heights later, which is when GRANDPA's next set votes first. A change of
// GRANDPA keys alone is none to CometBFT.
func (a *application) updates(s *engine.Staged) ([]abci.ValidatorUpdate, error) {
	now, next, err := a.app.Handover(s)
	if err != nil || next.ID == now.ID {
		return nil, err
	}
	var list []abci.ValidatorUpdate
	change := func(from, in []session.EngineKey, power int64) {
		for _, key := range from {
			if !slices.Contains(in, key) {
				list = append(list, abci.Ed25519ValidatorUpdate(key[:], power))
			}
		}
	}
	change(next.Engine, now.Engine, 1)
	change(now.Engine, next.Engine, 0)
	return list, nil
}

// Commit implements abci.Application. All blocks are retained.
func (a *application) Commit(context.Context, *abci.RequestCommit) (*abci.ResponseCommit, error) {
	if err := a.app.Commit(); err != nil {
		return nil, a.stopped(err)
	}
	a.justify()
	if a.accused {
		a.accuse(int64(a.app.Head().Number))
	}
	// A node that came by its blocks otherwise than by voting may lack the
	// votes; it then takes the proof that the block brought.
	if n := a.app.Head().Number; a.brought != nil && n > 2 {
		if err := a.app.Finalize(n-2, a.brought); err != nil {
			return nil, a.stopped(err)
		}
	}
	return &abci.ResponseCommit{}, nil
}

// broughtBy returns the justification in an extrinsic, or nil.
func (a *application) broughtBy(tx []byte) []byte {
	if kind, err := a.app.Runtime().Inspect(tx); err != nil || kind != runtime.FinalityInherent {
		return nil
	}
	x, err := chain.DecodeExtrinsic(tx)
	if err != nil || len(x.Call) < 2 {
		return nil
	}
	j, err := scale.Decode[[]byte](x.Call[2:]) // after the pallet's and the call's index
	if err != nil {
		return nil
	}
	return j
}

// target is the block whose precommits are the extensions of a height's votes.
func (a *application) target(height int64) (chain.Header, voters, error) {
	header, err := a.app.Store().HeaderAt(chain.BlockNumber(height - 1))
	if err != nil {
		return header, voters{}, err
	}
	set, err := a.voters(height)
	return header, set, err
}

// ExtendVote implements abci.Application: it signs the block before, which is
// decided and never the one that is voted on.
func (a *application) ExtendVote(_ context.Context, req *abci.RequestExtendVote) (*abci.ResponseExtendVote, error) {
	header, set, err := a.target(req.Height)
	if err != nil {
		return nil, err
	}
	for _, v := range set.Authorities {
		g, ok := a.guards[v.ID]
		if !ok {
			continue
		}
		signature, err := g.sign(grandpa.TargetOf(header), set.ID)
		if err != nil {
			a.guardStops.Add(1)
			return nil, err
		}
		return &abci.ResponseExtendVote{VoteExtension: a.extension(signature)}, nil
	}
	return nil, fmt.Errorf("this node votes at height %d without the GRANDPA key that set %d has for it", req.Height, set.ID)
}

// VerifyVoteExtension implements abci.Application. A vote without a good
// precommit does not count, so that whoever has the votes for a block can
// prove the block before.
func (a *application) VerifyVoteExtension(_ context.Context, req *abci.RequestVerifyVoteExtension) (*abci.ResponseVerifyVoteExtension, error) {
	status := abci.ResponseVerifyVoteExtension_REJECT
	if a.holds(req) {
		status = abci.ResponseVerifyVoteExtension_ACCEPT
	} else {
		a.refusedVotes.Add(1)
	}
	return &abci.ResponseVerifyVoteExtension{Status: status}, nil
}

// holds verifies an extension, once.
func (a *application) holds(req *abci.RequestVerifyVoteExtension) bool {
	id := hash.Blake2b256(req.ValidatorAddress, req.VoteExtension)
	a.mu.Lock()
	if a.goodFor != req.Height {
		a.good, a.goodFor = map[hash.H256]bool{}, req.Height
	}
	known := a.good[id]
	a.mu.Unlock()
	if known {
		return true
	}
	header, set, err := a.target(req.Height)
	if err != nil {
		a.log.Warn("a vote cannot be checked", "height", req.Height, "err", err)
		return false
	}
	if _, ok := set.precommit(header, req.ValidatorAddress, req.VoteExtension); !ok {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.goodFor == req.Height {
		a.good[id] = true
	}
	return true
}

// precommit reads and verifies the extension of a validator's vote.
func (v voters) precommit(header chain.Header, address, extension []byte) (grandpa.SignedPrecommit, bool) {
	place, ok := v.place[string(address)]
	if !ok || place >= len(v.Authorities) || len(extension) != 65 || extension[0] != extensionVersion {
		return grandpa.SignedPrecommit{}, false
	}
	target, voter := grandpa.TargetOf(header), v.Authorities[place].ID
	ok = voter.Verify(grandpa.PrecommitPayload(target, uint64(target.Number), v.ID), extension[1:])
	return grandpa.SignedPrecommit{Target: target, Signature: [64]byte(extension[1:]), ID: voter}, ok
}
