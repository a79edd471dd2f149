// Package cluster executes what a cluster is told: codes, constructors,
// commands, and what becomes of money, in the order of its queue.
//
// A message of the queue comes in; changes of the encrypted state, a receipt and
// perhaps a withdrawal go out. All that decides is in the message, the state and the cluster's
// secret, so that every replica comes to the same state. Input that means
// nothing changes nothing and is answered by an error receipt; an error of a
// method means that this machine could not execute, and says nothing about the
// message.
//
// The package believes its input: that a message is in the queue was proved
// before.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tacit-network/tacit/contract/host"
	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/seal"
)

// Gas of one execution: the unit is 0.1 ns of the reference machine, so that a
// command takes at most 0.2 s and a query half a second.
const (
	CommandGas = 2_000_000_000
	QueryGas   = 5_000_000_000
)

// Codes runs the codes of contracts.
type Codes interface {
	// Load makes a code ready. The error wraps ErrNoCode when the code is not here,
	// and vm.ErrRefused when it can never run.
	Load(ctx context.Context, code hash.H256) error
	// Run runs an export of a code over env and what is around it; see host.Run.
	// The errors are those of Load, or say that this machine cannot execute.
	Run(ctx context.Context, code hash.H256, export string, env host.Env, around host.Records, gas uint64) (host.Result, error)
	// Source returns the bytes of the code. Errors are those of Load.
	Source(ctx context.Context, code hash.H256) ([]byte, error)
}

// ErrNoCode tells that a code has to be brought first.
var ErrNoCode = errors.New("code is not here")

// NoCode is ErrNoCode with the name of the code.
type NoCode struct{ Code hash.H256 }

// Error names the code.
func (e NoCode) Error() string { return fmt.Sprintf("code %v is not here", e.Code) }

// Is makes errors.Is(e, ErrNoCode) true.
func (e NoCode) Is(target error) bool { return target == ErrNoCode }

// Cluster is a cluster that this worker holds the keys of.
type Cluster struct {
	id        hash.H256
	genesis   hash.H256
	epoch     uint32
	codes     Codes
	vault     *vault
	seeds     seal.Secret
	keys      seal.Secret // of contracts
	snapshots seal.Secret
	hpke      map[seal.Suite]seal.PrivateKey
	cache     *cache
}

// New returns a cluster in an epoch, by its lasting secret and that of the epoch.
func New(id, genesis hash.H256, lasting, secret seal.Secret, epoch uint32, codes Codes) (*Cluster, error) {
	s := secret.Epoch(epoch)
	v, err := newVault(id, s)
	if err != nil {
		return nil, fmt.Errorf("keys of cluster %v: %w", id, err)
	}
	c := &Cluster{
		id: id, genesis: genesis, epoch: epoch, codes: codes, vault: v,
		seeds: s.Derive(seal.LabelRandomness), keys: lasting.Derive(seal.LabelContractKey), snapshots: s.Derive(seal.LabelSnapshot), hpke: map[seal.Suite]seal.PrivateKey{}, cache: newCache(),
	}
	for _, suite := range seal.Suites {
		if c.hpke[suite], err = s.HPKE(suite); err != nil {
			return nil, fmt.Errorf("keys of cluster %v: %w", id, err)
		}
	}
	return c, nil
}

// Keys are the public keys that commands are sealed to.
func (c *Cluster) Keys() []words.HPKEKey {
	var out []words.HPKEKey
	for _, s := range seal.Suites {
		out = append(out, words.HPKEKey{Kem: s.KEM(), Key: c.hpke[s].Public().Bytes()})
	}
	return out
}

// Epoch is the epoch that the cluster is in.
func (c *Cluster) Epoch() uint32 { return c.epoch }

// maxState is how many bytes of state, as they lie on the disk, a cluster has at
// most when it takes messages of accounts. Contracts stop at host.MaxCluster: the
// rest is for what every message leaves, nonces and accounts. What the chain
// gives to accounts is taken always.
const maxState = host.MaxCluster + 1<<30

// Begin starts collecting changes over stored state.
func (c *Cluster) Begin(r Reader) (*Tx, error) { return newTx(c.vault, r) }

// Result is what came of a message: a receipt, or for a code what there is to
// say about it.
type Result struct {
	Receipt    *words.Receipt
	Checked    *words.CodeChecked
	Withdrawal *words.Withdrawal // of the message, if it took something out
}

