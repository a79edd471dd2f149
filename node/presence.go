package node

import (
	"context"
	"log/slog"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/node/engine"
	"github.com/tacit-network/tacit/runtime/pallet/imonline"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/trie"
)

// presence shows the chain once a session that the node is there, with each of
// its session keys that validates or wants to. It has no clock: blocks move it.
type presence struct {
	app    *engine.App
	submit func(whole []byte) error
	pairs  []keys.Pair // sr25519
	log    *slog.Logger

	sent map[[32]byte]chain.BlockNumber // the block after which a heartbeat was sent last
}

// again is after how many blocks a heartbeat that is in none is sent again.
const again = 10

// run sends heartbeats until ctx ends. While the node is behind it has nothing
// to say.
func (p *presence) run(ctx context.Context, behind func() bool) error {
	changed, stop := p.app.Hub.Listen()
	defer stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		}
		if behind() {
			continue
		}
		if err := p.beat(); err != nil {
			p.log.Warn("no heartbeat was sent", "err", err)
		}
	}
}

// beat sends the heartbeats that the newest state lacks.
func (p *presence) beat() (err error) {
	defer trie.Catch(&err)
	head, rt := p.app.Head(), p.app.Runtime()
	state, err := p.app.StateAt(head.Hash())
	if err != nil {
		return err
	}
	index := rt.Session.CurrentIndex.Get(state)
	for _, pair := range p.pairs {
		key := [32]byte(pair.Public())
		who, ok := rt.Present(state, key)
		if !ok {
			continue
		}
		if last, ok := rt.ImOnline.LastSeen.Get(state, who); ok && last == index {
			continue
		}
		if at, ok := p.sent[key]; ok && head.Number < at+again && rt.Session.SessionAt(state, at) == index {
			continue
		}
		h := imonline.Heartbeat{SessionIndex: index, AuthorityID: key}
		call := imonline.HeartbeatCall{Heartbeat: h, Signature: [64]byte(pair.Sign(h.SigningBytes(p.app.Genesis())))}
		p.sent[key] = head.Number
		if err := p.submit(scale.AppendBytes(nil, rt.Bare(call))); err != nil {
			return err
		}
	}
	return nil
}
