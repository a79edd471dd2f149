package cluster

import (
	"context"
	"encoding/hex"
	"testing"

	"github.com/tacit-network/tacit/contract/host"
	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/seal"
	"github.com/tacit-network/tacit/worker/store"
)

// keeper is a contract by hand, assembled by npm's wabt 1.0: its constructor and
// its call do what the input says, one after the other. Each is a letter and 32
// bytes, and perhaps a length and so many bytes.
//
//	(module
//	  (import "seal0" "seal_input" (func $input (param i32 i32)))
//	  (import "seal0" "seal_return" (func $return (param i32 i32 i32)))
//	  (import "seal0" "seal_set_storage" (func $set (param i32 i32 i32)))
//	  (import "seal0" "seal_clear_storage" (func $clear (param i32)))
//	  (import "seal1" "seal_terminate" (func $end (param i32)))
//	  (import "seal1" "seal_call" (func $other (param i32 i32 i64 i32 i32 i32 i32 i32) (result i32)))
//	  (import "env" "memory" (memory 1 16))
//	  (func $do (export "call") (export "deploy") (local $at i32) (local $to i32) (local $op i32)
//	    (call $input (i32.const 64) (i32.const 16))
//	    (local.set $at (i32.const 64))
//	    (local.set $to (i32.add (i32.const 64) (i32.load (i32.const 16))))
//	    (loop $next
//	      (if (i32.ge_u (local.get $at) (local.get $to)) (then (return)))
//	      (local.set $op (i32.load8_u (local.get $at)))
//	      (local.set $at (i32.add (local.get $at) (i32.const 33)))
//	      (if (i32.eq (local.get $op) (i32.const 0x73)) (then
//	        (call $set (i32.sub (local.get $at) (i32.const 32)) (i32.add (local.get $at) (i32.const 1)) (i32.load8_u (local.get $at)))
//	        (local.set $at (i32.add (i32.add (local.get $at) (i32.const 1)) (i32.load8_u (local.get $at))))))
//	      (if (i32.eq (local.get $op) (i32.const 0x63)) (then (call $clear (i32.sub (local.get $at) (i32.const 32)))))
//	      (if (i32.eq (local.get $op) (i32.const 0x65)) (then (call $end (i32.sub (local.get $at) (i32.const 32)))))
//	      (if (i32.eq (local.get $op) (i32.const 0x6f)) (then
//	        (drop (call $other (i32.const 0) (i32.sub (local.get $at) (i32.const 32)) (i64.const 0) (i32.const 32)
//	          (i32.add (local.get $at) (i32.const 1)) (i32.load8_u (local.get $at)) (i32.const -1) (i32.const 0)))
//	        (local.set $at (i32.add (i32.add (local.get $at) (i32.const 1)) (i32.load8_u (local.get $at))))))
//	      (if (i32.eq (local.get $op) (i32.const 0x72)) (then (call $return (i32.const 1) (i32.const 0) (i32.const 0))))
//	      (if (i32.eq (local.get $op) (i32.const 0x74)) (then (unreachable)))
//	      (if (i32.eq (local.get $op) (i32.const 0x6c)) (then (loop $ever (br $ever))))
//	      (br $next)))
//	  (data (i32.const 16) "\00\40"))
const keeper = "0061736d01000000011f0560027f7f0060037f7f7f0060017f0060087f7f7e7f7f7f7f7f017f60000002940107057365616c300a7365616c5f696e707574" +
	"0000057365616c300b7365616c5f72657475726e0001057365616c30107365616c5f7365745f73746f726167650001057365616c30127365616c5f636c6561725f73" +
	"746f726167650002057365616c310e7365616c5f7465726d696e6174650002057365616c31097365616c5f63616c6c000303656e76066d656d6f7279020101100302" +
	"01040711020463616c6c0006066465706c6f7900060adc0101d90101037f41c0004110100041c000210041c00041102802006a21010340200020014f04400f0b2000" +
	"2d00002102200041216a2100200241f300460440200041206b200041016a20002d00001002200041016a20002d00006a21000b200241e300460440200041206b1003" +
	"0b200241e500460440200041206b10040b200241ef004604404100200041206b42004120200041016a20002d0000417f410010051a200041016a20002d00006a2100" +
	"0b200241f20046044041014100410010010b200241f400460440000b200241ec0046044003400c000b0b0c000b0b0b08010041100b020040"

// What a keeper does. Keys have 32 bytes.
func sets(key byte, n int) []byte {
	return append(append([]byte{'s', key}, make([]byte, 31)...), append([]byte{byte(n)}, make([]byte, n)...)...)
}
func clears(key byte) []byte    { return append([]byte{'c', key}, make([]byte, 31)...) }
func ends(heir [32]byte) []byte { return append([]byte{'e'}, heir[:]...) }
func reverts() []byte           { return append([]byte{'r'}, make([]byte, 32)...) }
func traps() []byte             { return append([]byte{'t'}, make([]byte, 32)...) }
func loops() []byte             { return append([]byte{'l'}, make([]byte, 32)...) }
func calls(id [32]byte, do []byte) []byte {
	return append(append(append([]byte{'o'}, id[:]...), byte(len(do))), do...)
}

var keeperCode = hash.H256{0x4e}

// office is a book whose cluster runs keepers.
type office struct {
	*book
	codes Codes
}

var treasurer = keys.AccountID{0x7e}

func newOffice(t *testing.T) *office {
	t.Helper()
	ctx := context.Background()
	e, err := host.NewEngine(ctx, vm.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close(ctx) })
	source, err := hex.DecodeString(keeper)
	if err != nil {
		t.Fatal(err)
	}
	m, err := host.Load(ctx, e, source)
	if err != nil {
		t.Fatal(err)
	}
	o := &office{newBook(t), cupboard{keeperCode: {m, source}}}
	o.c.codes = o.codes
	return o
}

