package registry_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/attest/devpki"
	"github.com/tacit-network/tacit/attest/report"
	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/frame/frametest"
	"github.com/tacit-network/tacit/runtime/pallet/attestation"
	clusters "github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/runtime/pallet/registry"
	"github.com/tacit-network/tacit/runtime/pallet/registry/words"
	"github.com/tacit-network/tacit/runtime/storage"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/tee/sim"
)

const (
	now = 1795305600 // 2026-11-22
	day = 86400
)

var operator = chain.AccountID{1}

// outbox is a queue that only remembers.
type outbox struct{ pushed []clusters.WorkerMessage }

func (o *outbox) Push(_ *frame.Context, to queue.Destination, origin queue.MessageOrigin, payload []byte) (uint64, error) {
	m, err := scale.Decode[clusters.WorkerMessage](payload)
	if err != nil {
		return 0, err
	}
	if p, ok := origin.(queue.OriginPallet); !ok || string(p.Name) != "Registry" {
		return 0, errors.New("wrong origin")
	}
	o.pushed = append(o.pushed, m)
	return uint64(len(o.pushed) - 1), nil
}

// purse is an account that has 5000, of which some is held.
type purse struct{ held uint64 }

func (p *purse) Hold(_ *frame.Context, _ chain.AccountID, reason frame.HoldReason, amount chain.Balance) error {
	if reason != (frame.HoldReason{Pallet: 21}) || p.held+amount.Lo > 5000 {
		return frame.ErrToken{Kind: frame.FundsUnavailable}
	}
	p.held += amount.Lo
	return nil
}

func (p *purse) Release(_ *frame.Context, _ chain.AccountID, _ frame.HoldReason, amount chain.Balance) error {
	p.held -= amount.Lo
	return nil
}

func (p *purse) SlashHeld(_ *frame.Context, _ chain.AccountID, _ frame.HoldReason, amount chain.Balance) chain.Balance {
	p.held -= amount.Lo
	return amount
}

func (*purse) Deposit(*frame.Context, chain.AccountID, chain.Balance) error { return nil }
func (*purse) Drop(*frame.Context, chain.Balance)                           {}

// Accused implements registry.Disputes.
func (w *world) Accused(_ *frame.Context, worker [32]byte) bool { return w.accused == worker }

// world is a chain with the two pallets, and a worker of a simulated TEE.
type world struct {
	*frametest.Chain
	tb          testing.TB
	attestation *attestation.Pallet
	registry    *registry.Pallet
	queue       outbox
	money       purse
	pcs         *devpki.PCS
	identity    keys.Pair
	tee         sim.Config
	accused     [32]byte
}

