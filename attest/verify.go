package attest

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"github.com/tacit-network/tacit/attest/cert"
	"github.com/tacit-network/tacit/hash"
)

// Need names the collateral that a quote is checked against.
type Need struct {
	TEE   TEE
	FMSPC FMSPC
	CA    CA
}

// Need reads from the quote's certificates, without believing them, which
// collateral the quote needs.
func (q *Quote) Need() (Need, error) {
	leaf, ca, err := q.certificates()
	if err != nil {
		return Need{}, err
	}
	kind, err := checkCA(ca)
	if err != nil {
		return Need{}, fmt.Errorf("check PCK authority: %w", err)
	}
	pck, err := pckOf(leaf)
	if err != nil {
		return Need{}, err
	}
	return Need{TEE: q.TEE, FMSPC: pck.fmspc, CA: kind}, nil
}

// Root returns the certificate, in DER, that the quote says it descends from;
// nil when it names none.
func (q *Quote) Root() []byte {
	if len(q.chain) != 3 {
		return nil
	}
	return q.chain[2]
}

func (q *Quote) certificates() (leaf, ca *cert.Certificate, err error) {
	if len(q.chain) != 3 {
		return nil, nil, fmt.Errorf("PCK chain has %d certificates, not 3", len(q.chain))
	}
	if leaf, err = parseCertificate(q.chain[0]); err != nil {
		return nil, nil, fmt.Errorf("read PCK certificate: %w", err)
	}
	if ca, err = parseCertificate(q.chain[1]); err != nil {
		return nil, nil, fmt.Errorf("read PCK authority: %w", err)
	}
	return leaf, ca, nil
}

// VerifyQuote checks a quote against authenticated collateral at the given
// Unix second. What it returns is true of the platform that made the quote,
// whatever the policy: a status of OutOfDate, or a debug enclave, is no error
// here. Only a revoked platform is.
func VerifyQuote(raw []byte, p *Prepared, now uint64) (*Evidence, error) {
	q, err := ParseQuote(raw)
	if err != nil {
		return nil, err
	}
	return q.Verify(p, now)
}

// Verify is [VerifyQuote] for a quote that is parsed already.
func (q *Quote) Verify(p *Prepared, now uint64) (*Evidence, error) {
	if err := p.checkAt(now); err != nil {
		return nil, err
	}
	v, err := q.verifyChain(p.Anchor, now)
	if err != nil {
		return nil, err
	}
	switch {
	case issuerHash(v.leaf) != p.PCKCRL.Issuer || issuerHash(v.ca) != p.RootCRL.Issuer:
		return nil, errors.New("revocation lists are of other authorities")
	case p.RootCRL.Contains(v.ca.Serial):
		return nil, fmt.Errorf("check PCK authority: %w", ErrRevoked)
	case p.PCKCRL.Contains(v.leaf.Serial):
		return nil, fmt.Errorf("check PCK certificate: %w", ErrRevoked)
	}
	if p.QE.TEE != q.TEE || p.TCB.TEE != q.TEE {
		return nil, fmt.Errorf("collateral is not of %s", q.TEE)
	}
	if p.TCB.FMSPC != v.pck.fmspc || p.TCB.PCEID != v.pck.pceid {
		return nil, fmt.Errorf("TCB info of %s, platform is %s", p.TCB.FMSPC, v.pck.fmspc)
	}
	e := &Evidence{
		TEE: q.TEE, Version: q.Version, SGX: q.SGX, TDX: q.TDX,
		FMSPC: v.pck.fmspc, PPID: v.pck.ppid, PCEID: v.pck.pceid, CPUSVN: v.pck.cpusvn, PCESVN: v.pck.pcesvn,
		Eval: min(p.QE.Eval, p.TCB.Eval), Issued: min(p.QE.IssueDate, p.TCB.IssueDate), Until: p.until(), QuoteHash: hash.Blake2b256(q.signed),
	}
	e.CA, e.Authority, e.Serial = v.kind, v.ca.Serial, v.leaf.Serial
	if q.TEE == SGX {
		e.ReportData = q.SGX.ReportData
	} else {
		e.ReportData = q.TDX.ReportData
	}
	if err := q.checkTCB(e, p, v.pck); err != nil {
		return nil, err
	}
	if e.Status >= Revoked {
		return nil, fmt.Errorf("TCB level: %w", ErrRevoked)
	}
	return e, nil
}

