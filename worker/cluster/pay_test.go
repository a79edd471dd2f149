package cluster

import (
	"context"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/tacit-network/tacit/contract/frame"
	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/seal"
)

// unit is a price at which a gas costs one.
const unit = words.GasUnit

// What a message uses is paid by whoever sent it, whatever the message is and
// however it ends, and by nobody twice.
func TestGasIsPaid(t *testing.T) {
	o := newOffice(t)
	const much = 10 * CommandGas
	o.deposit(ann, much)
	id, r := o.makes(ann, "free", nil)
	if r.Status != 0 || o.balance(ann) != much {
		t.Fatalf("without terms: %+v, %d left", r, o.balance(ann))
	}
	o.terms(unit, 0, 0)
	made := hash.H256{}
	act := func(a words.Action) func() seal.Reply {
		return func() seal.Reply { return o.reply(o.act(ann, a)) }
	}
	call := func(do []byte) func() seal.Reply { return func() seal.Reply { return o.call(ann, id, do) } }
	for _, tt := range []struct {
		name   string
		do     func() seal.Reply
		status vm.Status
		given  uint64
	}{
		{"constructor", func() (r seal.Reply) { made, r = o.makes(ann, "paid", sets(1, 1)); return r }, vm.OK, 0},
		{"constructor that traps", func() (r seal.Reply) { _, r = o.makes(ann, "bad", traps()); return r }, vm.Trapped, 0},
		{"command", call(sets(1, 5)), vm.OK, 0},
		{"command with a value", func() seal.Reply { return o.pays(ann, id, 30, sets(1, 5)) }, vm.OK, 30},
		{"with a value, and reverts", func() seal.Reply { return o.pays(ann, id, 30, reverts()) }, vm.Reverted, 0},
		{"reverts", call(reverts()), vm.Reverted, 0},
		{"traps", call(traps()), vm.Trapped, 0},
		{"never ends", call(loops()), vm.OutOfGas, 0},
		{"call of the ledger", act(words.Call{Contract: id, Value: u(5), Input: sets(2, 2)}), vm.OK, 5},
		{"call of the ledger that reverts", act(words.Call{Contract: id, Value: u(5), Input: reverts()}), vm.Reverted, 0},
	} {
		before, paid, held := o.balance(ann), o.balance(treasurer), o.held()
		r := tt.do()
		if r.Status != uint8(tt.status) || r.Gas == 0 {
			t.Errorf("%s: status %d, %d gas, %s", tt.name, r.Status, r.Gas, r.Error)
		}
		if tt.status == vm.OutOfGas && r.Gas != CommandGas {
			t.Errorf("%s: %d gas", tt.name, r.Gas)
		}
		if gone := before - o.balance(ann); gone != r.Gas+tt.given || o.balance(treasurer)-paid != r.Gas || o.held() != held {
			t.Errorf("%s: used %d and gave %d, %d are gone, the treasury has %d more, %d are held", tt.name, r.Gas, tt.given, gone, o.balance(treasurer)-paid, o.held())
		}
		audit(t, o.c, o.m)
	}
	if has, err := o.c.Has(o.m, made); !has || err != nil {
		t.Errorf("the contract is not there: %v", err)
	}
	// Once, also when the same comes again.
	o.call(ann, id, sets(1, 1))
	before, last := o.balance(ann), o.last
	if r := o.send(queue.OriginAccount{ID: ann}, words.Command{Contract: id, Envelope: last}); string(r.Receipt.Error) != "the nonce was used before" || o.balance(ann) != before {
		t.Errorf("again: %s, %d left of %d", r.Receipt.Error, o.balance(ann), before)
	}
	// What runs nothing costs nothing.
	for name, a := range map[string]words.Action{
		"transfer": words.Transfer{To: ben, Amount: u(1)}, "call of nobody": words.Call{Contract: hash.H256{9}},
	} {
		given := uint64(0)
		if name == "transfer" {
			given = 1
		}
		before := o.balance(ann)
		if r := o.reply(o.act(ann, a)); r.Gas != 0 || before-o.balance(ann) != given {
			t.Errorf("%s: %+v, %d left of %d", name, r, o.balance(ann), before)
		}
	}
	if q, err := o.c.Query(context.Background(), o.m, Call{Contract: id, Origin: ben, Input: sets(3, 3)}); err != nil || q.Status != vm.OK || q.Gas == 0 || o.balance(ben) != 1 {
		t.Errorf("a query: %+v %v", q, err)
	}
	// The treasury's holder pays himself, and can take out what was paid.
	held, has := o.held(), o.balance(treasurer)
	if r := o.reply(o.act(treasurer, words.Call{Contract: id})); r.Status != 0 || o.balance(treasurer) != has {
		t.Errorf("the treasury pays: %+v, %d of %d", r, o.balance(treasurer), has)
	}
	w := o.act(treasurer, words.Withdraw{To: ben, Amount: u(has)})
	if w.Withdrawal == nil || w.Withdrawal.Amount != u(has) || o.held() != held-has {
		t.Errorf("withdrawn %+v, %d held", w.Withdrawal, o.held())
	}
	audit(t, o.c, o.m)
}

