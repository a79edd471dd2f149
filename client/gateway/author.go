package gateway

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/client"
	words "github.com/tacit-network/tacit/contract/frame"
	"github.com/tacit-network/tacit/contract/host"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/scale"
)

// Limits of what is under way: how many extrinsics, and for how long each.
const (
	maxPending = 64
	maxWait    = 10 * time.Minute
)

func (g *Gateway) authorMethods() map[string]method {
	return map[string]method{
		"author_submitExtrinsic":         g.submitExtrinsic,
		"author_submitAndWatchExtrinsic": g.submitAndWatch,
		"author_unwatchExtrinsic":        unsubscribe,
		"author_pendingExtrinsics":       g.pendingExtrinsics,
	}
}

// submission is an extrinsic on its way.
type submission struct {
	raw    []byte
	id     hash.H256
	signer keys.AccountID
	nonce  uint32
	signed words.Signed
	code   []byte // compressed; nil when there is none
	sent   bool   // it is on its way to the node; guarded by the gateway's mu

	mu       sync.Mutex // guards what follows
	statuses []any
	over     bool
	news     news
}

func (s *submission) tell(status any, over bool) {
	s.mu.Lock()
	s.statuses, s.over = append(s.statuses, status), over
	s.mu.Unlock()
	s.news.tell()
}

// since returns the statuses after the first n, and whether no more will come.
func (s *submission) since(n int) ([]any, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.statuses[n:]), s.over
}

func (g *Gateway) submitExtrinsic(ctx context.Context, _ *conn, a args) (any, error) {
	s, err := g.submit(ctx, a)
	if err != nil {
		return nil, err
	}
	return s.id, nil
}

func (g *Gateway) submitAndWatch(ctx context.Context, c *conn, a args) (any, error) {
	if c.out == nil {
		return nil, &client.RPCError{Code: codeServer, Message: "watching a transaction needs a WebSocket"}
	}
	// What nobody could watch is not sent.
	var s *submission
	watching, err := c.subscribe("author_extrinsicUpdate", func(ctx context.Context, push func(any)) {
		for told := 0; ctx.Err() == nil; {
			wake := s.news.next()
			list, over := s.since(told)
			for _, status := range list {
				push(status)
			}
			if told += len(list); over {
				return
			}
			select {
			case <-ctx.Done():
			case <-wake:
			}
		}
	})
	if err != nil {
		return nil, err
	}
	if s, err = g.submit(ctx, a); err != nil {
		c.abandon(watching)
		return nil, err
	}
	return watching, nil
}

func (g *Gateway) pendingExtrinsics(context.Context, *conn, args) (any, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	out := []string{}
	for _, s := range g.pending {
		out = append(out, hexOf(s.raw))
	}
	return out, nil
}

// submit checks an extrinsic, and begins to bring it there.
func (g *Gateway) submit(ctx context.Context, a args) (*submission, error) {
	raw, err := bytesAt(a, 0)
	if err != nil {
		return nil, err
	}
	s, _, err := g.judge(ctx, raw)
	if err != nil {
		return nil, err
	}
	under, leave, ok := g.enter()
	if !ok {
		return nil, errStopped
	}
	if err := g.admit(s); err != nil {
		leave()
		return nil, err
	}
	go func() {
		defer leave()
		defer g.forget(s)
		defer g.caught("a submission")
		ctx, cancel := context.WithTimeout(under, maxWait)
		defer cancel()
		switch err := g.bring(ctx, s); {
		case err == nil:
		case ctx.Err() != nil: // it may be executed yet
			g.log.Warn("an extrinsic is followed no longer", "extrinsic", s.id, "err", err)
			s.tell("dropped", true)
		default:
			g.log.Warn("an extrinsic was not executed", "extrinsic", s.id, "err", err)
			s.tell("invalid", true)
		}
	}()
	return s, nil
}

// judge checks an extrinsic as the enclave will. It returns the nonce of its
// signer's next one too: what is told about that takes its holder's key, and
// without it is the extrinsic's own, since the enclave judges anyway.
func (g *Gateway) judge(ctx context.Context, raw []byte) (s *submission, next uint32, err error) {
	if s, err = g.prepare(ctx, raw); err != nil {
		return nil, 0, err
	}
	account, err := g.account(ctx, s.signer)
	if err != nil {
		return s, s.nonce, nil
	}
	if s.nonce < account.Nonce {
		return nil, 0, errInvalid("Transaction is outdated")
	}
	return s, account.Nonce, nil
}

func errInvalid(reason string) error {
	return &client.RPCError{Code: codeInvalid, Message: "Invalid Transaction", Data: quote(reason)}
}

func (g *Gateway) admit(s *submission) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, twice := g.pending[s.id]; twice {
		return &client.RPCError{Code: codeKnown, Message: "Transaction Already Imported", Data: quote(s.id.String())}
	}
	if len(g.pending) >= maxPending {
		return &client.RPCError{Code: codeFull, Message: "Immediately Dropped: too many transactions are under way"}
	}
	g.pending[s.id] = s
	return nil
}

func (g *Gateway) forget(s *submission) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.pending, s.id)
}

