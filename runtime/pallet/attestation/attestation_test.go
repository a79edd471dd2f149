package attestation_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/attest/devpki"
	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/frame/frametest"
	"github.com/tacit-network/tacit/runtime/pallet/attestation"
	"github.com/tacit-network/tacit/runtime/pallet/registry/words"
)

const (
	now = 1795305600 // 2026-11-22
	day = 86400
)

var anyone = chain.AccountID{1}

func newChain(t testing.TB, g attestation.Genesis) (*frametest.Chain, *attestation.Pallet) {
	t.Helper()
	c := frametest.New(t)
	c.Number, c.Millis = 10, now*1000
	p := &attestation.Pallet{Config: attestation.Config{MaxName: 16, RecoveryGrace: 14 * day * 1000}, Blocks: c, Clock: c, Workers: &crew{}}
	c.Start(frame.At{Index: 20, Module: p})
	if err := p.Start(c.Context(), g); err != nil {
		t.Fatal(err)
	}
	return c, p
}

// crew is workers that are only asked about.
type crew struct{ revoked []hash.H256 }

func (c *crew) Revoke(_ *frame.Context, certificate hash.H256) uint32 {
	c.revoked = append(c.revoked, certificate)
	return 0
}

func dev() attestation.Anchor {
	return attestation.Anchor{Kind: attestation.Development, Certificate: devpki.New(devpki.Seed).Anchor(), Enabled: true}
}

func upload(s *devpki.PCS, at uint64) attestation.UploadCollateral {
	return attestation.UploadCollateral{Collateral: *s.Collateral(attest.TDX, devpki.FMSPC, at)}
}

func TestUpload(t *testing.T) {
	c, p := newChain(t, attestation.Genesis{Anchors: []attestation.Anchor{dev()}})
	s := &devpki.PCS{PKI: devpki.New(devpki.Seed)}
	key := attestation.TCBKey{TEE: attest.TDX, FMSPC: devpki.FMSPC}
	step := func(name string, call attestation.UploadCollateral, want error, pays bool, events int) {
		t.Helper()
		c.Take()
		got, err := c.PaysFee(anyone, call)
		if !errors.Is(err, want) || (err == nil && got != pays) || len(c.Take()) != events {
			t.Errorf("%s: error %v, pays %v", name, err, got)
		}
	}
	step("first", upload(s, now), nil, false, 1)
	if tcb, ok := p.TcbInfos.Get(c, key); !ok || tcb.Eval != 18 {
		t.Fatalf("TCB info %+v", tcb)
	}
	step("again", upload(s, now), nil, true, 0)
	step("of yesterday", upload(s, now-day), attestation.ErrOldCollateral, true, 0)
	step("of another root", upload(&devpki.PCS{PKI: devpki.New("other")}, now), attestation.ErrBadCollateral, true, 0)
	step("of next month", upload(s, now+35*day), attestation.ErrBadCollateral, true, 0)
	bad := upload(s, now+day)
	bad.Collateral.TCBInfo[100] ^= 1
	step("changed", bad, attestation.ErrBadCollateral, true, 0)
	wrong := upload(s, now)
	wrong.Anchor = 3
	step("unknown anchor", wrong, attestation.ErrUnknownAnchor, true, 0)

	c.Millis += day * 1000
	step("the next day", upload(s, now+day), nil, false, 1)
	revoked := &devpki.PCS{PKI: s.PKI, RevokedPCK: [][]byte{{7}}}
	step("with a revocation", upload(revoked, now+day), nil, false, 1)
	if crl, _ := p.PckCrl.Get(c, attestation.CAKey{}); !crl.Contains([]byte{7}) {
		t.Error("the revocation is not stored")
	}
	step("without it", upload(s, now+day), attestation.ErrOldCollateral, true, 0)
	if crl, _ := p.PckCrl.Get(c, attestation.CAKey{}); !crl.Contains([]byte{7}) {
		t.Error("the revocation is lost")
	}
	if err := c.Bare(upload(s, now)); err == nil {
		t.Error("an upload that nobody signed")
	}
}