func newWorld(t testing.TB, more ...frame.At) *world {
	t.Helper()
	w := &world{Chain: frametest.New(t), tb: t, pcs: &devpki.PCS{PKI: devpki.New(devpki.Seed)}}
	w.Number, w.Millis = 1000, now*1000
	w.attestation = &attestation.Pallet{Config: attestation.Config{MaxName: 64, RecoveryGrace: 14 * day * 1000}, Blocks: w, Clock: w}
	w.registry = &registry.Pallet{
		Config: registry.Config{
			MaxBlockAge: 300, MaxAge: day * 1000, CollateralGrace: 14 * day * 1000, MaxPerPlatform: 2, KeepEnded: 30 * day * 1000,
			TierStake: scale.U64(1000), UnstakeDelay: 50, MaxEndorsers: 3,
			DeviationSlash: 100, ReporterReward: 10,
		},
		Attestation: w.attestation, Queue: &w.queue, Money: &w.money, Disputes: w, Blocks: w, Clock: w,
	}
	w.attestation.Workers = w.registry
	w.Start(append(more, frame.At{Index: 20, Module: w.attestation}, frame.At{Index: registry.Index, Module: w.registry})...)
	mrtd := attest.Digest{42}
	err := w.attestation.Start(w.Context(), attestation.Genesis{
		Anchors: []attestation.Anchor{{Kind: attestation.Development, Certificate: w.pcs.PKI.Anchor(), Enabled: true}},
		Images:  []attest.Image{{Name: "tacit-worker", Measurement: sim.Measurement(mrtd), TierMax: 2}},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.registry.Start(w.Context(), [][32]byte{{9}})
	if w.identity, err = keys.NewPair(keys.Sr25519, [32]byte{5}); err != nil {
		t.Fatal(err)
	}
	config := w.registry.WorkerConfig(w.Context())
	w.tee = sim.Config{Secret: bytes.Repeat([]byte{3}, 32), MRTD: mrtd, ConfigID: config.Hash()}
	w.upload()
	return w
}

func (w *world) upload() {
	w.tb.Helper()
	c := attestation.UploadCollateral{Collateral: *w.pcs.Collateral(attest.TDX, devpki.FMSPC, w.Millis/1000)}
	if err := w.Signed(chain.AccountID{77}, c); err != nil {
		w.tb.Fatal(err)
	}
}

func platform(m *sim.Module) hash.H256 {
	ppid := m.Platform().PPID()
	return words.PlatformID(0, ppid[:])
}

func (w *world) id() [32]byte { return [32]byte(w.identity.Public()) }

func (w *world) info() report.RegistrationInfo {
	return report.RegistrationInfo{
		Version: 1, Identity: w.id(), HPKE: []report.HPKEKey{{KEM: 0x20, Key: make([]byte, 32)}}, Operator: operator,
		ImageID: attest.ImageID(sim.Measurement(w.tee.MRTD)), BootEpoch: 1, RecentBlock: w.Number - 1,
	}
}

// registration is what a worker sends that says info. Genesis and recent are
// the hashes that it believes in.
func (w *world) registration(info report.RegistrationInfo, genesis, recent hash.H256) registry.Register {
	w.tb.Helper()
	m, err := sim.Open(w.tee)
	if err != nil {
		w.tb.Fatal(err)
	}
	r := registry.Register{Info: info, Nonce: [32]byte{8}}
	if r.Quote, err = m.Backend().Quote(report.Data(&info, report.Register, genesis, recent, r.Nonce)); err != nil {
		w.tb.Fatal(err)
	}
	r.Signature = [64]byte(w.identity.Sign(info.SigningPayload(genesis)))
	return r
}

func (w *world) good() registry.Register {
	info := w.info()
	return w.registration(info, w.Hash(0), w.Hash(info.RecentBlock))
}

func TestRegister(t *testing.T) {
	w := newWorld(t)
	w.Take()
	if err := w.Signed(operator, w.good()); err != nil {
		t.Fatal(err)
	}
	got, ok := w.registry.Workers.Get(w, w.id())
	m, err := sim.Open(w.tee)
	if err != nil {
		t.Fatal(err)
	}
	want := words.Worker{
		Operator: operator, Image: attest.ImageID(sim.Measurement(w.tee.MRTD)), Class: attest.Dev, Tier: 0,
		Platform: platform(m), BootEpoch: 1, Block: 1000, AttestedAt: now * 1000,
		ExpiresAt: (now + day) * 1000, Eval: 18, TCBDate: got.TCBDate, HPKE: w.info().HPKE,
		Certificate: words.CertificateID(0, 1, m.Platform().Serial()), Authority: words.CertificateID(0, 0, w.pcs.PKI.PlatformCASerial()),
	}
	if !ok || !bytes.Equal(scale.Marshal(got), scale.Marshal(want)) {
		t.Errorf("worker %+v\nwant %+v", got, want)
	}
	event := registry.WorkerRegistered{Worker: w.id(), Operator: operator, Image: want.Image, BootEpoch: 1, ExpiresAt: want.ExpiresAt, Platform: want.Platform}
	if events := w.Take(); !slices.Equal(events, []any{event}) {
		t.Errorf("events %+v", events)
	}
	if !slices.Equal(w.queue.pushed, []clusters.WorkerMessage{clusters.Registered{BootEpoch: 1, Block: 1000}}) {
		t.Errorf("queue %+v", w.queue.pushed)
	}
	if who, epoch, ok := w.registry.Session(w.Context(), w.id()); !ok || who != operator || epoch != 1 {
		t.Errorf("session %v %d %v", who, epoch, ok)
	}
	if e := w.registry.Eligible(w.Context(), 0); len(e) != 1 || e[0] != w.id() {
		t.Errorf("eligible %+v", e)
	}
	if p, _ := w.registry.Platforms.Get(w, want.Platform); p.Workers != 1 || p.FMSPC != devpki.FMSPC {
		t.Errorf("platform %+v", p)
	}
	// The same again is the same instance, or a clone of it.
	if err := w.Signed(operator, w.good()); !errors.Is(err, registry.ErrOldBootEpoch) {
		t.Errorf("replayed: %v", err)
	}
	info := w.info()
	info.BootEpoch = 7
	if err := w.Signed(operator, w.registration(info, w.Hash(0), w.Hash(info.RecentBlock))); err != nil {
		t.Errorf("next instance: %v", err)
	}
	if p, _ := w.registry.Platforms.Get(w, want.Platform); p.Workers != 1 {
		t.Errorf("platform has %d workers after one came again", p.Workers)
	}
	w.Millis += day * 1000
	if _, _, ok := w.registry.Session(w.Context(), w.id()); ok || len(w.registry.Eligible(w.Context(), 0)) != 0 {
		t.Error("the registration does not expire")
	}
}

// TestRefused has one row for each thing that must not admit a worker.
func TestRefused(t *testing.T) {
	plain := func(w *world) registry.Register { return w.good() }
	said := func(change func(w *world, i *report.RegistrationInfo)) func(*world) registry.Register {
		return func(w *world) registry.Register {
			i := w.info()
			change(w, &i)
			return w.registration(i, w.Hash(0), w.Hash(i.RecentBlock))
		}
	}
	built := func(change func(*world)) func(*world) registry.Register {
		return func(w *world) registry.Register {
			change(w)
			return w.good()
		}
	}
	changed := func(change func(*registry.Register)) func(*world) registry.Register {
		return func(w *world) registry.Register {
			r := w.good()
			change(&r)
			return r
		}
	}
	for _, c := range []struct {
		name string
		make func(*world) registry.Register
		err  error
	}{
		{"no quote", changed(func(r *registry.Register) { r.Quote = nil }), attestation.ErrBadQuote},
		{"cut quote", changed(func(r *registry.Register) { r.Quote = r.Quote[:len(r.Quote)/2] }), attestation.ErrBadQuote},
		{"quote's header", changed(func(r *registry.Register) { r.Quote[8] ^= 1 }), attestation.ErrBadQuote},
		{"quote's body", changed(func(r *registry.Register) { r.Quote[48+200] ^= 1 }), attestation.ErrBadQuote},
		{"quote's report data", changed(func(r *registry.Register) { r.Quote[48+584-1] ^= 1 }), attestation.ErrBadQuote},
		{"quote's signature", changed(func(r *registry.Register) { r.Quote[48+584+4] ^= 1 }), attestation.ErrBadQuote},
		{"attestation key", changed(func(r *registry.Register) { r.Quote[48+584+4+64] ^= 1 }), attestation.ErrBadQuote},
		{"QE report", changed(func(r *registry.Register) { r.Quote[48+584+4+128+6] ^= 1 }), attestation.ErrBadQuote},
		{"QE report's signature", changed(func(r *registry.Register) { r.Quote[48+584+4+128+6+384] ^= 1 }), attestation.ErrBadQuote},
		{"QE auth data", changed(func(r *registry.Register) { r.Quote[48+584+4+128+6+384+64+2] ^= 1 }), attestation.ErrBadQuote},
		{"PCK chain", changed(func(r *registry.Register) {
			i := bytes.Index(r.Quote, []byte("-----BEGIN")) + 200
			r.Quote[i] = 'A' + (r.Quote[i]+1)%26
		}), attestation.ErrBadQuote},
		{"another chain's genesis", func(w *world) registry.Register {
			i := w.info()
			r := w.registration(i, hash.H256{1}, w.Hash(i.RecentBlock))
			r.Signature = [64]byte(w.identity.Sign(i.SigningPayload(w.Hash(0))))
			return r
		}, registry.ErrWrongReportData},
		{"identity signed for another chain", func(w *world) registry.Register {
			r := w.good()
			r.Signature = [64]byte(w.identity.Sign(r.Info.SigningPayload(hash.H256{1})))
			return r
		}, registry.ErrBadSignature},
		{"launched for another chain", built(func(w *world) { w.tee.ConfigID[0]++ }), attestation.ErrRefusedByPolicy},
		{"old block", said(func(w *world, i *report.RegistrationInfo) { i.RecentBlock = w.Number - 301 }), registry.ErrBadBlock},
		{"block to come", said(func(w *world, i *report.RegistrationInfo) { i.RecentBlock = w.Number }), registry.ErrBadBlock},
		{"block of another fork", func(w *world) registry.Register {
			return w.registration(w.info(), w.Hash(0), hash.H256{66})
		}, registry.ErrWrongReportData},
		{"debug", built(func(w *world) { w.tee.Faults.Debug = true }), attestation.ErrRefusedByPolicy},
		{"program that claims another's image", func(w *world) registry.Register {
			i := w.info()
			w.tee.MRTD[0]++
			return w.registration(i, w.Hash(0), w.Hash(i.RecentBlock))
		}, attestation.ErrRefusedByPolicy},
		{"unknown image", built(func(w *world) { w.tee.MRTD[0]++ }), attestation.ErrUnknownImage},
		{"report data of the TEE's own", built(func(w *world) { w.tee.Faults.ReportData = true }), registry.ErrWrongReportData},
		{"another purpose", func(w *world) registry.Register {
			r := w.good()
			m, _ := sim.Open(w.tee)
			r.Quote, _ = m.Backend().Quote(report.Data(&r.Info, report.Register+1, w.Hash(0), w.Hash(r.Info.RecentBlock), r.Nonce))
			return r
		}, registry.ErrWrongReportData},
		{"quote relayed from another machine", func(w *world) registry.Register {
			return registry.Register{Info: w.good().Info, Nonce: [32]byte{8}, Signature: w.good().Signature,
				Quote: w.by(newIdentity(w.tb, 9), "another machine", 1).Quote}
		}, registry.ErrWrongReportData},
		{"another nonce", changed(func(r *registry.Register) { r.Nonce[0]++ }), registry.ErrWrongReportData},
		{"another identity", func(w *world) registry.Register {
			r := w.good()
			other, _ := keys.NewPair(keys.Sr25519, [32]byte{6})
			r.Info.Identity = [32]byte(other.Public())
			r.Signature = [64]byte(other.Sign(r.Info.SigningPayload(w.Hash(0))))
			return r
		}, registry.ErrWrongReportData},
		{"another HPKE key", func(w *world) registry.Register {
			r := w.good()
			r.Info.HPKE = []report.HPKEKey{{KEM: 0x20, Key: bytes.Repeat([]byte{1}, 32)}}
			r.Signature = [64]byte(w.identity.Sign(r.Info.SigningPayload(w.Hash(0))))
			return r
		}, registry.ErrWrongReportData},
		{"signature", changed(func(r *registry.Register) { r.Signature[3] ^= 1 }), registry.ErrBadSignature},
		{"signature by another key", func(w *world) registry.Register {
			r := w.good()
			other, _ := keys.NewPair(keys.Sr25519, [32]byte{6})
			r.Signature = [64]byte(other.Sign(r.Info.SigningPayload(w.Hash(0))))
			return r
		}, registry.ErrBadSignature},
		{"another operator", said(func(_ *world, i *report.RegistrationInfo) { i.Operator[0]++ }), registry.ErrNotOperator},
		{"version", said(func(_ *world, i *report.RegistrationInfo) { i.Version = 2 }), registry.ErrBadInfo},
		{"no HPKE key", said(func(_ *world, i *report.RegistrationInfo) { i.HPKE = nil }), registry.ErrBadInfo},
		{"boot epoch", func(w *world) registry.Register {
			w.registry.BootEpochs.Put(w, w.id(), 1)
			return w.good()
		}, registry.ErrOldBootEpoch},
		{"old component", built(func(w *world) { w.tee.Faults.Platform = devpki.OldSVN }), attestation.ErrRefusedByPolicy},
		{"out of date", built(func(w *world) { w.tee.Faults.Platform = devpki.OutOfDate }), attestation.ErrRefusedByPolicy},
		{"old TDX module", built(func(w *world) { w.tee.Faults.Platform = devpki.OldModule }), attestation.ErrRefusedByPolicy},
		{"below every level", built(func(w *world) { w.tee.Faults.Platform = devpki.Ancient }), attestation.ErrBadQuote},
		{"old PCE", built(func(w *world) { w.tee.Faults.Platform = devpki.OldPCE }), attestation.ErrBadQuote},
		{"another family", built(func(w *world) { w.tee.Faults.FMSPC = attest.FMSPC{9} }), attestation.ErrNoCollateral},
		{"another hierarchy", built(func(w *world) { w.tee.Seed = "other" }), attestation.ErrUnknownAnchor},
		{"revoked platform", built(func(w *world) {
			m, _ := sim.Open(w.tee)
			w.pcs.RevokedPCK = [][]byte{m.Platform().Serial()}
			w.upload()
		}), attestation.ErrBadQuote},
		{"disabled anchor", built(func(w *world) {
			w.Root(attestation.SetAnchor{Kind: attestation.Development, Certificate: w.pcs.PKI.Anchor()})
		}), attestation.ErrUnknownAnchor},
		{"retired image", built(func(w *world) {
			w.Root(attestation.RetireImage{Image: w.info().ImageID, At: w.Number})
		}), attestation.ErrImageInactive},
		{"evaluation number", built(func(w *world) {
			w.Root(attestation.SetPolicy{Policy: attest.Policy{MinEvalTDX: 19}})
		}), attestation.ErrRefusedByPolicy},
		{"denied family", built(func(w *world) {
			w.Root(attestation.SetPolicy{Policy: attest.Policy{Denied: []attest.FMSPC{devpki.FMSPC}}})
		}), attestation.ErrRefusedByPolicy},
		{"collateral that ended", func(w *world) registry.Register {
			w.Millis += 40 * day * 1000
			return w.good()
		}, attestation.ErrBadQuote},
		{"banned platform", func(w *world) registry.Register {
			m, _ := sim.Open(w.tee)
			id := platform(m)
			w.registry.Platforms.Put(w, id, words.Platform{Banned: true})
			return w.good()
		}, registry.ErrPlatformBanned},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			r := c.make(w)
			w.Take()
			before := w.Changes()
			if err := w.Signed(operator, r); !errors.Is(err, c.err) {
				t.Errorf("got %v, want %v", err, c.err)
			}
			if len(w.Take()) != 0 || len(w.queue.pushed) != 0 || w.registry.Workers.Has(w, w.id()) {
				t.Error("a refused registration leaves a trace")
			}
			if !slices.EqualFunc(before, w.Changes(), func(a, b storage.Change) bool {
				return bytes.Equal(a.Key, b.Key) && bytes.Equal(a.Value, b.Value)
			}) {
				t.Error("a refused registration changes the state")
			}
		})
	}
	t.Run("unsigned", func(t *testing.T) {
		w := newWorld(t)
		if err := w.Bare(plain(w)); err == nil {
			t.Error("a registration that nobody signed")
		}
		if err := w.Root(plain(w)); err == nil {
			t.Error("a registration by root")
		}
	})
}