// Execute does what m says and puts the changes into t, with what there is to
// clear away before. head is the queue's hash after m. An error leaves t as it
// was.
func (c *Cluster) Execute(ctx context.Context, t *Tx, m queue.Message, head hash.H256) (Result, error) {
	o := t.overlay()
	if err := o.clear(); err != nil {
		return Result{}, err
	}
	r, err := c.execute(ctx, o, m, head)
	if err == nil {
		err = o.err
	}
	if err != nil {
		return Result{}, err
	}
	t.merge(o)
	return r, nil
}

func (c *Cluster) execute(ctx context.Context, t *Tx, m queue.Message, head hash.H256) (r Result, err error) {
	msg, err := scale.Decode[words.ClusterMessage](m.Payload)
	if err != nil {
		return rejected(m, hash.H256{}, "the message does not decode"), nil
	}
	switch msg := msg.(type) {
	case words.Code:
		r.Checked, err = c.check(ctx, t, m, msg)
	case words.Instantiate:
		r, err = c.instantiate(ctx, t, m, head, msg)
	case words.Command:
		r, err = c.command(ctx, t, m, head, msg)
	case words.Deposit:
		r = c.credit(t, m, msg.From, msg.Amount)
	case words.Return:
		r = c.credit(t, m, msg.To, msg.Amount)
	case words.Transact:
		r, err = c.transact(ctx, t, m, head, msg)
	case words.Terms:
		r = c.agree(t, m, msg)
	default: // what the chain alone says, see ChainSays
		return rejected(m, c.id, "the message comes from the chain alone"), nil
	}
	return r, err
}

// ChainSays returns what the chain tells a cluster of its epochs and snapshots:
// words.Epoch or words.MakeSnapshot. They are done between executions, over
// stored state.
func ChainSays(m queue.Message) words.ClusterMessage {
	if !fromChain(m) {
		return nil
	}
	msg, err := scale.Decode[words.ClusterMessage](m.Payload)
	if err != nil {
		return nil
	}
	switch msg.(type) {
	case words.Epoch, words.MakeSnapshot:
		return msg
	}
	return nil
}

// fromChain tells whether the chain itself sends a message, and no account.
func fromChain(m queue.Message) bool {
	p, ok := m.Origin.(queue.OriginPallet)
	return ok && string(p.Name) == "Clusters"
}

func rejected(m queue.Message, contract hash.H256, reason string) Result {
	return Result{Receipt: &words.Receipt{Seq: m.Seq, Contract: contract, Status: words.StatusRejected, Error: []byte(reason)}}
}

func (c *Cluster) check(ctx context.Context, t *Tx, m queue.Message, msg words.Code) (*words.CodeChecked, error) {
	out := &words.CodeChecked{Cluster: c.id, Hash: msg.Hash, OK: true}
	from, ok := m.Origin.(queue.OriginAccount)
	if !ok {
		out.OK, out.Reason = false, []byte("only accounts may ask")
		return out, nil
	}
	err := c.codes.Load(ctx, msg.Hash)
	if errors.Is(err, vm.ErrRefused) {
		out.OK, out.Reason = false, []byte(err.Error())
		return out, nil
	}
	if err != nil {
		return out, err
	}
	if _, known := t.get(codeName(msg.Hash)); !known && t.kept.State >= maxState {
		out.OK, out.Reason = false, []byte(tooFull)
		return out, nil
	}
	_, paid, err := c.learn(ctx, t, msg.Hash, from.ID, scale.U128{})
	if err == nil && !paid {
		out.OK, out.Reason = false, []byte(cannotCompile)
	}
	return out, err
}

// tooFull is why a cluster refuses what comes.
const tooFull = "the cluster stores too much"

// Names of the state's parts. What a contract stores has the name
// "data" ‖ contract ‖ its key. The codes are those that the cluster was told of
// and can run, with their sizes, u32: contracts may use them.
func dataName(contract hash.H256) string     { return "data" + string(contract[:]) }
func contractName(contract hash.H256) string { return "contract" + string(contract[:]) }
func codeName(code hash.H256) string         { return "code" + string(code[:]) }

func nonceName(contract hash.H256, origin keys.AccountID, nonce [16]byte) string {
	return "nonce" + string(contract[:]) + string(origin[:]) + string(nonce[:])
}

