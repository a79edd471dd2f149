// Package receipt is what a worker signed about a request and its answer, with
// all that it takes to believe it without asking anybody: the request in the
// clear, the worker's registration with a read proof, and the justified headers
// that lead to it from the chain's first block.
//
// A [File] comes from package client, or from a stranger; [File.Check] says what
// is to be believed of it. Nothing here reads a clock or a network.
package receipt

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/grandpa"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	clusters "github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	registry "github.com/tacit-network/tacit/runtime/pallet/registry/words"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/seal"
	"github.com/tacit-network/tacit/trie"
	"github.com/tacit-network/tacit/worker/wire"
)

// Version is that of the file's layout.
const Version = 1

// Limits of a file.
const (
	MaxFile    = 32 << 20
	maxChanges = 10_000
)

// Hex is bytes, written as 0x and hexadecimal digits.
type Hex []byte

// MarshalText implements encoding.TextMarshaler.
func (b Hex) MarshalText() ([]byte, error) { return []byte("0x" + hex.EncodeToString(b)), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (b *Hex) UnmarshalText(text []byte) error {
	raw, err := hex.DecodeString(strings.TrimPrefix(string(text), "0x"))
	if err != nil {
		return fmt.Errorf("%q is not hexadecimal", short(string(text)))
	}
	*b = raw
	return nil
}

func short(s string) string {
	if len(s) > 20 {
		return s[:20] + "…"
	}
	return s
}

// File is a receipt, as it is written in JSON. What stands in it as Hex is SCALE.
type File struct {
	Version int       `json:"version"`
	Genesis hash.H256 `json:"genesis"`
	Worker  hash.H256 `json:"worker"` // its identity
	// Contract is what was called; of an action in a cluster it is the cluster.
	Contract hash.H256 `json:"contract"`
	// Envelope is the encrypted request, Message what was in it: a seal.Message.
	Envelope Hex `json:"envelope"`
	Message  Hex `json:"message"`
	// One of them is there.
	Query   *Query   `json:"query,omitempty"`
	Command *Command `json:"command,omitempty"`
	Chain   Chain    `json:"chain"`
}

// Query is the part of a query's receipt: who asked, and the answer.
type Query struct {
	Origin    keys.AccountID    `json:"origin"`
	Least     chain.BlockNumber `json:"least"`
	Scheme    keys.Scheme       `json:"scheme"`
	Signature Hex               `json:"signature"`
	Answer    Hex               `json:"answer"` // wire.SignedAnswer
}

// Command is the part of a command's receipt: what the worker signed for the
// chain, which message of the cluster's queue it was, and the key that opens the
// reply, which was made for it alone.
type Command struct {
	Up  Hex    `json:"up"` // queue.SignedMessage
	Seq uint64 `json:"seq"`
	KEM uint16 `json:"kem"`
	Key Hex    `json:"key"`
}

// Chain leads from the chain's first block to the worker's registration.
type Chain struct {
	First      Hex        `json:"first"`      // the header of block 0
	FirstProof []Hex      `json:"firstProof"` // of Registry.FirstAuthorities
	Changes    []Fragment `json:"changes"`    // of GRANDPA's voters
	Fragment              // a final block
	Proof      []Hex      `json:"proof"` // of Registry.Workers in its state
}

// Fragment is a header and its justification.
type Fragment struct {
	Header        Hex `json:"header"`
	Justification Hex `json:"justification"`
}

// Parse reads a file.
func Parse(data []byte) (*File, error) {
	if len(data) > MaxFile {
		return nil, fmt.Errorf("receipt of %d bytes, %d are the most", len(data), MaxFile)
	}
	f := new(File)
	if err := json.Unmarshal(data, f); err != nil {
		return nil, fmt.Errorf("read receipt: %w", err)
	}
	if f.Version != Version {
		return nil, fmt.Errorf("receipt has version %d; %d is known", f.Version, Version)
	}
	if (f.Query == nil) == (f.Command == nil) {
		return nil, errors.New("a receipt is that of a query, or of a command")
	}
	if len(f.Chain.Changes) > maxChanges {
		return nil, fmt.Errorf("receipt with %d changes of voters, %d are the most", len(f.Chain.Changes), maxChanges)
	}
	return f, nil
}

// Step is one thing that was checked.
type Step struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	Text string `json:"text"`
}

