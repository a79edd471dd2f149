package attest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/tacit-network/tacit/attest/cert"
)

// MaxQuoteSize is the most bytes that a quote may have, padding included.
const MaxQuoteSize = 16 << 10

const (
	headerSize     = 48
	sgxReportSize  = 384
	td10ReportSize = 584
	td15ReportSize = 648

	ecdsaP256Key = 2 // attestation key type

	certDataPCKChain = 5 // PEM: leaf, intermediate, root
	certDataQEReport = 6 // the quoting enclave's report and its own certification data

	maxChainCerts = 4
)

var intelQEVendor = [16]byte{0x93, 0x9A, 0x72, 0x33, 0xF7, 0x9C, 0x4C, 0xA9, 0x94, 0x0A, 0x0D, 0xB3, 0x95, 0x7F, 0x06, 0x07}

// Quote is a decoded, not yet believed quote.
//
//	48  header: version u16, key type u16, TEE type u32, ..., vendor [16], user data [20]
//	 6  version 5 only: body type u16, body length u32
//	 n  body: SGX report 384, TD 1.0 report 584, TD 1.5 report 648
//	 4  length of what follows
//	64  signature by the attestation key over everything before the length
//	64  attestation key
//	    version 3: QE report 384, its signature 64, QE auth data (u16 length),
//	    certification data (type u16, length u32)
//	    version 4 and 5: certification data of type 6 that holds the same
//	 z  zeros
//
// See Intel SGX ECDSA Quote Library Reference, appendix A, and Intel TDX DCAP
// Quoting Library API, appendix A.3. Slices alias the input.
type Quote struct {
	Version uint16
	TEE     TEE
	SGX     *SGXReport // set when TEE is SGX
	TDX     *TDXReport // set when TEE is TDX

	signed    []byte // header, descriptor, body
	signature []byte // r ‖ s
	key       []byte // x ‖ y of the attestation key
	qe        SGXReport
	qeRaw     []byte
	qeSig     []byte
	qeAuth    []byte
	chain     [][]byte // DER: leaf first
}

// SGXReport is an enclave's report body.
type SGXReport struct {
	CPUSVN     [16]byte
	MiscSelect [4]byte
	Attributes [16]byte // flags [8], XFRM [8]
	MREnclave  [32]byte
	MRSigner   [32]byte
	ProdID     uint16
	SVN        uint16
	ReportData [64]byte
}

// Debug reports whether the enclave can be read from outside.
func (r *SGXReport) Debug() bool { return r.Attributes[0]&sgxDebug != 0 }

const (
	sgxInit  = 1 << 0
	sgxDebug = 1 << 1
)

// TDXReport is a trust domain's report body.
type TDXReport struct {
	TCBSVN         [16]byte // of the TDX module and the platform below it
	MRSEAM         [48]byte
	MRSignerSEAM   [48]byte
	SEAMAttributes [8]byte
	Attributes     [8]byte
	XFAM           [8]byte
	MRTD           [48]byte
	MRConfigID     [48]byte
	MROwner        [48]byte
	MROwnerConfig  [48]byte
	RTMR           [4][48]byte
	ReportData     [64]byte
	TCBSVN2        [16]byte // TD 1.5 only, else zero
	MRServiceTD    [48]byte // TD 1.5 only, else zero
}

// Debug reports whether the trust domain can be read from outside: any bit of
// the attributes' first byte puts it under the host's control.
func (r *TDXReport) Debug() bool { return r.Attributes[0] != 0 }

// reader takes bytes off the front of a slice; every length is checked.
type reader struct{ b []byte }

func (r *reader) take(n int) ([]byte, bool) {
	if n < 0 || n > len(r.b) {
		return nil, false
	}
	out := r.b[:n:n]
	r.b = r.b[n:]
	return out, true
}

func (r *reader) u16() (uint16, bool) {
	b, ok := r.take(2)
	if !ok {
		return 0, false
	}
	return binary.LittleEndian.Uint16(b), true
}

func (r *reader) u32() (uint32, bool) {
	b, ok := r.take(4)
	if !ok {
		return 0, false
	}
	return binary.LittleEndian.Uint32(b), true
}

var errShort = errors.New("quote ends early")

// ParseQuote decodes a quote without believing any of it. Bytes behind the
// quote are accepted only when all are zero, as real quotes are padded. The
// result aliases raw.
func ParseQuote(raw []byte) (*Quote, error) {
	if len(raw) > MaxQuoteSize {
		return nil, fmt.Errorf("quote of %d bytes is above %d", len(raw), MaxQuoteSize)
	}
	q := &Quote{}
	r := reader{raw}
	body, err := q.parseHeader(&r)
	if err != nil {
		return nil, err
	}
	if q.TEE == SGX {
		q.SGX = new(SGXReport)
		q.SGX.decode(body)
	} else {
		q.TDX = new(TDXReport)
		q.TDX.decode(body)
	}
	q.signed = raw[:len(raw)-len(r.b)]

	n, ok := r.u32()
	if !ok || uint64(n) > uint64(len(r.b)) {
		return nil, errShort
	}
	auth := reader{r.b[:n]}
	for _, b := range r.b[n:] {
		if b != 0 {
			return nil, errors.New("quote is followed by bytes that are not zero")
		}
	}
	if err := q.parseAuth(auth); err != nil {
		return nil, err
	}
	return q, nil
}

