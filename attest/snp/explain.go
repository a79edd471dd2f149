package snp

import (
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/tacit-network/tacit/attest/cert"
	"github.com/tacit-network/tacit/attest/verdict"
)

const adviceCertificate = "give the chip's VCEK, which AMD's key service makes for its identifier and firmware, or the cloud's VLEK"

// Case is what [Explain] explains.
type Case struct {
	Report       []byte
	Endorsements Endorsements
	// Anchors are the products' roots. The one that fits is taken.
	Anchors []Anchor
	Now     uint64 // Unix seconds
	Policy  Policy
}

// Explain checks a report as [Verify] does, and tells of every step.
func Explain(c Case) *verdict.Verdict {
	v := verdict.New("SEV-SNP report", c.Now)
	v.TEE = "SEV-SNP"
	r, err := ParseReport(c.Report)
	if err != nil {
		format := verdict.Fail("format", "", err.Error(), "check that the file is the whole report, unchanged and nothing else")
		v.Close(err, []*verdict.Check{verdict.Group("report", format)})
		return v
	}
	v.Tree.Name, v.Version = fmt.Sprintf("SEV-SNP report of version %d", r.Version), uint16(r.Version)
	v.ReportData, v.Measurement, v.Debug = hex.EncodeToString(r.ReportData[:]), hex.EncodeToString(r.Measurement[:]), r.Debug()

	x := &explanation{Case: c, report: r}
	x.read()
	parts := []*verdict.Check{x.body(), x.chain(), x.list(), x.chip()}
	policy := verdict.Skip("policy", "nothing was proved that it could judge", "")
	if x.leaf != nil {
		v.Product = x.leaf.product.String()
	}
	v.Genuine = verdict.Group("", parts[0], parts[1], parts[3]).State == verdict.Passed
	e, err := x.verify()
	if e != nil {
		v.Status, v.Until = "Unrated", cert.FormatDate(e.Until)
		if id := e.Platform(); !zero(id[:]) {
			v.Platform = hex.EncodeToString(id[:])
		}
		policy = c.Policy.check(e)
	}
	v.Close(err, parts, c.Policy.measurement(r), policy)
	return v
}

// explanation is the work on one case. What could not be read is nil.
type explanation struct {
	Case
	report  *Report
	leaf    *leaf
	leafErr error
	anchor  *Anchor
	root    *cert.Certificate
	ask     *cert.Certificate
	askErr  error
}

func (x *explanation) read() {
	if x.Endorsements.Leaf == nil {
		x.leafErr = errors.New("there is no certificate of the key that signed")
	} else {
		x.leaf, x.leafErr = parseLeaf(x.Endorsements.Leaf)
	}
	for i := range x.Anchors {
		a := &x.Anchors[i]
		if x.leaf != nil {
			if root, err := a.root(x.leaf.product); err == nil {
				x.anchor, x.root = a, root
				break
			}
		}
	}
	if x.Endorsements.Intermediate != nil {
		x.ask, x.askErr = parseAuthority(x.Endorsements.Intermediate)
	}
}

func (x *explanation) verify() (*Evidence, error) {
	switch {
	case x.leaf == nil:
		return nil, x.leafErr
	case x.anchor == nil:
		return nil, x.noAnchor()
	}
	return Verify(x.report, &x.Endorsements, x.anchor, x.Now)
}

func (x *explanation) noAnchor() error {
	if len(x.Anchors) == 1 {
		if _, err := x.Anchors[0].root(x.leaf.product); err != nil {
			return err
		}
	}
	return fmt.Errorf("there is no trust anchor for %s", x.leaf.product)
}

func (x *explanation) body() *verdict.Check {
	format := verdict.Pass("format", fmt.Sprintf("version %d, signed by a %s, %d bytes", x.report.Version, x.report.SigningKey, len(x.Report)))
	signature := verdict.Pass("signature", "ECDSA P-384")
	if x.leaf == nil {
		signature = verdict.Skip("signature", x.leafErr.Error(), adviceCertificate)
	} else if err := x.leaf.Key.VerifyRaw(x.report.signed, x.report.signature[:]); err != nil {
		signature = verdict.Fail("signature", "signature of the report", err.Error(),
			"the report was changed after it was signed, or is not of this chip and firmware: get a new one, and its certificate")
	}
	return verdict.Group("report", format, signature)
}

