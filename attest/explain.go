package attest

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/tacit-network/tacit/attest/cert"
	"github.com/tacit-network/tacit/attest/eventlog"
	"github.com/tacit-network/tacit/attest/verdict"
	"github.com/tacit-network/tacit/hash"
)

// IntelRoot is the public key of Intel's SGX root, which certifies TDX as well:
// "Intel SGX Root CA", valid until the end of 2049.
// https://certificates.trustedservices.intel.com/Intel_SGX_Provisioning_Certification_RootCA.cer
var IntelRoot = cert.Key{Kind: cert.P256, Bytes: unhex("04" +
	"0ba9c4c0c0c86193a3fe23d6b02cda10a8bbd4e88e48b4458561a36e705525f5" +
	"67918e2edc88e40d860bd0cc4ee26aacc988e505a953558c453f6b0904ae7394")}

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err) // a constant
	}
	return b
}

// Case is what [Explain] explains.
type Case struct {
	Quote []byte
	// Collateral of the platform; nil when there is none, with which a quote's
	// own chain is checked and nothing is accepted.
	Collateral *Collateral
	// Prepared is collateral that was authenticated before, as a chain keeps it;
	// nil for that of Collateral. Its anchor is taken.
	Prepared *Prepared
	// Anchor is the root certificate in DER. Nil: the one that the quote
	// carries, if its key is IntelRoot.
	Anchor []byte
	// EventLog is the trust domain's log of measurements, see package eventlog;
	// nil when there is none to be looked at.
	EventLog     []byte
	Now          uint64 // Unix seconds
	Requirements Requirements
}

// Explain checks a quote of Intel's as [VerifyQuote] does, and tells of every
// step. Where verification stops at the first fault, the tree goes on as far as
// there is something to look at; what it accepts is what verification accepts,
// but for one thing: revocation lists may be missing from the collateral, which
// the tree then shows as not checked, and which no default policy accepts.
func Explain(c Case) *verdict.Verdict {
	v := verdict.New("quote", c.Now)
	q, err := ParseQuote(c.Quote)
	if err != nil {
		format := verdict.Fail("format", "", err.Error(), "check that the file is the whole quote, unchanged and nothing else")
		v.Close(err, []*verdict.Check{verdict.Group("quote", format)})
		return v
	}
	x := &explanation{Case: c, q: q, anchor: c.Anchor}
	v.TEE, v.Version = q.TEE.String(), q.Version
	v.Tree.Name = fmt.Sprintf("%s quote of format %d", q.TEE, q.Version)
	x.describe(v)
	x.chain()
	parts := []*verdict.Check{x.quote(), x.qeReport(), x.pckChain(), x.collateral(), x.lists(), x.level(), x.module()}
	v.Genuine = verdict.Group("", parts[:3]...).State != verdict.Failed
	e, err := x.verify()
	if e != nil {
		x.conclude(v, e)
	}
	if x.pck != nil {
		v.FMSPC = x.pck.fmspc.String()
		id := hash.Blake2b256([]byte("platform"), x.pck.ppid[:])
		v.Platform = hex.EncodeToString(id[:])
	}
	v.Close(err, parts, x.measurement(), x.policy(e))
	return v
}

// explanation is the work on one case. What could not be read is nil.
type explanation struct {
	Case
	q              *Quote
	anchor         []byte
	root, ca, leaf *cert.Certificate
	pck            *pckExtension
	chainErr       error // of reading the chain
	tcb            *TCBInfo
	qe             *QEIdentity
}

var errNoCollateral = errors.New("there is none: whether the platform is up to date, or revoked, is not known")

// verify is the answer that counts: that of the verifier.
func (x *explanation) verify() (*Evidence, error) {
	if x.anchor == nil {
		return nil, errors.New("PCK chain does not end at Intel's root")
	}
	if x.Prepared != nil {
		return x.q.Verify(x.Prepared, x.Now)
	}
	if x.Collateral == nil {
		if _, err := x.q.verifyChain(x.anchor, x.Now); err != nil {
			return nil, err
		}
		return nil, errNoCollateral
	}
	p, err := prepareCollateral(x.Collateral, x.anchor, x.Now, true)
	if err != nil {
		return nil, err
	}
	if len(x.Collateral.PCKCRL) == 0 && x.leaf != nil {
		p.PCKCRL.Issuer = issuerHash(x.leaf)
	}
	return x.q.Verify(p, x.Now)
}