// open reads the message in an envelope, which is to be of one of the kinds, and
// takes its nonce. Text tells why not.
func (c *Cluster) open(t *Tx, contract hash.H256, m queue.Message, envelope []byte, kinds ...uint8) (msg seal.Message, origin keys.AccountID, text string) {
	from, ok := m.Origin.(queue.OriginAccount)
	if !ok {
		return msg, origin, "only accounts may call"
	}
	origin = from.ID
	if t.kept.State >= maxState {
		return msg, origin, tooFull
	}
	e, err := seal.ParseEnvelope(envelope)
	if err != nil {
		return msg, origin, "the envelope does not decode"
	}
	if e.Epoch != c.epoch {
		return msg, origin, fmt.Sprintf("the envelope is for epoch %d of the cluster, which is in epoch %d", e.Epoch, c.epoch)
	}
	msg, err = c.hpke[e.Suite].OpenMessage(seal.InfoCommand, seal.Context{
		Genesis: c.genesis, Target: c.id, Contract: contract, Origin: origin, Epoch: c.epoch,
	}, e)
	if err != nil {
		return msg, origin, "the envelope does not open for this account and contract"
	}
	if !slices.Contains(kinds, msg.Kind) {
		return msg, origin, "messages of this kind are not offered yet"
	}
	nonce := nonceName(contract, origin, msg.Nonce)
	if _, seen := t.get(nonce); seen {
		return msg, origin, "the nonce was used before"
	}
	t.set(nonce, []byte{})
	return msg, origin, ""
}

func (c *Cluster) instantiate(ctx context.Context, t *Tx, m queue.Message, head hash.H256, msg words.Instantiate) (Result, error) {
	reject := func(reason string) (Result, error) { return rejected(m, msg.Contract, reason), nil }
	if msg.Contract != words.ContractID(msg.Deployer, msg.Code, c.id, msg.Salt) || m.Origin != (queue.OriginAccount{ID: msg.Deployer}) {
		return reject("the contract has another id")
	}
	name := contractName(msg.Contract)
	if _, exists := t.get(name); exists {
		return reject("the contract exists")
	}
	err := c.codes.Load(ctx, msg.Code)
	if errors.Is(err, vm.ErrRefused) {
		return reject(err.Error())
	}
	if err != nil {
		return Result{}, err
	}
	call, origin, reason := c.openCall(t, msg.Contract, m, msg.Envelope)
	if reason != "" {
		return reject(reason)
	}
	compiled, paid, err := c.learn(ctx, t, msg.Code, origin, call.value)
	if err != nil {
		return Result{}, err
	}
	if !paid {
		return c.receipt(m, msg.Contract, msg.Envelope, call.opened, refused(cannotCompile)), nil
	}
	record := host.Record{Code: msg.Code, Owner: origin}
	out, err := c.run(ctx, t, record, "deploy", m, head, msg.Contract, origin, call)
	if err != nil {
		return Result{}, err
	}
	if out.Status == vm.OK {
		// Unless the constructor gave it another code already.
		if _, changed := t.get(name); !changed {
			contracts{c, t}.Put(msg.Contract, record)
		}
	}
	out.Gas += compiled
	t.log(m.Block, m.Time, out)
	return c.receipt(m, msg.Contract, msg.Envelope, call.opened, out), nil
}

// ErrNoContract tells that a cluster has no such contract.
var ErrNoContract = errors.New("no such contract")

func (c *Cluster) command(ctx context.Context, t *Tx, m queue.Message, head hash.H256, msg words.Command) (Result, error) {
	contract, found, err := contracts{c, t}.ready(ctx, msg.Contract)
	if errors.Is(err, vm.ErrRefused) {
		return rejected(m, msg.Contract, err.Error()), nil
	}
	if err != nil {
		return Result{}, err
	}
	if !found {
		return rejected(m, msg.Contract, "there is no such contract"), nil
	}
	call, origin, reason := c.openCall(t, msg.Contract, m, msg.Envelope)
	if reason != "" {
		return rejected(m, msg.Contract, reason), nil
	}
	out, err := c.run(ctx, t, contract, "call", m, head, msg.Contract, origin, call)
	if err != nil {
		return Result{}, err
	}
	t.log(m.Block, m.Time, out)
	return c.receipt(m, msg.Contract, msg.Envelope, call.opened, out), nil
}

// call is what a message asks a contract, and gives it.
type call struct {
	value  scale.U128
	input  []byte
	opened seal.Message
}