func (q *Quote) parseHeader(r *reader) (body []byte, err error) {
	h, ok := r.take(headerSize)
	if !ok {
		return nil, errShort
	}
	q.Version = binary.LittleEndian.Uint16(h)
	if t := binary.LittleEndian.Uint16(h[2:]); t != ecdsaP256Key {
		return nil, fmt.Errorf("attestation key type %d is not ECDSA P-256", t)
	}
	if [16]byte(h[12:28]) != intelQEVendor {
		return nil, errors.New("quoting enclave is not of Intel's vendor id")
	}
	switch tee := binary.LittleEndian.Uint32(h[4:]); {
	case tee == 0:
		q.TEE = SGX
	case tee == 0x81 && q.Version >= 4:
		q.TEE = TDX
	default:
		return nil, fmt.Errorf("TEE type %#x in a quote of version %d", tee, q.Version)
	}
	size := sgxReportSize
	switch q.Version {
	case 3:
	case 4:
		if q.TEE == TDX {
			size = td10ReportSize
		}
	case 5:
		if size, err = q.parseDescriptor(r); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("quote version %d is not known", q.Version)
	}
	if body, ok = r.take(size); !ok {
		return nil, errShort
	}
	return body, nil
}

// parseDescriptor reads what a quote of version 5 says about its body.
func (q *Quote) parseDescriptor(r *reader) (size int, err error) {
	kind, ok1 := r.u16()
	n, ok2 := r.u32()
	if !ok1 || !ok2 {
		return 0, errShort
	}
	tee := TDX
	switch kind {
	case 1:
		size, tee = sgxReportSize, SGX
	case 2:
		size = td10ReportSize
	case 3:
		size = td15ReportSize
	default:
		return 0, fmt.Errorf("quote body type %d is not known", kind)
	}
	if tee != q.TEE || n != uint32(size) {
		return 0, fmt.Errorf("quote body type %d with %d bytes in a quote of %s", kind, n, q.TEE)
	}
	return size, nil
}

func (q *Quote) parseAuth(r reader) error {
	var ok1, ok2 bool
	q.signature, ok1 = r.take(64)
	q.key, ok2 = r.take(64)
	if !ok1 || !ok2 {
		return errShort
	}
	if q.Version >= 4 {
		kind, data, ok := certData(&r)
		if !ok {
			return errShort
		}
		if kind != certDataQEReport {
			return fmt.Errorf("certification data of type %d in place of a QE report", kind)
		}
		if len(r.b) != 0 {
			return errors.New("bytes behind the certification data")
		}
		r = reader{data}
	}
	q.qeRaw, ok1 = r.take(sgxReportSize)
	q.qeSig, ok2 = r.take(64)
	n, ok3 := r.u16()
	if !ok1 || !ok2 || !ok3 {
		return errShort
	}
	q.qe.decode(q.qeRaw)
	if q.qeAuth, ok1 = r.take(int(n)); !ok1 {
		return errShort
	}
	kind, data, ok := certData(&r)
	if !ok {
		return errShort
	}
	if kind != certDataPCKChain {
		return fmt.Errorf("certification data of type %d in place of a PCK chain", kind)
	}
	if len(r.b) != 0 {
		return errors.New("bytes behind the certification data")
	}
	chain, err := cert.ParsePEM(bytes.TrimRight(data, "\x00"), maxChainCerts)
	if err != nil {
		return fmt.Errorf("read PCK chain: %w", err)
	}
	q.chain = chain
	return nil
}

// certData reads type u16, length u32 and as many bytes.
func certData(r *reader) (kind uint16, data []byte, ok bool) {
	kind, ok1 := r.u16()
	n, ok2 := r.u32()
	if !ok1 || !ok2 || uint64(n) > uint64(len(r.b)) {
		return 0, nil, false
	}
	data, ok = r.take(int(n))
	return kind, data, ok
}

func (r *SGXReport) decode(b []byte) {
	copy(r.CPUSVN[:], b)
	copy(r.MiscSelect[:], b[16:])
	copy(r.Attributes[:], b[48:])
	copy(r.MREnclave[:], b[64:])
	copy(r.MRSigner[:], b[128:])
	r.ProdID = binary.LittleEndian.Uint16(b[256:])
	r.SVN = binary.LittleEndian.Uint16(b[258:])
	copy(r.ReportData[:], b[320:])
}

func (r *TDXReport) decode(b []byte) {
	for _, field := range [][]byte{
		r.TCBSVN[:], r.MRSEAM[:], r.MRSignerSEAM[:], r.SEAMAttributes[:], r.Attributes[:], r.XFAM[:],
		r.MRTD[:], r.MRConfigID[:], r.MROwner[:], r.MROwnerConfig[:],
		r.RTMR[0][:], r.RTMR[1][:], r.RTMR[2][:], r.RTMR[3][:], r.ReportData[:],
	} {
		b = b[copy(field, b):]
	}
	if len(b) > 0 {
		b = b[copy(r.TCBSVN2[:], b):]
		copy(r.MRServiceTD[:], b)
	}
}
