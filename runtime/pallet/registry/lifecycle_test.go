package registry_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/attest/devpki"
	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/pallet/attestation"
	"github.com/tacit-network/tacit/runtime/pallet/registry"
	"github.com/tacit-network/tacit/runtime/pallet/registry/words"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/tee/sim"
)

// instance is the registration of the worker's instance with a boot epoch.
func (w *world) instance(epoch uint64) registry.Register {
	info := w.info()
	info.BootEpoch = epoch
	return w.registration(info, w.Hash(0), w.Hash(info.RecentBlock))
}

func (w *world) must(err error) {
	w.tb.Helper()
	if err != nil {
		w.tb.Fatal(err)
	}
}

// pass lets time go by, with the hooks of a block each half hour.
func (w *world) pass(seconds uint64) {
	for end := w.Millis + seconds*1000; w.Millis < end; {
		w.Millis = min(w.Millis+1800_000, end)
		w.Number++
		w.registry.OnInitialize(w.Context())
	}
}

// names are those of the events so far, without those that say the same.
func (w *world) names() (list []string) {
	for _, e := range w.Take() {
		list = append(list, reflect.TypeOf(e).Name())
	}
	return list
}

func (w *world) standing() string {
	r, ok := w.registry.Workers.Get(w, w.id())
	if !ok {
		return "none"
	}
	_, _, speaks := w.registry.Session(w.Context(), w.id())
	return fmt.Sprintf("speaks %v works %v tier %d", speaks, w.registry.MayServe(w.Context(), w.id(), 0), r.Tier)
}

// TestRecovery goes through all that happens to a worker whose platform goes
// out of date.
func TestRecovery(t *testing.T) {
	w := newWorld(t)
	epoch := uint64(1)
	renew := func() error {
		err := w.Signed(operator, w.instance(epoch))
		if err == nil {
			epoch++
		}
		return err
	}
	w.must(renew())
	w.pass(day / 2)
	w.pcs.Recovery, w.pcs.Eval = true, 1
	w.Take()
	w.upload()
	began := w.Millis
	if got := w.names(); !slices.Equal(got, []string{"RecoveryBegan", "CollateralUpdated"}) {
		t.Errorf("events %q", got)
	}
	// A machine that comes only now is refused.
	stranger := newIdentity(t, 77)
	if err := w.Signed(operator, w.by(stranger, "another machine", 1)); !errors.Is(err, attestation.ErrRefusedByPolicy) {
		t.Errorf("a new machine that is out of date: %v", err)
	}
	w.must(renew())
	r, _ := w.registry.Workers.Get(w, w.id())
	if r.Status != attest.OutOfDate || r.OutdatedSince != began || r.DegradesAt != began+14*day*1000 || !slices.Contains(r.Advisories, "TACIT-DEV-00002") {
		t.Errorf("worker %+v", r)
	}
	// Another machine does not become good by the name of a registered worker.
	if err := w.Signed(operator, w.by(w.identity, "another machine", epoch)); !errors.Is(err, registry.ErrOtherPlatform) {
		t.Errorf("another machine in its name: %v", err)
	}
	// Neither does a second recovery give more time.
	w.pcs.Eval = 2
	for w.Millis < began+13*day*1000 {
		w.pass(day / 2)
		w.upload()
		w.must(renew())
	}
	if got := w.standing(); got != "speaks true works true tier 0" {
		t.Error("before the grace is over:", got)
	}
	w.must(renew())
	w.Take()
	w.pass((began+14*day*1000-w.Millis)/1000 - 1)
	w.must(renew())
	w.Take()
	w.pass(1)
	if got := w.standing(); got != "speaks true works false tier 0" {
		t.Error("when the grace is over:", got)
	}
	w.pass(120)
	if got := w.names(); !slices.Equal(got, []string{"WorkerDegraded"}) {
		t.Errorf("when the grace is over: events %q", got)
	}
	for w.Millis < began+27*day*1000 {
		w.pass(day / 2)
		w.upload()
		w.must(renew())
		if got := w.names(); slices.Contains(got, "WorkerDegraded") || slices.Contains(got, "WorkerExpired") {
			t.Fatalf("it is told again: %q", got)
		}
	}
	w.pass((began+28*day*1000-w.Millis)/1000 - 600)
	w.must(renew()) // for ten minutes
	w.Take()
	w.pass(600)
	if got := w.standing(); got != "speaks false works false tier 0" {
		t.Error("at the end:", got)
	}
	w.pass(120)
	if got := w.names(); !slices.Equal(got, []string{"WorkerExpired"}) {
		t.Errorf("at the end: events %q", got)
	}
	w.upload()
	if err := renew(); !errors.Is(err, attestation.ErrRefusedByPolicy) {
		t.Errorf("after the end: %v", err)
	}
	if p, _ := w.registry.Platforms.Get(w, r.Platform); p.Workers != 0 {
		t.Error("an expired worker takes a place on its machine")
	}
	w.pass(30 * day)
	if got := w.standing(); got != "none" || w.registry.Platforms.Has(w, r.Platform) == false {
		t.Error("it stays on record:", got)
	}
}

