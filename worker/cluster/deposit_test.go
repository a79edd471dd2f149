package cluster

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/tacit-network/tacit/contract/frame"
	"github.com/tacit-network/tacit/contract/host"
	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	"github.com/tacit-network/tacit/scale"
)

// What a contract stores more is charged to who sent the message, at the price of
// then; what it stores less gives back its part of what is held, to who sent
// that one. The numbers are those that pallet-contracts' rules give: items and
// bytes apart, bytes of keys and values.
func TestDeposits(t *testing.T) {
	o := newOffice(t)
	o.deposit(ann, 10_000)
	o.deposit(ben, 10_000)
	id, _ := o.makes(ann, "", sets(9, 8)) // while storage is free
	second, _ := o.makes(ann, "second", nil)
	if d := o.stored(id); d != (deposit{Items: 1, Bytes: 40}) {
		t.Errorf("while it is free: %+v", d)
	}
	for _, s := range []struct {
		name     string
		do       func()
		ann, ben int64 // what they get
		want     deposit
	}{
		{"terms", func() { o.terms(0, 100, 2) }, 0, 0, deposit{1, 40, u(0), u(0)}},
		{"an entry of 10 bytes", func() { o.call(ann, id, sets(1, 10)) }, -184, 0, deposit{2, 82, u(100), u(84)}},
		{"the same again", func() { o.call(ben, id, sets(1, 10)) }, 0, 0, deposit{2, 82, u(100), u(84)}},
		{"3 bytes more, by ben", func() { o.call(ben, id, sets(1, 13)) }, 0, -6, deposit{2, 85, u(100), u(90)}},
		{"a second price", func() { o.terms(0, 10, 1) }, 0, 0, deposit{2, 85, u(100), u(90)}},
		// 5 of 85 bytes are gone: 90 · 5 / 85 = 5.29.
		{"5 bytes less, by ben", func() { o.call(ben, id, sets(1, 8)) }, 0, 5, deposit{2, 80, u(100), u(85)}},
		// An entry more and one less in one call, of other sizes: 2 bytes more.
		{"one for another", func() { o.call(ann, id, clears(1), sets(2, 10)) }, -2, 0, deposit{2, 82, u(100), u(87)}},
		// 10 for the entry, but 87 · 42 / 82 = 44 back for what is left of the bytes.
		{"an entry of none for one of 10", func() { o.call(ann, id, clears(2), sets(3, 0), sets(4, 0)) }, -10 - 22, 0, deposit{3, 104, u(110), u(109)}},
		// 110 · 1 / 3 = 36 and 109 · 32 / 104 = 33.
		{"one entry less", func() { o.call(ben, id, clears(3)) }, 0, 36 + 33, deposit{2, 72, u(74), u(76)}},
		{"and reverts", func() { o.call(ann, id, sets(5, 5), reverts()) }, 0, 0, deposit{2, 72, u(74), u(76)}},
		{"and traps", func() { o.call(ann, id, sets(5, 5), traps()) }, 0, 0, deposit{2, 72, u(74), u(76)}},
		// Another contract's storage is charged to the same account, and held there.
		{"a contract calls another", func() { o.call(ben, second, calls(id, sets(6, 0))) }, 0, -42, deposit{3, 104, u(84), u(108)}},
		{"all is gone", func() { o.call(ann, id, clears(4), clears(6), clears(9)) }, 84 + 108, 0, deposit{}},
		{"what is not there", func() { o.call(ann, id, clears(4)) }, 0, 0, deposit{}},
	} {
		a, b, held := int64(o.balance(ann)), int64(o.balance(ben)), o.held()
		s.do()
		if x, y := int64(o.balance(ann))-a, int64(o.balance(ben))-b; x != s.ann || y != s.ben || o.stored(id) != s.want || o.held() != held {
			t.Errorf("%s: ann gets %d and ben %d, want %d and %d; %+v, want %+v; %d held", s.name, x, y, s.ann, s.ben, o.stored(id), s.want, o.held())
		}
		audit(t, o.c, o.m)
	}
	if d := o.stored(second); d != (deposit{}) {
		t.Errorf("the contract between holds %+v", d)
	}
	// A constructor's is charged to who makes the contract.
	before := o.balance(ben)
	third, r := o.makes(ben, "third", sets(1, 1))
	if r.Status != 0 || before-o.balance(ben) != 43 || o.stored(third) != (deposit{1, 33, u(10), u(33)}) {
		t.Errorf("a constructor: %+v, %d paid, %+v", r, before-o.balance(ben), o.stored(third))
	}
}

