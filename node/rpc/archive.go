package rpc

import (
	"context"
	"errors"
	"fmt"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/node/rpc/lookup"
	"github.com/tacit-network/tacit/node/store"
	"github.com/tacit-network/tacit/trie"
)

// maxArchives is how many states a connection may have read at a time.
const maxArchives = 8

// archiveMethods are the group archive_v1 of the JSON-RPC interface:
// https://paritytech.github.io/json-rpc-interface-spec/api/archive.html. The
// node has all blocks and all states.
func (s *Server) archiveMethods() map[string]method {
	return map[string]method{
		"archive_v1_genesisHash":     fixed(s.app.Genesis()),
		"archive_v1_finalizedHeight": func(*call, args) (any, error) { return s.app.Final(), nil },
		"archive_v1_hashByHeight":    s.archiveHashes,
		"archive_v1_header":          s.archiveHeader,
		"archive_v1_body":            s.archiveBody,
		"archive_v1_call":            s.archiveCall,
		"archive_v1_storage":         s.archiveStorage,
		"archive_v1_stopStorage":     stopArchive,
		"archive_v1_storageDiff":     s.archiveDiff,
		"archive_v1_stopStorageDiff": stopArchive,
	}
}

// archiveHashes returns the hashes of the blocks with a number: one or none.
func (s *Server) archiveHashes(_ *call, a args) (any, error) {
	if !a.has(0) {
		return nil, badParams("parameter 1, the height, is missing")
	}
	n, err := a.number(0)
	if err != nil {
		return nil, err
	}
	if n > 1<<32-1 {
		return []hash.H256{}, nil
	}
	h, err := s.app.Store().HashOf(chain.BlockNumber(n))
	if errors.Is(err, store.ErrNotFound) {
		return []hash.H256{}, nil
	}
	return []hash.H256{h}, err
}

func (s *Server) archiveHeader(_ *call, a args) (any, error) {
	at, err := a.at(0)
	if err != nil {
		return nil, err
	}
	h, err := s.app.Store().Header(at)
	return absent(hexOf(h.Encode()), err)
}

func (s *Server) archiveBody(_ *call, a args) (any, error) {
	at, err := a.at(0)
	if err != nil {
		return nil, err
	}
	body, err := s.app.Store().Body(at)
	return absent(hexes(body), err)
}

func (s *Server) archiveCall(_ *call, a args) (any, error) {
	at, err := a.at(0)
	if err != nil {
		return nil, err
	}
	function, err := a.str(1)
	if err != nil {
		return nil, err
	}
	input, err := a.bytes(2)
	if err != nil {
		return nil, err
	}
	if _, err := s.app.Store().Header(at); err != nil {
		return absent(nil, err)
	}
	out, err := s.app.Call(at, function, input)
	if err != nil {
		return map[string]any{"success": false, "error": err.Error()}, nil
	}
	return map[string]any{"success": true, "value": hexOf(out)}, nil
}

// archive runs f in the background as a subscription named name, of which a
// connection has only some. An error that f returns is its last event, else
// that is done.
func (c *call) archive(name, done, failed string, f func(push func(any) bool) error) (any, error) {
	c.mu.Lock()
	full := c.archives >= maxArchives
	if !full {
		c.archives++
	}
	c.mu.Unlock()
	if full {
		return nil, &Error{Code: codeLimit, Message: fmt.Sprintf("more than %d states are being read", maxArchives)}
	}
	leave := func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.archives--
	}
	id, err := c.stream(name, func(ctx context.Context, push func(any) bool) {
		defer leave()
		err := f(func(v any) bool { return ctx.Err() == nil && push(v) })
		switch {
		case ctx.Err() != nil:
		case err != nil:
			push(event{"event": failed, "error": err.Error()})
		default:
			push(event{"event": done})
		}
	})
	if err != nil {
		leave()
	}
	return id, err
}

func stopArchive(c *call, a args) (any, error) {
	id, err := a.str(0)
	if err != nil {
		return nil, err
	}
	c.drop(id)
	return nil, nil
}

// archiveStorage finds items in the state of any block.
func (s *Server) archiveStorage(c *call, a args) (any, error) {
	at, err := a.at(0)
	if err != nil {
		return nil, err
	}
	items, _, err := a.items(1)
	if err != nil {
		return nil, err
	}
	return c.archive("archive_v1_storageEvent", "storageDone", "storageError", func(push func(any) bool) error {
		l := lookup.New(items)
		for {
			list, done, err := s.page(l, at)
			if err != nil {
				return err
			}
			for _, f := range list {
				if !push(storageEvent{"storage", f}) {
					return nil
				}
			}
			if done {
				return nil
			}
		}
	})
}

type storageEvent struct {
	Event string `json:"event"`
	lookup.Found
}

// differences reads what is asked of two states: without a list the hashes of
// all that differs.
func (a args) differences(i int) ([]lookup.Difference, error) {
	list := []lookup.Difference{{ReturnType: lookup.Hash}}
	if a.has(i) {
		list = nil
		if err := a.into(i, &list); err != nil {
			return nil, err
		}
	}
	list, err := lookup.CheckDifferences(list)
	if err != nil {
		return nil, badParams("%v", err)
	}
	return list, nil
}

// archiveDiff tells what differs between the states of two blocks.
func (s *Server) archiveDiff(c *call, a args) (any, error) {
	at, err := a.at(0)
	if err != nil {
		return nil, err
	}
	items, err := a.differences(1)
	if err != nil {
		return nil, err
	}
	var before hash.H256
	if a.has(2) {
		if before, err = a.at(2); err != nil {
			return nil, err
		}
	}
	return c.archive("archive_v1_storageDiffEvent", "storageDiffDone", "storageDiffError", func(push func(any) bool) (err error) {
		defer trie.Catch(&err)
		older, newer, err := s.states(before, at)
		if err != nil {
			return err
		}
		for _, d := range items {
			for changed := range d.Between(older, newer) {
				if !push(changed) {
					return nil
				}
			}
		}
		return nil
	})
}

// states opens the states of a block and of one before it; zero is its parent.
func (s *Server) states(before, at hash.H256) (older, newer *trie.Trie, err error) {
	header, err := s.app.Store().Header(at)
	if err != nil {
		return nil, nil, err
	}
	if before.IsZero() {
		before = header.ParentHash
		if header.Number == 0 {
			return nil, nil, errors.New("genesis has no parent")
		}
	}
	earlier, err := s.app.Store().Header(before)
	if err != nil {
		return nil, nil, err
	}
	if earlier.Number > header.Number {
		return nil, nil, fmt.Errorf("block %d is no ancestor of block %d", earlier.Number, header.Number)
	}
	return s.app.Store().State(earlier.StateRoot), s.app.Store().State(header.StateRoot), nil
}