func (c *Cluster) openCall(t *Tx, contract hash.H256, m queue.Message, envelope []byte) (out call, origin keys.AccountID, text string) {
	msg, origin, text := c.open(t, contract, m, envelope, seal.KindCall, seal.KindPay)
	if text != "" {
		return out, origin, text
	}
	out = call{input: msg.Input, opened: msg}
	if msg.Kind == seal.KindPay {
		d := scale.NewDecoder(msg.Input)
		if err := d.Value(&out.value); err != nil {
			return out, origin, "the amount does not decode"
		}
		out.input = d.Rest()
	}
	return out, origin, ""
}

// run runs an export of a contract for an account, which pays for it.
func (c *Cluster) run(ctx context.Context, t *Tx, contract host.Record, export string, m queue.Message, head, id hash.H256,
	origin keys.AccountID, what call) (host.Result, error) {
	out, _, err := c.pay(ctx, t, export, host.Env{
		Code: contract.Code, Owner: contract.Owner, Caller: origin, Address: id, Value: what.value, Block: m.Block, Time: m.Time,
		Input: what.input, Seed: c.seeds.Derive("command", head[:]).Reveal(),
	}, CommandGas, nil)
	return out, err
}

// contractKey is what a contract derives its keys from. They are those of the
// cluster, not of an epoch: what is held or was signed under them would be lost
// with the epoch.
func (c *Cluster) contractKey(id [32]byte) [32]byte {
	return c.keys.Derive(seal.LabelContractKey, id[:]).Reveal()
}

// receipt seals what came of an execution to the caller.
func (c *Cluster) receipt(m queue.Message, contract hash.H256, envelope []byte, opened seal.Message, out host.Result) Result {
	r := &words.Receipt{Seq: m.Seq, Contract: contract, Status: words.Status(out.Status), Gas: Coarse(out.Gas)}
	sealed, err := seal.SealReply(opened.Reply, seal.InfoReply, hash.Blake2b256(envelope), seal.Reply{
		Status: uint8(out.Status), Gas: out.Gas, Output: out.Data, Error: []byte(out.Reason), Request: opened.Hash(),
	})
	if err != nil {
		r.Error = []byte("the reply key is not one")
	} else {
		r.Output = sealed
	}
	return Result{Receipt: r}
}

// Coarse rounds gas up to a power of two, a million at least: what exactly was
// used depends on secrets.
func Coarse(gas uint64) uint64 {
	n := uint64(1 << 20)
	for n < gas {
		n *= 2
	}
	return n
}

// Call is a query: a call whose changes are dropped.
type Call struct {
	Contract hash.H256
	Origin   keys.AccountID
	Block    uint32
	Time     uint64
	Input    []byte
	Web      host.Web // nil: there is no network
	Worker   [32]byte // the key of the worker that answers
	Proof    host.Proof
}

// Query runs a call over stored state.
func (c *Cluster) Query(ctx context.Context, r Reader, q Call) (host.Result, error) {
	t, err := c.Begin(r)
	if err != nil {
		return host.Result{}, err
	}
	contract, found, err := contracts{c, t}.Contract(ctx, q.Contract)
	if err != nil {
		return host.Result{}, err
	}
	if !found {
		return host.Result{}, ErrNoContract
	}
	out, err := c.codes.Run(ctx, contract.Code, "call", host.Env{
		State: contractState{t, dataName(q.Contract)}, Code: contract.Code, Owner: contract.Owner, Caller: q.Origin, Address: q.Contract,
		Cluster: c.id, Worker: q.Worker, Proof: q.Proof, Block: q.Block, Time: q.Time, Input: q.Input, Seed: randomSeed(), Keys: c.contractKey,
		Query: true, Cache: c.cache.at(q.Time), Web: q.Web, Money: ledger{t}, Stored: t.kept.State, Prices: prices(t.terms()),
	}, contracts{c, t}, QueryGas)
	if err == nil {
		err = t.err
	}
	return out, err
}

// Root is the blinded root of stored state, in which the messages below next are
// executed.
func (c *Cluster) Root(r Reader, next uint64) (hash.H256, error) {
	t, err := c.Begin(r)
	if err != nil {
		return hash.H256{}, err
	}
	return t.Root(next)
}

// Has tells whether the cluster has a contract.
func (c *Cluster) Has(r Reader, contract hash.H256) (bool, error) {
	b, ok, err := c.vault.get(r, contractName(contract))
	return ok && len(b) > 0, err
}