// Who cannot pay the deposit changes nothing, and pays for the gas alone.
func TestDepositUnpaid(t *testing.T) {
	o := newOffice(t)
	id, _ := o.makes(ben, "", nil)
	o.terms(unit, 1000, 1)
	o.deposit(ann, 3_000_000)
	r := o.call(ann, id, sets(1, 1))
	if r.Status != 0 {
		t.Fatalf("%s", r.Error)
	}
	used, left := r.Gas, o.balance(ann)
	if 3_000_000-left != used+1033 {
		t.Errorf("%d gas, %d paid", used, 3_000_000-left)
	}
	// All but what an entry takes, by one.
	o.reply(o.act(ann, words.Withdraw{To: ben, Amount: u(left - used - 1032)}))
	for _, name := range []string{"command", "constructor"} {
		before, paid, stored := o.balance(ann), o.balance(treasurer), o.stored(id)
		made := id
		if name == "command" {
			r = o.call(ann, id, sets(2, 1))
		} else {
			o.deposit(ann, used)
			before = o.balance(ann)
			made, r = o.makes(ann, "new", sets(2, 1))
		}
		if r.Status != uint8(vm.Reverted) || !strings.HasPrefix(string(r.Error), "what contracts store more takes a deposit of 1033, and the account holds ") || len(r.Output) > 0 {
			t.Errorf("%s: status %d, %s", name, r.Status, r.Error)
		}
		if before-o.balance(ann) != r.Gas || o.balance(treasurer)-paid != r.Gas || o.stored(id) != stored {
			t.Errorf("%s: %d paid for %d gas, %+v", name, before-o.balance(ann), r.Gas, o.stored(id))
		}
		if has, err := o.c.Has(o.m, made); err != nil || has != (name == "command") {
			t.Errorf("%s: the contract is there: %v, %v", name, has, err)
		}
		audit(t, o.c, o.m)
	}
	// With one more it is enough.
	o.deposit(ann, used+1033)
	if r := o.call(ann, id, sets(2, 1)); r.Status != 0 {
		t.Errorf("%s", r.Error)
	}
}

// What is held for a contract that ends goes to its heir, or to the heir's heir,
// or to the origin where there is none left.
func TestDepositOfTheDead(t *testing.T) {
	cat := func(parts ...[]byte) (out []byte) {
		for _, p := range parts {
			out = append(out, p...)
		}
		return out
	}
	heir, third := keys.AccountID{0x51}, [32]byte{}
	for _, tt := range []struct {
		name string
		do   func(a, b [32]byte) []byte // what a hub is told, by ann
		heir uint64
		ann  int64 // beside what he paid
		gone int
	}{
		{"an account", func(a, b [32]byte) []byte { return calls(a, ends(heir)) }, 65, 0, 1},
		{"the other contract", func(a, b [32]byte) []byte { return calls(a, ends(b)) }, 0, 0, 1},
		{"the other's heir", func(a, b [32]byte) []byte { return cat(calls(a, ends(b)), calls(b, ends(heir))) }, 130, 0, 2},
		{"the heir of what ended before", func(a, b [32]byte) []byte { return cat(calls(b, ends(heir)), calls(a, ends(b))) }, 130, 0, 2},
		{"itself", func(a, b [32]byte) []byte { return calls(a, ends(a)) }, 0, 65, 1},
		{"one another", func(a, b [32]byte) []byte { return cat(calls(a, ends(b)), calls(b, ends(a))) }, 0, 130, 2},
		{"the origin, after it wrote", func(a, b [32]byte) []byte { return calls(a, cat(sets(5, 100), ends(ann))) }, 0, 65, 1},
		{"what ended long ago", func(a, b [32]byte) []byte { return calls(a, ends(third)) }, 0, 65, 1},
		{"nobody, since it reverts", func(a, b [32]byte) []byte { return cat(calls(a, ends(heir)), reverts()) }, 0, 0, 0},
	} {
		o := newOffice(t)
		o.deposit(ann, 1000)
		o.terms(0, 32, 1)
		hub, _ := o.makes(ann, "hub", nil)
		long, _ := o.makes(ann, "long", nil)
		o.call(ann, long, ends(heir))
		third = long
		a, _ := o.makes(ann, "a", sets(1, 1))
		b, _ := o.makes(ann, "b", sets(1, 1))
		before := o.balance(ann)
		o.call(ann, hub, tt.do(a, b))
		ended := 0
		for _, id := range []hash.H256{a, b} {
			if has, _ := o.c.Has(o.m, id); !has {
				ended++
				if o.stored(id) != (deposit{}) {
					t.Errorf("%s: %+v is left", tt.name, o.stored(id))
				}
			}
		}
		rest := uint64(0)
		if tt.name == "the other contract" {
			rest = o.balance(keys.AccountID(b))
		}
		if o.balance(heir) != tt.heir || int64(o.balance(ann))-int64(before) != tt.ann || ended != tt.gone || tt.name == "the other contract" && rest != 65 {
			t.Errorf("%s: the heir has %d, ann gets %d, %d ended, the other has %d", tt.name, o.balance(heir), int64(o.balance(ann))-int64(before), ended, rest)
		}
		audit(t, o.c, o.m)
	}
}