// prepare reads an extrinsic, and verifies it with what the enclave will be told.
func (g *Gateway) prepare(ctx context.Context, raw []byte) (*submission, error) {
	x, err := chain.DecodeExtrinsic(raw)
	if err != nil {
		return nil, &client.RPCError{Code: codeFormat, Message: "Extrinsic has invalid format: " + err.Error()}
	}
	rest, code, err := words.Split(x)
	if err != nil {
		return nil, &client.RPCError{Code: codeFormat, Message: "Extrinsic has invalid format: " + err.Error()}
	}
	s := &submission{raw: raw, id: hash.Blake2b256(raw), signed: words.Signed{Extrinsic: rest.Encode()}}
	if code != nil {
		if err := host.Check(ctx, code); err != nil {
			return nil, errInvalid("no worker would run the code: " + err.Error())
		}
		s.code = client.Pack(code)
		name := client.CodeName(s.code)
		s.signed.Code = &name
	}
	head, err := g.client.Header(ctx, nil)
	if err != nil {
		return nil, err
	}
	if x.Signed != nil && !x.Signed.Extra.Era.Immortal() {
		if s.signed.Birth, err = g.birth(ctx, x.Signed.Extra.Era, head.Number); err != nil {
			return nil, err
		}
	}
	tx, err := s.signed.Verify(g.genesis, head.Number, func(hash.H256) ([]byte, error) { return code, nil })
	if errors.Is(err, words.ErrInvalid) {
		return nil, errInvalid(strings.TrimPrefix(err.Error(), words.ErrInvalid.Error()+": "))
	}
	s.signer, s.nonce = tx.Signer, tx.Nonce
	return s, err
}

// birth is the header of the first block of an era that holds the given one.
func (g *Gateway) birth(ctx context.Context, era chain.Era, now chain.BlockNumber) ([]byte, error) {
	first := chain.BlockNumber(era.Birth(uint64(now)))
	if first == 0 {
		return g.first.Encode(), nil
	}
	if first > now {
		return nil, errInvalid("Transaction has an ancient birth block")
	}
	at, err := g.hashOf(ctx, &first)
	if err != nil {
		return nil, err
	}
	h, err := g.client.Header(ctx, &at)
	return h.Encode(), err
}

// turn says whether the extrinsics before s, by its signer's nonce, are executed
// or sent. Where the nonce is not told, only those that the gateway knows count.
func (g *Gateway) turn(ctx context.Context, s *submission) (bool, error) {
	account, err := g.account(ctx, s.signer)
	if _, none := errors.AsType[*client.RPCError](err); err != nil && !none {
		return false, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	before := map[uint32]bool{}
	for _, p := range g.pending {
		if p.signer == s.signer && p.nonce < s.nonce {
			if !p.sent {
				return false, nil
			}
			if p.nonce >= account.Nonce {
				before[p.nonce] = true
			}
		}
	}
	return err != nil || account.Nonce+uint32(len(before)) >= s.nonce, nil
}

// wait waits for an extrinsic's turn.
func (g *Gateway) wait(ctx context.Context, s *submission) error {
	for told := false; ; told = true {
		wake := g.news.next()
		now, err := g.turn(ctx, s)
		if err != nil {
			return err
		}
		if now {
			s.tell("ready", false)
			return nil
		}
		if !told {
			s.tell("future", false)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-wake:
		}
	}
}

// bring seals an extrinsic to the cluster, and follows it until its receipt is
// final.
func (g *Gateway) bring(ctx context.Context, s *submission) error {
	if err := g.wait(ctx, s); err != nil {
		return err
	}
	pending, err := g.send(ctx, s)
	if err != nil {
		return err
	}
	out, err := pending.Wait(ctx)
	if err != nil {
		return err
	}
	applied, err := scale.Decode[words.Applied](out.Reply.Output)
	if err != nil || len(applied.Records) == 0 {
		return fmt.Errorf("the cluster refused it: %s", out.Reply.Error)
	}
	at, err := g.hashOf(ctx, &out.Number)
	if err != nil {
		return err
	}
	g.blocks.add(at, done{s.raw, applied.Records})
	s.tell(map[string]any{"inBlock": at}, false)
	// One more block is waited for when this one is final already: clients miss a
	// status that the next one follows at once.
	known := g.final.Load()
	g.news.tell()
	for {
		wake := g.news.next()
		if now := g.final.Load(); now >= out.Number && now > known {
			s.tell(map[string]any{"finalized": at}, true)
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-wake:
		}
	}
}

// maxKnown is how many codes are remembered.
const maxKnown = 1024

// send puts a submission on the chain, after its code if it has one that the
// cluster may not know.
func (g *Gateway) send(ctx context.Context, s *submission) (*client.Pending, error) {
	g.sending.Lock()
	defer g.sending.Unlock()
	if s.code != nil && !g.known[*s.signed.Code] {
		code, err := g.client.Upload(ctx, g.cfg.Payer, s.code)
		if err != nil {
			return nil, err
		}
		if err := g.client.CheckCode(ctx, g.cfg.Payer, g.cfg.Cluster, code); err != nil {
			return nil, err
		}
		if len(g.known) >= maxKnown {
			clear(g.known)
		}
		g.known[code] = true
	}
	p, err := g.client.SendSigned(ctx, g.cfg.Payer, g.cfg.Cluster, s.signed)
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	s.sent = true
	g.mu.Unlock()
	g.news.tell()
	return p, nil
}