// An account runs what it can pay for, beside what it gives, and no more.
func TestGasWithinMeans(t *testing.T) {
	o := newOffice(t)
	id, _ := o.makes(ann, "", nil)
	o.terms(unit, 0, 0)
	for _, tt := range []struct {
		name        string
		has, value  uint64
		do          []byte
		status      vm.Status
		gas         uint64 // 0: something
		left        uint64
		reason      string
		exact, kept bool
	}{
		{"nothing", 0, 0, nil, vm.Reverted, 0, 0, "the account holds 0 in the cluster and gives 0, which leaves nothing for gas: a million costs 1000000", true, false},
		{"what it gives alone", 50, 50, nil, vm.Reverted, 0, 50, "the account holds 50 in the cluster and gives 50, which leaves nothing for gas: a million costs 1000000", true, false},
		{"less than it gives", 49, 50, nil, vm.Reverted, 0, 49, "the account holds 49 in the cluster and gives 50, which leaves nothing for gas: a million costs 1000000", true, false},
		{"one gas", 51, 50, nil, vm.OutOfGas, 1, 50, "the account can pay for no more gas in the cluster", true, false},
		{"some gas", 100_050, 50, loops(), vm.OutOfGas, 100_000, 50, "the account can pay for no more gas in the cluster", true, false},
		{"too little to write", 160_000, 0, sets(7, 7), vm.OutOfGas, 160_000, 0, "the account can pay for no more gas in the cluster", true, false},
		{"enough", 1_000_050, 50, sets(8, 8), vm.OK, 0, 0, "", false, true},
	} {
		who := keys.AccountID(hash.Blake2b256([]byte(tt.name)))
		if tt.has > 0 {
			o.deposit(who, tt.has)
		}
		paid, used := o.balance(treasurer), o.stored(id)
		r := o.pays(who, id, tt.value, tt.do)
		if r.Status != uint8(tt.status) || string(r.Error) != tt.reason || tt.exact && r.Gas != tt.gas {
			t.Errorf("%s: status %d, %d gas, %s", tt.name, r.Status, r.Gas, r.Error)
		}
		left := tt.has - r.Gas
		if tt.kept {
			left -= tt.value
		}
		if o.balance(who) != left || tt.exact && left != tt.left || o.balance(treasurer)-paid != r.Gas || (o.stored(id) != used) != tt.kept {
			t.Errorf("%s: %d left, want %d; %d paid", tt.name, o.balance(who), tt.left, o.balance(treasurer)-paid)
		}
	}
	// Rounded up to whole units, and at the dearest price nothing overflows.
	o.deposit(ann, 1000)
	o.terms(1, 0, 0)
	if r := o.call(ann, id); r.Status != 0 || r.Gas < 2 || r.Gas > unit || o.balance(ann) != 999 {
		t.Errorf("%+v, %d left of 1000", r, o.balance(ann))
	}
	if r := o.call(ann, id, loops()); r.Gas != 999*unit || o.balance(ann) != 0 {
		t.Errorf("%d gas for 999, %d left", r.Gas, o.balance(ann))
	}
	dearest, _ := words.MaxPrice.Uint64()
	o.terms(dearest, dearest, dearest)
	o.deposit(ann, 1<<62)
	if r := o.call(ann, id, loops()); r.Status != uint8(vm.OutOfGas) || r.Gas != 4_611_686 || o.balance(ann) >= unit*unit {
		t.Errorf("%+v, %d left", r, o.balance(ann))
	}
	audit(t, o.c, o.m)
}