func TestAnchors(t *testing.T) {
	cert := devpki.New("x").Anchor()
	set := func(id uint8, kind attestation.AnchorKind, cert []byte, on bool) attestation.SetAnchor {
		return attestation.SetAnchor{ID: id, Kind: kind, Certificate: cert, Enabled: on}
	}
	c, p := newChain(t, attestation.Genesis{})
	for _, s := range []struct {
		name string
		call attestation.SetAnchor
		want error
	}{
		{"new", set(1, attestation.Development, cert, true), nil},
		{"disable", set(1, attestation.Development, cert, false), nil},
		{"other certificate", set(1, attestation.Development, dev().Certificate, true), attestation.ErrBadAnchor},
		{"other kind", set(1, attestation.Intel, cert, true), attestation.ErrBadAnchor},
		{"no certificate", set(2, attestation.Intel, nil, true), attestation.ErrBadAnchor},
		{"cut certificate", set(2, attestation.Intel, cert[:len(cert)-1], true), attestation.ErrBadAnchor},
		{"of a form without a verifier", set(2, attestation.AMD, cert, true), attestation.ErrBadAnchor},
	} {
		if err := c.Root(s.call); !errors.Is(err, s.want) {
			t.Errorf("%s: %v", s.name, err)
		}
	}
	if p.Trusted(c.Context(), 1, hash.H256{}) {
		t.Error("a disabled anchor is trusted")
	}
	if err := c.Signed(anyone, set(1, attestation.Development, cert, true)); err == nil {
		t.Error("anyone sets anchors")
	}

	c, p = newChain(t, attestation.Genesis{Production: true})
	if err := c.Root(set(1, attestation.Development, cert, false)); !errors.Is(err, attestation.ErrDevelopmentAnchor) {
		t.Errorf("production chain: %v", err)
	}
	if err := p.Start(c.Context(), attestation.Genesis{Production: true, Anchors: []attestation.Anchor{dev()}}); !errors.Is(err, attestation.ErrDevelopmentAnchor) {
		t.Errorf("production genesis: %v", err)
	}
}

func TestImages(t *testing.T) {
	c, p := newChain(t, attestation.Genesis{})
	m := attest.TDXMeasurement{MRTD: attest.Digest{1}, RTMR0: []attest.Digest{{}}}
	add := attestation.AddImage{Name: []byte("worker"), Measurement: m, ActiveFrom: 20}
	id := attest.ImageID(m)
	if err := c.Signed(anyone, add); err == nil {
		t.Error("anyone adds images")
	}
	if err := c.Root(add); err != nil {
		t.Fatal(err)
	}
	if events := c.Take(); !slices.Equal(events, []any{attestation.ImageAdded{Image: id, ActiveFrom: 20}}) {
		t.Errorf("events %+v", events)
	}
	if err := c.Root(add); !errors.Is(err, attestation.ErrImageExists) {
		t.Errorf("twice: %v", err)
	}
	long := add
	long.Name = make([]byte, 17)
	if err := c.Root(long); !errors.Is(err, attestation.ErrBadImage) {
		t.Errorf("long name: %v", err)
	}
	active := func(at chain.BlockNumber) bool {
		c.Number = at
		return p.Active(c.Context(), id)
	}
	if active(19) || !active(20) {
		t.Error("the image is active from another block on")
	}
	if err := c.Root(attestation.RetireImage{Image: id, At: 30}); err != nil {
		t.Fatal(err)
	}
	if !active(29) || active(30) {
		t.Error("the image retires at another block")
	}
	if err := c.Root(attestation.RetireImage{Image: hash.H256{1}}); !errors.Is(err, attestation.ErrUnknownImage) {
		t.Errorf("unknown image: %v", err)
	}
}

func TestPolicy(t *testing.T) {
	c, p := newChain(t, attestation.Genesis{Policy: attest.Policy{MinEvalTDX: 5}})
	if err := c.Signed(anyone, attestation.SetPolicy{}); err == nil {
		t.Error("anyone sets the policy")
	}
	if err := c.Root(attestation.SetPolicy{Policy: attest.Policy{MinEvalTDX: 4}}); !errors.Is(err, attestation.ErrEvalFalls) {
		t.Errorf("falling number: %v", err)
	}
	if err := c.Root(attestation.SetPolicy{Policy: attest.Policy{MinEvalTDX: 6, Advisories: []string{"A"}}}); err != nil {
		t.Error(err)
	}
	if got := p.Policy.Get(c); got.MinEvalTDX != 6 || !slices.Equal(got.Advisories, []string{"A"}) {
		t.Errorf("policy %+v", got)
	}
}

