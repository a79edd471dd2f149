package main

import (
	"bytes"
	"fmt"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/attest/report"
	amd "github.com/tacit-network/tacit/attest/snp"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/tee"
	"github.com/tacit-network/tacit/tee/sim"
	"github.com/tacit-network/tacit/tee/snp"
	"github.com/tacit-network/tacit/tee/tdx"
)

// hardware opens the TEE that the configuration names, and returns the name of
// the program's image on the chain. Real hardware must have been launched for the
// chain: MRCONFIGID or HOST_DATA is the hash of what the light client starts from.
func hardware(cfg Config, chain report.WorkerConfig, m Measured) (tee.Backend, hash.H256, error) {
	switch cfg.TEE {
	case "tdx":
		guest, err := tdx.Open(tdx.Config{})
		if err != nil {
			return nil, hash.H256{}, err
		}
		return guest, *cfg.Image, launchedFor(guest, chain)
	case "snp":
		guest, err := snp.Open(snp.Config{})
		if err != nil {
			return nil, hash.H256{}, err
		}
		return guest, *cfg.Image, launchedFor(guest, chain)
	}
	machine, err := sim.Open(sim.Config{Folder: cfg.Dir, MRTD: m.mrtd, ConfigID: chain.Hash(), SealToMachine: cfg.SealToMachine})
	if err != nil {
		return nil, hash.H256{}, err
	}
	return machine.Backend(), m.Image, nil
}

// launchedFor reports why the chain would refuse the machine: it was launched
// with the hash of another configuration, or with none.
func launchedFor(b tee.Backend, chain report.WorkerConfig) error {
	raw, err := b.Quote([64]byte{})
	if err != nil {
		return err
	}
	var field string
	var got, want []byte
	if b.PlatformInfo().Kind == tee.SNP {
		r, err := amd.ParseReport(raw)
		if err != nil {
			return fmt.Errorf("read the machine's own report: %w", err)
		}
		host := chain.HostData()
		field, got, want = "HOST_DATA", r.HostData[:], host[:]
	} else {
		q, err := attest.ParseQuote(raw)
		if err != nil {
			return fmt.Errorf("read the machine's own quote: %w", err)
		}
		if q.TDX == nil {
			return fmt.Errorf("the machine's own quote is of %v", q.TEE)
		}
		config := chain.Hash()
		field, got, want = "MRCONFIGID", q.TDX.MRConfigID[:], config[:]
	}
	if !bytes.Equal(got, want) {
		return fmt.Errorf("the machine was launched with %s %x, and this chain and checkpoint need %x", field, got, want)
	}
	return nil
}
