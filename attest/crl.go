package attest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/tacit-network/tacit/attest/cert"
	"github.com/tacit-network/tacit/hash"
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

func (c *CRL) checkAt(now uint64) error { return cert.CheckWindow(c.ThisUpdate, c.NextUpdate, now) }

// Supersedes reports whether c may take the place of old, with an error that
// says why not, and whether it is newer. The same list again is no error.
func (c *CRL) Supersedes(old *CRL) (newer bool, err error) {
	if c.Number < old.Number || c.ThisUpdate < old.ThisUpdate {
		return false, fmt.Errorf("revocation list %d of %d is older than %d of %d: %w",
			c.Number, c.ThisUpdate, old.Number, old.ThisUpdate, ErrRollback)
	}
	return c.Number > old.Number || c.ThisUpdate > old.ThisUpdate, nil
}

// parseCRL reads a revocation list whose signature is not checked yet, in both
// forms.
func parseCRL(raw []byte) (*CRL, *cert.List, error) {
	l, err := cert.ParseList(raw)
	if err != nil {
		return nil, nil, err
	}
	if !l.Numbered { // lists replace one another by their numbers
		return nil, nil, errors.New("parse revocation list: it has no number")
	}
	return &CRL{
		Number: l.Number, ThisUpdate: l.ThisUpdate, NextUpdate: l.NextUpdate,
		Issuer: hash.Blake2b256(l.Issuer), Revoked: l.Revoked,
	}, l, nil
}
