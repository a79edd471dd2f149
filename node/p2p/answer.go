package p2p

import (
	"errors"
	"fmt"
	"sort"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/grandpa"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/node/engine"
	"github.com/tacit-network/tacit/node/store"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/trie"
)

// errNoAnswer means that a question is well-formed, and that this node cannot
// answer it: the asker sees the end of the stream.
var errNoAnswer = errors.New("no answer")

// The limits of answers. A block answer ends before the block that would
// exceed its bytes, but has one.
const (
	maxBlocks      = 128
	maxBlocksBytes = 4 << 20
	maxProofBytes  = 8 << 20
)

// answers answers the requests of light clients from a node's database.
type answers struct {
	app *engine.App
	// maxWarp is the most bytes of a warp proof.
	maxWarp int
}

// warp proves the way from a block to the newest final one: the request is the
// block's hash, the answer a grandpa.WarpProof. One that would be too long
// ends early and says so; the asker goes on from its last block.
func (a answers) warp(raw []byte) ([]byte, error) {
	if len(raw) != 32 {
		return nil, garbage("a hash of %d bytes", len(raw))
	}
	db := a.app.Store()
	start, err := db.Header(hash.H256(raw))
	if err != nil {
		return nil, err
	}
	final := a.app.Final()
	if start.Number > final {
		return nil, fmt.Errorf("%w: block %d is not final", errNoAnswer, start.Number)
	}
	id, err := a.setAfter(start.Number)
	if err != nil {
		return nil, err
	}
	var list [][]byte
	size, last, finished := 8, start.Number, true
	// add takes the block's fragment, if there is room.
	add := func(n chain.BlockNumber) (bool, error) {
		f, err := a.fragment(n)
		if err != nil || size+len(f) > a.maxWarp {
			return false, err
		}
		list, size, last = append(list, f), size+len(f), n
		return true, nil
	}
	for ; finished; id++ {
		end, err := db.SetEnd(id)
		if errors.Is(err, store.ErrNotFound) || err == nil && end > final {
			break
		} else if err != nil {
			return nil, err
		}
		if finished, err = add(end); err != nil {
			return nil, err
		}
	}
	if finished && last < final {
		if finished, err = add(final); err != nil {
			return nil, err
		}
	}
	out := scale.AppendCompact(make([]byte, 0, size), uint64(len(list)))
	for _, f := range list {
		out = append(out, f...)
	}
	return scale.AppendBool(out, finished), nil
}

// fragment is a block's grandpa.Fragment: its header and its justification.
func (a answers) fragment(n chain.BlockNumber) ([]byte, error) {
	header, err := a.app.Store().HeaderAt(n)
	if err != nil {
		return nil, err
	}
	j, err := a.app.Store().Justification(n)
	return append(header.Encode(), j...), err
}

// setAfter is the authority set that finalises the block after n. The state of
// n tells; where it is not kept any more, the blocks that ended sets do.
func (a answers) setAfter(n chain.BlockNumber) (uint64, error) {
	db := a.app.Store()
	if set, err := a.app.Voters(n); err == nil {
		if end, err := db.SetEnd(set.ID); err == nil && end == n {
			set.ID++
		}
		return set.ID, nil
	}
	now, err := a.app.Voters(a.app.Head().Number)
	if err != nil {
		return 0, err
	}
	// A node that has not seen the whole chain lacks the ends of early sets.
	var failed error
	id := sort.Search(int(now.ID), func(i int) bool {
		end, err := db.SetEnd(uint64(i))
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			failed = err
		}
		return err == nil && end > n
	})
	if failed != nil || id == 0 {
		return 0, failed
	}
	if end, err := db.SetEnd(uint64(id) - 1); err != nil || end > n {
		return 0, fmt.Errorf("%w: the set after block %d is not known", errNoAnswer, n)
	}
	return uint64(id), nil
}