// checkAt checks that every part of the collateral is in its window, and that
// no certificate that signed a part has been revoked since.
func (p *Prepared) checkAt(now uint64) error {
	for _, part := range []struct {
		name   string
		err    error
		signer []byte
	}{
		{"root revocation list", p.RootCRL.checkAt(now), nil},
		{"PCK revocation list", p.PCKCRL.checkAt(now), p.PCKCRL.Signer},
		{"QE identity", p.QE.checkAt(now), p.QE.Signer},
		{"TCB info", p.TCB.checkAt(now), p.TCB.Signer},
	} {
		if part.err != nil {
			return fmt.Errorf("check %s: %w", part.name, part.err)
		}
		if p.RootCRL.Contains(part.signer) {
			return fmt.Errorf("check signer of %s: %w", part.name, ErrRevoked)
		}
	}
	return nil
}

func (p *Prepared) until() uint64 {
	return min(p.RootCRL.NextUpdate, p.PCKCRL.NextUpdate, p.QE.NextUpdate, p.TCB.NextUpdate)
}

func issuerHash(c *cert.Certificate) hash.H256 { return hash.Blake2b256(c.Issuer) }

// verifiedChain is a platform's certificates after their signatures, and those
// of the quote, were checked.
type verifiedChain struct {
	leaf, ca *cert.Certificate
	kind     CA // which authority ca is
	pck      *pckExtension
}

// verifyChain checks every signature of a quote: root to authority to
// platform, platform to quoting enclave to attestation key, key to quote.
func (q *Quote) verifyChain(anchor []byte, now uint64) (*verifiedChain, error) {
	leaf, ca, err := q.certificates()
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(q.chain[2], anchor) {
		return nil, errors.New("PCK chain does not end at the trust anchor")
	}
	root, err := parseCertificate(anchor)
	if err != nil {
		return nil, fmt.Errorf("read trust anchor: %w", err)
	}
	for _, step := range []struct {
		name         string
		cert, parent *cert.Certificate
	}{{"trust anchor", root, nil}, {"PCK authority", ca, root}, {"PCK certificate", leaf, ca}} {
		if err := step.cert.CheckAt(now); err != nil {
			return nil, fmt.Errorf("check %s: %w", step.name, err)
		}
		if step.parent == nil {
			continue // equal to the anchor, which was checked when it was set
		}
		if err := step.cert.VerifyFrom(step.parent); err != nil {
			return nil, fmt.Errorf("check %s: %w", step.name, err)
		}
	}
	kind, err := checkCA(ca)
	if err != nil {
		return nil, fmt.Errorf("check PCK authority: %w", err)
	}
	if err := checkPCK(leaf); err != nil {
		return nil, fmt.Errorf("check PCK certificate: %w", err)
	}
	pck, err := pckOf(leaf)
	if err != nil {
		return nil, err
	}
	if err := leaf.Key.VerifyRaw(q.qeRaw, q.qeSig); err != nil {
		return nil, fmt.Errorf("check QE report: %w", err)
	}
	if err := q.checkBinding(); err != nil {
		return nil, fmt.Errorf("check QE report: %w", err)
	}
	if err := q.attestationKey().VerifyRaw(q.signed, q.signature); err != nil {
		return nil, fmt.Errorf("check quote: %w", err)
	}
	return &verifiedChain{leaf: leaf, ca: ca, kind: kind, pck: pck}, nil
}

// checkPCK checks that a certificate is one of a platform.
func checkPCK(c *cert.Certificate) error {
	if c.IsCA || !c.HasConstraints || c.Usage&cert.DigitalSignature == 0 || c.CommonName() != cnPCK {
		return errors.New("not one of a platform")
	}
	return nil
}

// checkBinding checks that the quoting enclave's report is about the
// attestation key.
func (q *Quote) checkBinding() error {
	bound := sha256.Sum256(slices.Concat(q.key, q.qeAuth))
	if !bytes.Equal(q.qe.ReportData[:32], bound[:]) || [32]byte(q.qe.ReportData[32:]) != [32]byte{} {
		return errors.New("it is not about the attestation key")
	}
	return nil
}

// attestationKey returns the key that the quoting enclave signs quotes with.
func (q *Quote) attestationKey() *cert.Key {
	return &cert.Key{Kind: cert.P256, Bytes: append([]byte{4}, q.key...)}
}