// What was stored before anything was counted counts as nothing, and what goes
// of it gives no more back than is held.
func TestDepositUncounted(t *testing.T) {
	o := newOffice(t)
	o.deposit(ann, 10_000)
	id, _ := o.makes(ann, "", append(sets(1, 50), sets(2, 50)...))
	tx, err := o.c.Begin(o.m)
	if err != nil {
		t.Fatal(err)
	}
	tx.setDeposit(id, deposit{})
	o.m.apply(changed(t, tx))
	o.terms(0, 100, 1)
	for _, s := range []struct {
		name string
		do   []byte
		get  int64
		want deposit
	}{
		{"some of it goes", sets(1, 40), 0, deposit{}},
		{"more comes", sets(3, 8), -140, deposit{1, 40, u(100), u(40)}},
		{"some more of it goes", sets(1, 30), 10, deposit{1, 30, u(100), u(30)}},
		{"all of one goes", clears(1), 130, deposit{}},
		{"and the other", clears(2), 0, deposit{}},
		{"what was paid for", clears(3), 0, deposit{}},
	} {
		before := int64(o.balance(ann))
		if r := o.call(ann, id, s.do); r.Status != 0 || int64(o.balance(ann))-before != s.get || o.stored(id) != s.want {
			t.Errorf("%s: %s, ann gets %d, %+v", s.name, r.Error, int64(o.balance(ann))-before, o.stored(id))
		}
	}
	if tx, err = o.c.Begin(o.m); err != nil {
		t.Fatal(err)
	}
	tx.set(depositName(id), []byte{1})
	if tx.deposit(id); tx.err == nil {
		t.Error("a damaged deposit is taken")
	}
}

