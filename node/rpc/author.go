package rpc

import (
	"context"
	"strconv"
	"time"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/node/pool"
)

func itoa[N int | uint64](n N) string { return strconv.FormatInt(int64(n), 10) }

func (s *Server) authorMethods() map[string]method {
	return map[string]method{
		"author_submitExtrinsic":         s.submit,
		"author_submitAndWatchExtrinsic": s.submitAndWatch,
		"author_unwatchExtrinsic":        unsubscribe,
		"author_pendingExtrinsics":       s.pending,
		"author_removeExtrinsic":         s.remove,
	}
}

func (s *Server) submit(_ *call, a args) (any, error) {
	raw, err := a.bytes(0)
	if err != nil {
		return nil, err
	}
	id, err := s.pool.Submit(raw)
	if err != nil {
		return nil, s.poolError(err, id)
	}
	return id, nil
}

func (s *Server) poolError(err error, id hash.H256) *Error {
	e := poolError(err)
	if e.Code == codeKnown {
		e.Data = id.String()
	}
	return e
}

// statuses are the names under which clients know what becomes of a
// transaction; those with a hash are objects.
var statuses = map[pool.Kind]string{
	pool.Future: "future", pool.Ready: "ready", pool.Dropped: "dropped", pool.Invalid: "invalid",
	pool.InBlock: "inBlock", pool.Finalized: "finalized", pool.FinalityTimeout: "finalityTimeout", pool.Usurped: "usurped",
}

func statusOf(st pool.Status) any {
	switch st.Kind {
	case pool.InBlock, pool.Finalized, pool.FinalityTimeout, pool.Usurped:
		return map[string]any{statuses[st.Kind]: st.Hash}
	case pool.Broadcast:
		return map[string]any{"broadcast": []string{}}
	}
	return statuses[st.Kind]
}

// inBlockStands is how long inBlock is the last that a watcher was told, at
// least. polkadot.js reads the block before it tells of it, and forgets it when
// another status comes meanwhile; a block that is final a moment later would
// never have been in a block for whoever waits for that.
const inBlockStands = 250 * time.Millisecond

func (s *Server) submitAndWatch(c *call, a args) (any, error) {
	raw, err := a.bytes(0)
	if err != nil {
		return nil, err
	}
	if c.out == nil {
		return nil, &Error{Code: codeServer, Message: "watching a transaction needs a WebSocket"}
	}
	w, err := s.pool.SubmitAndWatch(raw)
	if err != nil {
		return nil, s.poolError(err, hash.Blake2b256(raw))
	}
	return c.subscribe("author_extrinsicUpdate", func(ctx context.Context, push func(any)) {
		var stands <-chan time.Time
		for {
			select {
			case <-ctx.Done():
				return
			case st, ok := <-w.Statuses():
				if !ok {
					return
				}
				// Without peers nothing is broadcast.
				if st.Kind == pool.Broadcast && s.cfg.Peers == nil {
					continue
				}
				if stands != nil {
					select {
					case <-ctx.Done():
						return
					case <-stands:
					}
				}
				push(statusOf(st))
				if stands = nil; st.Kind == pool.InBlock {
					stands = time.After(inBlockStands)
				}
			}
		}
	})
}

func (s *Server) pending(*call, args) (any, error) {
	return hexes(s.pool.Pending()), nil
}

// unsafe refuses what only the node's operator should do, with Substrate's
// number and words, unless the node was started to allow it.
func (s *Server) unsafe() error {
	if s.cfg.Unsafe {
		return nil
	}
	return &Error{Code: codeMethod, Message: "RPC call is unsafe to be called externally"}
}

// remove takes transactions out of the pool, given as {"hash": …} or
// {"extrinsic": …}, and returns the hashes of those that were there.
func (s *Server) remove(_ *call, a args) (any, error) {
	if err := s.unsafe(); err != nil {
		return nil, err
	}
	var list []struct {
		Hash      *hash.H256 `json:"hash"`
		Extrinsic *string    `json:"extrinsic"`
	}
	if err := a.into(0, &list); err != nil {
		return nil, err
	}
	removed := []hash.H256{}
	for i, x := range list {
		var id hash.H256
		switch {
		case x.Hash != nil:
			id = *x.Hash
		case x.Extrinsic != nil:
			raw, err := unhex(*x.Extrinsic)
			if err != nil {
				return nil, badParams("extrinsic %d is not hex", i+1)
			}
			id = hash.Blake2b256(raw)
		default:
			return nil, badParams("item %d has neither hash nor extrinsic", i+1)
		}
		if s.pool.Remove(id) {
			removed = append(removed, id)
		}
	}
	return removed, nil
}

// nonce is who's next, after what is ready.
func (s *Server) nonce(who chain.AccountID) (uint32, error) {
	for {
		head := s.app.Head().Hash()
		next, err := s.app.Nonce(head, who)
		if err != nil {
			return 0, err
		}
		free := s.pool.Nonce(who, next)
		// A block that came meanwhile took out of the pool what next counts on.
		if s.app.Head().Hash() == head {
			return free, nil
		}
	}
}
