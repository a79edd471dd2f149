package attest

import (
	"encoding/hex"
	"fmt"

	"github.com/tacit-network/tacit/attest/verdict"
)

// stored tells of TCB info and QE identity that were authenticated before.
func (x *explanation) stored() *verdict.Check {
	p := x.Prepared
	tcb := verdict.Pass("TCB info", fmt.Sprintf("%s, FMSPC %s, evaluation number %d, %d levels", p.TCB.TEE, p.TCB.FMSPC, p.TCB.Eval, len(p.TCB.Levels)))
	if err := x.checkFamily(); err != nil {
		tcb = verdict.Fail("TCB info", "content", err.Error(), "bring the collateral of this platform's family to the chain")
	}
	tcb.SetWindow(p.TCB.IssueDate, p.TCB.NextUpdate, x.Now, adviceUpload)
	qe := verdict.Pass("QE identity", fmt.Sprintf("%s, evaluation number %d", p.QE.TEE, p.QE.Eval))
	if p.QE.TEE != x.q.TEE {
		qe = verdict.Fail("QE identity", "content", fmt.Sprintf("it is of %s, the quote of %s", p.QE.TEE, x.q.TEE), adviceUpload)
	}
	qe.SetWindow(p.QE.IssueDate, p.QE.NextUpdate, x.Now, adviceUpload)
	for _, part := range []struct {
		check  *verdict.Check
		signer []byte
	}{{tcb, p.TCB.Signer}, {qe, p.QE.Signer}} {
		signer := verdict.Pass("signer", "checked when it was stored: serial number "+hex.EncodeToString(part.signer))
		x.revoked(signer, &p.RootCRL, part.signer, "the signer of the collateral")
		part.check.Checks = []*verdict.Check{signer}
		part.check.State = max(part.check.State, signer.State)
	}
	return verdict.Group("collateral", tcb, qe)
}

const adviceUpload = "have newer collateral brought to the chain: anybody may, and it costs nothing"

// storedLists tells of revocation lists that were authenticated before.
func (x *explanation) storedLists() *verdict.Check {
	p := x.Prepared
	list := func(name string, l *CRL) *verdict.Check {
		c := verdict.Pass(name, fmt.Sprintf("number %d, %d revoked", l.Number, len(l.Revoked)))
		c.SetWindow(l.ThisUpdate, l.NextUpdate, x.Now, adviceUpload)
		return c
	}
	root, pck := list("root revocation list", &p.RootCRL), list("PCK revocation list", &p.PCKCRL)
	if x.root != nil {
		x.revoked(root, &p.RootCRL, x.root.Serial, "the root")
	}
	if x.ca != nil {
		x.revoked(root, &p.RootCRL, x.ca.Serial, "the PCK authority")
	}
	x.revoked(root, &p.RootCRL, p.PCKCRL.Signer, "the signer of the PCK list")
	if x.leaf != nil {
		x.revoked(pck, &p.PCKCRL, x.leaf.Serial, "the platform's PCK certificate")
		if issuerHash(x.leaf) != p.PCKCRL.Issuer && pck.State != verdict.Failed {
			pck.State, pck.Field, pck.Detail = verdict.Failed, "issuer", "the list is of another authority"
			pck.Advice = adviceUpload
		}
	}
	return verdict.Group("revocation lists", root, pck)
}
