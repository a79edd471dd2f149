package attest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/tacit-network/tacit/attest/cert"
	"github.com/tacit-network/tacit/attest/verdict"
)

const (
	adviceCollateral = "give the collateral of the platform: TCB info, QE identity and revocation lists"
	adviceExpired    = "fetch the collateral anew"
)

// collateral checks TCB info and QE identity as documents.
func (x *explanation) collateral() *verdict.Check {
	const name = "collateral"
	if x.Prepared != nil {
		return x.stored()
	}
	if x.Collateral == nil {
		return verdict.Fail(name, "", errNoCollateral.Error(), adviceCollateral)
	}
	c := x.Collateral
	tcb := x.document("TCB info", c.TCBInfo, c.TCBInfoSignature, c.TCBInfoChain, func() (from, to uint64, err error) {
		if x.tcb == nil {
			_, err = parseTCBInfo(c.TCBInfo)
			return 0, 0, err
		}
		return x.tcb.IssueDate, x.tcb.NextUpdate, x.checkFamily()
	})
	if x.tcb != nil && tcb.State != verdict.Failed {
		tcb.Detail = fmt.Sprintf("%s, FMSPC %s, evaluation number %d, %d levels", x.tcb.TEE, x.tcb.FMSPC, x.tcb.Eval, len(x.tcb.Levels))
	}
	qe := x.document("QE identity", c.QEIdentity, c.QEIdentitySig, c.QEIdentityChain, func() (from, to uint64, err error) {
		if x.qe == nil {
			_, err = parseQEIdentity(c.QEIdentity)
			return 0, 0, err
		}
		if x.qe.TEE != x.q.TEE {
			err = fmt.Errorf("it is of %s, the quote of %s", x.qe.TEE, x.q.TEE)
		}
		return x.qe.IssueDate, x.qe.NextUpdate, err
	})
	if x.qe != nil && qe.State != verdict.Failed {
		qe.Detail = fmt.Sprintf("%s, evaluation number %d", x.qe.TEE, x.qe.Eval)
	}
	return verdict.Group(name, tcb, qe)
}

// checkFamily says why TCB info is not about the platform.
func (x *explanation) checkFamily() error {
	switch {
	case x.tcb.TEE != x.q.TEE:
		return fmt.Errorf("it is of %s, the quote of %s", x.tcb.TEE, x.q.TEE)
	case x.pck == nil:
		return nil
	case x.tcb.FMSPC != x.pck.fmspc:
		return fmt.Errorf("it is of platforms of FMSPC %s, this one is of %s", x.tcb.FMSPC, x.pck.fmspc)
	case x.tcb.PCEID != x.pck.pceid:
		return fmt.Errorf("it is of PCE id %x, this platform has %x", x.tcb.PCEID, x.pck.pceid)
	}
	return nil
}

// document checks a signed JSON document: its signer, its signature, what it is
// about, and its window.
func (x *explanation) document(name string, raw, sig, chain []byte, about func() (from, to uint64, err error)) *verdict.Check {
	if len(raw) == 0 {
		return verdict.Fail(name, "", "it is missing", adviceCollateral)
	}
	from, to, err := about()
	out := verdict.Pass(name, "")
	if err != nil {
		out = verdict.Fail(name, "content", err.Error(), "fetch the collateral of this platform's family: `FMSPC` names it")
	}
	if to > 0 {
		out.SetWindow(from, to, x.Now, adviceExpired)
	}
	signer := x.signer(chain, checkTCBSigner)
	signature := verdict.Pass("signature", "over the document's bytes")
	if c := firstCertificate(chain); c == nil {
		signature = verdict.Skip("signature", "there is no signer", "")
	} else if err := c.Key.VerifyRaw(raw, sig); err != nil {
		signature = verdict.Fail("signature", "signature of "+name, err.Error(), "the document was changed: fetch the collateral anew")
	}
	// The window stands at the document, what it hangs on below.
	out.Checks = []*verdict.Check{signer, signature}
	out.State = max(out.State, signer.State, signature.State)
	return out
}