// A platform that is brought up to date in time goes on.
func TestRecovered(t *testing.T) {
	w := newWorld(t)
	w.must(w.Signed(operator, w.instance(1)))
	w.pass(60)
	w.pcs.Recovery, w.pcs.Eval = true, 1
	w.upload()
	w.must(w.Signed(operator, w.instance(2)))
	for epoch := uint64(3); w.Millis < (now+15*day)*1000; epoch++ {
		w.pass(day / 2)
		w.upload()
		w.must(w.Signed(operator, w.instance(epoch)))
	}
	if got := w.standing(); got != "speaks true works false tier 0" {
		t.Fatal(got)
	}
	w.pcs.Recovery, w.pcs.Eval = false, 3 // its vendor rates it well again
	w.pass(60)
	w.upload()
	w.Take()
	w.must(w.Signed(operator, w.instance(100)))
	if got := w.names(); !slices.Equal(got, []string{"WorkerRegistered", "WorkerRecovered"}) {
		t.Errorf("events %q", got)
	}
	if got := w.standing(); got != "speaks true works true tier 0" {
		t.Error(got)
	}
}

func newIdentity(t testing.TB, seed byte) keys.Pair {
	pair, err := keys.NewPair(keys.Sr25519, [32]byte{seed})
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

// by is a registration of another identity on a machine with a name.
func (w *world) by(who keys.Pair, machine string, epoch uint64) registry.Register {
	oldIdentity, oldSecret := w.identity, w.tee.Secret
	defer func() { w.identity, w.tee.Secret = oldIdentity, oldSecret }()
	w.identity, w.tee.Secret = who, []byte(machine)
	return w.instance(epoch)
}

// TestSweep revokes a machine's certificate: its workers are out in the same
// call, and nobody else's.
func TestSweep(t *testing.T) {
	w := newWorld(t)
	w.must(w.Signed(operator, w.instance(1)))
	second, other := newIdentity(t, 21), newIdentity(t, 22)
	same := registry.Register{}
	func() {
		old := w.identity
		defer func() { w.identity = old }()
		w.identity = second
		same = w.instance(1)
	}()
	w.must(w.Signed(operator, same))
	w.must(w.Signed(operator, w.by(other, "another machine", 1)))
	m, err := sim.Open(w.tee)
	w.must(err)
	w.Take()
	w.queue.pushed = nil
	w.pcs.RevokedPCK = [][]byte{m.Platform().Serial()}
	call := attestation.UploadCollateral{Collateral: *w.pcs.Collateral(attest.TDX, devpki.FMSPC, w.Millis/1000)}
	spent, err := w.Spent(chain.AccountID{77}, call)
	w.must(err)
	// By the weights in the pallet: 3 ms, one look, two workers.
	if want := frame.Time(3*frame.Millisecond + 20*frame.Microsecond + 2*100*frame.Microsecond); spent != want {
		t.Errorf("it weighs %v, want %v", spent, want)
	}
	if got := w.names(); !slices.Equal(got, []string{"WorkerRevoked", "WorkerRevoked", "CertificateRevoked", "CollateralUpdated"}) {
		t.Errorf("events %q", got)
	}
	for _, who := range []keys.Pair{w.identity, second} {
		id := [32]byte(who.Public())
		if _, _, ok := w.registry.Session(w.Context(), id); ok || w.registry.MayServe(w.Context(), id, 0) {
			t.Error("a worker of a revoked machine speaks or serves")
		}
		if r, ok := w.registry.Workers.Get(w, id); !ok || !r.Revoked {
			t.Error("it is not on record why")
		}
	}
	if len(w.queue.pushed) != 2 {
		t.Errorf("the workers are told %v", w.queue.pushed)
	}
	if !w.registry.MayServe(w.Context(), [32]byte(other.Public()), 0) {
		t.Error("a worker of another machine is out")
	}
	if err := w.Signed(operator, w.instance(2)); !errors.Is(err, attestation.ErrBadQuote) {
		t.Errorf("it comes back: %v", err)
	}
	// The machine gets another certificate, of another level.
	w.tee.Faults.Platform = devpki.NewPCE
	w.must(w.Signed(operator, w.instance(3)))
	if !w.registry.MayServe(w.Context(), w.id(), 0) {
		t.Error("a machine with a new certificate is out")
	}
}

// TestAuthorityRevoked revokes what certified the machines.
func TestAuthorityRevoked(t *testing.T) {
	w := newWorld(t)
	w.must(w.Signed(operator, w.instance(1)))
	// The collateral's own chain cannot hold any more with a revoked authority
	// in it: the root's list comes with a chain of the other one.
	w.registry.Workers.Put(w, w.id(), func() words.Worker {
		r, _ := w.registry.Workers.Get(w, w.id())
		r.Authority = words.CertificateID(0, 0, []byte{7})
		return r
	}())
	w.Take()
	w.pcs.RevokedRoot = [][]byte{{7}}
	w.upload()
	if got := w.names(); !slices.Equal(got, []string{"AuthorityRevoked", "CollateralUpdated"}) {
		t.Errorf("events %q", got)
	}
	if got := w.standing(); got != "speaks false works false tier 0" {
		t.Error(got)
	}
}

func TestCap(t *testing.T) {
	w := newWorld(t)
	w.must(w.Signed(operator, w.instance(1)))
	on := func(who keys.Pair, epoch uint64) error {
		old := w.identity
		defer func() { w.identity = old }()
		w.identity = who
		return w.Signed(operator, w.instance(epoch))
	}
	a, b := newIdentity(t, 31), newIdentity(t, 32)
	w.must(on(a, 1))
	if err := on(b, 1); !errors.Is(err, registry.ErrPlatformFull) {
		t.Errorf("a third worker on a machine for two: %v", err)
	}
	w.must(on(a, 2)) // who is there may come again
	r, _ := w.registry.Workers.Get(w, w.id())
	w.must(w.Root(registry.SetPlatformCap{Platform: r.Platform, Cap: 3}))
	w.must(on(b, 1))
	w.must(w.Signed(operator, registry.Deregister{Worker: [32]byte(a.Public())}))
	if p, _ := w.registry.Platforms.Get(w, r.Platform); p.Workers != 2 || p.Cap != 3 {
		t.Errorf("platform %+v", p)
	}
	if got := w.registry.PlatformWorkers.Get(w, r.Platform); len(got) != 2 {
		t.Errorf("workers %x", got)
	}
	if err := w.Root(registry.SetPlatformCap{Platform: hash.H256{1}}); !errors.Is(err, registry.ErrUnknownPlatform) {
		t.Errorf("unknown platform: %v", err)
	}
	if err := w.Signed(operator, registry.SetPlatformCap{Platform: r.Platform}); err == nil {
		t.Error("anyone sets caps")
	}
}

func TestFreeze(t *testing.T) {
	w := newWorld(t)
	w.must(w.Signed(operator, w.instance(1)))
	if err := w.Signed(operator, registry.Freeze{Frozen: true}); err == nil {
		t.Error("anyone freezes")
	}
	w.must(w.Root(registry.Freeze{Frozen: true}))
	if err := w.Signed(operator, w.by(newIdentity(t, 41), "another machine", 1)); !errors.Is(err, registry.ErrFrozen) {
		t.Errorf("a new worker: %v", err)
	}
	if err := w.Signed(operator, w.by(w.identity, "another machine", 2)); !errors.Is(err, registry.ErrFrozen) {
		t.Errorf("another machine in the worker's name: %v", err)
	}
	w.must(w.Signed(operator, w.instance(2)))
	w.must(w.Signed(operator, registry.Deregister{Worker: w.id()}))
	if err := w.Signed(operator, w.instance(3)); !errors.Is(err, registry.ErrFrozen) {
		t.Errorf("one that left: %v", err)
	}
	w.must(w.Root(registry.Freeze{}))
	w.must(w.Signed(operator, w.instance(3)))
}

// TestImageUpgrade runs two programs side by side; the way leads to the newer.
func TestImageUpgrade(t *testing.T) {
	w := production(t)
	w.must(w.Signed(operator, w.instance(1)))
	old := w.tee.MRTD
	newer := attest.Digest{43}
	w.must(w.Root(attestation.AddImage{Name: []byte("tacit-worker"), Version: 2, Measurement: sim.Measurement(newer), ActiveFrom: w.Number, TierMax: 2}))
	w.tee.MRTD = newer
	w.must(w.Signed(operator, w.instance(2)))
	w.tee.MRTD = old
	if err := w.Signed(operator, w.instance(3)); !errors.Is(err, registry.ErrOlderImage) {
		t.Errorf("back to the older program: %v", err)
	}
	w.must(w.Signed(operator, registry.Deregister{Worker: w.id()}))
	if err := w.Signed(operator, w.instance(3)); !errors.Is(err, registry.ErrOlderImage) {
		t.Errorf("back by way of leaving: %v", err)
	}
	// Others still run the older one, which is not retired.
	w.must(w.Signed(operator, w.by(newIdentity(t, 51), "another machine", 1)))
	w.must(w.Root(attestation.RetireImage{Image: attest.ImageID(sim.Measurement(old)), At: w.Number + 10}))
	id := [32]byte(newIdentity(t, 51).Public())
	w.Number += 9
	if !w.registry.MayServe(w.Context(), id, 0) {
		t.Error("the older program is retired too early")
	}
	w.Number++
	if _, _, speaks := w.registry.Session(w.Context(), id); !speaks || w.registry.MayServe(w.Context(), id, 0) {
		t.Error("a worker of a retired program goes on with what it has, and gets nothing new")
	}
}

// On simulated hardware developers go back and forth.
func TestImageBack(t *testing.T) {
	w := newWorld(t)
	old := w.tee.MRTD
	w.must(w.Root(attestation.AddImage{Name: []byte("tacit-worker"), Version: 2, Measurement: sim.Measurement(attest.Digest{43})}))
	w.tee.MRTD = attest.Digest{43}
	w.must(w.Signed(operator, w.instance(1)))
	w.tee.MRTD = old
	w.must(w.Signed(operator, w.instance(2)))
}

func TestDraining(t *testing.T) {
	w := newWorld(t)
	drain := registry.SetDraining{Worker: w.id(), Draining: true}
	if err := w.Signed(operator, drain); !errors.Is(err, registry.ErrUnknownWorker) {
		t.Errorf("no worker: %v", err)
	}
	w.must(w.Signed(operator, w.instance(1)))
	if err := w.Signed(chain.AccountID{2}, drain); !errors.Is(err, registry.ErrNotOperator) {
		t.Errorf("another signer: %v", err)
	}
	w.must(w.Signed(operator, drain))
	if got := w.standing(); got != "speaks true works false tier 0" {
		t.Error(got)
	}
	w.must(w.Signed(operator, w.instance(2)))
	if got := w.standing(); got != "speaks true works false tier 0" {
		t.Error("after it registered again:", got)
	}
	drain.Draining = false
	w.must(w.Signed(operator, drain))
	if got := w.standing(); got != "speaks true works true tier 0" {
		t.Error(got)
	}
}

func TestRemoveWorker(t *testing.T) {
	w := newWorld(t)
	w.must(w.Signed(operator, w.instance(1)))
	if err := w.Signed(operator, registry.RemoveWorker{Worker: w.id()}); err == nil {
		t.Error("anyone removes workers")
	}
	w.must(w.Root(registry.RemoveWorker{Worker: w.id()}))
	if err := w.Root(registry.RemoveWorker{Worker: w.id()}); !errors.Is(err, registry.ErrUnknownWorker) || w.standing() != "none" {
		t.Errorf("twice: %v, %s", err, w.standing())
	}
}

// production makes the world one of real hardware, as far as the chain knows:
// its only anchor is of class Production.
func production(t testing.TB) *world {
	w := newWorld(t)
	w.must(w.Root(attestation.SetAnchor{ID: 0, Kind: attestation.Development, Certificate: w.pcs.PKI.Anchor()}))
	w.pcs = &devpki.PCS{PKI: devpki.New("a vendor")}
	w.must(w.Root(attestation.SetAnchor{ID: 1, Kind: attestation.Intel, Certificate: w.pcs.PKI.Anchor(), Enabled: true}))
	w.tee.Seed = "a vendor"
	w.must(w.Signed(operator, attestation.UploadCollateral{Anchor: 1, Collateral: *w.pcs.Collateral(attest.TDX, devpki.FMSPC, w.Millis/1000)}))
	w.Take()
	return w
}

func TestTiers(t *testing.T) {
	w := production(t)
	w.must(w.Signed(operator, w.instance(1)))
	r, _ := w.registry.Workers.Get(w, w.id())
	tier := func(want uint8, when string) {
		t.Helper()
		r, _ := w.registry.Workers.Get(w, w.id())
		ctx := w.Context()
		if r.Tier != want || w.registry.MayServe(ctx, w.id(), want+1) || !w.registry.MayServe(ctx, w.id(), want) {
			t.Errorf("%s: tier %d, want %d", when, r.Tier, want)
		}
	}
	tier(1, "at first")
	a, b, c := chain.AccountID{0xA}, chain.AccountID{0xB}, chain.AccountID{0xC}
	for _, bad := range []registry.SetEndorsers{
		{Accounts: []chain.AccountID{a, a}, Quorum: 1}, {Accounts: []chain.AccountID{a}, Quorum: 2},
		{Accounts: []chain.AccountID{a, b, c, {0xD}}, Quorum: 1},
	} {
		if err := w.Root(bad); !errors.Is(err, registry.ErrBadEndorsers) {
			t.Errorf("%v: %v", bad, err)
		}
	}
	if err := w.Signed(a, registry.SetEndorsers{Accounts: []chain.AccountID{a}, Quorum: 1}); err == nil {
		t.Error("anyone names endorsers")
	}
	w.must(w.Root(registry.SetEndorsers{Accounts: []chain.AccountID{a, b, c}, Quorum: 2}))
	vouch := registry.Endorse{Platform: r.Platform, Endorsed: true}
	if err := w.Signed(operator, vouch); !errors.Is(err, registry.ErrNotEndorser) {
		t.Errorf("the operator vouches: %v", err)
	}
	if err := w.Signed(a, registry.Endorse{Platform: hash.H256{1}, Endorsed: true}); !errors.Is(err, registry.ErrUnknownPlatform) {
		t.Errorf("unknown platform: %v", err)
	}
	w.must(w.Signed(a, vouch))
	w.must(w.Signed(a, vouch)) // twice is once
	stake := registry.Stake{Worker: w.id(), Amount: scale.U64(600)}
	w.must(w.Signed(operator, stake))
	if err := w.Signed(a, stake); !errors.Is(err, registry.ErrNotOperator) {
		t.Errorf("another's stake: %v", err)
	}
	w.must(w.Signed(operator, stake))
	tier(1, "with stake and one of two")
	w.must(w.Signed(b, vouch))
	tier(2, "with stake and two of two")
	w.must(w.Signed(operator, w.instance(2)))
	tier(2, "after it registered again")
	w.must(w.Root(registry.SetEndorsers{Accounts: []chain.AccountID{b, c}, Quorum: 2}))
	if w.registry.MayServe(w.Context(), w.id(), 2) {
		t.Error("the word of those who are no endorsers any more counts")
	}
	w.must(w.Signed(c, vouch))
	tier(2, "with the new endorsers")
	w.must(w.Signed(operator, registry.Unstake{Worker: w.id()}))
	tier(1, "under notice")
	if err := w.Signed(operator, stake); !errors.Is(err, registry.ErrStakeBound) {
		t.Errorf("stake under notice: %v", err)
	}
	if err := w.Signed(operator, registry.Unstake{Worker: w.id()}); !errors.Is(err, registry.ErrStakeBound) {
		t.Errorf("notice twice: %v", err)
	}
	w.Number += 49
	if err := w.Signed(operator, registry.WithdrawStake{Worker: w.id()}); !errors.Is(err, registry.ErrStakeBound) || w.money.held != 1200 {
		t.Errorf("before the notice is over: %v, %d held", err, w.money.held)
	}
	w.Number++
	w.must(w.Signed(operator, registry.WithdrawStake{Worker: w.id()}))
	if w.money.held != 0 {
		t.Errorf("%d is still held", w.money.held)
	}
	if err := w.Signed(operator, registry.WithdrawStake{Worker: w.id()}); !errors.Is(err, registry.ErrNoStake) {
		t.Errorf("twice: %v", err)
	}
	stake.Amount = scale.U64(1000)
	w.must(w.Signed(operator, stake))
	tier(2, "with stake again")
	vouch.Endorsed = false
	w.must(w.Signed(b, vouch))
	tier(1, "when an endorser takes it back")
}

// A simulated machine reaches no tier, whoever vouches for it.
func TestSimulatedTier(t *testing.T) {
	w := newWorld(t)
	w.must(w.Signed(operator, w.instance(1)))
	r, _ := w.registry.Workers.Get(w, w.id())
	a := chain.AccountID{0xA}
	w.must(w.Root(registry.SetEndorsers{Accounts: []chain.AccountID{a}, Quorum: 1}))
	w.must(w.Signed(a, registry.Endorse{Platform: r.Platform, Endorsed: true}))
	w.must(w.Signed(operator, registry.Stake{Worker: w.id(), Amount: scale.U64(5000)}))
	if got := w.standing(); got != "speaks true works true tier 0" || w.registry.MayServe(w.Context(), w.id(), 1) {
		t.Error(got)
	}
}
