package attest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/tacit-network/tacit/hash"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

const (
	maxCRLSize = 128 << 10
	maxRevoked = 4096
)

// CRL is an authenticated certificate revocation list in the form in which it
// is stored. Times are Unix seconds.
type CRL struct {
	Number     uint64
	ThisUpdate uint64
	NextUpdate uint64
	Issuer     hash.H256 // blake2_256 of the issuer's DER name
	Signer     []byte    // serial of the certificate that signed, empty for the root's own list
	Revoked    [][]byte  // serials, big endian without leading zeros, sorted
}

// Contains reports whether the list revokes the serial number.
func (c *CRL) Contains(serial []byte) bool {
	_, found := slices.BinarySearchFunc(c.Revoked, serial, bytes.Compare)
	return found
}

func (c *CRL) checkAt(now uint64) error { return checkWindow(c.ThisUpdate, c.NextUpdate, now) }

// Supersedes reports whether c may take the place of old, with an error that
// says why not, and whether it is newer. The same list again is no error.
func (c *CRL) Supersedes(old *CRL) (newer bool, err error) {
	if c.Number < old.Number || c.ThisUpdate < old.ThisUpdate {
		return false, fmt.Errorf("revocation list %d of %d is older than %d of %d: %w",
			c.Number, c.ThisUpdate, old.Number, old.ThisUpdate, ErrRollback)
	}
	return c.Number > old.Number || c.ThisUpdate > old.ThisUpdate, nil
}

// signedCRL is a parsed revocation list whose signature is not checked yet.
type signedCRL struct {
	CRL
	tbs, issuer, signature []byte
}

// parseCRL reads a revocation list of RFC 5280, version 2, signed by ECDSA
// with SHA-256. Every listed serial counts as revoked, whatever the reason.
func parseCRL(raw []byte) (*signedCRL, error) {
	if len(raw) > maxCRLSize {
		return nil, fmt.Errorf("revocation list of %d bytes is above %d", len(raw), maxCRLSize)
	}
	c := &signedCRL{}
	var tbs cryptobyte.String
	sig, err := readSigned(raw, &c.tbs, &tbs)
	if err != nil {
		return nil, fmt.Errorf("parse revocation list: %w", err)
	}
	c.signature = sig
	var version cryptobyte.String
	ok := tbs.ReadASN1(&version, asn1.INTEGER) && bytes.Equal(version, []byte{1}) &&
		readECDSAWithSHA256(&tbs) && readElement(&tbs, &c.issuer) &&
		readTime(&tbs, &c.ThisUpdate) && readTime(&tbs, &c.NextUpdate)
	if !ok {
		return nil, fmt.Errorf("parse revocation list: %w", errDER)
	}
	c.Issuer = hash.Blake2b256(c.issuer)
	if tbs.PeekASN1Tag(asn1.SEQUENCE) {
		if err := c.entries(&tbs); err != nil {
			return nil, fmt.Errorf("parse revocation list: %w", err)
		}
	}
	var wrapped, exts cryptobyte.String
	if !tbs.ReadASN1(&wrapped, asn1.Tag(0).ContextSpecific().Constructed()) ||
		!wrapped.ReadASN1(&exts, asn1.SEQUENCE) || !wrapped.Empty() || !tbs.Empty() {
		return nil, fmt.Errorf("parse revocation list: extensions: %w", errDER)
	}
	numbered := false
	err = eachExtension(exts, func(oid, value []byte) (bool, error) {
		if !bytes.Equal(oid, oidCRLNumber) {
			return false, nil
		}
		v := cryptobyte.String(value)
		if !v.ReadASN1Integer(&c.Number) || !v.Empty() {
			return true, errDER
		}
		numbered = true
		return true, nil
	})
	if err != nil {
		return nil, fmt.Errorf("parse revocation list: %w", err)
	}
	if !numbered {
		return nil, errors.New("parse revocation list: it has no number")
	}
	return c, nil
}

func (c *signedCRL) entries(tbs *cryptobyte.String) error {
	var list cryptobyte.String
	if !tbs.ReadASN1(&list, asn1.SEQUENCE) {
		return errDER
	}
	for !list.Empty() {
		var entry cryptobyte.String
		var serial []byte
		var date uint64
		if !list.ReadASN1(&entry, asn1.SEQUENCE) || !readSerial(&entry, &serial) || !readTime(&entry, &date) {
			return errDER
		}
		if !entry.Empty() && (!entry.SkipASN1(asn1.SEQUENCE) || !entry.Empty()) {
			return errDER
		}
		if len(c.Revoked) == maxRevoked {
			return fmt.Errorf("more than %d entries", maxRevoked)
		}
		c.Revoked = append(c.Revoked, bytes.Clone(serial))
	}
	slices.SortFunc(c.Revoked, bytes.Compare)
	c.Revoked = slices.CompactFunc(c.Revoked, bytes.Equal)
	return nil
}

// verify checks that the list is signed by issuer.
func (c *signedCRL) verify(issuer *certificate) error {
	if !issuer.isCA || issuer.usage&usageCRLSign == 0 {
		return errors.New("issuer may not sign revocation lists")
	}
	if !bytes.Equal(c.issuer, issuer.subject) {
		return errors.New("issuer's name differs")
	}
	return verifyASN1(issuer.key, c.tbs, c.signature)
}

func checkWindow(from, to, now uint64) error {
	if now < from || now > to {
		return ErrExpired
	}
	return nil
}