// Programs are admitted some blocks after they were added, so that who does not
// want them can leave.
func TestActivationDelay(t *testing.T) {
	c, p := newChain(t, attestation.Genesis{ActivationDelay: 100})
	add := attestation.AddImage{Name: []byte("worker"), Measurement: attest.TDXMeasurement{MRTD: attest.Digest{1}}, ActiveFrom: 109}
	if err := c.Root(add); !errors.Is(err, attestation.ErrTooSoon) {
		t.Errorf("a block too soon: %v", err)
	}
	add.ActiveFrom = 110
	if err := c.Root(add); err != nil {
		t.Error(err)
	}
	if err := c.Signed(anyone, attestation.SetActivationDelay{}); err == nil {
		t.Error("anyone sets the delay")
	}
	if err := c.Root(attestation.SetActivationDelay{Blocks: 5}); err != nil || p.ActivationDelay.Get(c) != 5 {
		t.Errorf("delay %d, %v", p.ActivationDelay.Get(c), err)
	}
}

// TestNewer: an image takes the place of one that is neither of a later version
// nor admitted later.
func TestNewer(t *testing.T) {
	c, p := newChain(t, attestation.Genesis{})
	image := func(n byte, version uint32, at chain.BlockNumber) hash.H256 {
		m := attest.TDXMeasurement{MRTD: attest.Digest{n}}
		c.Number = at
		if err := c.Root(attestation.AddImage{Name: []byte("worker"), Version: version, Measurement: m, ActiveFrom: at}); err != nil {
			t.Fatal(err)
		}
		return attest.ImageID(m)
	}
	first, same, second, fixed := image(1, 1, 10), image(2, 1, 10), image(3, 2, 20), image(4, 1, 30)
	for _, x := range []struct {
		name        string
		image, than hash.H256
		want        bool
	}{
		{"later", second, first, true}, {"earlier", first, second, false}, {"of the same time", same, first, true},
		{"later, of an older version", fixed, second, false}, {"of a newer version, earlier", second, fixed, false},
		{"unknown", hash.H256{9}, first, false}, {"than an unknown one", first, hash.H256{9}, true},
	} {
		if got := p.Newer(c.Context(), x.image, x.than); got != x.want {
			t.Errorf("%s: %v", x.name, got)
		}
	}
}

// The lists' new entries are looked up, each once.
func TestSweepLooks(t *testing.T) {
	c, p := newChain(t, attestation.Genesis{Anchors: []attestation.Anchor{dev()}})
	crew := &crew{}
	p.Workers = crew
	s := &devpki.PCS{PKI: devpki.New(devpki.Seed)}
	for i, serials := range [][][]byte{{{1}, {2}}, {{1}, {2}, {3}}, {{1}, {2}, {3}}} {
		s.RevokedPCK = serials
		crew.revoked = nil
		if err := c.Signed(anyone, upload(s, now)); err != nil {
			t.Fatal(err)
		}
		want := [][]hash.H256{
			{words.CertificateID(0, 1, []byte{1}), words.CertificateID(0, 1, []byte{2})}, {words.CertificateID(0, 1, []byte{3})}, nil,
		}[i]
		if !slices.Equal(crew.revoked, want) {
			t.Errorf("upload %d: %x, want %x", i, crew.revoked, want)
		}
	}
}

func BenchmarkUpload(b *testing.B) {
	c, _ := newChain(b, attestation.Genesis{Anchors: []attestation.Anchor{dev()}})
	call := upload(&devpki.PCS{PKI: devpki.New(devpki.Seed)}, now)
	for b.Loop() {
		c.Begin()
		if err := c.Signed(anyone, call); err != nil {
			b.Fatal(err)
		}
		c.Rollback()
	}
}
