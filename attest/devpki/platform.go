package devpki

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/binary"

	"github.com/tacit-network/tacit/attest"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// FMSPC is the family of the platforms that are made without a family of
// their own.
var FMSPC = attest.FMSPC{0x44, 0x45, 0x56, 0x00, 0x00, 0x01}

// SVN is the security version at which a component is up to date, TEETCBSVN
// that of the TDX module and its platform, PCESVN that of the certification
// enclave. See [PCS] for the levels.
var (
	svnUpToDate    = [16]byte{5, 5, 2, 2, 4, 1, 0, 5}
	teeTCBUpToDate = [16]byte{5, 1, 5} // module version 1, its security version 5
)

const (
	pcesvnUpToDate = 13
	qeSVN          = 8
)

// Fault makes a platform or its quotes bad in one way, for tests of what
// refuses it.
type Fault uint8

// The faults of a platform. What is wrong with the trust domain itself, such
// as a debug bit, is set in its report.
const (
	NoFault   Fault = iota
	OldSVN          // one component is below the best level: SWHardeningNeeded
	OutOfDate       // all are below: OutOfDate
	Ancient         // below all levels
	OldPCE          // the certification enclave is below all levels
	OldModule       // the TDX module is out of date
	NewPCE          // the certification enclave is above all levels, which is no fault
)

// PlatformConfig describes a platform. The zero value is an up-to-date one.
type PlatformConfig struct {
	Machine string       // names the machine: others get other keys and identifiers
	FMSPC   attest.FMSPC // zero: the package's
	Fault   Fault
}

// Platform is a simulated machine: its certificate, and the keys of its
// quoting enclave.
type Platform struct {
	pki  *PKI
	cfg  PlatformConfig
	pck  entity
	key  *ecdsa.PrivateKey // attestation key
	auth []byte
}

// Platform makes the platform that a configuration describes.
func (p *PKI) Platform(cfg PlatformConfig) *Platform {
	if cfg.FMSPC == (attest.FMSPC{}) {
		cfg.FMSPC = FMSPC
	}
	m := &Platform{pki: p, cfg: cfg, key: p.key("attestation/" + cfg.Machine), auth: p.derive("auth", cfg.Machine)}
	m.pck = p.entity("Intel SGX PCK Certificate", cfg.Machine, cfg.FMSPC.String(), string('0'+rune(cfg.Fault)))
	m.pck.certify(&p.platformCA, certSpec{sgx: m.extension()})
	return m
}

// Serial returns the serial number of the platform's certificate, by which
// [PCS] revokes it.
func (m *Platform) Serial() []byte { return m.pck.serial }

// PPID returns the identifier that the platform's certificate carries.
func (m *Platform) PPID() [16]byte { return [16]byte(m.pki.derive("ppid", m.cfg.Machine)[:16]) }

// TCBSVN returns what a trust domain's report on this platform carries as
// TEE_TCB_SVN.
func (m *Platform) TCBSVN() [16]byte {
	svn := teeTCBUpToDate
	switch m.cfg.Fault {
	case OldModule:
		svn[0] = 2
	case Ancient:
		svn[2] = 0
	}
	return svn
}

// extension is Intel's SGX extension of a PCK certificate.
func (m *Platform) extension() []byte {
	svn, pcesvn := svnUpToDate, int64(pcesvnUpToDate)
	switch m.cfg.Fault {
	case OldSVN:
		svn[0]--
	case OutOfDate:
		svn[0], svn[1] = svn[0]-2, svn[1]-2
	case Ancient:
		svn = [16]byte{}
	case OldPCE:
		pcesvn = 4
	case NewPCE:
		pcesvn = pcesvnUpToDate + 2
	}
	field := func(b *cryptobyte.Builder, oid []byte, value cryptobyte.BuilderContinuation) {
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			addBytes(b, asn1.OBJECT_IDENTIFIER, oid)
			value(b)
		})
	}
	octets := func(v []byte) cryptobyte.BuilderContinuation {
		return func(b *cryptobyte.Builder) { addBytes(b, asn1.OCTET_STRING, v) }
	}
	number := func(n int64) cryptobyte.BuilderContinuation {
		return func(b *cryptobyte.Builder) { b.AddASN1Int64(n) }
	}
	sub := func(id ...byte) []byte { return append(append([]byte(nil), oidSGX...), id...) }
	ppid := m.PPID()
	return seq(func(b *cryptobyte.Builder) {
		field(b, sub(1), octets(ppid[:]))
		field(b, sub(2), func(b *cryptobyte.Builder) {
			b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
				for i, v := range svn {
					field(b, sub(2, byte(i+1)), number(int64(v)))
				}
				field(b, sub(2, 17), number(pcesvn))
				field(b, sub(2, 18), octets(svn[:]))
			})
		})
		field(b, sub(3), octets([]byte{0, 0}))
		field(b, sub(4), octets(m.cfg.FMSPC[:]))
		field(b, sub(5), func(b *cryptobyte.Builder) { b.AddASN1Enum(1) })
	})
}

