package rpc

import (
	"errors"
	"math"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/node/store"
	clusters "github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/trie"
)

// maxMessages is how many messages one call returns.
const maxMessages = 256

// tacitMethods are what relays and new nodes need besides Substrate's.
func (s *Server) tacitMethods() map[string]method {
	return map[string]method{
		"tacit_queueHead":      s.queueHead,
		"tacit_queueMessages":  s.queueMessages,
		"tacit_codeBytes":      s.codeBytes,
		"tacit_snapshotChunk":  s.snapshotChunk,
		"tacit_latestFinality": s.latestFinality,
		"tacit_setChanges":     s.setChanges,
		"tacit_finalBlock":     s.finalBlock,
		"tacit_engineBlock":    s.engineBlock,
	}
}

func (a args) destination(i int) (queue.Destination, error) {
	raw, err := a.bytes(i)
	if err != nil {
		return nil, err
	}
	to, err := scale.Decode[queue.Destination](raw)
	if err != nil {
		return nil, badParams("parameter %d is no destination: %v", i+1, err)
	}
	return to, nil
}

// queueHead returns how far a queue goes at a block: {count, hash}.
func (s *Server) queueHead(_ *call, a args) (any, error) {
	to, err := a.destination(0)
	if err != nil {
		return nil, err
	}
	at, err := s.state(a, 1)
	if err != nil {
		return nil, err
	}
	head := queue.Head{}
	err = s.read(at, func(t *trie.Trie) {
		var ok bool
		if head, ok = s.app.Runtime().Queue.Outbox.Find(t, to); !ok {
			head.Hash = queue.Start(s.app.Genesis(), to)
		}
	})
	return map[string]any{"count": head.Count, "hash": head.Hash}, err
}

// queueMessages returns the SCALE messages of a queue from a number on.
func (s *Server) queueMessages(_ *call, a args) (any, error) {
	to, err := a.destination(0)
	if err != nil {
		return nil, err
	}
	if !a.has(1) {
		return nil, badParams("parameter 2, the first number, is missing")
	}
	from, err := a.number(1)
	if err != nil {
		return nil, err
	}
	limit := uint64(maxMessages)
	if a.has(2) {
		n, err := a.number(2)
		if err != nil {
			return nil, err
		}
		limit = min(n, limit)
	}
	list, size := []string{}, 0
	for seq := from; seq-from < limit && size < maxRequest/4; seq++ {
		m, err := s.app.Store().Index(queue.BodyKey(to, seq))
		if errors.Is(err, store.ErrNotFound) {
			break
		}
		if err != nil {
			return nil, err
		}
		list = append(list, hexOf(m))
		size += len(m)
	}
	return list, nil
}

// codeBytes returns the chunks of a code, or null when it is not all there.
func (s *Server) codeBytes(_ *call, a args) (any, error) {
	var code hash.H256
	if err := a.into(0, &code); err != nil {
		return nil, err
	}
	var chunks [][]byte
	for i := range uint8(clusters.MaxChunks) {
		c, err := s.app.Store().Index(clusters.ChunkKey(code, i))
		if errors.Is(err, store.ErrNotFound) {
			break
		}
		if err != nil {
			return nil, err
		}
		chunks = append(chunks, c)
	}
	if len(chunks) == 0 || clusters.CodeHash(chunks) != code {
		return nil, nil
	}
	list := make([]string, len(chunks))
	for i, c := range chunks {
		list[i] = hexOf(c)
	}
	return list, nil
}

// snapshotChunk returns a chunk of the newest snapshot of a cluster with its
// proof, a clusters.KeptChunk in SCALE, or null when another one is the newest
// or the chunk is not here.
func (s *Server) snapshotChunk(_ *call, a args) (any, error) {
	var cluster, name hash.H256
	var index uint32
	if err := errors.Join(a.into(0, &cluster), a.into(1, &name), a.into(2, &index)); err != nil {
		return nil, err
	}
	at, err := s.state(a, 3)
	if err != nil {
		return nil, err
	}
	var kept clusters.Snapshots
	if err := s.read(at, func(t *trie.Trie) { kept = s.app.Runtime().Clusters.Snapshots.Get(t, cluster) }); err != nil {
		return nil, err
	}
	if kept.Kept == nil || kept.Kept.Name() != name || index >= kept.Kept.Chunks {
		return nil, nil
	}
	c, err := s.app.Store().Index(clusters.SnapshotKey(cluster, kept.Slot, index))
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil // this node began after it, from a snapshot without it
	}
	if err != nil {
		return nil, err
	}
	return hexOf(c), nil
}

// justified is a header and the proof that it is final.
type justified struct {
	Header        string `json:"header"`
	Justification string `json:"justification"`
}

func (s *Server) justifiedAt(n chain.BlockNumber) (*justified, error) {
	h, err := s.app.Store().HeaderAt(n)
	if err != nil {
		return nil, err
	}
	j, err := s.app.Store().Justification(n)
	if err != nil {
		return nil, err
	}
	return &justified{hexOf(h.Encode()), hexOf(j)}, nil
}

// latestFinality returns the newest final block, or null before there is one.
func (s *Server) latestFinality(*call, args) (any, error) {
	final := s.app.Final()
	if final == 0 {
		return nil, nil
	}
	return s.justifiedAt(final)
}

// block reads the number of a block that must be named.
func (a args) block(i int) (chain.BlockNumber, error) {
	if !a.has(i) {
		return 0, badParams("parameter %d, the block's number, is missing", i+1)
	}
	n, err := a.number(i)
	if err == nil && n > math.MaxUint32 {
		err = badParams("parameter %d is no number of a block", i+1)
	}
	return chain.BlockNumber(n), err
}

// finalBlock returns a block that is final, and its own proof.
func (s *Server) finalBlock(_ *call, a args) (any, error) {
	n, err := a.block(0)
	if err != nil {
		return nil, err
	}
	return s.justifiedAt(n)
}

// engineBlock returns the consensus engine's light block of a height.
func (s *Server) engineBlock(_ *call, a args) (any, error) {
	height, err := a.block(0)
	if err != nil {
		return nil, err
	}
	if s.cfg.EngineBlock == nil {
		return nil, &Error{Code: codeServer, Message: "this node has no consensus engine"}
	}
	raw, err := s.cfg.EngineBlock(int64(height))
	return hexOf(raw), err
}

// setChanges returns the blocks that ended an authority set, from the set with
// the given number on.
func (s *Server) setChanges(_ *call, a args) (any, error) {
	if !a.has(0) {
		return nil, badParams("parameter 1, the set's number, is missing")
	}
	from, err := a.number(0)
	if err != nil {
		return nil, err
	}
	list := []*justified{}
	for id := from; len(list) < maxMessages; id++ {
		n, err := s.app.Store().SetEnd(id)
		if errors.Is(err, store.ErrNotFound) {
			break
		}
		if err != nil {
			return nil, err
		}
		j, err := s.justifiedAt(n)
		if errors.Is(err, store.ErrNotFound) {
			break // its proof is on the way
		}
		if err != nil {
			return nil, err
		}
		list = append(list, j)
	}
	return list, nil
}