// chain reads what the quote says about itself, and finds the anchor.
func (x *explanation) chain() {
	x.leaf, x.ca, x.chainErr = x.q.certificates()
	if x.leaf != nil {
		if x.pck, _ = pckOf(x.leaf); x.pck == nil {
			x.chainErr = errors.New("PCK certificate has no platform in it")
		}
	}
	if x.Prepared != nil {
		x.anchor = x.Prepared.Anchor
	}
	if x.anchor == nil && x.q.Root() != nil {
		if root, err := parseAnchor(x.q.Root()); err == nil && root.Key.Equal(&IntelRoot) {
			x.anchor = x.q.Root()
		}
	}
	if x.anchor != nil {
		x.root, _ = parseAnchor(x.anchor)
	}
	if x.Prepared != nil {
		x.tcb, x.qe = &x.Prepared.TCB, &x.Prepared.QE
	} else if x.Collateral != nil {
		x.tcb, _ = parseTCBInfo(x.Collateral.TCBInfo)
		x.qe, _ = parseQEIdentity(x.Collateral.QEIdentity)
	}
}

// describe says what the quote claims.
func (x *explanation) describe(v *verdict.Verdict) {
	if r := x.q.SGX; r != nil {
		v.ReportData, v.Measurement, v.Debug = hex.EncodeToString(r.ReportData[:]), hex.EncodeToString(r.MREnclave[:]), r.Debug()
	} else {
		r := x.q.TDX
		v.ReportData, v.Measurement, v.Debug = hex.EncodeToString(r.ReportData[:]), hex.EncodeToString(r.MRTD[:]), r.Debug()
	}
}

// conclude says what evidence proves.
func (x *explanation) conclude(v *verdict.Verdict, e *Evidence) {
	v.Status, v.Eval = e.Status.String(), e.Eval
	v.Advisories = append(v.Advisories, e.Advisories...)
	v.TCBDate, v.Until = cert.FormatDate(e.TCBDate), cert.FormatDate(e.Until)
}

func (x *explanation) quote() *verdict.Check {
	body := "SGX report"
	if x.q.TDX != nil {
		body = "TD 1.0 report"
		if len(x.q.signed) >= td15ReportSize {
			body = "TD 1.5 report"
		}
	}
	format := verdict.Pass("format", fmt.Sprintf("version %d, %s, %d bytes", x.q.Version, body, len(x.Quote)))
	signature := verdict.Pass("signature", "by the attestation key, ECDSA P-256")
	if err := x.q.attestationKey().VerifyRaw(x.q.signed, x.q.signature); err != nil {
		signature = verdict.Fail("signature", "signature of the report", err.Error(),
			"the report was changed after it was signed, or is not of this key: get a new quote")
	}
	return verdict.Group("quote", format, signature)
}

func (x *explanation) qeReport() *verdict.Check {
	const name = "QE report"
	binding := verdict.Pass("attestation key", "the quoting enclave vouches for it")
	if err := x.q.checkBinding(); err != nil {
		binding = verdict.Fail("attestation key", "report data of the quoting enclave", err.Error(), "the key that signed the quote is not the quoting enclave's: get a new quote")
	}
	if x.leaf == nil {
		return verdict.Group(name, verdict.Skip("signature", "there is no PCK certificate", ""), binding)
	}
	signature := verdict.Pass("signature", "by the platform's PCK key")
	if err := x.leaf.Key.VerifyRaw(x.q.qeRaw, x.q.qeSig); err != nil {
		signature = verdict.Fail("signature", "signature of the QE report", err.Error(), "this quoting enclave does not belong to the platform's certificate: get a new quote")
	}
	return verdict.Group(name, signature, binding, x.identity())
}

