package engine

import (
	"errors"
	"fmt"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/storage"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/trie"
)

// Input is what was decided, or proposed, of one block.
type Input struct {
	// Time is the block's, in milliseconds since 1970.
	Time uint64
	// Proposer is the index of the proposer among the block's Validators.
	Proposer, Validators int
	// Txs are whole extrinsics: a proof of finality, if there is one, and then
	// transactions.
	Txs [][]byte
}

func (in Input) id(number chain.BlockNumber) hash.H256 {
	return hash.Blake2b256(scale.Marshal(struct {
		Number               chain.BlockNumber
		Time                 uint64
		Proposer, Validators uint32
		Txs                  [][]byte
	}{number, in.Time, uint32(in.Proposer), uint32(in.Validators), in.Txs}))
}

// Staged is a block that was executed and is not yet kept.
type Staged struct {
	Header chain.Header
	// Body are the extrinsics that are in the block.
	Body [][]byte
	// Refused has, for each transaction of the input, why it is not in the
	// block, or nil.
	Refused []error
	state   *trie.Trie
	index   []storage.Change
	input   hash.H256
}

// Execute runs the block after the head. What was run for the same input
// before, when it was proposed, is not run again.
func (a *App) Execute(in Input) (_ *Staged, err error) {
	defer trie.Catch(&err)
	a.mu.Lock()
	defer a.mu.Unlock()
	number := a.head.Number + 1
	if id := in.id(number); a.staged != nil && a.staged.input == id {
		return a.staged, nil
	}
	s, err := a.execute(in, len(in.Txs))
	if err != nil {
		return nil, err
	}
	a.staged = s
	return s, nil
}

// fullAfter is after how many transactions in a row that find no room in it a
// proposal is full.
const fullAfter = 16

// Propose runs the block after the head with as many of the transactions as
// there is room for, and returns those that stand in it. What was refused left
// no trace, so that Execute with the others needs to run nothing again.
func (a *App) Propose(in Input) (_ [][]byte, err error) {
	defer trie.Catch(&err)
	a.mu.Lock()
	defer a.mu.Unlock()
	rt := a.Runtime()
	txs := in.Txs
	in.Txs = make([][]byte, 0, len(txs))
	for i, tx := range txs {
		if inPlace(rt, i, tx) == nil {
			in.Txs = append(in.Txs, tx)
		}
	}
	s, err := a.execute(in, fullAfter)
	if err != nil {
		return nil, err
	}
	kept := make([][]byte, 0, len(s.Body))
	for i, refused := range s.Refused {
		if refused == nil {
			kept = append(kept, in.Txs[i])
		}
	}
	in.Txs = kept
	s.input, s.Refused = in.id(a.head.Number+1), make([]error, len(kept))
	a.staged = s
	return kept, nil
}

// execute runs the block after the head. After as many transactions in a row as
// full that find no room, it refuses all that are left.
func (a *App) execute(in Input, full int) (*Staged, error) {
	number := a.head.Number + 1
	state := a.state.Snapshot()
	o := storage.NewOverlay(backend{state}, a.signed.verify)
	previous, _ := chain.AuraSlotOf(a.head)
	slot := chain.AuraSlot(previous, in.Time, in.Proposer, in.Validators)
	if err := a.Outdated(); err != nil {
		return nil, err
	}
	rt := a.Runtime()
	start := chain.Header{
		ParentHash: a.head.Hash(), Number: number, Digest: []chain.DigestItem{chain.AuraPreRuntime(slot)},
	}
	if _, err := rt.Call(o, "Core_initialize_block", scale.Marshal(start)); err != nil {
		return nil, fmt.Errorf("block %d: %w", number, err)
	}
	a.prepare(rt, o, state, in.Txs)
	s := &Staged{input: in.id(number), Refused: make([]error, len(in.Txs))}
	stamp := scale.AppendBytes(nil, rt.Bare(rt.SetTime(in.Time)))
	if refused, err := applyTx(rt, o, stamp); err != nil || refused != nil {
		return nil, fmt.Errorf("block %d: the time %d: %w", number, in.Time, errors.Join(err, refused))
	}
	s.Body = append(s.Body, stamp)
	crowded := 0
	for i, tx := range in.Txs {
		if crowded >= full {
			s.Refused[i] = noRoom
			continue
		}
		refused, err := applyTx(rt, o, tx)
		if err != nil {
			return nil, fmt.Errorf("block %d: transaction %d: %w", number, i, err)
		}
		if s.Refused[i] = refused; refused == nil {
			s.Body = append(s.Body, tx)
		}
		if crowded++; refused != noRoom {
			crowded = 0
		}
	}
	out, err := rt.Call(o, "BlockBuilder_finalize_block", nil)
	if err != nil {
		return nil, fmt.Errorf("block %d: %w", number, err)
	}
	header, err := chain.DecodeHeader(out)
	if err != nil {
		return nil, err
	}
	apply(state, o.Changes())
	if root := state.Root(); root != header.StateRoot {
		panic(fmt.Sprintf("engine: block %d has the root %v and says %v", number, root, header.StateRoot))
	}
	s.Header, s.state, s.index = chain.AuraSealed(header, a.seal), state, o.Index()
	return s, nil
}

