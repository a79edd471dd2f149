package cert

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

const (
	maxListSize = 128 << 10
	maxRevoked  = 4096
)

// List is a revocation list that is parsed, and believed only after
// [List.VerifyFrom]. Times are Unix seconds. Issuer aliases the input.
type List struct {
	Number     uint64 // 0 when it has none
	Numbered   bool
	ThisUpdate uint64
	NextUpdate uint64
	Issuer     []byte   // DER of the name
	Revoked    [][]byte // serials, big endian without leading zeros, sorted

	tbs       []byte
	algorithm algorithm
	signature []byte
}

// ParseList reads a revocation list of RFC 5280, version 2, of at most 128 KiB
// and 4096 entries. Every listed serial counts as revoked, whatever the reason.
func ParseList(raw []byte) (*List, error) {
	if len(raw) > maxListSize {
		return nil, fmt.Errorf("revocation list of %d bytes is above %d", len(raw), maxListSize)
	}
	l := &List{}
	var tbs cryptobyte.String
	var err error
	if l.tbs, l.algorithm, l.signature, err = readSigned(raw, &tbs); err != nil {
		return nil, fmt.Errorf("parse revocation list: %w", err)
	}
	var version cryptobyte.String
	var inner algorithm
	ok := tbs.ReadASN1(&version, asn1.INTEGER) && bytes.Equal(version, []byte{1}) &&
		readAlgorithm(&tbs, &inner) && inner == l.algorithm && readElement(&tbs, &l.Issuer) &&
		readTime(&tbs, &l.ThisUpdate) && readTime(&tbs, &l.NextUpdate)
	if !ok {
		return nil, fmt.Errorf("parse revocation list: %w", errDER)
	}
	if tbs.PeekASN1Tag(asn1.SEQUENCE) {
		if err := l.entries(&tbs); err != nil {
			return nil, fmt.Errorf("parse revocation list: %w", err)
		}
	}
	if tbs.Empty() { // an issuer need not write extensions
		return l, nil
	}
	var wrapped, exts cryptobyte.String
	if !tbs.ReadASN1(&wrapped, asn1.Tag(0).ContextSpecific().Constructed()) ||
		!wrapped.ReadASN1(&exts, asn1.SEQUENCE) || !wrapped.Empty() || !tbs.Empty() {
		return nil, fmt.Errorf("parse revocation list: extensions: %w", errDER)
	}
	if err := eachExtension(exts, l.extension); err != nil {
		return nil, fmt.Errorf("parse revocation list: %w", err)
	}
	return l, nil
}

func (l *List) extension(oid, value []byte, critical bool) error {
	if !bytes.Equal(oid, oidCRLNumber) {
		if critical {
			return errors.New("unknown critical extension")
		}
		return nil
	}
	v := cryptobyte.String(value)
	if !v.ReadASN1Integer(&l.Number) || !v.Empty() {
		return errDER
	}
	l.Numbered = true
	return nil
}

func (l *List) entries(tbs *cryptobyte.String) error {
	var list cryptobyte.String
	if !tbs.ReadASN1(&list, asn1.SEQUENCE) {
		return errDER
	}
	for !list.Empty() {
		var entry cryptobyte.String
		var serial []byte
		var date uint64
		if !list.ReadASN1(&entry, asn1.SEQUENCE) || !readSerial(&entry, &serial) || len(serial) == 0 || !readTime(&entry, &date) {
			return errDER
		}
		if !entry.Empty() && (!entry.SkipASN1(asn1.SEQUENCE) || !entry.Empty()) {
			return errDER
		}
		if len(l.Revoked) == maxRevoked {
			return fmt.Errorf("more than %d entries", maxRevoked)
		}
		l.Revoked = append(l.Revoked, bytes.Clone(serial))
	}
	slices.SortFunc(l.Revoked, bytes.Compare)
	l.Revoked = slices.CompactFunc(l.Revoked, bytes.Equal)
	return nil
}

// VerifyFrom checks that the list is signed by issuer, which may sign lists.
func (l *List) VerifyFrom(issuer *Certificate) error {
	if !issuer.IsCA || issuer.Usage&CRLSign == 0 {
		return errors.New("issuer may not sign revocation lists")
	}
	if !bytes.Equal(l.Issuer, issuer.Subject) {
		return errors.New("issuer's name differs")
	}
	return issuer.Key.verify(l.algorithm, l.tbs, l.signature)
}

// CheckAt returns [ErrExpired] when the list is not in its window at a Unix
// second.
func (l *List) CheckAt(now uint64) error { return CheckWindow(l.ThisUpdate, l.NextUpdate, now) }

// Contains reports whether the list revokes the serial number.
func (l *List) Contains(serial []byte) bool {
	_, found := slices.BinarySearchFunc(l.Revoked, serial, bytes.Compare)
	return found
}
