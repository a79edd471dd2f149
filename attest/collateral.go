package attest

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"github.com/tacit-network/tacit/attest/cert"
	"github.com/tacit-network/tacit/hash"
)

// Common names that Intel gives to the certificates of its SGX hierarchy.
const (
	cnRoot        = "Intel SGX Root CA"
	cnPlatformCA  = "Intel SGX PCK Platform CA"
	cnProcessorCA = "Intel SGX PCK Processor CA"
	cnPCK         = "Intel SGX PCK Certificate"
	cnTCBSigning  = "Intel SGX TCB Signing"
)

// Collateral is what Intel's provisioning certification service says about
// the platforms of one FMSPC, as it says it: signed, undecoded. Chains are PEM
// from the signer to the root, revocation lists are DER, and signatures are
// r ‖ s over the exact bytes of the JSON beside them.
type Collateral struct {
	PCKCRLChain      []byte `name:"pck_crl_chain"`
	RootCRL          []byte
	PCKCRL           []byte `name:"pck_crl"`
	TCBInfoChain     []byte
	TCBInfo          []byte
	TCBInfoSignature []byte
	QEIdentityChain  []byte
	QEIdentity       []byte
	QEIdentitySig    []byte
}

// jsonCollateral is the form in which tools exchange collateral.
type jsonCollateral struct {
	PCKCRLChain      string `json:"pck_crl_issuer_chain"`
	RootCRL          string `json:"root_ca_crl"` // hexadecimal
	PCKCRL           string `json:"pck_crl"`     // hexadecimal
	TCBInfoChain     string `json:"tcb_info_issuer_chain"`
	TCBInfo          string `json:"tcb_info"`
	TCBInfoSignature string `json:"tcb_info_signature"` // hexadecimal
	QEIdentityChain  string `json:"qe_identity_issuer_chain"`
	QEIdentity       string `json:"qe_identity"`
	QEIdentitySig    string `json:"qe_identity_signature"` // hexadecimal
}

// MarshalJSON writes the form that quote verification tools exchange: JSON
// documents and chains as text, lists and signatures in hexadecimal.
func (c Collateral) MarshalJSON() ([]byte, error) {
	return json.Marshal(jsonCollateral{
		string(c.PCKCRLChain), hex.EncodeToString(c.RootCRL), hex.EncodeToString(c.PCKCRL),
		string(c.TCBInfoChain), string(c.TCBInfo), hex.EncodeToString(c.TCBInfoSignature),
		string(c.QEIdentityChain), string(c.QEIdentity), hex.EncodeToString(c.QEIdentitySig),
	})
}

// UnmarshalJSON reads the form that [Collateral.MarshalJSON] writes.
func (c *Collateral) UnmarshalJSON(data []byte) error {
	var j jsonCollateral
	if err := json.Unmarshal(data, &j); err != nil {
		return err
	}
	c.PCKCRLChain, c.TCBInfoChain, c.QEIdentityChain = []byte(j.PCKCRLChain), []byte(j.TCBInfoChain), []byte(j.QEIdentityChain)
	c.TCBInfo, c.QEIdentity = []byte(j.TCBInfo), []byte(j.QEIdentity)
	for _, f := range []struct {
		dst *[]byte
		src string
	}{{&c.RootCRL, j.RootCRL}, {&c.PCKCRL, j.PCKCRL}, {&c.TCBInfoSignature, j.TCBInfoSignature}, {&c.QEIdentitySig, j.QEIdentitySig}} {
		b, err := hex.DecodeString(f.src)
		if err != nil {
			return fmt.Errorf("read collateral: %w", err)
		}
		*f.dst = b
	}
	return nil
}

// Prepared is authenticated collateral: all that [VerifyQuote] needs beside a
// quote. Its parts are stored one by one, and may come from different uploads.
type Prepared struct {
	Anchor  []byte // DER of the root certificate
	RootCRL CRL
	CA      CA
	PCKCRL  CRL
	QE      QEIdentity
	TCB     TCBInfo
}

// CheckAnchor reports why a root certificate cannot be a trust anchor: it
// must be self-signed and be able to issue certificates and lists.
func CheckAnchor(anchor []byte) error {
	_, err := parseAnchor(anchor)
	return err
}

