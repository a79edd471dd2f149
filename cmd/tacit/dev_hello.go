package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/client"
	"github.com/tacit-network/tacit/contract/abi"
	"github.com/tacit-network/tacit/examples/hello/bundle"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
)

// helloResult is what the demo found.
type helloResult struct {
	RPCReadyMS         int64     `json:"rpc_ready_ms"`
	WorkerRegisteredMS int64     `json:"worker_registered_ms"`
	ResultMS           int64     `json:"result_ms"`
	Counter            uint64    `json:"counter"`
	Stranger           string    `json:"stranger"`
	CommandCiphertext  string    `json:"command_ciphertext_hex"`
	Contract           hash.H256 `json:"contract"`
	Cluster            hash.H256 `json:"cluster"`
	Worker             string    `json:"worker"`
	TEE                string    `json:"tee"`
	FinalizedNumber    uint32    `json:"finalized_number"`
	Genesis            hash.H256 `json:"genesis"`
	RPC                string    `json:"rpc"`
	Console            string    `json:"console"`
}

// deployed is what the demo made, so that the next start finds it.
type deployed struct {
	Cluster  hash.H256 `json:"cluster"`
	Contract hash.H256 `json:"contract"`
}

func deployedPath(dir string) string { return filepath.Join(dir, "hello.json") }

func loadDeployed(dir string) (d deployed, ok bool) {
	data, err := os.ReadFile(deployedPath(dir))
	return d, err == nil && json.Unmarshal(data, &d) == nil && !d.Contract.IsZero() && !d.Cluster.IsZero()
}

// hello tells the story of the first confidential contract.
func (o *devOptions) hello(ctx context.Context, c *client.Client, enclave *process, dir string) (*helloResult, error) {
	alice, err := keys.FromURI(keys.Sr25519, "//Alice")
	if err != nil {
		return nil, err
	}
	bob, err := keys.FromURI(keys.Sr25519, "//Bob")
	if err != nil {
		return nil, err
	}
	meta, err := abi.Parse(bundle.Metadata())
	if err != nil {
		return nil, err
	}
	d, resumed := loadDeployed(dir)
	uploaded := make(chan error, 1)
	var code hash.H256
	if !resumed { // the code goes up while the worker is being admitted
		go func() {
			var err error
			code, err = c.Upload(ctx, alice, bundle.Packed())
			uploaded <- err
		}()
	}
	w, err := o.registered(ctx, c, enclave)
	if err != nil {
		return nil, err
	}
	o.say("worker      0x%x", w.Identity)
	o.say("  The chain verified its quote and registered it in block %d: %s, status %s.", w.Info.Block, simulated, w.Info.Status)
	increment, err := input(meta, meta.Message, "increment", "5")
	if err != nil {
		return nil, err
	}
	var command *client.Pending
	if resumed {
		o.say("contract    %v  is still there, and so is its state.", d.Contract)
	} else {
		if err := <-uploaded; err != nil {
			return nil, err
		}
		if d, command, err = o.deploy(ctx, c, alice, meta, code, increment); err != nil {
			return nil, err
		}
		data, err := json.Marshal(d)
		if err != nil {
			return nil, err
		}
		if err := writeWhole(deployedPath(dir), data); err != nil {
			return nil, err
		}
	}
	info, err := enclave.info(ctx)
	for ; err != nil; info, err = enclave.info(ctx) { // it may have been started again
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(20 * time.Millisecond):
		}
	}
	o.say("  The worker follows the chain by its own light client, and has proof up to block %d.", info.Block)
	if command == nil {
		if command, err = c.SendCommand(ctx, alice, d.Cluster, d.Contract, chain.Balance{}, increment); err != nil {
			return nil, err
		}
	}
	res, err := o.call(ctx, c, alice, bob, meta, d, command)
	if err != nil {
		return nil, err
	}
	res.Worker, res.TEE, res.Genesis, res.RPC, res.Console = fmt.Sprintf("0x%x", w.Identity), "simulated", c.Genesis(), o.rpcURL, o.pageURL
	return res, nil
}

// input encodes a call of a constructor or message.
func input(m *abi.Metadata, find func(string) (*abi.Entry, error), label string, args ...string) ([]byte, error) {
	entry, err := find(label)
	if err != nil {
		return nil, err
	}
	return m.Encode(entry, args)
}