// Terms come from the chain alone, within bounds, and apply from then on.
func TestTerms(t *testing.T) {
	o := newOffice(t)
	good := words.Terms{GasPrice: u(1), Treasury: treasurer}
	bad := good
	bad.DepositPerByte = scale.MaxU128
	for _, tt := range []struct {
		name  string
		from  queue.MessageOrigin
		terms words.Terms
		want  string
	}{
		{"an account", queue.OriginAccount{ID: ann}, good, "Rejected terms come from the chain alone"},
		{"another pallet", queue.OriginPallet{Name: []byte("Contracts")}, good, "Rejected terms come from the chain alone"},
		{"out of bounds", pallet, bad, "Rejected the terms are out of bounds"},
		{"to the escrow", pallet, words.Terms{GasPrice: u(1), Treasury: words.EscrowAccount(o.c.id)}, "Rejected the terms are out of bounds"},
		{"good", pallet, good, "Ok"},
		{"none again", pallet, words.Terms{}, "Ok"},
	} {
		tx, err := o.c.Begin(o.m)
		if err != nil {
			t.Fatal(err)
		}
		want := tx.terms()
		if tt.want == "Ok" {
			want = tt.terms
		}
		if got := o.words(o.send(tt.from, tt.terms)); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
		if tx, err = o.c.Begin(o.m); err != nil {
			t.Fatal(err)
		}
		if got := tx.terms(); got != want {
			t.Errorf("%s: %+v apply", tt.name, got)
		}
	}
	if len(o.m) != 1 { // the root
		t.Errorf("terms of nothing are stored in %d places", len(o.m)-1)
	}
	tx, err := o.c.Begin(o.m)
	if err != nil {
		t.Fatal(err)
	}
	tx.set(termsName, []byte("no terms"))
	if tx.terms(); tx.err == nil {
		t.Error("damaged terms apply")
	}
}

// Who signs an extrinsic pays for what contracts do; who brings it, for the code
// that is read to verify it.
func TestSignedPays(t *testing.T) {
	c := newChain(t)
	alice := pair(t, keys.Sr25519, "//Alice")
	me := alice.AccountID()
	id := words.ContractID(me, byHand, c.c.id, nil)
	if o := c.bring(scale.Marshal(c.sign(alice, 0, instantiate(byHand, "", nil), 0, 0))); o.failure(t) != -1 {
		t.Fatal(o)
	}
	size := uint64(len(c.codes[byHand].source))
	const much = 10 * CommandGas
	c.put(func(tx *Tx) {
		tx.set(codeName(byHand), []byte{byte(size), byte(size >> 8), 0, 0})
		l := ledger{tx}
		l.SetBalance(me, u(much))
		l.SetBalance(ben, u(2*size*gasCodeByte))
		l.put(heldName, u(much+2*size*gasCodeByte))
	})
	c.send(pallet, words.Terms{GasPrice: u(unit), Treasury: treasurer})
	read := size * gasCodeByte
	bad := c.sign(alice, 3, frame.UploadCode{}, 0, 0)
	bad.Extrinsic[40] ^= 1
	for _, tt := range []struct {
		name  string
		input frame.Signed
		error int // -2: refused
		code  uint64
	}{
		{"a call", c.sign(alice, 1, to(id, nil), 0, 0), -1, 0},
		{"a call that traps", c.sign(alice, 2, to(id, []byte("t")), 0, 0), int(frame.ErrContractTrapped), 0},
		{"a code that is not good", bad, -2, read},
		{"a code and a contract", c.sign(alice, 3, frame.InstantiateWithCode{GasLimit: plenty, Salt: []byte("x")}, 0, 0), -1, read},
		{"a code that the bringer cannot pay for", c.sign(alice, 4, frame.UploadCode{}, 0, 0), -2, 0},
	} {
		mine, bens, paid := c.balance(me), c.balance(ben), c.balance(treasurer)
		env := c.seal(ben, c.c.id, seal.KindSigned, scale.Marshal(tt.input))
		r := c.send(queue.OriginAccount{ID: ben}, words.Transact{Envelope: env})
		var reply seal.Reply
		if err := c.key.OpenReply(seal.InfoReply, hash.Blake2b256(c.last), r.Receipt.Output, &reply); err != nil {
			t.Fatal(err)
		}
		got := -2
		if len(reply.Output) > 0 {
			a, err := scale.Decode[frame.Applied](reply.Output)
			if err != nil {
				t.Fatal(err)
			}
			got = outcome{events: a.Records}.failure(t)
		}
		if got != tt.error || bens-c.balance(ben) != tt.code || mine-c.balance(me) != reply.Gas-tt.code || c.balance(treasurer)-paid != reply.Gas {
			t.Errorf("%s: error %d (%s), %d gas: ben paid %d, alice %d, the treasury has %d more", tt.name, got, reply.Error, reply.Gas,
				bens-c.balance(ben), mine-c.balance(me), c.balance(treasurer)-paid)
		}
		if tt.name == "a code that the bringer cannot pay for" && string(reply.Error) != errDearCode.Error() {
			t.Errorf("%s: %s", tt.name, reply.Error)
		}
	}
	// Who has nothing is refused as a chain refuses him, and keeps his nonce.
	bob := pair(t, keys.Sr25519, "//Bob")
	if o := c.bring(scale.Marshal(c.sign(bob, 0, to(id, nil), 0, 0))); !strings.Contains(o.text, "Inability to pay some fees") || o.gas != 0 || c.index(bob) != 0 {
		t.Errorf("without money: %+v", o)
	}
	// He may ask what a call would cost.
	out, err := c.c.Ask(context.Background(), c.m, Asked{Origin: bob.AccountID(), StateCall: frame.StateCall{
		Method: frame.MethodCall, Args: scale.Marshal(frame.CallArgs{Origin: bob.AccountID(), Dest: keys.AccountID(id)}),
	}})
	if err != nil {
		t.Fatal(err)
	}
	if r, err := scale.Decode[frame.CallResult](out); err != nil || !r.Result.OK || r.GasConsumed.RefTime == 0 {
		t.Errorf("a dry run without money: %+v %v", r, err)
	}
	audit(t, c.c, c.m)
}