// Verdict is what is to be believed of a file. When Valid is false, nothing is:
// what the fields below Steps say is then only claimed.
type Verdict struct {
	Valid bool   `json:"valid"`
	Steps []Step `json:"steps"`

	Kind      string    `json:"kind"` // query or command
	Genesis   hash.H256 `json:"genesis"`
	Worker    hash.H256 `json:"worker"`
	Simulated bool      `json:"simulated"` // its TEE protects nothing
	Image     hash.H256 `json:"image"`     // of the worker's program
	Contract  hash.H256 `json:"contract"`
	// Origin is who asked a query; that of a command is in the queue.
	Origin *keys.AccountID `json:"origin,omitempty"`
	Value  scale.U128      `json:"value"` // that the request gave to the contract
	Input  Hex             `json:"input"`
	Status uint8           `json:"status"` // 0 is success
	Output Hex             `json:"output"`
	Error  string          `json:"error,omitempty"`
	// Block is the height of a query's state; a command's is its place in the
	// cluster's queue. Next is the number after the last message that was executed.
	Block     chain.BlockNumber `json:"block,omitempty"`
	Seq       uint64            `json:"seq,omitempty"`
	Next      uint64            `json:"next"`
	StateRoot hash.H256         `json:"stateRoot"`
}

// Check verifies a file: from the signature to the worker's registration and
// from there to genesis. genesis is the chain that the caller means; nil takes
// the one that the file names, which the caller then compares.
func (f *File) Check(genesis *hash.H256) *Verdict {
	v := &Verdict{Genesis: f.Genesis, Worker: f.Worker, Contract: f.Contract, Kind: "query"}
	if f.Command != nil {
		v.Kind = "command"
	}
	for _, step := range []struct {
		name string
		do   func(*Verdict) (string, error)
	}{
		{"signature", f.signed},
		{"request", f.request},
		{"genesis", func(*Verdict) (string, error) { return f.genesis(genesis) }},
		{"registration", f.registered},
	} {
		text, err := step.do(v)
		if err != nil {
			v.Steps = append(v.Steps, Step{step.name, false, err.Error()})
			return v
		}
		v.Steps = append(v.Steps, Step{step.name, true, text})
	}
	v.Valid = true
	return v
}

func (f *File) signed(v *Verdict) (string, error) {
	if f.Query != nil {
		s, err := scale.Decode[wire.SignedAnswer](f.Query.Answer)
		if err != nil {
			return "", fmt.Errorf("the answer does not decode: %w", err)
		}
		a := s.Answer
		if !keys.Verify(keys.Sr25519, f.Worker[:], a.SigningBytes(f.Genesis, hash.Blake2b256(f.Envelope)), s.Signature[:]) {
			return "", errors.New("the worker did not sign this answer to this request")
		}
		v.Block, v.Next, v.StateRoot = a.Block, a.Next, a.StateRoot
		v.Status, v.Output, v.Error = a.Status, a.Output, string(a.Error)
		return fmt.Sprintf("the worker signed the answer, of block %d and state %v", a.Block, a.StateRoot), nil
	}
	r, err := f.receipts()
	if err != nil {
		return "", err
	}
	v.Seq, v.Next, v.StateRoot = f.Command.Seq, r.Next, r.StateRoot
	return fmt.Sprintf("the worker signed the receipt of message %d of cluster %v, and state %v after message %d", f.Command.Seq, r.Cluster, r.StateRoot, r.Next-1), nil
}

