package rpc

import (
	"context"
	"fmt"
	"sync"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/node/rpc/lookup"
	"github.com/tacit-network/tacit/trie"
)

// The limits of chainHead_v1: for a connection, and for one subscription.
const (
	maxFollows    = 4
	maxPinned     = 512
	maxOperations = 32
	// firstFinal is how many final blocks a subscription begins with.
	firstFinal = 16
)

// The numbers of chainHead_v1's errors.
const (
	codeFollows   = -32800
	codeBlock     = -32801
	codeNoRuntime = -32802
	codeNotPaused = -32803
	codeDuplicate = -32804
)

// chainHeadMethods are the group chainHead_v1 of the JSON-RPC interface:
// https://paritytech.github.io/json-rpc-interface-spec/api/chainHead.html.
func (s *Server) chainHeadMethods() map[string]method {
	return map[string]method{
		"chainHead_v1_follow":        s.headFollow,
		"chainHead_v1_unfollow":      headUnfollow,
		"chainHead_v1_unpin":         headUnpin,
		"chainHead_v1_header":        s.headHeader,
		"chainHead_v1_body":          s.headBody,
		"chainHead_v1_call":          s.headCall,
		"chainHead_v1_storage":       s.headStorage,
		"chainHead_v1_continue":      headContinue,
		"chainHead_v1_stopOperation": headStopOperation,
	}
}

// chainHead is one subscription of chainHead_v1_follow. It holds no block of
// the database, which keeps all of them: a pinned block is one that the client
// may still ask about.
type chainHead struct {
	conn    *conn
	id      string
	runtime bool // withRuntime
	ctx     context.Context
	end     context.CancelFunc

	// What was told: blocks up to known, and final ones up to final. Only run
	// uses them.
	known, final chain.BlockNumber

	mu         sync.Mutex // guards what follows
	pinned     map[hash.H256]bool
	operations map[string]*operation
	free       int // how many operations more may begin
}

func (s *Server) headFollow(c *call, a args) (any, error) {
	h := &chainHead{conn: c.conn, pinned: map[hash.H256]bool{}, operations: map[string]*operation{}, free: maxOperations}
	if err := a.into(0, &h.runtime); err != nil {
		return nil, err
	}
	if c.out == nil {
		return nil, errNoSocket
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.heads) >= maxFollows {
		return nil, &Error{Code: codeFollows, Message: fmt.Sprintf("more than %d subscriptions of chainHead_v1_follow", maxFollows)}
	}
	h.id = c.s.newID()
	h.ctx, h.end = context.WithCancel(c.ctx)
	c.heads[h.id] = h
	c.started = append(c.started, h.run)
	return h.id, nil
}

// head returns the subscription that the first parameter names, or nil where
// there is none.
func (c *call) head(a args) (*chainHead, error) {
	id, err := a.str(0)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.heads[id], nil
}

// close ends the subscription and its operations.
func (h *chainHead) close() {
	h.end()
	h.conn.mu.Lock()
	defer h.conn.mu.Unlock()
	delete(h.conn.heads, h.id)
}

func headUnfollow(c *call, a args) (any, error) {
	h, err := c.head(a)
	if h != nil {
		h.close()
	}
	return nil, err
}

// event is a notification of the group. What else it has depends on its name.
type event map[string]any

func (h *chainHead) tell(e event) { h.conn.send(newNotification("chainHead_v1_followEvent", h.id, e)) }

// run tells of blocks until the subscription ends. The chain has no forks: the
// best block is the newest.
func (h *chainHead) run() {
	defer h.close()
	err := h.initialize()
	if err == nil {
		h.conn.s.follow(h.ctx, func() {
			if err = h.advance(); err != nil {
				h.end()
			}
		})
	}
	if err != nil {
		h.conn.s.log.Debug("chainHead_v1_follow stops", "err", err)
		h.tell(event{"event": "stop"})
	}
}

func (h *chainHead) initialize() error {
	s := h.conn.s
	h.final = s.app.Final()
	h.known = h.final
	hashes := []hash.H256{}
	for n := h.final - min(h.final, firstFinal-1); n <= h.final; n++ {
		block, err := s.app.Store().HashOf(n)
		if err != nil {
			return err
		}
		h.pinned[block] = true
		hashes = append(hashes, block)
	}
	e := event{"event": "initialized", "finalizedBlockHashes": hashes}
	if h.runtime {
		spec, err := s.runtimeSpec(hashes[len(hashes)-1])
		if err != nil {
			return err
		}
		e["finalizedBlockRuntime"] = spec
	}
	h.tell(e)
	return nil
}

// advance tells what is new since it was called last: each block, that it is
// the best, and that those before it are final.
func (h *chainHead) advance() error {
	app := h.conn.s.app
	final, head := app.Final(), app.Head().Number // in this order: what is final is known
	for n := h.known + 1; n <= head; n++ {
		if err := h.finalize(min(final, n-1)); err != nil {
			return err
		}
		if err := h.announce(n); err != nil {
			return err
		}
	}
	return h.finalize(final)
}

func (h *chainHead) announce(n chain.BlockNumber) error {
	header, err := h.conn.s.app.Store().HeaderAt(n)
	if err != nil {
		return err
	}
	block := header.Hash()
	h.mu.Lock()
	full := len(h.pinned) >= maxPinned
	h.pinned[block] = true
	h.mu.Unlock()
	if full {
		return fmt.Errorf("more than %d blocks are pinned", maxPinned)
	}
	e := event{"event": "newBlock", "blockHash": block, "parentBlockHash": header.ParentHash}
	if h.runtime {
		e["newRuntime"] = nil
		for _, item := range header.Digest {
			if _, ok := item.(chain.DigestRuntimeUpdated); !ok {
				continue
			}
			if e["newRuntime"], err = h.conn.s.runtimeSpec(block); err != nil {
				return err
			}
		}
	}
	h.tell(e)
	h.tell(event{"event": "bestBlockChanged", "bestBlockHash": block})
	h.known = n
	return nil
}