// QuoteTDX signs a trust domain's report as it is, in a quote of format
// version 4, or of version 5 with the body of TD 1.0 or, when td15, of TD 1.5.
func (m *Platform) QuoteTDX(version uint16, td15 bool, r *attest.TDXReport) []byte {
	body := appendTDX(nil, r)
	kind := uint16(2)
	if td15 {
		kind = 3
		body = append(append(body, r.TCBSVN2[:]...), r.MRServiceTD[:]...)
	}
	head := header(version, 0x81)
	if version == 5 {
		head = binary.LittleEndian.AppendUint16(head, kind)
		head = binary.LittleEndian.AppendUint32(head, uint32(len(body)))
	}
	return m.quote(append(head, body...), version, 2)
}

// QuoteSGX signs an enclave's report as it is, in a quote of format version 3,
// 4 or 5.
func (m *Platform) QuoteSGX(version uint16, r *attest.SGXReport) []byte {
	head := header(version, 0)
	if version == 5 {
		head = binary.LittleEndian.AppendUint16(head, 1)
		head = binary.LittleEndian.AppendUint32(head, 384)
	}
	return m.quote(append(head, appendSGX(nil, r)...), version, 1)
}

func header(version uint16, tee uint32) []byte {
	h := make([]byte, 48)
	binary.LittleEndian.PutUint16(h, version)
	binary.LittleEndian.PutUint16(h[2:], 2) // ECDSA P-256
	binary.LittleEndian.PutUint32(h[4:], tee)
	copy(h[12:], []byte{0x93, 0x9A, 0x72, 0x33, 0xF7, 0x9C, 0x4C, 0xA9, 0x94, 0x0A, 0x0D, 0xB3, 0x95, 0x7F, 0x06, 0x07})
	return h
}

// quote signs header and body, and appends what proves the signature.
func (m *Platform) quote(signed []byte, version uint16, qeProdID uint16) []byte {
	key := publicBytes(m.key)[1:]
	bound := sha256.Sum256(append(append([]byte(nil), key...), m.auth...))
	qe := &attest.SGXReport{CPUSVN: svnUpToDate, Attributes: qeAttributes, MRSigner: m.pki.qeSigner(), ProdID: qeProdID, SVN: qeSVN}
	copy(qe.ReportData[:], bound[:])
	report := appendSGX(nil, qe)

	inner := append(report, signRaw(m.pck.key, report)...)
	inner = binary.LittleEndian.AppendUint16(inner, uint16(len(m.auth)))
	inner = append(inner, m.auth...)
	inner = appendCertData(inner, 5, append(pemChain(m.pck.der, m.pki.platformCA.der, m.pki.root.der), 0))
	auth := append(signRaw(m.key, signed), key...)
	if version >= 4 {
		auth = appendCertData(auth, 6, inner)
	} else {
		auth = append(auth, inner...)
	}
	out := binary.LittleEndian.AppendUint32(signed, uint32(len(auth)))
	return append(out, auth...)
}

// INIT and PROVISION_KEY.
var qeAttributes = [16]byte{0x11}

func (p *PKI) qeSigner() [32]byte { return [32]byte(p.derive("quoting enclave")) }

func appendCertData(dst []byte, kind uint16, data []byte) []byte {
	dst = binary.LittleEndian.AppendUint16(dst, kind)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(data)))
	return append(dst, data...)
}

func appendSGX(dst []byte, r *attest.SGXReport) []byte {
	b := make([]byte, 384)
	copy(b, r.CPUSVN[:])
	copy(b[16:], r.MiscSelect[:])
	copy(b[48:], r.Attributes[:])
	copy(b[64:], r.MREnclave[:])
	copy(b[128:], r.MRSigner[:])
	binary.LittleEndian.PutUint16(b[256:], r.ProdID)
	binary.LittleEndian.PutUint16(b[258:], r.SVN)
	copy(b[320:], r.ReportData[:])
	return append(dst, b...)
}

func appendTDX(dst []byte, r *attest.TDXReport) []byte {
	for _, f := range [][]byte{
		r.TCBSVN[:], r.MRSEAM[:], r.MRSignerSEAM[:], r.SEAMAttributes[:], r.Attributes[:], r.XFAM[:],
		r.MRTD[:], r.MRConfigID[:], r.MROwner[:], r.MROwnerConfig[:],
		r.RTMR[0][:], r.RTMR[1][:], r.RTMR[2][:], r.RTMR[3][:], r.ReportData[:],
	} {
		dst = append(dst, f...)
	}
	return dst
}