func TestEndpointsAndDeregister(t *testing.T) {
	w := newWorld(t)
	if err := w.Signed(operator, registry.Deregister{Worker: w.id()}); !errors.Is(err, registry.ErrUnknownWorker) {
		t.Errorf("before registration: %v", err)
	}
	if err := w.Signed(operator, w.good()); err != nil {
		t.Fatal(err)
	}
	set := func(list ...string) registry.SetEndpoints {
		s := registry.SetEndpoints{Worker: w.id()}
		for _, e := range list {
			s.Endpoints = append(s.Endpoints, []byte(e))
		}
		return s
	}
	if err := w.Signed(operator, set("https://one.example", "https://two.example")); err != nil {
		t.Error(err)
	}
	if got := w.registry.Endpoints.Get(w, w.id()); len(got) != 2 || string(got[1]) != "https://two.example" {
		t.Errorf("endpoints %q", got)
	}
	for _, bad := range []registry.SetEndpoints{
		set("a", "b", "c", "d", "e"), set(""), set("a b"), set(string(make([]byte, 4))), set(string(bytes.Repeat([]byte("a"), 129))),
	} {
		if err := w.Signed(operator, bad); !errors.Is(err, registry.ErrBadEndpoints) {
			t.Errorf("%q: %v", bad.Endpoints, err)
		}
	}
	if err := w.Signed(chain.AccountID{2}, set("x")); !errors.Is(err, registry.ErrNotOperator) {
		t.Errorf("another signer: %v", err)
	}
	if err := w.Signed(chain.AccountID{2}, registry.Deregister{Worker: w.id()}); !errors.Is(err, registry.ErrNotOperator) {
		t.Errorf("another signer: %v", err)
	}
	if err := w.Signed(operator, registry.Deregister{Worker: w.id()}); err != nil {
		t.Fatal(err)
	}
	if w.registry.Workers.Has(w, w.id()) || len(w.registry.Endpoints.Get(w, w.id())) != 0 {
		t.Error("the worker is still there")
	}
	if last := w.queue.pushed[len(w.queue.pushed)-1]; last != (clusters.Removed{}) {
		t.Errorf("the worker is told %+v", last)
	}
	if err := w.Signed(operator, w.good()); !errors.Is(err, registry.ErrOldBootEpoch) {
		t.Errorf("the old instance comes back: %v", err)
	}
}