// identity matches the quoting enclave with its published identity.
func (x *explanation) identity() *verdict.Check {
	const name = "identity of the quoting enclave"
	if x.qe == nil {
		return verdict.Skip(name, "there is no QE identity", adviceCollateral)
	}
	if x.qe.TEE != x.q.TEE {
		return verdict.Skip(name, "QE identity is not of "+x.q.TEE.String(), "")
	}
	level, err := x.qe.match(&x.q.qe)
	if err != nil {
		c := verdict.Fail(name, err.Error(), "it is not Intel's, or older than every known one", "update the machine's quoting enclave")
		if errors.Is(err, ErrNoTCBLevel) {
			c.Field, c.Have, c.Want = "ISVSVN", fmt.Sprint(x.q.qe.SVN), fmt.Sprintf("at least %d", x.qe.Levels[len(x.qe.Levels)-1].SVN)
		}
		return c
	}
	best := &x.qe.Levels[0]
	return svnLevelCheck(name, level, best, x.q.qe.SVN)
}

// svnLevelCheck tells of the level of a quoting enclave or a module.
func svnLevelCheck(name string, level, best *SVNLevel, svn uint16) *verdict.Check {
	c := &verdict.Check{Name: name, Detail: fmt.Sprintf("security version %d, %s", svn, level.Status)}
	if level.Status != UpToDate {
		c.State, c.Field = verdict.Warned, "security version"
		c.Have, c.Want = fmt.Sprint(svn), fmt.Sprintf("at least %d", best.SVN)
		c.Behind, c.Advice = behind(level.Date, best.Date), adviceOf(level.Status)
	}
	if level.Status == Revoked {
		c.State = verdict.Failed
	}
	return c
}

// behind says how much older one level is than another.
func behind(have, best uint64) string {
	if best <= have {
		return ""
	}
	return fmt.Sprintf("its level is of %.10s, the best of %.10s: %s", cert.FormatDate(have), cert.FormatDate(best), verdict.Span(best-have))
}

func (x *explanation) pckChain() *verdict.Check {
	const name = "PCK chain"
	if x.leaf == nil || x.ca == nil {
		return verdict.Group(name, verdict.Fail("certificates", "", x.chainErr.Error(), "get a new quote"))
	}
	anchor := verdict.Pass("root", "")
	switch {
	case x.anchor == nil:
		anchor = verdict.Fail("root", "public key", "the chain does not end at Intel's root",
			"when the quote is of simulated hardware, name its root with --anchor; else do not believe it")
	case x.root == nil:
		_, err := parseAnchor(x.anchor)
		anchor = verdict.Fail("root", "trust anchor", fmt.Sprint(err), "the anchor must be a self-signed SGX root certificate")
	case !bytes.Equal(x.q.chain[2], x.anchor):
		anchor = verdict.Fail("root", "root certificate", "the chain ends at another root than the trust anchor",
			"check whose platform this is: Intel's quotes need Intel's root, simulated ones their own")
	default:
		anchor.Detail = x.root.CommonName()
		if !x.root.Key.Equal(&IntelRoot) {
			anchor.Detail += ", which is not Intel's own"
		}
		anchor.SetWindow(x.root.NotBefore, x.root.NotAfter, x.Now, "the root itself has ended: update this program")
	}
	authority := x.certificate("PCK authority", x.ca, x.root)
	if _, err := checkCA(x.ca); err != nil && authority.State != verdict.Failed {
		authority.State, authority.Field, authority.Detail = verdict.Failed, "name", err.Error()
	}
	leaf := x.certificate("PCK certificate", x.leaf, x.ca)
	if err := checkPCK(x.leaf); err != nil && leaf.State != verdict.Failed {
		leaf.State, leaf.Field, leaf.Detail = verdict.Failed, "kind", err.Error()
	}
	if x.pck == nil {
		leaf.State, leaf.Field, leaf.Detail = verdict.Failed, "SGX extension", x.chainErr.Error()
	} else if leaf.State != verdict.Failed {
		leaf.Detail += ", FMSPC " + x.pck.fmspc.String()
	}
	return verdict.Group(name, anchor, authority, leaf)
}