func (o *office) deposit(who keys.AccountID, n uint64) {
	o.t.Helper()
	if r := o.send(pallet, words.Deposit{From: who, Amount: u(n)}); r.Receipt.Status != words.StatusOK {
		o.t.Fatalf("%s", r.Receipt.Error)
	}
}

func (o *office) terms(gas, item, perByte uint64) {
	o.t.Helper()
	if r := o.send(pallet, words.Terms{GasPrice: u(gas), DepositPerItem: u(item), DepositPerByte: u(perByte), Treasury: treasurer}); r.Receipt.Status != words.StatusOK {
		o.t.Fatalf("%s", r.Receipt.Error)
	}
}

// reply opens a receipt of the last envelope.
func (o *office) reply(r Result) seal.Reply {
	o.t.Helper()
	if len(r.Receipt.Output) == 0 {
		return seal.Reply{Status: uint8(r.Receipt.Status), Error: r.Receipt.Error}
	}
	var reply seal.Reply
	if err := o.key.OpenReply(seal.InfoReply, hash.Blake2b256(o.last), r.Receipt.Output, &reply); err != nil {
		o.t.Fatal(err)
	}
	return reply
}

// makes makes a keeper, whose constructor does something.
func (o *office) makes(who keys.AccountID, salt string, do []byte) (hash.H256, seal.Reply) {
	o.t.Helper()
	id := words.ContractID(who, keeperCode, o.c.id, []byte(salt))
	return id, o.reply(o.send(queue.OriginAccount{ID: who}, words.Instantiate{
		Contract: id, Deployer: who, Code: keeperCode, Salt: []byte(salt), Envelope: o.seal(who, id, seal.KindCall, do),
	}))
}

// call has a keeper do something, by a command.
func (o *office) call(who keys.AccountID, id hash.H256, do ...[]byte) seal.Reply {
	o.t.Helper()
	var all []byte
	for _, d := range do {
		all = append(all, d...)
	}
	return o.reply(o.send(queue.OriginAccount{ID: who}, words.Command{Contract: id, Envelope: o.seal(who, id, seal.KindCall, all)}))
}

// pays is call with a value.
func (o *office) pays(who keys.AccountID, id hash.H256, value uint64, do []byte) seal.Reply {
	o.t.Helper()
	input := append(scale.Marshal(u(value)), do...)
	return o.reply(o.send(queue.OriginAccount{ID: who}, words.Command{Contract: id, Envelope: o.seal(who, id, seal.KindPay, input)}))
}

// total is all that there is of an account's or a contract's deposit.
func (o *office) stored(id hash.H256) deposit {
	o.t.Helper()
	tx, err := o.c.Begin(o.m)
	if err != nil {
		o.t.Fatal(err)
	}
	return tx.deposit(id)
}

// audit walks the whole state: the sum of the ledger is that of all balances and
// deposits, and what is counted of contracts that go on is what they store.
func audit(t *testing.T, c *Cluster, s Lister) {
	t.Helper()
	var sum, held scale.U128
	counted, there := map[hash.H256]deposit{}, map[hash.H256]deposit{}
	ended := map[hash.H256]bool{}
	number := func(name string, b []byte) scale.U128 {
		n, err := scale.Decode[scale.U128](b)
		if err != nil {
			t.Fatalf("%q: %v", name, err)
		}
		return n
	}
	add := func(n scale.U128) {
		var fits bool
		if sum, fits = sum.Add(n); !fits {
			t.Fatal("the sum overflows")
		}
	}
	cut := func(name, prefix string) (hash.H256, string, bool) {
		if len(name) < len(prefix)+32 || name[:len(prefix)] != prefix {
			return hash.H256{}, "", false
		}
		return hash.H256([]byte(name[len(prefix):][:32])), name[len(prefix)+32:], true
	}
	if err := c.each(s, func(_ store.Key, name string, value []byte) {
		if name == heldName {
			held = number(name, value)
		}
		if _, rest, ok := cut(name, "money"); ok && rest == "" {
			add(number(name, value))
		}
		if id, rest, ok := cut(name, "deposit"); ok && rest == "" {
			d, err := scale.Decode[deposit](value)
			if err != nil {
				t.Fatal(err)
			}
			add(d.ForItems)
			add(d.ForBytes)
			counted[id] = d
		}
		if id, rest, ok := cut(name, "contract"); ok && rest == "" && len(value) == 0 {
			ended[id] = true
		}
		if id, key, ok := cut(name, "data"); ok && key[0] < 2 {
			d := there[id]
			d.Items++
			d.Bytes += uint64(len(key) - 1 + len(value))
			there[id] = d
		}
	}, values); err != nil {
		t.Fatal(err)
	}
	if sum != held {
		t.Errorf("balances and deposits are %v, the ledger holds %v", sum, held)
	}
	for id, d := range counted {
		if x := there[id]; d.Items != x.Items || d.Bytes != x.Bytes || ended[id] {
			t.Errorf("contract %v: counted %+v, stored %+v; it ended: %v", id, d, x, ended[id])
		}
	}
	for id, x := range there {
		if _, ok := counted[id]; !ok && !ended[id] {
			t.Errorf("contract %v: %+v are not counted", id, x)
		}
	}
}

func accountOf(who keys.AccountID) queue.MessageOrigin { return queue.OriginAccount{ID: who} }

func rootOf(t *testing.T, o *office) hash.H256 {
	t.Helper()
	root, err := o.c.Root(o.m, o.seq)
	if err != nil {
		t.Fatal(err)
	}
	return root
}