// receipts reads what the worker told the chain, and checks that it signed it.
func (f *File) receipts() (clusters.Receipts, error) {
	var none clusters.Receipts
	m, err := scale.Decode[queue.SignedMessage](f.Command.Up)
	if err != nil {
		return none, fmt.Errorf("the worker's message does not decode: %w", err)
	}
	if from, ok := m.Sender.(queue.OriginWorker); !ok || from.Identity != [32]byte(f.Worker) {
		return none, errors.New("the message is not the worker's")
	}
	if !keys.Verify(keys.Sr25519, f.Worker[:], m.SigningBytes(f.Genesis), m.Signature[:]) {
		return none, errors.New("the worker did not sign its message")
	}
	up, err := scale.Decode[clusters.UpMessage](m.Payload)
	if err != nil {
		return none, fmt.Errorf("what the worker told does not decode: %w", err)
	}
	r, ok := up.(clusters.Receipts)
	if !ok {
		return none, errors.New("the worker told of something else than receipts")
	}
	return r, nil
}

// receipt is that of the command among those of the worker's message.
func (f *File) receipt() (clusters.Receipt, error) {
	r, err := f.receipts()
	if err != nil {
		return clusters.Receipt{}, err
	}
	for _, x := range r.Receipts {
		if x.Seq == f.Command.Seq {
			return x, nil
		}
	}
	return clusters.Receipt{}, fmt.Errorf("the worker's message has no receipt of message %d", f.Command.Seq)
}

// request checks that what the worker answered is the request in the clear.
func (f *File) request(v *Verdict) (string, error) {
	m, err := scale.Decode[seal.Message](f.Message)
	if err != nil {
		return "", fmt.Errorf("the request does not decode: %w", err)
	}
	v.Input = m.Input
	if m.Kind == seal.KindPay {
		d := scale.NewDecoder(m.Input)
		if err := d.Value(&v.Value); err != nil {
			return "", fmt.Errorf("what the request gives does not decode: %w", err)
		}
		v.Input = d.Rest()
	}
	const other = "the worker answered another request than the one in the file"
	if q := f.Query; q != nil {
		s, err := scale.Decode[wire.SignedAnswer](q.Answer)
		if err != nil || s.Answer.Request != m.Hash() {
			return "", errors.New(other)
		}
		sum := wire.Query{Contract: f.Contract, Origin: q.Origin, Least: q.Least}.SigningHash(f.Genesis, f.Worker, f.Message)
		if !keys.VerifyAccount(q.Scheme, q.Origin, sum[:], q.Signature) {
			return "", fmt.Errorf("%s did not sign the request", q.Origin)
		}
		v.Origin = &q.Origin
		return fmt.Sprintf("%s asked contract %v", q.Origin, f.Contract), nil
	}
	x, err := f.receipt()
	if err != nil {
		return "", err
	}
	suite, ok := seal.SuiteOf(f.Command.KEM)
	if !ok {
		return "", fmt.Errorf("the key of the reply is of an unknown kind, %#x", f.Command.KEM)
	}
	key, err := seal.ParsePrivateKey(suite, f.Command.Key)
	if err != nil {
		return "", fmt.Errorf("the key of the reply: %w", err)
	}
	var reply seal.Reply
	if err := key.OpenReply(seal.InfoReply, hash.Blake2b256(f.Envelope), x.Output, &reply); err != nil {
		return "", errors.New("the receipt is not one of this request, or the key does not open it")
	}
	if reply.Request != m.Hash() {
		return "", errors.New(other)
	}
	if x.Contract != f.Contract {
		return "", fmt.Errorf("the receipt is of contract %v", x.Contract)
	}
	v.Status, v.Output, v.Error = reply.Status, reply.Output, string(reply.Error)
	return fmt.Sprintf("the receipt holds the reply to this request to %v", f.Contract), nil
}