// noRoom is why a transaction does not fit into a block.
var noRoom error = frame.Invalid{Reason: frame.ExhaustsResources{}}

// prepare checks the signatures of transactions together, and brings the
// accounts that they are about into memory, before they are applied one by one.
// What cannot be read is left to that.
func (a *App) prepare(rt *runtime.Runtime, o *storage.Overlay, state *trie.Trie, txs [][]byte) {
	var list []signature
	var named []*chain.AccountID
	for _, tx := range txs {
		if s, ok := rt.SignatureOf(o, tx); ok {
			list = append(list, signature{s.Scheme, s.Account[:], s.Message, s.Signature})
			named = append(named, s.Names)
		}
	}
	load := func(who chain.AccountID) {
		var missing error // whoever needs the node says so
		defer trie.Catch(&missing)
		state.Get(rt.System.Account.Key(who))
	}
	a.signed.prepare(list, func(i int) {
		load(chain.AccountID(list[i].account))
		if named[i] != nil {
			load(*named[i])
		}
	})
}

// applyTx applies a whole extrinsic. refused says why it cannot be in the
// block.
func applyTx(rt *runtime.Runtime, o *storage.Overlay, whole []byte) (refused, err error) {
	if _, err := chain.DecodeExtrinsic(whole); err != nil {
		return err, nil
	}
	out, err := rt.Call(o, "BlockBuilder_apply_extrinsic", whole)
	if err != nil {
		return nil, err
	}
	res, err := scale.Decode[runtime.Applied](out)
	if err != nil {
		return nil, err
	}
	if !res.OK {
		return res.Err, nil
	}
	return nil, nil
}

// Build returns the transactions of a proposal for the next block: the proof
// of the block before the head, if there is one, and what the pool has.
func (a *App) Build(maxBytes int) [][]byte {
	var txs [][]byte
	head := a.Head()
	if head.Number > 0 {
		if j, err := a.db.Justification(head.Number - 1); err == nil && head.Number > 1 {
			rt := a.Runtime()
			tx := scale.AppendBytes(nil, rt.Bare(rt.NoteJustification(j)))
			if len(tx) <= maxBytes {
				txs = append(txs, tx)
				maxBytes -= len(tx)
			}
		}
	}
	if a.pool != nil {
		txs = append(txs, a.pool.Ready(maxBytes)...)
	}
	return txs
}

// Check says why a proposal cannot be voted for: an extrinsic that does not
// decode, an inherent out of its place, a proof of finality or a signature
// that does not hold.
func (a *App) Check(in Input) error {
	rt := a.Runtime()
	for i, tx := range in.Txs {
		if err := inPlace(rt, i, tx); err != nil {
			return fmt.Errorf("transaction %d: %w", i, err)
		}
	}
	s, err := a.Execute(in)
	if err != nil {
		return err
	}
	for i, refused := range s.Refused {
		if v, ok := refused.(frame.Invalid); ok && (v.Reason == frame.BadProof{} || v.Reason == frame.BadMandatory{}) {
			return fmt.Errorf("transaction %d: %w", i, refused)
		}
	}
	return nil
}

// inPlace says why a transaction cannot stand at a place of a block, whatever
// comes of it there.
func inPlace(rt *runtime.Runtime, i int, tx []byte) error {
	inherent, err := rt.Inspect(tx)
	if err == nil && inherent != runtime.NoInherent && (i != 0 || inherent != runtime.FinalityInherent) {
		err = errors.New("an inherent is out of its place")
	}
	return err
}

// backend is a trie under an overlay.
type backend struct{ *trie.Trie }

// RootWith implements storage.Backend.
func (b backend) RootWith(changes []storage.Change, _ uint8) hash.H256 {
	t := b.Snapshot()
	apply(t, changes)
	return t.Root()
}

func apply(t *trie.Trie, changes []storage.Change) {
	for _, c := range changes {
		if c.Deleted {
			t.Delete(c.Key)
		} else {
			t.Put(c.Key, c.Value)
		}
	}
}