// certificate tells of one certificate below its issuer.
func (x *explanation) certificate(name string, c, issuer *cert.Certificate) *verdict.Check {
	out := verdict.Pass(name, c.CommonName())
	if issuer == nil {
		out = verdict.Skip(name, c.CommonName()+", whose issuer is not known", "")
	} else if err := c.VerifyFrom(issuer); err != nil {
		out = verdict.Fail(name, "signature of "+c.CommonName(), err.Error(), "the certificate is not of this authority, or was changed")
	}
	out.SetWindow(c.NotBefore, c.NotAfter, x.Now, "get a new certificate for the machine, and then a new quote")
	return out
}

func (x *explanation) measurement() *verdict.Check {
	if r := x.q.SGX; r != nil {
		var log *verdict.Check
		if x.EventLog != nil {
			log = verdict.Fail("event log", "", "an enclave measures nothing after its start", "leave the log out")
		}
		return verdict.Group("measurement", log, x.Requirements.CheckMeasurement("MRENCLAVE", r.MREnclave[:]),
			verdict.Pass("MRSIGNER", hex.EncodeToString(r.MRSigner[:])), verdict.Pass("ISVPRODID, ISVSVN", fmt.Sprintf("%d, %d", r.ProdID, r.SVN)),
			verdict.Pass("report data", hex.EncodeToString(r.ReportData[:])))
	}
	r := x.q.TDX
	parts := []*verdict.Check{x.Requirements.CheckMeasurement("MRTD", r.MRTD[:])}
	for i := range r.RTMR {
		parts = append(parts, verdict.Pass(fmt.Sprintf("RTMR%d", i), hex.EncodeToString(r.RTMR[i][:])))
	}
	if x.EventLog != nil {
		parts = append(parts, r.checkLog(x.EventLog))
	}
	return verdict.Group("measurement", append(parts, verdict.Pass("MRCONFIGID", hex.EncodeToString(r.MRConfigID[:])),
		verdict.Pass("report data", hex.EncodeToString(r.ReportData[:])))...)
}

func (x *explanation) policy(e *Evidence) *verdict.Check {
	if e == nil {
		return verdict.Skip("policy", "nothing was proved that it could judge", "")
	}
	return x.Requirements.check(e, x.listed(), x.Now)
}

func (x *explanation) listed() bool {
	if x.Prepared != nil {
		return true
	}
	return x.Collateral != nil && len(x.Collateral.RootCRL) > 0 && len(x.Collateral.PCKCRL) > 0
}

// revoked makes a check of a certificate fail when a list has its number.
func (x *explanation) revoked(c *verdict.Check, list *CRL, serial []byte, what string) {
	if c.State != verdict.Failed && list != nil && slices.ContainsFunc(list.Revoked, func(s []byte) bool { return bytes.Equal(s, serial) }) {
		c.State, c.Field, c.Detail = verdict.Failed, "serial number", what+" is revoked"
		c.Have, c.Want = hex.EncodeToString(serial), "one that is not listed"
		c.Advice = "do not trust this platform any more: its vendor revoked it"
	}
}

// checkLog tells whether a log is the whole story of a trust domain's registers.
func (r *TDXReport) checkLog(raw []byte) *verdict.Check {
	const name = "event log"
	events, err := eventlog.Parse(raw)
	if err != nil {
		return verdict.Fail(name, "", err.Error(), "give the log of the machine as it lies in /sys/firmware/acpi/tables/data/CCEL")
	}
	got := eventlog.Replay(events)
	for i, register := range got {
		if register != r.RTMR[i] {
			c := verdict.Fail(name, fmt.Sprintf("RTMR%d", i), "the log does not lead to what the quote shows",
				"take log and quote from the same boot; program events that are not in the log extend RTMR2 and RTMR3")
			c.Have, c.Want = fmt.Sprintf("%x", register), fmt.Sprintf("%x", r.RTMR[i])
			return c
		}
	}
	return verdict.Pass(name, fmt.Sprintf("%d events lead to RTMR0 to RTMR3", len(events)))
}