func (x *explanation) chain() *verdict.Check {
	const name = "certificate chain"
	if x.leaf == nil {
		return verdict.Group(name, verdict.Fail("signing key's certificate", "", x.leafErr.Error(), adviceCertificate))
	}
	root := verdict.Pass("root", "")
	switch {
	case x.anchor == nil:
		root = verdict.Fail("root", "trust anchor", x.noAnchor().Error(), "name AMD's root of this product line with --anchor")
	case x.root == nil:
		root.Detail = "ARK-" + x.leaf.product.String() + ", by its public key"
	default:
		root.Detail = x.root.CommonName()
		root.SetWindow(x.root.NotBefore, x.root.NotAfter, x.Now, "the root itself has ended: name a newer one")
	}
	kind := x.leaf.kind
	leaf := verdict.Pass(kind.String(), fmt.Sprintf("%s, for %s", x.leaf.product, x.leaf.tcb))
	middle := verdict.Pass("intermediate", intermediateName(kind, x.leaf.product))
	var leafErr error
	switch {
	case x.askErr != nil:
		middle = verdict.Fail("intermediate", "certificate", x.askErr.Error(), "give AMD's certificate chain of the product")
	case x.ask != nil:
		if x.anchor != nil {
			if err := checkIntermediate(x.ask, kind, x.leaf.product, x.root, x.anchor, x.Now); err != nil && !errors.Is(err, cert.ErrExpired) {
				middle = verdict.Fail("intermediate", "signature of "+x.ask.CommonName(), err.Error(), "give AMD's certificate chain of the product, of the same root")
			}
		} else {
			middle = verdict.Skip("intermediate", "there is no root", "")
		}
		middle.SetWindow(x.ask.NotBefore, x.ask.NotAfter, x.Now, "fetch AMD's certificate chain anew")
		leafErr = x.leaf.VerifyFrom(x.ask)
	case x.anchor == nil || x.anchor.Keys == nil || kind == VLEK:
		middle = verdict.Fail("intermediate", "certificate", "it is missing", "give AMD's certificate chain of the product beside the "+kind.String())
	default:
		middle.Detail += ", by its public key"
		leafErr = x.leaf.VerifyKey(&x.anchor.Keys.ASK)
	}
	if leafErr != nil {
		leaf = verdict.Fail(kind.String(), "signature of the "+kind.String(), leafErr.Error(), "this certificate is not AMD's, or of another product line")
	}
	leaf.SetWindow(x.leaf.NotBefore, x.leaf.NotAfter, x.Now, adviceCertificate)
	return verdict.Group(name, root, middle, leaf)
}

func (x *explanation) list() *verdict.Check {
	const name = "revocation list"
	if x.Endorsements.List == nil {
		return verdict.Skip(name, "there is none: nobody knows what is revoked", "give AMD's revocation list of the product as well")
	}
	list, err := checkList(x.Endorsements.List, x.root, x.Now)
	if list == nil || err != nil && !errors.Is(err, cert.ErrExpired) {
		return verdict.Fail(name, "", fmt.Sprint(err), "fetch AMD's revocation list of the product, and name its root certificate")
	}
	c := verdict.Pass(name, fmt.Sprintf("number %d, %d revoked", list.Number, len(list.Revoked)))
	if x.ask != nil && list.Contains(x.ask.Serial) || x.leaf != nil && len(x.leaf.Serial) > 0 && list.Contains(x.leaf.Serial) {
		c = verdict.Fail(name, "serial number", "a certificate of the chain is revoked", "do not trust this machine any more: its vendor revoked it")
	}
	c.SetWindow(list.ThisUpdate, list.NextUpdate, x.Now, "fetch AMD's revocation list anew")
	return c
}

// chip tells whether report and certificate are of one chip and firmware.
func (x *explanation) chip() *verdict.Check {
	const name = "chip and TCB"
	if x.leaf == nil {
		return verdict.Skip(name, x.leafErr.Error(), adviceCertificate)
	}
	if field, err := x.leaf.matches(x.report); err != nil {
		c := verdict.Fail(name, field, err.Error(), "get the certificate of this chip and this firmware")
		return c
	}
	return verdict.Pass(name, fmt.Sprintf("%s, reported %s", x.leaf.product, x.leaf.tcb))
}