func (f *File) genesis(want *hash.H256) (string, error) {
	if want != nil && *want != f.Genesis {
		return "", fmt.Errorf("the receipt is of chain %v, not %v", f.Genesis, *want)
	}
	h, err := chain.DecodeHeader(f.Chain.First)
	if err != nil {
		return "", fmt.Errorf("the first header does not decode: %w", err)
	}
	if h.Hash() != f.Genesis || h.Number != 0 {
		return "", errors.New("the first header is not that of the chain's genesis")
	}
	if want == nil {
		return fmt.Sprintf("the chain begins with %v: compare it with the one that you mean", f.Genesis), nil
	}
	return fmt.Sprintf("the chain begins with %v", f.Genesis), nil
}

func raw(list []Hex) [][]byte {
	out := make([][]byte, len(list))
	for i, b := range list {
		out[i] = b
	}
	return out
}

// voters are those of the chain's first block.
func (f *File) voters() (grandpa.LightChain, error) {
	first, err := chain.DecodeHeader(f.Chain.First)
	if err != nil {
		return grandpa.LightChain{}, err
	}
	at := registry.NewState().FirstAuthorities
	values, err := trie.ReadProof(first.StateRoot, raw(f.Chain.FirstProof), at.Key())
	if err != nil {
		return grandpa.LightChain{}, fmt.Errorf("the proof of the first voters: %w", err)
	}
	list, err := at.Decode(values[0])
	if err != nil {
		return grandpa.LightChain{}, fmt.Errorf("the first voters: %w", err)
	}
	var set grandpa.AuthoritySet
	for _, a := range list {
		set.Authorities = append(set.Authorities, grandpa.Authority{ID: a.Key, Weight: a.Weight})
	}
	return grandpa.NewLightChain(grandpa.TargetOf(first), set)
}

// registered follows the chain to a final block in whose state the worker is
// registered.
func (f *File) registered(v *Verdict) (string, error) {
	light, err := f.voters()
	if err != nil {
		return "", err
	}
	var last chain.Header
	for _, x := range append(f.Chain.Changes[:len(f.Chain.Changes):len(f.Chain.Changes)], f.Chain.Fragment) {
		if last, err = chain.DecodeHeader(x.Header); err != nil {
			return "", fmt.Errorf("a header does not decode: %w", err)
		}
		if last.Number == light.Number && last.Hash() == light.Hash {
			continue // the last one changed the voters
		}
		j, err := grandpa.DecodeJustification(x.Justification)
		if err != nil {
			return "", fmt.Errorf("the justification of block %d does not decode: %w", last.Number, err)
		}
		if light, err = light.Step(last, j); err != nil {
			return "", err
		}
	}
	at := registry.NewState().Workers
	values, err := trie.ReadProof(last.StateRoot, raw(f.Chain.Proof), at.Key(f.Worker))
	if err != nil {
		return "", fmt.Errorf("the proof of the registration: %w", err)
	}
	if values[0] == nil {
		return "", fmt.Errorf("the worker is not registered in block %d", last.Number)
	}
	w, err := at.Decode(values[0])
	if err != nil {
		return "", fmt.Errorf("the registration: %w", err)
	}
	if f.Command != nil {
		// signed decoded it.
		if m, err := scale.Decode[queue.SignedMessage](f.Command.Up); err != nil || m.BootEpoch != w.BootEpoch {
			return "", errors.New("the worker was started again between the receipt and the registration")
		}
	}
	now, _ := chain.AuraSlotOf(last) // slots last a millisecond
	if !w.LiveAt(now) {
		return "", fmt.Errorf("the registration expired before block %d", last.Number)
	}
	v.Simulated, v.Image = w.Class == attest.Dev, w.Image
	what := "on hardware"
	if v.Simulated {
		what = "on a SIMULATED TEE, which protects nothing"
	}
	return fmt.Sprintf("the worker is registered %s, with program %v, in block %d of %s, which validators finalised",
		what, w.Image, last.Number, time.UnixMilli(int64(now)).UTC().Format(time.RFC3339)), nil
}
