package cluster

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/contract/frame"
	"github.com/tacit-network/tacit/contract/host"
	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/seal"
)

// echo is a contract by hand: its call returns its caller, whatever its input;
// an input that begins with r reverts, one that begins with t traps.
//
//	(module
//	  (import "seal0" "seal_caller" (func (param i32 i32)))
//	  (import "seal0" "seal_return" (func (param i32 i32 i32)))
//	  (import "seal0" "seal_input" (func (param i32 i32)))
//	  (import "seal0" "seal_deposit_event" (func (param i32 i32 i32 i32)))
//	  (import "env" "memory" (memory 1 16))
//	  (func (export "deploy"))
//	  (func (export "call")
//	    (call 2 (i32.const 64) (i32.const 16))
//	    (call 0 (i32.const 128) (i32.const 20))
//	    (if (i32.eq (i32.load8_u (i32.const 64)) (i32.const 0x72)) (then (call 1 (i32.const 1) (i32.const 128) (i32.const 32))))
//	    (if (i32.eq (i32.load8_u (i32.const 64)) (i32.const 0x74)) (then unreachable))
//	    (call 3 (i32.const 0) (i32.const 0) (i32.const 128) (i32.const 32))
//	    (call 1 (i32.const 0) (i32.const 128) (i32.const 32)))
//	  (data (i32.const 16) "\20\00\00\00\20\00\00\00"))
const echo = "0061736d01000000" +
	"0116" + "04" + "60027f7f00" + "60037f7f7f00" + "60047f7f7f7f00" + "600000" +
	"02" + "66" + "05" +
	"057365616c30" + "0b7365616c5f63616c6c6572" + "0000" +
	"057365616c30" + "0b7365616c5f72657475726e" + "0001" +
	"057365616c30" + "0a7365616c5f696e707574" + "0000" +
	"057365616c30" + "127365616c5f6465706f7369745f6576656e74" + "0002" +
	"03656e76" + "066d656d6f7279" + "02010110" +
	"0303" + "02" + "0303" +
	"0711" + "02" + "066465706c6f79" + "0004" + "0463616c6c" + "0005" +
	"0a" + "4d" + "02" + "02000b" + "48" + "00" +
	"41c000" + "4110" + "1002" + "418001" + "4114" + "1000" +
	"41c0002d0000" + "41f200" + "46" + "0440" + "4101" + "418001" + "4120" + "1001" + "0b" +
	"41c0002d0000" + "41f400" + "46" + "0440" + "00" + "0b" +
	"4100" + "4100" + "418001" + "4120" + "1003" +
	"4100" + "418001" + "4120" + "1001" + "0b" +
	"0b0e" + "01" + "00" + "4110" + "0b" + "08" + "2000000020000000"

// cupboard is Codes that were compiled, and their bytes.
type cupboard map[hash.H256]struct {
	module *vm.Module
	source []byte
}

func (s cupboard) Module(_ context.Context, code hash.H256) (*vm.Module, error) {
	if c, ok := s[code]; ok {
		return c.module, nil
	}
	return nil, NoCode{code}
}

func (s cupboard) Load(ctx context.Context, code hash.H256) error {
	_, err := s.Module(ctx, code)
	return err
}

func (s cupboard) Run(ctx context.Context, code hash.H256, export string, env host.Env, around host.Records, gas uint64) (host.Result, error) {
	m, err := s.Module(ctx, code)
	if err != nil {
		return host.Result{}, err
	}
	env.Others = host.Join(around, s)
	return host.Run(ctx, m, export, env, gas)
}

func (s cupboard) Source(_ context.Context, code hash.H256) ([]byte, error) {
	if c, ok := s[code]; ok {
		return c.source, nil
	}
	return nil, NoCode{code}
}

// The codes: in Go, in AssemblyScript, and by hand. No cluster was told of the
// last.
var inGo, inScript, byHand, untold = hash.H256{1}, hash.H256{2}, hash.H256{3}, hash.H256{4}

func codes(t *testing.T) cupboard {
	t.Helper()
	ctx := context.Background()
	e, err := host.NewEngine(ctx, vm.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close(ctx) })
	packed, err := os.Open("../../examples/hello/bundle/hello.wasm.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	z, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	hello, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile("../../examples/hello/assemblyscript/hello.wasm")
	if err != nil {
		t.Fatal(err)
	}
	hand, err := hex.DecodeString(echo)
	if err != nil {
		t.Fatal(err)
	}
	s := cupboard{}
	for name, source := range map[hash.H256][]byte{inGo: hello, inScript: script, byHand: hand, untold: hand} {
		m, err := host.Load(ctx, e, source)
		if err != nil {
			t.Fatalf("code %v: %v", name, err)
		}
		s[name] = struct {
			module *vm.Module
			source []byte
		}{m, source}
	}
	return s
}

