package attest

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/tacit-network/tacit/attest/cert"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// oidSGX is 1.2.840.113741.1.13.1, Intel's SGX extension, and the root of its
// fields: the content bytes of its DER form.
var oidSGX = []byte{0x2A, 0x86, 0x48, 0x86, 0xF8, 0x4D, 0x01, 0x0D, 0x01}

var errDER = errors.New("malformed DER")

// pckExtension holds what a PCK certificate says about its platform.
// https://api.trustedservices.intel.com/documents/Intel_SGX_PCK_Certificate_CRL_Spec-1.5.pdf
type pckExtension struct {
	ppid   [16]byte
	svn    [16]byte
	pcesvn uint16
	cpusvn [16]byte
	pceid  [2]byte
	fmspc  FMSPC
}

func pckOf(c *cert.Certificate) (*pckExtension, error) {
	sgx := c.Extension(oidSGX)
	if sgx == nil {
		return nil, errors.New("certificate has no SGX extension")
	}
	const (
		seenPPID = 1 << iota
		seenTCB
		seenPCEID
		seenFMSPC
		all = seenPPID | seenTCB | seenPCEID | seenFMSPC
	)
	e, seen := &pckExtension{}, 0
	err := eachSGXField(sgx, oidSGX, func(id byte, v *cryptobyte.String) error {
		bit, ok := 0, true
		switch id {
		case 1:
			bit, ok = seenPPID, readOctets(v, e.ppid[:])
		case 2:
			bit = seenTCB
			var tcb cryptobyte.String
			if !v.ReadASN1Element(&tcb, asn1.SEQUENCE) {
				return errDER
			}
			if err := e.tcb(tcb); err != nil {
				return err
			}
		case 3:
			bit, ok = seenPCEID, readOctets(v, e.pceid[:])
		case 4:
			bit, ok = seenFMSPC, readOctets(v, e.fmspc[:])
		default:
			return nil
		}
		if !ok || !v.Empty() || seen&bit != 0 {
			return errDER
		}
		seen |= bit
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read SGX extension: %w", err)
	}
	if seen != all {
		return nil, errors.New("SGX extension lacks a field")
	}
	return e, nil
}

func (e *pckExtension) tcb(seq []byte) error {
	var seen uint32
	err := eachSGXField(seq, append(bytes.Clone(oidSGX), 2), func(id byte, v *cryptobyte.String) error {
		if id < 1 || id > 18 {
			return nil
		}
		bit, ok := uint32(1)<<id, false
		switch {
		case id <= 16:
			var n uint64
			ok = v.ReadASN1Integer(&n) && n <= 255
			e.svn[id-1] = byte(n)
		case id == 17:
			var n uint64
			ok = v.ReadASN1Integer(&n) && n <= 65535
			e.pcesvn = uint16(n)
		default:
			ok = readOctets(v, e.cpusvn[:])
		}
		if !ok || !v.Empty() || seen&bit != 0 {
			return errDER
		}
		seen |= bit
		return nil
	})
	if err != nil {
		return err
	}
	if seen != 1<<19-2 {
		return errors.New("TCB of the SGX extension lacks a field")
	}
	return nil
}

// eachSGXField calls f for each SEQUENCE{OID, value} of seq whose OID is
// prefix with one more arc.
func eachSGXField(seq, prefix []byte, f func(id byte, value *cryptobyte.String) error) error {
	s := cryptobyte.String(seq)
	var fields cryptobyte.String
	if !s.ReadASN1(&fields, asn1.SEQUENCE) || !s.Empty() {
		return errDER
	}
	for !fields.Empty() {
		var field, oid cryptobyte.String
		if !fields.ReadASN1(&field, asn1.SEQUENCE) || !field.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) {
			return errDER
		}
		id, ok := bytes.CutPrefix(oid, prefix)
		if !ok || len(id) != 1 {
			continue
		}
		if err := f(id[0], &field); err != nil {
			return err
		}
	}
	return nil
}

func readOctets(s *cryptobyte.String, out []byte) bool {
	var v cryptobyte.String
	if !s.ReadASN1(&v, asn1.OCTET_STRING) || len(v) != len(out) {
		return false
	}
	copy(out, v)
	return true
}