func parseAnchor(der []byte) (*cert.Certificate, error) {
	root, err := parseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("read trust anchor: %w", err)
	}
	if root.CommonName() != cnRoot || root.Usage&cert.CRLSign == 0 {
		return nil, errors.New("read trust anchor: not an SGX root")
	}
	if err := root.VerifyFrom(root); err != nil {
		return nil, fmt.Errorf("read trust anchor: %w", err)
	}
	return root, nil
}

// PrepareCollateral authenticates collateral under a root certificate at the
// given Unix second: every signature, every window, every revocation. A part
// that is missing is an error.
func PrepareCollateral(c *Collateral, anchor []byte, now uint64) (*Prepared, error) {
	return prepareCollateral(c, anchor, now, false)
}

// prepareCollateral is PrepareCollateral. Where lists may lack, one that is
// missing revokes nothing and has no end; the issuer of a missing PCK list is
// then the caller's to fill in.
func prepareCollateral(c *Collateral, anchor []byte, now uint64, listsMayLack bool) (*Prepared, error) {
	root, err := parseAnchor(anchor)
	if err != nil {
		return nil, err
	}
	if err := root.CheckAt(now); err != nil {
		return nil, fmt.Errorf("check trust anchor: %w", err)
	}
	p := &Prepared{Anchor: bytes.Clone(anchor)}
	if listsMayLack && len(c.RootCRL) == 0 {
		p.RootCRL = CRL{ThisUpdate: now, NextUpdate: math.MaxUint64, Issuer: hash.Blake2b256(root.Subject)}
	} else {
		rootCRL, err := prepareRootCRL(c.RootCRL, root, now)
		if err != nil {
			return nil, fmt.Errorf("check root revocation list: %w", err)
		}
		p.RootCRL = *rootCRL
	}
	if listsMayLack && len(c.PCKCRL) == 0 {
		p.PCKCRL = CRL{ThisUpdate: now, NextUpdate: math.MaxUint64}
	} else {
		pckCRL, ca, err := preparePCKCRL(c.PCKCRL, c.PCKCRLChain, root, &p.RootCRL, now)
		if err != nil {
			return nil, fmt.Errorf("check PCK revocation list: %w", err)
		}
		p.PCKCRL, p.CA = *pckCRL, ca
	}
	rootCRL := &p.RootCRL
	tcb, err := prepareTCBInfo(c.TCBInfo, c.TCBInfoSignature, c.TCBInfoChain, root, rootCRL, now)
	if err != nil {
		return nil, fmt.Errorf("check TCB info: %w", err)
	}
	p.TCB = *tcb
	qe, err := prepareQEIdentity(c.QEIdentity, c.QEIdentitySig, c.QEIdentityChain, root, rootCRL, now)
	if err != nil {
		return nil, fmt.Errorf("check QE identity: %w", err)
	}
	p.QE = *qe
	if qe.TEE != tcb.TEE {
		return nil, fmt.Errorf("TCB info is of %s, QE identity of %s", tcb.TEE, qe.TEE)
	}
	return p, nil
}

func prepareRootCRL(raw []byte, root *cert.Certificate, now uint64) (*CRL, error) {
	c, list, err := parseCRL(raw)
	if err != nil {
		return nil, err
	}
	if err := list.VerifyFrom(root); err != nil {
		return nil, err
	}
	if err := c.checkAt(now); err != nil {
		return nil, err
	}
	if c.Contains(root.Serial) {
		return nil, fmt.Errorf("root: %w", ErrRevoked)
	}
	return c, nil
}

func preparePCKCRL(raw, chain []byte, root *cert.Certificate, rootCRL *CRL, now uint64) (*CRL, CA, error) {
	signer, err := prepareSigner(chain, root, rootCRL, now)
	if err != nil {
		return nil, 0, err
	}
	ca, err := checkCA(signer)
	if err != nil {
		return nil, 0, err
	}
	c, list, err := parseCRL(raw)
	if err != nil {
		return nil, 0, err
	}
	if err := list.VerifyFrom(signer); err != nil {
		return nil, 0, err
	}
	if err := c.checkAt(now); err != nil {
		return nil, 0, err
	}
	c.Signer = bytes.Clone(signer.Serial)
	return c, ca, nil
}

