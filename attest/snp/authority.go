package snp

import (
	"errors"
	"fmt"

	"github.com/tacit-network/tacit/attest"
)

// Authority is what AMD says about one product line beside its root: the
// certificate of the key that certifies chips, and the revocation list. Both
// were authenticated; times are Unix seconds.
type Authority struct {
	Intermediate []byte // DER
	List         []byte // DER
	Serial       []byte // of the intermediate
	Number       uint64 // of the list, 0 when it has none
	ThisUpdate   uint64
	NextUpdate   uint64
	Revoked      [][]byte // serial numbers, sorted
}

// PrepareAuthority authenticates an intermediate of VCEKs and a revocation
// list under a root at a Unix second. That the list revokes the intermediate is
// no error: everybody is to learn of it.
func PrepareAuthority(intermediate, list, root []byte, now uint64) (*Authority, error) {
	product, err := CheckAnchor(root)
	if err != nil {
		return nil, err
	}
	ark, err := parseAuthority(root)
	if err != nil {
		return nil, fmt.Errorf("read trust anchor: %w", err)
	}
	if err := ark.CheckAt(now); err != nil {
		return nil, fmt.Errorf("check trust anchor: %w", err)
	}
	ask, err := parseAuthority(intermediate)
	if err != nil {
		return nil, fmt.Errorf("read intermediate: %w", err)
	}
	if err := checkIntermediate(ask, VCEK, product, ark, &Anchor{Root: root}, now); err != nil {
		return nil, fmt.Errorf("check intermediate: %w", err)
	}
	l, err := checkList(list, ark, now)
	if err != nil {
		return nil, fmt.Errorf("check revocation list: %w", err)
	}
	return &Authority{
		Intermediate: intermediate, List: list, Serial: ask.Serial,
		Number: l.Number, ThisUpdate: l.ThisUpdate, NextUpdate: l.NextUpdate, Revoked: l.Revoked,
	}, nil
}

// Supersedes reports whether a may take the place of old, with an error that
// says why not, and whether it is newer. The same again is no error.
func (a *Authority) Supersedes(old *Authority) (newer bool, err error) {
	if a.Number < old.Number || a.ThisUpdate < old.ThisUpdate {
		return false, fmt.Errorf("revocation list %d of %d is older than %d of %d: %w",
			a.Number, a.ThisUpdate, old.Number, old.ThisUpdate, attest.ErrRollback)
	}
	return a.Number > old.Number || a.ThisUpdate > old.ThisUpdate, nil
}

// Admit decides whether evidence admits a worker that says it runs a guest of
// a measurement, under the policy of production: no debugging, no migration, a
// key of the chip's own, memory that was checked for aliases, revocation
// looked up. Host is what HOST_DATA must be, least the oldest firmware of each
// product. Every refusal is an [ErrPolicy].
func Admit(e *Evidence, m attest.SNPMeasurement, host [32]byte, least []MinTCB) error {
	p := Policy{Measurements: [][]byte{m.Measurement[:]}, HostData: &host, Least: least}
	if m.IDKey != nil {
		p.IDKeys = [][48]byte{*m.IDKey}
	}
	if err := p.Apply(e); err != nil {
		return err
	}
	switch {
	case e.Report.GuestSVN < m.MinGuestSVN:
		return fmt.Errorf("%w: guest has security version %d, at least %d is needed", ErrPolicy, e.Report.GuestSVN, m.MinGuestSVN)
	case e.Report.MaskChipKey || zero(e.Report.ChipID[:]):
		return fmt.Errorf("%w: %w", ErrPolicy, errors.New("the machine hides its identifier"))
	}
	return nil
}
