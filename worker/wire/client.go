package wire

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/tacit-network/tacit/contract/frame"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/seal"
)

// Client talks to one worker. It may be used by several goroutines.
type Client struct {
	base string
	http *http.Client
}

// NewClient returns a client of the worker at a URL such as
// http://127.0.0.1:9945. Without a client of its own it waits a minute at most
// for an answer.
func NewClient(base string, c *http.Client) *Client {
	if c == nil {
		c = &http.Client{Timeout: time.Minute}
	}
	return &Client{strings.TrimSuffix(base, "/"), c}
}

func (c *Client) do(ctx context.Context, method, path string, body []byte, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("worker %s: %w", path, err)
	}
	req.Header.Set("Content-Type", ContentType)
	resp, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("worker %s: %w", path, err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, MaxReply+1))
	if err != nil {
		return fmt.Errorf("worker %s: %w", path, err)
	}
	if len(data) > MaxReply {
		return fmt.Errorf("worker %s: the answer is longer than %d bytes", path, MaxReply)
	}
	if resp.StatusCode != http.StatusOK {
		var e Error
		if err := scale.Unmarshal(data, &e); err != nil {
			return fmt.Errorf("worker %s: %s", path, resp.Status)
		}
		return fmt.Errorf("worker %s: %w", path, &e)
	}
	if out == nil {
		return nil
	}
	if err := scale.Unmarshal(data, out); err != nil {
		return fmt.Errorf("worker %s: answer: %w", path, err)
	}
	return nil
}

// Info asks who the worker is and how far it is.
func (c *Client) Info(ctx context.Context) (out Info, err error) {
	return out, c.do(ctx, http.MethodGet, PathInfo, nil, &out)
}

// Register asks for the evidence that registers the worker.
func (c *Client) Register(ctx context.Context, r Register) (out Registration, err error) {
	return out, c.do(ctx, http.MethodPost, PathRegister, scale.Marshal(r), &out)
}

// Sync brings the worker forward.
func (c *Client) Sync(ctx context.Context, r Sync) (out Synced, err error) {
	return out, c.do(ctx, http.MethodPost, PathSync, scale.Marshal(r), &out)
}

// Code brings a code.
func (c *Client) Code(ctx context.Context, r Code) error {
	return c.do(ctx, http.MethodPost, PathCode, scale.Marshal(r), nil)
}

// Snapshot brings a snapshot.
func (c *Client) Snapshot(ctx context.Context, r Snapshot) error {
	return c.do(ctx, http.MethodPost, PathSnapshot, scale.Marshal(r), nil)
}

// Up fetches the messages for the chain.
func (c *Client) Up(ctx context.Context) (out Up, err error) {
	return out, c.do(ctx, http.MethodGet, PathUp, nil, &out)
}

// Query sends a query that is already sealed and signed.
func (c *Client) Query(ctx context.Context, q Query) (out Reply, err error) {
	return out, c.do(ctx, http.MethodPost, PathQuery, scale.Marshal(q), &out)
}

// Target is the worker that a query is for, as the chain knows it.
type Target struct {
	Genesis  hash.H256
	Identity [32]byte
	Key      seal.PublicKey
}

// Ask makes a query for from: it seals input to the worker, signs, sends, opens
// the answer and checks the worker's signature.
func (c *Client) Ask(ctx context.Context, to Target, from keys.Pair, contract hash.H256, least uint32, input []byte) (Answer, error) {
	x, err := c.Exchange(ctx, to, from, contract, least, input)
	return x.Answer.Answer, err
}

// Exchange is a query and its answer, with what it takes to show them to others.
type Exchange struct {
	Worker  [32]byte
	Query   Query
	Message seal.Message // what is in the query's envelope
	Answer  SignedAnswer
}

// Exchange is Ask, and returns all of it.
func (c *Client) Exchange(ctx context.Context, to Target, from keys.Pair, contract hash.H256, least uint32, input []byte) (Exchange, error) {
	return c.ask(ctx, to, By(from), contract, least, seal.KindCall, input)
}

// Log asks for a contract's log, as its owner, from an entry on.
func (c *Client) Log(ctx context.Context, to Target, owner keys.Pair, contract hash.H256, least uint32, from uint64) (Log, error) {
	x, err := c.ask(ctx, to, By(owner), contract, least, seal.KindLog, scale.Marshal(LogRequest{from}))
	if err != nil {
		return Log{}, err
	}
	return scale.Decode[Log](x.Answer.Answer.Output)
}

// Balance asks for what of holds in a cluster, as whom it is or as the owner of
// a contract.
func (c *Client) Balance(ctx context.Context, to Target, who keys.Pair, cluster hash.H256, least uint32, of [32]byte) (scale.U128, error) {
	x, err := c.ask(ctx, to, By(who), cluster, least, seal.KindLedger, scale.Marshal(BalanceRequest{of}))
	if err != nil {
		return scale.U128{}, err
	}
	return scale.Decode[scale.U128](x.Answer.Answer.Output)
}

// Runtime asks the contract runtime of a cluster.
func (c *Client) Runtime(ctx context.Context, to Target, who Asker, cluster hash.H256, least uint32, call frame.StateCall) ([]byte, error) {
	x, err := c.ask(ctx, to, who, cluster, least, seal.KindSigned, scale.Marshal(call))
	return x.Answer.Answer.Output, err
}

// Asker is an account and the key that asks for it: its own, or that of a
// certificate.
type Asker struct {
	Account     keys.AccountID
	Key         keys.Pair
	Certificate *Certificate
}

// By is the asker of an account's own key.
func By(key keys.Pair) Asker { return Asker{Account: key.AccountID(), Key: key} }

func (c *Client) ask(ctx context.Context, to Target, from Asker, contract hash.H256, least uint32, kind uint8, input []byte) (Exchange, error) {
	reply, err := seal.GenerateKey(to.Key.Suite())
	if err != nil {
		return Exchange{}, err
	}
	m := seal.Message{Kind: kind, Nonce: seal.NewNonce(), Reply: seal.KeyOf(reply.Public()), Input: input}
	q := Query{Contract: contract, Origin: from.Account, Least: least, Scheme: from.Key.Scheme(), Certificate: from.Certificate}
	q.Envelope, err = seal.SealMessage(to.Key, seal.InfoQuery, seal.Context{
		Genesis: to.Genesis, Target: to.Identity, Contract: contract, Origin: q.Origin,
	}, m)
	if err != nil {
		return Exchange{}, err
	}
	sum := q.SigningHash(to.Genesis, to.Identity, scale.Marshal(m))
	q.Signature = from.Key.Sign(sum[:])
	r, err := c.Query(ctx, q)
	if err != nil {
		return Exchange{}, err
	}
	var signed SignedAnswer
	request := hash.Blake2b256(q.Envelope)
	if err := reply.OpenReply(seal.InfoReply, request, r.Envelope, &signed); err != nil {
		return Exchange{}, err
	}
	if !keys.Verify(keys.Sr25519, to.Identity[:], signed.Answer.SigningBytes(to.Genesis, request), signed.Signature[:]) {
		return Exchange{}, fmt.Errorf("the answer is not signed by worker %x", to.Identity)
	}
	if signed.Answer.Request != m.Hash() {
		return Exchange{}, fmt.Errorf("worker %x answered another request", to.Identity)
	}
	if signed.Answer.Block < least {
		return Exchange{}, fmt.Errorf("the answer is as of block %d, not %d", signed.Answer.Block, least)
	}
	return Exchange{to.Identity, q, m, signed}, nil
}