// Dry runs tell what is charged and what comes back, and fail as the call would;
// limits are kept.
func TestDepositLimits(t *testing.T) {
	c := newChain(t)
	o := newOffice(t)
	c.c.codes = o.codes
	alice := pair(t, keys.Sr25519, "//Alice")
	me := alice.AccountID()
	c.put(func(tx *Tx) {
		tx.set(codeName(keeperCode), []byte{})
		ledger{tx}.put(heldName, u(1000))
	})
	c.send(pallet, words.Terms{DepositPerItem: u(100), DepositPerByte: u(1)})
	id := words.ContractID(me, keeperCode, c.c.id, nil)
	of := func(n uint64) *frame.CompactBalance { return &frame.CompactBalance{Value: u(n)} }
	dry := func(do []byte, limit *frame.CompactBalance) string {
		t.Helper()
		out, err := c.c.Ask(context.Background(), c.m, Asked{Origin: me, StateCall: frame.StateCall{Method: frame.MethodCall, Args: scale.Marshal(frame.CallArgs{
			Origin: me, Dest: keys.AccountID(id), StorageDepositLimit: amount(limit), InputData: do,
		})}})
		if err != nil {
			t.Fatal(err)
		}
		r, err := scale.Decode[frame.CallResult](out)
		if err != nil || r.GasConsumed.RefTime == 0 || r.GasRequired.RefTime <= r.GasConsumed.RefTime {
			t.Fatalf("%+v %v", r, err)
		}
		if !r.Result.OK {
			return fmt.Sprintf("%T %v, error %d", r.StorageDeposit, r.StorageDeposit, r.Result.Err.(frame.ModuleError).Error[0])
		}
		return fmt.Sprintf("%T %v", r.StorageDeposit, r.StorageDeposit)
	}
	nonce := uint32(0)
	do := func(name string, call frame.RuntimeCall, want int, left uint64) {
		t.Helper()
		if got := c.bring(scale.Marshal(c.sign(alice, nonce, call, 0, 0))); got.failure(t) != want || c.balance(me) != left {
			t.Errorf("%s: error %d, want %d; %d left, want %d", name, got.failure(t), want, c.balance(me), left)
		}
		nonce++
		audit(t, c.c, c.m)
	}
	making := func(limit *frame.CompactBalance) frame.Instantiate {
		x := instantiate(keeperCode, "", sets(1, 8))
		x.StorageDepositLimit = limit
		return x
	}
	within := func(do []byte, limit *frame.CompactBalance) frame.Call {
		x := to(id, do)
		x.StorageDepositLimit = limit
		return x
	}
	out, err := c.c.Ask(context.Background(), c.m, Asked{Origin: me, StateCall: frame.StateCall{Method: frame.MethodInstantiate, Args: scale.Marshal(frame.InstantiateArgs{
		Origin: me, Code: frame.Existing{Hash: keeperCode}, Data: sets(1, 8),
	})}})
	if err != nil {
		t.Fatal(err)
	}
	if made, err := scale.Decode[frame.InstantiateResult](out); err != nil || !made.Result.OK || made.StorageDeposit != (frame.Charge{Amount: u(140)}) {
		t.Errorf("a dry run of the constructor: %+v %v", made, err)
	}
	const short, over = int(frame.ErrStorageDepositNotEnoughFunds), int(frame.ErrStorageDepositLimitExhausted)
	do("constructor above its limit", making(of(139)), over, 1000)
	do("constructor", making(of(140)), -1, 860)
	for _, tt := range []struct {
		do    []byte
		limit *frame.CompactBalance
		want  string
	}{
		{sets(2, 0), nil, "frame.Charge {132}"}, {sets(2, 0), of(132), "frame.Charge {132}"}, {sets(2, 0), of(131), "frame.Charge {0}, error 23"},
		{clears(1), of(0), "frame.Refund {140}"}, {nil, of(0), "frame.Charge {0}"}, {reverts(), nil, "frame.Charge {0}"},
		{append(sets(2, 250), append(sets(3, 250), sets(4, 250)...)...), nil, "frame.Charge {0}, error 22"},
	} {
		if got := dry(tt.do, tt.limit); got != tt.want {
			t.Errorf("dry run of %.8q: %s, want %s", tt.do, got, tt.want)
		}
	}
	do("above its limit", within(sets(2, 0), of(131)), over, 860)
	do("at its limit", within(sets(2, 0), of(132)), -1, 728)
	do("more than there is", within(append(sets(4, 250), append(sets(5, 250), sets(6, 250)...)...), nil), short, 728)
	do("more than there is, of a limit above it", within(append(sets(4, 250), append(sets(5, 250), sets(6, 250)...)...), of(10_000)), short, 728)
	do("back", within(append(clears(1), clears(2)...), of(0)), -1, 1000)
}