func firstCertificate(chain []byte) *cert.Certificate {
	certs, err := cert.ParsePEM(bytes.TrimRight(chain, "\x00"), maxChainCerts)
	if err != nil || len(certs) == 0 {
		return nil
	}
	c, _ := parseCertificate(certs[0])
	return c
}

// signer checks who signed a part, and that it may.
func (x *explanation) signer(chain []byte, may func(*cert.Certificate) error) *verdict.Check {
	const name = "signer"
	if x.root == nil {
		return verdict.Skip(name, "there is no root", "")
	}
	// An empty list: revocation is shown with the lists.
	_, err := prepareSigner(chain, x.root, &CRL{}, x.Now)
	c := firstCertificate(chain)
	if err != nil && !errors.Is(err, ErrExpired) || c == nil {
		return verdict.Fail(name, "certificate chain", fmt.Sprint(err), adviceExpired)
	}
	if err := may(c); err != nil {
		return verdict.Fail(name, "kind", err.Error(), adviceExpired)
	}
	out := verdict.Pass(name, c.CommonName())
	out.SetWindow(c.NotBefore, c.NotAfter, x.Now, adviceExpired)
	return out
}

// lists checks the two revocation lists, and looks everybody up.
func (x *explanation) lists() *verdict.Check {
	const name = "revocation lists"
	if x.Prepared != nil {
		return x.storedLists()
	}
	if x.Collateral == nil {
		return verdict.Skip(name, "there are none", adviceCollateral)
	}
	root, rootList := x.list("root revocation list", x.Collateral.RootCRL, x.root)
	if x.root != nil {
		x.revoked(root, rootList, x.root.Serial, "the root")
	}
	if x.ca != nil {
		x.revoked(root, rootList, x.ca.Serial, "the PCK authority")
	}
	for _, chain := range [][]byte{x.Collateral.TCBInfoChain, x.Collateral.QEIdentityChain} {
		if c := firstCertificate(chain); c != nil {
			x.revoked(root, rootList, c.Serial, "the signer of the collateral")
		}
	}
	pck, pckList := x.list("PCK revocation list", x.Collateral.PCKCRL, x.ca)
	if x.leaf != nil {
		x.revoked(pck, pckList, x.leaf.Serial, "the platform's PCK certificate")
	}
	if len(x.Collateral.PCKCRL) > 0 {
		signer := x.signer(x.Collateral.PCKCRLChain, func(c *cert.Certificate) error {
			_, err := checkCA(c)
			return err
		})
		pck.Checks, pck.State = []*verdict.Check{signer}, max(pck.State, signer.State)
	}
	return verdict.Group(name, root, pck)
}

func (x *explanation) list(name string, raw []byte, issuer *cert.Certificate) (*verdict.Check, *CRL) {
	if len(raw) == 0 {
		return verdict.Skip(name, "the collateral has none: nobody knows what is revoked", "fetch the collateral with its revocation lists"), nil
	}
	list, signed, err := parseCRL(raw)
	if err != nil {
		return verdict.Fail(name, "", err.Error(), adviceExpired), nil
	}
	if issuer == nil {
		return verdict.Skip(name, "its issuer is not known", ""), nil
	}
	c := verdict.Pass(name, fmt.Sprintf("number %d, %d revoked", list.Number, len(list.Revoked)))
	if err := signed.VerifyFrom(issuer); err != nil {
		c = verdict.Fail(name, "signature of the list", err.Error(), "the list is of another authority, or was changed: fetch the collateral anew")
	}
	c.SetWindow(list.ThisUpdate, list.NextUpdate, x.Now, adviceExpired)
	return c, list
}

