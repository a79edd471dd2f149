// Package snp is the backend of a guest of AMD SEV-SNP: reports through Linux's
// configfs-tsm, and sealing keys that the chip derives, through its device.
//
// It was tested against the kernel's interface as a client in memory plays it,
// and not on hardware. SEV-SNP measures nothing after the launch, so that all
// that a program is must be in its launch measurement. Nothing is verified here:
// see attest/snp.
package snp

import (
	"fmt"
	"strings"

	"github.com/google/go-configfs-tsm/configfs/configfsi"
	"github.com/google/go-configfs-tsm/configfs/linuxtsm"
	"github.com/google/go-configfs-tsm/report"

	"github.com/tacit-network/tacit/tee"
)

// Provider is how the kernel names the hardware.
const Provider = "sev_guest"

const reportSize = 1184

// Config says where the kernel's interface is. The zero value is right on
// Linux.
type Config struct {
	// Client reaches configfs-tsm; nil for the kernel's.
	Client configfsi.Client
	// Derive asks the chip for a derived key, in the kernel's form; nil for the
	// kernel's device.
	Derive func(request [32]byte) (answer [64]byte, err error)
}

// Guest is a guest's own view of its hardware.
type Guest struct {
	client configfsi.Client
	derive func(keyRequest) (keyAnswer, error)
}

// Open returns the backend of the machine that the program runs in. It fails
// where the kernel has no such interface; whether the hardware behind it is
// SEV-SNP shows at the first report.
func Open(cfg Config) (*Guest, error) {
	if cfg.Client == nil {
		client, err := linuxtsm.MakeClient()
		if err != nil {
			return nil, fmt.Errorf("open SEV-SNP: the kernel has no configfs-tsm, which Linux has from 6.7: %w", err)
		}
		cfg.Client = client
	}
	g := &Guest{cfg.Client, ask}
	if cfg.Derive != nil {
		g.derive = func(r keyRequest) (keyAnswer, error) { return cfg.Derive(r) }
	}
	return g, nil
}

// PlatformInfo says what the hardware is.
func (g *Guest) PlatformInfo() tee.PlatformInfo {
	return tee.PlatformInfo{Kind: tee.SNP, Provider: Provider}
}

// Quote returns a report over the given bytes, of privilege level 0.
func (g *Guest) Quote(reportData [64]byte) ([]byte, error) {
	r, err := report.Get(g.client, &report.Request{InBlob: reportData[:], Privilege: &report.Privilege{Level: 0}})
	if err != nil {
		return nil, fmt.Errorf("get report: %w", err)
	}
	if p := strings.TrimSpace(r.Provider); p != Provider {
		return nil, fmt.Errorf("get report: provider is %q, not %q", p, Provider)
	}
	if len(r.OutBlob) != reportSize {
		return nil, fmt.Errorf("get report: it has %d bytes, not %d", len(r.OutBlob), reportSize)
	}
	return r.OutBlob, nil
}

// Certificates returns what the host serves beside a report: a table of
// certificates in AMD's form, or nothing.
func (g *Guest) Certificates() ([]byte, error) {
	r, err := report.Get(g.client, &report.Request{InBlob: make([]byte, 64), Privilege: &report.Privilege{Level: 0}, GetAuxBlob: true})
	if err != nil {
		return nil, fmt.Errorf("get certificates: %w", err)
	}
	return r.AuxBlob, nil
}

// ExtendEvent returns [tee.ErrNoRegisters].
func (g *Guest) ExtendEvent(name string, _ []byte) error {
	return fmt.Errorf("extend by %q: %w", name, tee.ErrNoRegisters)
}