// Whatever is sent, the sum of the ledger is that of balances and deposits, what is
// counted is what is stored, and replicas agree, also one that begins with a
// snapshot.
func TestAllIsKept(t *testing.T) {
	rng := rand.New(rand.NewPCG(21, 22))
	a, b := newOffice(t), newOffice(t)
	people := []keys.AccountID{{1}, {2}, {3}, treasurer}
	var all []hash.H256
	heirs := [][32]byte{{1}, {0x99}}
	something := func(depth int) (do []byte) {
		var some func(depth int) []byte
		some = func(depth int) (do []byte) {
			for range rng.IntN(5) {
				switch rng.IntN(12) {
				case 0, 1, 2, 3, 4:
					do = append(do, sets(byte(rng.IntN(6)), rng.IntN(90))...)
				case 5, 6, 7:
					do = append(do, clears(byte(rng.IntN(6)))...)
				case 8, 9:
					if depth > 0 {
						if inner := some(depth - 1); len(inner) < 256 {
							do = append(do, calls(all[rng.IntN(len(all))], inner)...)
						}
					}
				case 10:
					switch rng.IntN(4) {
					case 0:
						return append(do, reverts()...)
					case 1:
						return append(do, traps()...)
					}
				case 11:
					if rng.IntN(3) == 0 {
						return append(do, ends(append(heirs, all[rng.IntN(len(all))])[rng.IntN(3)])...)
					}
				}
			}
			return do
		}
		return some(depth)
	}
	for _, o := range []*office{a, b} {
		for _, p := range people {
			o.deposit(p, 8_000_000)
		}
	}
	ok, short := 0, 0
	for i := range 250 {
		who := people[rng.IntN(len(people))]
		var from = accountOf(who)
		var m words.ClusterMessage
		switch k := rng.IntN(20); {
		case k == 0 || i == 20:
			m = words.Terms{GasPrice: u(rng.Uint64N(3 * unit)), DepositPerItem: u(rng.Uint64N(50_000)), DepositPerByte: u(rng.Uint64N(3000)), Treasury: treasurer}
			from = pallet
		case k == 1:
			m, from = words.Deposit{From: who, Amount: u(rng.Uint64N(3_000_000))}, pallet
		case k == 2:
			m = words.Transact{Envelope: a.seal(who, a.c.id, 3, scale.Encode[words.Action](words.Withdraw{To: ben, Amount: u(rng.Uint64N(3_000_000))}))}
		case k < 6 || len(all) == 0:
			salt := fmt.Sprint(i)
			id := words.ContractID(who, keeperCode, a.c.id, []byte(salt))
			all = append(all, id)
			m = words.Instantiate{Contract: id, Deployer: who, Code: keeperCode, Salt: []byte(salt), Envelope: a.seal(who, id, 0, something(1))}
		case k < 10:
			call := words.Call{Contract: all[rng.IntN(len(all))], Value: u(rng.Uint64N(1000)), Input: something(2)}
			m = words.Transact{Envelope: a.seal(who, a.c.id, 3, scale.Encode[words.Action](call))}
		default:
			id := all[rng.IntN(len(all))]
			m = words.Command{Contract: id, Envelope: a.seal(who, id, 0, something(2))}
		}
		held := a.held()
		r, again := a.send(from, m), b.send(from, m)
		if r.Receipt.Status != again.Receipt.Status || r.Receipt.Gas != again.Receipt.Gas {
			t.Fatalf("message %d: replicas say %+v and %+v", i, r.Receipt, again.Receipt)
		}
		if _, given := m.(words.Deposit); !given && r.Withdrawal == nil && a.held() != held {
			t.Fatalf("message %d: %d are held, before it %d", i, a.held(), held)
		}
		if rx, ry := rootOf(t, a), rootOf(t, b); rx != ry {
			t.Fatalf("message %d: replicas reach %v and %v", i, rx, ry)
		}
		if len(r.Receipt.Output) > 0 {
			switch reply := a.reply(r); {
			case reply.Status == 0:
				ok++
			case strings.Contains(string(reply.Error), "deposit") || strings.Contains(string(reply.Error), "gas"):
				short++
			}
		}
		audit(t, a.c, a.m)
		if t.Failed() {
			t.Fatalf("message %d: %+v", i, m)
		}
	}
	if ok < 50 || short < 5 {
		t.Errorf("%d executions succeeded, %d could not be paid for", ok, short)
	}
	snap, chunks := taken(t, a.c, shelf(a.m), a.seq)
	late := newOffice(t)
	if err := restored(late.c, snap, &Restoring{}, shelf(late.m), chunks...); err != nil {
		t.Fatal(err)
	}
	if late.seq = a.seq; rootOf(t, late) != rootOf(t, a) {
		t.Error("the snapshot's state has another root")
	}
	audit(t, late.c, late.m)
}