func TestBan(t *testing.T) {
	w := newWorld(t)
	if err := w.Signed(operator, w.good()); err != nil {
		t.Fatal(err)
	}
	worker, _ := w.registry.Workers.Get(w, w.id())
	ban := registry.BanPlatform{Platform: worker.Platform, Banned: true}
	if err := w.Signed(operator, ban); err == nil {
		t.Error("anyone bans")
	}
	if err := w.Root(ban); err != nil {
		t.Fatal(err)
	}
	if _, _, ok := w.registry.Session(w.Context(), w.id()); ok {
		t.Error("a worker of a banned platform speaks")
	}
	ban.Banned = false
	if err := w.Root(ban); err != nil {
		t.Fatal(err)
	}
	if _, _, ok := w.registry.Session(w.Context(), w.id()); !ok {
		t.Error("the ban is not lifted")
	}
	// A machine that is known to be broken is banned before it comes.
	if err := w.Root(registry.BanPlatform{Platform: hash.H256{9}, Banned: true}); err != nil {
		t.Errorf("unknown platform: %v", err)
	}
	if p, _ := w.registry.Platforms.Get(w, hash.H256{9}); !p.Banned {
		t.Error("an unknown platform is not banned")
	}
}

// Clients find the items and the words of the calls by these names.
func TestMetadata(t *testing.T) {
	m := newWorld(t).Runtime.Metadata()
	var got []string
	for _, p := range m.Pallets {
		for _, e := range p.Storage.Entries {
			got = append(got, p.Name+"."+e.Name)
		}
	}
	want := []string{
		"Attestation.ProductionOnly", "Attestation.TrustAnchors", "Attestation.RootCrl", "Attestation.PckCrl",
		"Attestation.QeIdentities", "Attestation.TcbInfos", "Attestation.Images", "Attestation.Policy",
		"Attestation.AmdAuthorities", "Attestation.AmdFirmware", "Attestation.RevokedAuthorities", "Attestation.Recoveries", "Attestation.ActivationDelay",
		"Registry.Workers", "Registry.Endpoints", "Registry.BootEpochs", "Registry.Platforms", "Registry.FirstAuthorities",
		"Registry.LastImages", "Registry.PlatformWorkers", "Registry.Certificates", "Registry.Endorsers", "Registry.Stakes", "Registry.Frozen",
		"Registry.Deadlines", "Registry.NextDeadline", "Registry.Slashing",
	}
	if !slices.Equal(got, want) {
		t.Errorf("items %q", got)
	}
}

func BenchmarkRegister(b *testing.B) {
	w := newWorld(b)
	r := w.good()
	for b.Loop() {
		w.Begin()
		if err := w.Signed(operator, r); err != nil {
			b.Fatal(err)
		}
		w.Rollback()
	}
}

// BenchmarkBlock registers 200 workers, as a block may: 200 times the weight of
// a registration is less than what a block has for transactions.
func BenchmarkBlock(b *testing.B) {
	w := newWorld(b)
	list := make([]registry.Register, 200)
	for i := range list {
		list[i] = w.by(newIdentity(b, byte(i+1)), fmt.Sprint("machine ", i/2), 1)
	}
	for b.Loop() {
		w.Begin()
		for _, r := range list {
			if err := w.Signed(operator, r); err != nil {
				b.Fatal(err)
			}
		}
		w.Rollback()
	}
}