// chainOf is a book whose cluster runs real codes, as block 100.
type chainOf struct {
	*book
	codes   cupboard
	genesis hash.H256
	births  map[hash.H256][]byte // headers by their hash
}

const now = 100

func newChain(t *testing.T) *chainOf {
	b := newBook(t)
	s := codes(t)
	b.c.codes = s
	b.put(func(tx *Tx) {
		for _, code := range []hash.H256{inGo, inScript, byHand} {
			tx.set(codeName(code), []byte{})
		}
		ledger{tx}.SetBalance(pair(t, keys.Sr25519, "//Alice").AccountID(), u(1000))
	})
	first := frame.First(b.c.genesis, b.c.id)
	return &chainOf{b, s, first.Hash(), map[hash.H256][]byte{}}
}

func pair(t *testing.T, scheme keys.Scheme, uri string) keys.Pair {
	t.Helper()
	p, err := keys.FromURI(scheme, uri)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// block is the header of a block.
func block(n uint32) chain.Header { return chain.Header{Number: n, StateRoot: hash.H256{byte(n)}} }

// sign makes an extrinsic as wallets do: immortal when birth is 0.
func (c *chainOf) sign(who keys.Pair, nonce uint32, call frame.RuntimeCall, period uint64, birth uint32) frame.Signed {
	s := frame.Signed{}
	whole := call
	switch k := call.(type) {
	case frame.UploadCode:
		s.Code, k.Code = &byHand, c.codes[byHand].source
		whole = k
	case frame.InstantiateWithCode:
		s.Code, k.Code = &byHand, c.codes[byHand].source
		whole = k
	}
	extra := chain.Extra{Nonce: nonce}
	implicit := chain.Implicit{SpecVersion: frame.SpecVersion, TxVersion: frame.TransactionVersion, Genesis: c.genesis, EraBlock: c.genesis}
	if period > 0 {
		h := block(birth)
		extra.Era, implicit.EraBlock, s.Birth = chain.MortalEra(period, birth), h.Hash(), h.Encode()
	}
	x := chain.SignExtrinsic(who, frame.EncodeCall(whole), extra, implicit)
	x.Call = frame.EncodeCall(call)
	s.Extrinsic = x.Encode()
	return s
}

// outcome is how a command of kind 1 ended.
type outcome struct {
	status words.Status
	gas    uint64
	text   string // why it was refused
	events []frame.Record
}

// bring sends what was signed, in an envelope of ben's.
func (c *chainOf) bring(input []byte) outcome {
	c.t.Helper()
	tx, err := c.c.Begin(c.m)
	if err != nil {
		c.t.Fatal(err)
	}
	r, err := c.c.Execute(context.Background(), tx, queue.Message{
		Seq: c.seq, Block: now, Origin: queue.OriginAccount{ID: ben},
		Payload: scale.Encode[words.ClusterMessage](words.Transact{Envelope: c.seal(ben, c.c.id, seal.KindSigned, input)}),
	}, hash.H256{byte(c.seq)})
	if err != nil {
		c.t.Fatal(err)
	}
	c.seq++
	c.m.apply(changed(c.t, tx))
	var reply seal.Reply
	if err := c.key.OpenReply(seal.InfoReply, hash.Blake2b256(c.last), r.Receipt.Output, &reply); err != nil {
		c.t.Fatal(err)
	}
	out := outcome{status: r.Receipt.Status, gas: reply.Gas, text: string(reply.Error)}
	if len(reply.Output) > 0 {
		a, err := scale.Decode[frame.Applied](reply.Output)
		if err != nil {
			c.t.Fatal(err)
		}
		out.events = a.Records
	} else if names := len(tx.changes); names != 1 {
		c.t.Errorf("%s changed %d names, want the envelope's nonce alone", out.text, names)
	}
	return out
}

func (c *chainOf) index(who keys.Pair) uint32 {
	c.t.Helper()
	tx, err := c.c.Begin(c.m)
	if err != nil {
		c.t.Fatal(err)
	}
	return tx.index(who.AccountID())
}

var plenty = frame.Weight{RefTime: CommandGas * frame.RefTime}

func instantiate(code hash.H256, salt string, data []byte) frame.Instantiate {
	return frame.Instantiate{GasLimit: plenty, CodeHash: code, Data: data, Salt: []byte(salt)}
}

func to(id hash.H256, data []byte) frame.Call {
	return frame.Call{Dest: chain.AddressID{ID: keys.AccountID(id)}, GasLimit: plenty, Data: data}
}

// failure is the number of the Contracts error in the last event; -1 is success.
func (o outcome) failure(t *testing.T) int {
	t.Helper()
	if len(o.events) == 0 {
		t.Fatalf("refused: %s", o.text)
	}
	switch last := o.events[len(o.events)-1].Event; {
	case bytes.HasPrefix(last, []byte{frame.System, 0}):
		return -1
	case bytes.HasPrefix(last, []byte{frame.System, 1, 3, frame.Contracts}):
		return int(last[4])
	}
	t.Fatalf("the last event is %x", o.events)
	return 0
}

// What wallets sign is done in their name, whoever brings it, with contracts of
// all three languages.
func TestSigned(t *testing.T) {
	c := newChain(t)
	alice := pair(t, keys.Sr25519, "//Alice")
	me := alice.AccountID()
	hello := map[string][]byte{ // selectors, from examples/hello/bundle/hello.json
		"new": {0x9b, 0xae, 0x9d, 0x5e}, "increment": {0x12, 0xbd, 0x51, 0xd3}, "get": {0x2f, 0x86, 0x5b, 0xd9},
	}
	nonce := uint32(0)
	do := func(call frame.RuntimeCall) outcome {
		t.Helper()
		o := c.bring(scale.Marshal(c.sign(alice, nonce, call, 64, now-1)))
		if nonce++; c.index(alice) != nonce {
			t.Fatalf("%T: the nonce is %d, want %d: %s", call, c.index(alice), nonce, o.text)
		}
		return o
	}
	for name, code := range map[string]hash.H256{"Go": inGo, "AssemblyScript": inScript} {
		id := words.ContractID(me, code, c.c.id, []byte(name))
		o := do(instantiate(code, name, hello["new"]))
		if o.failure(t) != -1 || !bytes.Equal(o.events[0].Event, scale.Append([]byte{frame.Contracts, frame.IndexInstantiated}, frame.Instantiated{Deployer: me, Contract: keys.AccountID(id)})) {
			t.Fatalf("%s: %+v", name, o)
		}
		if o := do(to(id, binary.LittleEndian.AppendUint64(hello["increment"], 5))); o.failure(t) != -1 {
			t.Errorf("%s: %+v", name, o)
		}
		out, err := c.c.Ask(context.Background(), c.m, Asked{
			StateCall: frame.StateCall{Method: frame.MethodCall, Args: scale.Marshal(frame.CallArgs{Origin: me, Dest: keys.AccountID(id), InputData: hello["get"]})}, Origin: me,
		})
		if err != nil {
			t.Fatal(err)
		}
		r, err := scale.Decode[frame.CallResult](out)
		if err != nil || !r.Result.OK || !bytes.HasSuffix(r.Result.Value.Data, []byte{5, 0, 0, 0, 0, 0, 0, 0}) {
			t.Errorf("%s: get gives %+v, %v", name, r, err)
		}
	}
	id := words.ContractID(me, byHand, c.c.id, nil)
	o := do(frame.InstantiateWithCode{GasLimit: plenty, Value: u(7)})
	if o.failure(t) != -1 || len(o.events) != 3 || o.events[0].Event[1] != frame.IndexCodeStored || c.balance(me) != 993 || c.balance(keys.AccountID(id)) != 7 {
		t.Errorf("%+v, %d left", o, c.balance(me))
	}
	o = do(to(id, nil))
	want := scale.Append([]byte{frame.Contracts, frame.IndexContractEmitted}, frame.ContractEmitted{Contract: keys.AccountID(id), Data: me[:]})
	if o.failure(t) != -1 || !bytes.Equal(o.events[0].Event, want) {
		t.Errorf("the caller is not who signed: %x, want %x", o.events[0].Event, want)
	}
	little := to(id, nil)
	little.GasLimit.RefTime = 1
	rich := to(id, nil)
	rich.Value = u(994)
	elsewhere := to(id, nil)
	elsewhere.Dest = chain.AddressRaw{Data: []byte("x")}
	for name, tt := range map[string]struct {
		call frame.RuntimeCall
		want frame.Error
	}{
		"reverts": {to(id, []byte("r")), frame.ErrContractReverted}, "traps": {to(id, []byte("t")), frame.ErrContractTrapped},
		"little gas": {little, frame.ErrOutOfGas}, "much money": {rich, frame.ErrTransferFailed},
		"no contract": {to(hash.H256{9}, nil), frame.ErrContractNotFound}, "no address": {elsewhere, frame.ErrContractNotFound},
		"no code": {instantiate(untold, "", nil), frame.ErrCodeNotFound}, "twice": {instantiate(byHand, "", nil), frame.ErrDuplicateContract},
	} {
		before := c.balance(me)
		if o := do(tt.call); o.failure(t) != int(tt.want) || len(o.events) != 1 || c.balance(me) != before {
			t.Errorf("%s: %+v, want error %d", name, o, tt.want)
		}
	}
	for _, scheme := range []keys.Scheme{keys.Ed25519, keys.Ecdsa} {
		if o := c.bring(scale.Marshal(c.sign(pair(t, scheme, "//Bob"), 0, to(id, nil), 0, 0))); o.failure(t) != -1 {
			t.Errorf("%v: %+v", scheme, o)
		}
	}
}

// What is not good for this runtime, now, is refused and changes nothing.
func TestSignedRefused(t *testing.T) {
	c := newChain(t)
	alice := pair(t, keys.Sr25519, "//Alice")
	id := words.ContractID(alice.AccountID(), byHand, c.c.id, nil)
	if o := c.bring(scale.Marshal(c.sign(alice, 0, instantiate(byHand, "", nil), 0, 0))); o.failure(t) != -1 {
		t.Fatal(o)
	}
	good := func() frame.Signed { return c.sign(alice, 1, to(id, nil), 64, now-1) }
	change := func(f func(*frame.Signed)) []byte { s := good(); f(&s); return scale.Marshal(s) }
	cluster := *c
	foreign := frame.First(c.c.genesis, hash.H256{0xff})
	cluster.genesis = foreign.Hash()
	other := *c
	other.genesis = c.c.genesis
	first := scale.Marshal(good())
	for _, tt := range []struct {
		name  string
		input []byte
		want  string
	}{
		{"noise", []byte{1, 2, 3}, "does not decode"},
		{"more than it is", append(scale.Marshal(good()), 0), "does not decode"},
		{"no extrinsic", change(func(s *frame.Signed) { s.Extrinsic = []byte{4, 4} }), "nobody signed"},
		{"nobody's", change(func(s *frame.Signed) { s.Extrinsic = chain.Bare(frame.EncodeCall(to(id, nil))) }), "nobody signed"},
		{"altered", change(func(s *frame.Signed) { s.Extrinsic[len(s.Extrinsic)-6] ^= 1 }), "bad signature"},
		{"another call", change(func(s *frame.Signed) {
			x, _ := chain.DecodeExtrinsic(s.Extrinsic)
			x.Call = []byte{3, 0, 1}
			s.Extrinsic = x.Encode()
		}), "no call of Contracts"},
		{"used nonce", scale.Marshal(c.sign(alice, 0, to(id, nil), 64, now-1)), "outdated"},
		{"replay", scale.Marshal(c.sign(alice, 0, instantiate(byHand, "", nil), 0, 0)), "outdated"},
		{"nonce of the future", scale.Marshal(c.sign(alice, 2, to(id, nil), 64, now-1)), "future"},
		{"of another cluster", scale.Marshal(cluster.sign(alice, 1, to(id, nil), 0, 0)), "bad signature"},
		{"of the chain", scale.Marshal(other.sign(alice, 1, to(id, nil), 0, 0)), "bad signature"},
		{"too old", scale.Marshal(c.sign(alice, 1, to(id, nil), 64, now-64)), "ancient birth"},
		{"not born yet", scale.Marshal(c.sign(alice, 1, to(id, nil), 64, now+1)), "ancient birth"},
		{"another birth", change(func(s *frame.Signed) { h := block(now - 1); h.StateRoot[0]++; s.Birth = h.Encode() }), "bad signature"},
		{"a later birth", change(func(s *frame.Signed) { h := block(now); s.Birth = h.Encode() }), "does not begin with block"},
		{"no birth", change(func(s *frame.Signed) { s.Birth = nil }), "does not decode"},
		{"a long birth", change(func(s *frame.Signed) { s.Birth = make([]byte, 5000) }), "5000 bytes"},
		{"immortal with a birth", func() []byte {
			s := c.sign(alice, 1, to(id, nil), 0, 0)
			s.Birth = block(now).Encode()
			return scale.Marshal(s)
		}(), "immortal"},
		{"a code for nothing", change(func(s *frame.Signed) { s.Code = &byHand }), "a code is named"},
		{"a code that is not named", func() []byte {
			s := c.sign(alice, 1, frame.UploadCode{}, 0, 0)
			s.Code = nil
			return scale.Marshal(s)
		}(), "a code is named"},
		{"another code", func() []byte {
			s := c.sign(alice, 1, frame.UploadCode{}, 0, 0)
			s.Code = &inScript
			return scale.Marshal(s)
		}(), "bad signature"},
		{"an unknown code", func() []byte {
			s := c.sign(alice, 1, frame.UploadCode{}, 0, 0)
			s.Code = &untold
			return scale.Marshal(s)
		}(), "not told of the code"},
	} {
		o := c.bring(tt.input)
		if !strings.Contains(o.text, tt.want) || o.status != words.StatusReverted || o.events != nil {
			t.Errorf("%s: %+v, want %q", tt.name, o, tt.want)
		}
	}
	if c.index(alice) != 1 {
		t.Errorf("the nonce is %d", c.index(alice))
	}
	if o := c.bring(first); o.failure(t) != -1 {
		t.Errorf("what is good: %+v", o)
	}
	if o := c.bring(first); !strings.Contains(o.text, "outdated") {
		t.Errorf("again: %+v", o)
	}
}

// A question is answered to whom it concerns.
func TestAsk(t *testing.T) {
	c := newChain(t)
	alice := pair(t, keys.Sr25519, "//Alice")
	me := alice.AccountID()
	id := words.ContractID(me, byHand, c.c.id, nil)
	if o := c.bring(scale.Marshal(c.sign(alice, 0, instantiate(byHand, "", nil), 0, 0))); o.failure(t) != -1 {
		t.Fatal(o)
	}
	ask := func(who keys.AccountID, method string, args any) ([]byte, error) {
		return c.c.Ask(context.Background(), c.m, Asked{StateCall: frame.StateCall{Method: method, Args: scale.Marshal(args)}, Origin: who})
	}
	out, err := ask(me, frame.MethodAccount, frame.AccountArgs{ID: me})
	if want := scale.Marshal(frame.Account{Nonce: 1, Free: u(1000)}); err != nil || !bytes.Equal(out, want) {
		t.Errorf("account: %x %v, want %x", out, err, want)
	}
	for contract, want := range map[hash.H256][]byte{id: append([]byte{1}, byHand[:]...), {9}: {0}} {
		if out, err := ask(ben, frame.MethodContract, frame.AccountArgs{ID: keys.AccountID(contract)}); err != nil || !bytes.Equal(out, want) {
			t.Errorf("contract %v: %x %v, want %x", contract, out, err, want)
		}
	}
	salt := frame.InstantiateArgs{Origin: me, Code: frame.Existing{Hash: byHand}, Salt: []byte("x")}
	out, err = ask(me, frame.MethodInstantiate, salt)
	made, bad := scale.Decode[frame.InstantiateResult](out)
	if err != nil || bad != nil || made.Result.Value.AccountID != keys.AccountID(words.ContractID(me, byHand, c.c.id, []byte("x"))) || made.GasRequired.RefTime <= made.GasConsumed.RefTime {
		t.Errorf("instantiate: %+v %v %v", made, err, bad)
	}
	if has, err := c.c.Has(c.m, hash.H256(made.Result.Value.AccountID)); has || err != nil {
		t.Errorf("a dry run made a contract: %v", err)
	}
	out, err = ask(me, frame.MethodCall, frame.CallArgs{Origin: me, Dest: keys.AccountID(id), InputData: []byte("r")})
	r, bad := scale.Decode[frame.CallResult](out)
	if err != nil || bad != nil || !r.Result.OK || r.Result.Value.Flags.Bits != frame.Reverted || !bytes.Equal(r.Result.Value.Data, me[:]) {
		t.Errorf("a revert: %+v %v %v", r, err, bad)
	}
	for name, tt := range map[string]struct {
		method string
		args   any
		want   error
	}{
		"an account of another":    {frame.MethodAccount, frame.AccountArgs{ID: ben}, ErrNotHolder},
		"a call as another":        {frame.MethodCall, frame.CallArgs{Origin: ben, Dest: keys.AccountID(id)}, ErrNotHolder},
		"an instance as another":   {frame.MethodInstantiate, frame.InstantiateArgs{Origin: ben, Code: frame.Existing{}}, ErrNotHolder},
		"a code by its bytes":      {frame.MethodInstantiate, frame.InstantiateArgs{Origin: me, Code: frame.Upload{}}, ErrAsked},
		"no method":                {"ContractsApi_get_storage", frame.AccountArgs{ID: keys.AccountID(id)}, ErrAsked},
		"arguments that are short": {frame.MethodCall, frame.AccountArgs{ID: me}, ErrAsked},
	} {
		if out, err := ask(me, tt.method, tt.args); !errors.Is(err, tt.want) {
			t.Errorf("%s: %x %v", name, out, err)
		}
	}
}