// A message that sets no limit has contracts store no more than the terms' limit:
// a contract cannot take all that its caller has. One that sets a limit may.
func TestDepositDefault(t *testing.T) {
	c := newChain(t)
	o := newOffice(t)
	c.c.codes, o.book = o.codes, c.book
	alice := pair(t, keys.Sr25519, "//Alice")
	me := alice.AccountID()
	c.put(func(tx *Tx) {
		tx.set(codeName(keeperCode), []byte{})
		ledger{tx}.put(heldName, u(1000))
	})
	c.send(pallet, words.Terms{DepositPerItem: u(1)})
	id, r := o.makes(me, "", nil)
	if r.Status != 0 {
		t.Fatalf("%s", r.Error)
	}
	var most []byte
	for i := range words.DefaultItems {
		most = append(most, sets(byte(i), 0)...)
	}
	more := append(most[:len(most):len(most)], sets(0, 0)...)
	more[len(more)-2] = 1 // the end of another key
	if r := o.call(me, id, more); r.Status != uint8(vm.Reverted) || string(r.Error) != "what contracts store more takes a deposit of 257, above the limit of 256" || c.balance(me) != 1000 {
		t.Errorf("above: %d %s, %d left", r.Status, r.Error, c.balance(me))
	}
	call := to(id, more)
	if got := c.bring(scale.Marshal(c.sign(alice, 0, call, 0, 0))).failure(t); got != int(frame.ErrStorageDepositLimitExhausted) || c.balance(me) != 1000 {
		t.Errorf("above, signed: error %d, %d left", got, c.balance(me))
	}
	call.StorageDepositLimit = &frame.CompactBalance{Value: u(257)}
	if got := c.bring(scale.Marshal(c.sign(alice, 1, call, 0, 0))).failure(t); got != -1 || c.balance(me) != 743 {
		t.Errorf("with a limit: error %d, %d left", got, c.balance(me))
	}
	id, _ = o.makes(me, "second", nil)
	if r := o.call(me, id, most); r.Status != 0 || c.balance(me) != 743-256 {
		t.Errorf("at the limit: %s, %d left", r.Error, c.balance(me))
	}
	audit(t, c.c, c.m)
}

// priced remembers the prices that contracts ran at.
type priced struct {
	Codes
	seen []host.Prices
}

func (p *priced) Run(ctx context.Context, code hash.H256, export string, env host.Env, around host.Records, gas uint64) (host.Result, error) {
	p.seen = append(p.seen, env.Prices)
	return p.Codes.Run(ctx, code, export, env, around, gas)
}

// Contracts run at the prices of the terms, in commands and in what tries one:
// they count for the limits that contracts set for one another.
func TestPricesAreTold(t *testing.T) {
	o := newOffice(t)
	o.deposit(ann, 1_000_000)
	p := &priced{Codes: o.codes}
	o.c.codes = p
	id, _ := o.makes(ann, "", nil)
	o.terms(0, 7, 3)
	o.call(ann, id, sets(1, 2))
	if _, err := o.c.Query(context.Background(), o.m, Call{Contract: id, Origin: ann}); err != nil {
		t.Fatal(err)
	}
	if _, err := o.c.Ask(context.Background(), o.m, Asked{Origin: ann, StateCall: frame.StateCall{Method: frame.MethodCall, Args: scale.Marshal(frame.CallArgs{
		Origin: ann, Dest: keys.AccountID(id),
	})}}); err != nil {
		t.Fatal(err)
	}
	now := host.Prices{Item: u(7), Byte: u(3)}
	if want := []host.Prices{{}, now, now, now}; !slices.Equal(p.seen, want) {
		t.Errorf("prices %v, want %v", p.seen, want)
	}
}