// Where gas is paid for, who brings a code that the cluster was not told of pays
// for its compilation, once; who cannot brings none.
func TestCompilingIsPaid(t *testing.T) {
	source, err := hex.DecodeString(keeper)
	if err != nil {
		t.Fatal(err)
	}
	compiled := uint64(len(source))*gasCodeByte + vm.Work(source)*gasBlocks
	if vm.Work(source) < 100 || compiled > CommandGas {
		t.Fatalf("work %d", vm.Work(source))
	}
	known := func(o *office) bool {
		tx, err := o.c.Begin(o.m)
		if err != nil {
			t.Fatal(err)
		}
		_, ok := tx.codeSize(keeperCode)
		return ok
	}
	asks := func(o *office) *words.CodeChecked {
		return o.send(queue.OriginAccount{ID: ann}, words.Code{Hash: keeperCode}).Checked
	}
	o := newOffice(t)
	o.terms(unit, 0, 0)
	o.deposit(ann, compiled-1)
	if c := asks(o); c.OK || string(c.Reason) != cannotCompile || known(o) || o.balance(ann) != compiled-1 {
		t.Errorf("too little: %+v, %d left of %d", c, o.balance(ann), compiled-1)
	}
	if _, r := o.makes(ann, "", nil); r.Status != uint8(vm.Reverted) || string(r.Error) != cannotCompile || r.Gas != 0 || known(o) || o.balance(ann) != compiled-1 {
		t.Errorf("too little to make one: %d %s, %d left", r.Status, r.Error, o.balance(ann))
	}
	o.deposit(ann, 1)
	if c := asks(o); !c.OK || !known(o) || o.balance(ann) != 0 || o.balance(treasurer) != compiled {
		t.Errorf("enough: %+v, %d left", c, o.balance(ann))
	}
	if c := asks(o); !c.OK || o.balance(treasurer) != compiled {
		t.Errorf("again: %+v, %d paid", c, o.balance(treasurer))
	}
	audit(t, o.c, o.m)
	// By a constructor, which has what a command may use beside it.
	o = newOffice(t)
	o.terms(unit, 0, 0)
	o.deposit(ann, 2*CommandGas)
	_, first := o.makes(ann, "first", traps())
	_, second := o.makes(ann, "second", traps())
	if first.Status != uint8(vm.Trapped) || first.Gas != second.Gas+compiled || 2*CommandGas-o.balance(ann) != first.Gas+second.Gas || o.balance(treasurer) != first.Gas+second.Gas {
		t.Errorf("%d and %d gas, %d left", first.Gas, second.Gas, o.balance(ann))
	}
	audit(t, o.c, o.m)
	// Where gas costs nothing, nothing is counted for it either.
	o = newOffice(t)
	if _, r := o.makes(ann, "", nil); r.Gas >= compiled || !known(o) {
		t.Errorf("free: %d gas", r.Gas)
	}
}