// checkTCB matches the quoting enclave, the platform and the TDX module with
// the collateral, and merges their states into e.
func (q *Quote) checkTCB(e *Evidence, p *Prepared, pck *pckExtension) error {
	level, err := p.TCB.platform(q, pck)
	if err != nil {
		return err
	}
	e.TCBDate = level.Date
	e.merge(level.Status, level.Advisories)
	qe, err := p.QE.match(&q.qe)
	if err != nil {
		return fmt.Errorf("check quoting enclave: %w", err)
	}
	e.merge(qe.Status, qe.Advisories)
	if q.TEE == TDX {
		module, err := p.TCB.module(q.TDX)
		if err != nil {
			return fmt.Errorf("check TDX module: %w", err)
		}
		if module != nil {
			e.merge(module.Status, module.Advisories)
		}
	}
	return nil
}

func (e *Evidence) merge(s Status, advisories []string) {
	e.Status = max(e.Status, s)
	for _, a := range advisories {
		if !slices.Contains(e.Advisories, a) {
			e.Advisories = append(e.Advisories, a)
		}
	}
}

// platform returns the first, hence best, level that the platform reaches.
func (t *TCBInfo) platform(q *Quote, pck *pckExtension) (*TCBLevel, error) {
	for i := range t.Levels {
		l := &t.Levels[i]
		if !reaches(pck.svn[:], l.SGX[:]) || pck.pcesvn < l.PCESVN {
			continue
		}
		if q.TEE == TDX {
			from := q.TDX.firstComponent()
			if !reaches(q.TDX.TCBSVN[from:], l.TDX[from:]) {
				continue
			}
		}
		return l, nil
	}
	return nil, fmt.Errorf("check platform: %w", ErrNoTCBLevel)
}

// firstComponent is the first component that a platform's level rates. The
// first two are the TDX module's: later modules have levels of their own.
func (r *TDXReport) firstComponent() int {
	if r.TCBSVN[1] > 0 {
		return 2
	}
	return 0
}

func reaches(have, want []byte) bool {
	for i, w := range want {
		if have[i] < w {
			return false
		}
	}
	return true
}

func (q *QEIdentity) match(r *SGXReport) (*SVNLevel, error) {
	switch {
	case r.MRSigner != q.MRSigner:
		return nil, errors.New("MRSIGNER differs")
	case r.ProdID != q.ProdID:
		return nil, errors.New("ISVPRODID differs")
	case !matches(r.MiscSelect[:], q.MiscSelectMask[:], q.MiscSelect[:]):
		return nil, errors.New("MISCSELECT differs")
	case !matches(r.Attributes[:], q.AttributesMask[:], q.Attributes[:]):
		return nil, errors.New("ATTRIBUTES differ")
	case r.Debug():
		return nil, errors.New("it is a debug enclave")
	}
	return levelOf(q.Levels, r.SVN)
}

// module returns the level of the TDX module, or nil for a module of version
// 0, whose level is the platform's.
func (t *TCBInfo) module(r *TDXReport) (*SVNLevel, error) {
	m, version := t.Module, r.TCBSVN[1]
	if version > 0 {
		k := slices.IndexFunc(t.Modules, func(m ModuleIdentity) bool { return m.Version == version })
		if k < 0 {
			return nil, fmt.Errorf("version %d is not listed", version)
		}
		m = &t.Modules[k]
	}
	switch {
	case m == nil:
		return nil, errors.New("TCB info has no TDX module")
	case r.MRSignerSEAM != m.MRSigner:
		return nil, errors.New("MRSIGNERSEAM differs")
	case !matches(r.SEAMAttributes[:], m.AttributesMask[:], m.Attributes[:]):
		return nil, errors.New("SEAMATTRIBUTES differ")
	}
	if version == 0 {
		return nil, nil
	}
	return levelOf(m.Levels, uint16(r.TCBSVN[0]))
}

func levelOf(levels []SVNLevel, svn uint16) (*SVNLevel, error) {
	for i := range levels {
		if levels[i].SVN <= svn {
			return &levels[i], nil
		}
	}
	return nil, ErrNoTCBLevel
}

func matches(have, mask, want []byte) bool {
	for i := range want {
		if have[i]&mask[i] != want[i] {
			return false
		}
	}
	return true
}