// level tells which TCB level the platform reaches, and what it lacks.
func (x *explanation) level() *verdict.Check {
	const name = "TCB level"
	if x.tcb == nil || x.pck == nil {
		return verdict.Skip(name, "there is no TCB info", adviceCollateral)
	}
	if err := x.checkFamily(); err != nil {
		return verdict.Skip(name, "TCB info is not about this platform", "")
	}
	best := &x.tcb.Levels[0]
	if k := slices.IndexFunc(x.tcb.Levels, func(l TCBLevel) bool { return l.Status == UpToDate }); k > 0 {
		best = &x.tcb.Levels[k]
	}
	level, err := x.tcb.platform(x.q, x.pck)
	if err != nil {
		c := verdict.Fail(name, "", ErrNoTCBLevel.Error(), "update the machine's firmware, microcode and TDX module: it is older than all that its vendor still rates")
		lacks(c, x.q.deficits(x.pck, &x.tcb.Levels[len(x.tcb.Levels)-1]))
		return c
	}
	place := 0
	for i := range x.tcb.Levels {
		if &x.tcb.Levels[i] == level {
			place = i + 1
		}
	}
	c := &verdict.Check{Name: name, Detail: fmt.Sprintf("%s: level %d of %d, of %.10s", level.Status, place, len(x.tcb.Levels), cert.FormatDate(level.Date))}
	if level.Status == UpToDate {
		return c
	}
	c.State, c.Advice = verdict.Warned, adviceOf(level.Status)
	if level.Status == Revoked {
		c.State = verdict.Failed
	}
	lacks(c, x.q.deficits(x.pck, best))
	if days := behind(level.Date, best.Date); days != "" {
		c.Behind = days
	}
	return c
}

// deficit is a security version that is too low.
type deficit struct {
	name       string
	have, want int
}

// lacks says which versions are too low, the first of them as the field.
func lacks(c *verdict.Check, list []deficit) {
	if len(list) == 0 {
		return
	}
	c.Field, c.Have, c.Want = list[0].name, fmt.Sprint(list[0].have), fmt.Sprintf("at least %d", list[0].want)
	for i, d := range list {
		if i > 0 {
			c.Behind += "; "
		}
		if i == 3 {
			c.Behind += fmt.Sprintf("%d more", len(list)-i)
			break
		}
		c.Behind += fmt.Sprintf("%s by %d", d.name, d.want-d.have)
	}
}

// deficits lists what a platform lacks for a level.
func (q *Quote) deficits(pck *pckExtension, l *TCBLevel) []deficit {
	var out []deficit
	add := func(name string, have, want int) {
		if have < want {
			out = append(out, deficit{name, have, want})
		}
	}
	for i, want := range l.SGX {
		add(fmt.Sprintf("SGX TCB component %d", i+1), int(pck.svn[i]), int(want))
	}
	add("PCESVN", int(pck.pcesvn), int(l.PCESVN))
	if q.TEE == TDX {
		for i := q.TDX.firstComponent(); i < len(l.TDX); i++ {
			add(fmt.Sprintf("TDX TCB component %d", i+1), int(q.TDX.TCBSVN[i]), int(l.TDX[i]))
		}
	}
	return out
}

// module tells of the TDX module.
func (x *explanation) module() *verdict.Check {
	const name = "TDX module"
	switch {
	case x.q.TEE != TDX:
		return nil
	case x.tcb == nil || x.tcb.TEE != TDX:
		return verdict.Skip(name, "there is no TCB info of TDX", adviceCollateral)
	}
	r := x.q.TDX
	level, err := x.tcb.module(r)
	version := r.TCBSVN[1]
	if err != nil {
		c := verdict.Fail(name, fmt.Sprintf("module version %d", version), err.Error(), "update the machine's TDX module to one that its vendor lists")
		if errors.Is(err, ErrNoTCBLevel) {
			c.Field, c.Have = "security version", fmt.Sprint(r.TCBSVN[0])
			for i := range x.tcb.Modules {
				if m := &x.tcb.Modules[i]; m.Version == version {
					least := m.Levels[len(m.Levels)-1].SVN
					c.Want, c.Behind = fmt.Sprintf("at least %d", least), fmt.Sprintf("by %d", int(least)-int(r.TCBSVN[0]))
				}
			}
		}
		return c
	}
	if level == nil {
		return verdict.Pass(name, "version 0: the platform's level rates it")
	}
	best := level
	for i := range x.tcb.Modules {
		if m := &x.tcb.Modules[i]; m.Version == version {
			best = &m.Levels[0]
		}
	}
	c := svnLevelCheck(name, level, best, uint16(r.TCBSVN[0]))
	c.Detail = fmt.Sprintf("version %d, %s", version, c.Detail)
	return c
}