// deploy makes a cluster and a hello contract in it, and sends the contract
// its first command in the same breath: the queue keeps the order.
func (o *devOptions) deploy(ctx context.Context, c *client.Client, alice keys.Pair, meta *abi.Metadata, code hash.H256, increment []byte) (d deployed, command *client.Pending, err error) {
	o.say("code        %v, %d bytes compressed, is on the chain.", code, len(bundle.Packed()))
	if d.Cluster, err = c.CreateCluster(ctx, alice, 1); err != nil {
		return d, nil, err
	}
	o.say("cluster     %v", d.Cluster)
	o.say("  The chain drew its worker; the worker made the secret in its enclave and published the keys.")
	constructor, err := input(meta, meta.Constructor, "new")
	if err != nil {
		return d, nil, err
	}
	salt := []byte(strconv.FormatInt(time.Now().UnixNano(), 36))
	contract, made, err := c.SendInstantiate(ctx, alice, d.Cluster, code, salt, chain.Balance{}, constructor)
	if err != nil {
		return d, nil, err
	}
	if command, err = c.SendCommand(ctx, alice, d.Cluster, contract, chain.Balance{}, increment); err != nil {
		return d, nil, err
	}
	out, err := made.Wait(ctx)
	if err != nil {
		return d, nil, err
	}
	if out.Reply.Status != 0 {
		return d, nil, fmt.Errorf("the constructor failed with status %d: %s", out.Reply.Status, out.Reply.Error)
	}
	d.Contract = contract
	o.say("contract    %v", contract)
	o.say("  A counter: anyone may raise it, only its owner, Alice, may read it.")
	return d, command, nil
}

// call raises the counter and reads it, as its owner and as a stranger.
func (o *devOptions) call(ctx context.Context, c *client.Client, alice, bob keys.Pair, meta *abi.Metadata, d deployed, command *client.Pending) (*helloResult, error) {
	get, err := meta.Message("get")
	if err != nil {
		return nil, err
	}
	o.say("\nAlice sends increment(5), encrypted to the cluster.")
	out, err := command.Wait(ctx)
	if err != nil {
		return nil, err
	}
	seen := hex.EncodeToString(out.Envelope)
	o.say("  What everybody sees, in block %d: %s… (%d bytes of ciphertext)", out.Sent.Number, seen[:64], len(out.Envelope))
	if out.Reply.Status != 0 {
		return nil, fmt.Errorf("increment ended with status %d: %s", out.Reply.Status, out.Reply.Error)
	}
	o.say("  The receipt, in block %d, signed by the worker and sealed to Alice: done, %d gas.", out.Number, out.Reply.Gas)
	read, err := meta.Encode(get, nil)
	if err != nil {
		return nil, err
	}
	answer, err := c.Query(ctx, alice, d.Contract, out.Sent.Number, read)
	if err != nil {
		return nil, err
	}
	text, err := meta.Decode(get, answer.Output)
	if err != nil {
		return nil, fmt.Errorf("the owner reads: %w", err)
	}
	counter, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("the counter is %q", text)
	}
	result := time.Since(o.started)
	o.say("Alice asks get(): %d. Only she can decrypt the answer, which the worker signed as of block %d.", counter, answer.Block)
	refused, err := c.Query(ctx, bob, d.Contract, out.Sent.Number, read)
	if err != nil {
		return nil, err
	}
	_, err = meta.Decode(get, refused.Output)
	denied, ok := errors.AsType[*abi.ContractError](err)
	if !ok {
		return nil, fmt.Errorf("a stranger was not refused: %w", err)
	}
	o.say("Bob asks get(): refused, %s.", denied.Name)
	final, err := c.Finalized(ctx)
	if err != nil {
		return nil, err
	}
	o.say("\nFrom start to the decrypted answer: %.2f s. Block %d is final.", result.Seconds(), final.Number)
	return &helloResult{
		RPCReadyMS: o.rpcReady.Milliseconds(), WorkerRegisteredMS: o.worked.Milliseconds(), ResultMS: result.Milliseconds(),
		Counter: counter, Stranger: denied.Name, CommandCiphertext: seen, Contract: d.Contract, Cluster: d.Cluster,
		FinalizedNumber: chain.BlockNumber(final.Number),
	}, nil
}