// blocks answers a blockRequest. A block that is not known ends the answer.
func (a answers) blocks(raw []byte) ([]byte, error) {
	r, err := decodeBlockRequest(raw)
	if err != nil {
		return nil, err
	}
	n := r.number
	if r.hash != nil {
		h, err := a.app.Store().Header(*r.hash)
		if errors.Is(err, store.ErrNotFound) {
			return []byte{}, nil
		} else if err != nil {
			return nil, err
		}
		n = h.Number
	}
	most := uint32(maxBlocks)
	if r.most > 0 {
		most = min(most, r.most)
	}
	out := []byte{}
	for i := range most {
		d, err := a.block(n, r)
		if errors.Is(err, store.ErrNotFound) {
			break
		} else if err != nil {
			return nil, err
		}
		longer := appendBlock(out, d, r.several)
		if i > 0 && len(longer) > maxBlocksBytes {
			break
		}
		out = longer
		if r.descending && n == 0 || n == ^chain.BlockNumber(0) {
			break
		}
		if n++; r.descending {
			n -= 2
		}
	}
	return out, nil
}

func (a answers) block(n chain.BlockNumber, r blockRequest) (d blockData, err error) {
	db := a.app.Store()
	if d.hash, err = db.HashOf(n); err != nil {
		return d, err
	}
	h, err := db.Header(d.hash)
	if err != nil {
		return d, err
	}
	if r.header {
		d.header = h.Encode()
	}
	if r.body {
		if d.body, err = db.Body(d.hash); err != nil && (n > 0 || !errors.Is(err, store.ErrNotFound)) {
			return d, err
		}
	}
	// Only of blocks that end a set, as in Substrate: smoldot refuses the proof
	// of a block while it does not know an end before that to be final, and cuts
	// off who sent it. What is final else, the commits tell.
	if r.justification && endsSet(h) {
		if d.justification, err = db.Justification(n); err != nil && !errors.Is(err, store.ErrNotFound) {
			return d, err
		}
	}
	return d, nil
}

// endsSet says whether a block is a set's last.
func endsSet(h chain.Header) bool {
	logs, err := grandpa.Logs(h)
	if err != nil {
		return false
	}
	scheduled, _ := grandpa.FindChanges(logs)
	return scheduled != nil
}

// light answers a lightRequest with a read proof.
func (a answers) light(raw []byte) ([]byte, error) {
	q, err := decodeLightRequest(raw)
	if err != nil {
		return nil, err
	}
	switch q := q.(type) {
	case readRequest:
		proof, err := a.prove(q.block, q.keys)
		return lightAnswer(2, proof), err
	case callRequest:
		keys, ok := a.app.Runtime().CodeReads(q.method, q.args)
		if !ok {
			return lightAnswer(1, nil), nil
		}
		proof, err := a.prove(q.block, keys)
		return lightAnswer(1, proof), err
	}
	return nil, fmt.Errorf("%w: there are no child tries", errNoAnswer)
}

// prove is an encoded read proof of what a block's state has under keys; it
// always has the root. A block that is not known, or whose state is not kept
// any more, has no proof.
func (a answers) prove(block hash.H256, keys [][]byte) (proof []byte, err error) {
	defer trie.Catch(&err)
	t, err := a.app.StateAt(block)
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrPruned) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	items, size, seen := [][]byte{}, 0, map[hash.H256]bool{}
	for _, k := range append([][]byte{{}}, keys...) {
		for _, item := range t.Prove([][]byte{k}) {
			h := hash.Blake2b256(item)
			if seen[h] {
				continue
			}
			seen[h] = true
			if size += len(item) + 4; size > maxProofBytes {
				return nil, fmt.Errorf("%w: the proof exceeds %d bytes", errNoAnswer, maxProofBytes)
			}
			items = append(items, item)
		}
	}
	return scale.Marshal(items), nil
}

// commits are the messages that prove the blocks from first to last final,
// oldest first: those that end a set, and the newest of the others.
func (a answers) commits(first, last chain.BlockNumber) (list [][]byte, err error) {
	set, err := a.setAfter(max(first, 1) - 1)
	if err != nil {
		return nil, err
	}
	db := a.app.Store()
	for n := first; n <= last; n++ {
		end, err := db.SetEnd(set)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
		ends := err == nil && end == n
		if ends || last-n < recent {
			raw, err := db.Justification(n)
			if err == nil {
				j, err := grandpa.DecodeJustification(raw)
				if err != nil {
					return nil, err
				}
				list = append(list, commit(set, j))
			} else if !errors.Is(err, store.ErrNotFound) {
				return nil, err
			}
		}
		if ends {
			set++
		}
	}
	return list, nil
}