func (h *chainHead) finalize(final chain.BlockNumber) error {
	for ; h.final < final; h.final++ {
		block, err := h.conn.s.app.Store().HashOf(h.final + 1)
		if err != nil {
			return err
		}
		h.tell(event{"event": "finalized", "finalizedBlockHashes": []hash.H256{block}, "prunedBlockHashes": []hash.H256{}})
	}
	return nil
}

// runtimeSpec is the runtime of a block as the group tells it.
func (s *Server) runtimeSpec(at hash.H256) (any, error) {
	v, err := s.version(at)
	if err != nil {
		return nil, err
	}
	apis := map[string]uint32{}
	for _, api := range v.Apis {
		apis[hexOf(api.ID[:])] = api.Version
	}
	return map[string]any{"type": "valid", "spec": map[string]any{
		"specName": v.SpecName, "implName": v.ImplName, "specVersion": v.SpecVersion, "implVersion": v.ImplVersion,
		"transactionVersion": v.TransactionVersion, "apis": apis,
	}}, nil
}

func headUnpin(c *call, a args) (any, error) {
	h, err := c.head(a)
	if err != nil {
		return nil, err
	}
	var list []hash.H256
	if a.has(1) && firstByte(a[1]) == '[' {
		err = a.into(1, &list)
	} else {
		list = make([]hash.H256, 1)
		err = a.into(1, &list[0])
	}
	if err != nil || h == nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	seen := map[hash.H256]bool{}
	for _, block := range list {
		if seen[block] {
			return nil, &Error{Code: codeDuplicate, Message: "the block " + block.String() + " is named twice"}
		}
		if !h.pinned[block] {
			return nil, notPinned(block)
		}
		seen[block] = true
	}
	for _, block := range list {
		delete(h.pinned, block)
	}
	return nil, nil
}

func notPinned(block hash.H256) *Error {
	return &Error{Code: codeBlock, Message: "the block " + block.String() + " is not pinned"}
}

// pin reads the parameters that say which block of which subscription is asked
// about. The subscription is nil where there is none.
func (c *call) pin(a args) (*chainHead, hash.H256, error) {
	h, err := c.head(a)
	if err != nil {
		return nil, hash.H256{}, err
	}
	block, err := a.at(1)
	if err != nil || h == nil {
		return nil, block, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.pinned[block] {
		return nil, block, notPinned(block)
	}
	return h, block, nil
}

func (s *Server) headHeader(c *call, a args) (any, error) {
	h, block, err := c.pin(a)
	if err != nil || h == nil {
		return nil, err
	}
	header, err := s.app.Store().Header(block)
	if err != nil {
		return nil, &Error{Code: codeInternal, Message: err.Error()}
	}
	return hexOf(header.Encode()), nil
}

func (s *Server) headBody(c *call, a args) (any, error) {
	h, block, err := c.pin(a)
	if err != nil {
		return nil, err
	}
	answer, _ := h.start(c, 1, func(*operation) (event, error) {
		body, err := s.app.Store().Body(block)
		return event{"event": "operationBodyDone", "value": hexes(body)}, err
	})
	return answer, nil
}

func (s *Server) headCall(c *call, a args) (any, error) {
	h, block, err := c.pin(a)
	if err != nil {
		return nil, err
	}
	function, err := a.str(2)
	if err != nil {
		return nil, err
	}
	input, err := a.bytes(3)
	if err != nil {
		return nil, err
	}
	if h != nil && !h.runtime {
		return nil, &Error{Code: codeNoRuntime, Message: "the subscription was begun without withRuntime"}
	}
	answer, _ := h.start(c, 1, func(*operation) (event, error) {
		out, err := s.app.Call(block, function, input)
		return event{"event": "operationCallDone", "output": hexOf(out)}, err
	})
	return answer, nil
}

func (s *Server) headStorage(c *call, a args) (any, error) {
	h, block, err := c.pin(a)
	if err != nil {
		return nil, err
	}
	items, asked, err := a.items(2)
	if err != nil {
		return nil, err
	}
	pauses := false
	for i := range items {
		pauses = pauses || items[i].Descendants()
	}
	answer, taken := h.start(c, asked, func(o *operation) (event, error) {
		l := lookup.New(items[:min(len(items), o.slots)])
		for {
			list, done, err := s.page(l, block)
			if err != nil {
				return nil, err
			}
			if len(list) > 0 && !o.tell(event{"event": "operationStorageItems", "items": list}) {
				return nil, o.ctx.Err()
			}
			if done {
				return event{"event": "operationStorageDone"}, nil
			}
			if pauses && !o.pause() {
				return nil, o.ctx.Err()
			}
		}
	})
	if taken > 0 {
		answer["discardedItems"] = max(asked-taken, 0)
	}
	return answer, nil
}

// page returns what a lookup finds next in the state of a block, and whether
// that was all.
func (s *Server) page(l *lookup.Lookup, at hash.H256) (list []lookup.Found, done bool, err error) {
	err = s.read(at, func(t *trie.Trie) { list, done = l.Page(t) })
	return list, done, err
}
