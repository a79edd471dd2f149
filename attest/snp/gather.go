package snp

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/tacit-network/tacit/attest/cert"
)

// Gather sorts what somebody has for a report, each in DER and in any order:
// certificates of the chip or cloud, of intermediates and of roots, and a
// revocation list. It returns what belongs to the first VCEK or VLEK, and the
// root among it, or nil; nothing of it is believed. What is no certificate of
// AMD's by its name is an error, and so is a root of the product that did not
// sign itself: who gives such a chain does not have AMD's.
func Gather(ders [][]byte) (e Endorsements, root []byte, err error) {
	var l *leaf
	for _, der := range ders {
		if c, err := cert.Parse(der); err == nil && strings.HasPrefix(c.CommonName(), "SEV-V") && c.Key.Kind == cert.P384 && l == nil {
			if l, err = parseLeaf(der); err != nil {
				return Endorsements{}, nil, fmt.Errorf("read certificate of %s: %w", c.CommonName(), err)
			}
			e.Leaf = der
		}
	}
	for _, der := range ders {
		if list, err := cert.ParseList(der); err == nil {
			if l == nil || e.List == nil || bytes.Contains(list.Issuer, []byte("ARK-"+l.product.String())) {
				e.List = der
			}
			continue
		}
		c, err := cert.Parse(der)
		switch {
		case err != nil:
			return Endorsements{}, nil, errors.New("neither a certificate nor a revocation list of AMD's form")
		case c.Key.Kind != cert.RSA:
		case strings.HasPrefix(c.CommonName(), "ARK-"):
			if root == nil || l != nil && c.CommonName() == "ARK-"+l.product.String() {
				root = der
			}
		case !isIntermediate(c.CommonName()):
			return Endorsements{}, nil, fmt.Errorf("%.64q is the name of no certificate of AMD's", c.CommonName())
		case l == nil || c.CommonName() == intermediateName(l.kind, l.product):
			e.Intermediate = der
		}
	}
	if l != nil && root != nil {
		if p, err := CheckAnchor(root); err != nil {
			return Endorsements{}, nil, err
		} else if p != l.product {
			root = nil // of another product, which is no use and no harm
		}
	}
	return e, root, nil
}

// isIntermediate says whether a certificate is called as AMD calls those of
// intermediate keys.
func isIntermediate(name string) bool {
	for _, prefix := range []string{"SEV-VLEK-", "SEV-"} {
		if line, ok := strings.CutPrefix(name, prefix); ok {
			_, known := productOf(line)
			return known
		}
	}
	return false
}

// NewAnchor returns a root certificate as a trust anchor. Where its key is one
// that is pinned in [AMD], the key of its intermediate is trusted as well.
func NewAnchor(der []byte) (Anchor, error) {
	if _, err := CheckAnchor(der); err != nil {
		return Anchor{}, err
	}
	root, err := parseAuthority(der)
	if err != nil {
		return Anchor{}, err
	}
	a := Anchor{Root: der}
	for _, pinned := range AMD() {
		if pinned.Keys.ARK.Equal(&root.Key) {
			a.Keys = pinned.Keys
		}
	}
	return a, nil
}
