package rpc

import (
	"context"
	"errors"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/node/pool"
)

// maxBroadcasts is how many transactions a connection may have broadcast at a
// time.
const maxBroadcasts = 16

// transactionMethods are the groups transaction_v1 and transactionWatch_v1 of
// the JSON-RPC interface:
// https://paritytech.github.io/json-rpc-interface-spec/api/transaction.html.
func (s *Server) transactionMethods() map[string]method {
	return map[string]method{
		"transaction_v1_broadcast":           s.broadcast,
		"transaction_v1_stop":                stopBroadcast,
		"transactionWatch_v1_submitAndWatch": s.watchTransaction,
		"transactionWatch_v1_unwatch":        unwatchTransaction,
	}
}

// broadcast puts a transaction into the pool, from which peers are told of it,
// and again with each block that it is not there, until it is stopped.
func (s *Server) broadcast(c *call, a args) (any, error) {
	raw, err := a.bytes(0)
	if err != nil {
		return nil, err
	}
	if c.out == nil {
		return nil, errNoSocket
	}
	ctx, end := context.WithCancel(c.ctx)
	id, ok := s.newID(), false
	c.mu.Lock()
	if ok = len(c.broadcasts) < maxBroadcasts; ok {
		c.broadcasts[id] = end
	}
	c.mu.Unlock()
	if !ok {
		end()
		return nil, nil
	}
	tx := hash.Blake2b256(raw)
	submit := func() {
		if s.pool.Knows(tx) {
			return
		}
		if _, err := s.pool.Submit(raw); errors.Is(err, pool.ErrFormat) {
			end() // it never gets better
		}
	}
	submit()
	c.started = append(c.started, func() { s.follow(ctx, submit) })
	return id, nil
}

func stopBroadcast(c *call, a args) (any, error) {
	id, err := a.str(0)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	end, ok := c.broadcasts[id]
	if !ok {
		return nil, badParams("nothing is broadcast under %q", id)
	}
	end()
	delete(c.broadcasts, id)
	return nil, nil
}

// watchTransaction submits a transaction and tells what becomes of it. Even
// that it is refused is an event.
func (s *Server) watchTransaction(c *call, a args) (any, error) {
	raw, err := a.bytes(0)
	if err != nil {
		return nil, err
	}
	return c.subscribe("transactionWatch_v1_watchEvent", func(ctx context.Context, push func(any)) {
		w, err := s.pool.SubmitAndWatch(raw)
		if err != nil {
			push(refusal(err))
			return
		}
		validated := false
		for {
			select {
			case <-ctx.Done():
				return
			case st, ok := <-w.Statuses():
				if !ok {
					return
				}
				if st.Kind <= pool.Ready {
					if validated {
						continue
					}
					validated = true
				}
				if e := watchEvent(st); e != nil {
					push(e)
				}
			}
		}
	})
}

// refusal is the event for a transaction that the pool did not take.
func refusal(err error) event {
	name := "invalid"
	switch poolError(err).Code {
	case codeDropped:
		name = "dropped"
	case codeVerification:
		name = "error"
	}
	return event{"event": name, "error": err.Error()}
}

// watchEvent is what the group says of a status, or nil.
func watchEvent(st pool.Status) event {
	switch st.Kind {
	case pool.Future, pool.Ready:
		return event{"event": "validated"}
	case pool.InBlock:
		return event{"event": "bestChainBlockIncluded", "block": map[string]any{"hash": st.Hash, "index": st.Index}}
	case pool.Finalized:
		return event{"event": "finalized", "block": map[string]any{"hash": st.Hash, "index": st.Index}}
	case pool.FinalityTimeout:
		return event{"event": "dropped", "error": "its block was not final in time"}
	case pool.Usurped:
		return event{"event": "invalid", "error": "the transaction " + st.Hash.String() + " took its place"}
	case pool.Dropped:
		return event{"event": "dropped", "error": "the pool had no room or time for it"}
	case pool.Invalid:
		return event{"event": "invalid", "error": "it cannot be in a block any more"}
	}
	return nil
}

func unwatchTransaction(c *call, a args) (any, error) {
	id, err := a.str(0)
	if err != nil {
		return nil, err
	}
	if !c.drop(id) {
		return nil, badParams("no transaction is watched under %q", id)
	}
	return nil, nil
}