func prepareTCBInfo(raw, sig, chain []byte, root *cert.Certificate, rootCRL *CRL, now uint64) (*TCBInfo, error) {
	serial, err := checkSignedJSON(raw, sig, chain, root, rootCRL, now)
	if err != nil {
		return nil, err
	}
	t, err := parseTCBInfo(raw)
	if err != nil {
		return nil, err
	}
	t.Signer = serial
	return t, t.checkAt(now)
}

func prepareQEIdentity(raw, sig, chain []byte, root *cert.Certificate, rootCRL *CRL, now uint64) (*QEIdentity, error) {
	serial, err := checkSignedJSON(raw, sig, chain, root, rootCRL, now)
	if err != nil {
		return nil, err
	}
	q, err := parseQEIdentity(raw)
	if err != nil {
		return nil, err
	}
	q.Signer = serial
	return q, q.checkAt(now)
}

// checkSignedJSON checks a TCB signing chain and its signature over raw, and
// returns the signer's serial number.
func checkSignedJSON(raw, sig, chain []byte, root *cert.Certificate, rootCRL *CRL, now uint64) (serial []byte, err error) {
	if len(raw) > maxInfoSize {
		return nil, fmt.Errorf("%d bytes are above %d", len(raw), maxInfoSize)
	}
	signer, err := prepareSigner(chain, root, rootCRL, now)
	if err != nil {
		return nil, err
	}
	if err := checkTCBSigner(signer); err != nil {
		return nil, err
	}
	if err := signer.Key.VerifyRaw(raw, sig); err != nil {
		return nil, err
	}
	return bytes.Clone(signer.Serial), nil
}

func checkTCBSigner(c *cert.Certificate) error {
	if c.IsCA || c.Usage&cert.DigitalSignature == 0 || c.CommonName() != cnTCBSigning {
		return errors.New("signer is no TCB signing certificate")
	}
	return nil
}

// prepareSigner reads a chain of a signer and the root, and checks it.
func prepareSigner(chain []byte, root *cert.Certificate, rootCRL *CRL, now uint64) (*cert.Certificate, error) {
	if len(chain) > maxInfoSize {
		return nil, fmt.Errorf("chain of %d bytes is above %d", len(chain), maxInfoSize)
	}
	certs, err := cert.ParsePEM(bytes.TrimRight(chain, "\x00"), maxChainCerts)
	if err != nil {
		return nil, fmt.Errorf("read signer's chain: %w", err)
	}
	if len(certs) != 2 || !bytes.Equal(certs[1], root.Raw) {
		return nil, errors.New("signer's chain does not end at the trust anchor")
	}
	signer, err := parseCertificate(certs[0])
	if err != nil {
		return nil, fmt.Errorf("read signer: %w", err)
	}
	if err := signer.VerifyFrom(root); err != nil {
		return nil, fmt.Errorf("check signer: %w", err)
	}
	if err := signer.CheckAt(now); err != nil {
		return nil, fmt.Errorf("check signer: %w", err)
	}
	if rootCRL.Contains(signer.Serial) {
		return nil, fmt.Errorf("check signer: %w", ErrRevoked)
	}
	return signer, nil
}

// checkCA says which of the authorities for platforms a certificate is.
func checkCA(c *cert.Certificate) (CA, error) {
	if !c.IsCA || c.Usage&cert.CertSign == 0 {
		return 0, errors.New("no certificate authority")
	}
	switch c.CommonName() {
	case cnPlatformCA:
		return PlatformCA, nil
	case cnProcessorCA:
		return ProcessorCA, nil
	}
	return 0, fmt.Errorf("%.64q is no authority for platforms", c.CommonName())
}

// parseCertificate reads a certificate as Intel makes them: with a key on
// P-256, and numbered.
func parseCertificate(raw []byte) (*cert.Certificate, error) {
	c, err := cert.Parse(raw)
	switch {
	case err != nil:
		return nil, err
	case c.Key.Kind != cert.P256:
		return nil, fmt.Errorf("parse certificate: its key is of %s, not P-256", c.Key.Kind)
	case len(c.Serial) == 0:
		return nil, errors.New("parse certificate: it has no serial number")
	}
	return c, nil
}
